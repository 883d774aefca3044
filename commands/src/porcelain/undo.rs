//! `pond undo`: take the last command back.

use pond_oplog::operation::Operation;

use crate::context::Context;
use crate::error::{CommandError, Outcome, conflict, fatal, nothing};
use crate::operation_output;
use crate::take_back::{self, Attempt, Found, How, Newer, TakenBack, TakingBack};
use crate::workspace::{self, HalfWay, Purpose, Workspace, WorkspaceError};
use pond_objects::escape;

/// Take the last command back
///
/// Refs, HEAD, what is staged and the files of the mirror return to what they were before the last command that was typed
/// in this mirror; another 'undo' takes back the one before. A command that was several operations, such as 'cherry-pick'
/// of several commits, is taken back whole. Never taken back are commands of other mirrors, and what pond does by itself.
/// Where files were changed since, 'undo' asks on a terminal, and does nothing at all elsewhere, unless -f is given.
/// --to takes one command back after the other, each in an operation of its own: where that is cut off, the same again
/// does the rest, and as many 'redo' do all of it again.
/// 'add' alone is no operation: 'pond restore --staged' takes it back.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pond undo               the last command
  pond undo -n            say what would be taken back
  pond undo --to 12       everything after operation 12 of 'pond op log'
  pond redo               take the undo back

Exit codes: 0; 1 there is nothing to take back, or something was changed since; 3 some files could not be written; 128; 129; 130.")]
pub(crate) struct UndoArgs {
    /// Take back everything that was typed here after operation N
    #[arg(long, value_name = "N")]
    to: Option<i64>,

    /// Also where something was changed since; that is stored in the pond first
    #[arg(short, long)]
    force: bool,

    /// Only say what would be done
    #[arg(short = 'n', long)]
    dry_run: bool,
}

pub(crate) fn run(ctx: &Context, args: UndoArgs) -> Result<Outcome, CommandError> {
    let mut workspace = if args.dry_run {
        workspace::open(ctx.session()?, Purpose::Look)?
    } else {
        workspace::open(ctx.session()?, Purpose::TakeBack)?
    };
    let how = How { kind: "UNDO", newer: Newer::of(args.force), counts_as_undo: true, partway: false };
    let Some(number) = args.to else {
        if let Some(outcome) = done_half_way(ctx, &workspace, "UNDO")? {
            return Ok(outcome);
        }
        let found = take_back::last(&workspace)?;
        if found.is_empty() {
            return Err(nothing("there is nothing to take back").hint("'pond op log' lists what was done"));
        }
        return take_all_back(ctx, &mut workspace, vec![found], how, args.dry_run);
    };
    if take_back::by_number(&workspace, number)?.is_none() {
        return Err(fatal(format_args!("there is no operation {number}")).hint("'pond op log' lists them"));
    }
    let wanted = take_back::counting_after(&workspace, number)?;
    if wanted.is_empty() {
        return Err(nothing(format_args!("nothing was done here since operation {number}")));
    }
    let commands = take_back::by_command(wanted);
    take_all_back(ctx, &mut workspace, commands, how, args.dry_run)
}

/// Where the same command ended half way before, to end it is all that is wanted: whoever runs it once more, since it failed
/// or the power did, means the same operation. Then, how that ended.
pub(super) fn done_half_way(
    ctx: &Context,
    workspace: &Workspace<'_>,
    kind: &str,
) -> Result<Option<Outcome>, CommandError> {
    let (ui, command) = (&ctx.ui, kind.to_lowercase());
    if workspace.is_half_done(kind)? {
        ui.status(format_args!("would finish the '{command}' that was interrupted"));
        return Ok(Some(Outcome::Done));
    }
    let Some(ended) = workspace.ended_half_way(kind) else { return Ok(None) };
    if ended == HalfWay::Finished {
        ui.status(format_args!("the '{command}' that was interrupted is finished; nothing else was changed"));
        ui.hint(format_args!("'pond {command}' once more goes on with the command before"));
    }
    Ok(Some(match ended {
        HalfWay::Finished => Outcome::Done,
        HalfWay::Left => Outcome::Partial,
    }))
}

/// Takes one command back after the other: none where it shows before that one of them cannot be.
pub(super) fn take_all_back(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    commands: Vec<Vec<Found>>,
    how: How,
    dry_run: bool,
) -> Result<Outcome, CommandError> {
    let takings = commands.into_iter().map(|found| TakingBack::of(workspace, found));
    let takings = takings.collect::<Result<Vec<_>, WorkspaceError>>()?;
    if dry_run {
        return foretell(ctx, workspace, &takings, how);
    }
    // One alone is looked at when it is taken back, and nothing was changed then.
    if takings.len() > 1 {
        take_back::check(workspace, &takings, how, !ctx.ui.can_ask())?;
    }
    let mut outcome = Outcome::Done;
    for (number, taking) in takings.iter().enumerate() {
        let how = How { partway: number > 0, ..how };
        if take_one_back(ctx, workspace, taking, how)? == Outcome::Partial {
            outcome = Outcome::Partial;
        }
    }
    Ok(outcome)
}

/// Says what would be done, and what stands in the way of it.
fn foretell(
    ctx: &Context,
    workspace: &Workspace<'_>,
    takings: &[TakingBack],
    how: How,
) -> Result<Outcome, CommandError> {
    for taking in takings {
        for operation in &taking.operations {
            tell(ctx, workspace, operation, true)?;
        }
        let paths = taking.targets.iter().map(|target| (&target.path, target.side.is_some()));
        operation_output::report(ctx, &taking.operations, &taking.view, paths, true)?;
    }
    if let Err(obstacle) = take_back::check(workspace, takings, how, true) {
        ctx.ui.warn(CommandError::from(obstacle).message());
    }
    Ok(Outcome::Done)
}

/// Takes the operations of one command back, in one step, and says so before and after.
fn take_one_back(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    taking: &TakingBack,
    how: How,
) -> Result<Outcome, CommandError> {
    for operation in &taking.operations {
        tell(ctx, workspace, operation, false)?;
    }
    let done = apply(ctx, workspace, taking, how)?;
    let written = done.laid_out.written.keys().map(|path| (path, true));
    let removed = done.laid_out.removed.iter().map(|path| (path, false));
    for (from, to) in &done.renamed {
        ctx.ui.status(format_args!("renamed {} to {}", escape::quoted(from), escape::quoted(to)));
    }
    operation_output::report(ctx, &taking.operations, &taking.view, written.chain(removed), false)?;
    Ok(if done.laid_out.failed.is_empty() { Outcome::Done } else { Outcome::Partial })
}

/// Takes them back; where that would overwrite what was changed since, if somebody is there to ask and agrees.
fn apply(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    taking: &TakingBack,
    how: How,
) -> Result<TakenBack, CommandError> {
    let mut agreed = Vec::new();
    loop {
        let newer = match taking.apply(workspace, how, &agreed)? {
            Attempt::Done(done) => return Ok(done),
            Attempt::Newer(newer) => newer,
        };
        if !ctx.ui.can_ask() {
            return Err(taking.would_lose(&newer, how).into());
        }
        let error = CommandError::from(taking.would_lose(&newer, how));
        ctx.ui.warn(error.message());
        if !ctx.ui.ask("Take it back, and store these changes in the pond first?") {
            return Err(conflict(format_args!("{} was not taken back; {}", taking.name(), how.unchanged())));
        }
        // What is changed while somebody answers is not agreed to.
        agreed = newer;
    }
}

/// Says what is done to an operation, or would be: to take back what took others back is to do those again.
fn tell(
    ctx: &Context,
    workspace: &Workspace<'_>,
    operation: &Operation,
    dry_run: bool,
) -> Result<(), CommandError> {
    let ui = &ctx.ui;
    let say = |verbs: [&str; 2], operation: &Operation| {
        let verb = if dry_run { verbs[0] } else { verbs[1] };
        ui.status(format_args!("{verb} {}", operation_output::line(operation)));
    };
    let numbers = take_back::undone_by(operation);
    if numbers.is_empty() {
        say(["would take back", "taking back"], operation);
    }
    for number in numbers.into_iter().rev() {
        if let Some((_, operation)) = take_back::by_number(workspace, number)? {
            say(["would do again", "doing again"], &operation);
        }
    }
    Ok(())
}
