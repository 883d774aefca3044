//! Recording what is staged as a commit.
//!
//! It goes in steps, since whoever writes the message wants to see what will be committed: [`begin`] refuses what cannot be
//! committed, [`stage`] stages what of the mirror is wanted, [`prepare`] says what the commit will hold, and [`record`]
//! publishes it. Until then nothing was changed but what [`stage`] has read into the pond.

mod foretell;
mod nothing;
mod scope;
mod tracked;

use bstr::{BString, ByteSlice};
use pond_mirror::index::pending::{Pending, Sequence};
use pond_mirror::index::{EntryRef, Header, Index, Seen};
use pond_mirror::scan::Scan;
use pond_objects::message::Cleanup;
use pond_objects::node::NodeTable;
use pond_objects::{Commit, ObjectId, ObjectSource, Signature, escape};
use pond_refs::{Expected, Head, RefEdit};

use crate::add::AddError;
use crate::error::{WorkspaceError, deed_error};
use crate::publish::footprint::Footprint;
use crate::publish::record::NewCommit;
use crate::publish::transact;
use crate::recovery::lost_content;
use crate::session::Signer;
use crate::staging::next_commit::StagedChanges;
use crate::staging::rebase;
use crate::workspace::Workspace;

pub use foretell::foretell;
pub use scope::Scope;
pub use tracked::{Tracked, stage};

/// What is to be committed.
#[derive(Debug)]
pub struct CommitRequest {
    /// What it takes.
    pub scope: Scope,
    /// Whether it takes the place of the last commit.
    pub amend: bool,
    /// Whether it is made although nothing changed.
    pub allow_empty: bool,
}

impl CommitRequest {
    /// A commit of what is staged.
    pub fn staged() -> Self {
        Self { scope: Scope::Staged, amend: false, allow_empty: false }
    }
}

/// What a commit says beside its tree.
pub struct Draft {
    /// The message.
    pub message: BString,
    /// Who made the change.
    pub author: Signature,
    /// Who makes the commit.
    pub committer: Signature,
}

/// A commit that was published.
pub struct Committed {
    /// Its id.
    pub id: ObjectId,
    /// The commit.
    pub commit: Commit,
    /// The version of the table that has it.
    pub version: u64,
    /// Bytes that the table grew by.
    pub stored: u64,
}

/// Why nothing was committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Something waits that has no commit yet which could be amended.
    #[error("{}: there is nothing to amend yet", .0.matter())]
    AmendsWhatWaits(Sequence),
    /// There is no commit yet.
    #[error("there is no commit to amend yet")]
    NoCommit,
    /// Something waits that is committed whole.
    #[error("{}: it cannot be committed in part", .0.matter())]
    InPart(Sequence),
    /// A pathspec matched nothing that is tracked.
    #[error("pathspec '{}' did not match any tracked file", escape::plain(.0))]
    NoMatch(BString),
    /// Staging what is tracked was refused.
    #[error(transparent)]
    Add(AddError),
    /// Files could not be looked at, each with the reason: they would keep the commit from being made.
    #[error("some files could not be looked at")]
    NotLookedAt(Vec<(BString, String)>),
    /// Of the paths that were named, these could not be staged, each with the reason.
    #[error("some files could not be staged; nothing was committed")]
    NotStaged(Vec<(BString, String)>),
    /// Of what could be staged, nothing is changed.
    #[error("no other tracked file is changed: nothing was committed")]
    NothingElse,
    /// Nothing is left of a commit that was picked.
    #[error("nothing is left of what the {} would bring", .0.command())]
    NothingLeft(Sequence),
    /// What is staged is what the last commit has.
    #[error("nothing to commit: what is staged is what the last commit has")]
    Nothing {
        /// What else the mirror has.
        scan: Box<Scan>,
        /// Whether anything is tracked.
        tracks: bool,
    },
    /// The commit is published; the index is not written.
    #[error("commit {} is recorded, but the index could not be written", .id.short())]
    IndexBehind {
        /// The commit.
        id: ObjectId,
        /// Why.
        #[source]
        source: Box<WorkspaceError>,
    },
    /// What every deed can end with.
    #[error(transparent)]
    Workspace(WorkspaceError),
}

deed_error!(CommitError);

/// Commits in one step what is asked for. Whoever writes the message in sight of what is committed takes the steps one by one:
/// [`begin`], [`stage`], [`prepare`], [`NextCommit::refuse_empty`], [`record`].
///
/// # Errors
/// Nothing was committed, unless the error says otherwise.
pub fn commit(
    workspace: &mut Workspace<'_>,
    request: &CommitRequest,
    draft: Draft,
) -> Result<Committed, CommitError> {
    begin(workspace, request)?;
    let tracked = stage(workspace, request)?;
    let next = prepare(workspace, request, tracked)?;
    let changes = next.changes(workspace);
    next.refuse_empty(workspace, &changes, request)?;
    record(workspace, &next, &changes, draft)
}

/// Refuses what cannot be committed at all.
///
/// # Errors
/// Nothing was changed.
pub fn begin(workspace: &Workspace<'_>, request: &CommitRequest) -> Result<(), CommitError> {
    let waiting = workspace.index.header().pending.as_ref().filter(|_| request.amend);
    if let Some(waiting) = waiting.filter(|waiting| waiting.is_commit_due()) {
        return Err(CommitError::AmendsWhatWaits(waiting.doing));
    }
    request.scope.check(workspace)
}

/// What the next commit holds, and what it follows.
pub struct NextCommit {
    /// What it follows.
    pub parents: Vec<ObjectId>,
    /// The commit whose place it takes.
    pub amended: Option<Commit>,
    /// What waits for it, if something does.
    pub waiting: Option<Pending>,
    /// The index as compared with the first parent.
    index: Index,
    nodes: NodeTable,
    /// Whether something may be staged that the commit leaves out.
    is_partial: bool,
    /// What was staged for it.
    tracked: Tracked,
}

/// Says what would be committed, after what was staged for it.
///
/// # Errors
/// Nothing was changed. Content that is staged may be lost.
pub fn prepare(
    workspace: &mut Workspace<'_>,
    request: &CommitRequest,
    tracked: Tracked,
) -> Result<NextCommit, CommitError> {
    lost_content::require_none(workspace)?;
    NextCommit::of(workspace, &request.scope, request.amend, tracked)
}

impl NextCommit {
    fn of(
        workspace: &Workspace<'_>,
        scope: &Scope,
        amend: bool,
        tracked: Tracked,
    ) -> Result<Self, CommitError> {
        let store = workspace.store();
        let (index, is_partial) = (scope.index(&workspace.index), scope.is_partial());
        let waiting = workspace.index.header().pending.clone();
        let head = workspace.head.commit;
        let head_commit = head.map(|id| store.commit(&id)).transpose()?;
        if !amend {
            let joined = waiting.as_ref().map(Pending::heads).unwrap_or_default();
            let nodes =
                NodeTable::load(store, head_commit.as_ref().and_then(|commit| commit.nodes.as_ref()))?;
            let parents = head.into_iter().chain(joined).collect();
            return Ok(Self { parents, amended: None, waiting, index, nodes, is_partial, tracked });
        }
        let amended = head_commit.ok_or(CommitError::NoCommit)?;
        let first = amended.parents.first().map(|id| store.commit(id)).transpose()?;
        let nodes = NodeTable::load(store, first.as_ref().and_then(|commit| commit.nodes.as_ref()))?;
        let header = Header { base: amended.parents.first().copied(), ..workspace.index.header().clone() };
        let tree = first.map(|commit| commit.tree);
        let index = rebase::onto(&index, store, tree.as_ref(), header)?.finish();
        let parents = amended.parents.clone();
        Ok(Self { parents, amended: Some(amended), waiting, index, nodes, is_partial, tracked })
    }

    /// What changes against the first parent, renames found.
    pub fn changes(&self, workspace: &Workspace<'_>) -> StagedChanges<'_> {
        StagedChanges::find(&self.index, &self.nodes, workspace.store())
    }

    /// Refuses a commit that changes nothing, unless that is wanted.
    ///
    /// # Errors
    /// There is nothing to commit.
    pub fn refuse_empty(
        &self,
        workspace: &Workspace<'_>,
        changes: &StagedChanges<'_>,
        request: &CommitRequest,
    ) -> Result<(), CommitError> {
        // A merge is recorded even where it changes nothing.
        let joins = self.parents.len() > 1;
        if !changes.is_empty() || request.allow_empty || request.amend || joins {
            return Ok(());
        }
        Err(match self.tracked.failed.is_empty() {
            true => nothing::error(workspace),
            false => CommitError::NothingElse,
        })
    }

    /// The author that it keeps: of the commit whose place it takes, or of the one that is picked.
    ///
    /// # Errors
    /// Those of reading the commit that is picked.
    pub fn kept_author(&self, workspace: &Workspace<'_>) -> Result<Option<Signature>, CommitError> {
        let picked = || self.waiting.as_ref().map(|waiting| picked_author(workspace, waiting));
        match &self.amended {
            Some(amended) => Ok(Some(amended.author.clone())),
            None => Ok(picked().transpose()?.flatten()),
        }
    }
}

/// Publishes the commit. The caller holds the mirror's lock.
///
/// # Errors
/// Nothing was committed, unless the error says otherwise.
pub fn record(
    workspace: &mut Workspace<'_>,
    next: &NextCommit,
    changes: &StagedChanges<'_>,
    draft: Draft,
) -> Result<Committed, CommitError> {
    let after = next.waiting.as_ref().and_then(Pending::after_commit);
    publish(workspace, next, changes, draft, after)
}

/// Commits what waited for a person, with its own message.
///
/// # Errors
/// Nothing was committed, unless the error says otherwise.
pub(crate) fn conclude(
    workspace: &mut Workspace<'_>,
    waiting: &Pending,
    signer: &dyn Signer,
) -> Result<Concluded, CommitError> {
    lost_content::require_none(workspace)?;
    let next = NextCommit::of(workspace, &Scope::Staged, false, Tracked::default())?;
    let changes = next.changes(workspace);
    if changes.is_empty() && next.parents.len() < 2 {
        return Err(nothing::error(workspace));
    }
    let author = match picked_author(workspace, waiting)? {
        Some(author) => author,
        None => signer.author().map_err(WorkspaceError::Caller)?,
    };
    let committer = signer.committer().map_err(WorkspaceError::Caller)?;
    let draft = Draft { message: message_of(waiting), author, committer };
    let committed = publish(workspace, &next, &changes, draft, waiting.rest())?;
    drop(changes);
    Ok(Concluded { committed, next })
}

/// What was waiting, and is committed.
pub struct Concluded {
    /// The commit.
    pub committed: Committed,
    /// What it was made of.
    pub next: NextCommit,
}

/// The message that waits, without what was only for reading.
pub fn message_of(waiting: &Pending) -> BString {
    Cleanup::Strip.apply(waiting.message().as_bytes()).into()
}

/// The author that the commit has which waits: of a picked one its own.
fn picked_author(workspace: &Workspace<'_>, waiting: &Pending) -> Result<Option<Signature>, WorkspaceError> {
    match (waiting.doing, waiting.commit()) {
        (Sequence::CherryPick, Some(id)) => Ok(Some(workspace.store().commit(&id)?.author)),
        _ => Ok(None),
    }
}

/// Publishes; `after` waits then.
fn publish(
    workspace: &mut Workspace<'_>,
    next: &NextCommit,
    changes: &StagedChanges<'_>,
    draft: Draft,
    after: Option<Pending>,
) -> Result<Committed, CommitError> {
    let subject = draft.message.lines().next().unwrap_or_default().to_str_lossy().into_owned();
    let branch =
        workspace.head.branch.as_ref().map_or_else(|| "HEAD".to_owned(), |branch| branch.short().to_owned());
    let mtime = |entry: &EntryRef<'_>| {
        let seen = entry.row.seen;
        (seen != Seen::NEVER).then(|| seen.mtime_ns.div_euclid(1000))
    };
    let footprint = Footprint {
        index: next.tracked.staged.clone(),
        pending: Some([next.waiting.clone(), after.clone()]),
        ..Footprint::default()
    };
    workspace.session.check_interrupt("nothing was committed")?;
    let parameters = [("message", subject), ("branch", branch)];
    let mut made = None;
    let (head, published) = transact::operation(workspace, "COMMIT", &parameters, |transaction| {
        let new = NewCommit {
            index: &next.index,
            nodes: &next.nodes,
            changes,
            mtime: &mtime,
            parents: next.parents.clone(),
            author: draft.author,
            committer: draft.committer,
            extra: next.amended.as_ref().map(|amended| amended.extra.clone()).unwrap_or_default(),
            message: draft.message,
        };
        let (id, commit) = new.add_to(transaction);
        made = Some((id, commit));
        footprint.join(workspace, transaction)?;
        transaction.adopt(&workspace.staged()?);
        let head = Head { branch: workspace.head.branch.clone(), commit: Some(id) };
        if let Some(branch) = &head.branch {
            let expected = Expected::from(workspace.head.commit);
            transaction.edit_ref(RefEdit { name: branch.clone(), expected, new: Some(id) });
        }
        Ok(head)
    })?;
    let (id, commit) = made.expect("BUG: a published commit was made");
    let (version, stored) = (published.state.version, published.added);
    workspace
        .moved_to(head, published.state, after, next.is_partial)
        .map_err(|source| CommitError::IndexBehind { id, source: Box::new(source) })?;
    Ok(Committed { id, commit, version, stored })
}
