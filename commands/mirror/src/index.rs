//! The index: what the next commit will hold, and what the host said of each file when it was read.
//!
//! It has one row for each file and symlink, one for each empty directory, and one (a tombstone) for
//! each of those that the base commit has and the next will not have. Rows are in [`path_order`].
//!
//! On disk it is an Arrow IPC file, mapped into memory and read where it lies: opening costs a hash of
//! the bytes and a look at each batch, no work per row. Any Arrow reader can open it. The columns are:
//!
//! | column | type | |
//! |---|---|---|
//! | path | binary | names joined by `/`, not empty |
//! | kind | u8 | 0 for a tombstone, else [`Kind::number`] |
//! | id | 32 bytes | of the content; zeros for a tombstone |
//! | size | u64 | bytes of the content |
//! | mtime_ns, ctime_ns | i64 | the host's stat when the content was read |
//! | inode | u64 | the same |
//! | flags | u8 | bit 0: the stat proves nothing; bit 1: the path is announced (`add -N`), its content not staged |
//! | base_kind | u8 | 0 where the base commit has nothing, 255 where it has the same, else the kind it has |
//! | base_id | binary, nullable | where the base commit has something else |
//! | base_size | u64, nullable | the same |
//! | node | u64, nullable | the node id that `mv` carried over |
//!
//! The schema's metadata holds the [`Header`]. The footer's metadata holds `pond.checksum`: the BLAKE3 of
//! the whole file with the checksum's own 64 digits replaced by `0`.
//!
//! **Guarantees.** A file is written whole under another name, fsynced, and renamed, and its directory is
//! fsynced: readers see the old index or the new one, also after a power cut. It is never changed in place,
//! so a mapping stays valid. A damaged file is an error, never a wrong answer; nothing is lost by it but
//! what was staged since the last commit, and the index is rebuilt from the commit and the host.

mod bases;
mod builder;
mod columns;
mod file;
pub mod head_file;
pub mod pending;
pub mod pick_options;
#[cfg(test)]
mod tests;
mod updates;

use std::cmp::Ordering;
use std::io;
use std::ops::{Deref, Range};
use std::path::{Path, PathBuf};

use bstr::{BStr, ByteSlice};
use pond_objects::{Kind, NodeId, ObjectId, Side, path_order};

pub use self::bases::Bases;
pub use self::builder::IndexBuilder;
use self::columns::Columns;
pub use self::updates::{SortedUpdates, Update, Updates, find as find_update};
use crate::index::pending::Pending;
use crate::stat::Stat;
use pond_objects::path::is_below;

/// The index of a mirror, as it was when it was opened.
#[derive(Debug, Clone)]
pub struct Index {
    header: Header,
    batches: Vec<Columns>,
    /// The number of the first row of each batch, and behind them the number of rows.
    starts: Vec<usize>,
}

/// What the index says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Header {
    /// The commit that the `base` of every row compares with; none before the first commit.
    pub base: Option<ObjectId>,
    /// The Delta version that was current when it was written.
    pub delta_version: Option<u64>,
    /// The packs in the staging area that hold staged content; names as the staging area has them.
    pub packs: Vec<String>,
    /// A merge or the like that waits for a person.
    pub pending: Option<Pending>,
    /// When it was written, nanoseconds since 1970; set by [`IndexBuilder`].
    pub written_ns: i64,
}

/// What the base commit has at a row's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// Nothing: the row is an addition.
    Nothing,
    /// What the row has.
    Same,
    /// Something else: the row is a modification, or a deletion.
    Other(Side),
}

/// The host's stat at the time that the content of a row was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// As in [`Stat`].
    pub mtime_ns: i64,
    /// As in [`Stat`].
    pub ctime_ns: i64,
    /// As in [`Stat`].
    pub inode: u64,
    /// Whether an equal stat proves an equal content.
    pub trusted: bool,
}

impl Seen {
    /// No stat at all: the file is read again at the next look.
    pub const NEVER: Self = Self { mtime_ns: 0, ctime_ns: 0, inode: 0, trusted: false };

    /// The stat of a file whose content was read (or written) after `read_ns`.
    pub fn new(stat: &Stat, read_ns: i64) -> Self {
        let Stat { mtime_ns, ctime_ns, inode, .. } = *stat;
        Self { mtime_ns, ctime_ns, inode, trusted: !stat.is_racy(read_ns) }
    }
}

/// One row without its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// What the next commit will have; nothing for a tombstone.
    pub staged: Option<Side>,
    /// The host's stat for it.
    pub seen: Seen,
    /// The path is announced but its content is not staged (`add -N`).
    pub intent: bool,
    /// What the base commit has.
    pub base: Base,
    /// The node id that a rename carried over.
    pub node: Option<NodeId>,
}

impl Row {
    /// What the base commit has, whether or not it is the same.
    pub fn base_side(&self) -> Option<Side> {
        match self.base {
            Base::Nothing => None,
            Base::Same => self.staged,
            Base::Other(side) => Some(side),
        }
    }

    /// The row after its path was taken out of the next commit: a tombstone, or nothing.
    pub fn deleted(&self) -> Option<Self> {
        let base = Base::Other(self.base_side()?);
        Some(Self { staged: None, seen: Seen::NEVER, intent: false, base, node: None })
    }

    /// The row after what is staged was committed; nothing for a tombstone. What was only announced is in no commit.
    pub fn committed(&self) -> Option<Self> {
        let base = if self.intent { Base::Nothing } else { Base::Same };
        self.staged.map(|_| Self { base, node: None, ..*self })
    }

    /// The row after another content was staged; the base stays what it was.
    pub fn restaged(&self, side: Side, seen: Seen) -> Self {
        let base = match self.base_side() {
            None => Base::Nothing,
            Some(base) if base == side => Base::Same,
            Some(base) => Base::Other(base),
        };
        Self { staged: Some(side), seen, intent: false, base, node: self.node }
    }

    /// A row for a path that neither the index nor the base commit has.
    pub fn added(side: Side, seen: Seen) -> Self {
        Self { staged: Some(side), seen, intent: false, base: Base::Nothing, node: None }
    }

    /// A row for a path that the next commit has as the base commit has it.
    pub fn unchanged(side: Side, seen: Seen) -> Self {
        Self { base: Base::Same, ..Self::added(side, seen) }
    }
}

/// One row, with its path borrowed from the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryRef<'a> {
    /// The path from the mirror's root.
    pub path: &'a BStr,
    /// All the rest.
    pub row: Row,
}

impl Deref for EntryRef<'_> {
    type Target = Row;

    fn deref(&self) -> &Row {
        &self.row
    }
}

/// Whether the stat proves that the host's file is what the row holds.
///
/// Compares size, times, inode and kind. Not the device: over NFS and for removable media its number
/// changes from mount to mount, and would have everything read again. A directory's stat is not compared:
/// what is below it has rows of its own.
pub fn is_unchanged(row: &Row, stat: &Stat) -> bool {
    let Some(side) = row.staged else { return false };
    if row.intent || Some(side.kind) != stat.kind() {
        return false;
    }
    side.kind == Kind::Directory
        || row.seen.trusted
            && side.size == stat.size
            && row.seen.mtime_ns == stat.mtime_ns
            && row.seen.ctime_ns == stat.ctime_ns
            && row.seen.inode == stat.inode
}

/// Why an index could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The system refused.
    #[error("cannot {action} the index {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The index, or its temporary.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The bytes are not what was written.
    #[error("the index {} is damaged: {reason}", path.display())]
    Damaged {
        /// The index.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A newer pond wrote it.
    #[error("the index {} has format {found}, and this pond reads up to format {known}", path.display())]
    Newer {
        /// The index.
        path: PathBuf,
        /// The format that it states.
        found: u32,
        /// The newest format known here.
        known: u32,
    },
    /// It does not fit into memory, or Arrow refused it for another reason.
    #[error("cannot encode the index")]
    Encode(#[from] arrow::error::ArrowError),
}

impl Index {
    /// An index without rows.
    pub fn empty() -> Self {
        Self::from_batches(Header::default(), Vec::new())
    }

    /// An index without rows that names these packs.
    pub fn naming(packs: Vec<String>) -> Self {
        Self::from_batches(Header { packs, ..Header::default() }, Vec::new())
    }

    /// Opens an index; `None` if there is no file.
    pub fn open(path: &Path) -> Result<Option<Self>, IndexError> {
        file::open(path)
    }

    fn from_batches(header: Header, batches: Vec<Columns>) -> Self {
        let mut starts = vec![0];
        let mut total = 0;
        for batch in &batches {
            total += batch.len();
            starts.push(total);
        }
        Self { header, batches, starts }
    }

    /// What the index says of itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The number of rows, tombstones included.
    pub fn len(&self) -> usize {
        self.starts.last().copied().unwrap_or(0)
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row with this number.
    ///
    /// # Panics
    /// When there is none.
    pub fn entry(&self, number: usize) -> EntryRef<'_> {
        let (batch, at) = self.locate(number);
        EntryRef { path: self.batches[batch].path(at).as_bstr(), row: self.batches[batch].row(at) }
    }

    /// The path of the row with this number; cheaper than the whole row.
    pub fn path(&self, number: usize) -> &BStr {
        let (batch, at) = self.locate(number);
        self.batches[batch].path(at).as_bstr()
    }

    /// Whether the row with this number is in the next commit (not a tombstone).
    pub fn is_live(&self, number: usize) -> bool {
        let (batch, at) = self.locate(number);
        self.batches[batch].is_live(at)
    }

    /// All rows in order.
    pub fn iter(&self) -> impl Iterator<Item = EntryRef<'_>> {
        self.batches.iter().flat_map(|batch| {
            (0..batch.len()).map(|at| EntryRef { path: batch.path(at).as_bstr(), row: batch.row(at) })
        })
    }

    /// The row for exactly this path, if there is one.
    pub fn row(&self, path: &[u8]) -> Option<Row> {
        Some(self.entry(self.find(path).ok()?).row)
    }

    /// The number of the row for exactly this path, or where it would stand.
    pub fn find(&self, path: &[u8]) -> Result<usize, usize> {
        self.find_in(0..self.len(), path)
    }

    /// The same within a range of rows.
    pub fn find_in(&self, rows: Range<usize>, path: &[u8]) -> Result<usize, usize> {
        let at = self.partition(rows.clone(), |found| path_order(found, path) == Ordering::Less);
        if at < rows.end && self.path(at) == path { Ok(at) } else { Err(at) }
    }

    /// The numbers of the rows below a directory, `` being the root; the row of the (empty) directory
    /// itself is not among them.
    pub fn range_of_dir(&self, dir: &[u8]) -> Range<usize> {
        self.range_of_dir_in(0..self.len(), dir)
    }

    /// The same for a directory all of whose rows are in `rows`.
    pub fn range_of_dir_in(&self, rows: Range<usize>, dir: &[u8]) -> Range<usize> {
        if dir.is_empty() {
            return rows;
        }
        // Whatever comes after the directory's own name is below it or beyond it.
        let start = self.partition(rows.clone(), |found| path_order(found, dir) != Ordering::Greater);
        let end = self.partition(start..rows.end, |found| is_below(found, dir));
        start..end
    }

    /// Whether the next commit has anything in a range of rows.
    pub fn any_live(&self, mut rows: Range<usize>) -> bool {
        rows.any(|number| self.is_live(number))
    }

    /// A builder with the rows of this index and `updates` made to them.
    ///
    /// Setting a path takes out what cannot stand beside it: a file or an empty directory at one of its
    /// parents, and everything below a file. A directory gets a row only where nothing is below it.
    pub fn edit(
        &self,
        updates: std::collections::BTreeMap<bstr::BString, Update>,
        header: Header,
        now_ns: i64,
    ) -> IndexBuilder {
        self.edit_with(&SortedUpdates::from(updates), Bases::default(), header, now_ns, None)
    }

    /// The same with updates that need not be in memory, on another commit, which differs from the base of this index in
    /// `bases` and nowhere else. What is made of a large index is written while it is made if it is to be saved as `file`.
    pub fn edit_with(
        &self,
        updates: &dyn Updates,
        bases: Bases,
        header: Header,
        now_ns: i64,
        file: Option<PathBuf>,
    ) -> IndexBuilder {
        builder::edit(self, updates, bases, header, now_ns, file)
    }

    /// A builder with what is staged as the base of every row, which the commit has that was made of it.
    pub fn committed(&self, header: Header, now_ns: i64) -> IndexBuilder {
        builder::committed(self, header, now_ns)
    }

    fn locate(&self, number: usize) -> (usize, usize) {
        let batch = self.starts.partition_point(|start| *start <= number) - 1;
        (batch, number - self.starts[batch])
    }

    /// The first row of `rows` whose path does not satisfy a predicate that is true, then false.
    fn partition(&self, rows: Range<usize>, mut before: impl FnMut(&[u8]) -> bool) -> usize {
        let (mut low, mut high) = (rows.start, rows.end);
        while low < high {
            let middle = low + (high - low) / 2;
            if before(self.path(middle)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}
