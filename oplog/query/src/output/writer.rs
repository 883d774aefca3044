//! One writer for each format.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ipc::MetadataVersion;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions};
use arrow::{csv, json};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression as Codec, ZstdLevel};
use datafusion::parquet::file::properties::{CdcOptions, WriterProperties};

use crate::error::QueryError;
use crate::output::{Compression, Format, Options};

/// Pages of Parquet end where the content says so, between these sizes of values.
const PAGES: CdcOptions = CdcOptions { min_chunk_size: 64 << 10, max_chunk_size: 256 << 10, norm_level: 0 };
/// Bytes of the largest dictionary. What comes after it is written as it is, so that a changed row does not renumber the values of a
/// whole column.
const DICTIONARY: usize = 32 << 10;
/// Bytes after which a row group ends: as much is held in memory.
const ROW_GROUP: usize = 64 << 20;

pub(super) enum Writer<W: Write + Send> {
    Delimited(Box<csv::Writer<W>>),
    JsonArray(json::ArrayWriter<W>),
    JsonLines(json::LineDelimitedWriter<W>),
    Parquet(Box<ArrowWriter<W>>),
    Arrow(Box<FileWriter<W>>),
}

impl<W: Write + Send> Writer<W> {
    pub(super) fn new(
        schema: &SchemaRef,
        format: Format,
        options: &Options,
        sink: W,
    ) -> Result<Self, QueryError> {
        let json = || json::WriterBuilder::new().with_explicit_nulls(true);
        Ok(match format {
            Format::Csv | Format::Tsv => {
                let usual = if format == Format::Tsv { b'\t' } else { b',' };
                let delimiter = options.delimiter.unwrap_or(usual);
                let mut writer = csv::WriterBuilder::new()
                    .with_header(options.header)
                    .with_delimiter(delimiter)
                    .with_null(options.null.clone())
                    .build(sink);
                // The names stand there even if no row follows.
                writer.write(&RecordBatch::new_empty(schema.clone()))?;
                Self::Delimited(Box::new(writer))
            }
            Format::Json => Self::JsonArray(json().build(sink)),
            Format::JsonLines => Self::JsonLines(json().build(sink)),
            Format::Parquet => {
                let writer = ArrowWriter::try_new(sink, schema.clone(), Some(properties(options)))?;
                Self::Parquet(Box::new(writer))
            }
            Format::Arrow => {
                // DataFusion finds the schema of a file only behind a magic number padded to eight bytes.
                let options = IpcWriteOptions::try_new(8, false, MetadataVersion::V5)?;
                Self::Arrow(Box::new(FileWriter::try_new_with_options(sink, schema, options)?))
            }
        })
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), QueryError> {
        match self {
            Self::Delimited(writer) => writer.write(batch)?,
            Self::JsonArray(writer) => writer.write(batch)?,
            Self::JsonLines(writer) => writer.write(batch)?,
            Self::Parquet(writer) => writer.write(batch)?,
            Self::Arrow(writer) => writer.write(batch)?,
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<(), QueryError> {
        let flushed = match self {
            Self::Delimited(writer) => writer.into_inner().flush(),
            Self::JsonArray(mut writer) => {
                writer.finish()?;
                let mut sink = writer.into_inner();
                sink.write_all(b"\n").and_then(|()| sink.flush())
            }
            Self::JsonLines(mut writer) => {
                writer.finish()?;
                writer.into_inner().flush()
            }
            Self::Parquet(writer) => writer.into_inner()?.flush(),
            Self::Arrow(mut writer) => {
                writer.finish()?;
                writer.into_inner()?.flush()
            }
        };
        flushed.map_err(QueryError::Output)
    }
}

fn properties(options: &Options) -> WriterProperties {
    let codec = match options.compression {
        Compression::Zstd => Codec::ZSTD(ZstdLevel::default()),
        Compression::Snappy => Codec::SNAPPY,
        Compression::None => Codec::UNCOMPRESSED,
    };
    WriterProperties::builder()
        .set_compression(codec)
        .set_content_defined_chunking(Some(PAGES))
        .set_dictionary_page_size_limit(DICTIONARY)
        .set_max_row_group_bytes(Some(ROW_GROUP))
        .build()
}
