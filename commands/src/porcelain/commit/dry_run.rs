//! What a commit would hold, without making it.

use crate::context::Context;
use std::collections::BTreeMap;

use bstr::BString;
use pond_objects::{Change, ObjectId, Side, path_order};
use serde_json::json;

use super::scope::Scope;
use super::{Base, word};
use crate::error::{CommandError, Outcome, partial};
use crate::ui::changes_json::change_json;
use crate::workspace::Workspace;
use pond_mirror::host::walk::Untracked;
use pond_mirror::scan::{Hashing, ScanOptions, State, scan};
use pond_objects::escape;
use pond_objects::pathspec::Pathspecs;

/// Prints the changes; with `-a` or paths those of tracked files among them, none of which is stored.
pub(super) fn dry_run(
    ctx: &Context,
    workspace: &Workspace<'_>,
    scope: &Scope,
    base: &Base,
    staged: Vec<Change>,
) -> Result<Outcome, CommandError> {
    let changes = match scope.stages() {
        true => with_tracked(ctx, workspace, scope.pathspecs(), base, staged)?,
        false => staged,
    };
    let ui = &ctx.ui;
    if ui.is_json() {
        ui.json(&json!({
            "branch": workspace.head.branch.as_ref().map(|branch| branch.short()),
            "parents": base.parents.iter().map(ObjectId::to_hex).collect::<Vec<_>>(),
            "changes": changes.iter().map(|change| change_json(change, None)).collect::<Vec<_>>(),
            "files_changed": changes.len(),
            "dry_run": true,
        }))?;
    } else {
        for change in &changes {
            ui.say(format_args!("{} {}", word(change), escape::quoted(&change.path)));
        }
    }
    Ok(if changes.is_empty() { Outcome::Nothing } else { Outcome::Done })
}

/// The staged changes, with what the mirror has of tracked files in the place of what is staged. A content that was not
/// read has no id.
fn with_tracked(
    ctx: &Context,
    workspace: &Workspace<'_>,
    pathspecs: Option<&Pathspecs>,
    base: &Base,
    staged: Vec<Change>,
) -> Result<Vec<Change>, CommandError> {
    let ignore = workspace.ignore()?;
    let options = ScanOptions {
        ignore: &ignore,
        pathspecs,
        untracked: Untracked::No,
        ignored: false,
        hashing: Hashing::SameSize,
    };
    let scan = scan(workspace.pond.mirror_root(), &workspace.index, options)?;
    let unreadable = scan.unreadable.iter().map(|(path, error)| (path, error.to_string()));
    let special = scan.changes.iter().filter_map(|change| match change.state {
        State::Special(word) => {
            Some((&change.path, format!("it is a {word}, which has no content to stage")))
        }
        _ => None,
    });
    let failed: Vec<_> = unreadable.chain(special).collect();
    if !failed.is_empty() {
        for (path, error) in &failed {
            ctx.ui.error(format_args!("{}: {error}", escape::quoted(path)));
        }
        return Err(partial("some files could not be looked at, and would stop 'commit -a'"));
    }
    let mut changes: BTreeMap<BString, Change> =
        staged.into_iter().map(|change| (change.path.clone(), change)).collect();
    for found in &scan.changes {
        let new = match found.state {
            State::Missing => None,
            State::Held | State::Untracked => continue,
            _ => found.kind.map(|kind| Side {
                kind,
                id: found.id.unwrap_or(ObjectId::ZERO),
                size: found.stat.map_or(0, |stat| stat.size),
            }),
        };
        let row = base.index.row(&found.path);
        let old = row.and_then(|row| row.base_side());
        match changes.remove(&found.path) {
            Some(Change { old_path: Some(old_path), old, .. }) if new.is_none() => {
                changes.insert(old_path.clone(), Change::at(old_path, old, None));
            }
            Some(renamed @ Change { old_path: Some(_), .. }) => {
                changes.insert(found.path.clone(), Change { new, similarity: None, ..renamed });
            }
            _ if old != new => {
                changes.insert(found.path.clone(), Change::at(found.path.clone(), old, new));
            }
            _ => {}
        }
    }
    let mut changes: Vec<Change> = changes.into_values().collect();
    changes.sort_by(|a, b| path_order(&a.path, &b.path));
    Ok(changes)
}
