//! `pond merge`: join another history to the current branch.

mod squash;

use std::ffi::OsString;

use bstr::{BString, ByteSlice};
use pond_history::short_id;
use pond_mirror::index::pending::Sequence;
use pond_objects::message::{self as tidying, Cleanup};
use pond_objects::{ObjectId, escape};
use pond_refs::{Found, Namespace};
use pond_workspace::Applied;
use pond_workspace::merge::{self, Forward, MergeDone, MergeError, MergeRequest, Way};
use pond_workspace::{Purpose, Workspace, open};
use serde_json::json;

use crate::args::strategy::StrategyArgs;
use crate::context::Context;
use crate::editor;
use crate::error::{CommandError, Outcome, fatal, interrupted, usage};
use crate::identity;
use crate::porcelain::sequence;
use crate::report;
use crate::revisions;
use crate::text::size;

/// Join another history to the current branch
///
/// Where the current branch has nothing that the other lacks, it is moved on ("fast-forward"). Otherwise the changes of both
/// sides are brought together, file by file and line by line, and become a commit with two parents. What does not go
/// together is left to you: the files hold both versions between markers, 'pond status' lists them, 'pond add' says that one
/// is decided, and 'pond merge --continue' ends the merge. Nothing that is not committed is overwritten.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Files of text are merged by line, whatever their size. Of a file above 16 MiB only the lines that a side changed are merged.
Where changes of both sides meet in more than 32 MiB, all lines there that ours and theirs do not share are in conflict.

Examples:
  pond merge field-notes
  pond merge --no-ff -m 'Join the spring campaign' spring
  pond merge -X theirs board          where lines collide, take those of 'board'
  pond checkout --theirs log.csv      while a merge waits: take their version of a file
  pond merge --abort                  back to before it

Exit codes: 0; 1 conflicts, or something that is not committed stands in the way; 3 some files could not be written;
128; 129; 130.")]
pub(crate) struct MergeArgs {
    /// The message of the commit
    #[arg(short, long, value_name = "TEXT")]
    message: Vec<String>,

    /// Make a commit even where the branch could be moved on
    #[arg(long, overrides_with_all = ["ff", "ff_only"])]
    no_ff: bool,

    /// Move the branch on where that is possible (the default)
    #[arg(long, overrides_with_all = ["no_ff", "ff_only"])]
    ff: bool,

    /// Do nothing unless the branch can be moved on
    #[arg(long, overrides_with_all = ["no_ff", "ff"])]
    ff_only: bool,

    /// Stage what a merge would commit, without a merge: the next commit has one parent, and is offered a message that
    /// lists the commits
    #[arg(long, conflicts_with = "no_ff")]
    squash: bool,

    /// Stage the result; 'pond merge --continue' commits it
    #[arg(long)]
    no_commit: bool,

    /// Edit the message first
    #[arg(short, long)]
    edit: bool,

    /// Take the message as it is (the default)
    #[arg(long, overrides_with = "edit")]
    no_edit: bool,

    /// Also where the histories have nothing in common
    #[arg(long)]
    allow_unrelated_histories: bool,

    #[command(flatten)]
    strategy: StrategyArgs,

    /// Commit a merge whose conflicts are decided
    #[arg(long = "continue", group = "going_on")]
    go_on: bool,

    /// Go back to before the merge; what was decided meanwhile is stored in the pond
    #[arg(long, group = "going_on")]
    abort: bool,

    /// Forget the merge, and leave files and index as they are
    #[arg(long, group = "going_on")]
    quit: bool,

    /// The branch or commit to merge
    #[arg(value_name = "COMMIT", conflicts_with = "going_on", required_unless_present = "going_on")]
    commit: Option<OsString>,

    /// More of them, which git joins in one commit
    #[arg(value_name = "COMMIT", hide = true, conflicts_with = "going_on")]
    more: Vec<OsString>,
}

pub(crate) fn run(ctx: &Context, args: MergeArgs) -> Result<Outcome, CommandError> {
    refuse_several(&args)?;
    let mut workspace = if args.abort {
        open(ctx.session()?, Purpose::TakeBack)?
    } else {
        open(ctx.session()?, Purpose::Change)?
    };
    if args.go_on {
        return sequence::go_on(ctx, &mut workspace, Sequence::Merge);
    }
    if args.abort {
        return sequence::abort(ctx, &mut workspace, Sequence::Merge);
    }
    if args.quit {
        return sequence::quit(ctx, &mut workspace, Sequence::Merge);
    }
    let text = args.commit.clone().expect("BUG: the parser asks for a commit");
    let theirs = revisions::resolve_found(&workspace, &text)?;
    let request = MergeRequest {
        theirs: theirs.id,
        name: BString::from(text.as_encoded_bytes()),
        forward: match (args.no_ff, args.ff_only) {
            (true, _) => Forward::Never,
            (_, true) => Forward::Only,
            _ => Forward::IfPossible,
        },
        squash: args.squash,
        no_commit: args.no_commit,
        unrelated: args.allow_unrelated_histories,
    };
    match merge::way(&workspace, &request)? {
        Way::UpToDate => up_to_date(ctx, &workspace),
        Way::Forward => fast_forward(ctx, &mut workspace, &request),
        Way::Join(ours) => three_way(ctx, &mut workspace, &args, &request, &theirs, ours),
    }
}

impl From<MergeError> for CommandError {
    fn from(error: MergeError) -> Self {
        match error {
            MergeError::Workspace(error) => error.into(),
            MergeError::Unrelated => fatal(&error)
                .hint("nothing was changed; --allow-unrelated-histories merges them all the same"),
            MergeError::NotForward => {
                fatal(&error).hint("nothing was changed; without --ff-only a merge is made")
            }
            MergeError::NoCommit => {
                fatal(&error).hint("without --squash and --no-ff the branch begins at the other one")
            }
        }
    }
}

/// Refuses what would be a commit of more than two parents.
fn refuse_several(args: &MergeArgs) -> Result<(), CommandError> {
    if args.more.is_empty() {
        return Ok(());
    }
    let all = args.commit.iter().chain(&args.more);
    let commands: Vec<String> =
        all.map(|text| format!("'pond merge {}'", escape::plain(text.as_encoded_bytes()))).collect();
    Err(usage("one commit is merged at a time")
        .hint(format_args!("nothing was changed; merge one after the other: {}", commands.join(", "))))
}

fn up_to_date(ctx: &Context, workspace: &Workspace<'_>) -> Result<Outcome, CommandError> {
    let ui = &ctx.ui;
    if ui.is_json() {
        ui.json(&json!({ "result": "up-to-date", "commit": workspace.head().commit.map(|id| id.to_hex()) }))?;
    }
    ui.status("already up to date");
    Ok(Outcome::Done)
}

/// Moves the branch on to a commit that follows it.
fn fast_forward(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    request: &MergeRequest,
) -> Result<Outcome, CommandError> {
    let moved = merge::forward(workspace, request)?;
    let (ui, ours) = (&ctx.ui, moved.before.commit);
    let changed = moved.laid_out.written.len() + moved.laid_out.removed.len();
    if ui.is_json() {
        ui.json(&json!({
            "result": "fast-forward",
            "old": ours.map(|id| id.to_hex()),
            "commit": request.theirs.to_hex(),
            "files_changed": changed,
        }))?;
    }
    let from = ours.map_or_else(|| "nothing".to_owned(), |id| short_id(workspace.store(), &id));
    ui.status(format_args!("updating {from}..{}", short_id(workspace.store(), &request.theirs)));
    ui.status(format_args!("fast-forward: {} changed", size::counted(changed as u64, "file")));
    end(moved.laid_out.interrupted, moved.laid_out.failed.is_empty())
}

fn three_way(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    args: &MergeArgs,
    request: &MergeRequest,
    theirs: &Found,
    ours: ObjectId,
) -> Result<Outcome, CommandError> {
    let options = args.strategy.options(workspace)?;
    // What is wrong with it is said before anything is merged.
    identity::author(ctx)?;
    let joined = merge::join(workspace, request, ours, &options)?;
    let mut message = match args.squash && args.message.is_empty() {
        true => squash::message(workspace, ours, theirs.id)?,
        false => message(ctx, workspace, args, &request.name, theirs)?,
    };
    if joined.is_committed && args.edit {
        message = edit(ctx, workspace, &message)?;
    }
    let MergeDone { applied, merged } = merge::record(workspace, request, joined, message, ctx)?;
    report(ctx, workspace, &applied, &merged, args.squash)?;
    if !merged.is_clean && !applied.laid_out.interrupted {
        return Ok(report::outcome_of_conflicts(&ctx.ui, &applied.laid_out));
    }
    end(applied.laid_out.interrupted, applied.laid_out.failed.is_empty())
}

fn end(is_interrupted: bool, is_whole: bool) -> Result<Outcome, CommandError> {
    match (is_interrupted, is_whole) {
        (true, _) => Err(interrupted(
            "interrupted; the merge is recorded, and the next command that changes the mirror writes the files that are missing",
        )),
        (false, true) => Ok(Outcome::Done),
        (false, false) => Ok(Outcome::Partial),
    }
}

fn report(
    ctx: &Context,
    workspace: &Workspace<'_>,
    applied: &Applied,
    merged: &pond_objects::merge::Merged,
    squash: bool,
) -> Result<(), CommandError> {
    let ui = &ctx.ui;
    if ui.is_json() {
        let conflicts: Vec<String> =
            merged.unmerged.iter().map(|one| escape::plain(&one.path).into_owned()).collect();
        let result = match (&applied.commit, merged.is_clean) {
            (Some(_), _) => "merged",
            (None, true) => "staged",
            (None, false) => "conflicts",
        };
        ui.json(&json!({
            "result": result,
            "commit": applied.commit.as_ref().map(|(id, _)| id.to_hex()),
            "files_changed": applied.changed,
            "conflicts": conflicts,
            "messages": merged.messages.iter().map(|message| message.text.clone()).collect::<Vec<_>>(),
        }))?;
    }
    match &applied.commit {
        Some((id, commit)) => {
            let subject = escape::plain(commit.subject()).into_owned();
            ui.status(format_args!("merged as {} {subject}", short_id(workspace.store(), id)));
            ui.status(format_args!("  {} changed", size::counted(applied.changed as u64, "file")));
        }
        None if !merged.is_clean && squash => {
            ui.error("automatic merge failed: decide about the files in conflict, then commit");
            ui.hint("'pond status' lists them; 'pond add PATH' says that one is decided; 'pond commit' records all of it, without a merge; 'pond reset --hard' gives it up");
        }
        None if !merged.is_clean => {
            ui.error("automatic merge failed: decide about the files in conflict, then commit");
            ui.hint("'pond status' lists them; 'pond add PATH' says that one is decided; 'pond merge --continue' ends the merge, 'pond merge --abort' goes back");
        }
        None if squash => ui.status("the changes are staged; 'pond commit' records them, without a merge"),
        None => ui.status("the merge went well; 'pond merge --continue' commits it, as was asked for"),
    }
    Ok(())
}

/// `Merge branch 'x' into y`, as git words it.
fn message(
    ctx: &Context,
    workspace: &Workspace<'_>,
    args: &MergeArgs,
    name: &BString,
    theirs: &Found,
) -> Result<BString, CommandError> {
    if !args.message.is_empty() {
        let cleanup = Cleanup::from_word("default", false).expect("BUG: the default is a mode");
        return Ok(cleanup.apply(args.message.join("\n\n").as_bytes()).into());
    }
    let what = match theirs.reference.as_ref().map(|name| (name.namespace(), name.short())) {
        Some((Namespace::Branch, short)) => format!("branch '{short}'"),
        Some((Namespace::Tag, short)) => format!("tag '{short}'"),
        Some((Namespace::Remote, short)) => format!("remote-tracking branch '{short}'"),
        None => format!("commit '{name}'"),
    };
    let main = ctx.config()?.string("init.defaultBranch")?.unwrap_or_else(|| "main".to_owned());
    let into = match &workspace.head().branch {
        Some(branch) if branch.short() == main || branch.short() == "master" => String::new(),
        Some(branch) => format!(" into {}", branch.short()),
        None => " into HEAD".to_owned(),
    };
    Ok(format!("Merge {what}{into}\n").into())
}

fn edit(ctx: &Context, workspace: &Workspace<'_>, message: &BString) -> Result<BString, CommandError> {
    let path = workspace.pond().pond_dir().join("MERGE_MSG");
    let template = format!(
        "{}\n# Lines that start with '#' are left out; an empty message ends the merge.\n",
        message.to_str_lossy()
    );
    let cleanup = Cleanup::from_word("strip", true).expect("BUG: strip is a mode");
    let text = cleanup.apply(editor::edit(ctx, &path, &template)?.as_bytes());
    if tidying::is_empty(&text) {
        return Err(crate::error::nothing("the message is empty; nothing was changed"));
    }
    Ok(text.into())
}
