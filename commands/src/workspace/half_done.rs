//! Files that a command left undone: it was killed after it had published what it does, and before it had written all of it
//! to the mirror. The next command that changes the mirror does the rest first; one that only looks says so.
//!
//! First the files, then the index, then the HEAD file: killed at any point of this, the one after begins again.

use std::collections::BTreeMap;

use pond_objects::Change;

use super::{Workspace, head_path};
use crate::error::{CommandError, fatal, interrupted};
use crate::mirror::head_file;
use crate::mirror::pending::Doing;
use crate::mirror::stat::now_ns;
use crate::mirror::unwritten;
use crate::ui::size::counted;

/// What a command that ended half way may have left.
pub(super) struct HalfDone {
    /// Files that may be of the version before.
    pub(super) files: usize,
    /// What it changes of the host's files, as far as it says so.
    pub(super) host: Vec<Change>,
    /// What it changes of the index, likewise.
    pub(super) index: Vec<Change>,
    /// The command that writes these files when it goes on.
    pub(super) going_on: Option<Doing>,
}

/// What a command does where files that a killed one left cannot be written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unfinished {
    /// It fails, and leaves all as it is: else it would take them for a wish of the user's.
    Refuse,
    /// It warns, and goes on. They differ from what is staged then.
    GoOn,
}

impl Workspace<'_> {
    /// Whether what seems half done was left so: whoever does it may be at it still, or have ended since this one looked.
    pub(super) fn is_left_half_done(&self) -> Result<bool, CommandError> {
        if self.half_done.is_none() || !self.is_free() {
            return Ok(false);
        }
        // It is written last, before the lock is let go.
        let file = head_file::read(&head_path(&self.pond))?;
        Ok(file.is_none_or(|file| file.seq != self.snapshot.state().seq))
    }

    /// Says what a command that ended half way may have left.
    pub(super) fn tell_half_done(&self) {
        let (ui, Some(half_done)) = (&self.ctx.ui, &self.half_done) else { return };
        let files = counted(half_done.files as u64, "file");
        ui.warn(format_args!(
            "a command that was changing the mirror ended half way; {files} may be of the version before"
        ));
        match half_done.host.is_empty() {
            true => ui.hint("'pond diff' shows them; 'pond restore :/' writes them all"),
            false => {
                ui.hint(
                    "the next command that changes the mirror writes them; 'pond undo' takes the command back",
                );
            }
        }
        if let Some(doing) = half_done.going_on {
            ui.hint(format_args!("'pond {} --continue' goes on", doing.command()));
        }
    }

    /// Writes what a command that ended half way left of the mirror's files, so that nobody takes it for a wish of the user's;
    /// then the index and the HEAD file. What somebody changed since stays.
    ///
    /// # Errors
    /// An interruption, and, with [`Unfinished::Refuse`], that files cannot be written: what is left is left to the next
    /// command.
    pub(super) fn finish_half_done(&mut self, unfinished: Unfinished) -> Result<(), CommandError> {
        let Some(half_done) = &self.half_done else { return Ok(()) };
        if half_done.host.is_empty() {
            self.tell_half_done();
            return self.settle_half_done();
        }
        let (host, index) = (half_done.host.clone(), half_done.index.clone());
        let written = unwritten::write(self, &host, &index);
        if self.ctx.interrupted() {
            return Err(interrupted(
                "interrupted; what a command that ended half way left of its files is left to the next one",
            ));
        }
        let error = match written {
            Ok(written) if written.failed.is_empty() => {
                let files = counted((written.written.len() + written.removed.len()) as u64, "file");
                self.ctx.ui.warn(format_args!(
                    "a command that was changing the mirror had ended half way; what it left was done now: {files}"
                ));
                self.ctx.ui.hint("'pond undo' takes that command back");
                self.half_done = None;
                return self.save_head();
            }
            Ok(written) => {
                let files = counted(written.failed.paths.len() as u64, "file");
                fatal(format_args!("{files} that a command which ended half way left cannot be written"))
            }
            Err(error) => {
                error.context("what a command which ended half way left of its files cannot be written")
            }
        };
        if unfinished == Unfinished::Refuse {
            return Err(error
                .hint("mend that, and run the command again; what is in the mirror is not taken for a change of yours")
                .hint("'pond undo' takes that command back; 'pond restore :/' goes on with what can be written"));
        }
        self.ctx.ui.warn(format_args!("{error}"));
        self.ctx.ui.hint("'pond status' shows them as changed; 'pond undo' takes that command back");
        self.settle_half_done()
    }

    /// Writes index and HEAD file, whatever the files are.
    fn settle_half_done(&mut self) -> Result<(), CommandError> {
        let header = self.index.header().clone();
        let builder = self.index.edit(BTreeMap::new(), header, now_ns());
        self.save_index(builder)?;
        self.half_done = None;
        self.save_head()
    }
}
