//! What `cherry-pick` and `revert` share: bringing the changes of single commits, or their contrary, into HEAD.
//!
//! Each commit is one operation, which says in the same step what comes after it. Whatever ends the command in between,
//! those that are left wait, with what was said about them; before the first is made, nothing was changed.

use crate::mirror::rearrange::Record;
use crate::report;
use std::ffi::OsString;

use bstr::{BString, ByteSlice};
use pond_history::{Walk, WalkOptions, short_id};
use pond_objects::merge::{Labels, MergeOptions};
use pond_objects::{Commit, ObjectId, ObjectSource as _, escape, trailers};
use serde_json::json;

use crate::args::strategy::StrategyArgs;
use crate::context::Context;
use crate::error::{CommandError, Outcome, fatal, interrupted, nothing, usage};
use crate::identity;
use crate::merging::{self, Then};
use crate::porcelain::sequence;
use crate::revisions;
use crate::text::size;
use crate::workspace::{self, Purpose, Workspace};
use pond_mirror::index::pending::{Pending, Sequence};
use pond_mirror::index::pick_options::PickOptions;

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

    /// Leave out the commit that waits, and go on
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
        workspace::open(ctx.session()?, Purpose::TakeBack)?
    } else {
        workspace::open(ctx.session()?, Purpose::Change)?
    };
    match (args.go_on, args.skip, args.abort, args.quit) {
        (true, ..) => return sequence::go_on(ctx, &mut workspace, doing),
        (_, true, ..) => return sequence::skip(ctx, &mut workspace, doing),
        (_, _, true, _) => return sequence::abort(ctx, &mut workspace, doing),
        (_, _, _, true) => return sequence::quit(ctx, &mut workspace, doing),
        _ => {}
    }
    merging::refuse_while_pending(&workspace, doing.command())?;
    let commits = commits(&workspace, &args.commits, doing)?;
    let said = PickOptions {
        no_commit: args.no_commit,
        signoff: args.signoff,
        mainline: args.mainline,
        strategy: args.strategy.strategy_option.clone(),
        conflict: args.strategy.conflict.clone(),
        ..said
    };
    let how = How { is_alone: commits.len() == 1, ..How::of(&workspace, said)? };
    pick_all(ctx, &mut workspace, doing, &commits, &how)
}

/// How commits are picked.
#[derive(Debug, Clone)]
struct How {
    /// What was said about all of them.
    said: PickOptions,
    /// It is the only commit of its sequence: nothing waits on its account where it changes nothing.
    is_alone: bool,
    /// How trees are merged.
    merge: MergeOptions,
}

impl How {
    fn of(workspace: &Workspace<'_>, said: PickOptions) -> Result<Self, CommandError> {
        let strategy =
            StrategyArgs { strategy_option: said.strategy.clone(), conflict: said.conflict.clone() };
        Ok(Self { merge: strategy.options(workspace)?, said, is_alone: false })
    }
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
fn pick_all(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    doing: Sequence,
    commits: &[ObjectId],
    how: &How,
) -> Result<Outcome, CommandError> {
    let mut rest = commits;
    while let Some((id, behind)) = rest.split_first() {
        let seq = workspace.snapshot.state().seq;
        let outcome = pick(ctx, workspace, doing, id, behind, how).map_err(|error| {
            // Once its operation is published, it is picked, whatever failed then.
            let left = if workspace.snapshot.state().seq == seq { rest } else { behind };
            with_left(workspace, doing, left, error)
        })?;
        if outcome == Outcome::Partial
            && workspace.index.header().pending.as_ref().is_some_and(Pending::is_between)
        {
            // What is not in the mirror as it should be would be in the way of the next.
            let (left, command) = (size::counted(behind.len() as u64, "commit"), doing.command());
            ctx.ui.error(format_args!("{left} after it: not looked at"));
            ctx.ui.hint(format_args!(
                "'pond {command} --continue' writes the files that are missing and goes on, --abort goes back to before all of them"
            ));
        }
        if outcome != Outcome::Done {
            return Ok(outcome);
        }
        rest = behind;
    }
    Ok(Outcome::Done)
}

/// The error with a word about the commits that are left, where they wait: before the first was picked, none do.
fn with_left(
    workspace: &Workspace<'_>,
    doing: Sequence,
    left: &[ObjectId],
    error: CommandError,
) -> CommandError {
    let was_waiting = workspace.index.header().pending.is_some();
    let Some(next) =
        left.first().filter(|_| was_waiting || workspace.session.first_operation.get().is_some())
    else {
        return error;
    };
    let (count, command) = (size::counted(left.len() as u64, "commit"), doing.command());
    let next = short_id(workspace.store(), next);
    error.hint(format_args!(
        "{count} left, the next is {next}: 'pond {command} --continue' goes on, --skip leaves that one out, --abort goes back to before all of them"
    ))
}

/// Goes on with the commits behind one that waited.
pub(super) fn go_on(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    doing: Sequence,
    queue: &[ObjectId],
    said: &PickOptions,
) -> Result<Outcome, CommandError> {
    let how = How::of(workspace, said.clone())?;
    pick_all(ctx, workspace, doing, queue, &how)
}

fn pick(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    doing: Sequence,
    id: &ObjectId,
    behind: &[ObjectId],
    how: &How,
) -> Result<Outcome, CommandError> {
    if !how.said.no_commit {
        merging::check_ready(workspace, doing.command())?;
    }
    let head = workspace.head.commit.ok_or_else(|| fatal("there is no commit yet to pick onto"))?;
    let store = workspace.store();
    let picked = store.commit(id)?;
    let parent = parent(workspace, id, &picked, how)?;
    let short = short_id(store, id);
    let name = BString::from(format!("{short} ({})", picked.subject().as_bstr()));
    let before = BString::from(format!("parent of {name}"));
    let combined = {
        let (base, theirs, labels) = match doing {
            Sequence::Revert => (Some(&picked), parent.as_ref(), [&name, &before]),
            _ => (parent.as_ref(), Some(&picked), [&before, &name]),
        };
        let labels = Labels { ours: "HEAD".into(), base: labels[0].as_bstr(), theirs: labels[1].as_bstr() };
        let (base, theirs) = (base.cloned(), theirs.cloned());
        merging::combine_change(workspace, [base.as_ref(), theirs.as_ref()], labels, &how.merge)?
    };
    let mut message = message(ctx, doing, id, &picked, how)?;
    let is_clean = combined.merged.is_clean;
    merging::tell(workspace, &combined.merged);
    let is_empty =
        is_clean && combined.merged.updates.is_empty() && !how.said.allow_empty && !how.said.no_commit;
    if is_empty && how.is_alone {
        return Err(changes_nothing(doing, &short));
    }
    let then = if is_empty {
        Then::Stage(Some(Pending::new(doing, &message, &[]).with_commit(*id).with_queue(behind, &how.said)))
    } else if is_clean && !how.said.no_commit {
        let committer = identity::committer(ctx)?;
        let author = match doing {
            Sequence::CherryPick => picked.author.clone(),
            _ => identity::author(ctx)?,
        };
        let record = Record { parents: vec![head], author, committer, message: message.clone() };
        Then::Commit(record, Pending::of_queue(doing, behind, &how.said))
    } else if is_clean {
        Then::Stage(Pending::of_queue(doing, behind, &how.said))
    } else if how.said.no_commit {
        Then::Stage(Some(Pending::new(Sequence::Conflicts, b"", &combined.merged.unmerged)))
    } else {
        message.extend_from_slice(&merging::conflict_lines(&combined.merged.unmerged));
        let pending = Pending::new(doing, &message, &combined.merged.unmerged);
        Then::Stage(Some(pending.with_commit(*id).with_queue(behind, &how.said)))
    };
    let kind = doing.command().to_uppercase().replace('-', "_");
    let subject = message.lines().next().unwrap_or_default().to_str_lossy().into_owned();
    let parameters = [("picked", id.to_hex()), ("message", subject)];
    let applied = merging::apply(workspace, &kind, &parameters, &combined, then)?;
    let ui = &ctx.ui;
    if ui.is_json() {
        let conflicts: Vec<String> =
            combined.merged.unmerged.iter().map(|one| escape::plain(&one.path).into_owned()).collect();
        ui.json_row(&json!({
            "picked": id.to_hex(),
            "commit": applied.commit.as_ref().map(|(id, _)| id.to_hex()),
            "files_changed": applied.changed,
            "conflicts": conflicts,
        }))?;
    }
    if let Some((made, commit)) = &applied.commit {
        let place = workspace.head.branch.as_ref().map_or("detached HEAD", |branch| branch.short());
        let subject = escape::plain(commit.subject()).into_owned();
        if !ui.is_quiet() && !ui.is_json() {
            ui.say(format_args!("[{place} {}] {subject}", short_id(workspace.store(), made)));
            ui.say(format_args!(" {} changed", size::counted(applied.changed as u64, "file")));
        }
    }
    if applied.laid_out.interrupted {
        return Err(interrupted(
            "interrupted; the next command that changes the mirror writes the files that are missing",
        ));
    }
    if is_empty {
        let command = doing.command();
        ui.error(empty(doing, &short));
        ui.hint(format_args!("'pond {command} --skip' leaves it out; 'pond commit --allow-empty' records it, and 'pond {command} --continue' goes on; --abort goes back to before all of them"));
        return Ok(Outcome::Differences);
    }
    if !is_clean {
        let verb = if doing == Sequence::Revert { "revert" } else { "apply" };
        ui.error(format_args!(
            "could not {verb} {}: decide about the files in conflict",
            escape::plain(&name)
        ));
        let command = doing.command();
        if how.said.no_commit {
            if !behind.is_empty() {
                let left = size::counted(behind.len() as u64, "commit");
                ui.error(format_args!("{left} after it: not looked at, and nothing of them is staged"));
            }
            ui.hint(
                "'pond add PATH' says that one is decided; 'pond undo' takes back all that was staged now",
            );
            return Ok(report::outcome_of_conflicts(&ctx.ui, &applied.laid_out));
        }
        ui.hint(format_args!("'pond add PATH' says that one is decided; 'pond {command} --continue' goes on, --skip leaves this commit out, --abort goes back to before all of them"));
        return Ok(report::outcome_of_conflicts(&ctx.ui, &applied.laid_out));
    }
    Ok(if applied.laid_out.failed.is_empty() { Outcome::Done } else { Outcome::Partial })
}

/// What is the matter with a commit that has nothing to bring, or nothing left to be taken out.
fn empty(doing: Sequence, short: &str) -> String {
    match doing {
        Sequence::Revert => {
            format!("reverting {short} changes nothing here: HEAD has nothing of what it brought")
        }
        _ => format!("{short} changes nothing here: HEAD has what it would bring"),
    }
}

/// The error of a single one.
fn changes_nothing(doing: Sequence, short: &str) -> CommandError {
    nothing(empty(doing, short)).hint(match doing {
        Sequence::CherryPick => "nothing was committed; --allow-empty commits all the same",
        _ => "nothing was committed",
    })
}

/// The version that a commit is compared with.
fn parent(
    workspace: &Workspace<'_>,
    id: &ObjectId,
    picked: &Commit,
    how: &How,
) -> Result<Option<Commit>, CommandError> {
    let short = short_id(workspace.store(), id);
    let parent = match (how.said.mainline, picked.parents.len()) {
        (None, 0 | 1) => picked.parents.first(),
        (None, _) => {
            return Err(fatal(format_args!("{short} is a merge: which of its parents is the main line?"))
                .hint("-m 1 counts what it brought into its first parent"));
        }
        (Some(_), 0) => return Err(fatal(format_args!("{short} has no parent: -m can't be given for it"))),
        (Some(number), parents) => {
            Some(number.checked_sub(1).and_then(|at| picked.parents.get(at)).ok_or_else(|| {
                usage(format_args!(
                    "{short} has {}, and no parent {number}",
                    size::counted(parents as u64, "parent")
                ))
            })?)
        }
    };
    Ok(parent.map(|id| workspace.store().commit(id)).transpose()?)
}

fn message(
    ctx: &Context,
    doing: Sequence,
    id: &ObjectId,
    picked: &Commit,
    how: &How,
) -> Result<BString, CommandError> {
    let mut message = match doing {
        Sequence::Revert => {
            let subject = picked.subject().to_str_lossy().into_owned();
            let again = subject.strip_prefix("Revert \"").and_then(|text| text.strip_suffix('"'));
            let first = match again.filter(|text| !text.starts_with("Revert \"")) {
                Some(text) => format!("Reapply \"{text}\""),
                None => format!("Revert \"{subject}\""),
            };
            let merge = match how.said.mainline.and_then(|number| picked.parents.get(number - 1)) {
                Some(parent) => format!(", reversing\nchanges made to {parent}"),
                None => String::new(),
            };
            BString::from(format!("{first}\n\nThis reverts commit {id}{merge}.\n"))
        }
        _ => picked.message.clone(),
    };
    if how.said.mention {
        let has_trailers = !trailers::parse(&message).is_empty();
        let line = format!("{}(cherry picked from commit {id})\n", if has_trailers { "" } else { "\n" });
        if !message.ends_with(b"\n") {
            message.push(b'\n');
        }
        message.extend_from_slice(line.as_bytes());
    }
    if how.said.signoff {
        let who = identity::committer(ctx)?;
        let value = format!("{} <{}>", who.name, who.email);
        message = trailers::add_trailer(&message, "Signed-off-by", value.as_bytes()).into();
    }
    Ok(message)
}
