//! `pond describe`: a commit by the nearest tag in its history.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};

use bstr::BString;
use pond_history::describe::{Described, NameOptions, Names, nearest};
use pond_history::{WalkOptions, short_id, short_id_from};
use pond_mirror::scan::State;
use pond_objects::wildmatch::{Stars, Wildmatch};
use pond_objects::{ObjectId, escape};
use pond_workspace::status;
use pond_workspace::{Purpose, Workspace, open};
use serde_json::json;

use crate::context::Context;
use crate::error::{CommandError, Outcome, fatal, usage};
use crate::revisions;

/// Name commits by the nearest tag in their history
///
/// A commit that has a tag is called by it. Another is called by the tag in its history that it has the fewest commits more
/// than: TAG-COUNT-gID, with the number of these commits and the beginning of the commit's id. Such a name is a revision for
/// who has the tag, and tells anybody how far it is from there.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Only tags with a message count, unless --tags is given.

Examples:
  pond describe
  pond describe --tags --dirty
  pond describe --match 'season-*' HEAD~3
  pond describe --always --abbrev=12

Exit codes: 0; 128 where no tag can describe a commit, or for an unknown revision; 129.")]
pub(crate) struct DescribeArgs {
    /// Tags without a message count, too
    #[arg(long)]
    tags: bool,

    /// Every branch and tag counts; names have their kind in front
    #[arg(long)]
    all: bool,

    /// Where no tag can describe a commit, print the beginning of its id
    #[arg(long)]
    always: bool,

    /// Print count and id even where the commit itself has the tag
    #[arg(long, conflicts_with = "exact_match")]
    long: bool,

    /// Digits of the id, or more where they are not enough; 0 prints the tag alone
    #[arg(long, value_name = "N")]
    abbrev: Option<usize>,

    /// Only tags that match the pattern count (repeatable: one of them)
    #[arg(long = "match", value_name = "PATTERN")]
    matching: Vec<String>,

    /// Tags that match the pattern do not count (repeatable)
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<String>,

    /// Only a tag of the commit itself describes it
    #[arg(long)]
    exact_match: bool,

    /// Follow only the first parent of merges
    #[arg(long)]
    first_parent: bool,

    /// How many tags are compared, those nearest by time first
    #[arg(long, value_name = "N", default_value_t = 10, hide_default_value = true)]
    candidates: usize,

    /// Describe HEAD, with MARK behind it where the mirror has changes that are in no commit
    #[arg(
        long,
        value_name = "MARK",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "-dirty",
        conflicts_with = "commits"
    )]
    dirty: Option<String>,

    /// The commits; default: HEAD
    #[arg(value_name = "COMMIT")]
    commits: Vec<OsString>,
}

pub(crate) fn run(ctx: &Context, args: DescribeArgs) -> Result<Outcome, CommandError> {
    if args.long && args.abbrev == Some(0) {
        return Err(usage("--long prints an id, and --abbrev=0 none"));
    }
    let workspace = if args.dirty.is_some() {
        open(ctx.session()?, Purpose::Look)?
    } else {
        open(ctx.session()?, Purpose::LookAtTable)?
    };
    let names = names(&workspace, &args)?;
    let candidates = if args.exact_match { 0 } else { args.candidates };
    let options = WalkOptions { first_parent: args.first_parent, ..WalkOptions::default() };
    let head = [OsString::from("HEAD")];
    let commits = if args.commits.is_empty() { &head[..] } else { &args.commits };
    let is_dirty = args.dirty.is_some() && is_dirty(&workspace)?;
    for given in commits {
        let id = revisions::resolve_found(&workspace, given)?.id;
        let found = nearest(workspace.store(), &names, id, candidates, options)?;
        if found.is_none() && !args.always {
            return Err(none(&args, &names, given, &id));
        }
        let mut shown = found
            .map_or_else(|| abbreviated(&workspace, &args, &id), |found| text(found, &workspace, &args, &id));
        if let Some(mark) = args.dirty.as_ref().filter(|_| is_dirty) {
            shown.push_str(mark);
        }
        if !ctx.ui.is_json() {
            ctx.ui.say(escape::plain(shown.as_bytes()));
            continue;
        }
        let name = found.map(|found| found.name);
        ctx.ui.json_row(&json!({
            "commit": id.to_hex(),
            "description": shown,
            "ref": name.map(|name| format!("refs/{}", name.reference)),
            "name": name.map(|name| &name.shown),
            "distance": found.map(|found| found.distance),
            "dirty": args.dirty.as_ref().map(|_| is_dirty),
        }))?;
    }
    Ok(Outcome::Done)
}

/// Which names count.
fn names(workspace: &Workspace<'_>, args: &DescribeArgs) -> Result<Names, CommandError> {
    let options = NameOptions {
        all: args.all,
        light: args.tags,
        matching: patterns(&args.matching)?,
        exclude: patterns(&args.exclude)?,
    };
    Ok(Names::read(workspace.history(), &options)?)
}

fn patterns(texts: &[String]) -> Result<Vec<Wildmatch>, CommandError> {
    let compile = |text: &String| {
        Wildmatch::new(b"", text.as_bytes(), Stars::Anything, false).map_err(|error| {
            usage(format_args!("'{}' is no pattern", escape::plain(text.as_bytes()))).because(&error)
        })
    };
    texts.iter().map(compile).collect()
}

fn text(found: Described<'_>, workspace: &Workspace<'_>, args: &DescribeArgs, id: &ObjectId) -> String {
    let name = &found.name.shown;
    match (found.distance, args.abbrev) {
        (_, Some(0)) => name.clone(),
        (0, _) if !args.long => name.clone(),
        (distance, _) => format!("{name}-{distance}-g{}", abbreviated(workspace, args, id)),
    }
}

/// The beginning of an id; all of it where no digits are wanted and there is nothing else to print.
fn abbreviated(workspace: &Workspace<'_>, args: &DescribeArgs, id: &ObjectId) -> String {
    match args.abbrev {
        None => short_id(workspace.store(), id),
        Some(0) => id.to_hex(),
        Some(digits) => short_id_from(workspace.store(), id, digits),
    }
}

/// Whether what is tracked has changes that are in no commit.
fn is_dirty(workspace: &Workspace<'_>) -> Result<bool, CommandError> {
    let index = workspace.need_index()?;
    if index.iter().any(|entry| entry.row.intent || entry.row.staged != entry.row.base_side()) {
        return Ok(true);
    }
    let scan = status::look_at_tracked(workspace)?;
    let due: HashSet<BString> = workspace.due()?.into_iter().map(|target| target.path).collect();
    let mut changes = scan.changes.iter().filter(|change| !due.contains(&change.path));
    Ok(changes.any(|change| change.row.is_some() && change.state != State::Held))
}

fn none(args: &DescribeArgs, names: &Names, text: &OsStr, id: &ObjectId) -> CommandError {
    let text = escape::plain(text.as_encoded_bytes()).into_owned();
    if args.exact_match {
        return fatal(format_args!("no tag exactly matches '{text}' ({})", id.short()))
            .hint("without --exact-match the nearest tag before it is named");
    }
    if names.is_empty() {
        let error = fatal("no tag is there to describe anything by");
        return match names.has_others {
            true => error.hint("--tags takes those without a message, too; --always prints an id"),
            false => error.hint("'pond tag -a NAME' makes one; --always prints an id"),
        };
    }
    let error = fatal(format_args!("no tag in the history of '{text}' can describe it"));
    match names.has_others {
        true => {
            error.hint("there are tags without a message: --tags takes these, too; --always prints an id")
        }
        false => error.hint("--always prints an id"),
    }
}
