//! Reading and changing the pond without its mirror.
//!
//! A change is made in a filesystem over a branch's newest version, becomes a commit, and is published as one operation. Where
//! the mirror is on the branch, HEAD, index and files go along, as when a merge moves the branch on: what is not
//! committed is carried over, and where it is in the way nothing is done. Left behind, the mirror would show the reverse of the change,
//! and the next commit would make it so.

mod copy_out;
mod revisions;
mod usage;

use bstr::{BString, ByteSlice as _};
use pond_objects::tree::empty_tree;
use pond_objects::{ObjectId, ObjectSource as _, escape};
use pond_oplog::OplogLayer;
use pond_oplog::StagedPack;
use pond_refs::{Expected, Head, RefEdit, RefName};
use pond_tinyfs::{FS, FsError};

use crate::commit_tree::NewCommitOfTree;
use crate::error::{WorkspaceError, deed_error};
use crate::head::move_head::{MoveHead, Uncommitted, move_head_to};
use crate::publish::lay_out::LaidOut;
use crate::refs::{self, Moves};
use crate::session::Signer;
use crate::workspace::Workspace;

pub use copy_out::{CopiedOut, CopyOut, CopyOutError, copy_out};
pub use revisions::{REVISIONS, Revisions};
pub use usage::{Usage, VersionUsage, usage_of_versions};

/// The kind of the operations.
const KIND: &str = "FS";

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum FsChangeError {
    /// There is no such branch.
    #[error("there is no branch '{}'", escape::plain(.0.short().as_bytes()))]
    NoBranch(RefName),
    /// What the filesystem refuses.
    #[error(transparent)]
    Fs(FsError),
    /// What every deed can end with.
    #[error(transparent)]
    Workspace(WorkspaceError),
}

deed_error!(FsChangeError);

/// What is to be changed.
#[derive(Debug, Clone)]
pub struct ChangeRequest {
    /// Which branch; `None` is what HEAD is on.
    pub branch: Option<RefName>,
    /// The commit's message.
    pub message: BString,
}

/// What came of a change.
pub struct Changed {
    /// The branch; `None` where HEAD is on none.
    pub branch: Option<RefName>,
    /// The new commit; `None` where the branch has all of it already.
    pub commit: Option<ObjectId>,
    /// The version's tree.
    pub tree: ObjectId,
    /// How many paths changed.
    pub paths: usize,
    /// The mirror's files, where it is on the branch.
    pub laid_out: LaidOut,
}

/// A persistence layer for reading what the pond has.
///
/// # Errors
/// Those of the names of staged packs.
pub fn layer<'w>(workspace: &'w Workspace<'_>) -> Result<OplogLayer<'w>, WorkspaceError> {
    Ok(OplogLayer::new(&workspace.pond, &workspace.snapshot, &workspace.staged()?, workspace.threads()?))
}

/// A filesystem over a tree, which has every revision as a directory below `@`.
pub fn system<'a>(workspace: &'a Workspace<'_>, layer: &'a OplogLayer<'a>, tree: Option<ObjectId>) -> FS<'a> {
    let mut fs = FS::new(layer, tree);
    fs.mount(REVISIONS, std::rc::Rc::new(Revisions::new(workspace.history())));
    fs
}

/// The newest version of a branch: the commit, if it has one.
///
/// # Errors
/// [`FsChangeError::NoBranch`].
pub fn newest(
    workspace: &Workspace<'_>,
    branch: Option<&RefName>,
) -> Result<Option<ObjectId>, FsChangeError> {
    let head = workspace.head();
    match branch {
        None => Ok(head.commit),
        Some(branch) if head.branch.as_ref() == Some(branch) => Ok(head.commit),
        Some(branch) => match workspace.snapshot.view().target(branch)? {
            Some(id) => Ok(Some(id)),
            None => Err(FsChangeError::NoBranch(branch.clone())),
        },
    }
}

/// Makes a commit of what `edit` does to the newest version of a branch. The caller holds the mirror's lock.
///
/// # Errors
/// Nothing was changed, unless the error says otherwise. Files of the mirror that could not be written are no error: they
/// are due, and in [`LaidOut::failed`].
pub fn change<E: From<FsChangeError>>(
    workspace: &mut Workspace<'_>,
    request: ChangeRequest,
    signer: &dyn Signer,
    edit: impl FnOnce(&Workspace<'_>, &OplogLayer<'_>, &FS<'_>) -> Result<(), E>,
) -> Result<Changed, E> {
    let branch = request.branch.clone().or_else(|| workspace.head.branch.clone());
    let parent = newest(workspace, branch.as_ref())?;
    let base = tree_of(workspace, parent).map_err(FsChangeError::from)?;
    let (tree, packs) = {
        let layer = layer(workspace).map_err(FsChangeError::from)?;
        let tree = {
            let fs = system(workspace, &layer, base);
            edit(workspace, &layer, &fs)?;
            fs.finish().map_err(FsChangeError::Fs)?.id
        };
        (tree, layer.finish().map_err(|error| FsChangeError::Fs(error.into()))?)
    };
    let nothing = base.unwrap_or_else(empty_tree) == tree;
    let changed = match nothing {
        true => Ok(Changed { branch, commit: None, tree, paths: 0, laid_out: LaidOut::default() }),
        false => publish(workspace, request, signer, Next { branch, parent, tree, packs: &packs }),
    };
    // The table has what they held, or nobody needs it. One that stays only takes space until upkeep finds it.
    for pack in &packs {
        let _ = std::fs::remove_file(workspace.pond.staging_dir().join(pack.name()));
    }
    Ok(changed?)
}

fn tree_of(workspace: &Workspace<'_>, commit: Option<ObjectId>) -> Result<Option<ObjectId>, WorkspaceError> {
    let commit = commit.map(|id| workspace.store().commit(&id)).transpose()?;
    Ok(commit.map(|commit| commit.tree))
}

/// A version that is complete, on its way into history.
struct Next<'n> {
    branch: Option<RefName>,
    parent: Option<ObjectId>,
    tree: ObjectId,
    packs: &'n [StagedPack],
}

/// Publishes the commit of a version.
fn publish(
    workspace: &mut Workspace<'_>,
    request: ChangeRequest,
    signer: &dyn Signer,
    next: Next<'_>,
) -> Result<Changed, FsChangeError> {
    let Next { branch, parent, tree, packs } = next;
    // What is staged for this can be read from here on.
    let all: Vec<StagedPack> = workspace.staged()?.into_iter().chain(packs.iter().copied()).collect();
    let state = workspace.snapshot.state().clone();
    workspace.snapshot = workspace.snapshot.moved_to(&workspace.pond, state, &all);
    let subject = request.message.lines().next().unwrap_or_default().to_str_lossy().into_owned();
    let commit = NewCommitOfTree {
        tree,
        parents: parent.into_iter().collect(),
        author: signer.author().map_err(WorkspaceError::Caller)?,
        committer: signer.committer().map_err(WorkspaceError::Caller)?,
        message: request.message,
    };
    let commit = commit.prepare(workspace.store())?;
    let (id, paths) = (commit.id, commit.changed());
    workspace.session.check_interrupt("nothing was changed")?;
    let edit =
        |name: &RefName| RefEdit { name: name.clone(), expected: Expected::from(parent), new: Some(id) };
    let edits: Vec<RefEdit> = branch.iter().map(edit).collect();
    let mut parameters = vec![("message", subject)];
    parameters.extend(branch.iter().map(|branch| ("branch", branch.short().to_owned())));
    let extend = |transaction: &mut pond_oplog::transaction::Transaction<'_>| {
        transaction.adopt(packs);
        commit.add_to(transaction);
    };
    let laid_out = if branch == workspace.head.branch {
        let head = Head { branch: branch.clone(), commit: Some(id) };
        let uncommitted = Uncommitted::Carry;
        let request = MoveHead { kind: KIND, parameters: &parameters, head, edits, uncommitted };
        move_head_to(workspace, request, Some(tree), extend)?.laid_out
    } else {
        refs::publish(workspace, KIND, &parameters, Moves::of(edits), extend)?;
        LaidOut::default()
    };
    Ok(Changed { branch, commit: Some(id), tree, paths, laid_out })
}
