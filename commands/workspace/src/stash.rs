//! Putting changes that are not committed aside, and bringing them back.

mod apply;
mod branch;
mod bring;
mod push;

use bstr::BString;
use pond_objects::{Commit, ObjectId, ObjectSource as _, escape};
use pond_oplog::transaction::StashEdit;

use crate::error::{WorkspaceError, deed_error};
use crate::publish::transact;
use crate::switch::SwitchError;
use crate::workspace::Workspace;

pub use apply::{ApplyRequest, apply};
pub use branch::branch;
pub use push::{Include, PushRequest, Pushed, find, push};

/// A stash: a commit of the mirror's files on the commit that HEAD was at, with one of the index beside it.
pub struct Stash {
    /// What it is called: `stash@{0}`.
    pub name: String,
    /// The operation that made it; `None` for a commit that is not on the stack.
    pub seq: Option<i64>,
    /// The commit.
    pub id: ObjectId,
    /// The same.
    pub commit: Commit,
    /// The commit that it is based on.
    base_id: ObjectId,
    /// The same.
    pub base: Commit,
    /// The tree of what was staged.
    index: ObjectId,
    /// The tree of untracked files.
    pub untracked: Option<ObjectId>,
}

/// Why nothing was put aside or brought back.
#[derive(Debug, thiserror::Error)]
pub enum StashError {
    /// A commit is none.
    #[error("'{}' is not a stash-like commit", escape::plain(.0.as_bytes()))]
    NoStash(String),
    /// It is not on the stack.
    #[error("'{}' is not a stash reference", escape::plain(.0.as_bytes()))]
    NotOnStack(String),
    /// There is no commit that a stash could be based on.
    #[error("you do not have the initial commit yet")]
    NoCommit,
    /// A pathspec matched nothing that is tracked.
    #[error("pathspec '{}' did not match any tracked file", escape::plain(.0))]
    NoMatch(BString),
    /// These have no content.
    #[error("these are fifos, sockets or devices, which have no content to put aside")]
    Special(Vec<BString>),
    /// Untracked files stand where tracked ones come back.
    #[error("these untracked files are in the way of the last commit's version")]
    InTheWay(Vec<BString>),
    /// What was staged does not go together with what is.
    #[error("conflicts in what was staged")]
    IndexConflicts(Vec<BString>),
    /// The branch could not be made.
    #[error(transparent)]
    Switch(SwitchError),
    /// What every deed can end with.
    #[error(transparent)]
    Workspace(WorkspaceError),
}

deed_error!(StashError);

impl Stash {
    /// The stash that a commit is. `seq` is the operation that made it, where it is on the stack.
    ///
    /// # Errors
    /// The commit is none.
    pub fn load(
        workspace: &Workspace<'_>,
        name: String,
        seq: Option<i64>,
        id: ObjectId,
    ) -> Result<Self, StashError> {
        let store = workspace.store();
        let commit = store.commit(&id)?;
        let (base_id, index, untracked) = match commit.parents.as_slice() {
            [base, index] => (*base, *index, None),
            [base, index, untracked] => (*base, *index, Some(*untracked)),
            _ => return Err(StashError::NoStash(name)),
        };
        let index = store.commit(&index)?;
        if index.parents != [base_id] {
            return Err(StashError::NoStash(name));
        }
        let untracked = untracked.map(|id| store.commit(&id)).transpose()?.map(|commit| commit.tree);
        let base = store.commit(&base_id)?;
        Ok(Self { name, seq, id, base, commit, base_id, index: index.tree, untracked })
    }

    /// The number of the operation that made it, for who drops it.
    ///
    /// # Errors
    /// It is not on the stack.
    pub(crate) fn on_stack(&self) -> Result<i64, StashError> {
        self.seq.ok_or_else(|| StashError::NotOnStack(self.name.clone()))
    }
}

/// Takes a stash off the stack.
///
/// # Errors
/// It is not on the stack. Nothing was changed.
pub fn drop_one(workspace: &mut Workspace<'_>, stash: &Stash) -> Result<(), StashError> {
    Ok(take_off(workspace, &stash.name, &[stash.on_stack()?])?)
}

/// Takes all stashes off the stack, and gives their commits, the newest first.
///
/// # Errors
/// Nothing was changed.
pub fn clear(workspace: &mut Workspace<'_>) -> Result<Vec<ObjectId>, StashError> {
    let stack = workspace.snapshot.view().stashes()?;
    let numbers: Vec<i64> = stack.iter().map(|(seq, _)| *seq).collect();
    take_off(workspace, "all", &numbers)?;
    Ok(stack.into_iter().map(|(_, id)| id).collect())
}

/// Takes stashes off the stack, in one operation.
fn take_off(workspace: &mut Workspace<'_>, what: &str, numbers: &[i64]) -> Result<(), WorkspaceError> {
    if numbers.is_empty() {
        return Ok(());
    }
    let parameters = [("dropped", what.to_owned())];
    let (head, published) = transact::operation(workspace, "STASH", &parameters, |transaction| {
        numbers.iter().for_each(|seq| transaction.edit_stash(StashEdit::Drop(*seq)));
        Ok(workspace.head.clone())
    })?;
    workspace.go_on(head, &published)
}
