//! The files of the staging area: whether they still are what was written.
//!
//! A pack is named by its digest, so reading it whole proves what it is. One whose stat is the one that it had when it was
//! written, or last read, is not read again. Those stats are kept in the cache, safe to delete: packs are read again then.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use pond_durable::in_place::open_no_link;
use pond_mirror::stat::Stat;
use pond_objects::ObjectId;
use pond_oplog::ingest::StagedPacks;
use pond_oplog::{Pond, StagedPack};

/// Bytes that are read at once.
const BUFFER: usize = 1 << 20;

/// A named pack that is not what was written.
#[derive(Debug, Clone)]
pub struct Flawed {
    /// The pack, by the digest that it should have.
    pub pack: StagedPack,
    /// What is left of it.
    pub file: Option<PathBuf>,
}

impl Flawed {
    /// What is wrong with it, as the end of a sentence.
    pub fn reason(&self) -> &'static str {
        if self.file.is_some() { "is damaged" } else { "is gone" }
    }
}

/// The packs that are in the staging area, named by an index or not.
pub fn present(pond: &Pond) -> Vec<StagedPack> {
    let entries = fs::read_dir(pond.staging_dir()).into_iter().flatten().flatten();
    let mut packs: Vec<StagedPack> =
        entries.filter_map(|entry| StagedPack::parse(entry.file_name().to_str()?)).collect();
    packs.sort_by_key(StagedPack::name);
    packs
}

/// Those of the packs that are gone or whose bytes are others than were written.
pub(crate) fn flawed(pond: &Pond, packs: &[StagedPack]) -> Vec<Flawed> {
    let mut stats = load(pond);
    let mut is_new = false;
    let mut check = |pack: &StagedPack| {
        let Some((file, stat)) = find(pond, pack) else { return Some(Flawed { pack: *pack, file: None }) };
        if stats.get(&pack.name()) == Some(&stat) {
            return None;
        }
        // One that the system refuses to read is of no more use than a damaged one.
        if !digest(&file).is_ok_and(|digest| digest == pack.digest) {
            return Some(Flawed { pack: *pack, file: Some(file) });
        }
        stats.insert(pack.name(), stat);
        is_new = true;
        None
    };
    let found = packs.iter().filter_map(&mut check).collect();
    if is_new {
        save(pond, packs, stats);
    }
    found
}

/// Notes that `new` packs were just written; only the stats of the `named` ones are kept.
pub(crate) fn remember(pond: &Pond, named: &[StagedPack], new: &[StagedPack]) {
    let mut stats = load(pond);
    stats.extend(new.iter().filter_map(|pack| Some((pack.name(), find(pond, pack)?.1))));
    save(pond, named, stats);
}

/// Size, mtime, ctime, inode number.
type Seen = (u64, i64, i64, u64);

/// Where a pack is. An operation that was cut short left it in the table already.
fn find(pond: &Pond, pack: &StagedPack) -> Option<(PathBuf, Seen)> {
    let staged = pond.staging_dir().join(pack.name());
    let in_table = pond.table_dir().join(pack.kind.pack_path(&pack.digest));
    [staged, in_table].into_iter().find_map(|path| {
        let Stat { size, mtime_ns, ctime_ns, inode, .. } = Stat::of(&path).ok()?;
        Some((path, (size, mtime_ns, ctime_ns, inode)))
    })
}

fn digest(path: &Path) -> io::Result<ObjectId> {
    let mut file = File::open(path)?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(ObjectId::from_bytes(*hasher.finalize().as_bytes())),
            Ok(read) => drop(hasher.update_rayon(&buffer[..read])),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn stats_path(pond: &Pond) -> PathBuf {
    pond.cache_dir().join("staged.json")
}

fn load(pond: &Pond) -> BTreeMap<String, Seen> {
    let read = || {
        let mut text = Vec::new();
        let file = open_no_link(File::options().read(true), &stats_path(pond))?;
        // A device would never end.
        if file.metadata()?.is_file() {
            (&file).read_to_end(&mut text)?;
        }
        Ok::<_, io::Error>(text)
    };
    serde_json::from_slice(&read().unwrap_or_default()).unwrap_or_default()
}

/// Derived: where it can't be written, packs are read again.
fn save(pond: &Pond, named: &[StagedPack], mut stats: BTreeMap<String, Seen>) {
    let named: std::collections::HashSet<String> = named.iter().map(StagedPack::name).collect();
    stats.retain(|name, _| named.contains(name));
    let write = || -> io::Result<()> {
        let mut file = pond_durable::temporary_in(&pond.cache_dir())?;
        file.write_all(&serde_json::to_vec(&stats)?)?;
        file.persist(stats_path(pond)).map(drop).map_err(io::Error::from)
    };
    let _ = write();
}

/// The packs that staging made, as the index names them.
pub fn names(packs: &StagedPacks) -> Vec<StagedPack> {
    packs.names()
}
