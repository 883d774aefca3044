//! Writing meta packs: the few rows of a commit, or a hundred thousand change rows, sorted so that the
//! statistics of columns tell readers which pages they can pass over.

use std::borrow::Cow;
use std::path::Path;

use bytes::Bytes;
use pond_objects::Page;

use super::column::{ColumnEncoder, ColumnShape, EncodedColumn, PageCompressor};
use super::index::{ChangeEntry, IndexEntries, IndexEntry, OperationEntry};
use super::sealed::{PackFile, SealedPack};
use super::{MAX_CONTENT, PackError};
use crate::row::{ChangeRows, Location, MetaRow, RowType};
use crate::schema::{ColumnType, META_COLUMNS, PackKind};

/// A row group is closed at so many rows, or bytes of content.
const GROUP_ROWS: usize = 20_000;
const GROUP_CONTENT: usize = 8 << 20;

/// Up to so many rows a pack has one page a column, no page index and no bounds, and what compression makes longer is not
/// compressed: there the frames of pages would be most of the file.
const SMALL_ROWS: usize = 64;

/// Bytes of content in a pack with one page a column.
const SMALL_CONTENT: usize = 128 << 10;

/// Bytes and rows of a page otherwise.
const PAGE_BYTES: usize = 16 << 10;
const PAGE_ROWS: u32 = 2048;

/// Bytes of a page of content that maintenance writes. It holds a hundred versions of a manifest's page, of which all but the
/// first cost what is new in them, and is decoded whole for one of them, in 12 microseconds. Pages of 16, 64 and 256 KiB take
/// 1.44, 1.05 and 0.97 times the bytes; levels above 3 save less than a hundredth. Pages of `seq`, `timestamp` and `mtime` have as
/// many bytes: the changes of one path repeat those of the path before.
const COMPACT_CONTENT: usize = 128 << 10;

/// Bytes of a page of ids that maintenance writes: the id in a blob's row and that in the row of its change shall meet. Ids are
/// read whole, and only to make an index anew.
const COMPACT_IDS: usize = 1 << 20;

/// How the columns of a pack are compressed.
#[derive(Debug, Clone, Copy)]
struct Layout {
    level: i32,
    /// Bytes of a page of content.
    content_bytes: usize,
    /// Bytes of a page of compressed ids; `None` where they are not.
    id_bytes: Option<usize>,
    /// One page a column.
    is_small: bool,
}

impl Layout {
    const SMALL: Self = Self { level: 3, content_bytes: 2 * SMALL_CONTENT, id_bytes: None, is_small: true };
    const FRESH: Self = Self { level: 1, content_bytes: PAGE_BYTES, id_bytes: None, is_small: false };
    const COMPACT: Self =
        Self { level: 3, content_bytes: COMPACT_CONTENT, id_bytes: Some(COMPACT_IDS), is_small: false };
}

/// Writes a meta pack to a temporary file in `dir`, and makes it durable. The rows are sorted here: by type,
/// then path, then operation, and stay in their order otherwise, so that what was written together is read together: the
/// commits of a walk are neighbours, and so are the pages of a version. A failed call leaves no file.
pub fn write_meta_pack(dir: &Path, rows: Vec<MetaRow>) -> Result<SealedPack, PackError> {
    write_operation(dir, rows, &[])
}

/// The change rows of a commit, and that commit's id.
#[derive(Debug)]
pub(crate) struct CommitChanges<'a> {
    /// The rows.
    pub(crate) rows: Box<dyn ChangeRows + 'a>,
    /// What they have as content.
    pub(crate) commit: Bytes,
}

/// The same with the change rows of commits, which belong to the operation whose number and time are those of the last of
/// `rows`.
pub(crate) fn write_operation(
    dir: &Path,
    mut rows: Vec<MetaRow>,
    changes: &[CommitChanges<'_>],
) -> Result<SealedPack, PackError> {
    let operation = rows.last().map(|row| (row.seq, row.timestamp));
    rows.sort_by(|a, b| order(a).cmp(&order(b)));
    let made = in_order(changes);
    let content =
        rows.iter().map(content_len).chain(made.iter().map(|(of, _)| changes[*of as usize].commit.len()));
    let content: usize = content.sum();
    let is_small = rows.len() + made.len() <= SMALL_ROWS && content <= SMALL_CONTENT;
    let (before, after) = rows.split_at(rows.partition_point(|row| row.row_type < RowType::Change));
    debug_assert!(changes.is_empty() || after.iter().all(|row| row.row_type > RowType::Change));
    let (seq, timestamp) = operation.unwrap_or_default();
    let make = |(of, number): &(u32, u32)| {
        let CommitChanges { rows, commit } = &changes[*of as usize];
        Cow::Owned(MetaRow { seq, timestamp, content: Some(commit.clone()), ..rows.row(*number as usize) })
    };
    let all = before.iter().map(Cow::Borrowed).chain(made.iter().map(make));
    let all = all.chain(after.iter().map(Cow::Borrowed));
    write_sorted(dir, all, None, if is_small { Layout::SMALL } else { Layout::FRESH })
}

/// The numbers of all changes, of a commit's and of the row's among its, in the order in which they are to stand.
fn in_order(changes: &[CommitChanges<'_>]) -> Vec<(u32, u32)> {
    let number =
        |number: usize| u32::try_from(number).expect("BUG: an operation changes less than 2^32 paths");
    let mut all = Vec::with_capacity(changes.iter().map(|of| of.rows.count()).sum());
    for (of, CommitChanges { rows, .. }) in changes.iter().enumerate() {
        all.extend((0..rows.count()).map(|row| (number(of), number(row))));
    }
    let paths = |(of, row): &(u32, u32)| changes[*of as usize].rows.paths(*row as usize);
    // They nearly are already.
    all.sort_by(|a, b| paths(a).cmp(&paths(b)));
    all
}

/// Writes a meta pack of rows that were in others. A row group holds those of neighbouring operations, so that what they have in
/// common meets: the id of a blob in its own row and in that of its change, a commit's id in all of its changes. In a row group
/// pages stand beside those whose place in the history of a directory, file or view they took: such have the same first item
/// nearly always, and are equal in nearly all that follows.
pub fn write_compact_meta_pack(dir: &Path, rows: Vec<MetaRow>) -> Result<SealedPack, PackError> {
    let mut rows: Vec<(Option<Place>, MetaRow)> = rows.into_iter().map(|row| (place(&row), row)).collect();
    rows.sort_by_key(|(_, row)| row.seq);
    let mut left = &mut rows[..];
    let mut groups = Vec::new();
    while !left.is_empty() {
        let len = group_len(left.iter().map(|(_, row)| row));
        groups.push(len);
        let (group, rest) = left.split_at_mut(len);
        group.sort_by(|(a, left), (b, right)| {
            let (left, right) = (order(left), order(right));
            (left.0, left.1, left.2, a, left.3).cmp(&(right.0, right.1, right.2, b, right.3))
        });
        left = rest;
    }
    write_sorted(dir, rows.iter().map(|(_, row)| Cow::Borrowed(row)), Some(&groups), Layout::COMPACT)
}

/// Type, path and number of the operation.
type Order<'a> = (RowType, Option<&'a str>, Option<&'a [u8]>, Option<i64>);

fn order(row: &MetaRow) -> Order<'_> {
    (row.row_type, row.path.as_deref(), row.path_raw.as_deref(), row.seq)
}

/// Body, level and first item of a page: its name, or its id where it has none.
type Place = (&'static str, u8, Vec<u8>);

/// Where a page stands; `None` for other rows, and for a page that can't be read: that is told by whoever needs it.
fn place(row: &MetaRow) -> Option<Place> {
    let stream = row.content.as_deref().filter(|_| row.row_type == RowType::Page)?;
    let page = Page::decode_unverified(stream).ok()?;
    let first = page.items.into_iter().next()?;
    let key = if page.body.is_named() { first.name.into() } else { first.id.as_bytes().to_vec() };
    Some((page.body.word(), page.level, key))
}

/// Writes rows, of which so many each make a row group; or as many as fit.
fn write_sorted<'r>(
    dir: &Path,
    rows: impl Iterator<Item = Cow<'r, MetaRow>>,
    groups: Option<&[usize]>,
    layout: Layout,
) -> Result<SealedPack, PackError> {
    let mut file = PackFile::create(dir, PackKind::Meta)?;
    let mut index = IndexEntries::default();
    let mut compressor = PageCompressor::new(layout.level);
    let mut columns = META_COLUMNS.map(|column| ColumnEncoder::new(shape(column, layout), Vec::new()));
    let mut lengths = groups.into_iter().flatten();
    let mut rows = rows.peekable();
    while rows.peek().is_some() {
        let length = lengths.next();
        let (mut at, mut content) = (0, 0);
        let fits = |row: &Cow<'_, MetaRow>, at: usize, content: usize| match length {
            Some(length) => at < *length,
            None => at == 0 || at < GROUP_ROWS && content + content_len(row) <= GROUP_CONTENT,
        };
        while let Some(row) = rows.next_if(|row| fits(row, at, content)) {
            if content_len(&row) > MAX_CONTENT {
                return Err(PackError::TooLong(content_len(&row)));
            }
            let location = Location { row_group: file.groups(), row: at as u32, row_type: row.row_type };
            index_row(&row, location, &mut index);
            push_row(&row, &mut columns, &mut compressor)?;
            (at, content) = (at + 1, content + content_len(&row));
        }
        let finish = |column: &mut ColumnEncoder| column.finish(&mut compressor, Vec::new());
        let encoded: Vec<EncodedColumn> = columns.iter_mut().map(finish).collect::<Result<_, _>>()?;
        file.append(&encoded)?;
    }
    file.seal(index, !layout.is_small)
}

fn content_len(row: &MetaRow) -> usize {
    row.content.as_ref().map_or(0, Bytes::len)
}

/// How many of the first rows make a row group.
fn group_len<'a>(rows: impl Iterator<Item = &'a MetaRow>) -> usize {
    let mut content = 0;
    let fits = |row: &&MetaRow| {
        content += content_len(row);
        content <= GROUP_CONTENT
    };
    rows.take(GROUP_ROWS).take_while(fits).count().max(1)
}

fn shape((name, column): (&str, ColumnType), layout: Layout) -> ColumnShape {
    // Hashes do not compress. In merged packs the blobs of changes have rows of their own nearby, though.
    let is_merged = layout.id_bytes.is_some();
    let compressed = is_merged || !matches!(name, "id" | "old_id");
    // Nobody passes over a file of a few KB by its bounds.
    let bounded = !layout.is_small && matches!(name, "type" | "seq" | "timestamp" | "path" | "node_id");
    debug_assert!(!bounded || !matches!(column, ColumnType::Binary | ColumnType::Integer));
    ColumnShape {
        optional: name != "type",
        compressed,
        if_shorter: layout.is_small,
        page_bytes: match (name, layout.is_small) {
            ("content", _) => layout.content_bytes,
            ("id", false) => layout.id_bytes.unwrap_or(PAGE_BYTES),
            (_, true) => 2 * SMALL_CONTENT,
            ("seq" | "timestamp" | "mtime", false) if is_merged => COMPACT_CONTENT,
            (_, false) => PAGE_BYTES,
        },
        page_rows: match name {
            "id" | "seq" | "timestamp" | "mtime" if is_merged => u32::MAX,
            _ => PAGE_ROWS,
        },
        bounded,
        page_bounds: !layout.is_small && matches!(name, "type" | "path"),
        bloom: false,
    }
}

/// Takes a row into the entries of its pack's index.
pub(super) fn index_row(row: &MetaRow, location: Location, index: &mut IndexEntries) {
    match (row.row_type, row.id) {
        (RowType::Change, id) => {
            if let (Some(path), Some(id), Some(seq), Some(mtime)) = (&row.path_raw, id, row.seq, row.mtime) {
                index.changes.push(ChangeEntry::new(path, &id, seq, mtime));
            }
        }
        (_, Some(id)) => index.objects.push(IndexEntry { id, location }),
        (_, None) => {}
    }
    if let (RowType::Op, Some(seq)) = (row.row_type, row.seq) {
        index.operations.push(OperationEntry { seq, location });
    }
}

/// One row into the columns, in the order of [`META_COLUMNS`].
fn push_row(
    row: &MetaRow,
    columns: &mut [ColumnEncoder; META_COLUMNS.len()],
    compressor: &mut PageCompressor,
) -> Result<(), PackError> {
    let [
        row_type,
        id,
        seq,
        timestamp,
        part_id,
        node_id,
        path,
        path_raw,
        old_path,
        change,
        mode,
        size,
        mtime,
        old_id,
        content,
    ] = columns;
    let mut bytes = |column: &mut ColumnEncoder, value: Option<&[u8]>| match value {
        Some(value) => column.push_bytes(value, compressor),
        None => column.push_null(compressor),
    };
    bytes(row_type, Some(row.row_type.name().as_bytes()))?;
    bytes(id, row.id.as_ref().map(|id| &id.as_bytes()[..]))?;
    bytes(part_id, row.part_id.map(|node| node.to_string()).as_deref().map(str::as_bytes))?;
    bytes(node_id, row.node_id.map(|node| node.to_string()).as_deref().map(str::as_bytes))?;
    bytes(path, row.path.as_deref().map(str::as_bytes))?;
    bytes(path_raw, row.path_raw.as_deref())?;
    bytes(old_path, row.old_path.as_deref().map(str::as_bytes))?;
    bytes(change, row.change.map(|change| change.name().as_bytes()))?;
    bytes(old_id, row.old_id.as_ref().map(|id| &id.as_bytes()[..]))?;
    bytes(content, row.content.as_deref())?;
    let mut long = |column: &mut ColumnEncoder, value: Option<i64>| match value {
        Some(value) => column.push_long(value, compressor),
        None => column.push_null(compressor),
    };
    long(seq, row.seq)?;
    long(timestamp, row.timestamp)?;
    long(size, row.size)?;
    long(mtime, row.mtime)?;
    match row.mode {
        Some(value) => mode.push_integer(value, compressor),
        None => mode.push_null(compressor),
    }
}
