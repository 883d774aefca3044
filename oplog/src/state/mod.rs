//! The table as of its newest version: the operation, the view, the packs, and how they became so.
//!
//! [`load`] gives the state that the log describes. A cache makes it cheap: two stats where nothing has changed, the new
//! entries where something has. The cache is derived, is written without being synced, and may be deleted
//! or damaged at any time. Entries are never taken on trust: each is decoded in full and must follow the one before by
//! digest, operation and number. A log that is shorter than the cache knows ([`StateError::HistoryRewound`]) is never taken
//! for the pond's history.

mod cache;
mod record;
mod removed;

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;

use pond_objects::ObjectId;

use crate::log::{self, EntryStat, LogEntry, LogError, PackKind};

pub use removed::RemovedPacks;

/// So many removed packs are remembered, the newest.
const REMOVED_LIMIT: usize = 1024;

/// A pack of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackFile {
    /// Its partition.
    pub kind: PackKind,
    /// The BLAKE3 of its bytes, and its name.
    pub digest: ObjectId,
    /// Its bytes.
    pub size: u64,
    /// Its rows.
    pub rows: u64,
    /// The Delta version that added it.
    pub version_added: u64,
}

impl PackFile {
    /// Its path below the table's directory.
    pub fn path(&self) -> String {
        self.kind.pack_path(&self.digest)
    }
}

/// A pack that was in the table until lately, and whose file may still be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovedPack {
    /// Its partition.
    pub kind: PackKind,
    /// Its digest.
    pub digest: ObjectId,
    /// The Delta version that removed it.
    pub version_removed: u64,
    /// When: milliseconds since 1970, as the entry says.
    pub removed_at: i64,
    /// Whether its rows left the table with it; otherwise they are in other packs.
    pub data_change: bool,
}

/// The table as of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableState {
    /// The Delta version.
    pub version: u64,
    /// The digest of its entry.
    pub digest: ObjectId,
    /// The stat of its entry's file when it was read.
    pub stat: EntryStat,
    /// Delta's id of the table.
    pub table_id: String,
    /// The newest operation.
    pub operation: ObjectId,
    /// Its number.
    pub seq: i64,
    /// The view that it left.
    pub view: ObjectId,
    /// When the version was made: milliseconds since 1970.
    pub timestamp: i64,
    /// The packs, in the order in which they came.
    pub packs: Vec<PackFile>,
    /// The packs that were removed last, in that order.
    pub removed: RemovedPacks,
}

/// Why an entry does not continue the history.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// It follows another entry than the one that is there.
    #[error("it follows another history than the one before it")]
    Previous,
    /// Its operation does not follow the newest one.
    #[error("its operation does not follow the newest one")]
    Operation,
    /// It turns the table into another one.
    #[error("it belongs to another table")]
    Table,
}

/// Why there is no state.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// An entry could not be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// An entry does not continue the history.
    #[error("version {version} of the table is damaged or was replaced: {why}")]
    Chain {
        /// The entry's version.
        version: u64,
        /// In which way.
        why: ChainError,
    },
    /// The table ends before a version that this pond had: it was restored from an older copy, or cut.
    #[error("this pond had version {known} of the table, the newest one there is {}", Newest(*newest))]
    HistoryRewound {
        /// The newest version that the cache knows.
        known: u64,
        /// The newest version that is there.
        newest: Option<u64>,
    },
    /// The log's directory could not be read.
    #[error("cannot read '{}': {source}", path.display())]
    Read {
        /// The directory.
        path: std::path::PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Where a state came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The cache, which was current.
    Cache,
    /// The cache, and entries that are newer.
    Forward,
    /// The whole log, as there was no cache.
    Log,
    /// The whole log, as it is not the one that the cache was made from: the history was replaced by another that is
    /// whole in itself.
    ReplacedLog,
}

/// A state and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The state.
    pub state: TableState,
    /// Where it came from.
    pub source: Source,
}

/// The state of the newest version of the table. Brings the cache in `cache_dir` up to date if it can be written.
pub fn load(table_dir: &Path, cache_dir: &Path) -> Result<Loaded, StateError> {
    let (loaded, is_behind) = newest(table_dir, cache_dir)?;
    if is_behind {
        loaded.state.save(cache_dir);
    }
    Ok(loaded)
}

/// As [`load`], and leaves the cache as it is.
pub fn look(table_dir: &Path, cache_dir: &Path) -> Result<Loaded, StateError> {
    newest(table_dir, cache_dir).map(|(loaded, _)| loaded)
}

/// The newest state, and whether the cache has another.
fn newest(table_dir: &Path, cache_dir: &Path) -> Result<(Loaded, bool), StateError> {
    let (mut loaded, known) = match cache::read(cache_dir) {
        Some(cached) => from_cache(table_dir, cached)?,
        None => (rebuild(table_dir, Source::Log)?, None),
    };
    while let Some((entry, stat)) = next_entry(table_dir, loaded.state.version)? {
        loaded.state.advance(&entry, stat)?;
        if loaded.source == Source::Cache {
            loaded.source = Source::Forward;
        }
    }
    let is_behind = known != Some((loaded.state.version, loaded.state.stat));
    Ok((loaded, is_behind))
}

/// Whether the table is as `state` says still: its entry is the one that was read, and none follows.
pub fn is_newest(table_dir: &Path, state: &TableState) -> Result<bool, StateError> {
    let is_same = EntryStat::of(table_dir, state.version)? == Some(state.stat);
    Ok(is_same && EntryStat::of(table_dir, state.version + 1)?.is_none())
}

/// The cached state if it belongs to this log, and what of it the cache has.
#[allow(clippy::type_complexity, reason = "a name for the pair would say less")]
fn from_cache(
    table_dir: &Path,
    mut cached: TableState,
) -> Result<(Loaded, Option<(u64, EntryStat)>), StateError> {
    let known = (cached.version, cached.stat);
    let Some(stat) = EntryStat::of(table_dir, cached.version)? else {
        let newest = newest_version(table_dir)?;
        return Err(StateError::HistoryRewound { known: cached.version, newest });
    };
    if stat != cached.stat {
        // A copied pond has other stats and the same history.
        let (entry, stat) = log::read_entry(table_dir, cached.version)?;
        if entry.pond.digest != cached.digest {
            return Ok((rebuild(table_dir, Source::ReplacedLog)?, None));
        }
        cached.stat = stat;
    }
    Ok((Loaded { state: cached, source: Source::Cache }, Some(known)))
}

fn next_entry(table_dir: &Path, version: u64) -> Result<Option<(LogEntry, EntryStat)>, StateError> {
    match log::read_entry(table_dir, version + 1) {
        Ok(entry) => Ok(Some(entry)),
        Err(LogError::Missing { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The state from every entry that the directory lists; a gap between them is an error.
fn rebuild(table_dir: &Path, source: Source) -> Result<Loaded, StateError> {
    let (first, stat) = log::read_entry(table_dir, 0)?;
    let mut state = TableState::first(&first, stat)?;
    let newest = newest_version(table_dir)?.unwrap_or(0);
    while state.version < newest {
        let (entry, stat) = log::read_entry(table_dir, state.version + 1)?;
        state.advance(&entry, stat)?;
    }
    Ok(Loaded { state, source })
}

/// The largest version that the log's directory lists.
pub fn newest_version(table_dir: &Path) -> Result<Option<u64>, StateError> {
    let path = table_dir.join(log::LOG_DIR);
    let list = || {
        let mut newest = None;
        for entry in fs::read_dir(&path)? {
            let name = entry?.file_name();
            let version = name.to_str().and_then(|name| name.strip_suffix(".json")?.parse().ok());
            if version.is_some_and(|version| name.to_str() == Some(&log::entry_name(version))) {
                newest = newest.max(version);
            }
        }
        Ok::<_, io::Error>(newest)
    };
    match list() {
        Ok(newest) => Ok(newest),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StateError::Read { path, source }),
    }
}

impl TableState {
    /// The state after version 0.
    pub fn first(entry: &LogEntry, stat: EntryStat) -> Result<Self, StateError> {
        let chain = |why| StateError::Chain { version: entry.version, why };
        let metadata = entry.metadata.as_ref().filter(|_| entry.version == 0);
        let metadata = metadata.ok_or_else(|| chain(ChainError::Previous))?;
        let mut state = Self {
            version: 0,
            digest: entry.pond.digest,
            stat,
            table_id: metadata.id.clone(),
            operation: entry.pond.operation,
            seq: entry.pond.seq,
            view: entry.pond.view,
            timestamp: entry.info.timestamp,
            packs: Vec::new(),
            removed: RemovedPacks::default(),
        };
        state.take_packs(entry);
        Ok(state)
    }

    /// Whether `entry` comes right after this state.
    pub fn check_next(&self, entry: &LogEntry) -> Result<(), StateError> {
        let pond = &entry.pond;
        let chain = |why| Err(StateError::Chain { version: entry.version, why });
        if entry.version != self.version + 1 || pond.previous != Some(self.digest) {
            return chain(ChainError::Previous);
        }
        let same = (pond.seq, pond.view) == (self.seq, self.view);
        let next = self.seq.checked_add(1) == Some(pond.seq);
        if !(if pond.operation == self.operation { same && pond.refs.is_empty() } else { next }) {
            return chain(ChainError::Operation);
        }
        if entry.metadata.as_ref().is_some_and(|metadata| metadata.id != self.table_id) {
            return chain(ChainError::Table);
        }
        Ok(())
    }

    /// Goes on to the next version. On an error the state is as it was.
    pub fn advance(&mut self, entry: &LogEntry, stat: EntryStat) -> Result<(), StateError> {
        self.check_next(entry)?;
        self.version = entry.version;
        self.digest = entry.pond.digest;
        self.stat = stat;
        self.operation = entry.pond.operation;
        self.seq = entry.pond.seq;
        self.view = entry.pond.view;
        self.timestamp = entry.info.timestamp;
        self.take_packs(entry);
        Ok(())
    }

    /// As in every Delta reader: a removed pack that is not there changes nothing, one added again is there once.
    fn take_packs(&mut self, entry: &LogEntry) {
        let gone: HashSet<_> = entry
            .removes
            .iter()
            .map(|file| (file.kind, file.digest))
            .chain(entry.adds.iter().map(|file| (file.kind, file.digest)))
            .collect();
        self.packs.retain(|pack| !gone.contains(&(pack.kind, pack.digest)));
        let version = entry.version;
        self.packs.extend(entry.adds.iter().map(|add| PackFile {
            kind: add.kind,
            digest: add.digest,
            size: add.size,
            rows: add.rows,
            version_added: version,
        }));
        let removed = entry.removes.iter().map(|remove| RemovedPack {
            kind: remove.kind,
            digest: remove.digest,
            version_removed: version,
            removed_at: remove.deletion_timestamp,
            data_change: remove.data_change,
        });
        self.removed.change(|pack| !gone.contains(&(pack.kind, pack.digest)), removed, REMOVED_LIMIT);
    }

    /// Forgets removed packs whose files were deleted.
    pub fn forget_removed(&mut self, deleted: &HashSet<ObjectId>) {
        self.removed.change(|pack| !deleted.contains(&pack.digest), std::iter::empty(), REMOVED_LIMIT);
    }

    /// Makes this state the cached one. It costs time and nothing else when that fails, so nobody is told.
    pub fn save(&self, cache_dir: &Path) {
        let _ = cache::write(cache_dir, self);
    }
}

struct Newest(Option<u64>);

impl std::fmt::Display for Newest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(version) => write!(f, "{version}"),
            None => f.write_str("none"),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
