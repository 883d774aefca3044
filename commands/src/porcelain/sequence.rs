//! Going on with what waits: the ends of `merge`, `cherry-pick` and `revert`.

use bstr::{BString, ByteSlice};
use pond_objects::{ObjectId, ObjectSource as _};
use pond_oplog::view::{MAIN_MIRROR, View};
use serde_json::json;

use crate::error::{CommandError, Outcome, conflict, fatal};
use crate::message::Cleanup;
use crate::mirror::footprint::Footprint;
use crate::mirror::index::Header;
use crate::mirror::pending::{Doing, Pending};
use crate::mirror::save::{self, Saved};
use crate::mirror::stat::now_ns;
use crate::porcelain::commit;
use crate::take_back::{self, Found, How, Newer, TakingBack};
use crate::ui::escape;
use crate::workspace::Workspace;

/// What waits, if it is what is asked for.
fn pending<'w>(workspace: &'w Workspace<'_>, doing: Doing) -> Result<&'w Pending, CommandError> {
    let command = doing.command();
    match workspace.index.header().pending.as_ref().filter(|pending| pending.waits()) {
        Some(pending) if pending.doing == doing => Ok(pending),
        Some(other) if !other.doing.is_only_conflicts() => {
            Err(fatal(format_args!("{}, not a {command}", other.doing.matter())).hint(other.doing.advice()))
        }
        Some(other) => Err(fatal(format_args!("no {command} is under way: {}", other.doing.matter()))
            .hint(other.doing.advice())),
        None => Err(fatal(format_args!("no {command} is under way"))),
    }
}

/// Refuses while paths are in conflict, and names them.
pub(super) fn refuse_unmerged(workspace: &Workspace<'_>) -> Result<(), CommandError> {
    let Some(pending) = &workspace.index.header().pending else { return Ok(()) };
    if pending.conflicts.is_empty() {
        return Ok(());
    }
    let lines = pending.conflicts.iter().take(20).map(|one| format!("\n  {}", escape::quoted(&one.path())));
    let error = conflict(format_args!("some paths are still in conflict:{}", lines.collect::<String>()))
        .hint("nothing was committed; edit them, then 'pond add PATH' says that one is decided");
    Err(match pending.doing {
        doing if doing.is_only_conflicts() => error,
        doing => error.hint(format_args!("'pond {} --abort' goes back to before it", doing.command())),
    })
}

/// Commits what waited, and goes on with what comes after it.
pub(super) fn go_on(workspace: &mut Workspace<'_>, doing: Doing) -> Result<Outcome, CommandError> {
    let waiting = pending(workspace, doing)?.clone();
    refuse_unmerged(workspace)?;
    if waiting.is_commit_due() {
        commit::conclude(workspace, &waiting)?;
    }
    let queue = waiting.queue();
    match doing {
        Doing::Merge | Doing::Stash | Doing::Squash | Doing::Conflicts => Ok(Outcome::Done),
        Doing::CherryPick | Doing::Revert => super::pick::go_on(workspace, doing, &queue),
    }
}

/// Goes on without the commit that waited.
pub(super) fn skip(workspace: &mut Workspace<'_>, doing: Doing) -> Result<Outcome, CommandError> {
    let waiting = pending(workspace, doing)?.clone();
    if waiting.is_commit_due() {
        let found = take_back::beginning_of_pending(workspace, &waiting)?;
        give_up(workspace, doing, found, "leave the commit out")?;
    }
    super::pick::go_on(workspace, doing, &waiting.queue())
}

/// Goes back to before what waits, and to before all that led to it: of commits that are picked, to before the first. What
/// was made of its files meanwhile is stored in the pond.
pub(super) fn abort(workspace: &mut Workspace<'_>, doing: Doing) -> Result<Outcome, CommandError> {
    pending(workspace, doing)?;
    let found = take_back::beginning_of_sequence(workspace)?;
    let outcome = give_up(workspace, doing, found, &format!("give the {} up", doing.command()))?;
    workspace
        .ctx
        .ui
        .status(format_args!("the {} is given up; everything is as it was before it", doing.command()));
    Ok(outcome)
}

/// Takes back what led to what waits: to `aim`, as an error has it.
fn give_up(
    workspace: &mut Workspace<'_>,
    doing: Doing,
    found: Vec<Found>,
    aim: &str,
) -> Result<Outcome, CommandError> {
    let Some((_, newest)) = found.first() else {
        return Err(fatal("the operation that began it was taken back").hint(
            "'pond reset --hard' takes HEAD's version of everything, and stores what that overwrites",
        ));
    };
    // Where it has made no commit yet, what it did is not about HEAD; but what it was begun on has to be there still.
    let left = View::at(workspace.store(), newest.view).head(MAIN_MIRROR)?.commit;
    let taking = TakingBack::of(workspace, found)?;
    let moved = match workspace.head.commit == left {
        true => taking.moved_since(workspace)?,
        false => Some("HEAD has moved".to_owned()),
    };
    if let Some(what) = moved {
        let command = doing.command();
        return Err(conflict(format_args!("can't {aim}: {what} since")).hint(format_args!(
            "nothing was changed; 'pond {command} --quit' forgets it, and leaves files and index as they are"
        )));
    }
    let done = taking.apply(
        workspace,
        How { kind: "ABORT", newer: Newer::Store, counts_as_undo: false, partway: false },
    )?;
    let ui = &workspace.ctx.ui;
    if ui.is_json() {
        ui.json(&json!({
            "aborted": doing.command(),
            "commit": workspace.head.commit.as_ref().map(ObjectId::to_hex),
            "written": done.laid_out.written.len(),
            "removed": done.laid_out.removed.len(),
        }))?;
    }
    Ok(if done.laid_out.failed.is_empty() { Outcome::Done } else { Outcome::Partial })
}

/// Forgets what waits; files and index stay, and paths in conflict are still to be decided about.
pub(super) fn quit(workspace: &mut Workspace<'_>, doing: Doing) -> Result<Outcome, CommandError> {
    let waiting = pending(workspace, doing)?.clone();
    let pending = waiting.only_conflicts();
    let footprint = Footprint { pending: Some([Some(waiting), pending.clone()]), ..Footprint::default() };
    save::publish(workspace, "QUIT", &Saved::default(), &footprint)?;
    let header = Header { pending, ..workspace.index.header().clone() };
    let builder = workspace.index.edit(std::collections::BTreeMap::new(), header, now_ns());
    workspace.save_index(builder)?;
    let ui = &workspace.ctx.ui;
    if let Some(left) = &workspace.index.header().pending {
        ui.status(format_args!("the {} is forgotten, but {}", doing.command(), left.doing.matter()));
        ui.hint(left.doing.advice());
    }
    Ok(Outcome::Done)
}

/// The message that waits, without what was only for reading.
pub(super) fn message(waiting: &Pending) -> BString {
    let cleanup = Cleanup::from_word("strip", true).expect("BUG: strip is a mode");
    cleanup.apply(waiting.message().as_bytes()).into()
}

/// The author that the commit has which waits: of a picked one its own.
pub(super) fn author(
    workspace: &Workspace<'_>,
    waiting: &Pending,
) -> Result<Option<pond_objects::Signature>, CommandError> {
    match (waiting.doing, waiting.commit()) {
        (Doing::CherryPick, Some(id)) => Ok(Some(workspace.store().commit(&id)?.author)),
        _ => Ok(None),
    }
}
