//! Entries of the Delta log, as pond writes and reads them.
//!
//! An entry is one file `_delta_log/<version, 20 digits>.json` of JSON lines. The first line is commitInfo; its last
//! field is the object `pond`, whose last field is `digest`, so that the line ends with `"digest":"`, 64
//! lower-case hex digits, `"}}}`. The digest is the BLAKE3 of the entry's bytes with these 64 digits replaced by
//! `0`; `previous` is the digest of the entry before. Every byte of the log is so covered by the newest digest.
//! Version 0 has the lines `protocol` (reader 1, writer 2) and `metaData` next; then come the `add` and the `remove`
//! lines. Every line ends with a line feed.
//!
//! What is read is checked in full: an entry that is empty, cut short, changed, or that names anything but
//! packs of this table is [`LogError::Damaged`] and never taken for a commit.

mod decode;
mod encode;
mod pack_name;
mod wire;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use pond_objects::ObjectId;

pub use decode::decode;
pub use encode::{Encoded, encode};
pub use pack_name::{parse_pack_path, parse_staged_name};

pub use crate::schema::PackKind;

/// The directory of the log below the table's.
pub const LOG_DIR: &str = "_delta_log";
/// The reader version of the Delta protocol that a pond's table needs.
pub const READER_VERSION: i64 = 1;
/// The writer version.
pub const WRITER_VERSION: i64 = 2;
/// The table's properties: nothing deletes the history, and checkpoints are written by pond alone. Files that were removed more
/// than a day ago need not stand in them: pond has deleted those.
pub const TABLE_PROPERTIES: [(&str, &str); 4] = [
    ("delta.checkpointInterval", "1000000000"),
    ("delta.deletedFileRetentionDuration", "interval 1 days"),
    ("delta.enableExpiredLogCleanup", "false"),
    ("delta.logRetentionDuration", "interval 36500 days"),
];

/// An entry of more bytes is damage: it would take hundreds of thousands of packs in one version.
const ENTRY_LIMIT: u64 = 256 << 20;

/// A pack that a version adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddFile {
    /// Its partition.
    pub kind: PackKind,
    /// The BLAKE3 of its bytes, which is its name.
    pub digest: ObjectId,
    /// Its bytes.
    pub size: u64,
    /// When it was written: milliseconds since 1970.
    pub modification_time: i64,
    /// Whether its rows are new to the table; compaction adds old ones again.
    pub data_change: bool,
    /// Its rows.
    pub rows: u64,
}

impl AddFile {
    /// Its path below the table's directory.
    pub fn path(&self) -> String {
        self.kind.pack_path(&self.digest)
    }
}

/// A pack that a version takes out of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoveFile {
    /// Its partition.
    pub kind: PackKind,
    /// Its digest.
    pub digest: ObjectId,
    /// When it was removed: milliseconds since 1970.
    pub deletion_timestamp: i64,
    /// Whether its rows leave the table; compaction keeps them in other packs.
    pub data_change: bool,
}

/// What commitInfo tells people who read the table's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryInfo {
    /// `COMMIT`, `BRANCH`, `MAINTENANCE` ...
    pub operation: String,
    /// Further facts: the message, the branch.
    pub parameters: BTreeMap<String, String>,
    /// Who did it.
    pub user: String,
    /// When: milliseconds since 1970.
    pub timestamp: i64,
}

/// pond's part of an entry. In an entry of maintenance, which is no operation, everything up to `view` is as in the
/// entry before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PondInfo {
    /// The newest operation as of this version.
    pub operation: ObjectId,
    /// Its number.
    pub seq: i64,
    /// The view that it left.
    pub view: ObjectId,
    /// The refs that it moved, and what they point to; none: it deleted the ref.
    pub refs: BTreeMap<String, Option<ObjectId>>,
    /// The digest of the entry before; none in version 0.
    pub previous: Option<ObjectId>,
    /// The entry's own digest.
    pub digest: ObjectId,
}

/// The Delta table as metaData describes it; everything else there is the same in all ponds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableMetadata {
    /// A UUID.
    pub id: String,
    /// The schema, in Delta's JSON.
    pub schema_string: String,
    /// When the table was made: milliseconds since 1970.
    pub created: i64,
}

impl TableMetadata {
    /// The metadata of a new table, whose id comes from its first operation.
    pub fn new(first_operation: &ObjectId, schema_string: String, created: i64) -> Self {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&first_operation.as_bytes()[..16]);
        // RFC 9562: version 8 (the bits are the application's), variant 10.
        bytes[6] = bytes[6] & 0x0f | 0x80;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let id = format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]);
        Self { id, schema_string, created }
    }
}

/// An entry before it has a version: what [`encode`] makes the bytes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryDraft {
    /// For people.
    pub info: EntryInfo,
    /// See [`PondInfo::operation`].
    pub operation: ObjectId,
    /// See [`PondInfo::seq`].
    pub seq: i64,
    /// See [`PondInfo::view`].
    pub view: ObjectId,
    /// See [`PondInfo::refs`].
    pub refs: BTreeMap<String, Option<ObjectId>>,
    /// The packs that it adds.
    pub adds: Vec<AddFile>,
    /// The packs that it removes.
    pub removes: Vec<RemoveFile>,
    /// In version 0, and where the schema changes.
    pub metadata: Option<TableMetadata>,
}

/// An entry that was read and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Its Delta version.
    pub version: u64,
    /// For people.
    pub info: EntryInfo,
    /// pond's part.
    pub pond: PondInfo,
    /// The packs that it adds.
    pub adds: Vec<AddFile>,
    /// The packs that it removes.
    pub removes: Vec<RemoveFile>,
    /// Whether it states the protocol; then it is ours.
    pub protocol: bool,
    /// The metadata, where it states that.
    pub metadata: Option<TableMetadata>,
}

/// In which way an entry is damaged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// No bytes, or nothing but zeros, as after a power cut on a store that does not sync.
    #[error("it holds nothing")]
    Empty,
    /// More bytes than an entry can have.
    #[error("it has {0} bytes, more than any entry")]
    Size(u64),
    /// A line is no JSON; the number is the line's, from 1.
    #[error("its line {0} is no JSON object")]
    Json(usize),
    /// It does not end where a line ends.
    #[error("it is cut short")]
    Truncated,
    /// Its bytes are not those that were written.
    #[error("its digest is {found}, it should be {stated}")]
    Digest {
        /// What the entry says.
        stated: ObjectId,
        /// What its bytes give.
        found: ObjectId,
    },
    /// It is whole, and says what no entry of a pond says.
    #[error("{0}")]
    Content(String),
}

/// Why an entry of the log was not read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file is there and is not what pond wrote.
    #[error("version {version} of the table is damaged: {why}")]
    Damaged {
        /// The entry's version.
        version: u64,
        /// In which way.
        why: Damage,
    },
    /// Another program wrote it.
    #[error("version {version} of the table was written by another program{}", Named(operation.as_deref()))]
    Foreign {
        /// The entry's version.
        version: u64,
        /// What the program calls what it did.
        operation: Option<String>,
    },
    /// It asks for what this program does not know.
    #[error("version {version} of the table needs {what}, which this program does not know")]
    Newer {
        /// The entry's version.
        version: u64,
        /// What it needs.
        what: String,
    },
    /// There is no such entry.
    #[error("the table has no version {version}: '{}' is missing", path.display())]
    Missing {
        /// The version.
        version: u64,
        /// Its file.
        path: PathBuf,
    },
    /// The file could not be read.
    #[error("cannot read '{}': {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

struct Named<'a>(Option<&'a str>);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(operation) => write!(f, ", which calls it '{}'", pond_durable::line::escape(operation)),
            None => Ok(()),
        }
    }
}

/// The name of a version's entry: 20 digits and `.json`.
pub fn entry_name(version: u64) -> String {
    format!("{version:020}.json")
}

/// The file of a version's entry.
pub fn entry_path(table_dir: &Path, version: u64) -> PathBuf {
    table_dir.join(LOG_DIR).join(entry_name(version))
}

/// What tells an entry's file from another with the same name: equal stats are taken for the same file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct EntryStat {
    /// Bytes.
    pub size: u64,
    /// Modification time: nanoseconds since 1970.
    pub mtime: i64,
    /// Inode number; 0 where there are none.
    pub inode: u64,
}

impl EntryStat {
    /// The stat of a version's entry; `None` if there is no such entry.
    pub fn of(table_dir: &Path, version: u64) -> Result<Option<Self>, LogError> {
        let path = entry_path(table_dir, version);
        match path.metadata() {
            Ok(metadata) => Ok(Some(Self::from(&metadata))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(LogError::Read { path, source }),
        }
    }
}

impl From<&Metadata> for EntryStat {
    fn from(metadata: &Metadata) -> Self {
        let (mtime, inode);
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            mtime = metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec());
            inode = metadata.ino();
        }
        #[cfg(not(unix))]
        {
            let since =
                metadata.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
            mtime = since.and_then(|since| i64::try_from(since.as_nanos()).ok()).unwrap_or(0);
            inode = 0;
        }
        Self { size: metadata.len(), mtime, inode }
    }
}

/// Reads and checks a version's entry.
pub fn read_entry(table_dir: &Path, version: u64) -> Result<(LogEntry, EntryStat), LogError> {
    let path = entry_path(table_dir, version);
    let read = || {
        let file = File::open(&path)?;
        let stat = EntryStat::from(&file.metadata()?);
        let mut bytes = Vec::new();
        file.take(ENTRY_LIMIT + 1).read_to_end(&mut bytes)?;
        Ok::<_, io::Error>((bytes, stat))
    };
    match read() {
        Ok((bytes, stat)) => Ok((decode(version, &bytes)?, stat)),
        Err(source) if source.kind() == io::ErrorKind::NotFound => Err(LogError::Missing { version, path }),
        Err(source) => Err(LogError::Read { path, source }),
    }
}

#[cfg(test)]
pub(crate) mod tests;
