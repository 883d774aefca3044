//! How a commit came into the table: the operation that recorded it, and what that stored.

use pond_objects::{ObjectId, ReadError};
use pond_oplog::log::{self, LogEntry, LogError};
use pond_oplog::{PackKind, RowType};

use crate::History;

/// The operation that recorded a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its number.
    pub operation: i64,
    /// The Delta version that it is; `None` if the log does not have it any more.
    pub version: Option<StoredVersion>,
}

/// The Delta version that an operation is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredVersion {
    /// Its number.
    pub number: u64,
    /// The packs of metadata that it added: commits, trees, change rows, the operation.
    pub meta: Packs,
    /// The packs of contents that it added.
    pub data: Packs,
}

/// Packs that were added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Packs {
    /// How many.
    pub files: u64,
    /// Their records.
    pub records: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Why it was not found.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    /// The commit could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The log could not be read.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Finds the operation that recorded a commit; `None` if no operation has: it is staged, or is no commit.
///
/// # Errors
/// Those of reading the commit's pack and the log.
pub fn stored(history: History<'_>, id: &ObjectId) -> Result<Option<Stored>, StoredError> {
    let Some(operation) = history.store().recorded_by(id, RowType::Commit)? else { return Ok(None) };
    let version = version_of(history, operation)?.map(|entry| {
        let mut version =
            StoredVersion { number: entry.version, meta: Packs::default(), data: Packs::default() };
        for add in &entry.adds {
            let packs = match add.kind {
                PackKind::Meta => &mut version.meta,
                PackKind::Data => &mut version.data,
            };
            packs.files += 1;
            packs.records += add.rows;
            packs.bytes += add.size;
        }
        version
    });
    Ok(Some(Stored { operation, version }))
}

/// The entry of an operation: the first that has its number, since entries of maintenance repeat that of the one before.
fn version_of(history: History<'_>, operation: i64) -> Result<Option<LogEntry>, LogError> {
    let table = history.pond.table_dir();
    let read = |version| match log::read_entry(&table, version) {
        Ok((entry, _)) => Ok(Some(entry)),
        Err(LogError::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
    };
    // Every operation is a version, so that none has a number below that of its operation.
    let Ok(mut low) = u64::try_from(operation) else { return Ok(None) };
    let mut high = history.snapshot.state().version;
    while low < high {
        let middle = low + (high - low) / 2;
        match read(middle)? {
            Some(entry) if entry.pond.seq >= operation => high = middle,
            Some(_) => low = middle + 1,
            None => return Ok(None),
        }
    }
    Ok(read(low)?.filter(|entry| entry.pond.seq == operation))
}
