//! `pond cherry-pick`: bring the changes of single commits to the current branch.

use pond_mirror::index::pending::Sequence;
use pond_mirror::index::pick_options::PickOptions;

use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::porcelain::pick::{self, PickArgs};

/// Bring the changes of single commits to the current branch
///
/// Each becomes a new commit with the message, author and date of the old one. Where its changes do not go together with what is
/// here, the files hold both versions between markers, and it waits for you; so it does at one of several that changes nothing.
///
/// Whatever ends the command between two commits, those that are left wait: 'pond status' says how many, --continue goes on with
/// them, as the first command said how. 'pond undo' takes all commits back that one command made; --continue is a command of its own.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pond cherry-pick 0d14a3f33a
  pond cherry-pick spring~3..spring
  pond cherry-pick -n -x fix          stage it, and say where it came from
  pond cherry-pick --abort            back to before the first of them

Exit codes: 0; 1 conflicts, nothing to bring, or something that is not committed stands in the way; 3 some files could not be
written; 128; 129; 130.")]
pub(crate) struct CherryPickArgs {
    /// Say in the message which commit it came from
    #[arg(short = 'x', conflicts_with = "going_on")]
    mention: bool,

    /// Commit also where nothing changes
    #[arg(long, conflicts_with = "going_on")]
    allow_empty: bool,

    #[command(flatten)]
    pick: PickArgs,
}

pub(crate) fn run(ctx: &Context, args: CherryPickArgs) -> Result<Outcome, CommandError> {
    let said = PickOptions { mention: args.mention, allow_empty: args.allow_empty, ..PickOptions::default() };
    pick::run(ctx, Sequence::CherryPick, &args.pick, said)
}
