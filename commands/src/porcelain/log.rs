//! `pond log`: the commits of a history, newest first.

mod filter;
mod follow;

use std::ffi::OsString;

use pond_objects::{Change, Commit, ObjectId, ObjectSource as _};

use crate::commit_output::{CommitOutput, FormatArgs, parent_tree};
use crate::comparison::{self, DiffArgs};
use crate::context::Context;
use crate::error::{CommandError, Outcome, usage};
use crate::revisions::{
    self, Arguments, Order, OrderArgs, TipArgs, Walk, WalkOptions, short_id, split_arguments, take_count,
};
use crate::ui::diff::Forms;
use crate::workspace::Workspace;
use filter::Filter;
use follow::Follow;

/// Show the commits of a history, newest first
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Without a revision the history of HEAD is shown. A..B are the commits of B that A lacks, A...B those of either but
not both, ^A leaves out what A has. With paths, only commits that changed one of them against their first parent are
shown; a merge only if it differs from all of its parents. Changes of merges are not shown unless --first-parent
is given.

Examples:
  pond log --oneline -10
  pond log -p -- sensors/well-3.csv
  pond log --follow notes.txt
  pond log --since='2 weeks ago' --author=ada --stat
  pond log --format='%h %aI %s' main..HEAD
  pond log --oneline --topo-order --branches --tags='season-*'

Exit codes: 0; 128 for an unknown revision or path, or where there are no commits yet; 129.")]
pub(crate) struct LogArgs {
    /// Show N commits at most; -N does the same
    #[arg(short = 'n', long, value_name = "N")]
    max_count: Option<usize>,

    /// Leave out the first N commits
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    skip: usize,

    /// Show commits that are newer
    #[arg(long, visible_alias = "after", value_name = "DATE")]
    since: Option<String>,

    /// Show commits that are older
    #[arg(long, visible_alias = "before", value_name = "DATE")]
    until: Option<String>,

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

    /// Follow one file through renames
    #[arg(long)]
    follow: bool,

    /// Show the oldest of the chosen commits first
    #[arg(long)]
    reverse: bool,

    /// Follow only the first parent of merges, and show what merges brought
    #[arg(long)]
    first_parent: bool,

    /// Show merges only
    #[arg(long, conflicts_with = "no_merges")]
    merges: bool,

    /// Leave merges out
    #[arg(long)]
    no_merges: bool,

    #[command(flatten)]
    order: OrderArgs,

    #[command(flatten)]
    tips: TipArgs,

    #[command(flatten)]
    format: FormatArgs,

    #[command(flatten)]
    diff: DiffArgs,

    /// Revisions or ranges; then paths
    #[arg(value_name = "REVISION|PATH", allow_negative_numbers = true)]
    arguments: Vec<OsString>,

    /// Paths
    #[arg(last = true, value_name = "PATH")]
    paths: Vec<OsString>,
}

pub(crate) fn run(ctx: &Context, mut args: LogArgs) -> Result<Outcome, CommandError> {
    let limit = take_count(&mut args.arguments)?.or(args.max_count).unwrap_or(usize::MAX);
    // The index only tells revisions from paths, and `:path`.
    let needs_index = !args.arguments.is_empty() || !args.paths.is_empty();
    let workspace = if needs_index { Workspace::browse(ctx)? } else { Workspace::history(ctx)? };
    let arguments = split_arguments(&workspace, &args.arguments, &args.paths)?;
    let commits = args.tips.commits(&workspace, &arguments.revisions)?;
    let filter = Filter::new(&args)?;
    let short = |id: &ObjectId| short_id(workspace.store(), id);
    let mut output = CommitOutput::new(&workspace, &args.format, &args.diff, Forms::NONE, &short)?;
    let options = WalkOptions { first_parent: args.first_parent, not_before: filter.since };
    let walk = Walk::new(workspace.store(), &commits.include, &commits.exclude, options)?;
    let mut selector = Selector::new(&workspace, &args, &arguments, output.shows_changes())?;

    ctx.ui.page();
    let mut kept = Vec::new();
    let (mut skipped, mut shown) = (0, 0);
    let walk: Box<dyn Iterator<Item = _>> = match args.order.order() {
        Order::Found => Box::new(walk),
        order => Box::new(revisions::sort(walk.collect::<Result<_, _>>()?, order).into_iter().map(Ok)),
    };
    for found in walk {
        if shown == limit {
            break;
        }
        let id = found?.0;
        let commit = workspace.store().commit(&id)?;
        if !filter.takes(&commit) {
            continue;
        }
        let Some(changes) = selector.changes(&commit)? else { continue };
        if skipped < args.skip {
            skipped += 1;
            continue;
        }
        shown += 1;
        if args.reverse {
            kept.push((id, commit, changes));
        } else {
            output.print(&id, &commit, &changes)?;
        }
    }
    for (id, commit, changes) in kept.iter().rev() {
        output.print(id, commit, changes)?;
    }
    Ok(Outcome::Done)
}

/// Decides by its changes whether a commit is shown.
struct Selector<'a> {
    workspace: &'a Workspace<'a>,
    args: &'a LogArgs,
    arguments: &'a Arguments,
    follow: Option<Follow>,
    shows_changes: bool,
}

impl<'a> Selector<'a> {
    fn new(
        workspace: &'a Workspace<'a>,
        args: &'a LogArgs,
        arguments: &'a Arguments,
        shows_changes: bool,
    ) -> Result<Self, CommandError> {
        let follow = match (args.follow, arguments.paths.len()) {
            (false, _) => None,
            (true, 1) => Some(Follow::new(workspace, &arguments.paths[0])?),
            (true, _) => return Err(usage("--follow takes exactly one path")),
        };
        Ok(Self { workspace, args, arguments, follow, shows_changes })
    }

    /// The changes to show with a commit; `None` where the commit is not shown.
    fn changes(&mut self, commit: &Commit) -> Result<Option<Vec<Change>>, CommandError> {
        let store = self.workspace.store();
        if let Some(follow) = &mut self.follow {
            let mut changes = follow.step(store, commit)?;
            let was_touched = !changes.is_empty();
            self.args.diff.filter(&mut changes)?;
            return Ok((was_touched && !changes.is_empty()).then_some(changes));
        }
        let pathspecs = &self.arguments.pathspecs;
        let is_merge = commit.parents.len() > 1 && !self.args.first_parent;
        if !self.arguments.paths.is_empty()
            && !revisions::touches(store, commit, pathspecs, self.args.first_parent)?
        {
            return Ok(None);
        }
        let filtered = self.args.diff.is_filtered();
        if is_merge || !(self.shows_changes || filtered) {
            return Ok((!(is_merge && filtered)).then(Vec::new));
        }
        let parent = parent_tree(store, commit)?;
        let changes =
            comparison::trees(store, parent.as_ref(), Some(&commit.tree), pathspecs, &self.args.diff)?;
        Ok((!filtered || !changes.is_empty()).then_some(changes))
    }
}
