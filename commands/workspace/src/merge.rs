//! Joining another history to the current branch.
//!
//! It goes in steps, since whoever writes the message wants to see what came of the trees: [`way`] says how the histories are
//! joined, [`join`] merges their trees in memory, and [`record`] publishes that.

use bstr::{BStr, BString, ByteSlice};
use pond_mirror::index::pending::{Pending, Sequence};
use pond_objects::ObjectId;
use pond_objects::merge::{MergeOptions, Merged};
use pond_refs::{Expected, Head, RefEdit};

use crate::error::{WorkspaceError, deed_error};
use crate::head::move_head::{MoveHead, MovedHead, Uncommitted, move_head};
use crate::merged_trees::{self, Applied, MergedTrees, Then};
use crate::publish::rearrange::Record;
use crate::session::Signer;
use crate::workspace::Workspace;

/// The merge that is wanted.
#[derive(Debug, Clone)]
pub struct MergeRequest {
    /// The commit to merge.
    pub theirs: ObjectId,
    /// What it was called.
    pub name: BString,
    /// Whether and when the branch is moved on.
    pub forward: Forward,
    /// Whether the result is only staged, for a commit with one parent.
    pub squash: bool,
    /// Whether the result is only staged, for the commit that ends the merge.
    pub no_commit: bool,
    /// Whether the histories need have nothing in common.
    pub unrelated: bool,
}

impl MergeRequest {
    /// A merge as it mostly is: the branch is moved on where that is possible, and else a commit joins the histories.
    pub fn of(theirs: ObjectId, name: impl Into<BString>) -> Self {
        Self {
            theirs,
            name: name.into(),
            forward: Forward::IfPossible,
            squash: false,
            no_commit: false,
            unrelated: false,
        }
    }
}

/// Whether the branch is moved on where the other history has all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forward {
    /// It is.
    IfPossible,
    /// It is, and nothing is done where that is not possible.
    Only,
    /// It is not: there is a commit in any case.
    Never,
}

/// How histories are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// HEAD has all of the other one.
    UpToDate,
    /// The branch is moved on.
    Forward,
    /// Trees are merged, into this commit.
    Join(ObjectId),
}

/// Why nothing was merged.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// The histories have no common commit.
    #[error("the histories have nothing in common")]
    Unrelated,
    /// Both sides have commits.
    #[error("the branch can't just be moved on: both sides have commits of their own")]
    NotForward,
    /// HEAD has no commit.
    #[error("there is no commit yet to merge into")]
    NoCommit,
    /// What every deed can end with.
    #[error(transparent)]
    Workspace(WorkspaceError),
}

deed_error!(MergeError);

/// Says how the histories are joined.
///
/// # Errors
/// They cannot be; or something waits, or is staged, that a merge would mix with its own. Nothing was changed.
pub fn way(workspace: &Workspace<'_>, request: &MergeRequest) -> Result<Way, MergeError> {
    merged_trees::refuse_while_pending(workspace, "merge")?;
    let Some(ours) = workspace.head.commit else {
        return match request.squash || request.forward == Forward::Never {
            true => Err(MergeError::NoCommit),
            false => Ok(Way::Forward),
        };
    };
    let bases = pond_history::merge_bases(workspace.store(), ours, request.theirs)?;
    if bases.contains(&request.theirs) {
        return Ok(Way::UpToDate);
    }
    if bases.is_empty() && !request.unrelated {
        return Err(MergeError::Unrelated);
    }
    match bases.contains(&ours) {
        true if request.forward != Forward::Never && !request.squash => Ok(Way::Forward),
        false if request.forward == Forward::Only => Err(MergeError::NotForward),
        _ => {
            merged_trees::check_ready(workspace, "merge")?;
            Ok(Way::Join(ours))
        }
    }
}

/// Moves the branch on to the commit, which follows it.
///
/// # Errors
/// Nothing was changed, unless the error says otherwise.
pub fn forward(workspace: &mut Workspace<'_>, request: &MergeRequest) -> Result<MovedHead, WorkspaceError> {
    let branch = workspace.head.branch.clone();
    let edits = branch.iter().map(|branch| RefEdit {
        name: branch.clone(),
        expected: Expected::from(workspace.head.commit),
        new: Some(request.theirs),
    });
    let parameters = [("merged", request.name.to_string())];
    let request = MoveHead {
        kind: "MERGE",
        parameters: &parameters,
        edits: edits.collect(),
        head: Head { branch: branch.clone(), commit: Some(request.theirs) },
        uncommitted: Uncommitted::Carry,
    };
    move_head(workspace, request)
}

/// Trees that were merged and are not published.
#[must_use = "nothing is merged before `record`"]
pub struct Joined {
    combined: MergedTrees,
    parents: [ObjectId; 2],
    /// Whether a commit is made of them now.
    pub is_committed: bool,
}

/// Merges the trees in memory.
///
/// # Errors
/// Those of reading and storing contents.
pub fn join(
    workspace: &mut Workspace<'_>,
    request: &MergeRequest,
    ours: ObjectId,
    options: &MergeOptions,
) -> Result<Joined, WorkspaceError> {
    let parents = [ours, request.theirs];
    let labels: [&BStr; 2] = ["HEAD".into(), request.name.as_bstr()];
    let combined = merged_trees::combine_commits(workspace, parents, labels, options)?;
    let is_committed = combined.merged.is_clean && !request.no_commit && !request.squash;
    Ok(Joined { combined, parents, is_committed })
}

/// What a merge came to.
pub enum Merge {
    /// HEAD has all of the other history.
    UpToDate,
    /// The branch was moved on.
    Forward(Box<MovedHead>),
    /// Trees were merged: into a commit, or into something that waits.
    Joined(Box<MergeDone>),
}

/// Merges in one step. The caller holds the mirror's lock.
///
/// # Errors
/// Nothing was changed, unless the error says otherwise. Conflicts are no error: see [`MergeDone::merged`].
pub fn merge(
    workspace: &mut Workspace<'_>,
    request: &MergeRequest,
    options: &MergeOptions,
    message: BString,
    signer: &dyn Signer,
) -> Result<Merge, MergeError> {
    match way(workspace, request)? {
        Way::UpToDate => Ok(Merge::UpToDate),
        Way::Forward => Ok(Merge::Forward(Box::new(forward(workspace, request)?))),
        Way::Join(ours) => {
            let joined = join(workspace, request, ours, options)?;
            Ok(Merge::Joined(Box::new(record(workspace, request, joined, message, signer)?)))
        }
    }
}

/// What came of merged trees.
pub struct MergeDone {
    /// What was done.
    pub applied: Applied,
    /// What the trees came to.
    pub merged: Merged,
}

/// Publishes merged trees, with this message: as a commit, or as something that waits. The caller holds the mirror's lock.
///
/// # Errors
/// Nothing was changed, unless the error says otherwise. Files that could not be written are no error.
pub fn record(
    workspace: &mut Workspace<'_>,
    request: &MergeRequest,
    joined: Joined,
    mut message: BString,
    signer: &dyn Signer,
) -> Result<MergeDone, WorkspaceError> {
    let Joined { combined, parents, is_committed } = joined;
    let unmerged = &combined.merged.unmerged;
    let then = if is_committed {
        let author = signer.author().map_err(WorkspaceError::Caller)?;
        let committer = signer.committer().map_err(WorkspaceError::Caller)?;
        let record = Record { parents: parents.to_vec(), author, committer, message: message.clone() };
        Then::Commit(record, None)
    } else {
        message.extend_from_slice(&merged_trees::conflict_lines(unmerged));
        Then::Stage(Some(match request.squash {
            true => Pending::new(Sequence::Squash, &message, unmerged),
            false => Pending::new(Sequence::Merge, &message, unmerged).with_heads(&[request.theirs]),
        }))
    };
    merged_trees::tell(workspace, &combined.merged);
    let subject = message.lines().next().unwrap_or_default().to_str_lossy().into_owned();
    let parameters = [("merged", request.name.to_string()), ("message", subject)];
    let applied = merged_trees::apply(workspace, "MERGE", &parameters, &combined, then)?;
    Ok(MergeDone { applied, merged: combined.merged })
}
