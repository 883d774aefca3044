//! Writing below a directory without ever leaving it.
//!
//! Every path is resolved from an open descriptor of the root, and no symlink is followed on the way: a link
//! that a tree or another program put there, before or while a command runs, makes an error. What is opened
//! is a directory's descriptor; files are then created, renamed and removed relative to that. Descriptors are
//! not kept between two files: a directory that is moved out of the mirror meanwhile takes at most the one
//! file with it that was being written. A failed call leaves nothing behind but directories it made.

use std::collections::BTreeSet;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use bstr::{BStr, BString, ByteSlice};
use pond_objects::name::join_path;
use rustix::fs::{self, AtFlags, CWD, FileType, Mode, OFlags, RenameFlags, Timespec, Timestamps, UTIME_OMIT};
use rustix::io::Errno;

use crate::stat::Stat;
use crate::temporary::{TEMPORARY, marked};

#[cfg(test)]
mod tests;

const OPEN_DIR: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
/// How temporaries are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Naming {
    /// So that [`is_temporary`] knows them: in the mirror, under its lock.
    Marked,
    /// Like any file's: a command that is at work without the lock must not lose them to one that has it.
    Plain,
}

/// Why a directory below the root can't be opened or made.
#[derive(Debug, thiserror::Error)]
pub enum DirError {
    /// There is nothing at `path`.
    #[error("`{path}` is not there")]
    Missing {
        /// The path from the root.
        path: BString,
    },
    /// A file, a symlink or something else stands where a directory is needed.
    #[error("`{path}` is not a directory")]
    InTheWay {
        /// The path from the root.
        path: BString,
    },
    /// The host refuses.
    #[error("cannot open the directory `{path}`")]
    Host {
        /// The path from the root.
        path: BString,
        /// What was said.
        #[source]
        error: io::Error,
    },
}

/// Why a directory is no place to lay a tree out in.
#[derive(Debug, thiserror::Error)]
pub enum LayOutError {
    /// Something is in it.
    #[error("`{}` is not empty", .0.display())]
    NotEmpty(PathBuf),
    /// It can't be made or opened.
    #[error("cannot make the directory `{}`", .path.display())]
    Host {
        /// The directory.
        path: PathBuf,
        /// What was said.
        #[source]
        error: io::Error,
    },
}

/// A directory below which files are written: the mirror's root, or an empty one elsewhere.
#[derive(Debug)]
pub struct MirrorDir {
    root: OwnedFd,
    naming: Naming,
    /// Directories that were missing.
    made: Mutex<BTreeSet<BString>>,
}

impl MirrorDir {
    /// Opens the mirror's root, for a command that holds the mirror's lock if it writes. `root` itself may lead through
    /// symlinks: the user named it.
    pub fn open(root: &Path) -> io::Result<Self> {
        Self::open_as(root, Naming::Marked)
    }

    fn open_as(root: &Path, naming: Naming) -> io::Result<Self> {
        let root = fs::openat(CWD, root, OPEN_DIR, Mode::empty())?;
        Ok(Self { root, naming, made: Mutex::default() })
    }

    /// Opens a directory that holds nothing, or makes it and its missing parents.
    pub fn open_empty(root: &Path) -> Result<Self, LayOutError> {
        let host = |error| LayOutError::Host { path: root.to_owned(), error };
        std::fs::create_dir_all(root).map_err(host)?;
        match std::fs::read_dir(root).map_err(host)?.next() {
            None => Self::open_as(root, Naming::Plain).map_err(host),
            Some(Ok(_)) => Err(LayOutError::NotEmpty(root.to_owned())),
            Some(Err(error)) => Err(host(error)),
        }
    }

    /// Opens the directory at `path`, names joined by `/`; the root for an empty path.
    pub fn directory(&self, path: &[u8]) -> Result<Dir, DirError> {
        match open_beneath(self.root.as_fd(), path) {
            Ok(fd) => Ok(Dir { fd, naming: self.naming }),
            // By names: where the call is missing or forbidden it takes its place, and otherwise it
            // finds which name is at fault.
            Err(_) => self.directory_by_names(path, false),
        }
    }

    /// The same, making the directories that are missing, with the permissions that the umask leaves.
    pub fn make_directory(&self, path: &[u8]) -> Result<Dir, DirError> {
        match open_beneath(self.root.as_fd(), path) {
            Ok(fd) => Ok(Dir { fd, naming: self.naming }),
            Err(_) => self.directory_by_names(path, true),
        }
    }

    /// The number of the device that the root is on.
    pub fn device(&self) -> io::Result<u64> {
        device_of(self.root.as_fd())
    }

    /// Makes everything durable that was written on the root's file system, by whomever.
    #[cfg(target_os = "linux")]
    pub fn flush(&self) -> io::Result<()> {
        Ok(fs::syncfs(&self.root)?)
    }

    /// The same, which only Linux has.
    #[cfg(not(target_os = "linux"))]
    pub fn flush(&self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn directory_by_names(&self, path: &[u8], make: bool) -> Result<Dir, DirError> {
        let root = self.root.try_clone().map_err(|error| DirError::Host { path: "".into(), error })?;
        let mut dir = Dir { fd: root, naming: self.naming };
        let mut at = BString::default();
        for name in path.split_str("/").filter(|name| !name.is_empty()) {
            at = join_path(&at, name);
            let made;
            (dir, made) = dir.child(name, make, at.as_bstr())?;
            if made {
                self.made.lock().unwrap_or_else(PoisonError::into_inner).insert(at.clone());
            }
        }
        Ok(dir)
    }

    /// Whether [`Self::make_directory`] made this one.
    pub fn has_made(&self, path: &BStr) -> bool {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).contains(path)
    }
}

fn device_of(fd: BorrowedFd<'_>) -> io::Result<u64> {
    Ok(Stat::from_rustix(&fs::fstat(fd)?).device)
}

#[cfg(target_os = "linux")]
fn open_beneath(root: BorrowedFd<'_>, path: &[u8]) -> rustix::io::Result<OwnedFd> {
    use rustix::fs::ResolveFlags;
    let path = if path.is_empty() { b"." } else { path };
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    fs::openat2(root, path, OPEN_DIR, Mode::empty(), resolve)
}

#[cfg(not(target_os = "linux"))]
fn open_beneath(_: BorrowedFd<'_>, _: &[u8]) -> rustix::io::Result<OwnedFd> {
    Err(Errno::NOSYS)
}

/// An open directory. Every `name` below is one name, never a path.
#[derive(Debug)]
pub struct Dir {
    fd: OwnedFd,
    naming: Naming,
}

impl AsFd for Dir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Dir {
    /// Opens a directory by its path, following symlinks: for pond's own directories.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { fd: fs::openat(CWD, path, OPEN_DIR, Mode::empty())?, naming: Naming::Plain })
    }

    /// Opens a directory in this one, and says whether it was made.
    fn child(&self, name: &[u8], make: bool, path: &BStr) -> Result<(Self, bool), DirError> {
        let path = || path.to_owned();
        let mut made = false;
        if matches!(name, b"." | b"..") {
            return Err(DirError::InTheWay { path: path() });
        }
        let open = || fs::openat(&self.fd, name, OPEN_DIR | OFlags::NOFOLLOW, Mode::empty());
        let opened = match open() {
            Err(Errno::NOENT) if make => match fs::mkdirat(&self.fd, name, Mode::from_raw_mode(0o777)) {
                Ok(()) => {
                    made = true;
                    open()
                }
                Err(Errno::EXIST) => open(),
                Err(error) => Err(error),
            },
            other => other,
        };
        match opened {
            Ok(fd) => Ok((Self { fd, naming: self.naming }, made)),
            Err(Errno::NOENT) => Err(DirError::Missing { path: path() }),
            Err(Errno::NOTDIR | Errno::LOOP) => Err(DirError::InTheWay { path: path() }),
            Err(error) => Err(DirError::Host { path: path(), error: error.into() }),
        }
    }

    /// What the host says of a name; `None` if there is none.
    pub fn stat(&self, name: &[u8]) -> io::Result<Option<fs::Stat>> {
        match fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes a directory; one that is already there will do.
    pub fn make(&self, name: &[u8]) -> io::Result<()> {
        match fs::mkdirat(&self.fd, name, Mode::from_raw_mode(0o777)) {
            Err(Errno::EXIST) => match self.stat(name)? {
                Some(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Directory => Ok(()),
                _ => Err(Errno::EXIST.into()),
            },
            other => Ok(other?),
        }
    }

    /// Removes a file or a symlink.
    pub fn unlink(&self, name: &[u8]) -> io::Result<()> {
        Ok(fs::unlinkat(&self.fd, name, AtFlags::empty())?)
    }

    /// Removes a directory if it is empty, and says whether it did.
    pub fn remove_empty(&self, name: &[u8]) -> io::Result<bool> {
        match fs::unlinkat(&self.fd, name, AtFlags::REMOVEDIR) {
            Ok(()) => Ok(true),
            Err(Errno::NOTEMPTY | Errno::EXIST) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a file for reading; a symlink is not followed, a fifo not waited for.
    pub fn read(&self, name: &[u8]) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        Ok(fs::openat(&self.fd, name, flags, Mode::empty())?.into())
    }

    /// The number of the device that it is on.
    pub fn device(&self) -> io::Result<u64> {
        device_of(self.fd.as_fd())
    }

    /// The temporary that [`Temporary::leave`] left here.
    pub fn left(&self, name: String, inode: u64) -> Temporary<'_> {
        Temporary { dir: self, name, inode, there: true }
    }

    /// Makes what happened to the directory's names durable.
    pub fn sync(&self) -> io::Result<()> {
        Ok(fs::fsync(&self.fd)?)
    }

    /// Creates an empty temporary file with these permissions, less the umask.
    pub fn temporary_file(&self, mode: u32) -> io::Result<(Temporary<'_>, File)> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(mode as fs::RawMode);
        let (name, fd) = self.with_new_name(|name| fs::openat(&self.fd, name, flags, mode))?;
        let mut temporary = Temporary { dir: self, name, inode: 0, there: true };
        let stat = fs::fstat(&fd);
        if stat.is_err() {
            let _ = self.unlink(temporary.name.as_bytes());
        }
        temporary.inode = stat?.st_ino;
        Ok((temporary, fd.into()))
    }

    /// Creates a symlink under a temporary name.
    pub fn temporary_symlink(&self, target: &[u8]) -> io::Result<Temporary<'_>> {
        let (name, ()) = self.with_new_name(|name| fs::symlinkat(target, &self.fd, name))?;
        let mut temporary = Temporary { dir: self, name, inode: 0, there: true };
        temporary.inode = self.stat(temporary.name.as_bytes())?.map_or(0, |stat| stat.st_ino);
        Ok(temporary)
    }

    /// Moves what is at `name` to a temporary name and gives that.
    pub fn move_aside(&self, name: &[u8]) -> io::Result<String> {
        Ok(self
            .with_new_name(|aside| {
                match fs::renameat_with(&self.fd, name, &self.fd, aside, RenameFlags::NOREPLACE) {
                    // The name is random: what it would replace does not exist.
                    Err(error) if lacks_flags(error) => fs::renameat(&self.fd, name, &self.fd, aside),
                    other => other,
                }
            })?
            .0)
    }

    /// Renames without replacing anything; [`io::ErrorKind::AlreadyExists`] where `to` exists.
    pub fn rename_new(&self, from: &[u8], to: &[u8]) -> io::Result<()> {
        match fs::renameat_with(&self.fd, from, &self.fd, to, RenameFlags::NOREPLACE) {
            Err(error) if lacks_flags(error) => self.rename_new_by_link(from, to),
            other => Ok(other?),
        }
    }

    /// A second name is as exclusive; where the file system has no hard links, a look before must do.
    fn rename_new_by_link(&self, from: &[u8], to: &[u8]) -> io::Result<()> {
        match fs::linkat(&self.fd, from, &self.fd, to, AtFlags::empty()) {
            Ok(()) => self.unlink(from),
            Err(Errno::EXIST) => Err(Errno::EXIST.into()),
            Err(_) if self.stat(to)?.is_some() => Err(Errno::EXIST.into()),
            Err(_) => Ok(fs::renameat(&self.fd, from, &self.fd, to)?),
        }
    }

    fn with_new_name<T>(
        &self,
        mut create: impl FnMut(&str) -> rustix::io::Result<T>,
    ) -> rustix::io::Result<(String, T)> {
        loop {
            let digits = format!("{:016x}", RandomState::new().hash_one(std::process::id()));
            let name = match self.naming {
                Naming::Plain => format!("{TEMPORARY}{digits}"),
                Naming::Marked => {
                    format!("{TEMPORARY}{}", String::from_utf8_lossy(&marked(digits.as_bytes())))
                }
            };
            match create(&name) {
                Err(Errno::EXIST) => {}
                other => return Ok((name, other?)),
            }
        }
    }

    /// Sets the time of the last write of a file or of a symlink itself, nanoseconds since 1970.
    pub fn set_mtime(&self, name: &[u8], mtime_ns: i64) -> io::Result<()> {
        Ok(fs::utimensat(&self.fd, name, &modified_at(mtime_ns), AtFlags::SYMLINK_NOFOLLOW)?)
    }
}

/// Sets the time of an open file's last write, nanoseconds since 1970.
pub fn set_file_mtime(file: &File, mtime_ns: i64) -> io::Result<()> {
    Ok(fs::futimens(file, &modified_at(mtime_ns))?)
}

fn modified_at(mtime_ns: i64) -> Timestamps {
    const SECOND: i64 = 1_000_000_000;
    Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        last_modification: Timespec {
            tv_sec: mtime_ns.div_euclid(SECOND),
            tv_nsec: mtime_ns.rem_euclid(SECOND) as _,
        },
    }
}

/// Whether the error may mean that kernel or file system knows no flags of a rename.
pub fn lacks_flags(error: Errno) -> bool {
    matches!(error, Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP)
}

/// A file or symlink under a temporary name. Dropping it removes it.
#[derive(Debug)]
#[must_use]
pub struct Temporary<'d> {
    dir: &'d Dir,
    name: String,
    inode: u64,
    there: bool,
}

impl Temporary<'_> {
    /// Its name in its directory.
    pub fn name(&self) -> &[u8] {
        self.name.as_bytes()
    }

    /// Its inode number.
    pub fn inode(&self) -> u64 {
        self.inode
    }

    /// Lets go of it without removing it, and gives its name: [`Dir::left`] takes it up again.
    pub fn leave(mut self) -> String {
        self.there = false;
        std::mem::take(&mut self.name)
    }

    /// Gives it a name that is not taken; [`io::ErrorKind::AlreadyExists`] otherwise.
    pub fn into_new(mut self, name: &[u8]) -> io::Result<()> {
        self.dir.rename_new(self.name.as_bytes(), name)?;
        self.there = false;
        Ok(())
    }

    /// Puts it at `name` in place of the file or symlink with this inode number, which loses that name.
    ///
    /// Gives false, with everything as it was, where something else is at `name`; so it is after an error, too. The
    /// check is atomic where host and file system can exchange two names.
    pub fn replace(mut self, name: &[u8], inode: u64) -> io::Result<bool> {
        let (dir, own) = (self.dir, self.name.clone());
        let own = own.as_bytes();
        let is_at =
            |name: &[u8]| Ok::<_, io::Error>(dir.stat(name)?.is_some_and(|stat| stat.st_ino == inode));
        match fs::renameat_with(&dir.fd, own, &dir.fd, name, RenameFlags::EXCHANGE) {
            Ok(()) => {}
            Err(Errno::NOENT) => return Ok(false),
            Err(error) if lacks_flags(error) => {
                if !is_at(name)? {
                    return Ok(false);
                }
                fs::renameat(&dir.fd, own, &dir.fd, name)?;
                self.there = false;
                return Ok(true);
            }
            Err(error) => return Err(error.into()),
        }
        // From here on another's file may be under the temporary name: `drop` compares inodes.
        let removed = match is_at(own) {
            Ok(true) => dir.unlink(own).map(|()| true),
            other => other,
        };
        match removed {
            Ok(true) => self.there = false,
            _ => fs::renameat_with(&dir.fd, own, &dir.fd, name, RenameFlags::EXCHANGE)?,
        }
        removed
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        let name = self.name.as_bytes();
        let is_own = |stat: fs::Stat| stat.st_ino == self.inode;
        if self.there && self.dir.stat(name).ok().flatten().is_some_and(is_own) {
            // What can't be removed stays behind under a name that nobody takes for content.
            let _ = self.dir.unlink(name);
        }
    }
}

/// The host's answer in the form that the index keeps.
pub fn stat_of_file(file: &File) -> io::Result<Stat> {
    Ok(Stat::from_rustix(&fs::fstat(file)?))
}
