//! The stored form of a page: one Arrow IPC stream with one batch.
//!
//! The schema's metadata names the body and the level. Readers look columns up by name, so that a later
//! version may add columns that can be derived; ids never cover these bytes.
//!
//! The bytes may come from a damaged or hostile table. They are decoded in place, so no length in them decides an
//! allocation, and arrow's decoder, which panics on some malformed messages, is held inside `catch_unwind`.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, FixedSizeBinaryArray, RecordBatch, UInt8Array, UInt64Array,
};
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::ipc::MetadataVersion;
use arrow::ipc::reader::StreamDecoder;
use arrow::ipc::writer::{IpcWriteOptions, StreamWriter};

use crate::id::ObjectId;
use crate::kind::Kind;
use crate::page::{Body, Item, MAX_ITEMS, Page, PageError};

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
    let options =
        IpcWriteOptions::try_new(8, false, MetadataVersion::V5).expect("BUG: 8 bytes is a valid alignment");
    let mut stream = Vec::new();
    let written = StreamWriter::try_new_with_options(&mut stream, &schema, options)
        .and_then(|mut writer| writer.write(&batch).and_then(|()| writer.finish()));
    written.expect("BUG: writing to memory does not fail");
    stream
}

pub(crate) fn decode(stream: &[u8]) -> Result<Page, PageError> {
    let guarded = std::panic::catch_unwind(|| decode_stream(stream));
    guarded.unwrap_or_else(|_| Err(PageError::Encoding("a malformed message".to_owned())))
}

fn decode_stream(stream: &[u8]) -> Result<Page, PageError> {
    let encoding = |error: &dyn std::fmt::Display| PageError::Encoding(error.to_string());
    let mut rest = Buffer::from(stream);
    let mut decoder = StreamDecoder::new();
    let batch = decoder.decode(&mut rest).map_err(|e| encoding(&e))?.ok_or_else(|| encoding(&"no batch"))?;
    let schema = batch.schema();
    let label = schema.metadata().get("pond").ok_or_else(|| encoding(&"no `pond` in its metadata"))?;
    let (body, level) = label
        .split_once(' ')
        .and_then(|(body, level)| Some((Body::from_word(body)?, level.parse::<u8>().ok()?)))
        .ok_or_else(|| encoding(&"its metadata names no body and level"))?;
    if batch.num_rows() > MAX_ITEMS {
        return Err(PageError::Items("too many"));
    }
    Columns::of(&batch, body, level)?.page(body, level)
}

struct Columns<'a> {
    kind: Option<&'a UInt8Array>,
    name: Option<&'a BinaryArray>,
    id: &'a FixedSizeBinaryArray,
    size: &'a UInt64Array,
    count: Option<&'a UInt64Array>,
    rows: usize,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch, body: Body, level: u8) -> Result<Self, PageError> {
        let named = body.is_named();
        let id: &FixedSizeBinaryArray = column(batch, "id")?;
        if *id.data_type() != DataType::FixedSizeBinary(ObjectId::LEN as i32) {
            return Err(PageError::Encoding("ids of another length".to_owned()));
        }
        Ok(Self {
            kind: if named && level == 0 { Some(column(batch, "kind")?) } else { None },
            name: if named { Some(column(batch, "name")?) } else { None },
            id,
            size: column(batch, "size")?,
            count: if level > 0 { Some(column(batch, "count")?) } else { None },
            rows: batch.num_rows(),
        })
    }

    fn page(&self, body: Body, level: u8) -> Result<Page, PageError> {
        let mut items = Vec::with_capacity(self.rows);
        for row in 0..self.rows {
            let kind = match self.kind.map(|column| column.value(row)) {
                None => None,
                Some(number) => {
                    Some(Kind::from_number(number).ok_or(PageError::Items("a kind of no meaning"))?)
                }
            };
            let name = self.name.map(|column| column.value(row)).unwrap_or_default();
            if name.len() > usize::from(u16::MAX) {
                return Err(PageError::Items("a name that is too long"));
            }
            items.push(Item {
                name: name.into(),
                kind,
                id: ObjectId::from_slice(self.id.value(row)).expect("BUG: the column's width was checked"),
                size: self.size.value(row),
                count: self.count.map_or(1, |column| column.value(row)),
            });
        }
        Ok(Page { body, level, items })
    }
}

fn column<'a, T: Array + 'static>(batch: &'a RecordBatch, name: &str) -> Result<&'a T, PageError> {
    let column = batch
        .column_by_name(name)
        .and_then(|column| column.as_any().downcast_ref::<T>())
        .ok_or_else(|| PageError::Encoding(format!("no column `{name}` of its type")))?;
    if column.null_count() > 0 {
        return Err(PageError::Encoding(format!("nulls in column `{name}`")));
    }
    Ok(column)
}
