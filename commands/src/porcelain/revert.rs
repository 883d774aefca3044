//! `pond revert`: commit the contrary of what commits changed.

use std::ffi::OsString;

use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::merging::StrategyArgs;
use crate::mirror::pending::Doing;
use crate::porcelain::pick::{self, How};
use crate::porcelain::sequence;
use crate::workspace::Workspace;

/// Commit the contrary of what commits changed
///
/// History stays as it is: each commit gets a new one that takes its changes out again. ('pond undo' takes back the last command
/// instead.)
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pond revert HEAD
  pond revert spring~3..spring
  pond revert -m 1 HEAD               what a merge brought

Exit codes: 0; 1 conflicts, nothing to take out, or something that is not committed stands in the way; 3 some files could not be
written; 128; 129; 130.")]
pub(crate) struct RevertArgs {
    /// Stage the changes, and commit nothing
    #[arg(short, long)]
    no_commit: bool,

    /// Take the message as it is (always the case)
    #[arg(long, hide = true)]
    no_edit: bool,

    /// Add a Signed-off-by trailer
    #[arg(short, long)]
    signoff: bool,

    /// Of a merge: take out what it brought into its parent N
    #[arg(short, long, value_name = "N")]
    mainline: Option<usize>,

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

pub(crate) fn run(ctx: &Context, args: RevertArgs) -> Result<Outcome, CommandError> {
    let mut workspace = Workspace::write(ctx)?;
    match (args.go_on, args.skip, args.abort, args.quit) {
        (true, ..) => return sequence::go_on(&mut workspace, Doing::Revert),
        (_, true, ..) => return sequence::skip(&mut workspace, Doing::Revert),
        (_, _, true, _) => return sequence::abort(&mut workspace, Doing::Revert),
        (_, _, _, true) => return sequence::quit(&mut workspace, Doing::Revert),
        _ => {}
    }
    sequence::refuse_while_pending(&workspace, "revert")?;
    let commits = pick::commits(&workspace, &args.commits, Doing::Revert)?;
    let how = How {
        no_commit: args.no_commit,
        signoff: args.signoff,
        mainline: args.mainline,
        options: args.strategy.options(&workspace)?,
        ..How::default()
    };
    pick::pick_all(&mut workspace, Doing::Revert, &commits, &how)
}
