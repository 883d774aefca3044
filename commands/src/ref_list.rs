//! Lists of refs: which are listed, in which order, in what form. `for-each-ref`, `branch` and `tag` print through this.
//!
//! A ref costs nothing but its name and id until an object is asked for: a filter, a sort key or a placeholder that needs
//! one reads it, once.

mod atom;
mod select;
mod sort;
mod template;
mod version;

use std::ffi::OsString;
use std::io::Write as _;

use bstr::ByteSlice as _;
use pond_history::refs::Listed;
use pond_oplog::RowType;
use pond_workspace::Workspace;
use serde_json::{Value, json};

use crate::comparison::paint;
use crate::error::CommandError;
use crate::time;
use crate::ui::Ui;
use select::selection;
use sort::SortKeys;

pub(crate) use atom::Facts;
pub(crate) use select::Patterns;
pub(crate) use template::Template;

/// Options that say which refs are listed, and how; the same in every command that lists some.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Options for lists")]
pub(crate) struct ListArgs {
    /// Only those whose history has the commit; HEAD if none is named (repeatable: one of them)
    #[arg(long, value_name = "COMMIT", num_args = 0..=1, default_missing_value = "HEAD")]
    contains: Vec<OsString>,

    /// Only those whose history does not have the commit
    #[arg(long, value_name = "COMMIT", num_args = 0..=1, default_missing_value = "HEAD")]
    no_contains: Vec<OsString>,

    /// Only those that are in the commit's history; HEAD if none is named (repeatable: one of them)
    #[arg(long, value_name = "COMMIT", num_args = 0..=1, default_missing_value = "HEAD")]
    merged: Vec<OsString>,

    /// Only those that are not in the commit's history
    #[arg(long, value_name = "COMMIT", num_args = 0..=1, default_missing_value = "HEAD")]
    no_merged: Vec<OsString>,

    /// Only those that name the object
    #[arg(long, value_name = "OBJECT", num_args = 0..=1, default_missing_value = "HEAD")]
    points_at: Vec<OsString>,

    /// Sort by a field of --format, such as refname or committerdate; '-' in front reverses, version:refname counts
    /// (repeatable: the last one first)
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    sort: Vec<String>,

    /// A template of fields such as '%(refname:short) %(objectname:short) %(committerdate:iso8601) %(subject)'
    #[arg(long, value_name = "TEMPLATE")]
    format: Option<String>,

    /// Ignore case in patterns and in sorting
    #[arg(short = 'i', long)]
    ignore_case: bool,
}

impl ListArgs {
    /// Whether something was asked for that only a list has.
    pub(crate) fn any(&self) -> bool {
        let filters =
            [&self.contains, &self.no_contains, &self.merged, &self.no_merged, &self.points_at].into_iter();
        filters.map(Vec::len).sum::<usize>() > 0 || !self.sort.is_empty() || self.format.is_some()
    }

    /// The template that was asked for.
    pub(crate) fn template(&self, workspace: &Workspace<'_>) -> Result<Option<Template>, CommandError> {
        self.format.as_deref().map(|text| Template::parse(text, workspace)).transpose()
    }

    /// Whether letters are taken as equal to their other case.
    pub(crate) fn ignores_case(&self) -> bool {
        self.ignore_case
    }

    /// Those of the refs that were asked for, in order.
    pub(crate) fn choose(
        &self,
        facts: &Facts<'_>,
        mut refs: Vec<Listed>,
        patterns: &Patterns,
    ) -> Result<Vec<Listed>, CommandError> {
        refs.retain(|one| patterns.takes(one));
        selection(facts.workspace(), self)?.apply(facts.objects(), &mut refs)?;
        SortKeys::parse(&self.sort, self.ignore_case, facts.workspace())?.sort(facts, &mut refs)?;
        Ok(refs)
    }
}

/// Facts for a list, relative to now.
pub(crate) fn facts<'a>(workspace: &'a Workspace<'_>) -> Result<Facts<'a>, CommandError> {
    Ok(Facts::new(workspace, time::moment()?.as_second()))
}

/// Prints the refs by a template, a line for each.
pub(crate) fn print(
    ui: &Ui,
    facts: &Facts<'_>,
    refs: &[Listed],
    template: &Template,
) -> Result<(), CommandError> {
    let paint = paint(ui);
    for one in refs {
        // Not held while the next is looked for: that may warn.
        let line = template.expand(facts, one, paint)?;
        let mut out = ui.out();
        out.write_all(&line)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// Prints the refs as JSON, a row for each.
pub(crate) fn print_json(ui: &Ui, facts: &Facts<'_>, refs: &[Listed]) -> Result<(), CommandError> {
    for one in refs {
        ui.json_row(&row(facts, one)?)?;
    }
    Ok(())
}

fn row(facts: &Facts<'_>, one: &Listed) -> Result<Value, CommandError> {
    let kind = facts.objects().type_of(&one.id)?;
    let (peeled, target) = facts.objects().peeled(one)?;
    let mut row = json!({
        "ref": one.full_name(),
        "name": one.short_name(),
        "id": one.id.to_hex(),
        "type": atom::type_word(kind),
        "head": facts.is_head(one),
    });
    if kind == RowType::Tag {
        row["object"] = peeled.to_hex().into();
        row["object_type"] = atom::type_word(target).into();
    }
    if let Some(person) = facts.creator(one)? {
        row["time"] = time::rfc3339(person.when).into();
        row["by"] = json!({ "name": person.name, "email": person.email });
        row["subject"] = facts.subject(one)?.to_str_lossy().into();
    }
    Ok(row)
}
