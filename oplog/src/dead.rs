//! Packs that the table does not name: found by listing its directories, and deleted when nobody can need them.
//!
//! Most were *replaced*: an entry of the log removed them, and says when. They stay for readers that opened the table before,
//! for a grace. The newest of those are in the state; the times of others are looked for in the log, from the newest entry
//! back to those that are older than the files. What is left was never named: a command that was killed, or that came
//! second, left it, or one that runs now is about to name it.
//!
//! Nothing live is deleted. Under the lock of those who publish, the newest state is asked again. A pack that was never named
//! goes only under that lock, if its file has not been written or renamed for an hour and the caller, who knows the indexes
//! of the mirrors, does not keep it; whoever publishes holds the same lock, and looks for its files first.

use std::collections::{HashMap, HashSet};
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use pond_objects::ObjectId;

use crate::log::{self, EntryStat, LogError, parse_pack_path};
use crate::pond::Pond;
use crate::schema::PackKind;
use crate::state::{self, StateError, TableState};
use pond_durable::lock::{Holder, Lock, LockError};

/// How long replaced packs stay for readers that opened the table before: an hour.
pub const GRACE: Duration = Duration::from_secs(3600);
/// Entries that are read at most to learn when packs were replaced.
const MOST_ENTRIES: u64 = 20_000;
/// Files that are deleted before others can publish again.
const AT_ONCE: usize = 128;
/// How long a deletion waits for those who publish.
const PATIENCE: Duration = Duration::from_millis(200);
/// Where packs are replaced faster than the state remembers them, one look in so many versions finds the others.
const LOOK_EVERY: u64 = 512;
/// Within so many versions there is at least one compaction then.
const COMPACTED_WITHIN: u64 = 64;

/// Why dead packs were not found or deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeadError {
    /// An entry of the log, or the state that it gives, could not be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// The same.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A directory could not be read.
    #[error("cannot read '{}': {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A pack that the table does not name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadPack {
    /// Its partition.
    pub kind: PackKind,
    /// Its digest.
    pub digest: ObjectId,
    /// Bytes of the file.
    pub size: u64,
    /// When an entry of the log removed it: milliseconds since 1970. `None`: no entry is known to.
    pub removed_at: Option<i64>,
    /// When the file was written.
    written: SystemTime,
    /// When it was written, renamed or linked last.
    touched: SystemTime,
}

impl DeadPack {
    /// Whether the grace is over, and it can be deleted: of a pack that was never named after an hour at the earliest.
    pub fn is_due(&self, now_millis: i64, grace: Duration) -> bool {
        let untouched = |age| SystemTime::now().duration_since(self.touched).is_ok_and(|since| since >= age);
        match self.removed_at {
            Some(_) if grace.is_zero() => true,
            Some(at) if at <= now_millis => u128::from(now_millis.abs_diff(at)) >= grace.as_millis(),
            // The clock was set back since.
            Some(_) => untouched(grace),
            None => untouched(grace.max(GRACE)),
        }
    }

    fn path(&self, pond: &Pond) -> PathBuf {
        pond.table_dir().join(self.kind.pack_path(&self.digest))
    }
}

/// Whether the grace of a replaced pack that the state remembers is over.
pub fn is_any_due(state: &TableState, now_millis: i64) -> bool {
    is_any_older(state, now_millis, GRACE)
}

/// Whether a replaced pack that the state remembers was replaced so long ago.
pub fn is_any_older(state: &TableState, now_millis: i64, age: Duration) -> bool {
    let oldest = state.removed.iter().next().map(|pack| pack.removed_at);
    oldest.is_some_and(|at| now_millis.saturating_sub(at) >= age.as_millis() as i64)
}

/// Whether more packs were replaced than the state remembers: then their number may be any, and when they were is in the log
/// alone, so that to find them takes long.
pub fn may_be_many(state: &TableState) -> bool {
    state.removed.is_full()
}

/// Whether it is time, after a compaction, to look for replaced packs that the state has forgotten.
pub fn is_look_due(state: &TableState) -> bool {
    state.removed.is_full() && state.version % LOOK_EVERY < COMPACTED_WITHIN
}

/// Every pack in the table's directories that `state` does not name: first those that were never named, then those that it
/// has forgotten, then those that it remembers, each by the time of their removal. Whoever deletes some of them in this order
/// finds in the state, as long as it remembers one, that there are more.
///
/// # Errors
/// Those of reading the directories and the log.
pub fn find(pond: &Pond, state: &TableState) -> Result<Vec<DeadPack>, DeadError> {
    let live: HashSet<ObjectId> = state.packs.iter().map(|pack| pack.digest).collect();
    let mut found = Vec::new();
    for kind in [PackKind::Data, PackKind::Meta] {
        for (name, file) in list(&pond.table_dir().join(kind.dir_name()))? {
            let pack = parse_pack_path(&format!("{}/{name}", kind.dir_name()));
            let Some((kind, digest)) = pack.filter(|(_, digest)| !live.contains(digest)) else { continue };
            let (written, touched) = times_of(&file);
            found.push(DeadPack { kind, digest, size: file.len(), removed_at: None, written, touched });
        }
    }
    let mut times: HashMap<ObjectId, i64> =
        state.removed.iter().map(|pack| (pack.digest, pack.removed_at)).collect();
    let remembered: HashSet<ObjectId> = times.keys().copied().collect();
    let unknown: HashMap<ObjectId, SystemTime> = found
        .iter()
        .filter(|pack| !remembered.contains(&pack.digest))
        .map(|pack| (pack.digest, pack.written))
        .collect();
    look_in_log(pond, state, unknown, &mut times)?;
    for pack in &mut found {
        pack.removed_at = times.get(&pack.digest).copied();
    }
    found.sort_by_key(|pack| (remembered.contains(&pack.digest), pack.removed_at, pack.digest));
    Ok(found)
}

/// Adds when the log says that unknown packs were removed. Entries from before the oldest of them need no look.
fn look_in_log(
    pond: &Pond,
    state: &TableState,
    mut unknown: HashMap<ObjectId, SystemTime>,
    times: &mut HashMap<ObjectId, i64>,
) -> Result<(), DeadError> {
    let table = pond.table_dir();
    let mut oldest = unknown.values().min().copied();
    let mut version = state.version;
    while let Some(since) = oldest.filter(|_| version > 0 && state.version - version < MOST_ENTRIES) {
        let Some(stat) = EntryStat::of(&table, version)? else { break };
        if is_before(stat.mtime, since) {
            break;
        }
        let (entry, _) = log::read_entry(&table, version)?;
        let before = unknown.len();
        for remove in entry.removes {
            if unknown.remove(&remove.digest).is_some() {
                times.insert(remove.digest, remove.deletion_timestamp);
            }
        }
        if unknown.len() < before {
            oldest = unknown.values().min().copied();
        }
        version -= 1;
    }
    Ok(())
}

fn is_before(nanos: i64, time: SystemTime) -> bool {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i128::from(nanos) < i128::try_from(since.as_nanos()).unwrap_or(i128::MAX)
}

/// A number of files, and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Files {
    /// How many.
    pub count: usize,
    /// Their bytes.
    pub bytes: u64,
}

impl Files {
    fn add(&mut self, bytes: u64) {
        self.count += 1;
        self.bytes += bytes;
    }
}

/// What a deletion did.
#[derive(Debug)]
pub struct Deleted {
    /// The newest state.
    pub state: TableState,
    /// Packs that had been replaced.
    pub replaced: Files,
    /// Packs that were never named.
    pub unnamed: Files,
    /// Cached indexes of packs that are gone, of these or earlier ones.
    pub indexes: Files,
    /// The first file that could not be deleted.
    pub failed: Option<(PathBuf, io::Error)>,
}

/// Deletes packs that the newest version does not name either, and cached indexes that are of no pack that is there. Where
/// others hold their lock for too long, what is left stays until the next time.
///
/// # Errors
/// Those of reading the state and the directories; what was deleted until then stays so.
pub fn delete(pond: &Pond, due: &[DeadPack], us: &Holder) -> Result<Deleted, DeadError> {
    let newest = || Ok::<_, DeadError>(state::load(&pond.table_dir(), &pond.cache_dir())?.state);
    let mut deleted = Deleted {
        state: newest()?,
        replaced: Files::default(),
        unnamed: Files::default(),
        indexes: Files::default(),
        failed: None,
    };
    for packs in due.chunks(AT_ONCE) {
        let turn = match Lock::acquire_often(&pond.lock_path(), PATIENCE, us) {
            Ok(turn) => Some(turn),
            Err(LockError::Busy { .. }) => break,
            Err(LockError::ReadOnly { .. } | LockError::Io { .. }) => None,
        };
        deleted.state = newest()?;
        let live: HashSet<ObjectId> = deleted.state.packs.iter().map(|pack| pack.digest).collect();
        for pack in packs.iter().filter(|pack| !live.contains(&pack.digest)) {
            // Who is about to name it would hold the lock, and would have given it its name lately.
            let was_named = pack.removed_at.is_some();
            if !was_named && (turn.is_none() || is_touched_since(pack, pond)) {
                continue;
            }
            if remove(pack.path(pond), &mut deleted.failed) {
                let files = if was_named { &mut deleted.replaced } else { &mut deleted.unnamed };
                files.add(pack.size);
            }
        }
    }
    forget_gone(pond, &mut deleted.state);
    delete_indexes(pond, &mut deleted)?;
    Ok(deleted)
}

/// Takes packs whose files are gone off the list of those that were removed lately, whoever deleted them.
fn forget_gone(pond: &Pond, state: &mut TableState) {
    let is_gone = |kind: PackKind, digest: &ObjectId| {
        let found = fs::symlink_metadata(pond.table_dir().join(kind.pack_path(digest)));
        found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    };
    let gone: HashSet<ObjectId> = state
        .removed
        .iter()
        .filter(|pack| is_gone(pack.kind, &pack.digest))
        .map(|pack| pack.digest)
        .collect();
    if !gone.is_empty() {
        state.forget_removed(&gone);
        state.save(&pond.cache_dir());
    }
}

fn is_touched_since(pack: &DeadPack, pond: &Pond) -> bool {
    fs::metadata(pack.path(pond)).is_ok_and(|file| times_of(&file).1 != pack.touched)
}

/// Deletes cached indexes of packs that are nowhere. One that is missed is made again.
fn delete_indexes(pond: &Pond, deleted: &mut Deleted) -> Result<(), DeadError> {
    let dir = pond.cache_dir().join("packs");
    let cached = list(&dir)?;
    let mut there: HashSet<String> = deleted.state.packs.iter().map(|pack| pack.digest.to_hex()).collect();
    let tables = [PackKind::Data, PackKind::Meta].map(|kind| pond.table_dir().join(kind.dir_name()));
    for dir in tables.into_iter().chain([pond.staging_dir()]) {
        there
            .extend(list(&dir)?.into_iter().filter_map(|(name, _)| Some(name.split_once('.')?.0.to_owned())));
    }
    for (name, file) in cached {
        let is_of_none = name.strip_suffix(".index").is_some_and(|digest| !there.contains(digest));
        if is_of_none && remove(dir.join(&name), &mut deleted.failed) {
            deleted.indexes.add(file.len());
        }
    }
    Ok(())
}

/// Deletes a file; whether it was there. The first error is kept.
fn remove(path: PathBuf, failed: &mut Option<(PathBuf, io::Error)>) -> bool {
    match fs::remove_file(&path) {
        Ok(()) => true,
        Err(error) => {
            if error.kind() != io::ErrorKind::NotFound {
                failed.get_or_insert((path, error));
            }
            false
        }
    }
}

/// The files of a directory whose names are text; empty if there is no directory.
fn list(dir: &Path) -> Result<Vec<(String, Metadata)>, DeadError> {
    let failed = |source| DeadError::Read { path: dir.to_owned(), source };
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        // Whoever deletes files meanwhile takes nothing from us.
        let Ok(file) = entry.metadata() else { continue };
        if let (true, Ok(name)) = (file.is_file(), entry.file_name().into_string()) {
            found.push((name, file));
        }
    }
    Ok(found)
}

/// When a file was written, and when it was written, renamed or linked last. What the system does not say is now.
fn times_of(file: &Metadata) -> (SystemTime, SystemTime) {
    let written = file.modified().unwrap_or_else(|_| SystemTime::now());
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let seconds = u64::try_from(file.ctime()).unwrap_or(0);
        let changed = Duration::new(seconds, u32::try_from(file.ctime_nsec()).unwrap_or(0));
        (written, written.max(SystemTime::UNIX_EPOCH + changed))
    }
    #[cfg(not(unix))]
    (written, written)
}

#[cfg(test)]
mod tests;
