//! Which commits of a history changed what is asked for.

use pond_objects::{Commit, ObjectId, ObjectSource as _};
use pond_oplog::Store;

use crate::comparison;
use crate::error::CommandError;
use pond_objects::pathspec::Pathspecs;

/// From which of its parents a merge has to differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Differing {
    First,
    Any,
    All,
}

/// Whether a commit changed one of the paths: against its first parent; a merge against those that count.
///
/// # Errors
/// Those of reading the trees.
pub(crate) fn touches(
    store: &Store,
    commit: &Commit,
    pathspecs: &Pathspecs,
    differing: Differing,
) -> Result<bool, CommandError> {
    let touches = |parent: Option<&ObjectId>| {
        let tree = parent.map(|parent| store.commit(parent)).transpose()?.map(|parent| parent.tree);
        comparison::touches(store, tree.as_ref(), Some(&commit.tree), pathspecs)
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
