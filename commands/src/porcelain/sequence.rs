//! Going on with what waits: the ends of `merge`, `cherry-pick` and `revert`.

use crate::context::Context;
use pond_objects::ObjectId;
use pond_oplog::view::View;
use serde_json::json;

use crate::error::{CommandError, Outcome, advice_on, conflict, fatal, nothing};
use crate::mirror::footprint::Footprint;
use crate::mirror::save::{self, Saved};
use crate::porcelain::commit;
use crate::take_back::{self, Attempt, Found, How, Newer, TakingBack};
use crate::workspace::Workspace;
use crate::{deeds, merging};
use pond_mirror::index::Header;
use pond_mirror::index::pending::{Pending, Sequence};

/// What waits, if it is what is asked for.
fn pending<'w>(workspace: &'w Workspace<'_>, doing: Sequence) -> Result<&'w Pending, CommandError> {
    let command = doing.command();
    match workspace.index.header().pending.as_ref().filter(|pending| pending.waits()) {
        Some(pending) if pending.doing == doing => Ok(pending),
        Some(other) if !other.doing.is_only_conflicts() => {
            Err(fatal(format_args!("{}, not a {command}", other.doing.matter())).hint(advice_on(other.doing)))
        }
        Some(other) => Err(fatal(format_args!("no {command} is under way: {}", other.doing.matter()))
            .hint(advice_on(other.doing))),
        None => Err(fatal(format_args!("no {command} is under way"))),
    }
}

/// Commits what waited, and goes on with what comes after it.
pub(super) fn go_on(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    doing: Sequence,
) -> Result<Outcome, CommandError> {
    let waiting = pending(workspace, doing)?.clone();
    merging::refuse_unmerged(workspace)?;
    if waiting.is_commit_due() {
        let concluded = deeds::commit::conclude(workspace, &waiting, ctx)?;
        commit::report_concluded(ctx, workspace, &concluded)?;
    }
    let outcome = match doing {
        Sequence::Merge | Sequence::Stash | Sequence::Squash | Sequence::Conflicts => {
            return Ok(Outcome::Done);
        }
        Sequence::CherryPick | Sequence::Revert => {
            super::pick::go_on(ctx, workspace, doing, &waiting.queue(), waiting.options())
        }
    };
    // Where the next commit could not even begin, it is the one to leave out.
    let left = workspace.index.header().pending.clone();
    if let Some(left) = left.filter(Pending::is_by_hand) {
        save_pending(workspace, Some(left.without_by_hand()))?;
    }
    outcome
}

/// Goes on without the commit that waited, or, where none has begun, without the next.
pub(super) fn skip(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    doing: Sequence,
) -> Result<Outcome, CommandError> {
    let waiting = pending(workspace, doing)?.clone();
    let command = doing.command();
    if waiting.is_by_hand() {
        return Err(nothing("there is no commit to leave out: the one that waited was committed")
            .hint(format_args!("'pond {command} --continue' goes on with what is left")));
    }
    let rest = if waiting.is_commit_due() {
        let found = take_back::beginning_of_pending(workspace, &waiting)?;
        let rest = waiting.rest();
        give_up(
            ctx,
            workspace,
            doing,
            found,
            GiveUp { aim: "leave the commit out", leaving: Some(rest.clone()) },
        )?;
        rest
    } else {
        let queue = waiting.queue();
        let rest = Pending::of_queue(doing, queue.get(1..).unwrap_or_default(), waiting.options());
        wait_for(workspace, "SKIP", rest.clone())?;
        rest
    };
    match rest {
        Some(rest) => super::pick::go_on(ctx, workspace, doing, &rest.queue(), rest.options()),
        None => Ok(Outcome::Done),
    }
}

/// Goes back to before what waits, and to before all that led to it: of commits that are picked, to before the first. What
/// was made of its files meanwhile is stored in the pond.
pub(super) fn abort(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    doing: Sequence,
) -> Result<Outcome, CommandError> {
    pending(workspace, doing)?;
    let found = take_back::beginning_of_sequence(workspace)?;
    let aim = format!("give the {} up", doing.command());
    let outcome = give_up(ctx, workspace, doing, found, GiveUp { aim: &aim, leaving: None })?;
    ctx.ui
        .status(format_args!("the {} is given up; what it changed is as it was before it", doing.command()));
    Ok(outcome)
}

/// What giving up is for.
struct GiveUp<'a> {
    /// As an error has it.
    aim: &'a str,
    /// What waits then; else what did before.
    leaving: Option<Option<Pending>>,
}

/// Takes back what led to what waits.
fn give_up(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    doing: Sequence,
    found: Vec<Found>,
    GiveUp { aim, leaving }: GiveUp<'_>,
) -> Result<Outcome, CommandError> {
    let Some((_, newest)) = found.first() else {
        return Err(fatal("the operation that began it was taken back").hint(
            "'pond reset --hard' takes HEAD's version of everything, and stores what that overwrites",
        ));
    };
    // Where it has made no commit yet, what it did is not about HEAD; but what it was begun on has to be there still.
    let left = View::at(workspace.store(), newest.view).head(&workspace.session.mirror)?.commit;
    let mut taking = TakingBack::of(workspace, found)?.with_conflicts(workspace)?;
    if let Some(pending) = leaving {
        taking = taking.leaving(pending);
    }
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
    let how = How { kind: "ABORT", newer: Newer::Store, counts_as_undo: false, partway: false };
    let done = match taking.apply(workspace, how, &[])? {
        Attempt::Done(done) => done,
        Attempt::Newer(newer) => return Err(taking.would_lose(&newer, how).into()),
    };
    let ui = &ctx.ui;
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
pub(super) fn quit(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    doing: Sequence,
) -> Result<Outcome, CommandError> {
    let left = pending(workspace, doing)?.only_conflicts();
    wait_for(workspace, "QUIT", left)?;
    let ui = &ctx.ui;
    if let Some(left) = &workspace.index.header().pending {
        ui.status(format_args!("the {} is forgotten, but {}", doing.command(), left.doing.matter()));
        ui.hint(advice_on(left.doing));
    }
    Ok(Outcome::Done)
}

/// Has something else wait from now on, and changes nothing but that: an operation of this kind.
fn wait_for(workspace: &mut Workspace<'_>, kind: &str, pending: Option<Pending>) -> Result<(), CommandError> {
    let before = workspace.index.header().pending.clone();
    let footprint = Footprint { pending: Some([before, pending.clone()]), ..Footprint::default() };
    save::publish(workspace, kind, &Saved::default(), &footprint)?;
    save_pending(workspace, pending)
}

fn save_pending(workspace: &mut Workspace<'_>, pending: Option<Pending>) -> Result<(), CommandError> {
    let header = Header { pending, ..workspace.index.header().clone() };
    Ok(workspace.save_header(header)?)
}
