//! What `cherry-pick` and `revert` share.

use std::ffi::OsString;

use bstr::ByteSlice;
use pond_history::{Walk, WalkOptions, short_id};
use pond_mirror::index::pending::{Pending, Sequence};
use pond_mirror::index::pick_options::PickOptions;
use pond_objects::merge::MergeOptions;
use pond_objects::{ObjectId, escape};
use pond_workspace::sequence::{Became, PickError, Picked, Picking, changes_nothing};
use pond_workspace::{Purpose, Workspace, open};
use serde_json::json;

use crate::args::strategy::StrategyArgs;
use crate::context::Context;
use crate::error::{Class, CommandError, Outcome, fatal, interrupted, nothing, usage};
use crate::porcelain::sequence;
use crate::report;
use crate::revisions;
use crate::text::size;

/// What both take on the command line.
#[derive(Debug, clap::Args)]
pub(super) struct PickArgs {
    /// Stage the changes, and commit nothing; what does not go together is left in conflict, and nothing else waits
    #[arg(short, long, conflicts_with = "going_on")]
    no_commit: bool,

    /// Add a Signed-off-by trailer
    #[arg(short, long, conflicts_with = "going_on")]
    signoff: bool,

    /// Of a merge: count what it brought into its parent N
    #[arg(short, long, value_name = "N", conflicts_with = "going_on")]
    mainline: Option<usize>,

    #[command(flatten)]
    strategy: StrategyArgs,

    /// Commit what waited, and go on
    #[arg(long = "continue", group = "going_on")]
    go_on: bool,

    /// Leave out the commit that waits, and go on; what is staged then stays in the files only
    #[arg(long, group = "going_on")]
    skip: bool,

    /// Give all of it up: go back to before the first of the commits
    #[arg(long, group = "going_on")]
    abort: bool,

    /// Forget what waits, and leave files and index as they are
    #[arg(long, group = "going_on")]
    quit: bool,

    /// Commits, or ranges
    #[arg(value_name = "COMMIT", conflicts_with = "going_on", required_unless_present = "going_on")]
    commits: Vec<OsString>,
}

/// Begins, or goes on. `said` is what the command alone takes.
pub(super) fn run(
    ctx: &Context,
    doing: Sequence,
    args: &PickArgs,
    said: PickOptions,
) -> Result<Outcome, CommandError> {
    let mut workspace = if args.abort {
        open(ctx.session()?, Purpose::TakeBack)?
    } else {
        open(ctx.session()?, Purpose::Change)?
    };
    match (args.go_on, args.skip, args.abort, args.quit) {
        (true, ..) => return sequence::go_on(ctx, &mut workspace, doing),
        (_, true, ..) => return sequence::skip(ctx, &mut workspace, doing),
        (_, _, true, _) => return sequence::abort(ctx, &mut workspace, doing),
        (_, _, _, true) => return sequence::quit(ctx, &mut workspace, doing),
        _ => {}
    }
    let commits = commits(&workspace, &args.commits, doing)?;
    let said = PickOptions {
        no_commit: args.no_commit,
        signoff: args.signoff,
        mainline: args.mainline,
        strategy: args.strategy.strategy_option.clone(),
        conflict: args.strategy.conflict.clone(),
        ..said
    };
    let options = merge_options(&workspace, &said)?;
    let mut picking = Picking::begin(&workspace, doing, commits, said, options)?;
    pick_all(ctx, &mut workspace, doing, &mut picking)
}

/// How trees are merged, as it was said.
pub(super) fn merge_options(
    workspace: &Workspace<'_>,
    said: &PickOptions,
) -> Result<MergeOptions, CommandError> {
    let strategy = StrategyArgs { strategy_option: said.strategy.clone(), conflict: said.conflict.clone() };
    strategy.options(workspace)
}

/// The commits that arguments name, in the order in which they are picked: of ranges the oldest first.
fn commits(
    workspace: &Workspace<'_>,
    texts: &[OsString],
    doing: Sequence,
) -> Result<Vec<ObjectId>, CommandError> {
    let is_range = |text: &OsString| {
        let bytes = text.as_encoded_bytes();
        bytes.starts_with(b"^") || bytes.find(b"..").is_some()
    };
    if !texts.iter().any(is_range) {
        return texts.iter().map(|text| Ok(revisions::resolve_found(workspace, text)?.id)).collect();
    }
    let set = revisions::resolve_ranges(workspace, texts)?;
    let walk = Walk::new(workspace.store(), &set.include, &set.exclude, WalkOptions::default())?;
    let mut found: Vec<ObjectId> = walk.map(|found| Ok(found?.0)).collect::<Result<_, CommandError>>()?;
    if found.is_empty() {
        return Err(usage("the range holds no commits"));
    }
    if doing == Sequence::CherryPick {
        found.reverse();
    }
    Ok(found)
}

/// Picks one commit after the other, until one has conflicts or changes nothing.
pub(super) fn pick_all(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    doing: Sequence,
    picking: &mut Picking,
) -> Result<Outcome, CommandError> {
    let mut outcome = Outcome::Done;
    loop {
        let picked = picking.next(workspace, ctx).map_err(CommandError::from);
        let shown = picked.and_then(|picked| {
            picked.map(|picked| show(ctx, workspace, doing, picking, &picked)).transpose()
        });
        match shown.map_err(|error| with_left(workspace, doing, picking, error))? {
            Some(shown) => outcome = shown,
            None => return Ok(outcome),
        }
    }
}

/// The error with a word about the commits that are left, where they wait.
fn with_left(
    workspace: &Workspace<'_>,
    doing: Sequence,
    picking: &Picking,
    error: CommandError,
) -> CommandError {
    let Some(left) = picking.left(workspace) else { return error };
    let (count, command) = (size::counted(left.count as u64, "commit"), doing.command());
    error.hint(format_args!(
        "{count} left, the next is {}: 'pond {command} --continue' goes on, --skip leaves that one out, --abort goes back to before all of them",
        left.next
    ))
}

impl From<PickError> for CommandError {
    fn from(error: PickError) -> Self {
        match error {
            PickError::Workspace(error) => error.into(),
            PickError::NoCommit | PickError::NoParents(_) => Self::from_error(Class::Fatal, &error),
            PickError::ChangesNothing { doing, .. } => nothing(&error).hint(match doing {
                Sequence::CherryPick => "nothing was committed; --allow-empty commits all the same",
                _ => "nothing was committed",
            }),
            PickError::WhichParent(_) => {
                fatal(&error).hint("-m 1 counts what it brought into its first parent")
            }
            PickError::NoSuchParent { short, parents, number } => usage(format_args!(
                "{short} has {}, and no parent {number}",
                size::counted(parents as u64, "parent")
            )),
        }
    }
}

/// Says what came of a commit.
fn show(
    ctx: &Context,
    workspace: &Workspace<'_>,
    doing: Sequence,
    picking: &Picking,
    picked: &Picked,
) -> Result<Outcome, CommandError> {
    let (ui, command, applied) = (&ctx.ui, doing.command(), &picked.applied);
    let left = size::counted(picking.count() as u64, "commit");
    if ui.is_json() {
        let conflicts: Vec<String> =
            picked.conflicts.iter().map(|path| escape::plain(path).into_owned()).collect();
        ui.json_row(&json!({
            "picked": picked.id.to_hex(),
            "commit": applied.commit.as_ref().map(|(id, _)| id.to_hex()),
            "files_changed": applied.changed,
            "conflicts": conflicts,
        }))?;
    }
    if let Some((made, commit)) = applied.commit.as_ref().filter(|_| !ui.is_quiet() && !ui.is_json()) {
        let place = workspace.head().branch.as_ref().map_or("detached HEAD", |branch| branch.short());
        let subject = escape::plain(commit.subject());
        ui.say(format_args!("[{place} {}] {subject}", short_id(workspace.store(), made)));
        ui.say(format_args!(" {} changed", size::counted(applied.changed as u64, "file")));
    }
    if applied.laid_out.interrupted {
        return Err(interrupted(
            "interrupted; the next command that changes the mirror writes the files that are missing",
        ));
    }
    let outcome = match picked.became {
        Became::Whole if applied.laid_out.failed.is_empty() => Outcome::Done,
        Became::Whole => Outcome::Partial,
        Became::Nothing => {
            ui.error(changes_nothing(doing, &short_id(workspace.store(), &picked.id)));
            ui.hint(format_args!("'pond {command} --skip' leaves it out; 'pond commit --allow-empty' records it, and 'pond {command} --continue' goes on; --abort goes back to before all of them"));
            Outcome::Differences
        }
        Became::Conflicts => {
            let verb = if doing == Sequence::Revert { "revert" } else { "apply" };
            ui.error(format_args!(
                "could not {verb} {}: decide about the files in conflict",
                escape::plain(&picked.name)
            ));
            if picking.is_staging() && picking.count() > 0 {
                ui.error(format_args!("{left} after it: not looked at, and nothing of them is staged"));
            }
            match picking.is_staging() {
                true => ui.hint(
                    "'pond add PATH' says that one is decided; 'pond undo' takes back all that was staged now",
                ),
                false => ui.hint(format_args!("'pond add PATH' says that one is decided; 'pond {command} --continue' goes on, --skip leaves this commit out, --abort goes back to before all of them")),
            }
            report::outcome_of_conflicts(ui, &applied.laid_out)
        }
    };
    let is_between = workspace.index().header().pending.as_ref().is_some_and(Pending::is_between);
    if outcome == Outcome::Partial && is_between {
        // What is not in the mirror as it should be would be in the way of the next.
        ui.error(format_args!("{left} after it: not looked at"));
        ui.hint(format_args!(
            "'pond {command} --continue' writes the files that are missing and goes on, --abort goes back to before all of them"
        ));
    }
    Ok(outcome)
}
