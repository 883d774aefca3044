//! The index as bytes: reading and checking a file, writing one durably.
//!
//! Two files take turns. A new index is written over the one before the last, `index.spare`, synced, and the two exchange their
//! names in one step: nothing is created and nothing freed, which costs more than all the bytes of a small index (1.2 ms where
//! the file system discards what is freed). Whoever still reads the one that became the spare finds a mixture once it is
//! written over, which the checksum tells, and looks again. A large index is mapped, so that one that had the name is
//! never written over: it goes when another gets its name, and those who have it mapped keep it.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Read as _, Seek, SeekFrom, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::convert::fb_to_schema;
use arrow::ipc::reader::{FileDecoder, read_footer_length};
use arrow::ipc::writer::FileWriter;
use arrow::ipc::{Block, Footer, MetadataVersion, root_as_footer, root_as_message};
use bytes::Bytes;
use pond_durable::give_to_owner;
use pond_durable::in_place::{is_only_here, open_no_link};
use pond_durable::set_aside;

use super::columns::{Columns, FIELDS};
use super::{Header, Index, IndexError};
use crate::index::pending::Pending;

/// The newest format that this code reads, and the one that it writes.
const FORMAT: u32 = 1;
const CHECKSUM: &str = "pond.checksum";
const BLANK: [u8; 64] = [b'0'; 64];
/// Bytes behind the footer: its length and the magic.
const TRAILER: usize = 10;
/// The name of the file that is written next, beside the index.
const SPARE: &str = "index.spare";
/// An index of more bytes is mapped, and never written over.
const SMALL: u64 = 1 << 20;
/// Read attempts while a writer is overwriting the file.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(1);

/// Opens an index; `None` if there is no file.
pub(super) fn open(path: &Path) -> Result<Option<Index>, IndexError> {
    let io = |source| IndexError::Io { action: "read", path: path.into(), source };
    let mut tries = TRIES;
    loop {
        tries -= 1;
        // Not waited for: a pipe in its place would never answer.
        let file = match open_no_link(File::options().read(true), path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(io)?,
        };
        let length = file.metadata().map_err(io)?.len();
        let bytes = if length > SMALL { map(&file) } else { read(&file) };
        match decode(bytes.map_err(io)?, &file) {
            Ok(index) => return Ok(Some(index)),
            Err(Flaw::Newer(found)) => {
                return Err(IndexError::Newer { path: path.into(), found, known: FORMAT });
            }
            Err(Flaw::Damaged(reason)) if tries == 0 || !path.with_file_name(SPARE).exists() => {
                return Err(IndexError::Damaged { path: path.into(), reason });
            }
            Err(Flaw::Damaged(_)) => std::thread::sleep(PAUSE),
        }
    }
}

fn read(file: &File) -> io::Result<Bytes> {
    let mut bytes = Vec::new();
    // One that grows meanwhile is a mixture anyway.
    file.take(SMALL).read_to_end(&mut bytes)?;
    Ok(bytes.into())
}

/// Maps a large file.
fn map(file: &File) -> io::Result<Bytes> {
    // SAFETY: pond never writes to or cuts short a large index that has its name or had it: `open_spare` removes it.
    #[allow(unsafe_code)]
    let map = unsafe { memmap2::Mmap::map(file) }?;
    Ok(Bytes::from_owner(map))
}

#[derive(Debug)]
enum Flaw {
    Damaged(String),
    Newer(u32),
}

impl From<&str> for Flaw {
    fn from(reason: &str) -> Self {
        Self::Damaged(reason.into())
    }
}

impl From<ArrowError> for Flaw {
    fn from(error: ArrowError) -> Self {
        Self::Damaged(error.to_string())
    }
}

fn decode(bytes: Bytes, file: &File) -> Result<Index, Flaw> {
    let footer_at = footer_range(&bytes)?;
    let footer =
        root_as_footer(&bytes[footer_at.clone()]).map_err(|error| Flaw::Damaged(error.to_string()))?;
    verify(&bytes, &footer, file)?;

    let schema = footer.schema().ok_or("there is no schema")?;
    let header = header_of(&fb_to_schema(schema))?;
    let schema: SchemaRef = Arc::new(Schema::new(FIELDS.clone()));
    if fb_to_schema(footer.schema().ok_or("there is no schema")?).fields() != &*FIELDS {
        return Err("its columns are not those of its format".into());
    }
    if footer.dictionaries().is_some_and(|blocks| !blocks.is_empty()) {
        return Err("it has dictionaries".into());
    }
    let decoder = FileDecoder::new(schema, footer.version());
    let whole = Buffer::from(bytes.clone());
    let mut batches = Vec::new();
    for block in footer.recordBatches().into_iter().flatten() {
        let range = check_block(&bytes[..footer_at.start], block, footer.version())?;
        let buffer = whole.slice_with_length(range.start, range.len());
        if let Some(batch) = decoder.read_record_batch(block, &buffer)?.filter(|batch| batch.num_rows() > 0) {
            batches.push(Columns::from_batch(&batch)?);
        }
    }
    Ok(Index::from_batches(header, batches))
}

fn footer_range(bytes: &[u8]) -> Result<Range<usize>, Flaw> {
    let end = bytes.len().checked_sub(TRAILER).ok_or("it is cut short")?;
    let trailer = bytes[end..].try_into().map_err(|_| "it is cut short")?;
    let start = end.checked_sub(read_footer_length(trailer)?).ok_or("its footer is longer than the file")?;
    Ok(start..end)
}

/// Where the digits of the checksum stand in the file.
fn checksum_at(bytes: &[u8], footer: &Footer<'_>) -> Result<usize, Flaw> {
    let digits = footer
        .custom_metadata()
        .into_iter()
        .flatten()
        .find(|pair| pair.key() == Some(CHECKSUM))
        .and_then(|pair| pair.value())
        .filter(|digits| digits.len() == BLANK.len())
        .ok_or("it has no checksum")?;
    Ok(digits.as_ptr() as usize - bytes.as_ptr() as usize)
}

/// Bytes from which on an index is hashed by several threads, and read for that: what is mapped and was looked at counts as
/// the process's memory, and not every command looks at all of it.
const PARALLEL_HASH: usize = 16 << 20;
/// So much of it is read at once.
const HASHED_AT_ONCE: usize = 4 << 20;

fn verify(bytes: &[u8], footer: &Footer<'_>, file: &File) -> Result<(), Flaw> {
    let at = checksum_at(bytes, footer)?;
    let end = at + BLANK.len();
    let mut hasher = blake3::Hasher::new();
    // Below this, starting threads takes longer than they save.
    if at < PARALLEL_HASH {
        hasher.update(&bytes[..at]);
    } else {
        let mut buffer = vec![0; HASHED_AT_ONCE];
        for start in (0..at).step_by(HASHED_AT_ONCE) {
            let part = &mut buffer[..HASHED_AT_ONCE.min(at - start)];
            file.read_exact_at(part, start as u64).map_err(|error| Flaw::Damaged(error.to_string()))?;
            hasher.update_rayon(part);
        }
    }
    hasher.update(&BLANK).update(&bytes[end..]);
    if hasher.finalize().to_hex().as_bytes() != &bytes[at..end] {
        return Err("its bytes do not match its checksum".into());
    }
    Ok(())
}

/// The bytes of a batch, after a look at every offset in it that the decoder would take on trust.
fn check_block(bytes: &[u8], block: &Block, version: MetadataVersion) -> Result<Range<usize>, Flaw> {
    let number = |number: i64| usize::try_from(number).map_err(|_| Flaw::from("an offset is negative"));
    let start = number(block.offset())?;
    let metadata = number(block.metaDataLength().into())?;
    let body = number(block.bodyLength())?;
    let end = start.checked_add(metadata).and_then(|at| at.checked_add(body));
    let end = end.filter(|end| *end <= bytes.len()).ok_or("a batch lies outside of the file")?;

    // A message begins with a continuation mark and its length, 4 bytes each.
    let message = bytes[start..end].get(8..metadata).ok_or("a batch has no message")?;
    let message = root_as_message(message).map_err(|error| Flaw::Damaged(error.to_string()))?;
    let batch = message.header_as_record_batch().ok_or("a batch is something else")?;
    if batch.compression().is_some() || message.version() != version {
        return Err("a batch is encoded in another way".into());
    }
    for buffer in batch.buffers().into_iter().flatten() {
        let end = number(buffer.offset())?.checked_add(number(buffer.length())?);
        if end.is_none_or(|end| end > body) {
            return Err("a column lies outside of its batch".into());
        }
    }
    Ok(start..end)
}

fn header_of(schema: &Schema) -> Result<Header, Flaw> {
    let text = |key: &str| schema.metadata().get(key).map(String::as_str);
    let format = text("pond.format").and_then(|text| text.parse().ok()).ok_or("it states no format")?;
    if format > FORMAT {
        return Err(Flaw::Newer(format));
    }
    let base = text("pond.base").map(str::parse).transpose().map_err(|_| "its base commit is not an id")?;
    let version = text("pond.delta_version").map(str::parse).transpose();
    Ok(Header {
        base,
        delta_version: version.map_err(|_| "its Delta version is not a number")?,
        packs: serde_json::from_str(text("pond.packs").unwrap_or("[]"))
            .map_err(|_| "its packs are no list")?,
        pending: match text("pond.pending") {
            None => None,
            Some(text) => Some(Pending::from_json(text).ok_or("what waits in it cannot be read")?),
        },
        written_ns: text("pond.written_ns").and_then(|text| text.parse().ok()).ok_or("it has no time")?,
    })
}

fn schema_with(header: &Header) -> Schema {
    let mut metadata = HashMap::from([
        ("pond.format".to_owned(), FORMAT.to_string()),
        ("pond.packs".to_owned(), serde_json::Value::from(header.packs.clone()).to_string()),
        ("pond.written_ns".to_owned(), header.written_ns.to_string()),
    ]);
    if let Some(base) = header.base {
        metadata.insert("pond.base".to_owned(), base.to_hex());
    }
    if let Some(pending) = &header.pending {
        metadata.insert("pond.pending".to_owned(), pending.to_json());
    }
    if let Some(version) = header.delta_version {
        metadata.insert("pond.delta_version".to_owned(), version.to_string());
    }
    Schema::new_with_metadata(FIELDS.clone(), metadata)
}

/// Writes an index and publishes it under `path`, durably; after an error the old one is still there. The caller holds the
/// mirror's lock.
pub(super) fn save(path: &Path, header: &Header, batches: &[Columns]) -> Result<(), IndexError> {
    let mut writer = Writer::create(path, header)?;
    batches.iter().try_for_each(|batch| writer.push(batch))?;
    writer.finish()
}

/// An index that is being written beside the one that it is to replace. What is left of one that is not finished is written
/// over by the next.
pub(super) struct Writer {
    path: PathBuf,
    spare: PathBuf,
    schema: SchemaRef,
    out: FileWriter<BufWriter<Hashing>>,
}

impl Writer {
    /// Begins an index that is to be published under `path`. The caller holds the mirror's lock until it has ended.
    pub(super) fn create(path: &Path, header: &Header) -> Result<Self, IndexError> {
        let spare = dir_of(path).join(SPARE);
        let unusable = |source| IndexError::Io { action: "write over", path: spare.clone(), source };
        let file = open_spare(&spare).map_err(unusable)?;
        let hashing = Hashing { file, hasher: blake3::Hasher::new(), length: 0 };
        let schema = Arc::new(schema_with(header));
        let out = FileWriter::try_new(BufWriter::with_capacity(1 << 20, hashing), &schema);
        let out = out.map_err(|error| encode_error(path, error))?;
        Ok(Self { path: path.into(), spare, schema, out })
    }

    /// Appends a batch.
    pub(super) fn push(&mut self, batch: &Columns) -> Result<(), IndexError> {
        let batch = RecordBatch::try_new(self.schema.clone(), batch.arrays());
        let written = batch.and_then(|batch| self.out.write(&batch));
        written.map_err(|error| encode_error(&self.path, error))
    }

    /// Makes it durable and gives it its name.
    pub(super) fn finish(self) -> Result<(), IndexError> {
        let Self { path, spare, out, .. } = self;
        let io = |action| {
            let path = path.clone();
            move |source| IndexError::Io { action, path, source }
        };
        let file = complete(out).map_err(|error| encode_error(&path, error))?;
        file.sync_all().map_err(io("write"))?;
        exchange(&spare, &path).map_err(io("replace"))?;
        File::open(dir_of(&path)).and_then(|dir| dir.sync_all()).map_err(io("sync the directory of"))
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "an index for {}", self.path.display())
    }
}

fn dir_of(path: &Path) -> &Path {
    path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn encode_error(path: &Path, error: ArrowError) -> IndexError {
    match error {
        ArrowError::IoError(_, source) => IndexError::Io { action: "write", path: path.into(), source },
        error => IndexError::Encode(error),
    }
}

/// The file that may be written over; a new one where there is none.
fn open_spare(spare: &Path) -> io::Result<File> {
    match open_no_link(File::options().read(true).write(true), spare) {
        // Nobody has it mapped, and it is no other file too.
        Ok(file) if is_only_here(&file)? && file.metadata()?.len() <= SMALL => return Ok(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Ok(_) | Err(_) => std::fs::remove_file(spare).or_else(|_| set_aside(spare).map(drop))?,
    }
    let file = File::options().read(true).write(true).create_new(true).open(spare)?;
    give_to_owner(&file, spare.parent().unwrap_or(spare));
    Ok(file)
}

/// Gives the file the index's name. What had the name becomes the spare, where the file system can do both at once; a large
/// one, which is never written over, would only take space.
fn exchange(spare: &Path, path: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    if std::fs::symlink_metadata(path).is_ok_and(|old| old.len() <= SMALL) {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, spare, CWD, path, RenameFlags::EXCHANGE) {
            // There is none yet, or they are not exchanged here.
            Err(Errno::NOENT | Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
            exchanged => return Ok(exchanged?),
        }
    }
    std::fs::rename(spare, path)
}

/// Ends the file, and puts its checksum in.
fn complete(mut out: FileWriter<BufWriter<Hashing>>) -> Result<File, ArrowError> {
    out.write_metadata(CHECKSUM, std::str::from_utf8(&BLANK).expect("BUG: zeros are UTF-8"));
    let hashing = out.into_inner()?.into_inner();
    let Hashing { mut file, hasher, length } =
        hashing.map_err(|error| io::Error::from(error.into_error().kind()))?;
    let at = find_checksum(&mut file, length)?;
    file.seek(SeekFrom::Start(at))?;
    file.write_all(hasher.finalize().to_hex().as_bytes())?;
    // What it was written over may have been longer.
    if file.metadata()?.len() > length {
        file.set_len(length)?;
    }
    Ok(file)
}

/// Where the blank checksum stands in a file that was just written.
fn find_checksum(file: &mut File, length: u64) -> Result<u64, ArrowError> {
    let broken = |reason| ArrowError::IpcError(format!("the index was not written as expected: {reason:?}"));
    let mut trailer = [0; TRAILER];
    file.seek(SeekFrom::Start(length - TRAILER as u64))?;
    file.read_exact(&mut trailer)?;
    let mut footer = vec![0; read_footer_length(trailer)?];
    let start = length - (TRAILER + footer.len()) as u64;
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(&mut footer)?;
    let parsed = root_as_footer(&footer).map_err(|error| broken(Flaw::Damaged(error.to_string())))?;
    Ok(start + checksum_at(&footer, &parsed).map_err(broken)? as u64)
}

/// Hashes what passes through to a file.
struct Hashing {
    file: File,
    hasher: blake3::Hasher,
    length: u64,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
