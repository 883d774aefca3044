//! `pond rm`: remove files from the mirror and from the next commit.

use bstr::BString;
use pond_objects::escape;
use pond_workspace::Removed;
use pond_workspace::rm::{RmError, RmRequest, rm};
use pond_workspace::{Purpose, open};

use crate::context::Context;
use crate::error::{CommandError, Outcome, conflict, fatal, usage};
use crate::porcelain::path_args::PathArgs;
use crate::porcelain::removal_report;

/// Remove files from the mirror and from the next commit
///
/// A file whose content is in no commit is not removed without -f. With -f such content is stored in the pond first. Of a
/// path in conflict 'rm' decides that it goes, and stores what the file holds.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pond rm old.csv
  pond rm -r raw/                a directory with all that is tracked in it
  pond rm --cached big.bin       no longer track it, leave the file alone
  pond rm -n '*.tmp'             only say what would be removed

Exit codes: 0; 1 a file has content that is in no commit, nothing was removed; 3 some files could not be removed, the
others were; 128; 129; 130.")]
pub(crate) struct RmArgs {
    #[command(flatten)]
    paths: PathArgs,

    /// Leave the files on the host, only take them out of the next commit
    #[arg(long)]
    cached: bool,

    /// Also directories, with all that is tracked in them
    #[arg(short)]
    recursive: bool,

    /// Also files whose content is in no commit
    #[arg(short, long)]
    force: bool,

    /// Only say what would be removed
    #[arg(short = 'n', long)]
    dry_run: bool,

    /// A path that matches nothing is no error
    #[arg(long)]
    ignore_unmatch: bool,
}

pub(crate) fn run(ctx: &Context, args: RmArgs) -> Result<Outcome, CommandError> {
    if args.paths.is_empty() {
        return Err(usage("rm needs paths"));
    }
    let mut workspace = open(ctx.session()?, Purpose::Change)?;
    let pathspecs = args.paths.pathspecs(&workspace)?;
    let request = RmRequest {
        pathspecs: &pathspecs,
        cached: args.cached,
        recursive: args.recursive,
        force: args.force,
        dry_run: args.dry_run,
        ignore_unmatch: args.ignore_unmatch,
    };
    let removed = rm(&mut workspace, &request)?;
    report(ctx, &args, &removed)
}

impl From<RmError> for CommandError {
    fn from(error: RmError) -> Self {
        match error {
            RmError::Workspace(error) => error.into(),
            RmError::NoMatch { was_removed: true, .. } => fatal(&error)
                .hint("it is removed already, and the next commit will not have it: see 'pond status'"),
            RmError::NoMatch { .. } => {
                fatal(&error).hint("nothing was removed; 'pond ls-files' lists what is tracked")
            }
            RmError::Directory(_) => {
                fatal(format_args!("{error}; it is removed only with -r")).hint("nothing was removed")
            }
            RmError::Uncommitted { both, staged, changed, cached } => {
                uncommitted(&both, &staged, &changed, cached)
            }
        }
    }
}

/// Names the files whose content would be lost.
fn uncommitted(both: &[BString], staged: &[BString], changed: &[BString], cached: bool) -> CommandError {
    let reasons = [
        (both, "what is staged is neither in the last commit nor in the file:"),
        (staged, "what is staged is not in the last commit:"),
        (changed, "the file was changed, and the change is not staged:"),
    ];
    let text: Vec<String> = reasons
        .into_iter()
        .filter(|(paths, _)| !paths.is_empty())
        .map(|(paths, reason)| {
            let lines = paths.iter().map(|path| format!("\n  {}", escape::quoted(path)));
            format!("{reason}{}", lines.collect::<String>())
        })
        .collect();
    let error = conflict(format_args!("nothing was removed; {}", text.join("\n")));
    match cached {
        true => error.hint("-f takes them out of the next commit all the same"),
        false => error.hint(
            "--cached leaves the files alone; -f removes them, and stores their content in the pond first",
        ),
    }
}

fn report(ctx: &Context, args: &RmArgs, removed: &Removed) -> Result<Outcome, CommandError> {
    let line = |path: &BString| format!("rm '{}'", escape::plain(path));
    let is_said = !ctx.ui.is_quiet();
    let flags = [("cached", args.cached), ("dry_run", args.dry_run)];
    removal_report::report(&ctx.ui, removed, &flags, is_said.then_some(&line))
}
