//! Brings paths of a host directory to a wanted state, one at a time or many in parallel.
//!
//! A file is written whole under a temporary name in its own directory, verified, and only then put in the
//! place of what was there. So a path holds its old content or its new one, never a part; a failed or killed
//! call leaves at most a temporary. Nothing is replaced or removed but what the caller expects to be there
//! ([`Expected`]), a directory only if it is empty, and what is neither file, symlink nor directory only where
//! the caller saw that very one. With [`Options::replaced`] the inode of every replaced or removed file is kept.
//!
//! To flush each of many files by itself would cost more than all the rest: see [`flush`].

use std::collections::BTreeSet;
use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::sync::{Mutex, PoisonError};

#[cfg(test)]
use bstr::ByteSlice as _;
use bstr::{BStr, BString};
use pond_objects::name::{check_path, split_path};
use pond_objects::{Kind, ObjectId, ObjectSource, copy_blob};
use rustix::fs::{Gid, Uid, fchown};
use rustix::io::Errno;

use crate::stat::Stat;
use crate::write::replaced::Replaced;
use crate::write::secure_dir::{DirError, MirrorDir, Temporary, set_file_mtime, stat_of_file};
use place::Place;
use sparse::{Cut, SparseWriter};

pub use batch::{Done, Materialized, Want, WriteRequest};
pub use error::MaterializeError;

mod batch;
mod error;
mod flush;
mod place;
mod sparse;
#[cfg(test)]
mod tests;

/// Longest target of a symlink that any host takes, in bytes.
const MAX_TARGET: u64 = 4095;

/// What the caller knows to be at a path. Something else there is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Nothing, or an empty directory.
    Absent,
    /// A file or symlink that has not changed since this stat: size, times, inode number and kind are equal.
    Stat(Stat),
    /// The file of this stat, whatever was written to it since: that is found later in [`Options::replaced`].
    /// The same as [`Expected::Stat`] without those.
    SameFile(Stat),
    /// Whatever is there.
    #[cfg_attr(not(test), allow(dead_code, reason = "no command may overwrite what it has not seen"))]
    Any,
}

impl Expected {
    /// A file or symlink that was seen, where inodes of what is replaced are kept.
    pub fn file(seen: &Stat) -> Self {
        match seen.kind() {
            Some(kind) if kind.is_file() => Self::SameFile(*seen),
            _ => Self::Stat(*seen),
        }
    }
}

/// When what is written is made durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flush {
    /// Each file before it gets its name, many of them by one flush of the file system; names at the end. After a power cut
    /// a path holds its old content or its new one.
    BeforeNaming,
    /// Everything at the end, for a new directory: after a power cut before that, it may hold anything.
    AtEnd,
    /// Not at all.
    #[cfg_attr(not(test), allow(dead_code, reason = "every command makes durable what it writes"))]
    Never,
}

impl Flush {
    /// For so many entries that are laid out into a new directory.
    pub fn of_new_directory(entries: usize) -> Self {
        if entries > flush::FEW { Self::AtEnd } else { Self::BeforeNaming }
    }
}

/// How to write.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// When what is written is made durable.
    pub flush: Flush,
    /// Where inodes of replaced files are kept; nowhere when laying out into another directory.
    pub replaced: Option<&'a Replaced>,
    /// Asked often: whether to stop.
    pub interrupted: &'a (dyn Fn() -> bool + Sync),
}

/// What is at a path that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// The new file's stat, for the index. If another program has written to it already, this stat matches
    /// none that the host gives, so that the file counts as changed.
    pub stat: Stat,
}

impl Written {
    /// From the stats before and after the file got its name.
    fn new(before: &Stat, after: &Stat) -> Self {
        let is_untouched = (before.size, before.mtime_ns) == (after.size, after.mtime_ns);
        Self { stat: if is_untouched { *after } else { Stat { ctime_ns: 0, ..*before } } }
    }
}

/// Writes paths below one directory. All functions may be called from several threads, for different paths.
pub struct Materializer<'a> {
    mirror: MirrorDir,
    source: &'a dyn ObjectSource,
    options: Options<'a>,
    /// Directories whose names changed and are not yet durable.
    touched: Mutex<BTreeSet<BString>>,
    /// What one flush makes durable.
    disk: flush::Disk,
}

/// What a file is to become.
struct NewFile<'c> {
    kind: Kind,
    id: &'c ObjectId,
    /// Bytes.
    size: u64,
    /// Nanoseconds since 1970; as of now if missing.
    mtime_ns: Option<i64>,
}

/// A file that is complete, under a temporary name.
struct Prepared {
    /// The temporary name.
    name: String,
    /// The stat after everything was written.
    stat: Stat,
}

impl<'a> Materializer<'a> {
    /// Writes below `mirror` what `source` holds.
    pub fn new(mirror: MirrorDir, source: &'a dyn ObjectSource, options: Options<'a>) -> Self {
        let disk = flush::Disk::of(&mirror);
        Self { mirror, source, options, touched: Mutex::default(), disk }
    }

    /// Writes a file of `size` bytes with the content `id`, and makes missing parents.
    ///
    /// A new file gets the permissions that the umask leaves; one that replaces a file takes that one's over,
    /// with the execute bits that `kind` asks for, and its owner as far as the host allows. `mtime_ns` is in
    /// nanoseconds since 1970; without it the file is as of now.
    pub fn write_file(
        &self,
        path: &BStr,
        kind: Kind,
        id: &ObjectId,
        size: u64,
        mtime_ns: Option<i64>,
        expected: &Expected,
    ) -> Result<Written, MaterializeError> {
        let (place, old) = self.begin(path, expected)?;
        let host = |doing| move |error| MaterializeError::host(doing, path, error);
        let (temporary, file) = self.complete(&place, old, &NewFile { kind, id, size, mtime_ns })?;
        let before = stat_of_file(&file).map_err(host("stat"))?;
        if self.is_flushed_alone(&before) {
            file.sync_all().map_err(host("sync"))?;
        }
        place.put(temporary)?;
        self.touch(path);
        Ok(Written::new(&before, &stat_of_file(&file).map_err(host("stat"))?))
    }

    /// The first half of [`Self::write_file`]: the file is complete, and not yet durable unless only it can be.
    fn prepare(
        &self,
        path: &BStr,
        new: &NewFile<'_>,
        expected: &Expected,
    ) -> Result<Prepared, MaterializeError> {
        let (place, old) = self.begin(path, expected)?;
        let host = |doing| move |error| MaterializeError::host(doing, path, error);
        let (temporary, file) = self.complete(&place, old, new)?;
        let stat = stat_of_file(&file).map_err(host("stat"))?;
        if !self.disk.holds(stat.device) {
            file.sync_all().map_err(host("sync"))?;
        }
        Ok(Prepared { name: temporary.leave(), stat })
    }

    /// The second half: the file gets its name.
    fn put(&self, path: &BStr, prepared: Prepared, expected: &Expected) -> Result<Written, MaterializeError> {
        let place = self.place(path, expected)?;
        let Prepared { name, stat: before } = prepared;
        place.put(place.dir.left(name, before.inode))?;
        self.touch(path);
        let after = place.dir.stat(place.name);
        let after = after.map_err(|error| MaterializeError::host("stat", path, error))?;
        // Another one already: a stat that nothing has.
        let after = after.map(|stat| Stat::from_rustix(&stat)).filter(|stat| stat.inode == before.inode);
        Ok(Written::new(&before, &after.unwrap_or_default()))
    }

    /// Removes a prepared file.
    fn discard(&self, path: &BStr, prepared: Prepared) {
        if let Ok(dir) = self.mirror.directory(split_path(path).0) {
            drop(dir.left(prepared.name, prepared.stat.inode));
        }
    }

    /// Writes a temporary with everything that the file at `place` is to have.
    fn complete<'p>(
        &self,
        place: &'p Place<'_>,
        old: Option<rustix::fs::Stat>,
        new: &NewFile<'_>,
    ) -> Result<(Temporary<'p>, File), MaterializeError> {
        let host = |doing| move |error| MaterializeError::host(doing, place.path, error);
        let old = old.filter(|old| Stat::from_rustix(old).kind().is_some_and(|kind| kind.is_file()));
        let mode = match new.kind {
            // Nobody else may read what belongs into a file that was perhaps private.
            _ if old.is_some() => 0o600,
            Kind::Executable => 0o777,
            _ => 0o666,
        };
        let (temporary, file) = place.dir.temporary_file(mode).map_err(host("create"))?;
        self.fill(&file, place.path, new.id, new.size)?;
        if let Some(old) = old {
            take_over(&file, &old, new.kind).map_err(host("set the permissions of"))?;
        }
        if let Some(mtime_ns) = new.mtime_ns {
            set_file_mtime(&file, mtime_ns).map_err(host("set the time of"))?;
        }
        Ok((temporary, file))
    }

    /// Writes a symlink whose target is the content `id`. The target is not looked at.
    pub fn write_symlink(
        &self,
        path: &BStr,
        id: &ObjectId,
        size: u64,
        mtime_ns: Option<i64>,
        expected: &Expected,
    ) -> Result<Written, MaterializeError> {
        let (place, _) = self.begin(path, expected)?;
        let host = |doing| move |error| MaterializeError::host(doing, path, error);

        if size > MAX_TARGET {
            return Err(host("create")(rustix::io::Errno::NAMETOOLONG.into()));
        }
        let mut target = Bounded { bytes: Vec::new(), left: size };
        let copied = copy_blob(self.source, id, &mut target);
        if target.left > 0 || copied.is_err() {
            return Err(self.copy_error(path, size, copied.err(), None));
        }
        let temporary = place.dir.temporary_symlink(&target.bytes).map_err(host("create"))?;
        if let Some(mtime_ns) = mtime_ns {
            place.dir.set_mtime(temporary.name(), mtime_ns).map_err(host("set the time of"))?;
        }
        let inode = temporary.inode();
        place.put(temporary)?;
        self.touch(path);
        let stat = place.dir.stat(place.name).map_err(host("stat"))?.map(|stat| Stat::from_rustix(&stat));
        // Another one already: a stat that nothing has.
        let stat = stat.filter(|stat| stat.inode == inode).unwrap_or_default();
        Ok(Written { stat })
    }

    /// Makes a directory, and its missing parents. A file or symlink that is expected there is replaced.
    pub fn make_dir(&self, path: &BStr, expected: &Expected) -> Result<(), MaterializeError> {
        let place = self.place(path, expected)?;
        let host = |doing| move |error| MaterializeError::host(doing, path, error);
        let old = place.dir.stat(place.name).map_err(host("stat"))?;
        if old.is_some_and(|old| Stat::from_rustix(&old).kind() != Some(Kind::Directory)) {
            place.clear()?;
        }
        match place.dir.make(place.name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(MaterializeError::ChangedMeanwhile { path: path.to_owned() });
            }
            other => other.map_err(host("make the directory"))?,
        }
        self.touch(path);
        Ok(())
    }

    /// Lets `put`, which makes it durable, give `path` to another file in place of the file or symlink that is expected
    /// there, and is removed; where `put` fails, that is as it was.
    pub fn supplant(
        &self,
        path: &BStr,
        expected: &Expected,
        put: impl FnOnce() -> io::Result<()>,
    ) -> Result<(), MaterializeError> {
        self.place(path, expected)?.supplant(put)?;
        self.touch(path);
        Ok(())
    }

    /// Removes a file, a symlink or an empty directory, then the parents that are empty and that `may_go`
    /// names. Gives false where nothing was at `path`.
    #[cfg(test)]
    pub fn remove(
        &self,
        path: &BStr,
        expected: &Expected,
        may_go: &(dyn Fn(&BStr) -> bool + Sync),
    ) -> Result<bool, MaterializeError> {
        let removed = self.remove_one(path, expected)?;
        let mut dir = split_path(path).0;
        while removed && !dir.is_empty() && may_go(dir.as_bstr()) && self.remove_empty_dir(dir.as_bstr())? {
            dir = split_path(dir).0;
        }
        Ok(removed)
    }

    /// The beginning of every write: the place, its parents made, and what is there, if that is what is expected.
    fn begin<'p>(
        &'p self,
        path: &'p BStr,
        expected: &'p Expected,
    ) -> Result<(Place<'p>, Option<rustix::fs::Stat>), MaterializeError> {
        let place = self.place(path, expected)?;
        let there = place.look()?;
        Ok((place, there))
    }

    fn place<'p>(&'p self, path: &'p BStr, expected: &'p Expected) -> Result<Place<'p>, MaterializeError> {
        check_path(path).map_err(|error| MaterializeError::Refused { path: path.to_owned(), error })?;
        let (dir, name) = split_path(path);
        let dir =
            self.mirror.make_directory(dir).map_err(|error| MaterializeError::directory(path, error))?;
        Ok(Place { dir, name, path, replaced: self.options.replaced, expected })
    }

    fn remove_one(&self, path: &BStr, expected: &Expected) -> Result<bool, MaterializeError> {
        check_path(path).map_err(|error| MaterializeError::Refused { path: path.to_owned(), error })?;
        let (dir, name) = split_path(path);
        let dir = match self.mirror.directory(dir) {
            Ok(dir) => dir,
            // Without the parent, the path is not there either.
            Err(DirError::Missing { .. } | DirError::InTheWay { .. }) => return Ok(false),
            Err(error) => return Err(MaterializeError::directory(path, error)),
        };
        let removed = Place { dir, name, path, replaced: self.options.replaced, expected }.clear()?;
        if removed {
            self.touch(path);
        }
        Ok(removed)
    }

    /// Removes a directory, unless something is in it, or it is where another file system begins; gives whether it did.
    fn remove_empty_dir(&self, path: &BStr) -> Result<bool, MaterializeError> {
        let (parent, name) = split_path(path);
        let dir = match self.mirror.directory(parent) {
            Err(DirError::Missing { .. } | DirError::InTheWay { .. }) => return Ok(false),
            dir => dir.map_err(|error| MaterializeError::directory(path, error))?,
        };
        match dir.remove_empty(name) {
            Ok(removed) => {
                if removed {
                    self.touch(path);
                }
                Ok(removed)
            }
            Err(error) => match Errno::from_io_error(&error) {
                Some(Errno::NOENT | Errno::NOTDIR | Errno::BUSY) => Ok(false),
                _ => Err(MaterializeError::host("remove the directory", path, error)),
            },
        }
    }

    fn fill(&self, file: &File, path: &BStr, id: &ObjectId, size: u64) -> Result<(), MaterializeError> {
        let mut writer = SparseWriter::new(file, size, self.options.interrupted);
        if let Err(error) = copy_blob(self.source, id, &mut writer) {
            return Err(self.copy_error(path, size, Some(error), writer.cut));
        }
        match writer.finish() {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.copy_error(path, size, None, None)),
            Err(error) => Err(MaterializeError::host("write", path, error)),
        }
    }

    fn copy_error(
        &self,
        path: &BStr,
        size: u64,
        error: Option<pond_objects::CopyError>,
        cut: Option<Cut>,
    ) -> MaterializeError {
        let path_owned = path.to_owned();
        match (cut, error) {
            (Some(Cut::Interrupted), _) => MaterializeError::Interrupted { path: path_owned },
            (Some(Cut::Long), _) | (None, None) => MaterializeError::Size { path: path_owned, size },
            (None, Some(error)) => MaterializeError::copy(path, error),
        }
    }

    fn touch(&self, path: &BStr) {
        if self.options.flush != Flush::Never {
            let dir = split_path(path).0;
            let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
            if !touched.contains(dir) {
                touched.insert(dir.into());
            }
        }
    }
}

/// Gives a new file the permissions and, where that is allowed, the owner of the one it will replace.
fn take_over(file: &File, old: &rustix::fs::Stat, kind: Kind) -> io::Result<()> {
    let stat = Stat::from_rustix(old);
    let own = rustix::fs::fstat(file)?;
    if (own.st_uid, own.st_gid) != (old.st_uid, old.st_gid) {
        // A file of somebody else: only root can give it back, and the group only its members can.
        let (user, group) = (Uid::from_raw(old.st_uid), Gid::from_raw(old.st_gid));
        let _ = fchown(file, Some(user), Some(group)).or_else(|_| fchown(file, None, Some(group)));
    }
    let readable = stat.mode & 0o444;
    let mode = match kind {
        Kind::Executable if stat.mode & 0o100 != 0 => stat.mode & 0o777,
        Kind::Executable => (stat.mode & 0o666) | (readable >> 2) | 0o100,
        _ if stat.mode & 0o100 != 0 => stat.mode & 0o666,
        _ => stat.mode & 0o777,
    };
    // A file system that gives every file the same permissions has given these to the new one.
    let are_fixed = (own.st_mode ^ old.st_mode) & 0o777 == 0;
    match file.set_permissions(Permissions::from_mode(mode)) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied && are_fixed => Ok(()),
        other => other,
    }
}

/// Collects at most so many bytes.
struct Bounded {
    bytes: Vec<u8>,
    left: u64,
}

impl Write for Bounded {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.left = self.left.checked_sub(data.len() as u64).ok_or(io::ErrorKind::FileTooLarge)?;
        self.bytes.extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
