//! Which format a file is in, by the end of its name.

use std::sync::Arc;

use bstr::ByteSlice as _;
use datafusion::catalog::Session;
use datafusion::common::config::TableParquetOptions;
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::arrow::ArrowFormat;
use datafusion::datasource::file_format::csv::CsvFormat;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::datasource::file_format::json::JsonFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;

use crate::error::QueryError;

/// Rows that are looked at to find out the types of a file's columns.
const INFERRED_ROWS: usize = 20_480;
/// Bytes at the end of a Parquet file that are read at once.
const TAIL: usize = 64 << 10;

/// A format, with its compression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Format {
    /// Fields parted by the byte; the first row has the names.
    Delimited(u8, Compression),
    /// One object a line.
    JsonLines(Compression),
    /// One array of objects.
    JsonArray(Compression),
    Parquet,
    Arrow,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    const fn of_datafusion(self) -> FileCompressionType {
        match self {
            Self::None => FileCompressionType::UNCOMPRESSED,
            Self::Gzip => FileCompressionType::GZIP,
            Self::Zstd => FileCompressionType::ZSTD,
        }
    }
}

impl Format {
    /// The format that a path says.
    pub(super) fn of(path: &[u8]) -> Result<Self, QueryError> {
        let lower = path.to_ascii_lowercase();
        let (rest, compression) = if let Some(rest) = lower.strip_suffix(b".gz") {
            (rest, Compression::Gzip)
        } else if let Some(rest) = lower.strip_suffix(b".zst") {
            (rest, Compression::Zstd)
        } else {
            (&lower[..], Compression::None)
        };
        let ending = rest.rfind_byte(b'.').map_or(&b""[..], |dot| &rest[dot + 1..]);
        Ok(match (ending, compression) {
            (b"csv", _) => Self::Delimited(b',', compression),
            (b"tsv" | b"tab", _) => Self::Delimited(b'\t', compression),
            (b"json" | b"jsonl" | b"ndjson", _) => Self::JsonLines(compression),
            (b"parquet", Compression::None) => Self::Parquet,
            (b"arrow" | b"ipc" | b"feather", Compression::None) => Self::Arrow,
            _ => return Err(QueryError::Format(path.to_str_lossy().into_owned())),
        })
    }

    /// The format of a JSON file whose first bytes are known: an array or lines.
    pub(super) fn by_beginning(self, bytes: &[u8]) -> Self {
        let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        match (self, first) {
            (Self::JsonLines(compression), Some(b'[')) => Self::JsonArray(compression),
            (format, _) => format,
        }
    }

    /// Its compression.
    pub(super) fn compression(self) -> FileCompressionType {
        match self {
            Self::Delimited(_, compression) | Self::JsonLines(compression) | Self::JsonArray(compression) => {
                compression.of_datafusion()
            }
            Self::Parquet | Self::Arrow => FileCompressionType::UNCOMPRESSED,
        }
    }

    /// What reads it.
    pub(super) fn reader(self, session: &dyn Session) -> Arc<dyn FileFormat> {
        let compression = self.compression();
        match self {
            // A file is read by one task from its beginning: a quoted field may have a line's end in it.
            Self::Delimited(delimiter, _) => Arc::new(
                CsvFormat::default()
                    .with_has_header(true)
                    .with_delimiter(delimiter)
                    .with_newlines_in_values(true)
                    .with_schema_infer_max_rec(INFERRED_ROWS)
                    .with_file_compression_type(compression),
            ),
            Self::JsonLines(_) | Self::JsonArray(_) => Arc::new(
                JsonFormat::default()
                    .with_newline_delimited(matches!(self, Self::JsonLines(_)))
                    .with_schema_infer_max_rec(INFERRED_ROWS)
                    .with_file_compression_type(compression),
            ),
            Self::Parquet => {
                let global = session.config_options().execution.parquet.clone();
                let options = TableParquetOptions { global, ..TableParquetOptions::default() };
                Arc::new(ParquetFormat::new().with_options(options).with_metadata_size_hint(Some(TAIL)))
            }
            Self::Arrow => Arc::new(ArrowFormat),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_name_says_the_format() {
        let of = |path: &str| Format::of(path.as_bytes()).ok();
        assert_eq!(of("a.b/x.CSV"), Some(Format::Delimited(b',', Compression::None)));
        assert_eq!(of("x.tsv.gz"), Some(Format::Delimited(b'\t', Compression::Gzip)));
        assert_eq!(of("x.ndjson.zst"), Some(Format::JsonLines(Compression::Zstd)));
        assert_eq!(of("x.parquet"), Some(Format::Parquet));
        assert_eq!(of("x.parquet.gz"), None);
        assert_eq!(of("csv"), None);
        let json = Format::JsonLines(Compression::None);
        assert_eq!(json.by_beginning(b"\n [{"), Format::JsonArray(Compression::None));
        assert_eq!(json.by_beginning(b"{}"), json);
    }
}
