//! `pond log`: the commits of a history, newest first.

mod filter;
mod reflog;
mod selector;

use std::ffi::OsString;

use pond_history::diff::Against;
use pond_history::{Chosen, Looking, Order, ShownCommits, Touched, Walk, WalkOptions, short_id};
use pond_objects::ObjectId;
use pond_workspace::{Purpose, Workspace, open};

use crate::args::walk::WalkArgs;
use crate::commit_output::{CommitOutput, FormatArgs};
use crate::comparison::{DiffArgs, MergeArgs, ShownChanges};
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::revisions::{Arguments, split_arguments, take_count};
use crate::ui::diff::Forms;
use selector::Selector;

/// Show the commits of a history, newest first
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Without a revision the history of HEAD is shown. A..B are the commits of B that A lacks, A...B those of either but
not both, ^A leaves out what A has. With paths, only commits that changed one of them against their first parent are
shown; a merge only if it differs from all of its parents. Changes of merges are not shown unless --first-parent or an
option for merges is given.

-g shows no history, but the values that a ref had, as 'pond reflog' lists them; '%gd' and '%gs' in templates are then what the
value is called and what was done.

--follow shows no commit before its children. Of a merge both sides are followed, and the merge is shown only if the file is
in it as in neither: git keeps one name for the whole history, and misses what a side did under another.

--graph implies --topo-order unless --date-order is given. Where commits are left out (by paths,
--author, --grep, --until, --no-merges and the like), its lines lead to the nearest ancestors that
are shown, so that the picture stays connected. A line past nothing but what is left out is not
drawn where another way leads to the same commit.

Examples:
  pond log --oneline -10
  pond log -p -- sensors/well-3.csv
  pond log --follow notes.txt
  pond log --since='2 weeks ago' --author=ada --stat
  pond log --format='%h %aI %s' main..HEAD
  pond log --oneline --graph --branches --tags='season-*'

Exit codes: 0; 128 for an unknown revision or path, or where there are no commits yet; 129.")]
pub(crate) struct LogArgs {
    /// Show commits whose author ("name <address>") matches the pattern (repeatable: one of them)
    #[arg(long, value_name = "PATTERN")]
    author: Vec<String>,

    /// Show commits whose message matches the pattern, a regular expression (repeatable: one of them)
    #[arg(long, value_name = "PATTERN")]
    grep: Vec<String>,

    /// Ignore case in --author and --grep
    #[arg(short = 'i', long)]
    regexp_ignore_case: bool,

    /// Show the commits that --grep would leave out
    #[arg(long, requires = "grep")]
    invert_grep: bool,

    /// Follow one file through renames, beyond a merge on each side by the name that it has there
    #[arg(long)]
    follow: bool,

    /// Draw the lines of history beside the commits; shows no commit before its children
    #[arg(long, conflicts_with = "reverse")]
    graph: bool,

    /// Show the values that refs had, the newest first, instead of a history: those of HEAD where none is named
    #[arg(short = 'g', long, conflicts_with_all = ["graph", "reverse", "follow", "all", "branches", "tags", "remotes"])]
    walk_reflogs: bool,

    #[command(flatten)]
    walk: WalkArgs,

    #[command(flatten)]
    format: FormatArgs,

    #[command(flatten)]
    diff: DiffArgs,

    #[command(flatten)]
    merge_diffs: MergeArgs,

    /// Revisions or ranges; then paths
    #[arg(value_name = "REVISION|PATH", allow_negative_numbers = true)]
    arguments: Vec<OsString>,

    /// Paths
    #[arg(last = true, value_name = "PATH")]
    paths: Vec<OsString>,
}

impl LogArgs {
    fn shown_changes(&self) -> Result<ShownChanges, CommandError> {
        self.merge_diffs.read(&self.diff, self.walk.first_parent, Forms::NONE, Against::Nothing)
    }

    /// What decides by the paths, but for one that is followed.
    fn touched<'a>(
        &self,
        workspace: &'a Workspace<'_>,
        arguments: &'a Arguments,
    ) -> Result<Option<Touched<'a>>, CommandError> {
        if arguments.paths.is_empty() || self.follow {
            return Ok(None);
        }
        let differing = self.shown_changes()?.merges.differing(self.walk.first_parent);
        Ok(Some(Touched::new(workspace.store(), &arguments.pathspecs, differing)))
    }

    fn output<'a>(
        &self,
        ctx: &'a Context,
        workspace: &'a Workspace<'a>,
        short: &'a dyn Fn(&ObjectId) -> String,
    ) -> Result<CommitOutput<'a>, CommandError> {
        CommitOutput::new(ctx, workspace, &self.format, &self.diff, self.shown_changes()?, short)
    }
}

pub(crate) fn run(ctx: &Context, mut args: LogArgs) -> Result<Outcome, CommandError> {
    let limit = take_count(&mut args.arguments)?.or(args.walk.max_count).unwrap_or(usize::MAX);
    // The index only tells revisions from paths, and `:path`; what stands behind `--` are paths.
    let needs_index = !args.arguments.is_empty();
    let workspace = if needs_index {
        open(ctx.session()?, Purpose::LookAtHistory)?
    } else {
        open(ctx.session()?, Purpose::LookAtTable)?
    };
    let arguments = split_arguments(&workspace, &args.arguments, &args.paths, ctx.ends_with_dashes())?;
    if args.walk_reflogs {
        return reflog::run(ctx, &workspace, &args, &arguments, limit);
    }
    let commits = args.walk.tips.commits(&workspace, &arguments.revisions)?;
    let since = filter::since(&args)?;
    let filter = filter::read(&args)?;
    let short = |id: &ObjectId| short_id(workspace.store(), id);
    let mut output = args.output(ctx, &workspace, &short)?;
    if args.graph {
        output.draw()?;
    }
    let options = WalkOptions { first_parent: args.walk.first_parent, not_before: since };
    let walk = Walk::new(workspace.store(), &commits.include, &commits.exclude, options)?;
    let touched = args.touched(&workspace, &arguments)?;
    let touched = touched.as_ref();
    let mut selector = Selector::new(&workspace, &args, &arguments, filter, touched, &output)?;
    let looking = Looking {
        first_parent: args.walk.first_parent,
        takes_all: selector.takes_all(),
        in_order: args.follow,
    };

    ctx.ui.page();
    let mut kept = Vec::new();
    let (mut skipped, mut shown) = (0, 0);
    let order = args.walk.order.order().or(args.follow.then_some(Order::Dated));
    let mut history = ShownCommits::new(walk, order, args.graph.then_some(looking), touched)?;
    while shown < limit
        && let Some(chosen) = history.next(&mut |id, link| selector.choose(id, link))?
    {
        if skipped < args.walk.skip {
            skipped += 1;
            continue;
        }
        shown += 1;
        if args.walk.reverse {
            kept.push(chosen);
        } else {
            let (commit, changes) = &chosen.choice;
            output.print_drawn(&chosen.id, commit, changes, &chosen.parents)?;
        }
    }
    for Chosen { id, choice: (commit, changes), .. } in kept.iter().rev() {
        output.print(id, commit, changes)?;
    }
    Ok(Outcome::Done)
}
