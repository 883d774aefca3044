//! One operation that changes any of refs, HEAD, the stack of stashes, the index and the mirror's files.
//!
//! The operation is published first; then the files are renamed, removed and written, then the index, then the HEAD file. If the
//! command is killed in between, or cannot write a file, the next command that takes the mirror's lock does the rest, which
//! the operation records (see [`crate::recovery::catch_up`] and [`crate::recovery::unwritten`]).

use std::collections::{BTreeMap, HashMap, HashSet};

use bstr::{BStr, BString};
use pond_mirror::Target;
use pond_mirror::index::pending::Pending;
use pond_mirror::index::{EntryRef, Header, Index, Row, Seen, Update};
use pond_mirror::scan::Scan;
use pond_mirror::scan::displaced::{is_empty_directory, with_emptied};
use pond_mirror::stat::now_ns;
use pond_objects::ObjectSource as _;
use pond_objects::node::NodeTable;
use pond_objects::{Commit, ObjectId, Side, Signature};
use pond_oplog::transaction::Transaction;
use pond_refs::Head;
use pond_refs::{Expected, RefEdit, apply_edits};

use crate::error::WorkspaceError;
use crate::publish::footprint::{Footprint, Touched};
use crate::publish::lay_out::{self, LaidOut};
use crate::publish::mirror_writer::{MirrorWriter, write_to_mirror};
use crate::publish::moves::{self, Move, Renamed};
use crate::publish::record::NewCommit;
use crate::publish::remove::{self, Removal, Removed};
use crate::publish::rows::{restaged, touched_index};
use crate::publish::save::Saved;
use crate::publish::transact;
use crate::staging::next_commit::StagedChanges;
use crate::staging::rebase;
use crate::workspace::Workspace;

/// What an operation changes.
pub(crate) struct Rearrange<'a> {
    /// Its kind.
    pub(crate) kind: &'a str,
    /// Facts for readers of the table's history.
    pub(crate) parameters: &'a [(&'a str, String)],
    /// Where HEAD stands afterwards.
    pub(crate) head: Head,
    /// Refs that move.
    pub(crate) edits: Vec<RefEdit>,
    /// What files of the mirror become.
    pub(crate) files: Vec<Target>,
    /// What gets another name, in the mirror and in the index, in this order.
    pub(crate) moves: Vec<Move>,
    /// What is removed from the mirror. That leaves the index alone: see `staged`.
    pub(crate) removals: Vec<Removal>,
    /// What the next commit has; no side takes a path out of it.
    pub(crate) staged: Vec<Target>,
    /// What differs between the two commits, if nothing else changes in files and index.
    pub(crate) whole: Option<Touched>,
    /// The commit to be made of what is staged then; HEAD and its branch move to it.
    pub(crate) commit: Option<Record>,
    /// What waits for a person afterwards.
    pub(crate) pending: Option<Pending>,
    /// What becomes of paths that the system refuses.
    pub(crate) refused: Refused,
    /// Whether to publish even if nothing of this changes, because the caller adds to the operation.
    pub(crate) always: bool,
}

/// What becomes of paths that cannot be brought to what the operation says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The index has them as the operation says, and the next command does the rest.
    Due,
    /// They stay as they are: in the mirror, in the index, and in the list of conflicts.
    Stays,
}

/// A commit that ends a merge or the like.
pub(crate) struct Record {
    /// What it follows.
    pub(crate) parents: Vec<ObjectId>,
    /// Who made the change.
    pub(crate) author: Signature,
    /// Who makes the commit.
    pub(crate) committer: Signature,
    /// The message.
    pub(crate) message: BString,
}

impl<'a> Rearrange<'a> {
    /// One that changes nothing yet.
    pub(crate) fn nothing(
        workspace: &Workspace<'_>,
        kind: &'a str,
        parameters: &'a [(&'a str, String)],
    ) -> Self {
        Self {
            kind,
            parameters,
            head: workspace.head.clone(),
            edits: Vec::new(),
            files: Vec::new(),
            moves: Vec::new(),
            removals: Vec::new(),
            staged: Vec::new(),
            whole: None,
            commit: None,
            pending: workspace.index.header().pending.clone(),
            refused: Refused::Due,
            always: false,
        }
    }
}

/// What was done.
pub(crate) struct Rearranged {
    /// The new commit, where there is one.
    pub(crate) commit: Option<(ObjectId, Commit)>,
    /// The files.
    pub(crate) laid_out: LaidOut,
    /// What was renamed.
    pub(crate) renamed: Renamed,
    /// What was removed.
    pub(crate) removed: Removed,
}

impl Rearranged {
    /// The paths that are not as the operation says.
    fn refused(&self, removals: &[Removal]) -> HashSet<BString> {
        let files = self.laid_out.failed.paths.iter().map(|(path, _)| path);
        let moves = self.renamed.failed.iter().flat_map(|(moving, _)| [&moving.from, &moving.to]);
        let gone: HashSet<&BString> = self.removed.removed.iter().collect();
        let there = removals.iter().map(|removal| &removal.path).filter(|path| !gone.contains(path));
        files.chain(moves).chain(there).cloned().collect()
    }
}

/// Carries it out; publishes nothing if nothing changes. `saved` is what was stored of the files that are overwritten, and
/// `extend` adds to the operation. The caller holds the mirror's lock.
///
/// # Errors
/// Nothing was changed, unless the error says otherwise. Paths that the system refuses are no error: they are in
/// [`LaidOut::failed`], [`Renamed::failed`] and [`Removed::failed`].
pub(crate) fn carry_out(
    workspace: &mut Workspace<'_>,
    mut request: Rearrange<'_>,
    scan: &Scan,
    saved: &Saved,
    extend: impl FnOnce(&mut Transaction<'_>),
) -> Result<Rearranged, WorkspaceError> {
    if request.whole.is_none() {
        // Only the difference of two commits covers every directory.
        request.files = with_emptied(&workspace.index, request.files);
        request.staged = with_emptied(&workspace.index, request.staged);
    }
    // Mostly they are the same, and may be many.
    let staged_apart = Some(std::mem::take(&mut request.staged)).filter(|staged| *staged != request.files);
    let (pending, refused, whole) = (request.pending.clone(), request.refused, request.whole.take());
    let files = std::mem::take(&mut request.files);
    let (moves, removals) = (std::mem::take(&mut request.moves), std::mem::take(&mut request.removals));
    let staged = staged_apart.as_deref().unwrap_or(&files);
    let mut footprint = match whole {
        Some(touched) => Footprint { host: touched.clone(), index: touched, ..Footprint::default() },
        None => {
            let host = match files.is_empty() {
                true => Touched::default(),
                false => lay_out::touched(workspace, &files, saved, scan),
            };
            Footprint { host, index: touched_index(workspace, staged), ..Footprint::default() }
        }
    };
    remove::touch(workspace, &removals, saved, &mut footprint.host);
    moves::touch(workspace, &moves, saved, &mut footprint);
    footprint.pending = Some([workspace.index.header().pending.clone(), pending.clone()]);
    let writer = MirrorWriter::open(workspace)?;
    let commit = publish(workspace, request, staged, &footprint, saved, extend)?;
    let published = Published { commit, files, staged: staged_apart, moves, removals, pending, refused };
    write_to_mirror(workspace, writer, |workspace, writer| published.follow(workspace, writer, saved, scan))
}

/// An operation that is published, with what is to follow it: the mirror's files, the index and the HEAD file.
struct Published {
    commit: Option<(ObjectId, Commit)>,
    files: Vec<Target>,
    /// What is staged, where it is not the files.
    staged: Option<Vec<Target>>,
    moves: Vec<Move>,
    removals: Vec<Removal>,
    pending: Option<Pending>,
    refused: Refused,
}

impl Published {
    fn follow(
        self,
        workspace: &mut Workspace<'_>,
        writer: &MirrorWriter,
        saved: &Saved,
        scan: &Scan,
    ) -> Result<Rearranged, WorkspaceError> {
        let Self { commit, files, staged, moves, removals, pending, refused } = self;
        let staged = staged.as_deref().unwrap_or(&files);
        let mut renamed = moves::rename_all(workspace, writer, moves, saved)?;
        // A directory whose tracked files are gone goes too, unless it is tracked as an empty one.
        let may_go = |dir: &BStr| !is_empty_directory(&workspace.index, dir);
        let removed = remove::remove(workspace, writer, &removals, &may_go)?;
        let laid_out = match files.is_empty() {
            true => LaidOut::default(),
            false => lay_out::lay_out(workspace, writer, &files, saved, scan)?,
        };
        laid_out.show_what_gave_way(workspace, "undo");
        let not_durable = renamed.not_durable.take();
        let done = Rearranged { commit, laid_out, renamed, removed };
        match refused {
            Refused::Due => {
                workspace.note_laid_out(&files, &done.laid_out);
                done.laid_out.show_due(workspace, "undo");
                save_index(workspace, &files, staged, &done.laid_out, &done.renamed.done, pending)?;
            }
            Refused::Stays => {
                workspace.note_written(&files, &done.laid_out);
                done.laid_out.show_failures(workspace);
                let refused = done.refused(&removals);
                let is_reached = |target: &&Target| !refused.contains(&target.path);
                let staged: Vec<Target> = staged.iter().filter(is_reached).cloned().collect();
                let before = workspace.index.header().pending.as_ref();
                let pending = Pending::but_for(before, pending, &|path| refused.contains(path));
                save_index(workspace, &files, &staged, &done.laid_out, &done.renamed.done, pending)?;
            }
        }
        not_durable.map_or(Ok(done), Err)
    }
}

/// Publishes the operation, where it is one; gives the new commit.
fn publish(
    workspace: &mut Workspace<'_>,
    request: Rearrange<'_>,
    staged: &[Target],
    footprint: &Footprint,
    saved: &Saved,
    extend: impl FnOnce(&mut Transaction<'_>),
) -> Result<Option<(ObjectId, Commit)>, WorkspaceError> {
    let Rearrange { kind, parameters, mut head, mut edits, commit: record, always, .. } = request;
    let view = workspace.snapshot.view();
    let moves = apply_edits(&edits, |name| view.target(name))?;
    let is_empty = head == workspace.head && footprint.is_empty() && moves.is_empty() && saved.tree.is_none();
    if is_empty && record.is_none() && !always {
        return Ok(None);
    }
    let store = workspace.store();
    let next = record.is_some().then(|| next_index(workspace, staged));
    let base = workspace.head.commit.filter(|_| record.is_some()).map(|id| store.commit(&id)).transpose()?;
    let nodes = NodeTable::load(store, base.as_ref().and_then(|base| base.nodes.as_ref()))?;
    let changes = next.as_ref().map(|next| StagedChanges::find(next, &nodes, store));
    let mtime = |entry: &EntryRef<'_>| store.mtime(entry.path, &entry.row.staged?.id, i64::MAX);
    let mut commit = None;
    let (head, published) = transact::operation(workspace, kind, parameters, |transaction| {
        saved.join(transaction);
        footprint.join(workspace, transaction)?;
        extend(transaction);
        if let (Some(record), Some(index), Some(changes)) = (record, &next, &changes) {
            let Record { parents, author, committer, message } = record;
            let (nodes, mtime, extra) = (&nodes, &mtime, Vec::new());
            let new = NewCommit { index, nodes, changes, mtime, parents, author, committer, extra, message };
            let (id, made) = new.add_to(transaction);
            head.commit = Some(id);
            if let Some(branch) = &head.branch {
                let expected = Expected::from(workspace.head.commit);
                edits.push(RefEdit { name: branch.clone(), expected, new: Some(id) });
            }
            commit = Some((id, made));
        }
        let moves_head = head != workspace.head;
        // The branch that HEAD goes to has to be there still, where it is expected, when this is published.
        if let Some(branch) = head.branch.as_ref().filter(|_| moves_head)
            && edits.iter().all(|edit| edit.name != *branch)
        {
            let expected = Expected::from(head.commit);
            edits.push(RefEdit { name: branch.clone(), expected, new: head.commit });
        }
        edits.into_iter().for_each(|edit| transaction.edit_ref(edit));
        Ok(head)
    })?;
    workspace.go_on(head, &published)?;
    Ok(commit)
}

/// The index with the targets staged, nothing known of the host's files.
fn next_index(workspace: &Workspace<'_>, targets: &[Target]) -> Index {
    let update =
        |target: &Target| (target.path.clone(), restaged(workspace, &target.path, target.side, Seen::NEVER));
    let updates: BTreeMap<BString, Update> = targets.iter().map(update).collect();
    workspace.index.edit(updates, workspace.index.header().clone(), now_ns()).finish()
}

/// Writes the index as the operation says that it is: what is staged, what is known of the files that were written, what was
/// renamed, and what waits. Then the HEAD file.
pub(crate) fn save_index(
    workspace: &mut Workspace<'_>,
    files: &[Target],
    staged: &[Target],
    laid_out: &LaidOut,
    renamed: &[Move],
    pending: Option<Pending>,
) -> Result<(), WorkspaceError> {
    let mut updates = updates(workspace, files, staged, laid_out);
    updates.extend(moves::updates(workspace, renamed)?);
    let header = workspace.index.header().clone();
    let delta_version = Some(workspace.snapshot.state().version);
    let is_same = updates.is_empty() && (header.base, &header.pending) == (workspace.head.commit, &pending);
    if is_same {
        workspace.forget_done_renames();
        return workspace.save_head();
    }
    let header = Header { base: workspace.head.commit, delta_version, pending, ..header };
    let tree = workspace.head_tree()?;
    let file = workspace.index_file();
    let builder = rebase::across(&workspace.index, updates, workspace.store(), tree.as_ref(), header, file)?;
    workspace.save_index(builder)?;
    workspace.forget_done_renames();
    workspace.save_head()
}

/// What becomes of the rows of the index.
fn updates(
    workspace: &Workspace<'_>,
    files: &[Target],
    staged: &[Target],
    laid_out: &LaidOut,
) -> BTreeMap<BString, Update> {
    let on_host: HashMap<&BString, Option<Side>> = files
        .iter()
        .filter(|target| laid_out.is_done(&target.path))
        .map(|target| (&target.path, target.side))
        .collect();
    let mut updates: BTreeMap<BString, Update> = lay_out::updates_of_all(workspace, staged, laid_out);
    for target in staged.iter().filter(|target| on_host.get(&target.path) != Some(&target.side)) {
        updates.insert(target.path.clone(), restaged(workspace, &target.path, target.side, Seen::NEVER));
    }
    // Files that now have what is staged for them are known to be unchanged.
    for (path, side) in on_host {
        let Ok(at) = workspace.index.find(path) else { continue };
        let row = workspace.index.entry(at).row;
        if !updates.contains_key(path) && row.staged.is_some() && row.staged == side {
            updates.insert(path.clone(), Update::Set(Row { seen: laid_out.seen(path), ..row }));
        }
    }
    updates
}
