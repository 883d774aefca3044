//! Files that a command left undone: it was killed after it had published what it does, and before it had written all of it
//! to the mirror. The next command that changes the mirror does the rest first; one that only looks says so.

use super::Workspace;
use crate::error::CommandError;
use crate::mirror::footprint::Recorded;
use crate::mirror::pending::Doing;
use crate::mirror::unwritten;
use crate::ui::size::counted;

/// What a command that ended half way may have left.
pub(super) struct HalfDone {
    /// Files that may be of the version before.
    pub(super) files: usize,
    /// The command that writes them when it goes on.
    pub(super) going_on: Option<Doing>,
}

impl Workspace<'_> {
    /// Says what a command that ended half way may have left.
    pub(super) fn tell_half_done(&self) {
        let (ui, Some(half_done)) = (&self.ctx.ui, &self.half_done) else { return };
        let files = counted(half_done.files as u64, "file");
        ui.warn(format_args!(
            "a command that was changing the mirror ended half way; {files} may be of the version before"
        ));
        ui.hint("the next command that changes the mirror writes them; 'pond undo' takes the command back");
        if let Some(doing) = half_done.going_on {
            ui.hint(format_args!("'pond {} --continue' goes on", doing.command()));
        }
    }

    /// Writes what a command that ended half way left of the mirror's files, so that nobody takes it for a wish of the user's.
    /// What somebody changed since stays.
    pub(super) fn finish_half_done(&mut self) -> Result<(), CommandError> {
        if self.half_done.is_none() {
            return Ok(());
        }
        let newest = self.snapshot.operations().next().transpose()?;
        let recorded = newest.map(|(_, operation)| Recorded::of(&operation, self.store())).transpose()?;
        let Some(recorded) = recorded else { return Ok(()) };
        let written = unwritten::write(self, &recorded)?;
        let files = counted((written.written.len() + written.removed.len()) as u64, "file");
        self.ctx.ui.warn(format_args!(
            "a command that was changing the mirror had ended half way; what it left was done now: {files}"
        ));
        self.ctx.ui.hint("'pond undo' takes that command back");
        self.half_done = None;
        Ok(())
    }
}
