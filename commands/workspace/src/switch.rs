//! Moving HEAD to another place, and the mirror with it.

mod left_behind;

use pond_objects::merge::{Labels, MergeOptions, Merged};
use pond_objects::{ObjectId, escape};
use pond_refs::{Expected, Head, RefEdit, RefName};

use crate::error::{WorkspaceError, deed_error};
use crate::head::carried::Carried;
use crate::head::merge_over;
use crate::head::move_head::{MoveHead, MovedHead, Uncommitted, move_head};
use crate::merged_trees;
use crate::publish::lay_out::LaidOut;
use crate::refs::{self, Moves};
use crate::workspace::Workspace;

pub use left_behind::left_behind;

/// Where HEAD goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum To {
    /// A branch, at the commit that it is at.
    Branch(RefName, ObjectId),
    /// A commit, on no branch.
    Commit(ObjectId),
    /// A branch that is made, or moved.
    New {
        /// The branch.
        name: RefName,
        /// Where it starts; `None` is where HEAD is.
        start: Option<ObjectId>,
        /// Where it was.
        old: Option<ObjectId>,
    },
    /// A branch without a commit.
    Orphan(RefName),
}

/// Why HEAD was not moved.
#[derive(Debug, thiserror::Error)]
pub enum SwitchError {
    /// The name of the new branch is taken.
    #[error("a branch named '{}' already exists", escape::plain(.0.short().as_bytes()))]
    Taken(RefName),
    /// Another mirror is on the branch that would be moved.
    #[error(
        "cannot move the branch '{}': the mirror '{}' is on it",
        escape::plain(.name.short().as_bytes()),
        escape::plain(.mirror.as_bytes())
    )]
    InUse {
        /// The branch.
        name: RefName,
        /// The mirror.
        mirror: String,
    },
    /// What every deed can end with.
    #[error(transparent)]
    Workspace(WorkspaceError),
}

deed_error!(SwitchError);

impl To {
    /// A new branch; with `force` one of that name may be there.
    ///
    /// # Errors
    /// The name is taken, or another mirror is on that branch.
    pub fn new_branch(
        workspace: &Workspace<'_>,
        name: RefName,
        start: Option<ObjectId>,
        force: bool,
    ) -> Result<Self, SwitchError> {
        let old = workspace.snapshot.view().target(&name)?;
        if old.is_some() && !force {
            return Err(SwitchError::Taken(name));
        }
        let mirror = refs::branches_in_use(workspace)?.remove(&name);
        match mirror.filter(|mirror| *mirror != workspace.session.mirror) {
            Some(mirror) => Err(SwitchError::InUse { name, mirror }),
            None => Ok(Self::New { name, start, old }),
        }
    }

    /// A branch that has no commit yet.
    ///
    /// # Errors
    /// The name is taken.
    pub fn orphan(workspace: &Workspace<'_>, name: RefName) -> Result<Self, SwitchError> {
        match workspace.snapshot.view().target(&name)? {
            Some(_) => Err(SwitchError::Taken(name)),
            None => Ok(Self::Orphan(name)),
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Branch(name, _) | Self::New { name, .. } | Self::Orphan(name) => name.short().to_owned(),
            Self::Commit(id) => id.to_hex(),
        }
    }

    /// Where HEAD stands then.
    fn head(&self, now: &Head) -> Head {
        let (branch, commit) = match self {
            Self::Branch(name, id) => (Some(name), Some(*id)),
            Self::Commit(id) => (None, Some(*id)),
            Self::New { name, start, .. } => (Some(name), start.or(now.commit)),
            Self::Orphan(name) => (Some(name), None),
        };
        Head { branch: branch.cloned(), commit }
    }

    /// What becomes of the branch.
    fn edits(&self, commit: Option<ObjectId>) -> Vec<RefEdit> {
        match self {
            Self::New { name, old, .. } => {
                vec![RefEdit { name: name.clone(), expected: Expected::from(*old), new: commit }]
            }
            _ => Vec::new(),
        }
    }
}

/// A move that is asked for.
pub struct SwitchRequest<'a> {
    /// The kind of the operation.
    pub kind: &'a str,
    /// Where to.
    pub to: &'a To,
    /// Whether changes that are not committed are given up.
    pub discard: bool,
    /// How they are merged where they are in the way; `None` if that is not wanted.
    pub merge: Option<MergeOptions>,
}

impl<'a> SwitchRequest<'a> {
    /// A switch that carries changes along, and is not done where they are in the way.
    pub fn to(to: &'a To) -> Self {
        Self { kind: "SWITCH", to, discard: false, merge: None }
    }
}

/// What became of it.
pub struct Switched {
    /// Where HEAD was, and what became of files and changes.
    pub moved: MovedHead,
    /// What came of merging changes that were in the way.
    pub merged: Option<Merged>,
}

/// Moves HEAD and the mirror. The caller holds the mirror's lock.
///
/// # Errors
/// Nothing was changed, unless the error says otherwise. Files that could not be written are no error: they are in
/// [`LaidOut::failed`].
pub fn switch(workspace: &mut Workspace<'_>, request: SwitchRequest<'_>) -> Result<Switched, WorkspaceError> {
    let SwitchRequest { kind, to, discard, merge } = request;
    let before = workspace.head.clone();
    let head = to.head(&before);
    let edits = to.edits(head.commit);
    let parameters = [("to", to.name())];
    // A new branch where HEAD is: nothing in the mirror changes, so nothing has to be looked at.
    if matches!(to, To::New { start: None, .. }) && !discard {
        let moves = Moves { edits, head: Some(head), ..Moves::default() };
        refs::publish(workspace, kind, &parameters, moves, |_| ())?;
        let moved = MovedHead { before, laid_out: LaidOut::default(), carried: Carried::default() };
        return Ok(Switched { moved, merged: None });
    }
    let uncommitted = if discard { Uncommitted::GiveUp } else { Uncommitted::Carry };
    let commit = head.commit;
    let request = MoveHead { kind, parameters: &parameters, head, edits, uncommitted };
    match merge {
        Some(options) if merge_over::is_needed(workspace, commit)? => {
            let (ours, base) = (to.name(), place(&before));
            let labels =
                Labels { ours: ours.as_str().into(), base: base.as_str().into(), theirs: "local".into() };
            let (moved, merged) = merge_over::merge_over(workspace, request, labels, &options)?;
            merged_trees::tell(workspace, &merged);
            Ok(Switched { moved, merged: Some(merged) })
        }
        _ => Ok(Switched { moved: move_head(workspace, request)?, merged: None }),
    }
}

/// What a place of HEAD is called: by its branch, or its commit.
fn place(head: &Head) -> String {
    match (&head.branch, &head.commit) {
        (Some(branch), _) => branch.short().to_owned(),
        (None, Some(commit)) => commit.short(),
        (None, None) => "(none)".to_owned(),
    }
}
