//! `pond status`: what is staged, what is changed and not staged, what is not tracked.
//!
//! Neither trees nor packs are opened, but to look for renames among few files whose content changed with their name.

mod human;
mod json;
mod short;

use bstr::BString;
use clap::ValueEnum;
use pond_mirror::host::walk::Untracked;
use pond_objects::escape;
use pond_workspace::status::{IgnoredPaths, Status, StatusRequest, status};
use pond_workspace::{Purpose, open};

use self::short::Style;
use crate::context::Context;
use crate::error::{CommandError, Outcome, usage};
use crate::porcelain::path_args::PathArgs;

/// Show what changed since the last commit
///
/// Compares the last commit with what is staged, and what is staged with the mirror. A file is read only if its size and
/// times do not say whether it changed.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Each line of -s and --porcelain has two letters, a space and a path: the first letter is the change from the last commit
to what is staged, the second from what is staged to the mirror. M modified, T another type of file, A added, D deleted,
R renamed, ?? untracked, !! ignored. Paths of --porcelain count from the mirror's root, those of -s from here.

Files that a command has not written yet, since it was interrupted or killed or the disk was full, are no changes of yours: the
next command that changes the mirror writes them. They have a section of their own, 'due' in --json, and no line in -s and
--porcelain; a warning on stderr says that there are some.

Empty directories are versioned, so they are listed too. A directory that ends with '/' stands for all that is in it.

Examples:
  pond status
  pond status -s sensors/
  pond status --porcelain -z | xargs -0 -n1
  pond status --json

Exit codes: 0, changes or not; 3 some paths could not be looked at; 128; 129.")]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    paths: PathArgs,

    /// One line for each path
    #[arg(short, long)]
    short: bool,

    /// With -s or --porcelain: the branch first
    #[arg(short, long)]
    branch: bool,

    /// One line for each path, in a form that stays as it is: for scripts
    #[arg(long, value_name = "VERSION", num_args = 0..=1, require_equals = true, default_missing_value = "v1")]
    porcelain: Option<Version>,

    /// End lines with NUL and quote nothing; implies --porcelain
    #[arg(short = 'z')]
    nul: bool,

    /// How much to show of what is not tracked: no, normal (whole directories as one), all; without a word: all
    #[arg(
        short = 'u',
        long,
        value_name = "MODE",
        num_args = 0..=1,
        default_missing_value = "all",
        default_value = "normal",
        hide_default_value = true,
        hide_possible_values = true
    )]
    untracked_files: UntrackedMode,

    /// Show what is ignored too: traditional (a directory with nothing else as one, with -uall each file), matching (what a
    /// rule matches), no; without a word: traditional
    #[arg(
        long,
        value_name = "MODE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "traditional",
        default_value = "no",
        hide_default_value = true,
        hide_possible_values = true
    )]
    ignored: IgnoredMode,

    /// Show a rename as a deletion and an addition; default: diff.renames
    #[arg(long)]
    no_renames: bool,
}

/// The versions of `--porcelain`.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Version {
    #[value(alias = "1")]
    V1,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum UntrackedMode {
    No,
    Normal,
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum IgnoredMode {
    No,
    Traditional,
    Matching,
}

impl IgnoredMode {
    /// What is listed of ignored paths beside what is listed of untracked ones.
    fn with(self, untracked: Untracked) -> Result<IgnoredPaths, CommandError> {
        match (self, untracked) {
            (Self::No, _) | (Self::Traditional, Untracked::No) => Ok(IgnoredPaths::None),
            (Self::Matching, Untracked::No) => Err(usage("--ignored=matching shows nothing with -uno")
                .hint("leave one of them out, or use --ignored=traditional")),
            (Self::Traditional, Untracked::All | Untracked::Everything) => Ok(IgnoredPaths::Files),
            (Self::Traditional, Untracked::Normal) => Ok(IgnoredPaths::Directories),
            (Self::Matching, _) => Ok(IgnoredPaths::Matching),
        }
    }
}

impl From<UntrackedMode> for Untracked {
    fn from(mode: UntrackedMode) -> Self {
        match mode {
            UntrackedMode::No => Self::No,
            UntrackedMode::Normal => Self::Normal,
            UntrackedMode::All => Self::All,
        }
    }
}

/// What `pond status` prints without options: for commands that end with a look at what they did.
pub(super) fn show(ctx: &Context) -> Result<Outcome, CommandError> {
    let args = StatusArgs {
        paths: PathArgs::default(),
        short: false,
        branch: false,
        porcelain: None,
        nul: false,
        untracked_files: UntrackedMode::Normal,
        ignored: IgnoredMode::No,
        no_renames: false,
    };
    run(ctx, args)
}

pub(crate) fn run(ctx: &Context, args: StatusArgs) -> Result<Outcome, CommandError> {
    let workspace = open(ctx.session()?, Purpose::Look)?;
    workspace.need_mirror()?;
    let pathspecs = (!args.paths.is_empty()).then(|| args.paths.pathspecs(&workspace)).transpose()?;
    let renames = !args.no_renames && ctx.config()?.bool("diff.renames")?;
    let request = StatusRequest {
        pathspecs: pathspecs.as_ref(),
        untracked: args.untracked_files.into(),
        ignored: args.ignored.with(args.untracked_files.into())?,
        renames,
    };
    let report = status(&workspace, &request)?;
    let is_scripted = args.porcelain.is_some() || args.nul && !args.short;
    if ctx.ui.is_json() {
        ctx.ui.json(&json::document(&report))?;
    } else if args.short || is_scripted {
        let style = Style {
            branch: args.branch,
            nul: args.nul,
            color: ctx.ui.has_color() && !is_scripted && !args.nul,
            cwd: if is_scripted || args.nul { Default::default() } else { workspace.cwd()? },
        };
        short::write(&mut ctx.ui.out(), &report, &style)?;
    } else {
        let listed = !matches!(args.untracked_files, UntrackedMode::No);
        human::write(&ctx.ui, &report, &workspace.cwd()?, listed)?;
    }
    say_what_was_not_looked_at(ctx, &report);
    workspace.keep_stats(&report.refreshed);
    let is_whole = report.unreadable.is_empty() && report.held.is_empty();
    Ok(if is_whole { Outcome::Done } else { Outcome::Partial })
}

/// What stands in no list, on stderr.
fn say_what_was_not_looked_at(ctx: &Context, report: &Status) {
    let ui = &ctx.ui;
    for (path, error) in &report.unreadable {
        ui.error(format_args!("cannot look at {}: {error}", escape::quoted(path)));
    }
    let is_listed = |path: &BString| report.unstaged.iter().any(|change| change.path == *path);
    for (path, word) in report.special.iter().filter(|(path, _)| !is_listed(path)) {
        ui.status(format_args!("not versioned: {} is a {word}", escape::quoted(path)));
    }
    for path in &report.nested {
        ui.status(format_args!("not looked into: {} is a pond of its own", escape::quoted(path)));
    }
    for problem in &report.problems {
        ui.warn(format_args!("{}:{}: {}", escape::plain(&problem.file), problem.line, problem.reason));
    }
    if report.all_missing {
        ui.hint("nothing of what the pond has is in the mirror: if its file system is not mounted, mount it");
        ui.hint("'pond restore :/' brings the files back");
    }
}
