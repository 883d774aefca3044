//! Puts whole files on disk so that they survive a power cut.
//!
//! Every function that returns `Ok`, [`replace_derived`] aside, guarantees: the file has its final name with all of its bytes, and
//! both have reached the device. Until then no other program sees the name with other bytes than the old
//! ones or the new ones. A failed call leaves the old state; the one exception is a directory that could
//! not be synced after the rename ([`DurableError::Sync`]), where the new file is visible and may be lost
//! in a power cut. A process that is killed leaves at most a file whose name begins with
//! [`TEMPORARY_PREFIX`], which [`sweep_temporaries`] takes away.

use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tempfile::NamedTempFile;

/// How the names of unfinished files begin.
pub const TEMPORARY_PREFIX: &str = ".tmp-";

/// Why a durable write failed.
#[derive(Debug, thiserror::Error)]
pub enum DurableError {
    /// The name is taken; what has it was not touched.
    #[error("'{}' already exists", .0.display())]
    AlreadyExists(PathBuf),
    /// The file could not be written; nothing has changed under its name.
    #[error("cannot write '{}': {source}", path.display())]
    Write {
        /// The file that was to be written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The bytes are in place, but nothing promises that they survive a power cut.
    #[error("cannot sync '{}' to the disk: {source}", path.display())]
    Sync {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl DurableError {
    /// The system's error, where there is one.
    pub fn io(&self) -> Option<&io::Error> {
        match self {
            Self::AlreadyExists(_) => None,
            Self::Write { source, .. } | Self::Sync { source, .. } => Some(source),
        }
    }
}

impl From<DurableError> for io::Error {
    /// The system's error alone, for callers that name the file themselves.
    fn from(error: DurableError) -> Self {
        match error {
            DurableError::AlreadyExists(_) => io::ErrorKind::AlreadyExists.into(),
            DurableError::Write { source, .. } | DurableError::Sync { source, .. } => source,
        }
    }
}

/// Creates `path` with `bytes`, or fails with [`DurableError::AlreadyExists`].
pub fn put_new(path: &Path, bytes: &[u8]) -> Result<(), DurableError> {
    persist_temp(filled(path, bytes)?, path, Existing::Keep)
}

/// Gives `path` the content `bytes`, whether it exists or not.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), DurableError> {
    persist_temp(filled(path, bytes)?, path, Existing::Replace)
}

/// Gives `path` the content `bytes` without waiting for the disk: for what is known from elsewhere too. After a power cut
/// the file may be as before, as now, cut short, or full of zeros.
pub fn replace_derived(path: &Path, bytes: &[u8]) -> Result<(), DurableError> {
    let write = |source| DurableError::Write { path: path.to_owned(), source };
    filled(path, bytes)?.persist(path).map_err(|failed| write(failed.error))?;
    Ok(())
}

/// What becomes of a file that has the name already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and the call fails.
    Keep,
    /// It is replaced.
    Replace,
}

/// A new temporary file in `dir`, for [`persist_temp`]. Its mode is that of an ordinary new file.
///
/// Dropped without being persisted, it is deleted.
pub fn temporary_in(dir: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY_PREFIX);
    #[cfg(unix)]
    builder.permissions(<Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o666));
    let temporary = builder.tempfile_in(dir)?;
    give_to_owner(temporary.as_file(), dir);
    Ok(temporary)
}

/// Gives what root has just made in `dir` to the owner of `dir`, so that `sudo` leaves nothing that a pond's owner cannot use.
/// Does nothing for other users, in directories of root's, and for what is not root's or has other names too. What cannot be
/// given away stays root's.
pub fn give_to_owner(made: &File, dir: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt as _, fchown};

        if !rustix::process::geteuid().is_root() {
            return;
        }
        let Ok(owner) = fs::metadata(dir) else { return };
        let is_new = |made: &fs::Metadata| made.uid() == 0 && (made.is_dir() || made.nlink() == 1);
        if owner.uid() != 0 && made.metadata().is_ok_and(|made| is_new(&made)) {
            let _ = fchown(made, Some(owner.uid()), Some(owner.gid()));
        }
    }
    #[cfg(not(unix))]
    let _ = (made, dir);
}

/// Creates a directory in one that is there, as [`give_to_owner`] has it. Not durable.
pub fn create_dir(dir: &Path) -> io::Result<()> {
    fs::create_dir(dir)?;
    give_dir_to_owner(dir);
    Ok(())
}

/// As [`give_to_owner`], for a directory that was just made.
pub fn give_dir_to_owner(dir: &Path) {
    #[cfg(unix)]
    if rustix::process::geteuid().is_root() {
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::NOFOLLOW;
        // A link that has taken its place meanwhile leads nowhere.
        if let Ok(made) = File::options().read(true).custom_flags(flags.bits() as i32).open(dir) {
            give_to_owner(&made, parent(dir));
        }
    }
    #[cfg(not(unix))]
    let _ = dir;
}

/// Gives a file the time of now, and changes nothing else of it. Nothing is synced.
///
/// # Errors
/// Those of the system; only a file's owner may do it.
pub fn touch(path: &Path) -> io::Result<()> {
    File::options().write(true).open(path)?.set_modified(SystemTime::now())
}

/// Syncs a finished temporary file of the same directory, names it `path`, and syncs the directory.
///
/// With [`Existing::Keep`] the rename and the check that the name is free are one system call (renameat2
/// with RENAME_NOREPLACE, or a hard link where the file system lacks that).
pub fn persist_temp(temp: NamedTempFile, path: &Path, existing: Existing) -> Result<(), DurableError> {
    let write = |source| DurableError::Write { path: path.to_owned(), source };
    temp.as_file().sync_all().map_err(write)?;
    let named = match existing {
        Existing::Keep => temp.persist_noclobber(path),
        Existing::Replace => temp.persist(path),
    };
    match named {
        Ok(_) => sync_dir(parent(path)),
        Err(failed) if existing == Existing::Keep && failed.error.kind() == io::ErrorKind::AlreadyExists => {
            Err(DurableError::AlreadyExists(path.to_owned()))
        }
        Err(failed) => Err(write(failed.error)),
    }
}

/// Makes the names in a directory durable.
pub fn sync_dir(dir: &Path) -> Result<(), DurableError> {
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(|source| DurableError::Sync { path: dir.to_owned(), source })
}

/// Creates a directory and those above it that are missing, durably.
pub fn create_dir_all(dir: &Path) -> Result<(), DurableError> {
    if dir.is_dir() {
        return Ok(());
    }
    let above = parent(dir);
    if above != dir {
        create_dir_all(above)?;
    }
    match create_dir(dir) {
        Ok(()) => sync_dir(above),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
        Err(source) => Err(DurableError::Write { path: dir.to_owned(), source }),
    }
}

/// Creates a directory of what is derived, and those above it that are missing. Not durable.
pub fn create_derived_dir(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let above = parent(dir);
    if above != dir {
        create_derived_dir(above)?;
    }
    match create_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
        made => made,
    }
}

/// Syncs every file and directory below `dir`, and `dir` itself. Symbolic links are not followed.
pub fn sync_tree(dir: &Path) -> Result<(), DurableError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| DurableError::Sync { path, source }
    };
    for entry in fs::read_dir(dir).map_err(failed(dir))? {
        let entry = entry.map_err(failed(dir))?;
        let (path, kind) = (entry.path(), entry.file_type().map_err(failed(dir))?);
        if kind.is_dir() {
            sync_tree(&path)?;
        } else if kind.is_file() {
            File::open(&path).and_then(|file| file.sync_all()).map_err(failed(&path))?;
        }
    }
    sync_dir(dir)
}

/// Deletes the temporary files that killed processes left in `dir`; returns how many.
///
/// The caller holds the lock under which files are put into this directory: otherwise it would delete what
/// another process is writing.
pub fn sweep_temporaries(dir: &Path) -> io::Result<usize> {
    let mut swept = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let left_over = entry.file_name().as_encoded_bytes().starts_with(TEMPORARY_PREFIX.as_bytes());
        if left_over && entry.file_type()?.is_file() {
            fs::remove_file(entry.path())?;
            swept += 1;
        }
    }
    Ok(swept)
}

fn filled(path: &Path, bytes: &[u8]) -> Result<NamedTempFile, DurableError> {
    temporary_in(parent(path))
        .and_then(|mut temp| temp.write_all(bytes).map(|()| temp))
        .map_err(|source| DurableError::Write { path: path.to_owned(), source })
}

/// The directory that a name is in; the current one for a bare name.
pub fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => path,
    }
}

/// Gives a damaged file another name beside its own, which nothing deletes, and says which.
pub fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let mut number = 1;
    loop {
        let mut name = path.as_os_str().to_owned();
        name.push(if number == 1 { ".damaged".to_owned() } else { format!(".damaged-{number}") });
        let to = PathBuf::from(name);
        // Whoever renames here holds a lock.
        if fs::symlink_metadata(&to).is_err() {
            fs::rename(path, &to)?;
            return Ok(to);
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(dir)
            .expect("a directory")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_new_file_is_never_put_over_another() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("a");
        put_new(&path, b"first").expect("the name is free");
        let error = put_new(&path, b"second").expect_err("the name is taken");
        assert!(matches!(error, DurableError::AlreadyExists(taken) if taken == path));
        assert_eq!(fs::read(&path).expect("the file"), b"first");
        replace(&path, b"third").expect("replaced");
        assert_eq!(fs::read(&path).expect("the file"), b"third");
        assert_eq!(names(dir.path()), ["a"]);
    }

    #[test]
    fn one_of_many_writers_gets_the_name() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("a");
        let winners: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8u8)
                .map(|n| {
                    let path = &path;
                    scope.spawn(move || put_new(path, &[n; 4096]).is_ok().then_some(n))
                })
                .collect();
            threads.into_iter().filter_map(|thread| thread.join().expect("no panic")).collect()
        });
        assert_eq!(winners.len(), 1);
        assert_eq!(fs::read(&path).expect("the file"), [winners[0]; 4096]);
        assert_eq!(names(dir.path()), ["a"]);
    }

    #[test]
    fn errors_name_the_file_and_leave_nothing() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("missing").join("a");
        let error = put_new(&path, b"x").expect_err("no such directory");
        assert!(error.to_string().contains("missing/a"), "{error}");
        create_dir_all(path.parent().expect("a parent")).expect("created");
        put_new(&path, b"x").expect("now it works");
        fs::write(dir.path().join(".tmp-killed"), b"").expect("written");
        assert_eq!(sweep_temporaries(dir.path()).expect("swept"), 1);
        assert_eq!(names(dir.path()), ["missing"]);
        sync_tree(dir.path()).expect("synced");
    }
}
