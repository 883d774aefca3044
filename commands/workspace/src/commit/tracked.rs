//! What a commit stages first.

use bstr::{BStr, BString};
use pond_mirror::index::Index;

use super::CommitError;
use super::CommitRequest;
use crate::add::{AddError, AddRequest, stage_changes};
use crate::merged_trees;
use crate::publish::footprint::Touched;
use crate::workspace::Workspace;

/// What was staged first.
#[derive(Default)]
pub struct Tracked {
    /// What that changed in the index.
    pub staged: Touched,
    /// Paths that could not be staged, with the reason.
    pub failed: Vec<(BString, String)>,
}

/// Stages what the commit takes of the mirror, as far as it can be read; all of the paths that are named. Where nothing is
/// committed, nothing is staged either.
///
/// # Errors
/// Paths are in conflict: they are decided one by one, before anything is staged. One of the paths that are named could not
/// be staged.
pub fn stage(workspace: &mut Workspace<'_>, request: &CommitRequest) -> Result<Tracked, CommitError> {
    merged_trees::refuse_unmerged(workspace)?;
    if !request.scope.stages() {
        return Ok(Tracked::default());
    }
    workspace.hold_index();
    let before = workspace.index.clone();
    let pathspecs = request.scope.pathspecs();
    let request = AddRequest { pathspecs, update_only: true, force: false, dry_run: false, names: true };
    let added = stage_changes(workspace, &request).map_err(|error| match error {
        AddError::Workspace(error) => CommitError::Workspace(error),
        refusal => CommitError::Add(refusal),
    })?;
    let side = |index: &Index, path: &BStr| index.row(path).and_then(|row| row.staged);
    let mut staged = Touched::default();
    for path in added.added.iter().chain(added.removed.iter()) {
        staged.add(path, side(&before, path), side(&workspace.index, path));
    }
    match pathspecs.is_some() && !added.failed.is_empty() {
        true => Err(CommitError::NotStaged(added.failed)),
        false => Ok(Tracked { staged, failed: added.failed }),
    }
}
