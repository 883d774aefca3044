//! Delta checkpoints: one Parquet file with the table's whole state, so that other readers need not read every entry.
//!
//! pond itself reads none. delta-rs writes them, beside the table; each is read back by delta-rs and compared with our own
//! state before it is put into it. Whatever fails, the entries are untouched and the table reads as before. Two at once do no
//! harm.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError};
use pond_objects::ObjectId;
use url::Url;

use pond_oplog::TableState;
use pond_oplog::durable_local::DurableLocal;
use pond_oplog::log::{LOG_DIR, PackKind, entry_path, parse_pack_path};

/// Versions from one checkpoint to the next.
pub const INTERVAL: u64 = 100;
/// Of these many versions one checkpoint stays for good.
const SPARSE_INTERVAL: u64 = 10 * INTERVAL;
/// The newest checkpoints all stay: a reader may be at the second newest.
const NEWEST_KEPT: usize = 2;

const HINT: &str = "_last_checkpoint";
const SUFFIX: &str = ".checkpoint.parquet";

/// Why there is no new checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// delta-rs failed.
    #[error("cannot write a checkpoint of version {version}: {source}")]
    Delta {
        /// The version.
        version: u64,
        /// What delta-rs said.
        source: Box<DeltaTableError>,
    },
    /// delta-rs reads another table from the entries than pond does; nothing was written.
    #[error("a checkpoint of version {version} would not have the table's packs, and was not written")]
    Mismatch {
        /// The version.
        version: u64,
    },
    /// The system failed.
    #[error("cannot change '{}': {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Whether the table has gone [`INTERVAL`] versions without a checkpoint.
pub fn is_due(table_dir: &Path, version: u64) -> bool {
    versions_without(table_dir, version) >= INTERVAL
}

/// Versions up to this one since the last checkpoint.
pub fn versions_without(table_dir: &Path, version: u64) -> u64 {
    let last = last_checkpoint(table_dir).filter(|last| checkpoint_path(table_dir, *last).exists());
    let last = last.filter(|last| *last <= version).unwrap_or(0);
    version - last
}

/// The version in `_last_checkpoint`. It is a hint: what cannot be read is taken for none.
fn last_checkpoint(table_dir: &Path) -> Option<u64> {
    let bytes = fs::read(table_dir.join(LOG_DIR).join(HINT)).ok()?;
    let hint: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
    hint.get("version")?.as_u64()
}

/// Writes a checkpoint of the state's version, and deletes old ones: the two newest stay, and one in every thousand
/// versions. Gives false where there is a good one already. Runs inside a tokio runtime.
///
/// It is made and read back in a directory of its own, on links to the log's entries, and becomes visible only when it is
/// known to be right: first the checkpoint, then the hint that names it. It builds on the last checkpoint, or, where that is
/// missing or wrong, on all entries; so a bad one is mended by the next.
pub async fn write_checkpoint(table_dir: &Path, state: &TableState) -> Result<bool, CheckpointError> {
    let version = state.version;
    let expected: HashSet<_> = state.packs.iter().map(|pack| (pack.kind, pack.digest)).collect();
    let last = last_checkpoint(table_dir).filter(|last| checkpoint_path(table_dir, *last).exists());
    if last == Some(version) && reads_as(table_dir, version, &expected).await {
        return Ok(false);
    }
    for base in [last.filter(|last| *last < version), None] {
        let scratch = scratch(table_dir, base, version)?;
        if base.is_some() && !reads_as(scratch.path(), version, &expected).await {
            continue;
        }
        let delta = |source| CheckpointError::Delta { version, source: Box::new(source) };
        let table = open(scratch.path(), version).await.map_err(delta)?;
        deltalake::checkpoints::create_checkpoint(&table, None).await.map_err(delta)?;
        if !reads_as(scratch.path(), version, &expected).await {
            return Err(CheckpointError::Mismatch { version });
        }
        for path in [checkpoint_path, |dir: &Path, _| dir.join(LOG_DIR).join(HINT)] {
            let (from, to) = (path(scratch.path(), version), path(table_dir, version));
            let bytes = fs::read(&from).map_err(|source| CheckpointError::Io { path: from, source })?;
            pond_durable::replace(&to, &bytes)
                .map_err(|error| CheckpointError::Io { path: to, source: io::Error::other(error) })?;
        }
        prune(table_dir)?;
        return Ok(true);
    }
    Err(CheckpointError::Mismatch { version })
}

/// Whether delta-rs reads these packs from the table.
async fn reads_as(table_dir: &Path, version: u64, expected: &HashSet<(PackKind, ObjectId)>) -> bool {
    match open(table_dir, version).await {
        Ok(table) => packs_of(&table).is_ok_and(|packs| packs == *expected),
        Err(_) => false,
    }
}

/// A directory with the log's entries from a checkpoint (or from the first) up to a version, and with that checkpoint.
fn scratch(table_dir: &Path, base: Option<u64>, version: u64) -> Result<tempfile::TempDir, CheckpointError> {
    let parent = table_dir.parent().unwrap_or(table_dir).join("cache");
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| CheckpointError::Io { path, source }
    };
    pond_durable::create_derived_dir(&parent).map_err(failed(&parent))?;
    let made = tempfile::Builder::new().prefix(".pond.tmp-checkpoint-").tempdir_in(&parent);
    let scratch = made.map_err(failed(&parent))?;
    // Should this be killed, the pond's owner can delete what is left.
    pond_durable::give_dir_to_owner(scratch.path());
    let log = scratch.path().join(LOG_DIR);
    pond_durable::create_dir(&log).map_err(failed(&log))?;
    let link = |from: PathBuf| {
        let to = log.join(from.file_name().expect("BUG: a file of the log has a name"));
        fs::hard_link(&from, &to).or_else(|_| fs::copy(&from, &to).map(drop)).map_err(failed(&from))
    };
    if let Some(base) = base {
        link(checkpoint_path(table_dir, base))?;
        // Never linked: delta-rs writes this one anew.
        let (from, to) = (table_dir.join(LOG_DIR).join(HINT), log.join(HINT));
        fs::copy(&from, &to).map_err(failed(&from))?;
    }
    for number in base.unwrap_or(0)..=version {
        link(entry_path(table_dir, number))?;
    }
    Ok(scratch)
}

/// The table as delta-rs sees it, through a store whose root is the table: then no character of the pond's path needs
/// a place in a URL.
async fn open(table_dir: &Path, version: u64) -> Result<DeltaTable, DeltaTableError> {
    let store = Arc::new(DurableLocal::new(table_dir)?);
    let root = Url::parse("file:///").expect("BUG: a constant URL");
    DeltaTableBuilder::from_url(root.clone())?
        .with_storage_backend(store, root)
        .with_version(version)
        .load()
        .await
}

fn packs_of(table: &DeltaTable) -> Result<HashSet<(PackKind, ObjectId)>, DeltaTableError> {
    let paths = table.snapshot()?.log_data().iter().map(|file| file.path().to_string()).collect::<Vec<_>>();
    paths
        .iter()
        .map(|path| {
            parse_pack_path(path).ok_or_else(|| DeltaTableError::Generic(format!("'{path}' is no pack")))
        })
        .collect()
}

fn checkpoint_path(table_dir: &Path, version: u64) -> PathBuf {
    table_dir.join(LOG_DIR).join(format!("{version:020}{SUFFIX}"))
}

/// Deletes the checkpoints that [`superfluous`] names.
fn prune(table_dir: &Path) -> Result<(), CheckpointError> {
    let dir = table_dir.join(LOG_DIR);
    let list = || {
        let mut versions = BTreeSet::new();
        for entry in fs::read_dir(&dir)? {
            let name = entry?.file_name();
            versions.extend(name.to_str().and_then(|name| name.strip_suffix(SUFFIX)?.parse::<u64>().ok()));
        }
        Ok(versions)
    };
    let versions = list().map_err(|source| CheckpointError::Io { path: dir.clone(), source })?;
    for version in superfluous(&versions) {
        delete(&checkpoint_path(table_dir, version))?;
    }
    Ok(())
}

/// All but the newest, and but the newest of each [`SPARSE_INTERVAL`].
fn superfluous(versions: &BTreeSet<u64>) -> Vec<u64> {
    let newest: BTreeSet<_> = versions.iter().rev().take(NEWEST_KEPT).copied().collect();
    let newest_of_interval = |version: u64| {
        let end = (version / SPARSE_INTERVAL + 1) * SPARSE_INTERVAL;
        versions.range(version + 1..end).next().is_none()
    };
    versions
        .iter()
        .copied()
        .filter(|version| !newest.contains(version) && !newest_of_interval(*version))
        .collect()
}

fn delete(path: &Path) -> Result<(), CheckpointError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(CheckpointError::Io { path: path.to_owned(), source }),
    }
}

#[cfg(test)]
mod tests;
