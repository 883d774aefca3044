//! `pond clean`: remove what is not tracked.

use bstr::BString;
use pond_objects::escape;
use pond_objects::path::relative;
use pond_objects::pathspec::Pathspecs;
use pond_workspace::Removed;
use pond_workspace::clean::{self, CleanRequest, Reach, ToClean};
use pond_workspace::{Purpose, Workspace, open};

use crate::context::Context;
use crate::error::{CommandError, Outcome, fatal};
use crate::porcelain::path_args::PathArgs;
use crate::porcelain::removal_report;

/// Remove files that are not tracked
///
/// Only here and below, unless paths are named. What is removed is stored in the pond first. Ponds and git repositories
/// within the mirror are left alone.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Without -f nothing is removed: -n shows what would be.

Examples:
  pond clean -n -d
  pond clean -f scratch/
  pond clean -f :/         in the whole mirror, wherever the current directory is
  pond clean -f -d -x      ignored files too: only what is tracked stays

Exit codes: 0; 3 some paths could not be removed, the others were; 128; 129; 130.")]
pub(crate) struct CleanArgs {
    #[command(flatten)]
    paths: PathArgs,

    /// Remove
    #[arg(short, long)]
    force: bool,

    /// Only say what would be removed
    #[arg(short = 'n', long)]
    dry_run: bool,

    /// Also in directories that have nothing tracked, and those directories; so it is where paths are named
    #[arg(short)]
    directories: bool,

    /// Also ignored files
    #[arg(short = 'x')]
    ignored_too: bool,

    /// Only ignored files
    #[arg(short = 'X', conflicts_with = "ignored_too")]
    only_ignored: bool,
}

pub(crate) fn run(ctx: &Context, args: CleanArgs) -> Result<Outcome, CommandError> {
    if !args.force && !args.dry_run {
        return Err(
            fatal("clean removes files only with -f").hint("'pond clean -n' shows what would be removed")
        );
    }
    let mut workspace = if args.dry_run {
        open(ctx.session()?, Purpose::Look)?
    } else {
        open(ctx.session()?, Purpose::Overwrite)?
    };
    let scope = scope(&workspace, &args)?;
    let request = CleanRequest {
        pathspecs: scope.as_ref(),
        deep: args.directories || !args.paths.is_empty(),
        which: match (args.only_ignored, args.ignored_too) {
            (true, _) => Reach::Ignored,
            (_, true) => Reach::WithIgnored,
            _ => Reach::Untracked,
        },
    };
    let found = clean::find(&workspace, request)?;
    let partial = say_what_stays(ctx, &found);
    let removed = match args.dry_run {
        true => Removed { removed: found.paths().cloned().collect(), ..Removed::default() },
        false => clean::clean(&mut workspace, &found)?,
    };
    let outcome = report(ctx, &workspace, &args, &removed)?;
    Ok(if partial { Outcome::Partial } else { outcome })
}

/// The paths that are meant: without any, what is here and below; nothing for the whole mirror.
fn scope(workspace: &Workspace<'_>, args: &CleanArgs) -> Result<Option<Pathspecs>, CommandError> {
    let is_root = args.paths.is_empty() && workspace.cwd()?.is_empty();
    (!is_root).then(|| args.paths.pathspecs_from_here(workspace)).transpose()
}

/// Reports what was not looked at, and whether that is an error.
fn say_what_stays(ctx: &Context, ToClean { scan, repositories, .. }: &ToClean) -> bool {
    for path in repositories {
        ctx.ui.status(format_args!("left alone: {} is a git repository", escape::quoted(path)));
    }
    for (path, error) in &scan.unreadable {
        ctx.ui.error(format_args!("cannot look at {}: {error}", escape::quoted(path)));
    }
    for path in &scan.nested {
        ctx.ui.status(format_args!("left alone: {} is a pond of its own", escape::quoted(path)));
    }
    for (path, word) in &scan.special {
        ctx.ui.status(format_args!("left alone: {} is a {word}", escape::quoted(path)));
    }
    !scan.unreadable.is_empty()
}

fn report(
    ctx: &Context,
    workspace: &Workspace<'_>,
    args: &CleanArgs,
    removed: &Removed,
) -> Result<Outcome, CommandError> {
    let ui = &ctx.ui;
    let words = if args.dry_run { "Would remove" } else { "Removing" };
    let cwd = workspace.cwd()?;
    let line = |path: &BString| format!("{words} {}", escape::quoted(&relative(path, &cwd)));
    let is_said = !ui.is_quiet() || args.dry_run;
    removal_report::report(ui, removed, &[("dry_run", args.dry_run)], is_said.then_some(&line))
}
