//! Every ref, HEAD and the stashes.

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{Schema, SchemaRef};
use pond_history::peel;
use pond_objects::ObjectId;
use pond_oplog::RowType;
use pond_refs::Namespace;

use crate::error::QueryError;
use crate::history::OwnedHistory;
use crate::readable;
use crate::rows::{Rows, Wanted};

#[derive(Debug)]
pub(crate) struct Refs {
    history: Arc<OwnedHistory>,
    schema: SchemaRef,
}

pub(crate) struct Row {
    name: String,
    short: String,
    kind: &'static str,
    target: Option<ObjectId>,
    commit: Option<ObjectId>,
    symbolic: Option<String>,
}

impl Refs {
    pub(crate) fn new(history: Arc<OwnedHistory>) -> Self {
        let schema = Schema::new(vec![
            readable::text("name", false),
            readable::text("short", false),
            readable::text("kind", false),
            readable::text("target", true),
            readable::text("commit", true),
            readable::text("symbolic", true),
        ]);
        Self { history, schema: Arc::new(schema) }
    }

    fn rows(&self) -> Result<Vec<Row>, QueryError> {
        let view = self.history.snapshot.view();
        let head = &self.history.head;
        let mut rows = vec![Row {
            name: "HEAD".to_owned(),
            short: "HEAD".to_owned(),
            kind: "head",
            target: head.commit,
            commit: None,
            symbolic: head.branch.as_ref().map(|name| format!("refs/{name}")),
        }];
        for (name, id) in view.refs()? {
            let kind = match name.namespace() {
                Namespace::Branch => "branch",
                Namespace::Tag => "tag",
                Namespace::Remote => "remote",
            };
            let (full, short) = (format!("refs/{name}"), name.short().to_owned());
            rows.push(Row { name: full, short, kind, target: Some(id), commit: None, symbolic: None });
        }
        for (at, (_, id)) in view.stashes()?.into_iter().enumerate() {
            let name = format!("stash@{{{at}}}");
            let short = name.clone();
            rows.push(Row { name, short, kind: "stash", target: Some(id), commit: None, symbolic: None });
        }
        Ok(rows)
    }
}

impl Rows for Refs {
    type Row = Row;

    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn narrowing(&self) -> &'static [&'static str] {
        &[]
    }

    fn each(&self, wanted: &Wanted, give: &mut dyn FnMut(Row) -> ControlFlow<()>) -> Result<(), QueryError> {
        let store = self.history.store();
        for mut row in self.rows()? {
            if let (Some(target), true) = (row.target, wanted.any_of(&["commit"])) {
                let commit = peel(store, target)?;
                row.commit = (store.type_of(&commit) == Some(RowType::Commit)).then_some(commit);
            }
            if give(row).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn column(name: &str, rows: &[Row]) -> ArrayRef {
        let hex = |id: Option<ObjectId>| id.map(|id| id.to_hex());
        match name {
            "name" => readable::texts(rows.iter().map(|row| &row.name)),
            "short" => readable::texts(rows.iter().map(|row| &row.short)),
            "kind" => readable::texts(rows.iter().map(|row| row.kind)),
            "target" => readable::some_texts(rows.iter().map(|row| hex(row.target))),
            "commit" => readable::some_texts(rows.iter().map(|row| hex(row.commit))),
            _ => readable::some_texts(rows.iter().map(|row| row.symbolic.as_ref())),
        }
    }
}
