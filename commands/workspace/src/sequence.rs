//! Bringing the changes of single commits, or their contrary, into HEAD; and going on with what waits, or giving it up.
//!
//! Each commit that is picked is one operation, which says in the same step what comes after it. Whatever ends the caller in
//! between, those that are left wait, with what was said about them; before the first is made, nothing was changed.

mod left_out;
mod message;
mod pick;

use pond_mirror::index::Header;
use pond_mirror::index::pending::{Pending, Sequence};
use pond_mirror::scan::Scan;
use pond_objects::merge::MergeOptions;
use pond_oplog::view::View;

use crate::commit::{self, CommitError, Concluded};
use crate::error::{WorkspaceError, deed_error};
use crate::merged_trees;
use crate::publish::rearrange::{Rearrange, carry_out};
use crate::publish::save::Saved;
use crate::session::Signer;
use crate::take_back::{self, Attempt, FoundOperation, How, Newer, TakenBack, TakingBack};
use crate::workspace::Workspace;

pub use left_out::{LeftOut, skip};
pub use pick::{Became, PickError, Picked, Picking, changes_nothing};

/// Why what waits did not go on, or was not given up.
#[derive(Debug, thiserror::Error)]
pub enum SequenceError {
    /// Nothing waits.
    #[error("no {} is under way", .0.command())]
    Nothing(Sequence),
    /// Something else waits.
    #[error("{}", other(*.asked, *.waiting))]
    Other {
        /// What was asked for.
        asked: Sequence,
        /// What waits.
        waiting: Sequence,
    },
    /// The commit that waited was made by hand, and none after it was tried.
    #[error("there is no commit to leave out: the one that waited was committed")]
    ByHand(Sequence),
    /// Nobody can tell what it was before.
    #[error("the operation that began it was taken back")]
    TakenBack,
    /// Something moved since.
    #[error("can't {aim}: {what} since")]
    Moved {
        /// What waits.
        sequence: Sequence,
        /// What giving up was for.
        aim: String,
        /// What moved.
        what: String,
    },
    /// What waits could not be committed.
    #[error(transparent)]
    Commit(CommitError),
    /// What every deed can end with.
    #[error(transparent)]
    Workspace(WorkspaceError),
}

deed_error!(SequenceError);

fn other(asked: Sequence, waiting: Sequence) -> String {
    let (command, matter) = (asked.command(), waiting.matter());
    match waiting.is_only_conflicts() {
        true => format!("no {command} is under way: {matter}"),
        false => format!("{matter}, not a {command}"),
    }
}

/// What waits, if it is what is asked for.
fn pending<'w>(workspace: &'w Workspace<'_>, asked: Sequence) -> Result<&'w Pending, SequenceError> {
    match workspace.index.header().pending.as_ref().filter(|pending| pending.waits()) {
        Some(pending) if pending.doing == asked => Ok(pending),
        Some(other) => Err(SequenceError::Other { asked, waiting: other.doing }),
        None => Err(SequenceError::Nothing(asked)),
    }
}

/// What went on.
pub struct GoneOn {
    /// The commit that waited.
    pub concluded: Option<Concluded>,
    /// Those that come after it, none of which was tried yet.
    pub picking: Picking,
}

/// Commits what waited. The caller holds the mirror's lock, and goes on with what comes after it. `options` are how those
/// are merged.
///
/// # Errors
/// Nothing was changed, unless the error says otherwise.
pub fn go_on(
    workspace: &mut Workspace<'_>,
    doing: Sequence,
    options: MergeOptions,
    signer: &dyn Signer,
) -> Result<GoneOn, SequenceError> {
    let waiting = pending(workspace, doing)?.clone();
    merged_trees::refuse_unmerged(workspace)?;
    let concluded = match waiting.is_commit_due() {
        true => Some(commit::conclude(workspace, &waiting, signer).map_err(SequenceError::Commit)?),
        false => None,
    };
    let picking = Picking::rest(doing, waiting.queue(), waiting.options().clone(), options);
    Ok(GoneOn { concluded, picking })
}

/// Goes back to before what waits, and to before all that led to it: of commits that are picked, to before the first. What
/// was made of its files meanwhile is stored in the pond. The caller has opened the pond to take something back.
///
/// # Errors
/// Nothing was changed, unless the error says otherwise.
pub fn abort(workspace: &mut Workspace<'_>, doing: Sequence) -> Result<TakenBack, SequenceError> {
    pending(workspace, doing)?;
    let found = take_back::beginning_of_sequence(workspace)?;
    give_up(workspace, doing, found, format!("give the {} up", doing.command()), |taking| taking)
}

/// Takes back what led to what waits. `leaving` may change what is taken back, and so what waits afterwards.
fn give_up(
    workspace: &mut Workspace<'_>,
    doing: Sequence,
    found: Vec<FoundOperation>,
    aim: String,
    leaving: impl FnOnce(TakingBack) -> TakingBack,
) -> Result<TakenBack, SequenceError> {
    let Some((_, newest)) = found.first() else { return Err(SequenceError::TakenBack) };
    // Where it has made no commit yet, what it did is not about HEAD; but what it was begun on has to be there still.
    let left = View::at(workspace.store(), newest.view).head(&workspace.session.mirror)?.commit;
    let taking = leaving(TakingBack::of(workspace, found)?.with_conflicts(workspace)?);
    let moved = match workspace.head.commit == left {
        true => taking.moved_since(workspace)?,
        false => Some("HEAD has moved".to_owned()),
    };
    if let Some(what) = moved {
        return Err(SequenceError::Moved { sequence: doing, aim, what });
    }
    let how = How { kind: "ABORT", newer: Newer::Store, counts_as_undo: false, partway: false };
    match taking.apply(workspace, how, &[])? {
        Attempt::Done(done) => Ok(done),
        Attempt::Newer(newer) => Err(taking.would_lose(&newer, how).into()),
    }
}

/// Forgets what waits; files and index stay. Gives what is left of it: paths in conflict are still to be decided about.
///
/// # Errors
/// Nothing was changed.
pub fn quit(workspace: &mut Workspace<'_>, doing: Sequence) -> Result<Option<Sequence>, SequenceError> {
    let left = pending(workspace, doing)?.only_conflicts();
    let nothing = Rearrange::nothing(workspace, "QUIT", &[]);
    let request = Rearrange { pending: left.clone(), always: true, ..nothing };
    carry_out(workspace, request, &Scan::default(), &Saved::default(), |_| ())?;
    Ok(left.map(|left| left.doing))
}

fn save_pending(workspace: &mut Workspace<'_>, pending: Option<Pending>) -> Result<(), WorkspaceError> {
    let header = Header { pending, ..workspace.index.header().clone() };
    workspace.save_header(header)
}
