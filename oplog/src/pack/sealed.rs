//! The file of a pack while it is written, and when it is finished but has no name yet.
//!
//! The digest is computed from the bytes on their way to the file. Until [`SealedPack::persist`] the file is a
//! temporary that goes away with its owner.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use parquet::basic::ColumnOrder;
use parquet::file::metadata::{
    FileMetaData, ParquetMetaDataBuilder, ParquetMetaDataWriter, RowGroupMetaData,
};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::page_index::offset_index::OffsetIndexMetaData;
use parquet::file::writer::TrackedWrite;
use parquet::schema::types::SchemaDescPtr;
use pond_objects::ObjectId;
use tempfile::NamedTempFile;

use super::column::EncodedColumn;
use super::index::{IndexEntries, PackIndex};
use super::{PackError, TEMPORARY_PREFIX};
use crate::schema::{PackKind, parquet_schema};

struct Sink {
    file: NamedTempFile,
    hasher: blake3::Hasher,
    size: u64,
    failure: Option<io::Error>,
}

/// The sink, shared with the buffer that the Parquet library wraps around it. A failed write is kept, since
/// that buffer drops errors when it goes away.
#[derive(Clone)]
struct SharedSink(Arc<Mutex<Sink>>);

impl Write for SharedSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut sink = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match sink.file.as_file_mut().write_all(bytes) {
            Ok(()) => {
                sink.hasher.update(bytes);
                sink.size += bytes.len() as u64;
                Ok(bytes.len())
            }
            Err(error) => {
                sink.failure.get_or_insert(io::Error::from(error.kind()));
                Err(error)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A pack's file with the row groups that it has so far.
pub(super) struct PackFile {
    kind: PackKind,
    schema: SchemaDescPtr,
    sink: SharedSink,
    out: TrackedWrite<SharedSink>,
    path: PathBuf,
    groups: Vec<RowGroupMetaData>,
    offset_indexes: Vec<Vec<OffsetIndexMetaData>>,
    column_indexes: Vec<Vec<ColumnIndexMetaData>>,
    rows: u64,
}

impl PackFile {
    pub(super) fn create(dir: &Path, kind: PackKind) -> Result<Self, PackError> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(TEMPORARY_PREFIX);
        #[cfg(unix)]
        {
            // What the umask leaves of it, as for any file: other programs read packs.
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(dir).map_err(PackError::io("create a pack in", dir))?;
        pond_durable::give_to_owner(file.as_file(), dir);
        let path = file.path().to_owned();
        let sink = Sink { file, hasher: blake3::Hasher::new(), size: 0, failure: None };
        let sink = SharedSink(Arc::new(Mutex::new(sink)));
        let schema = parquet_schema(kind);
        let mut pack = Self {
            kind,
            schema,
            out: TrackedWrite::new(sink.clone()),
            sink,
            path,
            groups: Vec::new(),
            offset_indexes: Vec::new(),
            column_indexes: Vec::new(),
            rows: 0,
        };
        pack.write(b"PAR1")?;
        Ok(pack)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), PackError> {
        self.out.write_all(bytes).map_err(PackError::io("write the pack", &self.path))
    }

    pub(super) fn groups(&self) -> u32 {
        self.groups.len() as u32
    }

    pub(super) fn bytes_written(&self) -> u64 {
        self.out.bytes_written() as u64
    }

    /// Writes a row group; its columns are in the schema's order.
    pub(super) fn append(&mut self, columns: &[EncodedColumn]) -> Result<(), PackError> {
        let ordinal = i16::try_from(self.groups.len()).map_err(|_| PackError::Full)?;
        let rows = columns.first().map_or(0, EncodedColumn::rows);
        let start = self.out.bytes_written();
        let mut offsets = Vec::with_capacity(columns.len());
        for column in columns {
            offsets.push(self.out.bytes_written() as u64);
            self.write(&column.bytes)?;
        }
        let mut metadata = Vec::with_capacity(columns.len());
        for (at, (column, offset)) in columns.iter().zip(&offsets).enumerate() {
            let bloom = match &column.bloom {
                Some(filter) => {
                    let start = self.out.bytes_written() as u64;
                    filter.write(&mut self.out)?;
                    Some((start, self.out.bytes_written() as u64 - start))
                }
                None => None,
            };
            metadata.push(column.metadata(self.schema.column(at), *offset, bloom)?);
        }
        let pairs = columns.iter().zip(&offsets);
        self.offset_indexes.push(pairs.map(|(column, offset)| column.offset_index(*offset)).collect());
        let mut column_indexes = Vec::with_capacity(columns.len());
        for (at, column) in columns.iter().enumerate() {
            column_indexes.push(column.column_index(self.schema.column(at).physical_type())?);
        }
        self.column_indexes.push(column_indexes);
        let group = RowGroupMetaData::builder(self.schema.clone())
            .set_num_rows(rows as i64)
            .set_total_byte_size(columns.iter().map(EncodedColumn::raw).sum::<u64>() as i64)
            .set_file_offset(start as i64)
            .set_ordinal(ordinal)
            .set_column_metadata(metadata)
            .build()?;
        self.groups.push(group);
        self.rows += rows;
        Ok(())
    }

    /// Writes the footer, with the page indexes where `indexed`, and makes the file durable.
    pub(super) fn seal(self, entries: IndexEntries, indexed: bool) -> Result<SealedPack, PackError> {
        let row_groups = self.groups.len() as u32;
        let orders = self.schema.columns().iter().map(|column| {
            ColumnOrder::TYPE_DEFINED_ORDER(ColumnOrder::sort_order_for_type(
                column.logical_type_ref(),
                column.converted_type(),
                column.physical_type(),
            ))
        });
        let orders = Some(orders.collect());
        let created_by = Some("pond version 1".to_owned());
        let file = FileMetaData::new(1, self.rows as i64, created_by, None, self.schema.clone(), orders);
        let mut metadata = ParquetMetaDataBuilder::new(file).set_row_groups(self.groups);
        if indexed {
            metadata = metadata
                .set_offset_index(Some(self.offset_indexes))
                .set_column_index(Some(self.column_indexes));
        }
        ParquetMetaDataWriter::new_with_tracked(self.out, &metadata.build()).finish()?;
        let Ok(sink) = Arc::try_unwrap(self.sink.0).map(Mutex::into_inner) else {
            unreachable!("BUG: the writer that shared the sink is gone")
        };
        let sink = sink.unwrap_or_else(PoisonError::into_inner);
        if let Some(failure) = sink.failure {
            return Err(PackError::io("write the pack", &self.path)(failure));
        }
        sink.file.as_file().sync_all().map_err(PackError::io("make durable the pack", &self.path))?;
        Ok(SealedPack {
            digest: ObjectId::from_bytes(*sink.hasher.finalize().as_bytes()),
            kind: self.kind,
            size: sink.size,
            rows: self.rows,
            row_groups,
            entries,
            path: self.path,
            file: Some(sink.file),
        })
    }
}

/// A finished pack: durable bytes in a temporary file. Dropped, it is deleted.
#[must_use = "a pack that is not persisted is deleted"]
pub struct SealedPack {
    /// The BLAKE3 of the file's bytes, which is to be its name.
    pub digest: ObjectId,
    /// Which kind of pack it is.
    pub kind: PackKind,
    /// Bytes of the file.
    pub size: u64,
    /// Rows in it.
    pub rows: u64,
    /// Row groups in it.
    pub row_groups: u32,
    /// Where its rows stand.
    pub entries: IndexEntries,
    file: Option<NamedTempFile>,
    path: PathBuf,
}

impl SealedPack {
    /// Where the file is: a temporary, or the name that it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the file its name. A file that has this name already has these bytes and stays, with the time of now, so that
    /// nobody takes it for one that was left behind; if it was damaged since, it is replaced. The caller makes the directory durable. When this fails the temporary is gone and nothing else changed.
    pub fn persist(&mut self, path: &Path) -> Result<(), PackError> {
        let Some(file) = self.file.take() else { return Ok(()) };
        match file.persist_noclobber(path) {
            Ok(_) => {}
            Err(refused) if refused.error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(PackError::io("name the pack", path)(refused.error));
            }
            Err(_) if has_digest(path, &self.digest) && pond_durable::touch(path).is_ok() => {}
            Err(refused) => {
                let named = refused.file.persist(path);
                named.map_err(|refused| PackError::io("name the pack", path)(refused.error))?;
            }
        }
        path.clone_into(&mut self.path);
        Ok(())
    }

    /// Makes the sorted index of the pack of its entries, which are gone then.
    pub fn take_index(&mut self) -> PackIndex {
        PackIndex::build(&self.digest, std::mem::take(&mut self.entries))
    }

    /// The pack as the log adds it, written at this time (milliseconds since 1970).
    pub fn describe(&self, time_millis: i64) -> crate::log::AddFile {
        crate::log::AddFile {
            kind: self.kind,
            digest: self.digest,
            size: self.size,
            modification_time: time_millis,
            data_change: true,
            rows: self.rows,
        }
    }
}

/// Whether a file has the bytes that its name promises.
fn has_digest(path: &Path, digest: &ObjectId) -> bool {
    let mut hasher = blake3::Hasher::new();
    let copied = File::open(path).and_then(|mut file| io::copy(&mut file, &mut hasher));
    copied.is_ok() && hasher.finalize().as_bytes() == digest.as_bytes()
}
