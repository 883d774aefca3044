//! Reads files of the mirror and stores their contents in the staging area.
//!
//! Files are read into buffers that are used again, never mapped: a file that its writer cuts short must not end the
//! process. A file is looked at before and after it is read. One that only grew meanwhile is stored as it was when it
//! was opened ([`growing`]); one that changed in another way is read again, and given up after some tries, so that
//! nothing torn is ever stored as a version.

mod growing;

use std::fs::File;
use std::io::{Read, Seek as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bstr::BStr;
use pond_mirror::index::Seen;
use pond_mirror::path_list::PathList;
use pond_mirror::stat::{Stat, now_ns};
use pond_objects::{Kind, ObjectId, Side, tree};
use pond_oplog::Store;
use pond_oplog::ingest::{Ingest, IngestError, Reader, StagedPacks, Stored};

use crate::error::StageError;
use crate::observer::Counter;

/// Files up to this size are read whole before they are cut into chunks.
const WHOLE_FILE: u64 = 1 << 20;
/// How often a file that changes while it is read is read.
const TRIES: u32 = 3;
/// How long a writer gets to finish before the second try; twice that before the third.
const PAUSE: Duration = Duration::from_millis(20);

/// Which part of a file is stored that grows while it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Growing {
    /// What was there when it was opened.
    AsOpened,
    /// The same, but of a text up to the end of its last complete line.
    WholeLines,
}

/// A file, symlink or empty directory that was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Staged {
    kind: Kind,
    id: ObjectId,
    size: u64,
    /// The host's stat of what was read.
    pub stat: Stat,
    /// Whether an equal stat proves an equal content.
    is_trusted: bool,
}

impl Staged {
    /// Of what was read after `read_ns`.
    fn new(kind: Kind, stored: Stored, stat: &Stat, read_ns: i64) -> Self {
        let Stored { id, size } = stored;
        Self { kind, id, size, stat: *stat, is_trusted: Seen::new(stat, read_ns).trusted }
    }

    /// What the index will have.
    pub(crate) fn side(&self) -> Side {
        Side { kind: self.kind, id: self.id, size: self.size }
    }

    /// What it will have of the host's stat.
    pub(crate) fn seen(&self) -> Seen {
        let Stat { mtime_ns, ctime_ns, inode, .. } = self.stat;
        Seen { mtime_ns, ctime_ns, inode, trusted: self.is_trusted }
    }
}

/// What became of the paths, in the order of the request, and the packs that hold the contents.
#[derive(Default)]
pub(crate) struct StageResult {
    /// What was stored for each of them.
    pub staged: Vec<Option<Staged>>,
    /// The numbers of the others, in order.
    pub failed: Vec<(usize, StageError)>,
    /// What has to be named by the index (or published) before it counts.
    pub packs: StagedPacks,
}

impl StageResult {
    /// Whether the command was told to stop.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.failed.iter().any(|(_, error)| matches!(error, StageError::Interrupted))
    }

    /// The outcome for each path.
    pub(crate) fn outcomes(self) -> impl Iterator<Item = Result<Staged, StageError>> {
        let mut failed = self.failed.into_iter();
        self.staged.into_iter().map(move |staged| {
            staged.ok_or_else(|| failed.next().expect("BUG: a path is staged or has failed").1)
        })
    }
}

/// Runs of so many neighbours at most are read by one thread, so that they stand beside each other in the pack.
const RUN: usize = 16;

/// What a file had before.
type Known<'a> = &'a (dyn Fn(&BStr) -> Option<Stored> + Sync);

/// What is to be stored.
pub(crate) struct Wanted<'a> {
    /// Paths below the root.
    pub paths: &'a PathList,
    /// What a file had before: if it only grew, its beginning is read and compared, and not cut again.
    pub known: Known<'a>,
    /// Which part of files that grow meanwhile.
    pub growing: Growing,
}

/// Stores the contents of paths below `root`, in parallel. `threads` read, as many compress.
///
/// # Errors
/// Errors of the staging area; those of single paths are outcomes.
pub(crate) fn stage(
    root: &Path,
    staging: &Path,
    store: &Store,
    wanted: &Wanted<'_>,
    threads: usize,
    counter: &dyn Counter,
    is_stopped: &(dyn Fn() -> bool + Sync),
) -> Result<StageResult, IngestError> {
    let Wanted { paths, known, growing } = *wanted;
    let ingest = Ingest::new(store, staging)?;
    let next = AtomicUsize::new(0);
    let workers = threads.clamp(1, paths.len().max(1));
    let run = paths.len().div_ceil(workers).clamp(1, RUN);
    let all = StageResult { staged: vec![None; paths.len()], ..StageResult::default() };
    let all = Mutex::new(all);
    let parts = ingest.run(vec![(); workers], threads, |reader, ()| {
        let mut stager = Stager { reader, buffer: Vec::new(), known, growing, counter, is_stopped };
        let mut done = Vec::with_capacity(run);
        loop {
            let from = next.fetch_add(run, Ordering::Relaxed);
            if from >= paths.len() {
                return Ok(());
            }
            for at in from..paths.len().min(from + run) {
                let outcome = stager.stage_path(root, paths.get(at));
                counter.add_file();
                match outcome {
                    Ok(staged) => done.push((at, Ok(staged))),
                    Err(PathError::Stage(error)) => done.push((at, Err(error))),
                    Err(PathError::Ingest(error)) => return Err(error),
                }
            }
            let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
            for (at, outcome) in done.drain(..) {
                match outcome {
                    Ok(staged) => all.staged[at] = Some(staged),
                    Err(error) => all.failed.push((at, error)),
                }
            }
        }
    })?;
    parts.into_iter().collect::<Result<(), IngestError>>()?;
    let mut all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    all.failed.sort_by_key(|(at, _)| *at);
    // Where it was interrupted, nothing will name what was packed so far: it goes with the ingest.
    if !all.is_interrupted() {
        all.packs = ingest.finish()?;
    }
    Ok(all)
}

enum PathError {
    Stage(StageError),
    Ingest(IngestError),
}

impl From<IngestError> for PathError {
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::Read(error) => StageError::Read(error).into(),
            IngestError::Unstable => StageError::Unstable.into(),
            other => Self::Ingest(other),
        }
    }
}

impl From<StageError> for PathError {
    fn from(error: StageError) -> Self {
        Self::Stage(error)
    }
}

/// What one thread stores files with.
struct Stager<'r, 'i, 'a> {
    reader: &'r mut Reader<'i, 'a>,
    buffer: Vec<u8>,
    known: Known<'r>,
    growing: Growing,
    counter: &'r dyn Counter,
    is_stopped: &'r (dyn Fn() -> bool + Sync),
}

impl Stager<'_, '_, '_> {
    fn stage_path(&mut self, root: &Path, path: &BStr) -> Result<Staged, PathError> {
        let host = host_path(root, path);
        for attempt in 0..TRIES {
            std::thread::sleep(PAUSE * attempt);
            if (self.is_stopped)() {
                return Err(StageError::Interrupted.into());
            }
            match self.try_path(&host, path) {
                Err(PathError::Stage(StageError::Unstable)) => {}
                done => return done,
            }
        }
        Err(StageError::Unstable.into())
    }

    fn try_path(&mut self, host: &Path, path: &BStr) -> Result<Staged, PathError> {
        let read_ns = now_ns();
        let before = Stat::of(host).map_err(read_error)?;
        let kind =
            before.kind().ok_or_else(|| StageError::Special(before.special().unwrap_or("special file")))?;
        let stored = match kind {
            Kind::Directory => Stored { id: tree::empty_tree(), size: 0 },
            Kind::Symlink => {
                let target = std::fs::read_link(host).map_err(read_error)?;
                self.reader.store(target.as_os_str().as_bytes())?
            }
            _ => return self.store_file(host, path, read_ns),
        };
        let after = Stat::of(host).map_err(read_error)?;
        if kind == Kind::Directory || is_same(&before, &after) {
            Ok(Staged::new(kind, stored, &after, read_ns))
        } else {
            Err(StageError::Unstable.into())
        }
    }

    fn store_file(&mut self, host: &Path, path: &BStr, read_ns: i64) -> Result<Staged, PathError> {
        let mut file = open_file(host).map_err(read_error)?;
        let opened = stat_of(&file)?;
        let kind = opened.kind().filter(|kind| kind.is_file()).ok_or(StageError::Unstable)?;
        let mut stored = match self.store_grown(&mut file, path, opened.size)? {
            Some(stored) => stored,
            None => self.store_beginning(&mut file, opened.size)?,
        };
        if is_same(&opened, &stat_of(&file)?) {
            // The same file still has this name. A stamp of this moment does not show what was overwritten since.
            let after = Stat::of(host).map_err(read_error)?;
            let is_whole = is_same(&opened, &after)
                && (!opened.is_racy(read_ns)
                    || growing::begins_with(&mut file, stored, &mut self.buffer, self.is_stopped)?);
            let staged = Staged::new(kind, stored, &after, read_ns);
            return is_whole.then_some(staged).ok_or_else(|| StageError::Unstable.into());
        }
        if self.growing == Growing::WholeLines {
            let whole = growing::end_of_lines(&file, opened.size)?;
            if whole < opened.size {
                stored = self.store_beginning(&mut file, whole)?;
            }
        }
        let now = Stat::of(host).map_err(read_error)?;
        let only_grew = (now.inode, now.device, now.kind()) == (opened.inode, opened.device, opened.kind())
            && now.size >= stored.size
            && growing::begins_with(&mut file, stored, &mut self.buffer, self.is_stopped)?;
        // Its stat is no longer this one: the file counts as modified, as it is.
        if only_grew {
            Ok(Staged::new(kind, stored, &opened, read_ns))
        } else {
            Err(StageError::Unstable.into())
        }
    }

    /// Stores the first `length` bytes of a file if they begin with what it had before.
    fn store_grown(
        &mut self,
        file: &mut File,
        path: &BStr,
        length: u64,
    ) -> Result<Option<Stored>, PathError> {
        let Some(old) = (self.known)(path) else { return Ok(None) };
        let Some(beginning) = self.reader.beginning(old, length) else { return Ok(None) };
        // A look at one place tells of most changes other than growth.
        self.buffer.resize(beginning.last_size as usize, 0);
        file.read_exact_at(&mut self.buffer, beginning.end).map_err(|error| match error.kind() {
            // It was truncated meanwhile.
            std::io::ErrorKind::UnexpectedEof => StageError::Unstable,
            _ => StageError::Read(error),
        })?;
        if ObjectId::of_content(&self.buffer) != beginning.last {
            return Ok(None);
        }
        file.rewind().map_err(StageError::Read)?;
        let counter = self.counter;
        let mut source = Stoppable { file, is_stopped: self.is_stopped }.take(length);
        let known = (old, &beginning);
        Ok(self.reader.store_grown(known, length, &mut source, &|bytes| counter.add(bytes))?)
    }

    /// Stores the first `length` bytes of a file that has as many.
    fn store_beginning(&mut self, file: &mut File, length: u64) -> Result<Stored, PathError> {
        file.rewind().map_err(StageError::Read)?;
        let mut beginning = Stoppable { file, is_stopped: self.is_stopped }.take(length);
        if length > WHOLE_FILE {
            let counter = self.counter;
            return Ok(self.reader.store_stream(length, &mut beginning, &|bytes| counter.add(bytes))?);
        }
        self.buffer.clear();
        beginning.read_to_end(&mut self.buffer).map_err(StageError::Read)?;
        if self.buffer.len() as u64 != length {
            return Err(StageError::Unstable.into());
        }
        self.counter.add(length);
        Ok(self.reader.store(&self.buffer)?)
    }
}

fn stat_of(file: &File) -> Result<Stat, StageError> {
    Ok(Stat::from_metadata(&file.metadata().map_err(StageError::Read)?))
}

/// Opens a file of the mirror without following a symlink that took its place, and without waiting for a fifo's writer.
pub(crate) fn open_file(host: &Path) -> std::io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    File::options().read(true).custom_flags(flags.bits() as i32).open(host)
}

/// A file whose reading ends when the command is told to stop.
struct Stoppable<'a> {
    file: &'a mut File,
    is_stopped: &'a (dyn Fn() -> bool + Sync),
}

impl Read for Stoppable<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if (self.is_stopped)() {
            return Err(std::io::Error::other("interrupted"));
        }
        self.file.read(buffer)
    }
}

fn is_same(a: &Stat, b: &Stat) -> bool {
    (a.size, a.mtime_ns, a.ctime_ns, a.inode, a.mode) == (b.size, b.mtime_ns, b.ctime_ns, b.inode, b.mode)
}

fn read_error(error: std::io::Error) -> PathError {
    match error.kind() {
        std::io::ErrorKind::NotFound => StageError::Gone.into(),
        _ => StageError::Read(error).into(),
    }
}

/// A path of the mirror on the host.
pub fn host_path(root: &Path, path: &[u8]) -> PathBuf {
    root.join(std::ffi::OsStr::from_bytes(path))
}
