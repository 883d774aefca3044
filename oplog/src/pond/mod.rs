//! Where a pond is: finding it, checking that it may be opened, and making a new one.
//!
//! A pond is the directory `.pond` in the directory that it versions, the main mirror. Another directory is a mirror of
//! the pond by a file `.pond`, TOML of two strings: `pond`, the path of a directory that has a pond (relative to
//! the file's own directory), and `mirror`, this mirror's id. Nothing here reads the table.

mod init;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use pond_objects::ObjectId;

pub use init::{InitError, Unborn};
use pond_durable::place::parse_pointer;
pub use pond_durable::place::{POINTER_LIMIT, POND_NAME, UNBORN_PREFIX, is_pointer};

use crate::config::{self, ConfigError};
use crate::view::MAIN_MIRROR;

/// Whose ponds are written to; reading needs no trust.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Trust {
    /// Those of this process's user. Of root too: a pond of somebody else has hooks and settings of somebody else.
    #[default]
    Ours,
    /// Those, and the ponds of these users: the one behind sudo.
    OursAnd(Vec<u32>),
    /// Anybody's: the user said that this pond is safe.
    Anybody,
}

/// Why there is no pond to work with.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No directory from here upwards has a pond.
    #[error("'{}' is not in a pond, and no directory above it is", .0.display())]
    NotFound(PathBuf),
    /// There is something with the name of a pond that is none.
    #[error("'{}' is not a pond: {why}", path.display())]
    NotAPond {
        /// What there is.
        path: PathBuf,
        /// What it lacks.
        why: String,
    },
    /// The format is not known, or not ours.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Another user owns it, and could have put anything there.
    #[error("'{}' belongs to another user (uid {owner}, this is uid {us}): it may be read, not changed", path.display())]
    ForeignOwner {
        /// The pond's directory, or the file that names it.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// The user of this process.
        us: u32,
    },
    /// The system failed.
    #[error("cannot read '{}': {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A pond of a user whose ponds are not opened but to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// The pond's directory, or the file that names it.
    pub path: PathBuf,
    /// Its owner.
    pub owner: u32,
    /// The user of this process.
    pub us: u32,
}

/// An existing pond, and the mirror from which it was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pond {
    mirror_root: PathBuf,
    pond_dir: PathBuf,
    mirror_id: String,
    foreign: Option<Foreign>,
}

impl Pond {
    /// The pond of `start` or of the nearest directory above it that has one.
    pub fn discover(start: &Path, trust: &Trust) -> Result<Self, OpenError> {
        let start = canonical(start)?;
        for dir in start.ancestors() {
            if names_a_pond(&dir.join(POND_NAME))? {
                return Self::open(dir, trust);
            }
        }
        Err(OpenError::NotFound(start))
    }

    /// The pond of the mirror at `dir`; `dir` may be the pond's own directory too.
    pub fn open(dir: &Path, trust: &Trust) -> Result<Self, OpenError> {
        let pond = Self::open_to_read(dir, trust)?;
        pond.need_ours()?;
        Ok(pond)
    }

    /// As [`Pond::open`], whoever owns the pond: of one that is not trusted nothing is changed, the cache neither. Whoever writes
    /// asks [`Pond::need_ours`] first.
    pub fn open_to_read(dir: &Path, trust: &Trust) -> Result<Self, OpenError> {
        let dir = canonical(dir)?;
        let at = dir.join(POND_NAME);
        match kind_of(&at)? {
            Some(AtPath::Directory) => Self::checked(dir, at, MAIN_MIRROR.to_owned(), trust),
            Some(AtPath::File) => {
                let foreign = foreign(&at, trust)?;
                let (pond, mirror_id) = read_pointer(&at)?;
                let target = canonical(&dir.join(pond))?;
                let pond_dir = if is_pond_dir(&target) { target } else { target.join(POND_NAME) };
                let pond = Self::checked(dir, pond_dir, mirror_id, trust)?;
                Ok(Self { foreign: foreign.or(pond.foreign), ..pond })
            }
            None if is_pond_dir(&dir) => match dir.parent() {
                Some(root) => Self::checked(root.to_owned(), dir.clone(), MAIN_MIRROR.to_owned(), trust),
                None => Err(OpenError::NotFound(dir)),
            },
            None => Err(OpenError::NotFound(dir)),
        }
    }

    fn checked(
        mirror_root: PathBuf,
        pond_dir: PathBuf,
        mirror_id: String,
        trust: &Trust,
    ) -> Result<Self, OpenError> {
        match kind_of(&pond_dir)? {
            Some(AtPath::Directory) => {}
            _ => return Err(not_a_pond(&pond_dir, "it is no directory")),
        }
        let foreign = foreign(&pond_dir, trust)?;
        let pond = Self { mirror_root, pond_dir, mirror_id, foreign };
        match config::check_format(&pond.pond_dir) {
            Ok(()) => {}
            // Where there are versions, it is a pond that lost the file.
            Err(ConfigError::Missing(_)) if !pond.table_dir().is_dir() => {
                let why = format!("it has no {}", config::CONFIG_FILE);
                return Err(not_a_pond(&pond.pond_dir, &why));
            }
            Err(error) => return Err(error.into()),
        }
        if !pond.table_dir().is_dir() {
            return Err(not_a_pond(&pond.pond_dir, "it has no oplog"));
        }
        Ok(pond)
    }

    /// Whether the pond may be written to.
    pub fn is_ours(&self) -> bool {
        self.foreign.is_none()
    }

    /// Fails with [`OpenError::ForeignOwner`] for a pond that may only be read.
    pub fn need_ours(&self) -> Result<(), OpenError> {
        match &self.foreign {
            None => Ok(()),
            Some(Foreign { path, owner, us }) => {
                Err(OpenError::ForeignOwner { path: path.clone(), owner: *owner, us: *us })
            }
        }
    }

    /// The directory that this mirror is: canonical, absolute.
    pub fn mirror_root(&self) -> &Path {
        &self.mirror_root
    }

    /// The directory `.pond`.
    pub fn pond_dir(&self) -> &Path {
        &self.pond_dir
    }

    /// The id of the mirror that the pond was opened from.
    pub fn mirror_id(&self) -> &str {
        &self.mirror_id
    }

    /// The Delta table.
    pub fn table_dir(&self) -> PathBuf {
        self.pond_dir.join("oplog")
    }

    /// The packs that no version has yet.
    pub fn staging_dir(&self) -> PathBuf {
        self.pond_dir.join("staging")
    }

    /// What is derived and safe to delete.
    pub fn cache_dir(&self) -> PathBuf {
        self.pond_dir.join("cache")
    }

    /// The cached index of the pack with this digest. Its directory may be missing, as all of the cache may.
    pub fn pack_index_path(&self, digest: &ObjectId) -> PathBuf {
        self.cache_dir().join("packs").join(format!("{digest}.index"))
    }

    /// The files that pond replaced in a mirror, until they are known to be stored.
    pub fn replaced_dir(&self) -> PathBuf {
        self.pond_dir.join("replaced")
    }

    /// HEAD, index and lock of the mirror with this id.
    pub fn mirror_dir(&self, id: &str) -> PathBuf {
        self.pond_dir.join("mirrors").join(id)
    }

    /// The file of the lock under which versions are published; see [`pond_durable::lock`].
    pub fn lock_path(&self) -> PathBuf {
        self.pond_dir.join("lock")
    }

    /// The settings, the format's version among them.
    pub fn config_path(&self) -> PathBuf {
        self.pond_dir.join(config::CONFIG_FILE)
    }

    /// The patterns of files that are ignored in this pond only.
    pub fn exclude_path(&self) -> PathBuf {
        self.pond_dir.join("info").join("exclude")
    }

    /// The hooks.
    pub fn hooks_dir(&self) -> PathBuf {
        self.pond_dir.join("hooks")
    }
}

/// What has the name of a pond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AtPath {
    Directory,
    File,
}

fn kind_of(path: &Path) -> Result<Option<AtPath>, OpenError> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Ok(Some(AtPath::Directory)),
        Ok(metadata) if metadata.is_file() => Ok(Some(AtPath::File)),
        Ok(_) => Err(not_a_pond(path, "it is neither a directory nor a file")),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(source) => Err(OpenError::Io { path: path.to_owned(), source }),
    }
}

/// Whether what has the name of a pond is one, or names one: an ordinary file does not.
///
/// # Errors
/// Those of looking at it.
pub fn names_a_pond(path: &Path) -> Result<bool, OpenError> {
    Ok(match kind_of(path)? {
        Some(AtPath::Directory) => true,
        Some(AtPath::File) => {
            let io = |source| OpenError::Io { path: path.to_owned(), source };
            let is_short = fs::metadata(path).map_err(io)?.len() <= POINTER_LIMIT;
            is_short && is_pointer(&fs::read(path).map_err(io)?)
        }
        None => false,
    })
}

/// Whether a directory whose name may be anything is the inside of a pond.
fn is_pond_dir(dir: &Path) -> bool {
    dir.join(config::CONFIG_FILE).is_file() && dir.join("oplog").is_dir()
}

fn not_a_pond(path: &Path, why: &str) -> OpenError {
    OpenError::NotAPond { path: path.to_owned(), why: why.to_owned() }
}

fn canonical(path: &Path) -> Result<PathBuf, OpenError> {
    fs::canonicalize(path).map_err(|source| OpenError::Io { path: path.to_owned(), source })
}

/// The owner of a pond's directory, or of the file that names it, where `trust` does not extend to that user. Both the name and
/// what a symbolic link of that name leads to must be trusted.
///
/// # Errors
/// Those of looking at it.
#[cfg(unix)]
pub fn foreign(path: &Path, trust: &Trust) -> Result<Option<Foreign>, OpenError> {
    use std::os::unix::fs::MetadataExt as _;

    let us = rustix::process::geteuid().as_raw();
    let io = |source| OpenError::Io { path: path.to_owned(), source };
    for metadata in [fs::symlink_metadata(path).map_err(io)?, fs::metadata(path).map_err(io)?] {
        let owner = metadata.uid();
        let trusted = match trust {
            Trust::Ours => owner == us,
            Trust::OursAnd(others) => owner == us || others.contains(&owner),
            Trust::Anybody => true,
        };
        if !trusted {
            return Ok(Some(Foreign { path: path.to_owned(), owner, us }));
        }
    }
    Ok(None)
}

/// Files have no owners here.
#[cfg(not(unix))]
pub fn foreign(_path: &Path, _trust: &Trust) -> Result<Option<Foreign>, OpenError> {
    Ok(None)
}

/// The pond and the mirror's id that a file `.pond` names.
fn read_pointer(path: &Path) -> Result<(PathBuf, String), OpenError> {
    let io = |source| OpenError::Io { path: path.to_owned(), source };
    if fs::metadata(path).map_err(io)?.len() > POINTER_LIMIT {
        return Err(not_a_pond(path, "it is too large to name one"));
    }
    match parse_pointer(&fs::read(path).map_err(io)?) {
        Some((pond, mirror)) if is_mirror_id(&mirror) => Ok((PathBuf::from(pond), mirror)),
        Some(_) => Err(not_a_pond(path, "its mirror's id is not one")),
        None => Err(not_a_pond(path, "it does not name a pond and a mirror")),
    }
}

/// Whether a text can be a mirror's id: 1 to 64 lower-case letters, digits and `-`, so that it is a name of a
/// directory and a part of a ref's name.
pub fn is_mirror_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests;
