//! Copying from the pond to the host, anywhere but into `.pond`.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use bstr::BString;
use pond_mirror::stat::Stat;
use pond_mirror::write::materialize::{
    Done, Expected, Flush, MaterializeError, Materializer, Options, Want, WriteRequest,
};
use pond_mirror::write::secure_dir::MirrorDir;
use pond_objects::name::join_path;
use pond_objects::{PathEntry, ReadError, escape, tree};

use crate::error::{WorkspaceError, deed_error};
use crate::failures::Failures;
use crate::observer::{Event, Work};
use crate::workspace::Workspace;

/// Why nothing was copied, unless a variant says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum CopyOutError {
    /// Something is there.
    #[error("'{}' exists", escape::path(.0))]
    Exists(PathBuf),
    /// A directory is there.
    #[error("'{}' is a directory", escape::path(.0))]
    Directory(PathBuf),
    /// It is inside `.pond`.
    #[error("'{}' is inside .pond", escape::path(.0))]
    InsidePond(PathBuf),
    /// The system refuses it.
    #[error("cannot write to '{}'", escape::path(path))]
    Host {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The files were written, but the system did not say that they are on the disk.
    #[error("the files were written, but may not survive a power cut")]
    NotDurable(#[source] MaterializeError),
    /// What every deed can end with.
    #[error(transparent)]
    Workspace(WorkspaceError),
}

deed_error!(CopyOutError);

/// What is copied where.
#[derive(Debug, Clone)]
pub struct CopyOut {
    /// The entry, with its path in the version.
    pub entry: PathEntry,
    /// The host's path.
    pub target: PathBuf,
}

/// What was copied.
#[derive(Debug, Default)]
pub struct CopiedOut {
    /// How many files, symlinks and empty directories.
    pub count: u64,
    /// What could not be written.
    pub failed: Failures,
    /// Whether the caller asked to stop.
    pub interrupted: bool,
}

/// Copies entries to the host, directories with all that is in them. Each file is written under a temporary name, and gets its own when
/// it is whole. A file that is there is replaced if `force`; a directory never is.
///
/// # Errors
/// Nothing was written, unless the error says otherwise. Files that could not be written are no error: they are in
/// [`CopiedOut::failed`].
pub fn copy_out(
    workspace: &Workspace<'_>,
    copies: &[CopyOut],
    force: bool,
) -> Result<CopiedOut, CopyOutError> {
    let mut by_directory: BTreeMap<PathBuf, Vec<WriteRequest>> = BTreeMap::new();
    for copy in copies {
        let (directory, name, expected) = place(workspace, &copy.target, force)?;
        requests(workspace, copy, &name, expected, by_directory.entry(directory).or_default())?;
    }
    let session = workspace.session;
    session.check_interrupt("nothing was changed")?;
    let progress = session.work(Work::Write);
    let on_done = |request: &WriteRequest, _: &Done| {
        if let Want::Entry { size, .. } = request.want {
            progress.add(size);
        }
        progress.add_file();
    };
    let mut copied = CopiedOut::default();
    for (directory, requests) in by_directory {
        let host = |source| CopyOutError::Host { path: directory.clone(), source };
        let options =
            Options { flush: Flush::BeforeNaming, replaced: None, interrupted: &|| session.is_interrupted() };
        let mirror = MirrorDir::open(&directory).map_err(host)?;
        let materializer = Materializer::new(mirror, workspace.store(), options);
        let done = materializer.materialize_all(&requests, workspace.threads()?, &|_| false, &on_done);
        for (request, result) in requests.into_iter().zip(done.results) {
            match result {
                Ok(_) => copied.count += 1,
                Err(error) => copied.failed.push_outcome(request.path, &error),
            }
        }
        done.synced.map_err(CopyOutError::NotDurable)?;
    }
    drop(progress);
    session.tell(Event::Failed(&copied.failed));
    copied.interrupted = session.is_interrupted();
    Ok(copied)
}

/// The directory of a target, its name there, and what has to be there.
fn place(
    workspace: &Workspace<'_>,
    target: &Path,
    force: bool,
) -> Result<(PathBuf, BString, Expected), CopyOutError> {
    let host = |source| CopyOutError::Host { path: target.to_owned(), source };
    let no_name = || host(io::ErrorKind::InvalidInput.into());
    let name = target.file_name().ok_or_else(no_name)?;
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = workspace.session.cwd.join(parent.unwrap_or(Path::new(".")));
    let directory = std::fs::canonicalize(&parent).map_err(host)?;
    let is_pond = |path: &Path| path.starts_with(workspace.pond.pond_dir());
    if is_pond(&directory) || is_pond(&directory.join(name)) {
        return Err(CopyOutError::InsidePond(target.to_owned()));
    }
    let expected = match Stat::of(&directory.join(name)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Expected::Absent,
        Err(error) => return Err(host(error)),
        Ok(stat) if stat.kind() == Some(pond_objects::Kind::Directory) => {
            return Err(CopyOutError::Directory(target.to_owned()));
        }
        Ok(stat) if force && stat.kind().is_some() => Expected::Stat(stat),
        Ok(_) => return Err(CopyOutError::Exists(target.to_owned())),
    };
    Ok((directory, OsStr::as_bytes(name).into(), expected))
}

/// What writes an entry as `name`.
fn requests(
    workspace: &Workspace<'_>,
    copy: &CopyOut,
    name: &BString,
    expected: Expected,
    requests: &mut Vec<WriteRequest>,
) -> Result<(), ReadError> {
    let store = workspace.store();
    let mut push = |path: BString, entry: &PathEntry, old: &[u8], expected| {
        let mtime_ns = store.mtime(old, &entry.id, i64::MAX).and_then(|micros| micros.checked_mul(1000));
        let want = Want::Entry { kind: entry.kind, id: entry.id, size: entry.size, mtime_ns };
        requests.push(WriteRequest { path, want, expected });
    };
    if copy.entry.kind.is_blob() {
        push(name.clone(), &copy.entry, &copy.entry.path, expected);
        return Ok(());
    }
    let mut is_empty = true;
    tree::walk::<ReadError>(store, &copy.entry.id, b"", &mut |entry| {
        is_empty = false;
        let old = join_path(&copy.entry.path, &entry.path);
        push(join_path(name, &entry.path), &entry, &old, Expected::Absent);
        Ok(())
    })?;
    if is_empty {
        push(name.clone(), &copy.entry, b"", expected);
    }
    Ok(())
}
