//! The sorted index of a pack: where each object's row stands. Derived from the pack, memory-mapped, safe to
//! delete.
//!
//! A file that a crash or a disk spoiled is noticed before anything is believed that it says: damage would else look like
//! an object that is not there. The head has a checksum, which is looked at when the file is opened; the ids have one, of a
//! large index each bucket of them, and so has what is behind them. Those are looked at when they are first needed: a
//! look-up in a pack of a million objects reads and checks 200 KB of its index, not 41 MB.
//!
//! The head names the pack. A whole index of another pack, which a copy or a mended directory put in its place, would tell
//! of rows that are not there, and that objects are missing which are there: it is refused like a damaged one.
//!
//! ```text
//! head   "PONDPIDX", version u32, zero u32, objects u64, changes u64, operations u64, digest of the pack (32 bytes),
//!        of 256 objects or more ends of the 256 buckets u32 each, sum of changes and operations u64, sum of head and sums
//!        without itself u64
//! sums   of all from the ids to the changes u64; of 4,096 objects or more one for each bucket: of its ids, row
//!        groups, rows and types
//! ids    32 bytes each, sorted; a bucket holds those with the same first byte
//! places row group u32 of each, then row u32 of each, then type u8 of each; zeros up to a multiple of 8
//! tail   changes: path hash u64, id prefix u64, seq i64, mtime i64, sorted;
//!        operations: seq i64, row group u32, row u32, sorted
//! ```
//!
//! Numbers are little-endian. A sum is the first 8 bytes of a BLAKE3, the path hash those of the BLAKE3 of
//! the path's bytes, and the id prefix those of the blob's id, each read as a big-endian number.

mod layout;

use std::fs::File;
use std::io::{self, Read as _, Write};
use std::ops::{Deref, Range};
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use pond_objects::{IdPrefix, ObjectId};

use layout::{CHANGE, Checked, Layout, OPERATION};

use super::rows::Columns;
use super::{Damage, PackError, PackReader};
use crate::cache_bytes::{first_eight, sum, u32_at, u64_at};
use crate::row::{Location, RowType};
use crate::schema::PackKind;
use crate::sorted_ids::{BUCKETS, ID_SIZE, SortedIds, first_from};
use pond_durable::in_place::open_no_link;

const MAGIC: &[u8; 8] = b"PONDPIDX";
const VERSION: u32 = 4;
/// To map a file takes longer than to read so many bytes.
const READ_WHOLE: u64 = 16 << 10;
const PACK: usize = 40;
const ENDS: usize = PACK + ID_SIZE;

/// An object of a pack and its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct IndexEntry {
    /// The object.
    pub id: ObjectId,
    /// Its row.
    pub location: Location,
}

/// What a change row says of a file's modification time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChangeEntry {
    /// The path's hash: see [`path_hash`].
    pub path_hash: u64,
    /// The beginning of the blob's id.
    pub id_prefix: u64,
    /// The operation.
    pub seq: i64,
    /// Microseconds since 1970, UTC.
    pub mtime: i64,
}

impl ChangeEntry {
    /// The entry of a change of the file at `path`, whose new content is `id`.
    pub fn new(path: &[u8], id: &ObjectId, seq: i64, mtime: i64) -> Self {
        Self { path_hash: path_hash(path), id_prefix: id_prefix(id), seq, mtime }
    }
}

/// An operation and its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct OperationEntry {
    /// The operation's number.
    pub seq: i64,
    /// Its row.
    pub location: Location,
}

/// Everything that an index of a pack is made of, in any order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IndexEntries {
    /// Rows that hold an object. Change rows are none.
    pub objects: Vec<IndexEntry>,
    /// Change rows with a path, a blob and a time.
    pub changes: Vec<ChangeEntry>,
    /// Operation rows, which are among the objects too.
    pub operations: Vec<OperationEntry>,
}

/// Why an index cannot be used. It is derived: the remedy is to rebuild it from its pack.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The system refused.
    #[error("cannot {action} the index {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The bytes are not an index, or not of this version.
    #[error("a pack's index is damaged: {0}")]
    Damaged(Damage),
}

impl IndexError {
    fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }
}

/// The hash under which a path's changes are found.
pub fn path_hash(path: &[u8]) -> u64 {
    first_eight(blake3::hash(path).as_bytes())
}

/// The beginning of an id, as change entries keep it.
pub fn id_prefix(id: &ObjectId) -> u64 {
    first_eight(id.as_bytes())
}

#[derive(Debug)]
enum Storage {
    Read(Vec<u8>),
    Mapped(Mmap),
}

impl Deref for Storage {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Read(bytes) => bytes,
            Self::Mapped(map) => map,
        }
    }
}

/// A part of an index that was read and found damaged: nothing that it says is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a part of a pack's index is damaged")]
pub struct DamagedPart;

/// A pack's index, in memory or mapped.
#[derive(Debug)]
pub struct PackIndex {
    bytes: Storage,
    checked: Checked,
    layout: Layout,
    objects: usize,
    changes: usize,
    operations: usize,
}

impl PackIndex {
    /// Sorts the entries of the pack with this digest into an index. Of entries with equal ids, the first by place stays;
    /// a forgotten object's row only where there is no other.
    pub fn build(pack: &ObjectId, mut entries: IndexEntries) -> Self {
        let IndexEntries { objects, changes, operations } = &mut entries;
        objects.sort_unstable_by_key(|entry| {
            let forgotten = entry.location.row_type == RowType::Forgotten;
            (entry.id, forgotten, entry.location)
        });
        objects.dedup_by_key(|entry| entry.id);
        changes.sort_unstable();
        operations.sort_unstable();
        let (objects_len, changes_len, operations_len) = (objects.len(), changes.len(), operations.len());
        let layout =
            Layout::new(objects_len, changes_len, operations_len).expect("BUG: entries fit in memory");
        let mut bytes = Vec::with_capacity(layout.end);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        for count in [objects_len, changes_len, operations_len] {
            bytes.extend_from_slice(&(count as u64).to_le_bytes());
        }
        bytes.extend_from_slice(pack.as_bytes());
        bytes.resize(layout.ids, 0);
        objects.iter().for_each(|entry| bytes.extend_from_slice(entry.id.as_bytes()));
        objects.iter().for_each(|entry| bytes.extend_from_slice(&entry.location.row_group.to_le_bytes()));
        objects.iter().for_each(|entry| bytes.extend_from_slice(&entry.location.row.to_le_bytes()));
        objects.iter().for_each(|entry| bytes.push(entry.location.row_type.number()));
        bytes.resize(layout.changes, 0);
        for ChangeEntry { path_hash, id_prefix, seq, mtime } in changes {
            bytes.extend_from_slice(&path_hash.to_le_bytes());
            bytes.extend_from_slice(&id_prefix.to_le_bytes());
            bytes.extend_from_slice(&seq.to_le_bytes());
            bytes.extend_from_slice(&mtime.to_le_bytes());
        }
        for OperationEntry { seq, location } in operations {
            bytes.extend_from_slice(&seq.to_le_bytes());
            bytes.extend_from_slice(&location.row_group.to_le_bytes());
            bytes.extend_from_slice(&location.row.to_le_bytes());
        }
        if layout.tail_sum > ENDS {
            let ends = SortedIds::ends_of(objects.iter().map(|entry| &entry.id));
            bytes[ENDS..layout.tail_sum].copy_from_slice(&ends);
        }
        for part in 0..layout.parts {
            let sum = part_sum(&bytes, &layout, part);
            bytes[layout.head + 8 * part..][..8].copy_from_slice(&sum.to_le_bytes());
        }
        let tail = sum(&[&bytes[layout.changes..]]);
        bytes[layout.tail_sum..layout.head_sum].copy_from_slice(&tail.to_le_bytes());
        let head = head_sum(&bytes, &layout);
        bytes[layout.head_sum..layout.head].copy_from_slice(&head.to_le_bytes());
        Self {
            bytes: Storage::Read(bytes),
            checked: Checked::everything(),
            layout,
            objects: objects_len,
            changes: changes_len,
            operations: operations_len,
        }
    }

    /// Writes the index to `path`, which it replaces. Not made durable: it can be rebuilt, and damage is
    /// noticed. A failed call leaves the old file or none.
    pub fn write(&self, path: &Path) -> Result<(), IndexError> {
        let dir = path.parent().unwrap_or(Path::new("."));
        // The cache may have been deleted: it is derived.
        pond_durable::create_derived_dir(dir).map_err(IndexError::io("create the directory of", path))?;
        let mut file = tempfile::Builder::new()
            .prefix(super::TEMPORARY_PREFIX)
            .tempfile_in(dir)
            .map_err(IndexError::io("create", path))?;
        pond_durable::give_to_owner(file.as_file(), dir);
        file.write_all(&self.bytes).map_err(IndexError::io("write", path))?;
        file.persist(path).map_err(|refused| IndexError::io("name", path)(refused.error))?;
        Ok(())
    }

    /// Opens the index at `path` of the pack with this digest: a small one is read, others are mapped. One that is cut
    /// short, of another pack or version or with a damaged head is refused.
    #[allow(unsafe_code)]
    pub fn open(path: &Path, pack: &ObjectId) -> Result<Self, IndexError> {
        // Not waited for: a pipe in its place would never answer.
        let mut file =
            open_no_link(File::options().read(true), path).map_err(IndexError::io("open", path))?;
        let size = file.metadata().map_err(IndexError::io("examine", path))?.len();
        if size <= READ_WHOLE {
            let mut bytes = vec![0; size as usize];
            file.read_exact(&mut bytes).map_err(IndexError::io("read", path))?;
            return Self::check(Storage::Read(bytes), pack);
        }
        // SAFETY: the file is written whole before it gets this name, and never changed under it: it is only
        // replaced or deleted, which leaves this mapping as it is.
        let map = unsafe { Mmap::map(&file) }.map_err(IndexError::io("map", path))?;
        Self::check(Storage::Mapped(map), pack)
    }

    /// The index of the pack at `path`, read from the pack itself. That it has this digest is not checked.
    pub fn rebuild_from_pack(path: &Path, kind: PackKind, pack: &ObjectId) -> Result<Self, PackError> {
        let columns = match kind {
            PackKind::Data => Columns::ID,
            PackKind::Meta => Columns::ID | Columns::SEQ | Columns::PATH_RAW | Columns::MTIME,
        };
        let mut entries = IndexEntries::default();
        for row in PackReader::open(path)?.select(columns, None) {
            let (location, row) = row?;
            super::meta::index_row(&row, location, &mut entries);
        }
        Ok(Self::build(pack, entries))
    }

    fn check(bytes: Storage, pack: &ObjectId) -> Result<Self, IndexError> {
        const WRONG: IndexError = IndexError::Damaged(Damage("it is not one of this version"));
        const SHORT: IndexError = IndexError::Damaged(Damage("its parts are not where its head says"));
        if bytes.len() < ENDS || &bytes[..8] != MAGIC || bytes[8..12] != VERSION.to_le_bytes() {
            return Err(WRONG);
        }
        let count = |at| usize::try_from(u64_at(&bytes, at)).map_err(|_| SHORT);
        let (objects, changes, operations) = (count(16)?, count(24)?, count(32)?);
        let layout = Layout::new(objects, changes, operations).ok_or(SHORT)?;
        if layout.end != bytes.len() || !ids(&bytes, &layout).is_whole() {
            return Err(SHORT);
        }
        if head_sum(&bytes, &layout) != u64_at(&bytes, layout.head_sum) {
            return Err(IndexError::Damaged(Damage("its checksum is wrong")));
        }
        if bytes[PACK..ENDS] != *pack.as_bytes() {
            return Err(IndexError::Damaged(Damage("it is that of another pack")));
        }
        Ok(Self { bytes, checked: Checked::default(), layout, objects, changes, operations })
    }

    /// Checks what the index says of ids that begin with `byte`, once.
    fn check_bucket(&self, byte: u8) -> Result<(), DamagedPart> {
        let layout = &self.layout;
        let part = if layout.parts == 1 { 0 } else { usize::from(byte) };
        if self.checked.has(part) {
            return Ok(());
        }
        let types = &self.bytes[layout.types..][part_of(&self.bytes, layout, part)];
        let is_known = types.iter().all(|number| RowType::from_number(*number).is_some());
        if !is_known || part_sum(&self.bytes, layout, part) != u64_at(&self.bytes, layout.head + 8 * part) {
            return Err(DamagedPart);
        }
        self.checked.add(part);
        Ok(())
    }

    /// Checks changes and operations, once.
    fn check_tail(&self) -> Result<(), DamagedPart> {
        if !self.checked.has(BUCKETS) {
            if sum(&[&self.bytes[self.layout.changes..]]) != u64_at(&self.bytes, self.layout.tail_sum) {
                return Err(DamagedPart);
            }
            self.checked.add(BUCKETS);
        }
        Ok(())
    }

    /// Checks all that was not looked at yet.
    pub fn check_all(&self) -> Result<(), DamagedPart> {
        (0..=u8::MAX).try_for_each(|byte| self.check_bucket(byte))?;
        self.check_tail()
    }

    /// Objects in the index.
    pub fn len(&self) -> usize {
        self.objects
    }

    /// Whether the pack holds no object.
    pub fn is_empty(&self) -> bool {
        self.objects == 0
    }

    fn ids(&self) -> SortedIds<'_> {
        ids(&self.bytes, &self.layout)
    }

    fn location(&self, at: usize) -> Location {
        let layout = &self.layout;
        let row_type = RowType::from_number(self.bytes[layout.types + at]);
        Location {
            row_group: u32_at(&self.bytes, layout.row_groups + 4 * at),
            row: u32_at(&self.bytes, layout.rows + 4 * at),
            row_type: row_type.expect("BUG: the types were checked"),
        }
    }

    /// Where the object's row stands; `None` where the pack does not hold it.
    ///
    /// # Errors
    /// Where the part of the index that would say so is damaged; so here and below.
    pub fn lookup(&self, id: &ObjectId) -> Result<Option<Location>, DamagedPart> {
        self.check_bucket(id.as_bytes()[0])?;
        Ok(self.ids().position(id).map(|at| self.location(at)))
    }

    /// The ids that begin with `prefix`, in order, with their rows.
    pub fn matching(&self, prefix: &IdPrefix) -> Result<impl Iterator<Item = IndexEntry>, DamagedPart> {
        self.check_bucket(prefix.lowest().as_bytes()[0])?;
        Ok(self.ids().matching(prefix).map(|(at, id)| IndexEntry { id, location: self.location(at) }))
    }

    /// Every object and its row, in the order of ids. The index was checked by [`PackIndex::check_all`].
    pub fn entries(&self) -> impl Iterator<Item = IndexEntry> + '_ {
        (0..self.objects).map(|at| IndexEntry { id: self.ids().get(at), location: self.location(at) })
    }

    fn change(&self, at: usize) -> ChangeEntry {
        let at = self.layout.changes + CHANGE * at;
        let field = |number: usize| u64_at(&self.bytes, at + 8 * number);
        ChangeEntry { path_hash: field(0), id_prefix: field(1), seq: field(2) as i64, mtime: field(3) as i64 }
    }

    /// What every change row says, in the order of path hashes. The index was checked by [`PackIndex::check_all`].
    pub fn changes(&self) -> impl Iterator<Item = ChangeEntry> + '_ {
        (0..self.changes).map(|at| self.change(at))
    }

    /// What the pack's change rows say of the file at `path`, by blob and operation. Another path may have the
    /// same hash: compare the blob's id.
    pub fn mtimes_of(&self, path: &[u8]) -> Result<impl Iterator<Item = ChangeEntry> + use<'_>, DamagedPart> {
        self.check_tail()?;
        let hash = path_hash(path);
        let first = first_from(self.changes, |at| self.change(at).path_hash >= hash);
        let all = (first..self.changes).map(|at| self.change(at));
        Ok(all.take_while(move |change| change.path_hash == hash))
    }

    fn operation_at(&self, at: usize) -> OperationEntry {
        let at = self.layout.operations + OPERATION * at;
        let location = Location {
            row_group: u32_at(&self.bytes, at + 8),
            row: u32_at(&self.bytes, at + 12),
            row_type: RowType::Op,
        };
        OperationEntry { seq: u64_at(&self.bytes, at) as i64, location }
    }

    /// The row of the operation with this number.
    pub fn operation(&self, seq: i64) -> Result<Option<Location>, DamagedPart> {
        self.check_tail()?;
        let at = first_from(self.operations, |at| self.operation_at(at).seq >= seq);
        let found = (at < self.operations).then(|| self.operation_at(at));
        Ok(found.filter(|operation| operation.seq == seq).map(|operation| operation.location))
    }

    /// The operation with the greatest number.
    pub fn newest_operation(&self) -> Result<Option<OperationEntry>, DamagedPart> {
        self.check_tail()?;
        Ok(self.operations.checked_sub(1).map(|last| self.operation_at(last)))
    }
}

/// The ids of an index.
fn ids<'a>(bytes: &'a [u8], layout: &Layout) -> SortedIds<'a> {
    SortedIds::new(&bytes[ENDS..layout.tail_sum], &bytes[layout.ids..layout.row_groups])
}

/// The places of the ids that a part's checksum covers.
fn part_of(bytes: &[u8], layout: &Layout, part: usize) -> Range<usize> {
    match layout.parts {
        1 => 0..(layout.row_groups - layout.ids) / ID_SIZE,
        _ => ids(bytes, layout).bucket(u8::try_from(part).expect("BUG: a bucket is a byte")),
    }
}

/// The checksum of what an index says of a part of its ids.
fn part_sum(bytes: &[u8], layout: &Layout, part: usize) -> u64 {
    if layout.parts == 1 {
        return sum(&[&bytes[layout.ids..layout.changes]]);
    }
    let ids = part_of(bytes, layout, part);
    let section = |from: usize, width: usize| &bytes[from + width * ids.start..from + width * ids.end];
    let of_rows = [section(layout.row_groups, 4), section(layout.rows, 4), section(layout.types, 1)];
    sum(&[section(layout.ids, ID_SIZE), of_rows[0], of_rows[1], of_rows[2]])
}

/// The checksum of the head and of the sums behind it.
fn head_sum(bytes: &[u8], layout: &Layout) -> u64 {
    sum(&[&bytes[..layout.head_sum], &bytes[layout.head..layout.ids]])
}

#[cfg(test)]
mod tests;
