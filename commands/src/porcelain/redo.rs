//! `pond redo`: take the last undo back.

use pond_workspace::undo::redo;

use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::porcelain::undo;

/// Take the last undo back
///
/// After several, the last one first; all of what one 'undo --to' took back. When another command was typed since, there is nothing to redo.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pond undo && pond redo      changes nothing

Exit codes: 0; 1 there is nothing to redo, or something was changed since; 3 some files could not be written; 128; 129; 130.")]
pub(crate) struct RedoArgs {
    /// Also where something was changed since; that is stored in the pond first
    #[arg(short, long)]
    force: bool,

    /// Only say what would be done
    #[arg(short = 'n', long)]
    dry_run: bool,
}

pub(crate) fn run(ctx: &Context, args: RedoArgs) -> Result<Outcome, CommandError> {
    let mut workspace = undo::open(ctx, args.dry_run)?;
    let to_do = redo(&workspace, args.force)?;
    undo::take_back_all(ctx, &mut workspace, to_do, "redo", args.dry_run)
}
