//! Directories of the host, opened one from the other, so that a symlink put in the place of one leads nowhere.

use std::fs::File;
use std::io;
use std::path::Path;

use bstr::{BString, ByteSlice};

use crate::stat::Stat;

/// What a directory says of a name without a look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameKind {
    /// A directory.
    Directory,
    /// A file or a symlink.
    Plain,
    /// A fifo, a socket or a device.
    Special,
    /// The filesystem does not say.
    Unknown,
}

/// An open directory.
#[derive(Debug)]
pub struct HostDir {
    #[cfg(unix)]
    fd: rustix::fd::OwnedFd,
    #[cfg(not(unix))]
    path: std::path::PathBuf,
}

/// The names in a directory, in the order of the filesystem.
#[derive(Debug, Default)]
pub struct Names {
    bytes: Vec<u8>,
    ends: Vec<(u32, NameKind)>,
}

impl Names {
    fn push(&mut self, name: &[u8], kind: NameKind) {
        if name != b"." && name != b".." {
            self.bytes.extend_from_slice(name);
            let end = u32::try_from(self.bytes.len()).expect("BUG: the names of one directory take 4 GB");
            self.ends.push((end, kind));
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The names with what the directory says of each.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], NameKind)> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|(end, _)| *end));
        starts.zip(&self.ends).map(|(start, (end, kind))| (&self.bytes[start as usize..*end as usize], *kind))
    }

    /// Whether a name is there, and what it is.
    pub fn find(&self, name: &str) -> Option<NameKind> {
        self.iter().find(|(found, _)| *found == name.as_bytes()).map(|(_, kind)| kind)
    }
}

#[cfg(unix)]
mod unix {
    use rustix::fs::{AtFlags, FileType, Mode, OFlags};

    use super::*;

    const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
    // NONBLOCK: a fifo that takes the place of a file must not hang the walk.
    const FILE: OFlags =
        OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC).union(OFlags::NONBLOCK);

    impl HostDir {
        /// Opens the root of a mirror, which may be reached over symlinks.
        pub fn open_root(path: &Path) -> io::Result<Self> {
            Ok(Self { fd: rustix::fs::open(path, DIRECTORY, Mode::empty())? })
        }

        /// Opens a directory in this one; a symlink is an error.
        pub fn open_child(&self, name: &[u8]) -> io::Result<Self> {
            Ok(Self { fd: rustix::fs::openat(&self.fd, name, DIRECTORY | OFlags::NOFOLLOW, Mode::empty())? })
        }

        /// Opens a file in this directory for reading; a symlink is an error.
        pub fn open_file(&self, name: &[u8]) -> io::Result<File> {
            Ok(File::from(rustix::fs::openat(&self.fd, name, FILE, Mode::empty())?))
        }

        /// Opens what a name in this directory leads to, over symlinks, for reading.
        pub fn open_target(&self, name: &[u8]) -> io::Result<File> {
            let flags = FILE.difference(OFlags::NOFOLLOW);
            Ok(File::from(rustix::fs::openat(&self.fd, name, flags, Mode::empty())?))
        }

        /// Opens a file somewhere below this directory for reading; a symlink anywhere is an error.
        pub fn open_below(&self, path: &[u8]) -> io::Result<File> {
            #[cfg(target_os = "linux")]
            {
                use rustix::fs::ResolveFlags;
                use rustix::io::Errno;
                let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
                match rustix::fs::openat2(&self.fd, path, FILE, Mode::empty(), resolve) {
                    // A kernel before 5.6, or a sandbox that knows no such call; or more than it takes at once.
                    Err(Errno::NOSYS | Errno::PERM | Errno::NAMETOOLONG) => {}
                    opened => return Ok(File::from(opened?)),
                }
            }
            let (dir, name) = self.parent_of(path)?;
            dir.as_ref().unwrap_or(self).open_file(name)
        }

        /// The target of a symlink somewhere below this directory.
        pub fn read_link_below(&self, path: &[u8]) -> io::Result<Vec<u8>> {
            let (dir, name) = self.parent_of(path)?;
            let fd = &dir.as_ref().unwrap_or(self).fd;
            Ok(rustix::fs::readlinkat(fd, name, Vec::new())?.into_bytes())
        }

        /// The stat of a path somewhere below this directory, itself not followed.
        pub fn stat_below(&self, path: &[u8]) -> io::Result<Stat> {
            let (dir, name) = self.parent_of(path)?;
            dir.as_ref().unwrap_or(self).stat(name)
        }

        /// The stat of a name, itself not followed.
        pub fn stat(&self, name: &[u8]) -> io::Result<Stat> {
            Ok(Stat::from_rustix(&rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW)?))
        }

        /// Opens the directory that holds `path`, step by step; `None` if it is this one.
        fn parent_of<'a>(&self, path: &'a [u8]) -> io::Result<(Option<Self>, &'a [u8])> {
            let mut dir: Option<Self> = None;
            let mut rest = path;
            while let Some(at) = rest.find_byte(b'/') {
                dir = Some(dir.as_ref().unwrap_or(self).open_child(&rest[..at])?);
                rest = &rest[at + 1..];
            }
            Ok((dir, rest))
        }

        /// The names in this directory.
        #[cfg(target_os = "linux")]
        pub fn read(&self) -> io::Result<Names> {
            let mut buffer = [std::mem::MaybeUninit::uninit(); 32 << 10];
            let mut entries = rustix::fs::RawDir::new(&self.fd, &mut buffer);
            let mut names = Names::default();
            while let Some(entry) = entries.next() {
                let entry = entry?;
                names.push(entry.file_name().to_bytes(), kind_of(entry.file_type()));
            }
            Ok(names)
        }

        /// The names in this directory.
        #[cfg(not(target_os = "linux"))]
        pub fn read(&self) -> io::Result<Names> {
            let mut names = Names::default();
            for entry in rustix::fs::Dir::read_from(&self.fd)? {
                let entry = entry?;
                names.push(entry.file_name().to_bytes(), kind_of(entry.file_type()));
            }
            Ok(names)
        }
    }

    fn kind_of(kind: FileType) -> NameKind {
        match kind {
            FileType::Directory => NameKind::Directory,
            FileType::RegularFile | FileType::Symlink => NameKind::Plain,
            FileType::Unknown => NameKind::Unknown,
            _ => NameKind::Special,
        }
    }
}

#[cfg(not(unix))]
mod other {
    use super::*;

    impl HostDir {
        /// Opens the root of a mirror, which may be reached over symlinks.
        pub fn open_root(path: &Path) -> io::Result<Self> {
            std::fs::read_dir(path).map(|_| Self { path: path.into() })
        }

        /// Opens a directory in this one; a symlink is an error.
        pub fn open_child(&self, name: &[u8]) -> io::Result<Self> {
            let path = self.path.join(name.to_path_lossy());
            if !std::fs::symlink_metadata(&path)?.is_dir() {
                return Err(io::ErrorKind::NotADirectory.into());
            }
            Ok(Self { path })
        }

        /// Opens a file in this directory for reading; a symlink is an error.
        pub fn open_file(&self, name: &[u8]) -> io::Result<File> {
            let path = self.path.join(name.to_path_lossy());
            if std::fs::symlink_metadata(&path)?.is_symlink() {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            File::open(path)
        }

        /// Opens what a name in this directory leads to, over symlinks, for reading.
        pub fn open_target(&self, name: &[u8]) -> io::Result<File> {
            File::open(self.path.join(name.to_path_lossy()))
        }

        /// Opens a file somewhere below this directory for reading.
        pub fn open_below(&self, path: &[u8]) -> io::Result<File> {
            self.open_file(path)
        }

        /// The target of a symlink somewhere below this directory.
        pub fn read_link_below(&self, path: &[u8]) -> io::Result<Vec<u8>> {
            let target = std::fs::read_link(self.path.join(path.to_path_lossy()))?;
            Ok(target.into_os_string().into_encoded_bytes())
        }

        /// The stat of a path somewhere below this directory, itself not followed.
        pub fn stat_below(&self, path: &[u8]) -> io::Result<Stat> {
            self.stat(path)
        }

        /// The stat of a name, itself not followed.
        pub fn stat(&self, name: &[u8]) -> io::Result<Stat> {
            Stat::of(&self.path.join(name.to_path_lossy()))
        }

        /// The names in this directory.
        pub fn read(&self) -> io::Result<Names> {
            let mut names = Names::default();
            for entry in std::fs::read_dir(&self.path)? {
                let entry = entry?;
                let kind = match entry.file_type() {
                    Ok(kind) if kind.is_dir() => NameKind::Directory,
                    Ok(_) => NameKind::Plain,
                    Err(_) => NameKind::Unknown,
                };
                names.push(entry.file_name().as_encoded_bytes(), kind);
            }
            Ok(names)
        }
    }
}

/// A path below a directory: the directory's, a slash, and the name.
pub fn join(dir: &[u8], name: &[u8]) -> BString {
    let mut path = BString::from(Vec::with_capacity(dir.len() + 1 + name.len()));
    if !dir.is_empty() {
        path.extend_from_slice(dir);
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}
