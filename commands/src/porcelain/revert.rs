//! `pond revert`: commit the contrary of what commits changed.

use pond_mirror::index::pending::Sequence;
use pond_mirror::index::pick_options::PickOptions;

use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::porcelain::pick::{self, PickArgs};

/// Commit the contrary of what commits changed
///
/// History stays as it is: each commit gets a new one that takes its changes out again. ('pond undo' takes back the last command
/// instead.)
///
/// Whatever ends the command between two commits, those that are left wait: 'pond status' says how many, --continue goes on with
/// them, as the first command said how.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pond revert HEAD
  pond revert spring~3..spring
  pond revert -m 1 HEAD               what a merge brought

Exit codes: 0; 1 conflicts, nothing to take out, or something that is not committed stands in the way; 3 some files could not be
written; 128; 129; 130.")]
pub(crate) struct RevertArgs {
    /// Take the message as it is (always the case)
    #[arg(long, hide = true)]
    no_edit: bool,

    #[command(flatten)]
    pick: PickArgs,
}

pub(crate) fn run(ctx: &Context, args: RevertArgs) -> Result<Outcome, CommandError> {
    // Kept for the fingers: no editor is started anyway.
    let RevertArgs { no_edit: _, pick } = args;
    pick::run(ctx, Sequence::Revert, &pick, PickOptions::default())
}
