//! Writing data packs: row groups are encoded on any thread, and appended by the pack's owner in the order in
//! which they are to stand.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use pond_objects::ObjectId;

use super::column::{ColumnEncoder, ColumnShape, EncodedColumn, PageCompressor};
use super::index::{IndexEntries, IndexEntry};
use super::sealed::{PackFile, SealedPack};
use super::{MAX_CONTENT, MAX_GROUP_ROWS, PackError};
use crate::row::{Location, RowType};
use crate::schema::PackKind;

/// How much effort goes into compressing a data pack's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compression {
    /// The level of zstd.
    pub level: i32,
    /// Bytes of a page before compression: what one read decodes, and how far back repeats are found.
    pub page_bytes: usize,
}

impl Compression {
    /// For new content: fast to write and to read.
    pub const FRESH: Self = Self { level: 1, page_bytes: 256 << 10 };
    /// For what maintenance rewrites: versions of a file stand beside each other and are read rarely.
    pub const COMPACT: Self = Self { level: 3, page_bytes: 1 << 20 };
}

/// Buffers of finished row groups, for the next ones: fresh memory costs a page fault every 4 KiB.
#[derive(Debug, Default)]
struct Buffers(Mutex<Vec<Vec<u8>>>);

/// Buffers that are kept, and the largest of them.
const KEPT_BUFFERS: usize = 4;
const KEPT_CAPACITY: usize = 16 << 20;

impl Buffers {
    fn take(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    fn give(&self, mut buffer: Vec<u8>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT_BUFFERS && buffer.capacity() <= KEPT_CAPACITY {
            buffer.clear();
            kept.push(buffer);
        }
    }
}

/// Makes the encoders of one pack; clone it into every thread.
#[derive(Debug, Clone)]
pub struct EncoderFactory {
    compression: Compression,
    buffers: Arc<Buffers>,
}

impl EncoderFactory {
    /// An empty encoder, good for any number of row groups one after the other.
    pub fn encoder(&self) -> RowGroupEncoder {
        let shape = ColumnShape {
            optional: false,
            compressed: false,
            if_shorter: false,
            page_bytes: 1 << 20,
            page_rows: u32::MAX,
            bounded: false,
            page_bounds: false,
            bloom: false,
        };
        let types = ColumnShape { compressed: true, bounded: true, ..shape };
        let ids = ColumnShape { bloom: true, ..shape };
        let contents = ColumnShape { compressed: true, page_bytes: self.compression.page_bytes, ..shape };
        RowGroupEncoder {
            compressor: PageCompressor::new(self.compression.level),
            types: ColumnEncoder::new(types, Vec::new()),
            ids: ColumnEncoder::new(ids, Vec::new()),
            contents: ColumnEncoder::new(contents, self.buffers.take()),
            entries: Vec::new(),
            raw_len: 0,
            buffers: self.buffers.clone(),
        }
    }
}

/// One row group being filled. It holds the compressed pages and one open page, never the whole content.
pub struct RowGroupEncoder {
    compressor: PageCompressor,
    types: ColumnEncoder,
    ids: ColumnEncoder,
    contents: ColumnEncoder,
    entries: Vec<(ObjectId, RowType)>,
    raw_len: u64,
    buffers: Arc<Buffers>,
}

impl RowGroupEncoder {
    /// Appends a row. The content is copied. After an error the encoder is of no more use.
    pub fn push(&mut self, row_type: RowType, id: ObjectId, content: &[u8]) -> Result<(), PackError> {
        if content.len() > MAX_CONTENT {
            return Err(PackError::TooLong(content.len()));
        }
        if self.entries.len() >= MAX_GROUP_ROWS {
            return Err(PackError::Full);
        }
        self.types.push_bytes(row_type.name().as_bytes(), &mut self.compressor)?;
        self.ids.push_bytes(id.as_bytes(), &mut self.compressor)?;
        self.contents.push_bytes(content, &mut self.compressor)?;
        self.entries.push((id, row_type));
        self.raw_len += content.len() as u64;
        Ok(())
    }

    /// Bytes of content in the row group, before compression.
    pub fn raw_len(&self) -> u64 {
        self.raw_len
    }

    /// Rows in the row group.
    pub fn rows(&self) -> usize {
        self.entries.len()
    }

    /// The row group so far, which may have no rows; the encoder is empty afterwards and can be used again.
    pub fn finish(&mut self) -> Result<EncodedRowGroup, PackError> {
        let compressor = &mut self.compressor;
        self.raw_len = 0;
        Ok(EncodedRowGroup {
            columns: [
                self.types.finish(compressor, Vec::new())?,
                self.ids.finish(compressor, Vec::new())?,
                self.contents.finish(compressor, self.buffers.take())?,
            ],
            entries: std::mem::take(&mut self.entries),
        })
    }
}

/// A row group as bytes, to be appended to the pack whose factory made its encoder.
#[must_use = "a row group that is not appended is lost"]
pub struct EncodedRowGroup {
    columns: [EncodedColumn; 3],
    entries: Vec<(ObjectId, RowType)>,
}

impl EncodedRowGroup {
    /// Rows in the row group.
    pub fn rows(&self) -> usize {
        self.entries.len()
    }

    /// Bytes that it takes in the file.
    pub fn encoded_len(&self) -> u64 {
        self.columns.iter().map(|column| column.bytes.len() as u64).sum()
    }
}

/// A data pack being written. Dropped before [`DataPack::finish`] it leaves no file.
#[must_use = "a pack that is not finished is deleted"]
pub struct DataPack {
    file: PackFile,
    factory: EncoderFactory,
    entries: Vec<IndexEntry>,
}

impl DataPack {
    /// Starts a pack for new content, in a temporary file in `dir`.
    pub fn create(dir: &Path) -> Result<Self, PackError> {
        Self::create_with(dir, Compression::FRESH)
    }

    /// Starts a pack that is compressed as `compression` says.
    pub fn create_with(dir: &Path, compression: Compression) -> Result<Self, PackError> {
        let factory = EncoderFactory { compression, buffers: Arc::default() };
        Ok(Self { file: PackFile::create(dir, PackKind::Data)?, factory, entries: Vec::new() })
    }

    /// What makes encoders for this pack.
    pub fn encoder_factory(&self) -> EncoderFactory {
        self.factory.clone()
    }

    /// Writes a row group to the file; one without rows is passed over. After an error the pack is of no more
    /// use.
    pub fn append(&mut self, group: EncodedRowGroup) -> Result<(), PackError> {
        if group.entries.is_empty() {
            return Ok(());
        }
        let row_group = self.file.groups();
        self.file.append(&group.columns)?;
        self.entries.extend(
            group.entries.into_iter().zip(0..).map(|((id, row_type), row)| IndexEntry {
                id,
                location: Location { row_group, row, row_type },
            }),
        );
        let [_, _, contents] = group.columns;
        self.factory.buffers.give(contents.bytes);
        Ok(())
    }

    /// Rows appended so far.
    pub fn rows(&self) -> usize {
        self.entries.len()
    }

    /// Bytes written so far.
    pub fn bytes_written(&self) -> u64 {
        self.file.bytes_written()
    }

    /// Writes the footer and makes the file durable.
    pub fn finish(self) -> Result<SealedPack, PackError> {
        let entries = IndexEntries { objects: self.entries, ..IndexEntries::default() };
        self.file.seal(entries, true)
    }
}
