//! `pond redo`: take the last undo back.

use crate::context::Context;
use crate::error::{CommandError, Outcome, nothing};
use crate::porcelain::undo::{done_half_way, take_all_back};
use crate::take_back::{self, How, Newer};
use crate::workspace::{self, Purpose};

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
    let mut workspace = if args.dry_run {
        workspace::open(ctx.session()?, Purpose::Look)?
    } else {
        workspace::open(ctx.session()?, Purpose::TakeBack)?
    };
    if let Some(outcome) = done_half_way(ctx, &workspace, "REDO")? {
        return Ok(outcome);
    }
    let found = take_back::last_taken_back(&workspace)?;
    if found.is_empty() {
        return Err(nothing("there is nothing to redo: no undo is the last thing that was done here"));
    }
    let how = How { kind: "REDO", newer: Newer::of(args.force), counts_as_undo: true, partway: false };
    // One after the other, as they were taken back.
    let each = found.into_iter().map(|one| vec![one]).collect();
    take_all_back(ctx, &mut workspace, each, how, args.dry_run)
}
