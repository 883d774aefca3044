//! All rows of a pack, in order: with chosen columns, or with their contents.

use std::ops::BitOr;
use std::vec;

use bytes::Bytes;
use pond_objects::{NodeId, ObjectId};

use super::decode::PlainPage;
use super::footer::{PageSpan, Physical};
use super::reader::PackReader;
use super::{Damage, PackError};
use crate::row::{ChangeKind, Location, MetaRow, RowType};

/// A set of columns to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Columns(u16);

macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident = $bit:expr;)*) => {
        impl Columns { $($(#[$doc])* pub const $name: Self = Self(1 << $bit);)* }
    };
}

columns! {
    /// The object's id.
    ID = 0;
    /// The operation's number.
    SEQ = 1;
    /// The row's time.
    TIMESTAMP = 2;
    /// The directory's node.
    PART_ID = 3;
    /// The node.
    NODE_ID = 4;
    /// The path as text.
    PATH = 5;
    /// The path as bytes.
    PATH_RAW = 6;
    /// The path before a rename.
    OLD_PATH = 7;
    /// What happened.
    CHANGE = 8;
    /// The mode.
    MODE = 9;
    /// The size.
    SIZE = 10;
    /// The modification time.
    MTIME = 11;
    /// The blob before.
    OLD_ID = 12;
    /// The content.
    CONTENT = 13;
}

impl Columns {
    /// No column but `type`, which is always read.
    pub const NONE: Self = Self(0);
    /// Every column.
    pub const ALL: Self = Self((1 << 14) - 1);
    /// Every column but the content.
    pub const WITHOUT_CONTENT: Self = Self(Self::ALL.0 & !Self::CONTENT.0);

    const fn has(self, column: Self) -> bool {
        self.0 & column.0 != 0
    }
}

impl BitOr for Columns {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The iterator of [`PackReader::select`]; holds one row group's columns at a time.
#[derive(Debug)]
pub struct MetaRows<'a> {
    reader: &'a PackReader,
    columns: Columns,
    only: Option<RowType>,
    next_group: u32,
    ready: vec::IntoIter<(Location, MetaRow)>,
}

impl<'a> MetaRows<'a> {
    pub(super) fn new(reader: &'a PackReader, columns: Columns, only: Option<RowType>) -> Self {
        Self { reader, columns, only, next_group: 0, ready: Vec::new().into_iter() }
    }

    fn read_group(&self, row_group: u32) -> Result<Vec<(Location, MetaRow)>, PackError> {
        let types = self.reader.row_types(row_group)?;
        let wanted = |row_type: &RowType| self.only.is_none_or(|only| only == *row_type);
        if !types.iter().any(wanted) {
            return Ok(Vec::new());
        }
        let mut rows: Vec<MetaRow> = types.iter().map(|row_type| MetaRow::new(*row_type)).collect();
        self.fill(row_group, &mut rows)?;
        let located = rows
            .into_iter()
            .zip(0..)
            .map(|(meta, row)| (Location { row_group, row, row_type: meta.row_type }, meta));
        Ok(located.filter(|(location, _)| wanted(&location.row_type)).collect())
    }

    fn fill(&self, row_group: u32, rows: &mut [MetaRow]) -> Result<(), PackError> {
        let group = Group { reader: self.reader, row_group, columns: self.columns };
        group.bytes(Columns::ID, "id", rows, |row, value| put(&mut row.id, ObjectId::from_slice(value)))?;
        group.bytes(Columns::OLD_ID, "old_id", rows, |row, value| {
            put(&mut row.old_id, ObjectId::from_slice(value))
        })?;
        group.bytes(Columns::PART_ID, "part_id", rows, |row, value| put(&mut row.part_id, node(value)))?;
        group.bytes(Columns::NODE_ID, "node_id", rows, |row, value| put(&mut row.node_id, node(value)))?;
        group.bytes(Columns::PATH, "path", rows, |row, value| put(&mut row.path, text(value)))?;
        group.bytes(Columns::OLD_PATH, "old_path", rows, |row, value| put(&mut row.old_path, text(value)))?;
        group.bytes(Columns::PATH_RAW, "path_raw", rows, |row, value| {
            put(&mut row.path_raw, Some(value.to_vec()))
        })?;
        group.bytes(Columns::CHANGE, "change", rows, |row, value| {
            put(&mut row.change, ChangeKind::from_name(value))
        })?;
        group.bytes(Columns::CONTENT, "content", rows, |row, value| {
            put(&mut row.content, Some(Bytes::copy_from_slice(value)))
        })?;
        group.longs(Columns::SEQ, "seq", rows, |row, value| row.seq = value)?;
        group.longs(Columns::TIMESTAMP, "timestamp", rows, |row, value| row.timestamp = value)?;
        group.longs(Columns::SIZE, "size", rows, |row, value| row.size = value)?;
        group.longs(Columns::MTIME, "mtime", rows, |row, value| row.mtime = value)?;
        group.longs(Columns::MODE, "mode", rows, |row, value| {
            row.mode = value.and_then(|mode| i32::try_from(mode).ok());
        })
    }
}

impl Iterator for MetaRows<'_> {
    type Item = Result<(Location, MetaRow), PackError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.ready.next() {
                return Some(Ok(row));
            }
            if self.next_group as usize >= self.reader.footer.groups.len() {
                return None;
            }
            let row_group = self.next_group;
            self.next_group += 1;
            match self.read_group(row_group) {
                Ok(rows) => self.ready = rows.into_iter(),
                Err(error) => {
                    self.next_group = u32::MAX;
                    return Some(Err(error));
                }
            }
        }
    }
}

fn put<T>(field: &mut Option<T>, value: Option<T>) -> Result<(), Damage> {
    *field = Some(value.ok_or(Damage("a value is not what its column holds"))?);
    Ok(())
}

fn text(value: &[u8]) -> Option<String> {
    std::str::from_utf8(value).ok().map(str::to_owned)
}

fn node(value: &[u8]) -> Option<NodeId> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// One row group's columns, for filling rows.
struct Group<'a> {
    reader: &'a PackReader,
    row_group: u32,
    columns: Columns,
}

impl Group<'_> {
    /// Gives each row that has one its value of a byte column; a column that the pack lacks is null.
    fn bytes(
        &self,
        column: Columns,
        name: &str,
        rows: &mut [MetaRow],
        mut set: impl FnMut(&mut MetaRow, &[u8]) -> Result<(), Damage>,
    ) -> Result<(), PackError> {
        self.pages(column, name, Physical::Bytes, |page, first| {
            let spans = page.byte_spans()?;
            for (row, span) in rows[first..].iter_mut().zip(spans) {
                if let Some((start, len)) = span {
                    set(row, &page.body()[start as usize..(start + len) as usize])?;
                }
            }
            Ok(())
        })
    }

    /// The same for integers, 32 and 64 bits long.
    fn longs(
        &self,
        column: Columns,
        name: &str,
        rows: &mut [MetaRow],
        mut set: impl FnMut(&mut MetaRow, Option<i64>),
    ) -> Result<(), PackError> {
        let physical = if column == Columns::MODE { Physical::Integer } else { Physical::Long };
        self.pages(column, name, physical, |page, first| {
            let mut values = Vec::new();
            match physical {
                Physical::Integer => {
                    page.numbers(|bytes| i64::from(i32::from_le_bytes(bytes)), &mut values)?
                }
                _ => page.numbers(i64::from_le_bytes, &mut values)?,
            }
            rows[first..].iter_mut().zip(values).for_each(|(row, value)| set(row, value));
            Ok(())
        })
    }

    fn pages(
        &self,
        column: Columns,
        name: &str,
        physical: Physical,
        each: impl FnMut(&PlainPage, usize) -> Result<(), Damage>,
    ) -> Result<(), PackError> {
        match self.reader.footer.column(name) {
            Some(at) if self.columns.has(column) => self.reader.pages(self.row_group, at, physical, each),
            _ => Ok(()),
        }
    }
}

impl PackReader {
    /// Decodes a column of a row group page by page; `each` also gets the page's first row.
    fn pages(
        &self,
        row_group: u32,
        column: usize,
        physical: Physical,
        mut each: impl FnMut(&PlainPage, usize) -> Result<(), Damage>,
    ) -> Result<(), PackError> {
        if self.footer.columns[column].physical != physical {
            return Err(PackError::damaged(self.path())(Damage("a column is of another type")));
        }
        let spans = self.page_spans(row_group, column)?;
        let rows = self.footer.groups[row_group as usize].rows;
        for (at, span) in spans.iter().enumerate() {
            let end = spans.get(at + 1).map_or(rows, |next| next.first_row);
            let page = self.read_page(row_group, column, *span, end)?;
            each(&page, span.first_row as usize).map_err(PackError::damaged(self.path()))?;
        }
        Ok(())
    }

    /// The types of a row group's rows. They are never null, so that there are as many as rows, and as many
    /// as the file has bytes for.
    fn row_types(&self, row_group: u32) -> Result<Vec<RowType>, PackError> {
        const ABSENT: Damage = Damage("a row has no type that pond knows");
        let mut types = Vec::new();
        let column = self.footer.column("type").ok_or(ABSENT).map_err(PackError::damaged(self.path()))?;
        self.pages(row_group, column, Physical::Bytes, |page, _| {
            for span in page.byte_spans()? {
                let (start, len) = span.ok_or(ABSENT)?;
                let name = &page.body()[start as usize..(start + len) as usize];
                types.push(RowType::from_name(name).ok_or(ABSENT)?);
            }
            Ok(())
        })?;
        Ok(types)
    }

    fn row_ids(&self, row_group: u32, rows: usize) -> Result<Vec<Option<ObjectId>>, PackError> {
        const WRONG: Damage = Damage("an id is not of 32 bytes");
        let mut ids = Vec::with_capacity(rows);
        let column = self.footer.column("id").ok_or(WRONG).map_err(PackError::damaged(self.path()))?;
        self.pages(row_group, column, Physical::Bytes, |page, _| {
            for span in page.byte_spans()? {
                ids.push(match span {
                    Some((start, len)) => {
                        let id = ObjectId::from_slice(&page.body()[start as usize..(start + len) as usize]);
                        Some(id.ok_or(WRONG)?)
                    }
                    None => None,
                });
            }
            Ok(())
        })?;
        Ok(ids)
    }
}

/// A row with its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataRow {
    /// Where it stands.
    pub location: Location,
    /// The object.
    pub id: ObjectId,
    /// Its stored form.
    pub content: Bytes,
}

/// The iterator of [`PackReader::data_rows`].
#[derive(Debug)]
pub struct DataRows<'a> {
    reader: &'a PackReader,
    next_group: u32,
    /// The row group's rows, and its pages of content that are still to be read, last first.
    types: Vec<RowType>,
    ids: Vec<Option<ObjectId>>,
    pages: Vec<(PageSpan, u32)>,
    row_group: u32,
    ready: vec::IntoIter<DataRow>,
}

impl<'a> DataRows<'a> {
    pub(super) fn new(reader: &'a PackReader) -> Self {
        Self {
            reader,
            next_group: 0,
            types: Vec::new(),
            ids: Vec::new(),
            pages: Vec::new(),
            row_group: 0,
            ready: Vec::new().into_iter(),
        }
    }

    /// Reads the next page of content; whether there was one.
    fn advance(&mut self) -> Result<bool, PackError> {
        let reader = self.reader;
        let damaged = |damage| PackError::damaged(reader.path())(damage);
        let column = reader.footer.column("content").ok_or(Damage("there is no content")).map_err(damaged)?;
        let Some((span, end)) = self.pages.pop() else {
            let Some(group) = reader.footer.groups.get(self.next_group as usize) else { return Ok(false) };
            self.row_group = self.next_group;
            self.next_group += 1;
            self.types = reader.row_types(self.row_group)?;
            self.ids = reader.row_ids(self.row_group, self.types.len())?;
            let spans = reader.page_spans(self.row_group, column)?;
            let ends = spans.iter().skip(1).map(|span| span.first_row).chain([group.rows]);
            self.pages = spans.iter().copied().zip(ends).collect();
            self.pages.reverse();
            return Ok(true);
        };
        let page = reader.read_page(self.row_group, column, span, end)?;
        let spans = page.byte_spans().map_err(damaged)?;
        let mut rows = Vec::with_capacity(spans.len());
        for (row, content) in (span.first_row..).zip(spans) {
            let at = row as usize;
            let row_type = *self.types.get(at).ok_or(Damage("a row has no type")).map_err(damaged)?;
            let (Some(id), Some((start, len))) = (self.ids.get(at).copied().flatten(), content) else {
                return Err(damaged(Damage("a row has no id or no content")));
            };
            let location = Location { row_group: self.row_group, row, row_type };
            let (start, end) = (start as usize, (start + len) as usize);
            rows.push(DataRow { location, id, content: page.body().slice(start..end) });
        }
        self.ready = rows.into_iter();
        Ok(true)
    }
}

impl Iterator for DataRows<'_> {
    type Item = Result<DataRow, PackError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.ready.next() {
                return Some(Ok(row));
            }
            match self.advance() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    self.pages.clear();
                    self.next_group = u32::MAX;
                    return Some(Err(error));
                }
            }
        }
    }
}
