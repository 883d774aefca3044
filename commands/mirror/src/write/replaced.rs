//! Keeps the inodes of replaced files, because a program may still hold one open and write to it.
//!
//! Before a file of the mirror is replaced or removed it gets a second name in `.pond/replaced/`, and a line in
//! the journal there says which path it had and what of it is already stored (size and time of the last
//! write). So whatever reaches the old inode afterwards is there to be found: [`Replaced::check`] compares,
//! the caller stores what is new and says so with [`Replaced::stored`], and [`Replaced::release`] lets go of
//! inodes to which nobody can write any more. Nothing that is not stored is ever released.
//!
//! Where no hard link can be made (another file system, or one without links) the inode is kept by an open
//! descriptor, for as long as this value lives. The functions that change something need the lock of the
//! mirror to be held; [`Replaced::check`] and [`Replaced::open`] only read.

mod journal;
mod open_files;

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bstr::{BStr, BString};
use pond_objects::name::split_path;
use rustix::fs::{AtFlags, linkat};
use rustix::io::Errno;

use crate::stat::{Stat, now_ns};
use crate::write::secure_dir::{Dir, MirrorDir, stat_of_file};
use journal::{Baseline, Journal, Kept};
use open_files::OpenFiles;

#[cfg(test)]
mod tests;

/// More descriptors than this are not held; the oldest one without news is closed first.
const MAX_HELD: usize = 512;

/// How long an inode is kept after it was replaced, or after the last write to it that was noticed.
#[derive(Debug, Clone, Copy)]
pub struct Ages {
    /// Where it is known that no process has it open.
    pub seen: Duration,
    /// Where processes may be there that this one can't look into.
    pub unseen: Duration,
}

impl Ages {
    /// One minute, and one week.
    pub const DEFAULT: Self =
        Self { seen: Duration::from_secs(60), unseen: Duration::from_secs(7 * 24 * 3600) };
}

/// A program wrote to a file after the file had been replaced or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateWrite {
    /// The path in the mirror that it had; `None` if the journal was lost.
    pub path: Option<BString>,
    /// Where its content can be read, on the host.
    pub kept: PathBuf,
    /// Its size when it was last stored.
    pub old_size: u64,
    /// Its size now; not larger if something was overwritten in place.
    pub new_size: u64,
    key: Key,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Key {
    Linked(String),
    Held(u64),
}

/// What [`Replaced::keep`] did, to be taken back if the file was not replaced after all.
#[derive(Debug)]
#[must_use]
pub struct Keeping(Key);

/// A file kept by an open descriptor.
#[derive(Debug)]
struct Held {
    path: BString,
    file: File,
    baseline: Baseline,
}

impl Held {
    fn is_changed(&self) -> bool {
        !stat_of_file(&self.file).is_ok_and(|stat| self.baseline.is(&stat))
    }
}

/// The directory `.pond/replaced` of one pond.
#[derive(Debug)]
pub struct Replaced {
    path: PathBuf,
    mirror: MirrorDir,
    series: u64,
    next: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    dir: Option<std::sync::Arc<Dir>>,
    journal: Journal,
    linked: BTreeMap<String, Kept>,
    held: BTreeMap<u64, Held>,
}

impl Replaced {
    /// Reads what earlier commands kept. The directory is made when it is first needed.
    pub fn open(path: &Path, mirror_root: &Path) -> io::Result<Self> {
        let mut linked = journal::read(path)?;
        let names = journal::names(path)?;
        linked.retain(|name, _| names.contains(name));
        for name in &names {
            linked.entry(name.clone()).or_insert_with(Kept::unknown);
        }
        let series = names.iter().filter_map(|name| name.split('-').next()?.parse::<u64>().ok()).max();
        let dir = if names.is_empty() { None } else { Some(std::sync::Arc::new(Dir::open(path)?)) };
        Ok(Self {
            path: path.to_owned(),
            mirror: MirrorDir::open(mirror_root)?,
            series: series.map_or(1, |series| series.saturating_add(1)),
            next: AtomicU64::new(0),
            state: Mutex::new(State { dir, journal: Journal::new(path), linked, held: BTreeMap::new() }),
        })
    }

    /// How many inodes are kept.
    pub fn len(&self) -> usize {
        let state = self.lock();
        state.linked.len() + state.held.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Keeps the file `name` of `dir`, known to the mirror as `path`, of which the caller saw and stored `seen`.
    ///
    /// Gives `None` if `name` is no longer the file with the inode number `inode`.
    pub fn keep(
        &self,
        dir: &Dir,
        name: &[u8],
        path: &BStr,
        seen: &Stat,
        inode: u64,
    ) -> io::Result<Option<Keeping>> {
        let own = self.directory()?;
        let baseline = Baseline::of(seen);
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let kept_name = format!("{}-{number}", self.series);
        let kept = Kept { path: Some(path.to_owned()), inode, baseline: Some(baseline), since_ns: now_ns() };
        {
            // The line first: a line without a file means nothing, a file without a line is a riddle.
            let mut state = self.lock();
            state.journal.kept(&kept_name, &kept)?;
            state.linked.insert(kept_name.clone(), kept);
        }
        let linked = linkat(dir, name, &*own, kept_name.as_str(), AtFlags::empty());
        if linked.is_ok() && own.stat(kept_name.as_bytes())?.is_some_and(|stat| stat.st_ino == inode) {
            return Ok(Some(Keeping(Key::Linked(kept_name))));
        }
        self.lock().remove(&kept_name)?;
        match linked {
            Ok(()) | Err(Errno::NOENT) => Ok(None),
            Err(error @ (Errno::NOSPC | Errno::DQUOT)) => Err(error.into()),
            Err(_) => self.hold(dir, name, path, baseline, inode, number),
        }
    }

    fn hold(
        &self,
        dir: &Dir,
        name: &[u8],
        path: &BStr,
        baseline: Baseline,
        inode: u64,
        number: u64,
    ) -> io::Result<Option<Keeping>> {
        let file = dir.read(name)?;
        if stat_of_file(&file)?.inode != inode {
            return Ok(None);
        }
        let mut state = self.lock();
        if state.held.len() >= MAX_HELD {
            let quiet = state.held.iter().find(|(_, held)| !held.is_changed()).map(|(key, _)| *key);
            quiet.and_then(|key| state.held.remove(&key));
        }
        state.held.insert(number, Held { path: path.to_owned(), file, baseline });
        Ok(Some(Keeping(Key::Held(number))))
    }

    /// Whether this inode is kept. If so, its status has changed for no other reason.
    pub fn keeps(&self, inode: u64) -> bool {
        let state = self.lock();
        state.linked.values().any(|kept| kept.inode == inode)
            || state.held.values().any(|held| stat_of_file(&held.file).is_ok_and(|stat| stat.inode == inode))
    }

    /// Takes a [`Replaced::keep`] back: the file is where it was.
    pub fn forget(&self, keeping: Keeping) {
        let mut state = self.lock();
        match keeping.0 {
            // Where this fails, the next check finds the file at its path and lets go of it.
            Key::Linked(name) => drop(state.remove(&name)),
            Key::Held(key) => drop(state.held.remove(&key)),
        }
    }

    /// The kept files that were written to since they were last stored.
    ///
    /// To be called at the end of a command that replaced files, and at the start of the next one.
    pub fn check(&self) -> io::Result<Vec<LateWrite>> {
        let state = self.lock();
        let mut late = Vec::new();
        for (name, kept) in &state.linked {
            let Some(stat) = state.stat(name)? else { continue };
            if kept.is_changed(&stat.stat) && !self.is_in_place(kept, &stat) {
                late.push(LateWrite {
                    path: kept.path.clone(),
                    kept: self.path.join(name),
                    old_size: kept.baseline.map_or(0, |baseline| baseline.size),
                    new_size: stat.stat.size,
                    key: Key::Linked(name.clone()),
                });
            }
        }
        for (key, held) in &state.held {
            let stat = stat_of_file(&held.file)?;
            if !held.baseline.is(&stat) {
                late.push(LateWrite {
                    path: Some(held.path.clone()),
                    kept: PathBuf::from(format!("/proc/self/fd/{}", held.file.as_raw_fd())),
                    old_size: held.baseline.size,
                    new_size: stat.size,
                    key: Key::Held(*key),
                });
            }
        }
        Ok(late)
    }

    /// Opens a kept file to store it, with its stat from before anything was read.
    ///
    /// What is read beyond `Stat::size` may be stored too: with that stat given to [`Replaced::stored`], it is
    /// at worst reported again.
    #[cfg(test)]
    pub fn open_kept(&self, late: &LateWrite) -> io::Result<(File, Stat)> {
        let file = match &late.key {
            Key::Linked(name) => {
                let dir = self.lock().dir.clone();
                dir.ok_or(io::ErrorKind::NotFound)?.read(name.as_bytes())?
            }
            // By its path: a descriptor of its own, at the start of the file.
            Key::Held(_) => File::open(&late.kept)?,
        };
        let stat = stat_of_file(&file)?;
        Ok((file, stat))
    }

    /// Notes that the content as of `seen` is in the pond: only later writes count as late from now on.
    pub fn stored(&self, late: &LateWrite, seen: &Stat) -> io::Result<()> {
        let mut state = self.lock();
        let State { journal, linked, held, .. } = &mut *state;
        match &late.key {
            Key::Linked(name) => {
                if let Some(kept) = linked.get_mut(name) {
                    kept.baseline = Some(Baseline::of(seen));
                    kept.since_ns = now_ns();
                    journal.kept(name, kept)?;
                }
            }
            Key::Held(key) => {
                if let Some(held) = held.get_mut(key) {
                    held.baseline = Baseline::of(seen);
                }
            }
        }
        Ok(())
    }

    /// Lets go of the inodes that hold nothing new, are old enough and are open nowhere; gives how many.
    pub fn release(&self, ages: Ages) -> io::Result<usize> {
        let now = now_ns();
        let is_due = |kept: &Kept, age: Duration| {
            let age = i64::try_from(age.as_nanos()).unwrap_or(i64::MAX);
            now.checked_sub(kept.since_ns).is_some_and(|since| since >= age)
        };
        let mut state = self.lock();
        let youngest = ages.seen.min(ages.unseen);
        // Looked at before the stats: who has no file open then can't have written to it after them.
        let any_due = state.linked.values().any(|kept| is_due(kept, youngest));
        let open = if any_due { OpenFiles::look() } else { OpenFiles::default() };
        let age = if open.is_complete() { ages.seen } else { ages.unseen };
        let names: Vec<String> = state.linked.keys().cloned().collect();
        let mut released = 0;
        for name in &names {
            let Some(kept) = state.linked.get(name) else { continue };
            let let_go = match state.stat(name)? {
                None => true,
                Some(stat) => {
                    let is_idle = is_due(kept, age) && !open.contains(&stat.stat);
                    (is_idle && !kept.is_changed(&stat.stat)) || self.is_in_place(kept, &stat)
                }
            };
            if let_go {
                state.remove(name)?;
                released += 1;
            }
        }
        let State { journal, linked, .. } = &mut *state;
        journal.tidy(linked)?;
        Ok(released)
    }

    /// Makes names and journal durable.
    pub fn sync(&self) -> io::Result<()> {
        let state = self.lock();
        state.journal.sync()?;
        state.dir.as_ref().map_or(Ok(()), |dir| dir.sync())
    }

    /// Whether the file is still at its path: the command ended before it replaced the file.
    fn is_in_place(&self, kept: &Kept, stat: &LinkedStat) -> bool {
        let Some(path) = kept.path.as_ref().filter(|_| stat.links > 1) else { return false };
        let (dir, name) = split_path(path);
        let there = self.mirror.directory(dir).ok().and_then(|dir| dir.stat(name).ok().flatten());
        there.is_some_and(|there| {
            let there = Stat::from_rustix(&there);
            (there.inode, there.device) == (stat.stat.inode, stat.stat.device)
        })
    }

    fn directory(&self) -> io::Result<std::sync::Arc<Dir>> {
        let mut state = self.lock();
        if let Some(dir) = &state.dir {
            return Ok(dir.clone());
        }
        // Files that only their owner could read must not become readable by a second name.
        DirBuilder::new().recursive(true).mode(0o700).create(&self.path)?;
        pond_durable::give_dir_to_owner(&self.path);
        let dir = std::sync::Arc::new(Dir::open(&self.path)?);
        state.dir = Some(dir.clone());
        Ok(dir)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct LinkedStat {
    stat: Stat,
    links: u64,
}

impl State {
    fn stat(&self, name: &str) -> io::Result<Option<LinkedStat>> {
        let Some(dir) = &self.dir else { return Ok(None) };
        let stat = dir.stat(name.as_bytes())?;
        #[allow(clippy::useless_conversion)] // The field's type differs from platform to platform.
        Ok(stat.map(|stat| LinkedStat { links: u64::from(stat.st_nlink), stat: Stat::from_rustix(&stat) }))
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        if let Some(dir) = &self.dir {
            match dir.unlink(name.as_bytes()) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.linked.remove(name);
        self.journal.gone(name)
    }
}
