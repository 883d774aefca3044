//! `pond undo`: take the last command back.

use pond_objects::escape;
use pond_oplog::operation::Operation;
use pond_workspace::take_back::{self, Attempt, TakenBack};
use pond_workspace::undo::{Rest, TakingAllBack, ToDo, UndoError, undo};
use pond_workspace::{Purpose, Workspace};

use crate::context::Context;
use crate::error::{CommandError, Outcome, conflict, fatal, nothing, stays_of};
use crate::operation_output;

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
    let mut workspace = open(ctx, args.dry_run)?;
    let to_do = undo(&workspace, args.to, args.force)?;
    take_back_all(ctx, &mut workspace, to_do, "undo", args.dry_run)
}

/// Opens the pond for taking something back, or for saying what would be.
pub(super) fn open(ctx: &Context, dry_run: bool) -> Result<Workspace<'_>, CommandError> {
    let purpose = if dry_run { Purpose::Look } else { Purpose::TakeBack };
    Ok(pond_workspace::open(ctx.session()?, purpose)?)
}

impl From<UndoError> for CommandError {
    fn from(error: UndoError) -> Self {
        match error {
            UndoError::Workspace(error) => error.into(),
            UndoError::Nothing => nothing(&error).hint("'pond op log' lists what was done"),
            UndoError::NoOperation(_) => fatal(&error).hint("'pond op log' lists them"),
            UndoError::NothingSince(_) | UndoError::NothingToRedo => nothing(&error),
        }
    }
}

/// Takes one command back after the other. If a check shows that one of them cannot be taken back, takes back none.
pub(super) fn take_back_all(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    to_do: ToDo,
    command: &str,
    dry_run: bool,
) -> Result<Outcome, CommandError> {
    let all = match to_do {
        ToDo::Rest(rest) => return Ok(say_rest(ctx, rest, command)),
        ToDo::All(all) if dry_run => return foretell(ctx, workspace, &all),
        ToDo::All(all) => all,
    };
    // One alone is looked at when it is taken back, and nothing was changed then.
    if all.takings.len() > 1 {
        all.check(workspace, !ctx.ui.can_ask())?;
    }
    let mut outcome = Outcome::Done;
    for number in 0..all.takings.len() {
        if take_one_back(ctx, workspace, &all, number)? == Outcome::Partial {
            outcome = Outcome::Partial;
        }
    }
    Ok(outcome)
}

/// Says how the same command goes on that ended half way before.
fn say_rest(ctx: &Context, rest: Rest, command: &str) -> Outcome {
    let ui = &ctx.ui;
    match rest {
        Rest::Due => {
            ui.status(format_args!("would finish the '{command}' that was interrupted"));
            Outcome::Done
        }
        Rest::Done => {
            ui.status(format_args!(
                "the '{command}' that was interrupted is finished; nothing else was changed"
            ));
            ui.hint(format_args!("'pond {command}' once more goes on with the command before"));
            Outcome::Done
        }
        Rest::Partly => Outcome::Partial,
    }
}

/// Says what would be done, and what stands in the way of it.
fn foretell(ctx: &Context, workspace: &Workspace<'_>, all: &TakingAllBack) -> Result<Outcome, CommandError> {
    for taking in &all.takings {
        for operation in &taking.operations {
            tell(ctx, workspace, operation, true)?;
        }
        let paths = taking.targets.iter().map(|target| (&target.path, target.side.is_some()));
        operation_output::report(ctx, &taking.operations, &taking.view, paths, true)?;
    }
    if let Err(obstacle) = all.check(workspace, true) {
        ctx.ui.warn(CommandError::from(obstacle).message());
    }
    Ok(Outcome::Done)
}

/// Takes the operations of one command back, in one step, and says so before and after.
fn take_one_back(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    all: &TakingAllBack,
    number: usize,
) -> Result<Outcome, CommandError> {
    let taking = &all.takings[number];
    for operation in &taking.operations {
        tell(ctx, workspace, operation, false)?;
    }
    let done = take_back(ctx, workspace, all, number)?;
    let written = done.laid_out.written.keys().map(|path| (path, true));
    let removed = done.laid_out.removed.iter().map(|path| (path, false));
    for (from, to) in &done.renamed {
        ctx.ui.status(format_args!("renamed {} to {}", escape::quoted(from), escape::quoted(to)));
    }
    operation_output::report(ctx, &taking.operations, &taking.view, written.chain(removed), false)?;
    Ok(if done.laid_out.failed.is_empty() { Outcome::Done } else { Outcome::Partial })
}

/// Takes them back; where that would overwrite what was changed since, if somebody is there to ask and agrees.
fn take_back(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    all: &TakingAllBack,
    number: usize,
) -> Result<TakenBack, CommandError> {
    let mut agreed = Vec::new();
    loop {
        let newer = match all.take_back(workspace, number, &agreed)? {
            Attempt::Done(done) => return Ok(done),
            Attempt::Newer(newer) => newer,
        };
        let error = CommandError::from(all.would_lose(number, &newer));
        if !ctx.ui.can_ask() {
            return Err(error);
        }
        ctx.ui.warn(error.message());
        if !ctx.ui.ask("Take it back, and store these changes in the pond first?") {
            let (name, unchanged) = (all.takings[number].name(), stays_of(all.others(number)));
            return Err(conflict(format_args!("{name} was not taken back; {unchanged}")));
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
