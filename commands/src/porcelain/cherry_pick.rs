//! `pond cherry-pick`: bring the changes of single commits to the current branch.

use std::ffi::OsString;

use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::merging::StrategyArgs;
use crate::mirror::pending::Doing;
use crate::porcelain::pick::{self, How};
use crate::porcelain::sequence;
use crate::workspace::Workspace;

/// Bring the changes of single commits to the current branch
///
/// Each becomes a new commit with the message, author and date of the old one. Where its changes do not go together with what is
/// here, the files hold both versions between markers, and it waits for you.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pond cherry-pick 0d14a3f33a
  pond cherry-pick spring~3..spring
  pond cherry-pick -n -x fix          stage it, and say where it came from
  pond cherry-pick --abort            back to before it

Exit codes: 0; 1 conflicts, nothing to bring, or something that is not committed stands in the way; 3 some files could not be
written; 128; 129; 130.")]
pub(crate) struct CherryPickArgs {
    /// Stage the changes, and commit nothing
    #[arg(short, long)]
    no_commit: bool,

    /// Say in the message which commit it came from
    #[arg(short = 'x')]
    mention: bool,

    /// Add a Signed-off-by trailer
    #[arg(short, long)]
    signoff: bool,

    /// Of a merge: count what it brought into its parent N
    #[arg(short, long, value_name = "N")]
    mainline: Option<usize>,

    /// Commit also where nothing changes
    #[arg(long)]
    allow_empty: bool,

    #[command(flatten)]
    strategy: StrategyArgs,

    /// Commit what waited, and go on
    #[arg(long = "continue", group = "going_on")]
    go_on: bool,

    /// Leave out the commit that waits, and go on
    #[arg(long, group = "going_on")]
    skip: bool,

    /// Go back to before the commit that waits
    #[arg(long, group = "going_on")]
    abort: bool,

    /// Forget what waits, and leave files and index as they are
    #[arg(long, group = "going_on")]
    quit: bool,

    /// Commits, or ranges
    #[arg(value_name = "COMMIT", conflicts_with = "going_on", required_unless_present = "going_on")]
    commits: Vec<OsString>,
}

pub(crate) fn run(ctx: &Context, args: CherryPickArgs) -> Result<Outcome, CommandError> {
    let mut workspace = Workspace::write(ctx)?;
    match (args.go_on, args.skip, args.abort, args.quit) {
        (true, ..) => return sequence::go_on(&mut workspace, Doing::CherryPick),
        (_, true, ..) => return sequence::skip(&mut workspace, Doing::CherryPick),
        (_, _, true, _) => return sequence::abort(&mut workspace, Doing::CherryPick),
        (_, _, _, true) => return sequence::quit(&mut workspace, Doing::CherryPick),
        _ => {}
    }
    sequence::refuse_while_pending(&workspace, "cherry-pick")?;
    let commits = pick::commits(&workspace, &args.commits, Doing::CherryPick)?;
    let how = How {
        no_commit: args.no_commit,
        mention: args.mention,
        signoff: args.signoff,
        mainline: args.mainline,
        allow_empty: args.allow_empty,
        options: args.strategy.options(&workspace)?,
    };
    pick::pick_all(&mut workspace, Doing::CherryPick, &commits, &how)
}
