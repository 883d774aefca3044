//! `pond rev-list`: the ids of a history's commits.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io::Write as _;

use pond_history::diff::Differing;
use pond_history::{Chosen, CommitSet, Looking, ShownCommits, Touched, Walk, WalkOptions};
use pond_objects::{Link, ObjectId};
use pond_refs::{DayTime, Range};
use pond_workspace::{Purpose, Workspace};
use serde_json::json;

use crate::args::walk::WalkArgs;
use crate::comparison::paint;
use crate::context::Context;
use crate::error::{CommandError, Outcome, usage};
use crate::revisions::{self, Arguments, split_arguments, take_count};
use crate::time;
use crate::ui::columns::Columns;

/// List the ids of a history's commits, newest first
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
A..B are the commits of B that A lacks, A...B those of either but not both, ^A leaves out what A has. With paths, the
commits that 'pond log -- PATH' shows are listed; --parents prints the parents that they have, not those that are left.
--graph draws what 'pond log --graph' draws; with --left-right the commits are drawn as their sides' marks.

Examples:
  pond rev-list --count HEAD
  pond rev-list -5 --parents main
  pond rev-list --left-right --count main...calibration
  pond rev-list --all --since='2 weeks ago' -- sensors/

Exit codes: 0; 128 for an unknown revision or path; 129, also where no revision is named.")]
pub(crate) struct RevListArgs {
    /// Print how many there are
    #[arg(long)]
    count: bool,

    /// Print the parents behind each commit
    #[arg(long)]
    parents: bool,

    /// Mark commits of A...B: '<' those of A, '>' those of B
    #[arg(long)]
    left_right: bool,

    /// Draw the lines of history beside the ids; lists no commit before its children
    #[arg(long, conflicts_with_all = ["reverse", "count"])]
    graph: bool,

    #[command(flatten)]
    walk: WalkArgs,

    /// Revisions or ranges; then paths
    #[arg(value_name = "REVISION|PATH", allow_negative_numbers = true)]
    arguments: Vec<OsString>,

    /// Paths
    #[arg(last = true, value_name = "PATH")]
    paths: Vec<OsString>,
}

pub(crate) fn run(ctx: &Context, mut args: RevListArgs) -> Result<Outcome, CommandError> {
    let limit = take_count(&mut args.arguments)?.or(args.walk.max_count).unwrap_or(usize::MAX);
    let (workspace, arguments) = open(ctx, &args)?;
    if arguments.revisions.is_empty() && !args.walk.tips.any() {
        return Err(usage("which history?").hint("'pond rev-list HEAD' lists that of HEAD"));
    }
    let set = args.walk.tips.commits(&workspace, &arguments.revisions)?;
    let sides = match args.left_right {
        true => Some(Sides::new(&workspace, &arguments.revisions)?),
        false => None,
    };
    let columns = match (args.graph, ctx.ui.is_json()) {
        (true, true) => {
            return Err(usage("--graph cannot be combined with --json: it draws for people")
                .hint("the rows of --json name the parents of each commit"));
        }
        (true, false) => Some(Columns::new(paint(&ctx.ui))),
        (false, _) => None,
    };
    let until = args.walk.until.as_deref().map(|text| time::parse(text, DayTime::End)).transpose()?;
    let until = until.map(|until| until.seconds);
    let differing = if args.walk.first_parent { Differing::First } else { Differing::All };
    let touched = Touched::new(workspace.store(), &arguments.pathspecs, differing);
    let touched = (!arguments.paths.is_empty()).then_some(&touched);
    let mut list = List { ctx, args: &args, touched, sides, until, columns, left: 0, right: 0 };
    ctx.ui.page();
    let mut kept = Vec::new();
    let mut skipped = 0;
    let looking = Looking {
        first_parent: args.walk.first_parent,
        takes_all: list.takes_all(),
        in_order: args.left_right,
    };
    let walk = walk(&workspace, &args, &set)?;
    // The side of a commit is learnt from those that it follows, shown or not.
    let only = touched.filter(|_| !args.left_right);
    let mut history = ShownCommits::new(walk, args.walk.order.order(), args.graph.then_some(looking), only)?;
    while list.left + list.right + kept.len() < limit
        && let Some(chosen) = history.next(&mut |id, link| list.choose(id, link))?
    {
        if skipped < args.walk.skip {
            skipped += 1;
        } else if args.walk.reverse {
            kept.push(chosen);
        } else {
            list.print(&chosen)?;
        }
    }
    for chosen in kept.iter().rev() {
        list.print(chosen)?;
    }
    list.finish()?;
    Ok(Outcome::Done)
}

/// Opens the pond and tells revisions from paths. The index is read only where an argument may be a path.
fn open<'c>(ctx: &'c Context, args: &RevListArgs) -> Result<(Workspace<'c>, Arguments), CommandError> {
    if args.paths.is_empty() {
        let workspace = pond_workspace::open(ctx.session()?, Purpose::LookAtTable)?;
        if let Ok(arguments) =
            split_arguments(&workspace, &args.arguments, &args.paths, ctx.ends_with_dashes())
            && arguments.paths.is_empty()
        {
            return Ok((workspace, arguments));
        }
    }
    let workspace = pond_workspace::open(ctx.session()?, Purpose::Look)?;
    let arguments = split_arguments(&workspace, &args.arguments, &args.paths, ctx.ends_with_dashes())?;
    Ok((workspace, arguments))
}

fn walk<'w>(
    workspace: &'w Workspace<'_>,
    args: &RevListArgs,
    set: &CommitSet,
) -> Result<Walk<'w>, CommandError> {
    let since = args.walk.since.as_deref().map(|text| time::parse(text, DayTime::Start)).transpose()?;
    let options =
        WalkOptions { first_parent: args.walk.first_parent, not_before: since.map(|since| since.seconds) };
    Ok(Walk::new(workspace.store(), &set.include, &set.exclude, options)?)
}

/// Which commits of `A...B` belong to A.
struct Sides {
    left: HashSet<ObjectId>,
}

impl Sides {
    fn new(workspace: &Workspace<'_>, texts: &[OsString]) -> Result<Self, CommandError> {
        let mut left = HashSet::new();
        for text in texts {
            if let Range::Symmetric { left: revision, .. } = Range::parse(text.as_encoded_bytes())? {
                left.insert(revisions::resolve_parsed(workspace, &revision)?.id);
            }
        }
        Ok(Self { left })
    }
}

/// The list as it is printed.
struct List<'a> {
    ctx: &'a Context,
    args: &'a RevListArgs,
    touched: Option<&'a Touched<'a>>,
    sides: Option<Sides>,
    /// Seconds since 1970.
    until: Option<i64>,
    columns: Option<Columns<ObjectId>>,
    /// Commits of the left side so far.
    left: usize,
    right: usize,
}

impl List<'_> {
    /// What a commit of the left side leads to belongs there too: nothing that both sides have is in the list.
    fn pass_on(&mut self, id: &ObjectId, link: &Link) {
        if let Some(sides) = &mut self.sides
            && sides.left.contains(id)
        {
            sides.left.extend(&link.parents);
        }
    }

    /// Whether every commit is listed.
    fn takes_all(&self) -> bool {
        let args = self.args;
        self.touched.is_none() && self.until.is_none() && !args.walk.merges && !args.walk.no_merges
    }

    fn choose(&mut self, id: &ObjectId, link: &Link) -> Result<Option<()>, CommandError> {
        self.pass_on(id, link);
        Ok(self.takes(id, link)?.then_some(()))
    }

    fn takes(&self, id: &ObjectId, link: &Link) -> Result<bool, CommandError> {
        let args = self.args;
        let is_merge = link.parents.len() > 1;
        if args.walk.merges && !is_merge || args.walk.no_merges && is_merge {
            return Ok(false);
        }
        if self.until.is_some_and(|until| link.seconds > until) {
            return Ok(false);
        }
        Ok(self.touched.map_or(Ok(true), |touched| touched.takes(id))?)
    }

    fn print(&mut self, chosen: &Chosen<()>) -> Result<(), CommandError> {
        let Chosen { id, link, .. } = chosen;
        let is_left = self.sides.as_ref().is_some_and(|sides| sides.left.contains(id));
        let counter = if is_left { &mut self.left } else { &mut self.right };
        *counter += 1;
        if self.args.count {
            return Ok(());
        }
        let ui = &self.ctx.ui;
        let mark = self.sides.as_ref().map_or("", |_| if is_left { "<" } else { ">" });
        if ui.is_json() {
            let parents: Vec<String> = link.parents.iter().map(ObjectId::to_hex).collect();
            let mut row = json!({ "commit": id.to_hex(), "parents": parents });
            if !mark.is_empty() {
                row["side"] = if is_left { "left" } else { "right" }.into();
            }
            return ui.json_row(&row);
        }
        let mut line = id.to_hex();
        if self.args.parents {
            for parent in &link.parents {
                line.push(' ');
                line.push_str(&parent.to_hex());
            }
        }
        let mut out = ui.out();
        match &mut self.columns {
            Some(columns) => {
                columns.advance(*id, mark.bytes().next().unwrap_or(b'*'), &chosen.parents);
                columns.start(&mut out)?;
                writeln!(columns.beside(&mut out), "{line}")?;
                columns.finish(&mut out)?;
            }
            None => writeln!(out, "{mark}{line}")?,
        }
        Ok(())
    }

    /// The count, where only that was asked for.
    fn finish(&self) -> Result<(), CommandError> {
        if !self.args.count {
            return Ok(());
        }
        let ui = &self.ctx.ui;
        match (self.args.left_right, ui.is_json()) {
            (true, true) => ui.json(&json!({ "left": self.left, "right": self.right })),
            (false, true) => ui.json(&json!({ "count": self.left + self.right })),
            (true, false) => Ok(writeln!(ui.out(), "{}\t{}", self.left, self.right)?),
            (false, false) => Ok(writeln!(ui.out(), "{}", self.left + self.right)?),
        }
    }
}
