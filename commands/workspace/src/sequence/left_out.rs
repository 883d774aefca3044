//! Leaving out a commit that does not go.

use bstr::BString;
use pond_mirror::Target;
use pond_mirror::index::pending::{Pending, Sequence};
use pond_mirror::scan::Scan;
use pond_objects::merge::MergeOptions;

use super::SequenceError;
use super::give_up;
use super::pending;
use super::pick::Picking;
use crate::error::WorkspaceError;
use crate::publish::rearrange::{Rearrange, carry_out};
use crate::publish::save::Saved;
use crate::take_back::{self, TakenBack, TakingBack};
use crate::workspace::Workspace;

/// What was left out.
pub struct LeftOut {
    /// What became of its files, where it had begun.
    pub taken_back: Option<TakenBack>,
    /// What was staged beside it. It is not any more, so that it is not mixed with the commits that are left; files are as
    /// they were.
    pub unstaged: Vec<BString>,
    /// The commits that are left, none of which was tried yet.
    pub picking: Picking,
}

/// Leaves out the commit that waits, or, where none has begun, the next. The caller holds the mirror's lock, and goes on with
/// what comes after it. `options` are how those are merged.
///
/// # Errors
/// Nothing was changed, unless the error says otherwise.
pub fn skip(
    workspace: &mut Workspace<'_>,
    doing: Sequence,
    options: MergeOptions,
) -> Result<LeftOut, SequenceError> {
    let waiting = pending(workspace, doing)?.clone();
    if waiting.is_by_hand() {
        return Err(SequenceError::ByHand(doing));
    }
    let queue = waiting.queue();
    let (taken_back, rest) = match waiting.is_commit_due() {
        true => {
            let found = take_back::beginning_of_pending(workspace, &waiting)?;
            let leaving = |taking: TakingBack| taking.leaving(waiting.rest());
            let done = give_up(workspace, doing, found, "leave the commit out".to_owned(), leaving)?;
            (Some(done), queue.as_slice())
        }
        false => (None, queue.get(1..).unwrap_or_default()),
    };
    let unstaged = leave(workspace, Pending::of_queue(doing, rest, waiting.options()))?;
    let picking = Picking::rest(doing, rest.to_vec(), waiting.options().clone(), options);
    Ok(LeftOut { taken_back, unstaged, picking })
}

/// Has the rest wait. Where there is one, nothing else is staged then; gives what was.
fn leave(workspace: &mut Workspace<'_>, rest: Option<Pending>) -> Result<Vec<BString>, WorkspaceError> {
    let staged = workspace.index.iter().filter(|entry| {
        rest.is_some() && {
            let row = &entry.row;
            row.intent || row.staged != row.base_side()
        }
    });
    let staged: Vec<Target> =
        staged.map(|entry| Target { path: entry.path.to_owned(), side: entry.row.base_side() }).collect();
    let unstaged = staged.iter().map(|target| target.path.clone()).collect();
    let request = Rearrange { staged, pending: rest, ..Rearrange::nothing(workspace, "SKIP", &[]) };
    carry_out(workspace, request, &Scan::default(), &Saved::default(), |_| ())?;
    Ok(unstaged)
}
