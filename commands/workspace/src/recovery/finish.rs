//! Finishes what an interrupted command left: it published an operation and did not write all of it to the mirror. The next
//! command that changes the mirror does the rest first; one that only reads reports it.
//!
//! First the files, then the index, then the HEAD file: it names the last operation of which nothing is left to do, and stays
//! as it is while something is. So however any of this ends, the one after begins again.

use pond_mirror::Target;
use pond_mirror::index::head_file;

use crate::error::{LeftUndone, WorkspaceError};
use crate::half_done::{HalfDone, HalfWay};
use crate::observer::{Event, Recovery};
use crate::recovery::unwritten;
use crate::workspace::Workspace;

/// What a command does where files that another one left cannot be written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfinished {
    /// It fails and changes nothing: else it would take unfinished files for changes of the user.
    Refuse,
    /// It says so and goes on. They stay due.
    GoOn,
    /// The same, of a command that takes back what is half done.
    TakeBack,
}

impl Workspace<'_> {
    /// Whether what seems half done was left so: whoever does it may be at it still, or have ended since this one looked.
    pub(crate) fn is_left_half_done(&self) -> Result<bool, WorkspaceError> {
        Ok(self.half_done.is_some() && self.was_cut_off()?)
    }

    fn was_cut_off(&self) -> Result<bool, WorkspaceError> {
        if !self.is_free() {
            return Ok(false);
        }
        // It is written last, before the lock is let go.
        let file = head_file::read(&self.session.head_path())?;
        Ok(file.is_none_or(|file| file.seq != self.snapshot.state().seq))
    }

    /// Says what a command that ended half way may have left.
    pub(crate) fn tell_half_done(&self) {
        let Some(half_done) = &self.half_done else { return };
        self.session.tell(Event::Recovery(Recovery::HalfDone {
            files: half_done.files as u64,
            is_due: !half_done.is_over(),
            taken_back_by: half_done.taken_back_by(),
            going_on: half_done.going_on,
        }));
    }

    /// The files that a command which ended half way has left as it found them, in order, with what they shall be: the next
    /// command that changes the mirror writes them, and they are no changes of the user's.
    ///
    /// # Errors
    /// Those of looking at the mirror.
    pub fn due(&self) -> Result<Vec<Target>, WorkspaceError> {
        let Some(half_done) = &self.half_done else { return Ok(Vec::new()) };
        if self.lock.is_none() && !self.was_cut_off()? {
            return Ok(Vec::new());
        }
        unwritten::due(self, &half_done.host, &half_done.index, &half_done.moved)
    }

    /// The command that takes back what a command which ended half way did.
    pub fn due_is_taken_back_by(&self) -> &'static str {
        self.half_done.as_ref().map_or("undo", HalfDone::taken_back_by)
    }

    /// Writes the files that an interrupted command left, so that they do not count as changes of the user; then the index and the
    /// HEAD file. What was changed since stays.
    ///
    /// # Errors
    /// An interruption, and, with [`Unfinished::Refuse`], that files cannot be written: what is left is left to the next
    /// command.
    pub(crate) fn finish_half_done(&mut self, unfinished: Unfinished) -> Result<(), WorkspaceError> {
        let Some(half_done) = &self.half_done else { return Ok(()) };
        if half_done.is_over() {
            self.tell_half_done();
            return self.forget_half_done();
        }
        let (host, index) = (half_done.host.clone(), half_done.index.clone());
        let moved = half_done.moved.clone();
        let taken_back_by = half_done.taken_back_by();
        // Where a rename is taken back, its directory was there before.
        let renames = unwritten::rename(self, &moved, half_done.kind != "UNDO");
        let written = renames.and_then(|renames| Ok((renames, unwritten::write(self, &host, &index)?)));
        if self.session.is_interrupted() {
            return Err(WorkspaceError::Interrupted {
                state: "the files that an earlier command left unfinished are left to the next one",
            });
        }
        let what = match written {
            Ok((renames, written)) => {
                if renames.left.is_empty() && written.failed.is_empty() {
                    let files = renames.done + written.written.len() + written.removed.len();
                    return self.end_half_done(files, unfinished, taken_back_by);
                }
                let files = written.failed.paths.len();
                if let Some(half_done) = &mut self.half_done {
                    half_done.moved = renames.left;
                    half_done.host.retain(|due| written.failed.contains(&due.path));
                    half_done.count();
                }
                match renames.refused {
                    Some(error) => LeftUndone::Failed(Box::new(error)),
                    None => LeftUndone::Files(files),
                }
            }
            Err(error) => LeftUndone::Failed(Box::new(error)),
        };
        if let Some(ended) = &mut self.ended {
            ended.is_whole = false;
        }
        if unfinished == Unfinished::Refuse {
            return Err(WorkspaceError::Unfinished { what, taken_back_by });
        }
        self.session.tell(Event::Recovery(Recovery::HalfDoneStays { what: &what }));
        // Index first: of the operations that follow, each finds it where the one before left it.
        self.save_header(self.index.header().clone())
    }

    /// Nothing is left of what an earlier command began.
    fn end_half_done(
        &mut self,
        files: usize,
        unfinished: Unfinished,
        taken_back_by: &'static str,
    ) -> Result<(), WorkspaceError> {
        if files > 0 {
            self.session.tell(Event::Recovery(Recovery::HalfDoneFinished {
                files: files as u64,
                taken_back_by: (unfinished != Unfinished::TakeBack).then_some(taken_back_by),
            }));
        }
        self.half_done = None;
        self.save_head()
    }

    /// Whether the command before was of a kind, and ended half way: then what became of that when this one opened the pond.
    pub(crate) fn ended_half_way(&self, kind: &str) -> Option<HalfWay> {
        let ended = self.ended.as_ref().filter(|ended| ended.kind == kind)?;
        Some(if ended.is_whole { HalfWay::Finished } else { HalfWay::Left })
    }

    /// Whether a command of a kind has ended half way, for one that only looks.
    pub(crate) fn is_half_done(&self, kind: &str) -> Result<bool, WorkspaceError> {
        Ok(self.lock.is_none() && self.ended_half_way(kind).is_some() && self.was_cut_off()?)
    }

    /// Takes the mirror's files as they are, whatever was left to do of them.
    pub(crate) fn forget_half_done(&mut self) -> Result<(), WorkspaceError> {
        if self.half_done.is_none() {
            return Ok(());
        }
        self.save_header(self.index.header().clone())?;
        self.half_done = None;
        self.save_head()
    }
}
