//! Taking commands back, and doing again what was taken back.
//!
//! A deed asks nobody. If taking a command back would overwrite newer changes, [`TakingAllBack::take_back`] changes nothing and
//! names the paths. The caller may call it again with the paths that may be overwritten.

use bstr::BString;

use crate::error::{OtherCommands, WorkspaceError, deed_error};
use crate::half_done::HalfWay;
use crate::take_back::{self, Attempt, FoundOperation, How, Newer, TakingBack};
use crate::workspace::Workspace;

/// Why nothing was taken back.
#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    /// No command counts.
    #[error("there is nothing to take back")]
    Nothing,
    /// No operation has this number.
    #[error("there is no operation {0}")]
    NoOperation(i64),
    /// No command was typed here after the operation.
    #[error("nothing was done here since operation {0}")]
    NothingSince(i64),
    /// The last command is no `undo`.
    #[error("there is nothing to redo: no undo is the last thing that was done here")]
    NothingToRedo,
    /// What every deed can end with.
    #[error(transparent)]
    Workspace(WorkspaceError),
}

deed_error!(UndoError);

/// What there is to do.
pub enum ToDo {
    /// The same command was interrupted before. It only has to be finished: who repeats it after a failure means the same
    /// operation, not the one before.
    Rest(Rest),
    /// These commands are to be taken back.
    All(TakingAllBack),
}

/// What becomes of an interrupted command that is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// It stays unfinished, since the workspace was opened for reading.
    Due,
    /// Opening the workspace finished it.
    Done,
    /// Opening the workspace finished it, except for files that could not be written.
    Partly,
}

/// Commands that are taken back one after the other.
pub struct TakingAllBack {
    /// Each of them, in this order.
    pub takings: Vec<TakingBack>,
    how: How,
}

/// Finds what `undo` takes back: the last command, or all commands of this mirror after operation `after`. With `force`, newer
/// changes are no obstacle; they are stored first.
///
/// # Errors
/// There is nothing to take back. Nothing was changed.
pub fn undo(workspace: &Workspace<'_>, after: Option<i64>, force: bool) -> Result<ToDo, UndoError> {
    let commands = match after {
        None => {
            if let Some(rest) = rest(workspace, "UNDO")? {
                return Ok(ToDo::Rest(rest));
            }
            vec![take_back::last(workspace)?]
        }
        Some(number) => {
            if take_back::by_number(workspace, number)?.is_none() {
                return Err(UndoError::NoOperation(number));
            }
            take_back::by_command(take_back::counting_after(workspace, number)?)
        }
    };
    match (after, commands.iter().all(Vec::is_empty)) {
        (Some(number), true) => Err(UndoError::NothingSince(number)),
        (None, true) => Err(UndoError::Nothing),
        _ => Ok(ToDo::All(TakingAllBack::of(workspace, commands, "UNDO", force)?)),
    }
}

/// Finds what `redo` does again: what the last `undo` took back.
///
/// # Errors
/// There is nothing to do again. Nothing was changed.
pub fn redo(workspace: &Workspace<'_>, force: bool) -> Result<ToDo, UndoError> {
    if let Some(rest) = rest(workspace, "REDO")? {
        return Ok(ToDo::Rest(rest));
    }
    let found = take_back::last_taken_back(workspace)?;
    if found.is_empty() {
        return Err(UndoError::NothingToRedo);
    }
    // One after the other, as they were taken back.
    let each = found.into_iter().map(|one| vec![one]).collect();
    Ok(ToDo::All(TakingAllBack::of(workspace, each, "REDO", force)?))
}

fn rest(workspace: &Workspace<'_>, kind: &str) -> Result<Option<Rest>, WorkspaceError> {
    if workspace.is_half_done(kind)? {
        return Ok(Some(Rest::Due));
    }
    Ok(workspace.ended_half_way(kind).map(|ended| match ended {
        HalfWay::Finished => Rest::Done,
        HalfWay::Left => Rest::Partly,
    }))
}

impl TakingAllBack {
    fn of(
        workspace: &Workspace<'_>,
        commands: Vec<Vec<FoundOperation>>,
        kind: &'static str,
        force: bool,
    ) -> Result<Self, WorkspaceError> {
        let how = How { kind, newer: Newer::of(force), counts_as_undo: true, partway: false };
        let takings = commands.into_iter().map(|found| TakingBack::of(workspace, found));
        Ok(Self { takings: takings.collect::<Result<_, _>>()?, how })
    }

    /// Checks that all of them can be taken back, as far as that can be known before. With `newer_is_kept`, newer changes are an
    /// obstacle.
    ///
    /// # Errors
    /// The obstacle; nothing was changed.
    pub fn check(&self, workspace: &Workspace<'_>, newer_is_kept: bool) -> Result<(), WorkspaceError> {
        take_back::check(workspace, &self.takings, self.how, newer_is_kept)
    }

    /// Takes one of them back, after those before it. Newer changes at `agreed` paths are stored and overwritten.
    /// The caller has opened the pond to take something back.
    ///
    /// # Errors
    /// Of this one nothing was changed, unless the error says otherwise. Files that could not be written are no error.
    pub fn take_back(
        &self,
        workspace: &mut Workspace<'_>,
        number: usize,
        agreed: &[BString],
    ) -> Result<Attempt, WorkspaceError> {
        self.takings[number].apply(workspace, self.how_of(number), agreed)
    }

    /// The error where it is not agreed to.
    pub fn would_lose(&self, number: usize, newer: &[BString]) -> WorkspaceError {
        self.takings[number].would_lose(newer, self.how_of(number))
    }

    /// What became of the others where this one is not taken back.
    pub fn others(&self, number: usize) -> OtherCommands {
        self.how_of(number).others()
    }

    fn how_of(&self, number: usize) -> How {
        How { partway: number > 0, ..self.how }
    }
}
