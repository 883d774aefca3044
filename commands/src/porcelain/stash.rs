//! `pond stash`: put changes that are not committed aside, and bring them back.

mod apply;
mod errors;
mod find;
mod list;
mod push;

use std::ffi::OsString;

use crate::commit_output::FormatArgs;
use crate::comparison::{DiffArgs, MergeArgs};
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::porcelain::path_args::PathArgs;

/// Put changes that are not committed aside, and bring them back
///
/// Without a subcommand it is 'push': what is staged and what is changed in tracked files becomes a stash, and the mirror is
/// as the last commit has it. Stashes are a stack: 'stash@{0}', or 'stash', is the newest, and a revision as any other.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_long_help = "\
With paths, a stash holds the changes of these only. Where a stash and the mirror changed the same lines, pop and apply leave
both versions between markers in the files, as a merge does, and pop keeps the stash; 'pond add' says that a file is decided.
A stash that was dropped is back with 'pond undo', and so are the files as they were before pop and apply.

Examples:
  pond stash                        put everything aside that is not committed
  pond stash -u -m 'half a repair'  untracked files too, and a word about it
  pond stash push sensors/          only what is below sensors/
  pond stash list
  pond stash show -p 'stash@{1}'
  pond stash pop                    bring the newest back
  pond stash branch repair          on a branch of its own

Exit codes: 0, also where there is nothing to put aside; 1 conflicts, no such stash, or files in the way, nothing was
changed then; 3 some files could not be written; 128; 129; 130."
)]
pub(crate) struct StashArgs {
    #[command(subcommand)]
    what: Option<What>,

    #[command(flatten)]
    push: PushOptions,

    /// Only the changes of these paths
    #[arg(last = true, value_name = "PATH")]
    paths: Vec<OsString>,
}

/// How changes are put aside.
#[derive(Debug, Default, clap::Args)]
struct PushOptions {
    /// What it is about; default: the commit that it is based on
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,

    /// Untracked files too
    #[arg(short = 'u', long)]
    include_untracked: bool,

    /// Untracked and ignored files too
    #[arg(short, long)]
    all: bool,

    /// Leave what is staged in the index and in the mirror
    #[arg(short, long)]
    keep_index: bool,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Put changes aside (the default)
    Push {
        #[command(flatten)]
        options: PushOptions,

        #[command(flatten)]
        paths: PathArgs,
    },
    /// List stashes, the newest first; the options are those of 'pond log', and -p shows what each changed
    List(ListArgs),
    /// Show the changes of a stash; default: the newest, with --stat
    Show(ShowArgs),
    /// Bring the changes of a stash back, and drop it
    Pop(ApplyArgs),
    /// Bring the changes of a stash back
    Apply(ApplyArgs),
    /// Drop a stash; default: the newest
    Drop {
        /// The stash: stash@{N}, or N
        #[arg(value_name = "STASH")]
        stash: Option<OsString>,
    },
    /// Drop all stashes
    Clear,
    /// Make a branch where the stash was made, go there, and bring its changes back
    Branch {
        /// The new branch
        #[arg(value_name = "NAME")]
        name: OsString,

        /// The stash: stash@{N}, or N
        #[arg(value_name = "STASH")]
        stash: Option<OsString>,
    },
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// List N stashes at most; -N does the same
    #[arg(short = 'n', long, value_name = "N")]
    max_count: Option<usize>,

    /// Leave out the first N stashes
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    skip: usize,

    #[command(flatten)]
    format: FormatArgs,

    #[command(flatten)]
    diff: DiffArgs,

    #[command(flatten)]
    merges: MergeArgs,

    #[arg(hide = true, allow_negative_numbers = true, value_name = "-N")]
    count: Vec<OsString>,
}

// Elsewhere -u asks for a patch; here it means what it does in 'stash push', as in git.
#[derive(Debug, clap::Args)]
#[command(mut_arg("patch", |patch| patch.short_alias(None)))]
struct ShowArgs {
    #[command(flatten)]
    diff: DiffArgs,

    /// Its untracked files too
    #[arg(short = 'u', long)]
    include_untracked: bool,

    /// Its untracked files only
    #[arg(long)]
    only_untracked: bool,

    /// The stash: stash@{N}, or N
    #[arg(value_name = "STASH")]
    stash: Option<OsString>,
}

#[derive(Debug, clap::Args)]
struct ApplyArgs {
    /// Stage what was staged
    #[arg(long)]
    index: bool,

    /// The stash: stash@{N}, or N
    #[arg(value_name = "STASH")]
    stash: Option<OsString>,
}

pub(crate) fn run(ctx: &Context, args: StashArgs) -> Result<Outcome, CommandError> {
    match args.what {
        None => push::run(ctx, &args.push, &PathArgs { paths: args.paths, ..PathArgs::default() }),
        Some(What::Push { options, paths }) => push::run(ctx, &options, &paths),
        Some(What::List(args)) => list::list(ctx, args),
        Some(What::Show(args)) => list::show(ctx, &args),
        Some(What::Pop(args)) => apply::run(ctx, &args, true),
        Some(What::Apply(args)) => apply::run(ctx, &args, false),
        Some(What::Drop { stash }) => list::drop_one(ctx, stash.as_deref()),
        Some(What::Clear) => list::clear(ctx),
        Some(What::Branch { name, stash }) => apply::branch(ctx, &name, stash.as_deref()),
    }
}
