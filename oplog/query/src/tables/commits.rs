//! Every commit that is reachable.

use std::ops::{ControlFlow, RangeBounds as _};
use std::sync::Arc;

use arrow::array::{ArrayRef, Int16Array, ListBuilder, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use bstr::ByteSlice as _;
use pond_history::{Walk, WalkOptions};
use pond_objects::{Commit, Link, ObjectId, ObjectSource as _, Signature};

use crate::error::QueryError;
use crate::history::OwnedHistory;
use crate::readable;
use crate::rows::{Rows, Wanted};

/// What a walk knows without reading the commit.
const OF_LINKS: [&str; 4] = ["id", "short", "parents", "committer_time"];

#[derive(Debug)]
pub(crate) struct Commits {
    history: Arc<OwnedHistory>,
    schema: SchemaRef,
}

/// A commit, which is read only if it is needed.
pub(crate) struct Row {
    id: ObjectId,
    link: Link,
    commit: Option<Commit>,
}

impl Commits {
    pub(crate) fn new(history: Arc<OwnedHistory>) -> Self {
        let parents = Field::new("parents", DataType::new_list(DataType::Utf8, true), false);
        let zone = |name| Field::new(name, DataType::Int16, false);
        let schema = Schema::new(vec![
            readable::text("id", false),
            readable::text("short", false),
            parents,
            readable::text("tree", false),
            readable::text("author_name", false),
            readable::text("author_email", false),
            readable::time("author_time", false),
            zone("author_zone"),
            readable::text("committer_name", false),
            readable::text("committer_email", false),
            readable::time("committer_time", false),
            zone("committer_zone"),
            readable::text("subject", false),
            readable::text("message", false),
        ]);
        Self { history, schema: Arc::new(schema) }
    }
}

impl Rows for Commits {
    type Row = Row;

    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn narrowing(&self) -> &'static [&'static str] {
        &["id", "committer_time"]
    }

    fn each(&self, wanted: &Wanted, give: &mut dyn FnMut(Row) -> ControlFlow<()>) -> Result<(), QueryError> {
        let store = self.history.store();
        let names: Vec<&str> = self.schema.fields().iter().map(|field| field.name().as_str()).collect();
        let beyond_links: Vec<&str> = names.into_iter().filter(|name| !OF_LINKS.contains(name)).collect();
        let reads = wanted.any_of(&beyond_links);
        let mut ids = wanted.conditions.texts("id");
        let times = wanted.conditions.range("committer_time");
        for found in Walk::new(store, &self.history.tips()?, &[], WalkOptions::default())? {
            if wanted.is_over() || ids.as_ref().is_some_and(|left| left.is_empty()) {
                return Ok(());
            }
            let (id, link) = found?;
            if !times.contains(&link.seconds.saturating_mul(1_000_000))
                || ids.as_mut().is_some_and(|left| !left.remove(&id.to_hex()))
            {
                continue;
            }
            let commit = reads.then(|| store.commit(&id)).transpose()?;
            if give(Row { id, link, commit }).is_break() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn column(name: &str, rows: &[Row]) -> ArrayRef {
        let commits =
            || rows.iter().map(|row| row.commit.as_ref().expect("BUG: what a column shows is read"));
        let by = |who: for<'a> fn(&'a Commit) -> &'a Signature| commits().map(who);
        let author = || by(|commit| &commit.author);
        let committer = || by(|commit| &commit.committer);
        let micros = |seconds: i64| seconds.saturating_mul(1_000_000);
        match name {
            "id" => readable::ids(rows.iter().map(|row| &row.id)),
            "short" => readable::texts(rows.iter().map(|row| row.id.short())),
            "parents" => parents(rows),
            "tree" => readable::ids(commits().map(|commit| &commit.tree)),
            "author_name" => readable::texts(author().map(|who| &who.name)),
            "author_email" => readable::texts(author().map(|who| &who.email)),
            "author_time" => readable::times(author().map(|who| micros(who.when.seconds))),
            "author_zone" => zones(author()),
            "committer_name" => readable::texts(committer().map(|who| &who.name)),
            "committer_email" => readable::texts(committer().map(|who| &who.email)),
            "committer_time" => readable::times(rows.iter().map(|row| micros(row.link.seconds))),
            "committer_zone" => zones(committer()),
            "subject" => readable::texts(commits().map(|commit| subject(&commit.message))),
            _ => readable::texts(commits().map(|commit| commit.message.to_str_lossy())),
        }
    }
}

fn zones<'a>(who: impl Iterator<Item = &'a Signature>) -> ArrayRef {
    Arc::new(Int16Array::from_iter_values(who.map(|who| who.when.offset_minutes)))
}

fn parents(rows: &[Row]) -> ArrayRef {
    let mut lists = ListBuilder::new(StringBuilder::new());
    for row in rows {
        row.link.parents.iter().for_each(|id| lists.values().append_value(id.to_hex()));
        lists.append(true);
    }
    Arc::new(lists.finish())
}

/// The first paragraph of a message, in one line.
fn subject(message: &[u8]) -> String {
    let lines = message.lines().map(|line| line.trim_end()).skip_while(|line| line.is_empty());
    let lines: Vec<_> = lines.take_while(|line| !line.is_empty()).map(|line| line.to_str_lossy()).collect();
    lines.join(" ")
}

#[cfg(test)]
mod tests {
    use super::subject;

    #[test]
    fn a_subject_is_the_first_paragraph_in_one_line() {
        assert_eq!(subject(b"\none\ntwo  \n\nbody\n"), "one two");
        assert_eq!(subject(b""), "");
    }
}
