//! The stored form of a page: one Arrow IPC stream with one batch.
//!
//! The schema's metadata names the body and the level. Readers look columns up by name, so that a later
//! version may add columns that can be derived, behind these; ids never cover these bytes.
//!
//! Arrow's library writes the stream. Pages are small and read by the thousand, and to build its arrays costs more than
//! all that is done with them, so the columns are read where they lie: the messages' metadata through Arrow's verified
//! flatbuffers, the buffers by the layout that the format fixes (validity and values; of a variable length: validity,
//! offsets, values). The bytes may come from a damaged or hostile table: no length in them decides an allocation, and each
//! is held against the bytes that are there.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, FixedSizeBinaryArray, RecordBatch, UInt8Array, UInt64Array};
use arrow::datatypes::{Field, Schema};
use arrow::ipc;
use arrow::ipc::writer::{IpcWriteOptions, StreamWriter};

use super::{Body, Item, MAX_ITEMS, Page, PageError};
use crate::id::ObjectId;
use crate::kind::Kind;

pub(crate) fn encode(page: &Page) -> Vec<u8> {
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    let mut add = |name: &str, column: ArrayRef| {
        fields.push(Field::new(name, column.data_type().clone(), false));
        columns.push(column);
    };
    let items = &page.items;
    if page.body.is_named() {
        if page.level == 0 {
            add(
                "kind",
                Arc::new(UInt8Array::from_iter_values(items.iter().map(|i| i.kind.map_or(0, Kind::number)))),
            );
        }
        add("name", Arc::new(BinaryArray::from_iter_values(items.iter().map(|i| &i.name))));
    }
    let ids: Vec<u8> = items.iter().flat_map(|i| *i.id.as_bytes()).collect();
    add("id", Arc::new(FixedSizeBinaryArray::new(ObjectId::LEN as i32, ids.into(), None)));
    add("size", Arc::new(UInt64Array::from_iter_values(items.iter().map(|i| i.size))));
    if page.level > 0 {
        add("count", Arc::new(UInt64Array::from_iter_values(items.iter().map(|i| i.count))));
    }
    let metadata = HashMap::from([("pond".to_owned(), format!("{} {}", page.body.word(), page.level))]);
    let schema = Arc::new(Schema::new_with_metadata(fields, metadata));
    let batch =
        RecordBatch::try_new(schema.clone(), columns).expect("BUG: a page's columns match its schema");
    let options = IpcWriteOptions::try_new(8, false, ipc::MetadataVersion::V5)
        .expect("BUG: 8 bytes is a valid alignment");
    let mut stream = Vec::new();
    let written = StreamWriter::try_new_with_options(&mut stream, &schema, options)
        .and_then(|mut writer| writer.write(&batch).and_then(|()| writer.finish()));
    written.expect("BUG: writing to memory does not fail");
    stream
}

pub(crate) fn decode(stream: &[u8]) -> Result<Page, PageError> {
    let (schema, _, rest) = message(stream)?;
    let schema = schema.header_as_schema().ok_or_else(|| encoding("no schema"))?;
    let (body, level) = label(schema)?;
    let (batch, buffers, _) = message(rest)?;
    let batch = batch.header_as_record_batch().ok_or_else(|| encoding("no batch"))?;
    let rows = usize::try_from(batch.length()).ok().filter(|rows| *rows <= MAX_ITEMS);
    let rows = rows.ok_or(PageError::Items("too many"))?;
    Columns::of(schema, batch, buffers, rows)?.page(body, level, rows)
}

fn encoding(what: impl Into<String>) -> PageError {
    PageError::Encoding(what.into())
}

/// Takes one message off a stream: its metadata, its buffers, and what comes after it.
fn message(stream: &[u8]) -> Result<(ipc::Message<'_>, &[u8], &[u8]), PageError> {
    let cut = || encoding("a message is cut off");
    let (mut length, mut rest) = stream.split_first_chunk().ok_or_else(cut)?;
    // A mark in front of the length, which older streams do not have.
    if *length == [0xff; 4] {
        (length, rest) = rest.split_first_chunk().ok_or_else(cut)?;
    }
    let (metadata, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or_else(cut)?;
    let message = ipc::root_as_message(metadata).map_err(|error| encoding(error.to_string()))?;
    let length = usize::try_from(message.bodyLength()).ok();
    let (buffers, rest) = length.and_then(|length| rest.split_at_checked(length)).ok_or_else(cut)?;
    Ok((message, buffers, rest))
}

/// What the schema says that the page is.
fn label(schema: ipc::Schema<'_>) -> Result<(Body, u8), PageError> {
    let metadata = schema.custom_metadata().into_iter().flatten().find(|pair| pair.key() == Some("pond"));
    let label = metadata.and_then(|pair| pair.value());
    let label = label.ok_or_else(|| encoding("no `pond` in its metadata"))?;
    label
        .split_once(' ')
        .and_then(|(body, level)| Some((Body::from_word(body)?, level.parse::<u8>().ok()?)))
        .ok_or_else(|| encoding("its metadata names no body and level"))
}

/// The columns where they lie in the stream. Each has what as many rows need.
#[derive(Default)]
struct Columns<'a> {
    kind: Option<&'a [u8]>,
    name: Option<Names<'a>>,
    id: Option<&'a [[u8; ObjectId::LEN]]>,
    size: Option<&'a [[u8; 8]]>,
    count: Option<&'a [[u8; 8]]>,
}

struct Names<'a> {
    /// One more than rows: where each begins and the last ends.
    offsets: &'a [[u8; 4]],
    values: &'a [u8],
}

impl<'a> Columns<'a> {
    fn of(
        schema: ipc::Schema<'a>,
        batch: ipc::RecordBatch<'a>,
        body: &'a [u8],
        rows: usize,
    ) -> Result<Self, PageError> {
        if schema.endianness() != ipc::Endianness::Little || batch.compression().is_some() {
            return Err(encoding("its bytes are in another order, or compressed"));
        }
        let mut nodes = batch.nodes().into_iter().flatten();
        let mut buffers = batch.buffers().into_iter().flatten();
        let mut buffer = || {
            let buffer = buffers.next()?;
            let start = usize::try_from(buffer.offset()).ok()?;
            body.get(start..start.checked_add(usize::try_from(buffer.length()).ok()?)?)
        };
        let mut columns = Self::default();
        for field in schema.fields().into_iter().flatten() {
            let name = field.name().unwrap_or_default();
            let cannot = |why: &str| encoding(format!("{why} column `{name}`"));
            let short = || cannot("too few bytes in");
            let node = nodes.next().ok_or_else(short)?;
            if node.null_count() != 0 {
                return Err(cannot("nulls in"));
            }
            if usize::try_from(node.length()) != Ok(rows) {
                return Err(cannot("another number of rows in"));
            }
            // No value is missing: nothing to look for in it.
            buffer().ok_or_else(short)?;
            let values = buffer().ok_or_else(short)?;
            match (name, Width::of(field)) {
                ("kind", Width::Number(8)) => columns.kind = Some(values.get(..rows).ok_or_else(short)?),
                ("name", Width::Variable) => {
                    let offsets = some(values, rows + 1).ok_or_else(short)?;
                    columns.name = Some(Names { offsets, values: buffer().ok_or_else(short)? });
                }
                ("id", Width::Fixed(ObjectId::LEN)) => {
                    columns.id = Some(some(values, rows).ok_or_else(short)?)
                }
                ("size", Width::Number(64)) => columns.size = Some(some(values, rows).ok_or_else(short)?),
                ("count", Width::Number(64)) => columns.count = Some(some(values, rows).ok_or_else(short)?),
                ("kind" | "name" | "id" | "size" | "count", _) => return Err(cannot("another type of")),
                (_, Width::Variable) => drop(buffer().ok_or_else(short)?),
                (_, Width::Number(_) | Width::Fixed(_)) => {}
                // Its buffers cannot be counted. What comes after it is not of this version.
                (_, Width::Unknown) => break,
            }
        }
        Ok(columns)
    }

    fn page(&self, body: Body, level: u8, rows: usize) -> Result<Page, PageError> {
        let missing = |name: &str| encoding(format!("no column `{name}`"));
        let ids = self.id.ok_or_else(|| missing("id"))?;
        let sizes = self.size.ok_or_else(|| missing("size"))?;
        let names = match body.is_named() {
            true => Some(self.name.as_ref().ok_or_else(|| missing("name"))?),
            false => None,
        };
        let kinds = match body.is_named() && level == 0 {
            true => Some(self.kind.ok_or_else(|| missing("kind"))?),
            false => None,
        };
        let counts = match level > 0 {
            true => Some(self.count.ok_or_else(|| missing("count"))?),
            false => None,
        };
        let mut items = Vec::with_capacity(rows);
        for row in 0..rows {
            let kind = kinds
                .map(|kinds| Kind::from_number(kinds[row]).ok_or(PageError::Items("a kind of no meaning")));
            let name = match names {
                Some(names) => names.get(row).ok_or_else(|| encoding("offsets of names out of order"))?,
                None => b"",
            };
            if name.len() > usize::from(u16::MAX) {
                return Err(PageError::Items("a name that is too long"));
            }
            items.push(Item {
                name: name.into(),
                kind: kind.transpose()?,
                id: ObjectId::from_bytes(ids[row]),
                size: u64::from_le_bytes(sizes[row]),
                count: counts.map_or(1, |counts| u64::from_le_bytes(counts[row])),
            });
        }
        Ok(Page { body, level, items })
    }
}

impl<'a> Names<'a> {
    fn get(&self, row: usize) -> Option<&'a [u8]> {
        let [start, end] = [row, row + 1].map(|at| i32::from_le_bytes(self.offsets[at]));
        self.values.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
    }
}

/// How the values of a column lie.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Width {
    /// Unsigned numbers of so many bits.
    Number(i32),
    /// So many bytes each.
    Fixed(usize),
    /// Bytes of any number, with offsets.
    Variable,
    Unknown,
}

impl Width {
    fn of(field: ipc::Field<'_>) -> Self {
        if field.dictionary().is_some() {
            return Self::Unknown;
        }
        let number = field.type_as_int().map(|int| match int.is_signed() {
            false => Self::Number(int.bitWidth()),
            true => Self::Fixed(int.bitWidth() as usize / 8),
        });
        let fixed = || {
            let width = field.type_as_fixed_size_binary()?.byteWidth();
            Some(Self::Fixed(usize::try_from(width).ok()?))
        };
        let is_variable = matches!(field.type_type(), ipc::Type::Binary | ipc::Type::Utf8);
        let variable = || is_variable.then_some(Self::Variable);
        number.or_else(fixed).or_else(variable).unwrap_or(Self::Unknown)
    }
}

/// The first `count` values of `N` bytes; `None` if there are less.
fn some<const N: usize>(bytes: &[u8], count: usize) -> Option<&[[u8; N]]> {
    bytes.as_chunks().0.get(..count)
}
