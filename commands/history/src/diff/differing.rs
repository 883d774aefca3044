//! Which commits of a history changed what is asked for.

use pond_objects::pathspec::Pathspecs;
use pond_objects::{Commit, ObjectId, ObjectSource as _, ReadError};
use pond_oplog::Store;

use crate::diff::trees::trees_differ;

/// From which of its parents a merge has to differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Differing {
    /// From the first.
    First,
    /// From one of them at least.
    Any,
    /// From each of them.
    All,
}

/// Whether a commit changed one of the paths: against its first parent; a merge against those that count.
///
/// # Errors
/// Those of reading the trees.
pub fn touches(
    store: &Store,
    commit: &Commit,
    pathspecs: &Pathspecs,
    differing: Differing,
) -> Result<bool, ReadError> {
    let touches = |parent: Option<&ObjectId>| {
        let tree = parent.map(|parent| store.commit(parent)).transpose()?.map(|parent| parent.tree);
        trees_differ(store, tree.as_ref(), Some(&commit.tree), pathspecs)
    };
    let others = match differing {
        Differing::First => &[],
        Differing::Any | Differing::All => commit.parents.get(1..).unwrap_or_default(),
    };
    let mut is_touched = touches(commit.parents.first())?;
    for parent in others {
        if is_touched == (differing == Differing::Any) {
            break;
        }
        is_touched = touches(Some(parent))?;
    }
    Ok(is_touched)
}
