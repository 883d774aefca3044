//! `pond undo`: take the last command back.

use crate::context::Context;
use crate::error::{CommandError, Outcome, fatal, nothing};
use crate::operation_output;
use crate::take_back::{self, Found, How, TakingBack};
use crate::ui::escape;
use crate::workspace::Workspace;

/// Take the last command back
///
/// Refs, HEAD, what is staged and the files of the mirror return to what they were before the last command that was typed
/// in this mirror; another 'undo' takes back the one before. Never taken back are commands of other mirrors, and what
/// pond does by itself. Files that were changed since are left alone, and nothing is done at all, unless -f is given.
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
    let mut workspace = if args.dry_run { Workspace::read(ctx)? } else { Workspace::write(ctx)? };
    let how = How { kind: "UNDO", force: args.force, counts_as_undo: true };
    let Some(number) = args.to else {
        let Some(found) = take_back::last(&workspace)? else {
            return Err(nothing("there is nothing to take back").hint("'pond op log' lists what was done"));
        };
        return take_one_back(&mut workspace, found, how, args.dry_run);
    };
    if take_back::by_number(&workspace, number)?.is_none() {
        return Err(fatal(format_args!("there is no operation {number}")).hint("'pond op log' lists them"));
    }
    let wanted = take_back::counting_after(&workspace, number)?;
    if wanted.is_empty() {
        return Err(nothing(format_args!("nothing was done here since operation {number}")));
    }
    let mut outcome = Outcome::Done;
    for found in wanted {
        if take_one_back(&mut workspace, found, how, args.dry_run)? == Outcome::Partial {
            outcome = Outcome::Partial;
        }
    }
    Ok(outcome)
}

/// Takes one operation back, and says so before and after.
pub(super) fn take_one_back(
    workspace: &mut Workspace<'_>,
    found: Found,
    how: How,
    dry_run: bool,
) -> Result<Outcome, CommandError> {
    let ctx = workspace.ctx;
    let taking = TakingBack::of(workspace, found.1)?;
    // Taking back what took an operation back does that operation again.
    let again = match take_back::undone_by(&taking.operation) {
        Some(number) => take_back::by_number(workspace, number)?,
        None => None,
    };
    let (verbs, operation) = match &again {
        Some((_, operation)) => (["would do again", "doing again"], operation),
        None => (["would take back", "taking back"], &taking.operation),
    };
    let line = operation_output::line(operation);
    if dry_run {
        ctx.ui.status(format_args!("{} {line}", verbs[0]));
        let paths = taking.targets.iter().map(|target| (&target.path, target.side.is_some()));
        return operation_output::report(workspace, &taking.operation, &taking.view, paths, true);
    }
    ctx.ui.status(format_args!("{} {line}", verbs[1]));
    let done = taking.apply(workspace, how)?;
    let written = done.laid_out.written.keys().map(|path| (path, true));
    let removed = done.laid_out.removed.iter().map(|path| (path, false));
    for (from, to) in &done.renamed {
        ctx.ui.status(format_args!("renamed {} to {}", escape::quoted(from), escape::quoted(to)));
    }
    operation_output::report(workspace, &taking.operation, &taking.view, written.chain(removed), false)?;
    Ok(if done.laid_out.failed.is_empty() { Outcome::Done } else { Outcome::Partial })
}
