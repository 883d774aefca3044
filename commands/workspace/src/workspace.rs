//! A pond, opened for a command: its newest state, the mirror's HEAD and index, and, for commands that change
//! something, the mirror's lock.
//!
//! The view in the table says where the mirror stands; the files HEAD and index follow it. If a command was killed between
//! publishing and writing them, opening brings them up to date.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bstr::BString;
use pond_durable::lock::Lock;
use pond_history::History;
use pond_mirror::host::ignore::Ignore;
use pond_mirror::index::head_file::{self, HeadFile};
use pond_mirror::index::pending::Pending;
use pond_mirror::index::{
    Bases, Header, Index, IndexBuilder, IndexError, Seen, SortedUpdates, Update, Updates,
};
use pond_mirror::scan::refresh;
use pond_mirror::stat::now_ns;
use pond_objects::pathspec::{Mirror, PathspecError, Pathspecs};
use pond_objects::{ObjectId, ObjectSource, PathEntry, tree};
use pond_oplog::transaction::Published;
use pond_oplog::{Pond, ReadonlyPond, StagedPack, Store};
use pond_refs::Head;

use crate::error::WorkspaceError;
use crate::half_done::{Ended, HalfDone};
use crate::session::Session;
use crate::staging::{rebase, staged_packs};

/// An open pond and its mirror.
pub struct Workspace<'s> {
    /// Whose work it is.
    pub(crate) session: &'s Session,
    /// The pond.
    pub(crate) pond: Pond,
    /// The newest state when the command began, or that the command itself published.
    pub(crate) snapshot: ReadonlyPond,
    /// Where the mirror stands.
    pub(crate) head: Head,
    /// What the next commit will hold.
    pub(crate) index: Index,
    /// Why the index could not be read: then [`Self::index`] has no rows.
    pub(crate) index_error: Option<Arc<IndexError>>,
    /// Whether [`Self::index`] is written to its file only when HEAD moves: see [`Self::hold_index`].
    pub(crate) holds_index: bool,
    /// Of a command that ended half way, what may be left to do.
    pub(crate) half_done: Option<HalfDone>,
    /// What became of such a command when this one opened the pond.
    pub(crate) ended: Option<Ended>,
    /// The last operation that the HEAD file is known to follow.
    pub(crate) followed: Option<i64>,
    pub(crate) lock: Option<Lock>,
}

impl<'s> Workspace<'s> {
    /// Whose work it is.
    pub fn session(&self) -> &'s Session {
        self.session
    }

    /// The pond.
    pub fn pond(&self) -> &Pond {
        &self.pond
    }

    /// The newest state when the command began, or that the command itself published.
    pub fn snapshot(&self) -> &ReadonlyPond {
        &self.snapshot
    }

    /// Where the mirror stands.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// What the next commit will hold; without rows where it was not opened or could not be read.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// The index, or why there is none.
    pub fn need_index(&self) -> Result<&Index, WorkspaceError> {
        match &self.index_error {
            None => Ok(&self.index),
            Some(error) => Err(Arc::clone(error).into()),
        }
    }

    /// Whether no other process holds the mirror's lock, as far as can be told.
    pub fn is_free(&self) -> bool {
        !Lock::is_held(&self.session.lock_path()).is_ok_and(|is_held| is_held)
    }

    /// The history, as it is here and now.
    pub fn history(&self) -> History<'_> {
        History {
            pond: &self.pond,
            snapshot: &self.snapshot,
            mirror: &self.session.mirror,
            head: &self.head,
            now: self.session.wall_clock(),
        }
    }

    /// The objects, staged ones among them.
    pub fn store(&self) -> &Store {
        self.snapshot.store()
    }

    /// The tree of the commit that the mirror stands on.
    pub fn head_tree(&self) -> Result<Option<ObjectId>, WorkspaceError> {
        let commit = self.head.commit.map(|id| self.store().commit(&id)).transpose()?;
        Ok(commit.map(|commit| commit.tree))
    }

    /// The current directory as a path from the mirror's root.
    pub fn cwd(&self) -> Result<BString, WorkspaceError> {
        use std::os::unix::ffi::OsStrExt as _;
        let root = self.pond.mirror_root();
        let canonical =
            |path: &std::path::Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let (root, cwd) = (canonical(root), canonical(&self.session.cwd));
        if cwd.starts_with(root.join(".pond")) {
            return Err(WorkspaceError::InsidePond { root });
        }
        match cwd.strip_prefix(&root) {
            Ok(below) => Ok(below.as_os_str().as_bytes().into()),
            Err(_) => Ok(BString::default()),
        }
    }

    /// Reads pathspecs that were given in the directory `cwd` of the mirror.
    pub fn pathspecs(&self, given: &[OsString], cwd: &[u8]) -> Result<Pathspecs, PathspecError> {
        Pathspecs::parse(given, &self.as_goal(), cwd)
    }

    /// The path from the mirror's root that an absolute path names; nothing for one that leads elsewhere.
    pub fn below_root(&self, path: &[u8]) -> Option<BString> {
        Pathspecs::below_mirror(path, &self.as_goal())
    }

    /// The mirror that absolute paths must lead into.
    fn as_goal(&self) -> Mirror<'_> {
        Mirror { root: self.pond.mirror_root(), real_path: &|path| std::fs::canonicalize(path).ok() }
    }

    /// Fails where the current directory is inside `.pond`: for commands that look at the mirror or change it.
    pub fn need_mirror(&self) -> Result<(), WorkspaceError> {
        self.cwd().map(drop)
    }

    /// Writes the index and goes on with what was written.
    pub(crate) fn save_index(&mut self, builder: IndexBuilder) -> Result<(), WorkspaceError> {
        debug_assert!(self.lock.is_some(), "BUG: the index is written under the mirror's lock");
        self.index = match self.holds_index {
            true => builder.finish(),
            false => builder.save(&self.session.index_path())?,
        };
        Ok(())
    }

    /// The file that an index is saved to right after it was made; `None` if it stays in memory.
    pub(crate) fn index_file(&self) -> Option<PathBuf> {
        (!self.holds_index).then(|| self.session.index_path())
    }

    /// Writes the index with the rows that it has.
    pub(crate) fn save_header(&mut self, header: Header) -> Result<(), WorkspaceError> {
        let builder = self.index.edit(std::collections::BTreeMap::new(), header, now_ns());
        self.save_index(builder)
    }

    /// From here on the index changes in memory only, until [`Self::moved_to`] writes it. A command that ends before that leaves
    /// nothing staged. If it is killed after publishing, the next one stages what the operation records.
    pub(crate) fn hold_index(&mut self) {
        self.holds_index = true;
    }

    /// Applies updates to the index and writes it. `packs` are added to the staged ones that it names.
    pub fn update_index(
        &mut self,
        updates: std::collections::BTreeMap<BString, Update>,
        packs: &[StagedPack],
    ) -> Result<(), WorkspaceError> {
        self.update_index_with(&SortedUpdates::from(updates), packs)
    }

    /// The same with updates that need not be in memory.
    pub(crate) fn update_index_with(
        &mut self,
        updates: &dyn Updates,
        packs: &[StagedPack],
    ) -> Result<(), WorkspaceError> {
        let mut header = self.index.header().clone();
        for name in packs.iter().map(StagedPack::name) {
            if !header.packs.contains(&name) {
                header.packs.push(name);
            }
        }
        header.base = self.head.commit;
        header.delta_version = Some(self.snapshot.state().version);
        let builder = self.index.edit_with(updates, Bases::default(), header, now_ns(), self.index_file());
        self.save_index(builder)?;
        if !packs.is_empty() {
            staged_packs::remember(&self.pond, &self.staged()?, packs);
        }
        Ok(())
    }

    /// Takes paths off the conflicts of what waits for a person, and gives those that were on the list.
    pub fn settle(&mut self, is_decided: &dyn Fn(&BString) -> bool) -> Result<Vec<BString>, WorkspaceError> {
        let mut header = self.index.header().clone();
        let Some(pending) = &mut header.pending else { return Ok(Vec::new()) };
        let settled = pending.settle(is_decided);
        header.pending = header.pending.and_then(Pending::unless_over);
        if !settled.is_empty() {
            self.save_header(header)?;
        }
        Ok(settled)
    }

    /// Writes fresh stats of rows into the index, so that the next look need not read the files again: only if it pays,
    /// if nobody holds the mirror's lock, and if the index is still the one that was opened. It is a service to later
    /// commands, and whatever keeps it from being done is no error.
    pub fn keep_stats(&self, refreshed: &[(usize, Seen)]) {
        if self.lock.is_some() || !self.pond.is_ours() || !refreshed.iter().any(|(_, seen)| seen.trusted) {
            return;
        }
        let path = self.session.lock_path();
        let Ok(holder) = self.session.holder() else { return };
        let Ok(lock) = Lock::acquire(&path, Duration::ZERO, &holder) else { return };
        let is_same = |index: Index| index.header() == self.index.header();
        if Index::open(&self.session.index_path()).is_ok_and(|index| index.is_some_and(is_same)) {
            let updates = refresh(&self.index, refreshed);
            let header = self.index.header().clone();
            // Derived: the files are read again if it fails.
            let _ = self.index.edit(updates, header, now_ns()).save(&self.session.index_path());
        }
        drop(lock);
    }

    /// Writes where the mirror stands to its HEAD file. While files are due, the file names the operation before them.
    pub(crate) fn save_head(&mut self) -> Result<(), WorkspaceError> {
        let path = self.session.head_path();
        if let Some(half_done) = &self.half_done {
            let follows = half_done.follows;
            return Ok(follows.map_or(Ok(()), |seq| head_file::keep(&path, &self.head, seq))?);
        }
        let file = HeadFile { head: self.head.clone(), seq: self.snapshot.state().seq };
        head_file::write(&path, &file)?;
        self.followed = Some(file.seq);
        Ok(())
    }

    /// Looks at the pond anew: after staging, so that staged objects can be read, or after publishing.
    pub fn refresh(&mut self, state: pond_oplog::TableState) -> Result<(), WorkspaceError> {
        let staged = self.staged()?;
        self.snapshot = self.snapshot.moved_to(&self.pond, state, &staged);
        Ok(())
    }

    /// Goes on from an operation that was published, with HEAD where it says. Index and HEAD file are left to the caller.
    pub(crate) fn go_on(&mut self, head: Head, published: &Published) -> Result<(), WorkspaceError> {
        self.head = head;
        self.refresh(published.state.clone())
    }

    /// The same with the newest state of the table, which others may have published.
    pub fn look_again(&mut self) -> Result<(), WorkspaceError> {
        let newest = pond_oplog::state::load(&self.pond.table_dir(), &self.pond.cache_dir())?.state;
        self.refresh(newest)
    }

    /// After an operation that moved HEAD to where the index already is, or, if it is `partial`, to some of what is staged: the
    /// index is based on it, nothing else is staged any more, and `pending` waits.
    pub fn moved_to(
        &mut self,
        head: Head,
        state: pond_oplog::TableState,
        pending: Option<Pending>,
        partial: bool,
    ) -> Result<(), WorkspaceError> {
        self.head = head;
        self.snapshot = self.snapshot.moved_to(&self.pond, state, &[]);
        let header = Header {
            base: self.head.commit,
            delta_version: Some(self.snapshot.state().version),
            pending,
            ..Header::default()
        };
        let builder = match partial {
            true => rebase::onto(&self.index, self.store(), self.head_tree()?.as_ref(), header)?,
            false => rebase::onto_itself(&self.index, header),
        };
        let adopted = self.staged()?;
        self.holds_index = false;
        self.save_index(builder)?;
        self.save_head()?;
        // The table has what they held, and no index names them any more. One that stays only takes space.
        for pack in adopted {
            let _ = std::fs::remove_file(self.pond.staging_dir().join(pack.name()));
        }
        Ok(())
    }

    /// The staged packs that the index names.
    pub fn staged(&self) -> Result<Vec<StagedPack>, WorkspaceError> {
        parse_names(&self.index.header().packs)
    }

    /// Everything in a tree as a list in path order: files, symlinks, empty directories.
    pub fn list(&self, tree: Option<&ObjectId>) -> Result<Vec<PathEntry>, WorkspaceError> {
        Ok(tree::list(self.store(), tree)?)
    }

    /// The mirror's rules for what is ignored.
    pub fn ignore(&self) -> Result<Ignore, WorkspaceError> {
        let global = self.session.settings().excludes().map_err(WorkspaceError::Caller)?;
        let exclude = self.pond.pond_dir().join("info/exclude");
        Ok(Ignore::new(self.pond.mirror_root(), Some(&exclude), global.as_deref()))
    }

    /// Rules that ignore nothing but what is always ignored.
    pub(crate) fn ignore_nothing(&self) -> Ignore {
        Ignore::none(self.pond.mirror_root())
    }

    /// Whether the index has a path, or anything below it.
    pub fn is_tracked(&self, path: &[u8]) -> bool {
        let at_path = self.index.find(path).is_ok_and(|at| self.index.is_live(at));
        at_path || self.index.any_live(self.index.range_of_dir(path))
    }

    /// Threads for reading and for compressing.
    pub fn threads(&self) -> Result<usize, WorkspaceError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(self.session.settings().threads().map_err(WorkspaceError::Caller)?.unwrap_or(cores))
    }
}

pub(crate) fn parse_names(names: &[String]) -> Result<Vec<StagedPack>, WorkspaceError> {
    let parse =
        |name: &String| StagedPack::parse(name).ok_or_else(|| WorkspaceError::NoStagedPack(name.clone()));
    names.iter().map(parse).collect()
}
