//! Encoding one column of a row group into Parquet pages, in memory.
//!
//! A value is copied once, into the page that is being filled; a full page is compressed and appended to the
//! column's finished bytes. parquet's own column writers copy a value into an Arrow array, from there into the
//! encoder and from there into the page, and look at the page limit only between batches of rows.

use parquet::basic::{Compression as Codec, Encoding, Type, ZstdLevel};
use parquet::bloom_filter::Sbbf;
use parquet::file::metadata::{ColumnChunkMetaData, ColumnIndexBuilder, OffsetIndexBuilder};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::page_index::offset_index::OffsetIndexMetaData;
use parquet::schema::types::ColumnDescPtr;
use zstd::bulk::Compressor;
use zstd::zstd_safe::compress_bound;

use super::PackError;
use super::bounds::Bounds;
use super::thrift::put_integer;

/// How one column is encoded.
#[derive(Debug, Clone, Copy)]
pub(super) struct ColumnShape {
    /// Whether values may be null.
    pub(super) optional: bool,
    pub(super) compressed: bool,
    /// Unless that makes the only page of the column longer.
    pub(super) if_shorter: bool,
    /// A page is closed before it grows beyond this many bytes.
    pub(super) page_bytes: usize,
    /// And when it has this many rows.
    pub(super) page_rows: u32,
    /// Bounds of the whole column chunk.
    pub(super) bounded: bool,
    /// Bounds of each page as well.
    pub(super) page_bounds: bool,
    /// A Bloom filter over the values.
    pub(super) bloom: bool,
}

/// Compresses pages, with memory that is used again for each.
pub(super) struct PageCompressor {
    zstd: Compressor<'static>,
    scratch: Vec<u8>,
    body: Vec<u8>,
}

impl PageCompressor {
    pub(super) fn new(level: i32) -> Self {
        let zstd = Compressor::new(level).expect("BUG: pond uses levels that zstd has");
        Self { zstd, scratch: Vec::new(), body: Vec::new() }
    }
}

struct Page {
    size: u32,
    offset: u64,
    rows: u32,
    nulls: u32,
    bounds: Bounds,
}

/// A column that is being filled.
pub(super) struct ColumnEncoder {
    shape: ColumnShape,
    values: Vec<u8>,
    present: Vec<bool>,
    rows: u32,
    nulls: u32,
    bounds: Bounds,
    hashes: Vec<u8>,
    raw: u64,
    chunk: Vec<u8>,
    pages: Vec<Page>,
}

impl ColumnEncoder {
    /// An empty column whose finished bytes go into `chunk`, an empty buffer that may have room already.
    pub(super) fn new(shape: ColumnShape, chunk: Vec<u8>) -> Self {
        Self {
            shape,
            values: Vec::new(),
            present: Vec::new(),
            rows: 0,
            nulls: 0,
            bounds: Bounds::Empty,
            hashes: Vec::new(),
            raw: 0,
            chunk,
            pages: Vec::new(),
        }
    }

    fn make_room(&mut self, len: usize, compressor: &mut PageCompressor) -> Result<(), PackError> {
        let full = self.values.len() + len > self.shape.page_bytes || self.rows >= self.shape.page_rows;
        if full && self.rows > 0 { self.close_page(compressor) } else { Ok(()) }
    }

    fn count(&mut self, present: bool) {
        self.rows += 1;
        self.nulls += u32::from(!present);
        if self.shape.optional {
            self.present.push(present);
        }
    }

    pub(super) fn push_null(&mut self, compressor: &mut PageCompressor) -> Result<(), PackError> {
        self.make_room(0, compressor)?;
        self.count(false);
        Ok(())
    }

    pub(super) fn push_bytes(
        &mut self,
        value: &[u8],
        compressor: &mut PageCompressor,
    ) -> Result<(), PackError> {
        self.make_room(value.len() + 4, compressor)?;
        self.count(true);
        self.values.extend_from_slice(&(value.len() as u32).to_le_bytes());
        self.values.extend_from_slice(value);
        if self.shape.bounded {
            self.bounds.add_text(value);
        }
        Ok(())
    }

    pub(super) fn push_long(&mut self, value: i64, compressor: &mut PageCompressor) -> Result<(), PackError> {
        self.make_room(8, compressor)?;
        self.count(true);
        self.values.extend_from_slice(&value.to_le_bytes());
        if self.shape.bounded {
            self.bounds.add_long(value);
        }
        Ok(())
    }

    pub(super) fn push_integer(
        &mut self,
        value: i32,
        compressor: &mut PageCompressor,
    ) -> Result<(), PackError> {
        self.make_room(4, compressor)?;
        self.count(true);
        self.values.extend_from_slice(&value.to_le_bytes());
        Ok(())
    }

    fn close_page(&mut self, compressor: &mut PageCompressor) -> Result<(), PackError> {
        let PageCompressor { zstd, scratch, body } = compressor;
        let plain: &[u8] = if self.shape.optional {
            body.clear();
            put_levels(body, &self.present);
            body.extend_from_slice(&self.values);
            body
        } else {
            &self.values
        };
        let stored: &[u8] = if self.shape.compressed {
            scratch.clear();
            scratch.reserve(compress_bound(plain.len()));
            zstd.compress_to_buffer(plain, scratch)
                .map_err(PackError::io("compress a page of", std::path::Path::new("a pack")))?;
            // The codec is one for all pages of a column.
            self.shape.compressed = !self.shape.if_shorter || scratch.len() < plain.len();
            if self.shape.compressed { scratch } else { plain }
        } else {
            plain
        };
        let offset = self.chunk.len();
        put_page_header(&mut self.chunk, plain.len(), stored.len(), self.rows);
        self.raw += (self.chunk.len() - offset + plain.len()) as u64;
        self.chunk.extend_from_slice(stored);
        if self.shape.bloom {
            self.hashes.extend_from_slice(&self.values);
        }
        self.pages.push(Page {
            offset: offset as u64,
            size: (self.chunk.len() - offset) as u32,
            rows: self.rows,
            nulls: self.nulls,
            bounds: std::mem::take(&mut self.bounds),
        });
        (self.rows, self.nulls) = (0, 0);
        self.values.clear();
        self.present.clear();
        Ok(())
    }

    /// The finished column; this encoder is empty again, and goes on in `chunk`.
    pub(super) fn finish(
        &mut self,
        compressor: &mut PageCompressor,
        chunk: Vec<u8>,
    ) -> Result<EncodedColumn, PackError> {
        if self.rows > 0 {
            self.close_page(compressor)?;
        }
        let bloom = self.shape.bloom.then(|| bloom_filter(&self.hashes));
        self.hashes.clear();
        Ok(EncodedColumn {
            shape: self.shape,
            bytes: std::mem::replace(&mut self.chunk, chunk),
            raw: std::mem::take(&mut self.raw),
            pages: std::mem::take(&mut self.pages),
            bloom,
        })
    }
}

/// A column of a row group as it will stand in the file, but for the offset.
pub(super) struct EncodedColumn {
    shape: ColumnShape,
    pub(super) bytes: Vec<u8>,
    raw: u64,
    pages: Vec<Page>,
    pub(super) bloom: Option<Sbbf>,
}

impl EncodedColumn {
    pub(super) fn rows(&self) -> u64 {
        self.pages.iter().map(|page| u64::from(page.rows)).sum()
    }

    pub(super) fn raw(&self) -> u64 {
        self.raw
    }

    pub(super) fn nulls(&self) -> u64 {
        self.pages.iter().map(|page| u64::from(page.nulls)).sum()
    }

    pub(super) fn bounds(&self) -> Bounds {
        let mut bounds = Bounds::Empty;
        self.pages.iter().for_each(|page| bounds.merge(&page.bounds));
        bounds
    }

    /// The footer's entry of the column, standing at `offset`, its Bloom filter at `bloom` (offset, length).
    pub(super) fn metadata(
        &self,
        descriptor: ColumnDescPtr,
        offset: u64,
        bloom: Option<(u64, u64)>,
    ) -> Result<ColumnChunkMetaData, PackError> {
        let codec = match self.shape.compressed {
            true => Codec::ZSTD(ZstdLevel::default()),
            false => Codec::UNCOMPRESSED,
        };
        let mut encodings = vec![Encoding::PLAIN];
        if self.shape.optional {
            encodings.push(Encoding::RLE);
        }
        let mut builder = ColumnChunkMetaData::builder(descriptor)
            .set_encodings(encodings)
            .set_compression(codec)
            .set_num_values(self.rows() as i64)
            .set_total_compressed_size(self.bytes.len() as i64)
            .set_total_uncompressed_size(self.raw as i64)
            .set_data_page_offset(offset as i64);
        let bounds = self.bounds();
        if self.shape.bounded && bounds != Bounds::Empty {
            builder = builder.set_statistics(bounds.statistics(self.nulls()));
        }
        if let Some((offset, len)) = bloom {
            builder = builder
                .set_bloom_filter_offset(Some(offset as i64))
                .set_bloom_filter_length(Some(len as i32));
        }
        Ok(builder.build()?)
    }

    /// Where the pages stand in the file, the column standing at `offset`.
    pub(super) fn offset_index(&self, offset: u64) -> OffsetIndexMetaData {
        let mut builder = OffsetIndexBuilder::new();
        for page in &self.pages {
            builder.append_row_count(i64::from(page.rows));
            builder.append_offset_and_size((offset + page.offset) as i64, page.size as i32);
        }
        builder.build()
    }

    /// The bounds of the pages, where the shape asks for them and every page has some.
    pub(super) fn column_index(&self, physical: Type) -> Result<ColumnIndexMetaData, PackError> {
        if !self.shape.page_bounds {
            return Ok(ColumnIndexMetaData::NONE);
        }
        let mut builder = ColumnIndexBuilder::new(physical);
        for page in &self.pages {
            let Some((low, high)) = page.bounds.page_bounds() else {
                return Ok(ColumnIndexMetaData::NONE);
            };
            builder.append(page.nulls == page.rows, low, high, i64::from(page.nulls));
        }
        Ok(builder.build()?)
    }
}

fn bloom_filter(values: &[u8]) -> Sbbf {
    const LEN: usize = pond_objects::ObjectId::LEN + 4;
    let rows = values.len() / LEN;
    let mut filter =
        Sbbf::new_with_ndv_fpp(rows.max(1) as u64, 0.01).expect("BUG: one in a hundred is a probability");
    for value in values.chunks_exact(LEN) {
        filter.insert(&value[4..]);
    }
    filter
}

/// Parquet's page header: a Thrift structure, compact protocol.
fn put_page_header(out: &mut Vec<u8>, plain: usize, stored: usize, values: u32) {
    out.extend_from_slice(&[0x15, 0x00]); // type: data page
    out.push(0x15);
    put_integer(out, plain as i32);
    out.push(0x15);
    put_integer(out, stored as i32);
    out.push(0x2c); // data_page_header
    out.push(0x15);
    put_integer(out, values as i32);
    // Values PLAIN (0), levels RLE (3, twice); the ends of both structures.
    out.extend_from_slice(&[0x15, 0x00, 0x15, 0x06, 0x15, 0x06, 0x00, 0x00]);
}

/// The definition levels of a page: their length, then one run, or all of them as bits.
fn put_levels(out: &mut Vec<u8>, present: &[bool]) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    let uniform = present.iter().all(|value| *value == present[0]);
    let groups = present.len().div_ceil(8);
    let mut head = if uniform { present.len() << 1 } else { groups << 1 | 1 };
    while head >= 0x80 {
        out.push(head as u8 | 0x80);
        head >>= 7;
    }
    out.push(head as u8);
    if uniform {
        out.push(u8::from(present.first().copied().unwrap_or(false)));
    } else {
        for group in present.chunks(8) {
            out.push(group.iter().enumerate().fold(0, |bits, (at, value)| bits | u8::from(*value) << at));
        }
    }
    let len = (out.len() - start - 4) as u32;
    out[start..start + 4].copy_from_slice(&len.to_le_bytes());
}
