//! Many paths at once: removals first, then directories that became empty, then what is written.

use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use bstr::{BStr, BString, ByteSlice};
use pond_objects::name::NameError;
use pond_objects::path::above;
use pond_objects::{Kind, ObjectId};

use super::{Expected, MaterializeError, Materializer, NewFile, Written};

/// Most files that are durable by one flush; so many temporaries a killed command leaves at most.
const BATCH: usize = 8192;
/// Most bytes of them, unless it is one file.
const BATCH_BYTES: u64 = 256 << 20;

/// What a path shall be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// An entry of a tree; of a directory only that it exists.
    Entry {
        /// File, executable, symlink or directory.
        kind: Kind,
        /// The blob.
        id: ObjectId,
        /// Bytes.
        size: u64,
        /// Nanoseconds since 1970; as of now if missing.
        mtime_ns: Option<i64>,
    },
    /// Nothing.
    Absent,
}

/// One path to bring to a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteRequest {
    /// The path from the root.
    pub path: BString,
    /// What it shall be.
    pub want: Want,
    /// What has to be there, or nothing is written.
    pub expected: Expected,
}

/// The stat of what was written; nothing for a directory and for what was removed.
pub type Done = Result<Option<Written>, MaterializeError>;

/// What became of many.
#[derive(Debug)]
pub struct Materialized {
    /// The results in the order of the requests.
    pub results: Vec<Done>,
    /// Directories that removals left empty, and that could not be removed.
    pub stuck: Vec<(BString, MaterializeError)>,
    /// Whether all of it is durable: else the paths are done, but may not survive a power cut.
    pub synced: Result<(), MaterializeError>,
}

impl Materializer<'_> {
    /// Brings every path to its state, on up to `threads` threads. One failure does not stop the others; after an
    /// interruption the remaining ones are [`MaterializeError::Interrupted`].
    ///
    /// Directories that removals leave empty go too, if `may_go` names them and nothing is to be written
    /// below them. `on_done` is called for each path from the thread that did it. Syncs at the end.
    pub fn materialize_all(
        &self,
        requests: &[WriteRequest],
        threads: usize,
        may_go: &(dyn Fn(&BStr) -> bool + Sync),
        on_done: &(dyn Fn(&WriteRequest, &Done) + Sync),
    ) -> Materialized {
        let (results, stuck) = self.materialize_some(requests, threads, may_go, on_done);
        Materialized { results, stuck, synced: self.sync() }
    }

    /// The same of some of many, which [`Self::sync`] makes durable with the others: the results, and directories that could
    /// not be removed.
    pub fn materialize_some(
        &self,
        requests: &[WriteRequest],
        threads: usize,
        may_go: &(dyn Fn(&BStr) -> bool + Sync),
        on_done: &(dyn Fn(&WriteRequest, &Done) + Sync),
    ) -> (Vec<Done>, Vec<(BString, MaterializeError)>) {
        // One lock for all: each is held for less than what any of them waits for the host.
        let results: Mutex<Vec<Option<Done>>> = Mutex::new(requests.iter().map(|_| None).collect());
        let finish = |at: usize, done: Done| {
            on_done(&requests[at], &done);
            results.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some(done);
        };
        let gone: Vec<_> = requests.iter().map(|_| AtomicBool::new(false)).collect();
        let run = |at: usize| {
            let done = self.materialize(&requests[at], &gone[at]);
            finish(at, done);
        };
        let (removals, writes): (Vec<_>, Vec<_>) =
            (0..requests.len()).partition(|at| requests[*at].want == Want::Absent);
        in_parallel(removals.len(), threads, &|at| run(removals[at]));
        let stuck = self.prune(requests, &gone, may_go);
        let is_file = |at: &usize| new_file(&requests[*at].want).is_some();
        let (files, others): (Vec<_>, Vec<_>) = writes.into_iter().partition(is_file);
        in_parallel(others.len(), threads, &|at| run(others[at]));
        if self.is_flushed_at_once(files.len()) {
            for batch in batches(requests, &files) {
                self.write_files(requests, batch, threads, &finish);
            }
        } else {
            in_parallel(files.len(), threads, &|at| run(files[at]));
        }
        let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
        let results: Vec<Done> =
            results.into_iter().map(|done| done.expect("BUG: every request is run once")).collect();
        let failed = requests.iter().zip(&results).filter(|(_, done)| done.is_err());
        failed.for_each(|(request, _)| self.remove_made(request.path.as_bstr()));
        (results, stuck)
    }

    /// Writes files, makes them durable by one flush, and gives them their names.
    fn write_files(
        &self,
        requests: &[WriteRequest],
        batch: &[usize],
        threads: usize,
        finish: &(dyn Fn(usize, Done) + Sync),
    ) {
        let prepared: Vec<_> = batch.iter().map(|_| Mutex::new(None)).collect();
        in_parallel(batch.len(), threads, &|number| {
            let WriteRequest { path, want, expected } = &requests[batch[number]];
            let outcome = match new_file(want) {
                Some(new) if !(self.options.interrupted)() => self.prepare(path.as_bstr(), &new, expected),
                _ => Err(MaterializeError::Interrupted { path: path.clone() }),
            };
            *prepared[number].lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        });
        let flushed = if (self.options.interrupted)() { None } else { Some(self.flush()) };
        in_parallel(batch.len(), threads, &|number| {
            let WriteRequest { path, expected, .. } = &requests[batch[number]];
            let path = path.as_bstr();
            let outcome = prepared[number].lock().unwrap_or_else(PoisonError::into_inner).take();
            let prepared = outcome.expect("BUG: every file is prepared once");
            let done = prepared.and_then(|prepared| match &flushed {
                Some(Ok(())) => self.put(path, prepared, expected).map(Some),
                Some(Err(error)) => {
                    self.discard(path, prepared);
                    let same = error.raw_os_error().map_or(error.kind().into(), io::Error::from_raw_os_error);
                    Err(MaterializeError::host("sync", path, same))
                }
                None => {
                    self.discard(path, prepared);
                    Err(MaterializeError::Interrupted { path: path.to_owned() })
                }
            });
            finish(batch[number], done);
        });
    }

    /// Removes the directories that were made for a path which could not be written, where nothing else is in them.
    fn remove_made(&self, path: &BStr) {
        for dir in above(path).map(BStr::new).take_while(|dir| self.mirror.has_made(dir)) {
            // An empty directory more is no harm.
            if !self.remove_empty_dir(dir).unwrap_or(false) {
                return;
            }
        }
    }

    /// Brings one path to its state; `gone` is set where something was removed for that.
    fn materialize(&self, request: &WriteRequest, gone: &AtomicBool) -> Done {
        let WriteRequest { path, want, expected } = request;
        let path = path.as_bstr();
        if (self.options.interrupted)() {
            return Err(MaterializeError::Interrupted { path: path.to_owned() });
        }
        match *want {
            Want::Absent => {
                gone.store(self.remove_one(path, expected)?, Ordering::Relaxed);
                Ok(None)
            }
            Want::Entry { kind: Kind::Directory, .. } => self.make_dir(path, expected).map(|()| None),
            Want::Entry { kind: Kind::Symlink, id, size, mtime_ns } => {
                self.write_symlink(path, &id, size, mtime_ns, expected).map(Some)
            }
            Want::Entry { kind: kind @ (Kind::File | Kind::Executable), id, size, mtime_ns } => {
                self.write_file(path, kind, &id, size, mtime_ns, expected).map(Some)
            }
            // Decoding lets no ref into a tree.
            Want::Entry { kind: Kind::Ref, .. } => {
                Err(MaterializeError::Refused { path: path.to_owned(), error: NameError::Reserved })
            }
        }
    }

    fn prune(
        &self,
        requests: &[WriteRequest],
        gone: &[AtomicBool],
        may_go: &(dyn Fn(&BStr) -> bool + Sync),
    ) -> Vec<(BString, MaterializeError)> {
        let (mut emptied, mut needed) = (BTreeSet::new(), BTreeSet::new());
        for (request, gone) in requests.iter().zip(gone) {
            let needs_itself = matches!(request.want, Want::Entry { kind: Kind::Directory, .. });
            if needs_itself {
                needed.insert(request.path.as_bstr());
            }
            let set = match request.want {
                // What was empty before is somebody's.
                Want::Absent if !gone.load(Ordering::Relaxed) => continue,
                Want::Absent => &mut emptied,
                Want::Entry { .. } => &mut needed,
            };
            // Where a directory is in the set, those above it are.
            above(&request.path).take_while(|dir| set.insert(BStr::new(*dir))).for_each(drop);
        }
        // Backwards, what is below a directory comes before it.
        let dirs = emptied.into_iter().rev().filter(|dir| !needed.contains(dir) && may_go(dir));
        dirs.filter_map(|dir| Some((dir.to_owned(), self.remove_empty_dir(dir).err()?))).collect()
    }
}

/// What a file is to become; `None` if it is to be something else.
fn new_file(want: &Want) -> Option<NewFile<'_>> {
    match want {
        Want::Entry { kind: kind @ (Kind::File | Kind::Executable), id, size, mtime_ns } => {
            Some(NewFile { kind: *kind, id, size: *size, mtime_ns: *mtime_ns })
        }
        _ => None,
    }
}

/// The files that one flush makes durable: neighbours, not too many and not too large.
fn batches<'f>(requests: &'f [WriteRequest], files: &'f [usize]) -> impl Iterator<Item = &'f [usize]> {
    let mut rest = files;
    std::iter::from_fn(move || {
        let mut bytes = 0u64;
        let fits = |at: &&usize| {
            bytes += new_file(&requests[**at].want).map_or(0, |new| new.size);
            bytes <= BATCH_BYTES
        };
        let count = rest.iter().take(BATCH).take_while(fits).count().max(1).min(rest.len());
        let (batch, after) = rest.split_at(count);
        rest = after;
        (!batch.is_empty()).then_some(batch)
    })
}

/// Runs what has the numbers below `count` on up to `threads` threads.
fn in_parallel(count: usize, threads: usize, run: &(dyn Fn(usize) + Sync)) {
    let threads = threads.min(count);
    if threads <= 1 {
        return (0..count).for_each(run);
    }
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let work = || {
            while let Some(at) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|at| *at < count) {
                run(at);
            }
        };
        for _ in 1..threads {
            // Where the system has no thread left, those that there are do it.
            let _ = std::thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
}
