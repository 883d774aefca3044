//! How operations, and what they moved, are shown.

use bstr::BString;
use pond_objects::{ObjectId, Timestamp, escape};
use pond_oplog::operation::Operation;
use pond_refs::Head;
use pond_workspace::take_back::ViewChange;
use serde_json::{Value, json};

use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::text::size;
use crate::time::{self, DateStyle};
use crate::ui::Ui;
use crate::ui::color::Role;

/// What moved in a command that is taken back, at most; JSON has all.
const MOST_MOVES: usize = 20;

/// An operation in one line: number, command, age.
pub(crate) fn line(operation: &Operation) -> String {
    let age = time::moment().map(|now| DateStyle::Relative.format(when(operation), now.as_second()));
    let age = age.map_or_else(|_| String::new(), |age| format!(" ({age})"));
    format!("operation {}: {}{age}", operation.seq, escape::plain(operation.command.as_bytes()))
}

/// When it was made, to the second, in UTC.
pub(crate) fn when(operation: &Operation) -> Timestamp {
    Timestamp { seconds: operation.time.div_euclid(1_000_000), offset_minutes: 0 }
}

/// What moved: `main 0d14a3f33a -> 04576aaf24`, one line each.
pub(crate) fn moves(ui: &Ui, change: &ViewChange) -> Vec<String> {
    let value = |id: &Option<ObjectId>| match id {
        Some(id) => ui.paint(Role::CommitId, id.short()).to_string(),
        None => "(none)".to_owned(),
    };
    let arrow = |old: &Option<ObjectId>, new: &Option<ObjectId>| match (old, new) {
        (None, new) => format!("new {}", value(new)),
        (old, None) => format!("{} deleted", value(old)),
        (old, new) => format!("{} -> {}", value(old), value(new)),
    };
    let refs = change.refs.iter().map(|(name, old, new)| format!("{} {}", name.short(), arrow(old, new)));
    let stashes =
        change.stashes.iter().map(|(seq, old, new)| format!("stash of operation {seq} {}", arrow(old, new)));
    // A HEAD that follows its branch is told with the branch.
    let head = change.head.iter().filter(|(old, new)| old.branch != new.branch || old.branch.is_none());
    let head = head.map(|(old, new)| format!("HEAD {} -> {}", place(old), place(new)));
    refs.chain(stashes).chain(head).collect()
}

/// Where a HEAD is: its branch, or its commit.
pub(crate) fn place(head: &Head) -> String {
    match (&head.branch, &head.commit) {
        (Some(branch), _) => branch.short().to_owned(),
        (None, Some(commit)) => commit.short().to_string(),
        (None, None) => "(none)".to_owned(),
    }
}

/// What moved, as JSON.
pub(crate) fn moves_json(change: &ViewChange) -> Value {
    let id = |id: &Option<ObjectId>| id.map(|id| id.to_hex());
    let refs = change
        .refs
        .iter()
        .map(|(name, old, new)| json!({ "ref": format!("refs/{name}"), "old": id(old), "new": id(new) }));
    let head = |head: &Head| json!({ "branch": head.branch.as_ref().map(|branch| branch.short()), "commit": id(&head.commit) });
    json!({
        "refs": refs.collect::<Vec<_>>(),
        "stashes": change.stashes.iter().map(|(seq, old, new)| {
            json!({ "operation": seq, "old": id(old), "new": id(new) })
        }).collect::<Vec<_>>(),
        "head": change.head.as_ref().map(|(old, new)| json!({ "old": head(old), "new": head(new) })),
    })
}

/// Tells what taking operations back came to, or would come to: those of one command, newest first. Of each path: whether
/// it was written or removed.
pub(crate) fn report<'a>(
    ctx: &Context,
    operations: &[Operation],
    view: &ViewChange,
    paths: impl Iterator<Item = (&'a BString, bool)>,
    dry_run: bool,
) -> Result<Outcome, CommandError> {
    let ui = &ctx.ui;
    let mut paths: Vec<_> = paths.collect();
    paths.sort();
    let back = view.reversed();
    if ui.is_json() {
        let list = |wanted: bool| {
            let meant = paths.iter().filter(|(_, is_written)| *is_written == wanted);
            meant.map(|(path, _)| escape::plain(path).into_owned()).collect::<Vec<_>>()
        };
        ui.json_row(&json!({
            "took_back": operations.iter().map(|operation| operation.seq).collect::<Vec<_>>(),
            "command": operations.first().map(|operation| &operation.command),
            "moved": moves_json(&back),
            "written": list(true),
            "removed": list(false),
            "dry_run": dry_run,
        }))?;
        return Ok(Outcome::Done);
    }
    let moves = moves(ui, &back);
    moves.iter().take(MOST_MOVES).for_each(|line| ui.status(format_args!("  {line}")));
    if let Some(more @ 1..) = moves.len().checked_sub(MOST_MOVES) {
        ui.status(format_args!("  ... and {} more", size::count(more as u64)));
    }
    let count = |wanted: bool| paths.iter().filter(|(_, is_written)| *is_written == wanted).count() as u64;
    if !paths.is_empty() {
        let words = if dry_run { ["to write", "to remove"] } else { ["written", "removed"] };
        ui.status(format_args!(
            "  {} {}, {} {}",
            size::counted(count(true), "file"),
            words[0],
            count(false),
            words[1]
        ));
    }
    Ok(Outcome::Done)
}
