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

use crate::durable;
use crate::durable_local::DurableLocal;
use crate::log::{LOG_DIR, PackKind, entry_path, parse_pack_path};
use crate::state::TableState;

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
            durable::replace(&to, &bytes)
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
    durable::create_derived_dir(&parent).map_err(failed(&parent))?;
    let made = tempfile::Builder::new().prefix(".pond.tmp-checkpoint-").tempdir_in(&parent);
    let scratch = made.map_err(failed(&parent))?;
    // Should this be killed, the pond's owner can delete what is left.
    durable::give_dir_to_owner(scratch.path());
    let log = scratch.path().join(LOG_DIR);
    durable::create_dir(&log).map_err(failed(&log))?;
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
mod tests {
    use futures::TryStreamExt as _;

    use super::*;
    use crate::log::tests::{draft, id, remove};
    use crate::publish::publish;
    use crate::state::tests::Table;

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .build()
            .expect("a runtime")
            .block_on(future)
    }

    fn grow(table: &Table, message: &str) {
        let state = table.load().state;
        let store = DurableLocal::new(&table.path()).expect("a store");
        let mut draft = draft(state.seq + 1, "ada");
        draft.info.parameters.insert("message".to_owned(), message.to_owned());
        if state.version == 2 {
            draft.removes.push(remove("data 0 ada"));
        }
        run(publish(&store, &state, &draft)).expect("published");
    }

    async fn plain_open(table: &Table) -> DeltaTable {
        let url = Url::from_directory_path(table.path()).expect("a path");
        deltalake::open_table(url).await.expect("a table")
    }

    #[test]
    fn a_stranger_opens_the_table_and_reads_its_history() {
        let table = Table::new();
        for n in 1..5 {
            grow(&table, &format!("change {n}"));
        }
        let state = table.load().state;
        run(async {
            let opened = plain_open(&table).await;
            assert_eq!(opened.version(), Some(4));
            assert_eq!(packs_of(&opened).expect("packs").len(), state.packs.len());
            assert!(!packs_of(&opened).expect("packs").contains(&(PackKind::Data, id("data 0 ada"))));
            let history: Vec<_> = opened.history(None).try_collect().await.expect("a history");
            assert_eq!(history.len(), 5);
            let newest = &history[0];
            assert_eq!(newest.operation.as_deref(), Some("COMMIT"));
            assert_eq!(newest.user_name.as_deref(), Some("ada"));
            assert_eq!(newest.info["pond"]["operation"], state.operation.to_hex());
            let parameters = newest.operation_parameters.as_ref().expect("parameters");
            assert_eq!(parameters["message"], "change 4");
        });
    }

    #[test]
    fn checkpoints_are_written_and_read_by_others() {
        let table = Table::new();
        for version in 1..=3 {
            grow(&table, "x");
            let state = table.load().state;
            run(write_checkpoint(&table.path(), &state)).expect("a checkpoint");
            assert_eq!(last_checkpoint(&table.path()), Some(version));
        }
        assert!(!checkpoint_path(&table.path(), 1).exists());
        assert!(checkpoint_path(&table.path(), 2).exists());
        let state = table.load().state;
        // An entry that only the checkpoint has shows that strangers read it.
        fs::remove_file(crate::log::entry_path(&table.path(), 1)).expect("deleted");
        let opened = run(plain_open(&table));
        assert_eq!(opened.version(), Some(state.version));
        assert_eq!(packs_of(&opened).expect("packs").len(), state.packs.len());
        assert!(!is_due(&table.path(), 102));
        assert!(is_due(&table.path(), 103));
    }

    #[test]
    fn a_checkpoint_that_says_something_else_does_not_stay() {
        let table = Table::new();
        grow(&table, "x");
        let mut state = table.load().state;
        state.packs.pop();
        let error = run(write_checkpoint(&table.path(), &state)).expect_err("a mismatch");
        assert!(matches!(error, CheckpointError::Mismatch { version: 1 }), "{error}");
        assert!(!checkpoint_path(&table.path(), 1).exists());
        assert_eq!(run(plain_open(&table)).version(), Some(1));
    }

    #[test]
    fn a_bad_checkpoint_is_mended_by_the_next() {
        for damage in ["deleted", "another's"] {
            let table = Table::new();
            grow(&table, "x");
            assert!(run(write_checkpoint(&table.path(), &table.load().state)).expect("a checkpoint"));
            assert!(!run(write_checkpoint(&table.path(), &table.load().state)).expect("it is there"));
            grow(&table, "y");
            assert!(run(write_checkpoint(&table.path(), &table.load().state)).expect("a checkpoint"));
            let newest = checkpoint_path(&table.path(), 2);
            match damage {
                "deleted" => fs::remove_file(newest).expect("deleted"),
                _ => drop(fs::copy(checkpoint_path(&table.path(), 1), newest).expect("copied")),
            }
            for _ in 0..2 {
                let state = table.load().state;
                run(write_checkpoint(&table.path(), &state)).expect("a checkpoint");
                let opened = run(plain_open(&table));
                assert_eq!(packs_of(&opened).expect("packs").len(), state.packs.len(), "{damage}");
                grow(&table, "z");
            }
        }
    }

    #[test]
    fn old_checkpoints_become_sparse() {
        let mut versions = BTreeSet::new();
        for version in (100..=3400).step_by(100) {
            versions.insert(version);
            for gone in superfluous(&versions) {
                versions.remove(&gone);
            }
        }
        assert_eq!(versions.into_iter().collect::<Vec<_>>(), [900, 1900, 2900, 3300, 3400]);
    }
}
