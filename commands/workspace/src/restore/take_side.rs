//! One side's version of paths in conflict.

use pond_mirror::index::pending::StageNumber;
use pond_objects::PathEntry;
use pond_objects::pathspec::Pathspecs;

use super::RestoreError;
use super::Restored;
use super::Versions;
use super::reach;
use crate::workspace::Workspace;

/// Writes one side's version of the paths; they stay in conflict until they are added. The caller holds the mirror's lock.
///
/// # Errors
/// As [`super::restore`].
pub fn take_side(
    workspace: &mut Workspace<'_>,
    which: StageNumber,
    pathspecs: &Pathspecs,
) -> Result<Restored, RestoreError> {
    let Some(pending) = &workspace.index.header().pending else {
        return Err(RestoreError::NothingInConflict);
    };
    let mut entries = Vec::new();
    for conflict in pending.conflicts.iter().filter(|conflict| pathspecs.matches(&conflict.path(), false)) {
        let path = conflict.path();
        let Some(side) = conflict.side(which) else { return Err(RestoreError::NoSide { which, path }) };
        entries.push(PathEntry { path, kind: side.kind, id: side.id, size: side.size });
    }
    reach(workspace, &Versions::of_files(pathspecs, entries, "RESTORE"))
}
