//! Writes an operation, then publishes it.
//!
//! A transaction gathers what is new: pages, commits, change rows, staged packs, and the refs that move with their expected
//! old values. [`Transaction::publish`] writes the files of the next version, syncs them, and puts the log entry. Whatever
//! fails before that leaves files that nothing points to; whoever publishes first wins, and a transaction whose
//! refs they did not touch is written again behind theirs.

mod error;

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use bytes::Bytes;
use object_store::ObjectStore;
use pond_objects::page::Page;
use pond_objects::{Commit, ObjectId, Tag};
use pond_refs::{RefEdit, RefName, apply_edits};

use crate::log::{AddFile, EntryDraft, EntryInfo, EntryStat};
use crate::operation::{Operation, OperationError};
use crate::pack::{CommitChanges, PackError, PackIndex, PackReader, SealedPack, write_operation};
use crate::pond::Pond;
use crate::publish::{self, PublishError};
use crate::row::{ChangeRows, MetaRow, RowType};
use crate::schema::PackKind;
use crate::snapshot::ReadonlyPond;
use crate::state::{self, TableState};
use crate::store::StagedPack;
use crate::view::{Head, View};
use pond_durable::lock::{Holder, Lock};

pub use error::TransactionError;

/// How long a transaction waits for those that came before it to publish.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a transaction is written again behind others before it gives up.
const MOST_TRIES: usize = 100;

/// Who does what, when: the readable part of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doing {
    /// The kind: `COMMIT`, `BRANCH`, `CHECKOUT` ...
    pub kind: String,
    /// The login.
    pub user: String,
    /// The machine.
    pub host: String,
    /// The command line.
    pub command: String,
    /// When, in microseconds since 1970.
    pub time: i64,
    /// Further facts for readers of the table's history: message, branch.
    pub parameters: BTreeMap<String, String>,
}

impl Doing {
    /// The operation that this is, with its number and what it left.
    pub(crate) fn operation(&self, seq: i64, parent: Option<ObjectId>, view: ObjectId) -> Operation {
        Operation {
            seq,
            parent,
            view,
            time: self.time,
            kind: self.kind.clone(),
            user: self.user.clone(),
            host: self.host.clone(),
            command: self.command.clone(),
            extra: Vec::new(),
        }
    }

    /// What the log entry tells people who read the table's history.
    pub(crate) fn entry_info(&self) -> EntryInfo {
        EntryInfo {
            operation: self.kind.clone(),
            parameters: self.parameters.clone(),
            user: self.user.clone(),
            timestamp: self.time / 1000,
        }
    }
}

/// An operation that was published.
#[derive(Debug)]
pub struct Published {
    /// The state that it left.
    pub state: TableState,
    /// Its id.
    pub operation: ObjectId,
    /// Bytes of the files that it added to the table.
    pub added: u64,
}

/// An operation being written.
#[must_use = "a transaction does nothing until it is published"]
#[derive(Debug)]
pub struct Transaction<'a> {
    pond: &'a Pond,
    base: &'a ReadonlyPond,
    doing: Doing,
    rows: Vec<MetaRow>,
    changes: Vec<CommitChanges<'a>>,
    known: HashSet<ObjectId>,
    staged: Vec<StagedPack>,
    edits: Vec<RefEdit>,
    heads: Vec<(String, Head)>,
    renamed: Option<(RefName, RefName)>,
    saved: Option<ObjectId>,
    stash: Vec<StashEdit>,
    notes: Vec<(String, String)>,
}

/// A change of the stack of stashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StashEdit {
    /// Puts a commit onto it, under the operation's number.
    Push(ObjectId),
    /// Puts a stash back under the number that it had.
    Put(i64, ObjectId),
    /// Takes the stash with this number off.
    Drop(i64),
}

impl<'a> Transaction<'a> {
    /// An operation on `base` that so far changes nothing.
    pub fn new(pond: &'a Pond, base: &'a ReadonlyPond, doing: Doing) -> Self {
        Self {
            pond,
            base,
            doing,
            rows: Vec::new(),
            changes: Vec::new(),
            known: HashSet::new(),
            staged: Vec::new(),
            edits: Vec::new(),
            heads: Vec::new(),
            renamed: None,
            saved: None,
            stash: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Adds a page unless the pond has it.
    pub fn add_page(&mut self, id: ObjectId, page: &Page) {
        if self.is_new(id, RowType::Page) {
            self.rows.push(MetaRow::page(id, page));
        }
    }

    /// Adds a commit unless the pond has it, and gives its id.
    pub fn add_commit(&mut self, commit: &Commit) -> ObjectId {
        self.add_text(commit.id(), RowType::Commit, || commit.encode())
    }

    /// Adds an annotated tag unless the pond has it, and gives its id.
    pub fn add_tag(&mut self, tag: &Tag) -> ObjectId {
        self.add_text(tag.id(), RowType::Tag, || tag.encode())
    }

    fn add_text(&mut self, id: ObjectId, row_type: RowType, text: impl FnOnce() -> Vec<u8>) -> ObjectId {
        if self.is_new(id, row_type) {
            let content = Some(Bytes::from(text()));
            self.rows.push(MetaRow { id: Some(id), content, ..MetaRow::new(row_type) });
        }
        id
    }

    /// Adds the change rows of a commit, whose `seq` and time are filled in.
    pub fn add_changes(&mut self, commit: &ObjectId, rows: impl ChangeRows + 'a) {
        let commit = Bytes::copy_from_slice(commit.as_bytes());
        self.changes.push(CommitChanges { rows: Box::new(rows), commit });
    }

    /// Takes staged packs into the table: the data packs as they are, the rows of the others.
    pub fn adopt(&mut self, staged: &[StagedPack]) {
        for pack in staged {
            if !self.staged.contains(pack) {
                self.staged.push(*pack);
            }
        }
    }

    /// Moves a ref, if it has the expected value when the operation is published.
    pub fn edit_ref(&mut self, edit: RefEdit) {
        self.edits.push(edit);
    }

    /// Moves a mirror's HEAD.
    pub fn set_head(&mut self, mirror: &str, head: Head) {
        self.heads.push((mirror.to_owned(), head));
    }

    /// Changes the stack of stashes.
    pub fn edit_stash(&mut self, edit: StashEdit) {
        self.stash.push(edit);
    }

    /// Adds a header to the operation's text: a fact that this version of the format names beyond the fixed ones.
    pub fn note(&mut self, name: &str, value: impl Into<String>) {
        self.notes.push((name.to_owned(), value.into()));
    }

    /// The kind of its operation.
    pub fn kind(&self) -> &str {
        &self.doing.kind
    }

    /// Whether a header with this name was added.
    pub fn has_note(&self, name: &str) -> bool {
        self.notes.iter().any(|(noted, _)| noted == name)
    }

    /// Puts every mirror that is on the branch `from` when the operation is published on the branch `to`.
    pub fn rename_in_heads(&mut self, from: RefName, to: RefName) {
        self.renamed = Some((from, to));
    }

    /// Names a tree of host content that this operation stored before it is overwritten.
    pub fn set_saved(&mut self, tree: ObjectId) {
        self.saved = Some(tree);
    }

    /// Writes and publishes.
    ///
    /// # Errors
    /// After [`PublishError::Unknown`] and [`PublishError::NotDurable`] the operation may be there; after all others it is
    /// not, and the pond is as it was.
    pub async fn publish(mut self, table: &dyn ObjectStore) -> Result<Published, TransactionError> {
        let data = self.move_data_packs()?;
        self.copy_staged_rows()?;
        // Best effort: the lock only avoids writing the packs again. Without it another may publish first, and we try again.
        let _turn = self.wait_for_turn();
        let mut newer = self.newer_base()?;
        for _ in 0..MOST_TRIES {
            let base = newer.as_ref().unwrap_or(self.base);
            let (written, draft) = self.write(base, &data)?;
            check_files(self.pond, &draft)?;
            match publish::publish(table, base.state(), &draft).await {
                Ok(published) => return self.finish(base, written, &draft, published.version),
                Err(PublishError::Behind { .. }) => newer = self.newer_base()?.or(newer),
                Err(error) => return Err(error.into()),
            }
        }
        Err(TransactionError::Busy(MOST_TRIES))
    }

    /// Waits until no other process is publishing; `None` if that takes too long, or where locks do not work.
    ///
    /// The lock decides nothing: two that publish at once still cannot both get a version. It is there so that they need
    /// not write their files again for each other, again and again.
    fn wait_for_turn(&self) -> Option<Lock> {
        let doing = &self.doing;
        let us = Holder {
            pid: std::process::id(),
            host: doing.host.clone(),
            command: doing.command.clone(),
            since: doing.time,
        };
        Lock::acquire_often(&self.pond.lock_path(), PATIENCE, &us).ok()
    }

    /// The newest state, where it is newer than the one that the operation was begun on.
    fn newer_base(&self) -> Result<Option<ReadonlyPond>, TransactionError> {
        if state::is_newest(&self.pond.table_dir(), self.base.state())? {
            return Ok(None);
        }
        let state = state::load(&self.pond.table_dir(), &self.pond.cache_dir())?.state;
        if state.version == self.base.state().version {
            return Ok(None);
        }
        self.check_removed(&state)?;
        Ok(Some(self.base.moved_to(self.pond, state, &self.staged)))
    }

    fn is_new(&mut self, id: ObjectId, row_type: RowType) -> bool {
        !self.base.store().has_meta_in_table(&id, row_type) && self.known.insert(id)
    }

    /// Puts the staged data packs under their names in the table; a pack that is there already is left alone.
    fn move_data_packs(&self) -> Result<Vec<AddFile>, TransactionError> {
        let mut adds = Vec::new();
        let present: HashSet<ObjectId> = self.base.state().packs.iter().map(|pack| pack.digest).collect();
        for pack in
            self.staged.iter().filter(|pack| pack.kind == PackKind::Data && !present.contains(&pack.digest))
        {
            let from = self.pond.staging_dir().join(pack.kind.staged_name(&pack.digest));
            let to = self.pond.table_dir().join(pack.kind.pack_path(&pack.digest));
            let write = |error| TransactionError::Write { path: to.clone(), error };
            // An operation that was cut short may have moved it already.
            let is_moved = !from.exists() && to.exists();
            let found = if is_moved { &to } else { &from };
            let add = describe_data(found, &pack.digest, self.doing.time / 1000)
                .map_err(|error| TransactionError::Staged { name: pack.name(), error })?;
            // A pack that is about to be named shall not look like one that was left behind. Most systems note the renaming
            // as well, and the index names it too: where it cannot be done, it is not needed.
            let _ = pond_durable::touch(found);
            if !is_moved {
                std::fs::rename(&from, &to).map_err(write)?;
            }
            adds.push(add);
        }
        if !adds.is_empty() {
            let dir = self.pond.table_dir().join(PackKind::Data.dir_name());
            pond_durable::sync_dir(&dir)?;
        }
        Ok(adds)
    }

    fn copy_staged_rows(&mut self) -> Result<(), TransactionError> {
        let staged: Vec<StagedPack> =
            self.staged.iter().copied().filter(|pack| pack.kind == PackKind::Meta).collect();
        for pack in staged {
            let path = self.pond.staging_dir().join(pack.kind.staged_name(&pack.digest));
            let failed = |error| TransactionError::Staged { name: pack.name(), error };
            for row in PackReader::open(&path).map_err(failed)?.rows() {
                let row = row.map_err(failed)?;
                if row.id.is_some_and(|id| self.is_new(id, row.row_type)) {
                    self.rows.push(row);
                }
            }
        }
        Ok(())
    }

    /// Writes the file of metadata of the next version after `base`, and its log entry's draft.
    fn write(
        &self,
        base: &ReadonlyPond,
        data: &[AddFile],
    ) -> Result<(Written, EntryDraft), TransactionError> {
        let seq = base.state().seq + 1;
        let (view, refs) = self.next_view(base.view(), seq)?;
        let mut rows = self.rows.clone();
        let (view_root, view_pages) = view.store()?;
        let new_pages = view_pages.iter().filter(|(id, _)| !base.store().has_meta(id, RowType::Page));
        let new_pages: Vec<MetaRow> = new_pages.map(|(id, page)| MetaRow::page(*id, page)).collect();
        let view_pages = new_pages.iter().filter_map(|row| Some((row.id?, row.content.clone()?)));
        let view_pages = view_pages.collect();
        rows.extend(new_pages);
        let doing = &self.doing;
        let mut operation = doing.operation(seq, Some(base.state().operation), view_root.id);
        operation.extra.clone_from(&self.notes);
        let id = push_operation(&mut rows, &operation)?;
        let mut sealed = write_operation(&self.pond.staging_dir(), rows, &self.changes)?;
        let mut adds = data.to_vec();
        adds.push(sealed.describe(doing.time / 1000));
        let draft = EntryDraft {
            info: doing.entry_info(),
            operation: id,
            seq,
            view: operation.view,
            refs,
            adds,
            removes: Vec::new(),
            metadata: None,
        };
        let written =
            Written { operation: id, digest: sealed.digest, index: sealed.take_index(), view_pages };
        place_in_table(self.pond, PackKind::Meta, sealed)?;
        Ok((written, draft))
    }

    fn next_view<'b>(
        &self,
        mut view: View<'b>,
        seq: i64,
    ) -> Result<(View<'b>, BTreeMap<String, Option<ObjectId>>), TransactionError> {
        let changes = apply_edits(&self.edits, |name| view.target(name))?;
        changes.iter().for_each(|change| view.set_target(&change.name, change.new));
        for change in changes.iter().filter(|change| change.old.is_none()) {
            if let Some(other) = view.collision(&change.name)? {
                return Err(TransactionError::Collision { name: change.name.clone(), other });
            }
        }
        let refs = changes.into_iter().map(|change| (change.name.to_string(), change.new)).collect();
        if let Some((from, to)) = &self.renamed {
            view.rename_in_heads(from, to)?;
        }
        for (mirror, head) in &self.heads {
            view.set_head(mirror, head)?;
        }
        if let Some(tree) = self.saved {
            view.set_saved(seq, tree);
        }
        for edit in &self.stash {
            match *edit {
                StashEdit::Push(commit) => view.set_stash(seq, Some(commit)),
                StashEdit::Put(seq, commit) => view.set_stash(seq, Some(commit)),
                StashEdit::Drop(seq) => view.set_stash(seq, None),
            }
        }
        Ok((view, refs))
    }

    /// Content that this operation did not store again because the pond had it must still be there.
    fn check_removed(&self, newest: &TableState) -> Result<(), TransactionError> {
        let gone = newest.removed.iter().filter(|pack| pack.version_removed > self.base.state().version);
        match gone.into_iter().any(|pack| pack.data_change) {
            true => Err(TransactionError::ContentGone),
            false => Ok(()),
        }
    }

    fn finish(
        &self,
        base: &ReadonlyPond,
        written: Written,
        draft: &EntryDraft,
        version: u64,
    ) -> Result<Published, TransactionError> {
        // The index of the new pack is at hand; a cache that can't be written only costs time later.
        let _ = written.index.write(&self.pond.pack_index_path(&written.digest));
        base.store().remember_view(written.view_pages);
        let state = advance(self.pond, base.state(), version)?;
        Ok(Published {
            state,
            operation: written.operation,
            added: draft.adds.iter().map(|add| add.size).sum(),
        })
    }
}

/// Whether the packs that an entry is about to name are still there: a process that was stopped for long in between finds them
/// swept away.
pub(crate) fn check_files(pond: &Pond, draft: &EntryDraft) -> Result<(), TransactionError> {
    match draft.adds.iter().all(|add| pond.table_dir().join(add.path()).exists()) {
        true => Ok(()),
        false => Err(TransactionError::ContentGone),
    }
}

/// The file of metadata that was written for an operation.
struct Written {
    operation: ObjectId,
    digest: ObjectId,
    index: PackIndex,
    /// The new pages of the view, as they are stored.
    view_pages: Vec<(ObjectId, Bytes)>,
}

/// A data pack as the log adds it.
fn describe_data(path: &std::path::Path, digest: &ObjectId, time_millis: i64) -> Result<AddFile, PackError> {
    let reader = PackReader::open(path)?;
    Ok(AddFile {
        kind: PackKind::Data,
        digest: *digest,
        size: reader.size(),
        modification_time: time_millis,
        data_change: true,
        rows: reader.rows_len(),
    })
}

/// Adds the operation's row, and fills in the number and time of the rows that belong to it.
pub(crate) fn push_operation(
    rows: &mut Vec<MetaRow>,
    operation: &Operation,
) -> Result<ObjectId, OperationError> {
    let text = operation.encode()?;
    let id = Operation::id_of(&text);
    for row in rows.iter_mut().filter(|row| row.seq.is_none()) {
        row.seq = Some(operation.seq);
        row.timestamp = Some(operation.time);
    }
    rows.push(MetaRow {
        id: Some(id),
        seq: Some(operation.seq),
        timestamp: Some(operation.time),
        content: Some(Bytes::from(text)),
        ..MetaRow::new(RowType::Op)
    });
    Ok(id)
}

/// Moves a sealed pack to its name in the table and syncs the directory.
pub(crate) fn place_in_table(
    pond: &Pond,
    kind: PackKind,
    mut sealed: SealedPack,
) -> Result<(), TransactionError> {
    let path = pond.table_dir().join(kind.pack_path(&sealed.digest));
    sealed.persist(&path)?;
    let dir = pond.table_dir().join(kind.dir_name());
    pond_durable::sync_dir(&dir)?;
    Ok(())
}

/// The state after the entry that was just published, saved as the cached one.
pub(crate) fn advance(
    pond: &Pond,
    before: &TableState,
    version: u64,
) -> Result<TableState, TransactionError> {
    let mut state = before.clone();
    for at in before.version + 1..=version {
        let (entry, stat): (_, EntryStat) = crate::log::read_entry(&pond.table_dir(), at)?;
        state.advance(&entry, stat)?;
    }
    state.save(&pond.cache_dir());
    Ok(state)
}
