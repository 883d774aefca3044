//! Renaming files and directories, in the mirror and in the next commit.

mod plan;

use std::ffi::{OsStr, OsString};

use bstr::BString;
use pond_mirror::index::is_unchanged;
use pond_mirror::index::pending::Pending;
use pond_mirror::scan::Scan;
use pond_mirror::write::rename;
use pond_mirror::write::secure_dir::MirrorDir;
use pond_objects::escape;

use crate::error::{WorkspaceError, deed_error, in_one_line};
use crate::publish::moves::{Move, NotRenamed};
use crate::publish::rearrange::{Rearrange, Refused, carry_out};
use crate::publish::save::{self, Victim};
use crate::workspace::Workspace;

pub use plan::{Plan, There, Tracked, Unmovable, plan};

/// What is to be renamed. Paths are as they are written in the current directory.
#[derive(Debug, Clone, Copy)]
pub struct MvRequest<'a> {
    /// What.
    pub sources: &'a [OsString],
    /// The new name, or a directory to move it into.
    pub destination: &'a OsStr,
    /// Replace a file that has the new name; its content is stored first.
    pub force: bool,
    /// Leave out what cannot be renamed.
    pub skip_errors: bool,
}

/// What was renamed.
#[derive(Debug, Default)]
pub struct Moved {
    /// What has its new name.
    pub renamed: Vec<Move>,
    /// What was not renamed, with the reason.
    pub failed: NotRenamed,
    /// Whether the caller asked to stop.
    pub interrupted: bool,
}

/// Why nothing was renamed.
#[derive(Debug, thiserror::Error)]
pub enum MvError {
    /// The new name cannot be used.
    #[error(transparent)]
    Destination(Unmovable),
    /// A path cannot be renamed.
    #[error(transparent)]
    Source(Unmovable),
    /// Several files need a directory to be moved into.
    #[error("'{}' is no directory to move several files into", escape::plain(.0))]
    NoDirectory(BString),
    /// What every deed can end with.
    #[error(transparent)]
    Workspace(WorkspaceError),
}

deed_error!(MvError);

/// Renames what was planned, and stages that. The caller holds the mirror's lock.
///
/// # Errors
/// Before the operation is published nothing was changed. What the host refuses is no error: it is in [`Moved::failed`].
pub fn mv(workspace: &mut Workspace<'_>, moves: Vec<Move>) -> Result<Moved, WorkspaceError> {
    // What is refused is in no operation.
    let (moves, mut failed) = possible(workspace, moves)?;
    let saved = save::store(workspace, &victims(workspace, &moves))?;
    let mut pending = workspace.index.header().pending.clone();
    if let Some(pending) = &mut pending {
        // What takes the place of a file in conflict decides about it.
        pending.settle(&|path| moves.iter().any(|moving| moving.to == *path));
    }
    let pending = pending.and_then(Pending::unless_over);
    let request =
        Rearrange { moves, pending, refused: Refused::Stays, ..Rearrange::nothing(workspace, "MV", &[]) };
    let done = carry_out(workspace, request, &Scan::default(), &saved, |_| ())?;
    failed.extend(done.renamed.failed);
    Ok(Moved { renamed: done.renamed.done, failed, interrupted: workspace.session.is_interrupted() })
}

/// The renames that the host allows, as far as that shows before, and the others with the reason.
fn possible(workspace: &Workspace<'_>, moves: Vec<Move>) -> Result<(Vec<Move>, NotRenamed), WorkspaceError> {
    let mirror = MirrorDir::open(workspace.pond.mirror_root())?;
    let (mut possible, mut failed) = (Vec::new(), Vec::new());
    for moving in moves {
        match rename::check(&mirror, &moving.rename()) {
            Ok(()) => possible.push(moving),
            Err(error) => failed.push((moving, in_one_line(&error))),
        }
    }
    Ok((possible, failed))
}

/// Files that have to go, and whose content no commit has.
fn victims(workspace: &Workspace<'_>, moves: &[Move]) -> Vec<Victim> {
    let mut victims = Vec::new();
    let replacing = moves.iter().filter(|moving| moving.replaces.is_some());
    // Taking the replacement back takes the content of both.
    let both =
        replacing.flat_map(|moving| [(&moving.to, moving.replaces), (&moving.from, Some(moving.stat))]);
    for (path, stat) in both.filter_map(|(path, stat)| Some((path, stat?))) {
        let row = workspace.index.row(path);
        let is_known = row.is_some_and(|row| is_unchanged(&row, &stat));
        let uncommitted = row.filter(|row| row.base_side() != row.staged && !row.intent);
        let content = uncommitted.and_then(|row| row.staged).filter(|side| side.kind.is_blob());
        if !is_known || content.is_some() {
            victims.push(Victim { path: path.clone(), content: content.filter(|_| is_known) });
        }
    }
    victims
}
