//! What a commit would hold, without making it.

use std::collections::BTreeMap;

use bstr::BString;
use pond_mirror::host::walk::Untracked;
use pond_mirror::scan::{Hashing, ScanOptions, State, scan};
use pond_objects::pathspec::Pathspecs;
use pond_objects::{Change, ObjectId, Side, path_order};

use super::CommitError;
use super::CommitRequest;
use super::NextCommit;
use super::Tracked;
use crate::workspace::Workspace;

/// What a commit would hold.
pub struct Foretold {
    /// What it would follow.
    pub parents: Vec<ObjectId>,
    /// What it would change. A content that was not read has no id.
    pub changes: Vec<Change>,
}

/// Says what would be committed; nothing is stored or staged.
///
/// # Errors
/// Nothing was changed.
pub fn foretell(workspace: &Workspace<'_>, request: &CommitRequest) -> Result<Foretold, CommitError> {
    let next = NextCommit::of(workspace, &request.scope, request.amend, Tracked::default())?;
    let staged = next.changes(workspace).iter().collect();
    let changes = match request.scope.stages() {
        true => with_tracked(workspace, request.scope.pathspecs(), &next, staged)?,
        false => staged,
    };
    Ok(Foretold { parents: next.parents, changes })
}

/// The staged changes, with what the mirror has of tracked files in the place of what is staged.
fn with_tracked(
    workspace: &Workspace<'_>,
    pathspecs: Option<&Pathspecs>,
    next: &NextCommit,
    staged: Vec<Change>,
) -> Result<Vec<Change>, CommitError> {
    let ignore = workspace.ignore()?;
    let options = ScanOptions {
        ignore: &ignore,
        pathspecs,
        untracked: Untracked::No,
        ignored: false,
        hashing: Hashing::SameSize,
    };
    let scan = scan(workspace.pond.mirror_root(), &workspace.index, options)?;
    let unreadable = scan.unreadable.iter().map(|(path, error)| (path.clone(), error.to_string()));
    let special = scan.changes.iter().filter_map(|change| match change.state {
        State::Special(word) => {
            Some((change.path.clone(), format!("it is a {word}, which has no content to stage")))
        }
        _ => None,
    });
    let failed: Vec<_> = unreadable.chain(special).collect();
    if !failed.is_empty() {
        return Err(CommitError::NotLookedAt(failed));
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
        let row = next.index.row(&found.path);
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
