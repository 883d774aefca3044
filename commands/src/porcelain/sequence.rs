//! Going on with what waits: the ends of `merge`, `cherry-pick` and `revert`.

use pond_mirror::index::pending::Sequence;
use pond_objects::ObjectId;
use pond_objects::merge::MergeOptions;
use pond_workspace::Workspace;
use pond_workspace::sequence::{self, GoneOn, LeftOut, SequenceError};
use pond_workspace::take_back::TakenBack;
use serde_json::json;

use crate::context::Context;
use crate::error::{Class, CommandError, Outcome, advice_on, conflict, fatal, nothing};
use crate::porcelain::{commit, pick};
use crate::text::list::paths_below;

impl From<SequenceError> for CommandError {
    fn from(error: SequenceError) -> Self {
        use SequenceError as E;
        match error {
            E::Workspace(error) => error.into(),
            E::Commit(error) => error.into(),
            E::Nothing(_) => Self::from_error(Class::Fatal, &error),
            E::Other { waiting, .. } => fatal(&error).hint(advice_on(waiting)),
            E::ByHand(sequence) => nothing(&error)
                .hint(format_args!("'pond {} --continue' goes on with what is left", sequence.command())),
            E::TakenBack => fatal(&error).hint(
                "'pond reset --hard' takes HEAD's version of everything, and stores what that overwrites",
            ),
            E::Moved { sequence, .. } => conflict(&error).hint(format_args!(
                "nothing was changed; 'pond {} --quit' forgets it, and leaves files and index as they are",
                sequence.command()
            )),
        }
    }
}

/// How the commits are merged that are left, as it was said of the first.
fn options(workspace: &Workspace<'_>) -> Result<MergeOptions, CommandError> {
    let waiting = workspace.index().header().pending.as_ref();
    match waiting.filter(|waiting| !waiting.queue().is_empty()) {
        Some(waiting) => pick::merge_options(workspace, waiting.options()),
        None => Ok(MergeOptions::default()),
    }
}

/// Commits what waited, and goes on with what comes after it.
pub(super) fn go_on(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    doing: Sequence,
) -> Result<Outcome, CommandError> {
    let options = options(workspace)?;
    let GoneOn { concluded, mut picking } = sequence::go_on(workspace, doing, options, ctx)?;
    if let Some(concluded) = &concluded {
        commit::report_concluded(ctx, workspace, concluded)?;
    }
    pick::pick_all(ctx, workspace, doing, &mut picking)
}

/// Goes on without the commit that waited, or, where none has begun, without the next.
pub(super) fn skip(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    doing: Sequence,
) -> Result<Outcome, CommandError> {
    let options = options(workspace)?;
    let LeftOut { taken_back, unstaged, mut picking } = sequence::skip(workspace, doing, options)?;
    if let Some(taken_back) = &taken_back {
        report(ctx, workspace, doing, taken_back)?;
    }
    if !unstaged.is_empty() {
        ctx.ui.status(format_args!(
            "this was staged, and is not any more; the files are as they were:{}",
            paths_below(&unstaged)
        ));
    }
    pick::pick_all(ctx, workspace, doing, &mut picking)
}

/// Goes back to before what waits, and to before all that led to it.
pub(super) fn abort(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    doing: Sequence,
) -> Result<Outcome, CommandError> {
    let taken_back = sequence::abort(workspace, doing)?;
    let outcome = report(ctx, workspace, doing, &taken_back)?;
    ctx.ui
        .status(format_args!("the {} is given up; what it changed is as it was before it", doing.command()));
    Ok(outcome)
}

/// Says what became of files where something is given up.
fn report(
    ctx: &Context,
    workspace: &Workspace<'_>,
    doing: Sequence,
    TakenBack { laid_out, .. }: &TakenBack,
) -> Result<Outcome, CommandError> {
    let ui = &ctx.ui;
    if ui.is_json() {
        ui.json(&json!({
            "aborted": doing.command(),
            "commit": workspace.head().commit.as_ref().map(ObjectId::to_hex),
            "written": laid_out.written.len(),
            "removed": laid_out.removed.len(),
        }))?;
    }
    Ok(if laid_out.failed.is_empty() { Outcome::Done } else { Outcome::Partial })
}

/// Forgets what waits; files and index stay, and paths in conflict are still to be decided about.
pub(super) fn quit(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    doing: Sequence,
) -> Result<Outcome, CommandError> {
    if let Some(left) = sequence::quit(workspace, doing)? {
        ctx.ui.status(format_args!("the {} is forgotten, but {}", doing.command(), left.matter()));
        ctx.ui.hint(advice_on(left));
    }
    Ok(Outcome::Done)
}
