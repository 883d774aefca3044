//! Writing meta packs: the few rows of a commit, or a hundred thousand change rows, sorted so that the
//! statistics of columns tell readers which pages they can pass over.

use std::path::Path;

use bytes::Bytes;

use super::column::{ColumnEncoder, ColumnShape, EncodedColumn, PageCompressor};
use super::index::{ChangeEntry, IndexEntries, IndexEntry, OperationEntry};
use super::sealed::{PackFile, SealedPack};
use super::{MAX_CONTENT, PackError};
use crate::row::{Location, MetaRow, RowType};
use crate::schema::{ColumnType, META_COLUMNS, PackKind};

/// A row group is closed at so many rows, or bytes of content.
const GROUP_ROWS: usize = 20_000;
const GROUP_CONTENT: usize = 8 << 20;

/// Up to so many rows a pack has one page a column, no page index, and only its texts are compressed: there
/// the frames of pages and their compression would be most of the file.
const SMALL_ROWS: usize = 64;

/// Bytes of content in a pack with one page a column.
const SMALL_CONTENT: usize = 128 << 10;

/// Bytes and rows of a page otherwise.
const PAGE_BYTES: usize = 16 << 10;
const PAGE_ROWS: u32 = 2048;

/// Writes a meta pack to a temporary file in `dir`, and makes it durable. The rows are sorted here: by type,
/// then path, then operation, and stay in their order otherwise, so that what was written together is read together: the
/// commits of a walk are neighbours, and so are the pages of a version. A failed call leaves no file.
pub fn write_meta_pack(dir: &Path, mut rows: Vec<MetaRow>) -> Result<SealedPack, PackError> {
    if let Some(content) = rows.iter().filter_map(|row| row.content.as_ref()).find(|c| c.len() > MAX_CONTENT)
    {
        return Err(PackError::TooLong(content.len()));
    }
    rows.sort_by(|a, b| {
        (a.row_type, &a.path, &a.path_raw, a.seq).cmp(&(b.row_type, &b.path, &b.path_raw, b.seq))
    });
    let content: usize = rows.iter().map(content_len).sum();
    let small = rows.len() <= SMALL_ROWS && content <= SMALL_CONTENT;
    let mut file = PackFile::create(dir, PackKind::Meta)?;
    let mut index = IndexEntries::default();
    let mut compressor = PageCompressor::new(if small { 3 } else { 1 });
    let mut columns = META_COLUMNS.map(|column| ColumnEncoder::new(shape(column, small), Vec::new()));
    let mut left = rows.as_slice();
    while !left.is_empty() {
        let (group, rest) = left.split_at(group_len(left));
        left = rest;
        for (row, at) in group.iter().zip(0..) {
            index_row(
                row,
                Location { row_group: file.groups(), row: at, row_type: row.row_type },
                &mut index,
            );
            push_row(row, &mut columns, &mut compressor)?;
        }
        let finish = |column: &mut ColumnEncoder| column.finish(&mut compressor, Vec::new());
        let encoded: Vec<EncodedColumn> = columns.iter_mut().map(finish).collect::<Result<_, _>>()?;
        file.append(&encoded)?;
    }
    file.seal(index, !small)
}

fn content_len(row: &MetaRow) -> usize {
    row.content.as_ref().map_or(0, Bytes::len)
}

fn group_len(rows: &[MetaRow]) -> usize {
    let mut content = 0;
    let fits = |row: &&MetaRow| {
        content += content_len(row);
        content <= GROUP_CONTENT
    };
    rows.iter().take(GROUP_ROWS).take_while(fits).count().max(1)
}

fn shape((name, column): (&str, ColumnType), small: bool) -> ColumnShape {
    // Hashes do not compress.
    let compressed = match name {
        "id" | "old_id" => false,
        "content" | "path" | "path_raw" => true,
        _ => !small,
    };
    let bounded = matches!(name, "type" | "seq" | "timestamp" | "path" | "node_id");
    debug_assert!(!bounded || !matches!(column, ColumnType::Binary | ColumnType::Integer));
    ColumnShape {
        optional: name != "type",
        compressed,
        page_bytes: if small { 2 * SMALL_CONTENT } else { PAGE_BYTES },
        page_rows: PAGE_ROWS,
        bounded,
        page_bounds: !small && matches!(name, "type" | "path"),
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
