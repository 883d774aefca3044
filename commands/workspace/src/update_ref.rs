//! Moving refs by name, each with the value that it must have.

use pond_objects::{ObjectId, ObjectSource as _};
use pond_refs::{Expected, Head, RefEdit, RefName};

use crate::error::{WorkspaceError, deed_error};
use crate::refs::{self, Moves};
use crate::workspace::Workspace;

/// What is to become of a ref.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefUpdate {
    /// Which one.
    pub name: Named,
    /// Where it goes.
    pub new: New,
    /// Where it must be.
    pub expected: Expected,
}

/// A ref, or HEAD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// The branch that HEAD is on; HEAD itself where it is on none.
    Head,
    /// HEAD itself, which is on no branch then.
    HeadItself,
    /// A ref.
    Ref(RefName),
}

/// Where a ref goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum New {
    /// It stays; only what it must be is looked at.
    Same,
    /// To an object.
    At(ObjectId),
    /// It is deleted.
    Gone,
}

/// Why no ref was moved.
#[derive(Debug, thiserror::Error)]
pub enum UpdateRefError {
    /// There is nothing to delete.
    #[error("there is no ref refs/{0} to delete")]
    NoRef(RefName),
    /// HEAD is elsewhere.
    #[error("HEAD is at {}, where {expected} was expected", .at.map_or_else(|| "no commit".to_owned(), |id| id.short()))]
    HeadElsewhere {
        /// Where it is.
        at: Option<ObjectId>,
        /// Where it must be.
        expected: Expected,
    },
    /// HEAD is not deleted.
    #[error("HEAD itself cannot be deleted")]
    HeadGone,
    /// What every deed can end with.
    #[error(transparent)]
    Workspace(WorkspaceError),
}

deed_error!(UpdateRefError);

/// Moves all of the refs, or none. `reason` is kept in the operation. The caller has opened the pond with
/// [`refs::open`].
///
/// # Errors
/// Nothing was changed.
pub fn update_refs(
    workspace: &mut Workspace<'_>,
    updates: &[RefUpdate],
    reason: Option<String>,
) -> Result<(), UpdateRefError> {
    let mut moves = Moves::default();
    for update in updates {
        add(workspace, update, &mut moves)?;
    }
    let reason = reason.map(|text| ("reason", text));
    let refs: Vec<String> = moves.edits.iter().map(|edit| format!("refs/{}", edit.name)).take(20).collect();
    let parameters: Vec<(&str, String)> = reason.into_iter().chain([("refs", refs.join(" "))]).collect();
    refs::publish(workspace, "UPDATE_REF", &parameters, moves, |_| ())?;
    Ok(())
}

fn add(workspace: &Workspace<'_>, update: &RefUpdate, moves: &mut Moves) -> Result<(), UpdateRefError> {
    let RefUpdate { name, new, expected } = update;
    let name = match (name, &workspace.head.branch) {
        (Named::Ref(name), _) | (Named::Head, Some(name)) => name,
        (Named::Head | Named::HeadItself, _) => return detach(workspace, *new, expected, moves),
    };
    let now = workspace.snapshot.view().target(name)?;
    let new = match new {
        New::Same => now,
        New::At(id) => {
            refs::check_target(workspace, name, id)?;
            Some(*id)
        }
        New::Gone if now.is_none() && *expected == Expected::Any => {
            return Err(UpdateRefError::NoRef(name.clone()));
        }
        New::Gone => None,
    };
    moves.edits.push(RefEdit { name: name.clone(), expected: *expected, new });
    Ok(())
}

/// Moves HEAD itself, which is then on no branch.
fn detach(
    workspace: &Workspace<'_>,
    new: New,
    expected: &Expected,
    moves: &mut Moves,
) -> Result<(), UpdateRefError> {
    let at = workspace.head.commit;
    if !expected.is_met_by(at) {
        return Err(UpdateRefError::HeadElsewhere { at, expected: *expected });
    }
    match new {
        New::Same => Ok(()),
        New::Gone => Err(UpdateRefError::HeadGone),
        New::At(id) => {
            workspace.store().commit(&id)?;
            moves.head = Some(Head { branch: None, commit: Some(id) });
            Ok(())
        }
    }
}
