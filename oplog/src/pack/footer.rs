//! The footer of a pack, and the offset index that says where pages stand. Read with every size checked.

use super::thrift::{Thrift, wire};
use super::{Damage, MAX_GROUP_ROWS, MAX_PAGE};

/// How values are laid out in pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Physical {
    Integer,
    Long,
    Bytes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    Plain,
    Zstd,
}

#[derive(Debug)]
pub(super) struct FooterColumn {
    pub(super) name: String,
    pub(super) physical: Physical,
    pub(super) optional: bool,
}

/// A column of a row group: its pages' bytes in the file, and the offset index's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk {
    pub(super) codec: Codec,
    pub(super) start: u64,
    pub(super) len: u64,
    pub(super) offset_index: Option<(u64, usize)>,
}

#[derive(Debug)]
pub(super) struct Group {
    pub(super) rows: u32,
    pub(super) chunks: Vec<Chunk>,
}

#[derive(Debug)]
pub(super) struct Footer {
    pub(super) columns: Vec<FooterColumn>,
    pub(super) groups: Vec<Group>,
}

/// A page in the file: header and values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageSpan {
    pub(super) offset: u64,
    pub(super) len: usize,
    pub(super) first_row: u32,
}

impl Footer {
    /// Reads the footer of a file of `size` bytes.
    pub(super) fn parse(bytes: &[u8], size: u64) -> Result<Self, Damage> {
        let (mut columns, mut groups) = (Vec::new(), Vec::new());
        Thrift::new(bytes).fields(|thrift, id, kind| match (id, kind) {
            (2, wire::LIST) => {
                let count = thrift.structures()?;
                for at in 0..count {
                    let column = parse_column(thrift)?;
                    // The first is the root.
                    if at > 0 {
                        columns.push(column.ok_or(Damage("a column is of a type that pond does not use"))?);
                    }
                }
                Ok(())
            }
            (4, wire::LIST) => {
                for _ in 0..thrift.structures()? {
                    groups.push(parse_group(thrift, size)?);
                }
                Ok(())
            }
            _ => thrift.skip(kind),
        })?;
        if columns.is_empty() || groups.iter().any(|group: &Group| group.chunks.len() != columns.len()) {
            return Err(Damage("its row groups do not have its columns"));
        }
        Ok(Self { columns, groups })
    }

    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    pub(super) fn rows(&self) -> u64 {
        self.groups.iter().map(|group| u64::from(group.rows)).sum()
    }
}

fn parse_column(thrift: &mut Thrift<'_>) -> Result<Option<FooterColumn>, Damage> {
    let (mut physical, mut repetition, mut name) = (None, None, None);
    thrift.fields(|thrift, id, kind| {
        match (id, kind) {
            (1, wire::I32) => {
                physical = match thrift.integer()? {
                    1 => Some(Physical::Integer),
                    2 => Some(Physical::Long),
                    6 => Some(Physical::Bytes),
                    _ => None,
                }
            }
            (3, wire::I32) => repetition = Some(thrift.integer()?),
            (4, wire::BINARY) => name = std::str::from_utf8(thrift.binary()?).ok(),
            _ => thrift.skip(kind)?,
        }
        Ok(())
    })?;
    let name = name.ok_or(Damage("a column has no name"))?.to_owned();
    Ok(match (physical, repetition) {
        (Some(physical), Some(repetition @ (0 | 1))) => {
            Some(FooterColumn { name, physical, optional: repetition == 1 })
        }
        _ => None,
    })
}

fn parse_group(thrift: &mut Thrift<'_>, size: u64) -> Result<Group, Damage> {
    let (mut chunks, mut rows) = (Vec::new(), 0);
    thrift.fields(|thrift, id, kind| match (id, kind) {
        (1, wire::LIST) => {
            for _ in 0..thrift.structures()? {
                chunks.push(parse_chunk(thrift, size)?);
            }
            Ok(())
        }
        (3, wire::I64) => {
            rows = thrift.size()?;
            Ok(())
        }
        _ => thrift.skip(kind),
    })?;
    match u32::try_from(rows) {
        Ok(rows) if rows as usize <= MAX_GROUP_ROWS => Ok(Group { rows, chunks }),
        _ => Err(Damage("a row group has too many rows")),
    }
}

fn parse_chunk(thrift: &mut Thrift<'_>, size: u64) -> Result<Chunk, Damage> {
    let (mut codec, mut start, mut len) = (None, None, None);
    let (mut index_start, mut index_len) = (None, None);
    thrift.fields(|thrift, id, kind| {
        match (id, kind) {
            (3, wire::STRUCT) => thrift.fields(|thrift, id, kind| {
                match (id, kind) {
                    (4, wire::I32) => {
                        codec = match thrift.integer()? {
                            0 => Some(Codec::Plain),
                            6 => Some(Codec::Zstd),
                            _ => return Err(Damage("a column's compression is one that pond does not use")),
                        }
                    }
                    (7, wire::I64) => len = Some(thrift.size()?),
                    (9, wire::I64) => start = Some(thrift.size()?),
                    (11, wire::I64) => return Err(Damage("a column has a dictionary")),
                    _ => thrift.skip(kind)?,
                }
                Ok(())
            })?,
            (4, wire::I64) => index_start = Some(thrift.size()?),
            (5, wire::I32) => index_len = Some(thrift.size()?),
            _ => thrift.skip(kind)?,
        }
        Ok(())
    })?;
    let inside = |start: u64, len: u64| start.checked_add(len).is_some_and(|end| end <= size);
    let (Some(codec), Some(start), Some(len)) = (codec, start, len) else {
        return Err(Damage("a column's place is not said"));
    };
    if !inside(start, len) {
        return Err(Damage("a column lies outside the file"));
    }
    let offset_index = match (index_start, index_len) {
        (Some(start), Some(len)) if inside(start, len) && len <= MAX_PAGE as u64 => {
            Some((start, len as usize))
        }
        (None, None) => None,
        _ => return Err(Damage("an offset index lies outside the file")),
    };
    Ok(Chunk { codec, start, len, offset_index })
}

/// Reads the offset index of `chunk`, which has `rows` rows: pages in order, from row 0, inside the chunk.
pub(super) fn parse_offset_index(bytes: &[u8], chunk: &Chunk, rows: u32) -> Result<Vec<PageSpan>, Damage> {
    let mut spans = Vec::new();
    Thrift::new(bytes).fields(|thrift, id, kind| match (id, kind) {
        (1, wire::LIST) => {
            for _ in 0..thrift.structures()? {
                spans.push(parse_location(thrift)?);
            }
            Ok(())
        }
        _ => thrift.skip(kind),
    })?;
    check_spans(&spans, chunk, rows)?;
    Ok(spans)
}

fn parse_location(thrift: &mut Thrift<'_>) -> Result<PageSpan, Damage> {
    let (mut offset, mut len, mut first_row) = (0, 0, 0);
    thrift.fields(|thrift, id, kind| {
        match (id, kind) {
            (1, wire::I64) => offset = thrift.size()?,
            (2, wire::I32) => len = thrift.size()?,
            (3, wire::I64) => first_row = thrift.size()?,
            _ => thrift.skip(kind)?,
        }
        Ok(())
    })?;
    let first_row = u32::try_from(first_row).map_err(|_| Damage("a page begins at an impossible row"))?;
    let len = usize::try_from(len).map_err(|_| Damage("a page is too large"))?;
    Ok(PageSpan { offset, len, first_row })
}

/// Checks that pages are in order and inside their column, and that none is without a row.
pub(super) fn check_spans(spans: &[PageSpan], chunk: &Chunk, rows: u32) -> Result<(), Damage> {
    let (mut at, mut next_row) = (chunk.start, 0);
    for (number, span) in spans.iter().enumerate() {
        let end = span.offset.checked_add(span.len as u64);
        let ordered = if number == 0 { span.first_row == 0 } else { span.first_row > next_row };
        if !ordered || span.offset < at || end.is_none_or(|end| end > chunk.start + chunk.len) {
            return Err(Damage("its pages are not where its offset index says"));
        }
        (at, next_row) = (span.offset + span.len as u64, span.first_row);
    }
    if rows > 0 && (spans.is_empty() || next_row >= rows) {
        return Err(Damage("its offset index does not cover its rows"));
    }
    Ok(())
}
