//! Making a pond: all of it, or nothing that anybody takes for one.
//!
//! Everything is built in a directory beside the place, synced, and renamed. Whoever makes a pond holds a
//! lock of the mirror's directory meanwhile, so whatever unfinished pond the next one finds there was left
//! by a process that was killed, and is deleted.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{MAIN_MIRROR, OpenError, POND_NAME, Pond, Trust, UNBORN_PREFIX, kind_of};
use crate::config;
use crate::log::{self, EntryDraft};
use pond_durable::DurableError;

const EXCLUDE: &str =
    "# Files that this pond ignores; the patterns are those of .pondignore, and are shared with nobody.\n";

/// Why no pond was made. Nothing has changed then, but for [`DurableError::Sync`]: the pond is there and may be lost in a
/// power cut.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// There is a pond already, or something with its name.
    #[error("'{}' already exists", .0.display())]
    Exists(PathBuf),
    /// Another process is making one here.
    #[error("another process is making a pond in '{}'", .0.display())]
    Busy(PathBuf),
    /// The system failed.
    #[error("cannot make a pond in '{}': {source}", dir.display())]
    Io {
        /// The mirror's directory.
        dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of the new pond could not be written.
    #[error(transparent)]
    Durable(#[from] DurableError),
    /// The new pond could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// A pond that is being made. Dropped without [`Unborn::publish`], it leaves nothing.
#[derive(Debug)]
#[must_use = "there is no pond before `publish`"]
pub struct Unborn {
    /// Dropped first: it is deleted while the lock is held.
    temporary: TempDir,
    root: PathBuf,
    _lock: Option<File>,
}

impl Pond {
    /// Begins a pond in `dir`, which is created if it is missing.
    ///
    /// The caller then writes the mirror's HEAD into [`Unborn::mirror_dir`] and the first pack into
    /// [`Unborn::table_dir`], and calls [`Unborn::publish`].
    ///
    /// `for_user` is the user behind sudo: where the directory is that user's, so is the pond.
    pub fn prepare(dir: &Path, for_user: Option<u32>) -> Result<Unborn, InitError> {
        pond_durable::create_dir_all(dir)?;
        let io = |source| InitError::Io { dir: dir.to_owned(), source };
        let root = fs::canonicalize(dir).map_err(io)?;
        let io = |source| InitError::Io { dir: root.clone(), source };
        refuse_existing(&root)?;
        let lock = lock_directory(&root)?;
        if lock.is_some() {
            delete_left_over(&root).map_err(io)?;
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(UNBORN_PREFIX);
        // As an ordinary new directory: others may read a pond where the umask lets them.
        #[cfg(unix)]
        builder.permissions(<fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o777));
        let temporary = builder.tempdir_in(&root).map_err(io)?;
        if for_user.is_some_and(|user| is_owned_by(&root, user)) {
            pond_durable::give_dir_to_owner(temporary.path());
        }
        fill(temporary.path()).map_err(io)?;
        Ok(Unborn { temporary, root: root.clone(), _lock: lock })
    }
}

impl Unborn {
    /// The table's directory; the first pack goes below it, to [`crate::log::AddFile::path`].
    pub fn table_dir(&self) -> PathBuf {
        self.temporary.path().join("oplog")
    }

    /// The directory for staged packs.
    pub fn staging_dir(&self) -> PathBuf {
        self.temporary.path().join("staging")
    }

    /// The directory of the main mirror's HEAD and index.
    pub fn mirror_dir(&self) -> PathBuf {
        self.temporary.path().join("mirrors").join(MAIN_MIRROR)
    }

    /// Writes version 0 from `draft`, which has the metadata, syncs everything, and gives the pond its name.
    pub fn publish(self, draft: &EntryDraft) -> Result<Pond, InitError> {
        let encoded = log::encode(draft, None);
        pond_durable::put_new(&log::entry_path(&self.table_dir(), 0), &encoded.bytes)?;
        pond_durable::sync_tree(self.temporary.path())?;
        let at = self.root.join(POND_NAME);
        rename_new(self.temporary.path(), &at).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty => InitError::Exists(at.clone()),
            _ => InitError::Io { dir: self.root.clone(), source },
        })?;
        // Its name is another now, and nothing must delete it.
        let _ = self.temporary.keep();
        pond_durable::sync_dir(&self.root)?;
        Ok(Pond::open(&self.root, &Trust::Anybody)?)
    }
}

fn refuse_existing(root: &Path) -> Result<(), InitError> {
    let at = root.join(POND_NAME);
    match fs::symlink_metadata(&at) {
        Ok(_) => Err(InitError::Exists(at)),
        Err(_) => kind_of(&at).map(drop).map_err(InitError::from),
    }
}

/// The lock of the directory itself; none on file systems that lock no directories.
fn lock_directory(root: &Path) -> Result<Option<File>, InitError> {
    let dir = File::open(root).map_err(|source| InitError::Io { dir: root.to_owned(), source })?;
    match dir.try_lock() {
        Ok(()) => Ok(Some(dir)),
        Err(TryLockError::WouldBlock) => Err(InitError::Busy(root.to_owned())),
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

fn delete_left_over(root: &Path) -> io::Result<()> {
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(UNBORN_PREFIX.as_bytes()) && entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

fn fill(dir: &Path) -> io::Result<()> {
    for name in [
        "oplog/_delta_log",
        "oplog/kind=data",
        "oplog/kind=meta",
        "staging",
        "mirrors/main",
        "cache/packs",
        "replaced",
        "info",
        "hooks",
    ] {
        pond_durable::create_derived_dir(&dir.join(name))?;
    }
    write(&dir.join(config::CONFIG_FILE), &config::initial_text())?;
    write(&dir.join(".gitignore"), "*\n")?;
    write(&dir.join("info/exclude"), EXCLUDE)?;
    write(&dir.join("lock"), "")
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    pond_durable::give_to_owner(&file, pond_durable::parent(path));
    file.write_all(text.as_bytes())
}

#[cfg(unix)]
fn is_owned_by(dir: &Path, user: u32) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(dir).is_ok_and(|found| found.uid() == user)
}

#[cfg(not(unix))]
fn is_owned_by(_dir: &Path, _user: u32) -> bool {
    false
}

/// Renames a directory to a name that is free.
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;

        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS) => {}
            done => return done.map_err(Into::into),
        }
    }
    // A plain rename replaces an empty directory at most, which holds nothing to lose.
    fs::rename(from, to)
}
