//! Objects of the table and of the staging area, found by id.
//!
//! Each pack has a sorted index of the ids in it, derived and kept in the cache; it is opened when it is first asked, and
//! made again where it is missing or damaged. Contents are verified against their ids whenever they are read.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use bytes::Bytes;
use pond_objects::cursor::Leaves;
use pond_objects::page::{Body, Page, PageError};
use pond_objects::{Commit, IdPrefix, Link, Manifest, ObjectId, ObjectSource, ReadError, Tag};

use crate::changed_paths::ChangedPaths;
use crate::commit_links::CommitLinks;
use crate::operation::Operation;
use crate::pack::index::id_prefix;
use crate::pack::{ChangeEntry, Columns, Damage, DamagedPart, PackError, PackIndex, PackReader, PageCache};
use crate::pond::Pond;
use crate::row::{Location, RowType};
use crate::schema::PackKind;
use crate::state::{PackFile, TableState};
use crate::view_pages::ViewPages;

/// Pages kept decoded in memory; a page is about 20 KB.
const KEPT_PAGES: usize = 1024;

/// A pack in the staging area, by its digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StagedPack {
    /// BLAKE3 of the file's bytes.
    pub digest: ObjectId,
    /// What it holds.
    pub kind: PackKind,
}

impl StagedPack {
    /// The file's name in the staging area.
    pub fn name(&self) -> String {
        self.kind.staged_name(&self.digest)
    }

    /// The pack of a file's name.
    pub fn parse(name: &str) -> Option<Self> {
        let (kind, digest) = crate::log::parse_staged_name(name)?;
        Some(Self { digest, kind })
    }
}

struct OpenPack {
    digest: ObjectId,
    kind: PackKind,
    is_staged: bool,
    /// Where it may be: a staged pack moves into the table when it is committed.
    paths: Vec<PathBuf>,
    cached_index: PathBuf,
    /// Whether an index that has to be made is kept.
    keeps_index: bool,
    index: OnceLock<PackIndex>,
    /// In the place of an index that turned out to be damaged.
    rebuilt: OnceLock<PackIndex>,
    reader: OnceLock<PackReader>,
}

/// The objects of one state of the table, and of staged packs.
pub struct Store {
    packs: Vec<Arc<OpenPack>>,
    /// The number of the pack that had what was looked for last.
    last_found: AtomicUsize,
    known: Arc<Known>,
}

/// What was read before, and holds for every state of the table.
struct Known {
    pages: Mutex<HashMap<ObjectId, Arc<Page>>>,
    cache: Arc<PageCache>,
    links: CommitLinks,
    changed_paths: ChangedPaths,
    view_pages: ViewPages,
}

/// Decoded pages of packs kept in memory, in bytes.
const PACK_CACHE: usize = 32 << 20;

impl Store {
    /// The store over the packs of `state` and `staged` ones. Opens no file.
    pub fn new(pond: &Pond, state: &TableState, staged: &[StagedPack]) -> Self {
        let known = Known {
            pages: Mutex::default(),
            cache: Arc::new(PageCache::new(PACK_CACHE)),
            links: CommitLinks::new(&pond.cache_dir(), pond.is_ours()),
            changed_paths: ChangedPaths::new(&pond.cache_dir(), pond.is_ours()),
            view_pages: ViewPages::new(&pond.cache_dir(), pond.is_ours()),
        };
        Self::over(pond, state, staged, &[], Arc::new(known))
    }

    /// The same for another state of the same pond: packs that are open stay so.
    pub fn with(&self, pond: &Pond, state: &TableState, staged: &[StagedPack]) -> Self {
        Self::over(pond, state, staged, &self.packs, self.known.clone())
    }

    fn over(
        pond: &Pond,
        state: &TableState,
        staged: &[StagedPack],
        open: &[Arc<OpenPack>],
        known: Arc<Known>,
    ) -> Self {
        let open: HashMap<(ObjectId, bool), &Arc<OpenPack>> =
            open.iter().map(|pack| ((pack.digest, pack.is_staged), pack)).collect();
        let open = |digest, kind, is_staged, paths: &dyn Fn() -> Vec<PathBuf>| match open
            .get(&(digest, is_staged))
        {
            Some(pack) => Arc::clone(pack),
            None => Arc::new(OpenPack::new(pond, digest, kind, is_staged, paths())),
        };
        let in_table = |kind: PackKind, digest| pond.table_dir().join(kind.pack_path(&digest));
        let mut packs = Vec::with_capacity(state.packs.len() + staged.len());
        packs.extend(staged.iter().map(|&StagedPack { digest, kind }| {
            let staged = || pond.staging_dir().join(kind.staged_name(&digest));
            open(digest, kind, true, &|| vec![staged(), in_table(kind, digest)])
        }));
        let of_table = state.packs.iter().rev().filter(|pack| staged.iter().all(|s| s.digest != pack.digest));
        let mut of_table: Vec<&PackFile> = of_table.collect();
        // What is not in the newest is most likely in a large one; then the small ones need not be opened.
        if let Some((_, older)) = of_table.split_first_mut() {
            older.sort_by_key(|pack| Reverse(pack.rows));
        }
        packs.extend(
            of_table
                .into_iter()
                .map(|pack| open(pack.digest, pack.kind, false, &|| vec![in_table(pack.kind, pack.digest)])),
        );
        Self { packs, last_found: AtomicUsize::new(usize::MAX), known }
    }

    /// Whether a chunk is stored.
    pub fn has_chunk(&self, id: &ObjectId) -> bool {
        self.find(PackKind::Data, id).is_some_and(|(_, at)| at.row_type == RowType::Chunk)
    }

    /// Whether a blob is stored, of one chunk or more.
    pub fn has_blob(&self, id: &ObjectId) -> bool {
        self.has_chunk(id) || self.has_meta(id, RowType::Blob)
    }

    /// Whether a blob is stored with every chunk of it.
    pub fn has_whole_blob(&self, id: &ObjectId) -> bool {
        let has_chunks = || {
            let manifest = self.manifest(id).ok()??;
            let mut leaves = Leaves::new(self, Body::Manifest, &manifest.root).ok()?;
            leaves.all(|item| item.is_ok_and(|item| self.has_chunk(&item.id))).then_some(())
        };
        self.has_chunk(id) || has_chunks().is_some()
    }

    /// Whether a row of metadata is stored under an id.
    pub fn has_meta(&self, id: &ObjectId, row_type: RowType) -> bool {
        self.find(PackKind::Meta, id).is_some_and(|(_, at)| at.row_type == row_type)
    }

    /// What is stored under an id.
    pub fn type_of(&self, id: &ObjectId) -> Option<RowType> {
        let found = self.find(PackKind::Meta, id).or_else(|| self.find(PackKind::Data, id));
        found.map(|(_, at)| at.row_type)
    }

    /// The digests of the packs that hold a row of metadata under an id.
    pub fn packs_with(&self, id: &ObjectId) -> Vec<ObjectId> {
        let packs = self.packs.iter().filter(|pack| pack.kind == PackKind::Meta);
        packs.filter(|pack| pack.lookup(id).is_some()).map(|pack| pack.digest).collect()
    }

    /// All ids that begin with a prefix, each once, with what they name.
    pub fn matching(&self, prefix: &IdPrefix) -> Vec<(ObjectId, RowType)> {
        let mut found = Vec::new();
        for pack in &self.packs {
            if let Ok(entries) = pack.ask(|index| index.matching(prefix)) {
                found.extend(entries.map(|entry| (entry.id, entry.location.row_type)));
            }
        }
        found.sort_unstable();
        found.dedup_by_key(|(id, _)| *id);
        found
    }

    /// The stored bytes of a row of metadata.
    ///
    /// # Errors
    /// [`ReadError::Missing`] where there is no such row, [`ReadError::Storage`] where it can't be read.
    pub fn meta_content(
        &self,
        id: &ObjectId,
        row_type: RowType,
        what: &'static str,
    ) -> Result<Bytes, ReadError> {
        self.meta(id, row_type, what).map(|(_, content)| content)
    }

    /// The same, and which pack it is from.
    fn meta(
        &self,
        id: &ObjectId,
        row_type: RowType,
        what: &'static str,
    ) -> Result<(&OpenPack, Bytes), ReadError> {
        match self.find(PackKind::Meta, id) {
            Some((pack, at)) if at.row_type == row_type => match pack.content(at, &self.known.cache) {
                Ok(content) => Ok((pack, content)),
                Err(error) => Err(storage(what, id, error)),
            },
            _ => Err(self.missing(what, id)),
        }
    }

    /// An operation by its id.
    ///
    /// # Errors
    /// Those of [`Store::meta_content`].
    pub fn operation(&self, id: &ObjectId) -> Result<Operation, ReadError> {
        let (pack, text) = self.meta(id, RowType::Op, "operation")?;
        let operation = Operation::decode(&text).map_err(|error| storage("operation", id, error))?;
        let is_same = std::str::from_utf8(&text).is_ok_and(|text| Operation::id_of(text) == *id);
        if is_same { Ok(operation) } else { Err(pack.mismatch("operation", id)) }
    }

    /// An annotated tag by its id.
    ///
    /// # Errors
    /// Those of [`Store::meta_content`], and [`ReadError::Tag`].
    pub fn tag(&self, id: &ObjectId) -> Result<Tag, ReadError> {
        let (pack, text) = self.meta(id, RowType::Tag, "tag")?;
        if Tag::id_of(&text) != *id {
            return Err(pack.mismatch("tag", id));
        }
        Tag::decode(&text).map_err(|error| ReadError::Tag { id: *id, error })
    }

    /// The bytes that a chunk of `len` bytes takes in its pack; it is not read.
    ///
    /// # Errors
    /// [`ReadError::Missing`] where there is none, [`ReadError::Storage`] where its pack can't be read.
    pub fn stored_len(&self, chunk: &ObjectId, len: u64) -> Result<u64, ReadError> {
        let (pack, at) = self.find(PackKind::Data, chunk).ok_or_else(|| self.missing("chunk", chunk))?;
        let reader = pack.reader(&self.known.cache).map_err(|error| storage("chunk", chunk, error))?;
        reader.stored_len(at.row_group, at.row, len).map_err(|error| storage("chunk", chunk, error))
    }

    /// The modification time of a path when it last got this content, in microseconds since 1970, as of operation `seq`.
    pub fn mtime(&self, path: &[u8], blob: &ObjectId, seq: i64) -> Option<i64> {
        let wanted = id_prefix(blob);
        let metas = self.packs.iter().filter(|pack| pack.kind == PackKind::Meta);
        let found = metas.filter_map(|pack| pack.ask(|index| index.mtimes_of(path)).ok()).flatten();
        let fitting = found.filter(|row| row.id_prefix == wanted && row.seq <= seq);
        fitting.max_by_key(|row| row.seq).map(|row| row.mtime)
    }

    /// The number of the operation that recorded a row of metadata; `None` if none of the table's packs has the row.
    ///
    /// # Errors
    /// Those of reading the pack's columns.
    pub fn recorded_by(&self, id: &ObjectId, row_type: RowType) -> Result<Option<i64>, ReadError> {
        let packs = self.packs.iter().filter(|pack| pack.kind == PackKind::Meta && !pack.is_staged);
        for pack in packs.filter(|pack| pack.lookup(id).is_some_and(|at| at.row_type == row_type)) {
            let failed = |error| storage("commit", id, error);
            let reader = pack.reader(&self.known.cache).map_err(failed)?;
            for row in reader.select(Columns::ID | Columns::SEQ, Some(row_type)) {
                let (_, row) = row.map_err(failed)?;
                if row.id == Some(*id) && row.seq.is_some() {
                    return Ok(row.seq);
                }
            }
        }
        Ok(None)
    }

    /// Every id with what it names; an id that two packs have comes twice.
    ///
    /// # Errors
    /// [`PackError`] of a pack whose index can't be made.
    pub fn for_each_id(&self, visit: &mut dyn FnMut(&ObjectId, RowType)) -> Result<(), PackError> {
        for pack in &self.packs {
            pack.whole_index()?.entries().for_each(|entry| visit(&entry.id, entry.location.row_type));
        }
        Ok(())
    }

    /// The ids in one pack with what they name, in ascending order; none for a pack that the store does not have.
    ///
    /// # Errors
    /// [`PackError`] where the pack's index can't be made.
    pub fn pack_ids(
        &self,
        digest: &ObjectId,
        visit: &mut dyn FnMut(&ObjectId, RowType),
    ) -> Result<(), PackError> {
        for pack in self.packs.iter().filter(|pack| pack.digest == *digest) {
            pack.whole_index()?.entries().for_each(|entry| visit(&entry.id, entry.location.row_type));
        }
        Ok(())
    }

    /// What change rows of one pack say of files: hash of the path, operation, and the beginning of the blob's id.
    ///
    /// # Errors
    /// [`PackError`] of a pack whose index can't be made.
    pub fn pack_changes(
        &self,
        digest: &ObjectId,
        visit: &mut dyn FnMut(ChangeEntry),
    ) -> Result<(), PackError> {
        for pack in self.packs.iter().filter(|pack| pack.digest == *digest) {
            pack.whole_index()?.changes().for_each(&mut *visit);
        }
        Ok(())
    }

    /// What is known of the paths that commits changed.
    pub fn changed_paths(&self) -> &ChangedPaths {
        &self.known.changed_paths
    }

    fn find(&self, kind: PackKind, id: &ObjectId) -> Option<(&OpenPack, Location)> {
        // What is asked for together mostly stands together.
        let last = self.last_found.load(Ordering::Relaxed);
        let last = self.packs.get(last).filter(|pack| pack.kind == kind);
        if let Some(found) = last.and_then(|pack| Some((pack.as_ref(), pack.lookup(id)?))) {
            return Some(found);
        }
        let packs = self.packs.iter().enumerate().filter(|(_, pack)| pack.kind == kind);
        let (number, pack, at) =
            packs.filter_map(|(number, pack)| Some((number, pack, pack.lookup(id)?))).next()?;
        self.last_found.store(number, Ordering::Relaxed);
        Some((pack, at))
    }

    /// Whether a row of metadata stands in the table itself, whatever is staged.
    pub(crate) fn has_meta_in_table(&self, id: &ObjectId, row_type: RowType) -> bool {
        let packs = self.packs.iter().filter(|pack| pack.kind == PackKind::Meta && !pack.is_staged);
        let mut found = packs.filter_map(|pack| pack.lookup(id));
        found.any(|at| at.row_type == row_type)
    }

    /// Why an id was not found: a pack without a readable index may hold it.
    fn missing(&self, what: &'static str, id: &ObjectId) -> ReadError {
        match self.packs.iter().find_map(|pack| pack.ask(|index| index.lookup(id)).err()) {
            Some(error) => storage(what, id, error),
            None => ReadError::Missing { what, id: *id },
        }
    }

    /// Remembers the new pages of a view that was published, as they are stored.
    pub(crate) fn remember_view(&self, pages: Vec<(ObjectId, Bytes)>) {
        self.known.view_pages.publish(pages);
    }

    fn page_of_pack(&self, body: Body, id: &ObjectId) -> Result<Page, ReadError> {
        let (pack, stream) = self.meta(id, RowType::Page, "page")?;
        let page = Page::decode(body, id, &stream).map_err(|error| match error {
            PageError::Mismatch | PageError::Encoding(_) => pack.mismatch("page", id),
            error => ReadError::Page { id: *id, error },
        })?;
        if body == Body::View {
            self.known.view_pages.learn(id, &stream);
        }
        Ok(page)
    }

    fn cached_page(&self, id: &ObjectId) -> Option<Arc<Page>> {
        self.known.pages.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(id).cloned()
    }

    fn cache_page(&self, id: ObjectId, page: &Arc<Page>) {
        let mut pages = self.known.pages.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if pages.len() >= KEPT_PAGES {
            pages.clear();
        }
        pages.insert(id, page.clone());
    }
}

impl ObjectSource for Store {
    fn page(&self, body: Body, id: &ObjectId) -> Result<Arc<Page>, ReadError> {
        if let Some(page) = self.cached_page(id).filter(|page| page.body == body) {
            return Ok(page);
        }
        let at_hand = if body == Body::View { self.known.view_pages.get(id) } else { None };
        let at_hand = at_hand.and_then(|stream| Page::decode(body, id, &stream).ok());
        let page = Arc::new(match at_hand {
            Some(page) => page,
            None => self.page_of_pack(body, id)?,
        });
        self.cache_page(*id, &page);
        Ok(page)
    }

    fn chunk(&self, id: &ObjectId) -> Result<Bytes, ReadError> {
        let (pack, at) = self.find(PackKind::Data, id).ok_or_else(|| self.missing("chunk", id))?;
        let content = pack.content(at, &self.known.cache).map_err(|error| storage("chunk", id, error))?;
        match ObjectId::of_content(&content) == *id {
            true => Ok(content),
            false => Err(pack.mismatch("chunk", id)),
        }
    }

    fn manifest(&self, blob: &ObjectId) -> Result<Option<Manifest>, ReadError> {
        if !self.has_meta(blob, RowType::Blob) {
            return Ok(None);
        }
        let (pack, content) = self.meta(blob, RowType::Blob, "blob")?;
        let root = ObjectId::from_slice(&content).ok_or_else(|| pack.mismatch("blob", blob))?;
        let size = self.page(Body::Manifest, &root)?.size();
        Ok(Some(Manifest { size, root }))
    }

    fn commit(&self, id: &ObjectId) -> Result<Commit, ReadError> {
        let (pack, text) = self.meta(id, RowType::Commit, "commit")?;
        if Commit::id_of(&text) != *id {
            return Err(pack.mismatch("commit", id));
        }
        Commit::decode(&text).map_err(|error| ReadError::Commit { id: *id, error })
    }

    fn link(&self, id: &ObjectId) -> Result<Link, ReadError> {
        if let Some(link) = self.known.links.get(id) {
            return Ok(link);
        }
        let link = self.commit(id)?.link();
        self.known.links.learn(id, &link);
        Ok(link)
    }
}

impl OpenPack {
    fn new(pond: &Pond, digest: ObjectId, kind: PackKind, is_staged: bool, paths: Vec<PathBuf>) -> Self {
        Self {
            digest,
            kind,
            is_staged,
            paths,
            cached_index: pond.pack_index_path(&digest),
            keeps_index: pond.is_ours(),
            index: OnceLock::new(),
            rebuilt: OnceLock::new(),
            reader: OnceLock::new(),
        }
    }

    /// A row was read, and is not what its id says: the file's bytes are others than were written.
    fn mismatch(&self, what: &'static str, id: &ObjectId) -> ReadError {
        storage(what, id, PackError::damaged(self.path())(Damage("a row's content does not match its id")))
    }

    fn path(&self) -> &PathBuf {
        self.paths.iter().find(|path| path.exists()).unwrap_or(&self.paths[0])
    }

    /// The place of an object; `None` if the pack lacks it, or has no index and cannot be read for one.
    fn lookup(&self, id: &ObjectId) -> Option<Location> {
        self.ask(|index| index.lookup(id)).ok().flatten()
    }

    /// The answer of the index. Where it is damaged, one is made from the pack, and asked instead.
    fn ask<'p, T>(
        &'p self,
        question: impl Fn(&'p PackIndex) -> Result<T, DamagedPart>,
    ) -> Result<T, PackError> {
        match question(self.index()?) {
            Ok(answer) => Ok(answer),
            Err(DamagedPart) => {
                let index = self.rebuild()?;
                let index = self.rebuilt.get_or_init(|| index);
                Ok(question(index).expect("BUG: an index that was just made is whole"))
            }
        }
    }

    /// An index of which every part was checked.
    fn whole_index(&self) -> Result<&PackIndex, PackError> {
        self.ask(PackIndex::check_all)?;
        self.index()
    }

    fn rebuild(&self) -> Result<PackIndex, PackError> {
        let index = PackIndex::rebuild_from_pack(self.path(), self.kind, &self.digest)?;
        // The index serves from memory as well: a cache that can't be written only costs time.
        if self.keeps_index {
            let _ = index.write(&self.cached_index);
        }
        Ok(index)
    }

    fn index(&self) -> Result<&PackIndex, PackError> {
        if let Some(index) = self.rebuilt.get().or_else(|| self.index.get()) {
            return Ok(index);
        }
        // The index of a pack that is gone proves nothing. In the table that is damage, which reading finds; in the staging
        // area, content that is missing can be stored again.
        let is_there = !self.is_staged || self.path().exists();
        let index = match PackIndex::open(&self.cached_index, &self.digest) {
            Ok(index) if is_there => index,
            _ => self.rebuild()?,
        };
        Ok(self.index.get_or_init(|| index))
    }

    fn content(&self, at: Location, cache: &Arc<PageCache>) -> Result<Bytes, PackError> {
        self.reader(cache)?.read_content(at.row_group, at.row)
    }

    fn reader(&self, cache: &Arc<PageCache>) -> Result<&PackReader, PackError> {
        if self.reader.get().is_none() {
            let reader = PackReader::open_with(self.path(), cache.clone())?;
            let _ = self.reader.set(reader);
        }
        Ok(self.reader.get().expect("BUG: the reader was set"))
    }
}

impl std::fmt::Debug for OpenPack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} pack {}", self.kind, self.digest.short())
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.packs).finish()
    }
}

fn storage(
    what: &'static str,
    id: &ObjectId,
    error: impl std::error::Error + Send + Sync + 'static,
) -> ReadError {
    ReadError::Storage { what, id: *id, error: Box::new(error) }
}
