//! Lays a version out in a directory of its own.

use std::path::{Path, PathBuf};

use pond_mirror::path_list::PathList;
use pond_mirror::write::materialize::{
    Done, Expected, Flush, MaterializeError, Materializer, Options, Want, WriteRequest,
};
use pond_mirror::write::secure_dir::{LayOutError, MirrorDir};
use pond_objects::pathspec::Pathspecs;
use pond_objects::{ObjectId, PathEntry, ReadError, Side, escape, tree};
use pond_oplog::Store;

use crate::error::{WorkspaceError, deed_error};
use crate::failures::Failures;
use crate::observer::{Event, Work};
use crate::workspace::Workspace;

/// Why nothing was laid out, unless a variant says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum ElsewhereError {
    /// The directory is inside `.pond`.
    #[error("a version can't be laid out inside .pond")]
    InsidePond,
    /// The directory is not empty, or the system refuses it.
    #[error("cannot lay out in '{}'", escape::path(path))]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: LayOutError,
    },
    /// The files were written, but the system did not say that they are on the disk.
    #[error("the files were written, but may not survive a power cut")]
    NotDurable(#[source] MaterializeError),
    /// What every deed can end with.
    #[error(transparent)]
    Workspace(WorkspaceError),
}

deed_error!(ElsewhereError);

/// What was laid out.
#[derive(Debug, Default)]
pub struct LaidOutElsewhere {
    /// How many files.
    pub count: u64,
    /// Their paths, if they are to be named: there may be a million.
    pub written: PathList,
    /// What could not be written.
    pub failed: Failures,
    /// Whether the caller asked to stop.
    pub interrupted: bool,
}

/// Entries of a version, of which there may be a million.
#[derive(Default)]
pub struct Entries {
    paths: PathList,
    sides: Vec<Side>,
}

impl Entries {
    /// Those of a tree that the paths take.
    ///
    /// # Errors
    /// Those of reading the tree.
    pub fn of(
        workspace: &Workspace<'_>,
        tree: Option<&ObjectId>,
        pathspecs: Option<&Pathspecs>,
    ) -> Result<Self, WorkspaceError> {
        let mut entries = Self::default();
        let mut visit = |entry: PathEntry| -> Result<(), ReadError> {
            if pathspecs.is_none_or(|specs| specs.matches(&entry.path, !entry.kind.is_blob())) {
                entries.paths.push(&entry.path);
                entries.sides.push(Side::from(&entry));
            }
            Ok(())
        };
        tree.map_or(Ok(()), |tree| tree::walk(workspace.store(), tree, b"", &mut visit))?;
        Ok(entries)
    }

    /// What writes one of them, with the time that the file had when it was last changed.
    fn request(&self, store: &Store, number: usize) -> WriteRequest {
        let (path, Side { kind, id, size }) = (self.paths.get(number), self.sides[number]);
        let mtime_ns = store.mtime(path, &id, i64::MAX).and_then(|micros| micros.checked_mul(1000));
        let want = Want::Entry { kind, id, size, mtime_ns };
        WriteRequest { path: path.to_owned(), want, expected: Expected::Absent }
    }
}

/// So many files are written before anything is made of the next.
const PART: usize = 16_384;

/// Lays entries out in a directory that is new or empty.
///
/// # Errors
/// Nothing was written, unless the error says otherwise. Files that could not be written are no error: they are in
/// [`LaidOutElsewhere::failed`].
pub fn lay_out(
    workspace: &Workspace<'_>,
    entries: &Entries,
    directory: &Path,
    names: bool,
) -> Result<LaidOutElsewhere, ElsewhereError> {
    let session = workspace.session;
    let place = directory.ancestors().find_map(|path| std::fs::canonicalize(path).ok());
    if place.is_some_and(|place| place.starts_with(workspace.pond.pond_dir())) {
        return Err(ElsewhereError::InsidePond);
    }
    // From here on the command itself decides where it stops.
    session.check_interrupt("nothing was changed")?;
    let target = MirrorDir::open_empty(directory)
        .map_err(|source| ElsewhereError::Directory { path: directory.to_owned(), source })?;
    let options = Options {
        flush: Flush::of_new_directory(entries.paths.len()),
        replaced: None,
        interrupted: &|| session.is_interrupted(),
    };
    let materializer = Materializer::new(target, workspace.store(), options);
    let progress = session.work(Work::Write);
    progress.add_total(entries.sides.iter().map(|side| side.size).sum());
    let on_done = |request: &WriteRequest, _: &Done| {
        if let Want::Entry { size, .. } = request.want {
            progress.add(size);
        }
        progress.add_file();
    };
    let threads = workspace.threads()?;
    let mut laid_out = LaidOutElsewhere::default();
    for start in (0..entries.paths.len()).step_by(PART) {
        if session.is_interrupted() {
            break;
        }
        let numbers = start..entries.paths.len().min(start + PART);
        let requests: Vec<_> = numbers.map(|number| entries.request(workspace.store(), number)).collect();
        let (results, _) = materializer.materialize_some(&requests, threads, &|_| false, &on_done);
        for (request, result) in requests.into_iter().zip(results) {
            match result {
                Ok(_) if names => laid_out.written.push(&request.path),
                Ok(_) => {}
                Err(error) => {
                    laid_out.failed.push_outcome(request.path, &error);
                    continue;
                }
            }
            laid_out.count += 1;
        }
    }
    drop(progress);
    materializer.sync().map_err(ElsewhereError::NotDurable)?;
    session.tell(Event::Failed(&laid_out.failed));
    laid_out.interrupted = session.is_interrupted();
    Ok(laid_out)
}
