//! Which commits of a history changed what is asked for.

use pond_objects::{Commit, ObjectSource as _};
use pond_oplog::Store;

use crate::comparison;
use crate::error::CommandError;
use crate::mirror::pathspec::Pathspecs;

/// Whether a commit changed one of the paths: against its first parent; a merge, unless only the first parent counts,
/// against each of them.
///
/// # Errors
/// Those of reading the trees.
pub(crate) fn touches(
    store: &Store,
    commit: &Commit,
    pathspecs: &Pathspecs,
    first_parent: bool,
) -> Result<bool, CommandError> {
    let count = if first_parent { commit.parents.len().min(1) } else { commit.parents.len() };
    if count == 0 {
        return comparison::touches(store, None, Some(&commit.tree), pathspecs);
    }
    for parent in &commit.parents[..count] {
        let parent = store.commit(parent)?;
        if !comparison::touches(store, Some(&parent.tree), Some(&commit.tree), pathspecs)? {
            return Ok(false);
        }
    }
    Ok(true)
}
