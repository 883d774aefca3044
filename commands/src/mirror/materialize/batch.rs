//! Many paths at once: removals first, then directories that became empty, then what is written.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use bstr::{BStr, BString, ByteSlice};
use pond_objects::name::NameError;
use pond_objects::{Kind, ObjectId};

use super::{Expected, MaterializeError, Materializer, Written};
use crate::mirror::order::above;

/// What a path shall be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    /// An entry of a tree; of a directory only that it exists.
    Entry {
        kind: Kind,
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
pub(crate) struct WriteRequest {
    pub(crate) path: BString,
    pub(crate) want: Want,
    pub(crate) expected: Expected,
}

/// The stat of what was written; nothing for a directory and for what was removed.
pub(crate) type Done = Result<Option<Written>, MaterializeError>;

/// What became of many.
#[derive(Debug)]
pub(crate) struct Materialized {
    /// The results in the order of the requests.
    pub(crate) results: Vec<Done>,
    /// Directories that removals left empty, and that could not be removed.
    pub(crate) stuck: Vec<(BString, MaterializeError)>,
    /// Whether all of it is durable: else the paths are done, but may not survive a power cut.
    pub(crate) synced: Result<(), MaterializeError>,
}

impl Materializer<'_> {
    /// Brings every path to its state, on up to `threads` threads. One failure does not stop the others; after an
    /// interruption the remaining ones are [`MaterializeError::Interrupted`].
    ///
    /// Directories that removals leave empty go too, if `may_go` names them and nothing is to be written
    /// below them. `on_done` is called for each path from the thread that did it. Syncs at the end.
    pub(crate) fn materialize_all(
        &self,
        requests: &[WriteRequest],
        threads: usize,
        may_go: &(dyn Fn(&BStr) -> bool + Sync),
        on_done: &(dyn Fn(&WriteRequest, &Done) + Sync),
    ) -> Materialized {
        let results: Vec<_> = requests.iter().map(|_| Mutex::new(None)).collect();
        let gone: Vec<_> = requests.iter().map(|_| AtomicBool::new(false)).collect();
        let run = |at: usize| {
            let request = &requests[at];
            let done = self.materialize(request, &gone[at]);
            on_done(request, &done);
            *results[at].lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
        };
        let (removals, writes): (Vec<_>, Vec<_>) =
            (0..requests.len()).partition(|at| requests[*at].want == Want::Absent);
        in_parallel(&removals, threads, &run);
        let stuck = self.prune(requests, &gone, may_go);
        in_parallel(&writes, threads, &run);
        let done = |result: Mutex<Option<Done>>| {
            let done = result.into_inner().unwrap_or_else(PoisonError::into_inner);
            done.expect("BUG: every request is run once")
        };
        let results: Vec<Done> = results.into_iter().map(done).collect();
        let failed = requests.iter().zip(&results).filter(|(_, done)| done.is_err());
        failed.for_each(|(request, _)| self.remove_made(request.path.as_bstr()));
        Materialized { results, stuck, synced: self.sync() }
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

fn in_parallel(todo: &[usize], threads: usize, run: &(dyn Fn(usize) + Sync)) {
    let threads = threads.min(todo.len());
    if threads <= 1 {
        return todo.iter().for_each(|at| run(*at));
    }
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let work = || {
            while let Some(at) = todo.get(next.fetch_add(1, Ordering::Relaxed)) {
                run(*at);
            }
        };
        for _ in 1..threads {
            // Where the system has no thread left, those that there are do it.
            let _ = std::thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
}
