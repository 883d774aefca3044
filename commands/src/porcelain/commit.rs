//! `pond commit`: record what is staged as a version.

mod errors;
mod nothing;

use std::path::PathBuf;

use bstr::{BString, ByteSlice};
use pond_mirror::index::pending::Pending;
use pond_objects::message::{self as tidying, Cleanup};
use pond_objects::{Change, ObjectId, Signature, escape, trailers};
use pond_workspace::StagedChanges;
use pond_workspace::commit::{
    self, CommitError, CommitRequest, Committed, Concluded, Draft, NextCommit, Scope, message_of,
};
use pond_workspace::{Purpose, Workspace, open};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::context::Context;
use crate::editor;
use crate::error::{CommandError, Outcome, nothing, usage};
use crate::identity;
use crate::message;
use crate::porcelain::path_args::PathArgs;
use crate::text::size;
use crate::time;
use crate::ui::changes_json::{change_json, failed_rows};

/// Record what is staged as a version
///
/// The commit is one atomic version of the pond's table: after a crash it is there or it is not. It is durable when the
/// command has ended.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Without -m or -F an editor is started (POND_EDITOR, core.editor, VISUAL, EDITOR). A message without text ends the
command, and nothing is committed.

With PATHs only these are committed, as they are in the mirror, and what else is staged stays staged. They are tracked paths:
'pond add' tracks a new file first.

Examples:
  pond commit -m 'June readings'
  pond commit -m 'The weir alone' stations/weir
  pond commit -am 'June readings' --trailer 'Station: 7'
  pond commit --amend          the last commit again, with what is staged now

Exit codes: 0; 1 nothing to commit, or an empty message; 3 some paths could not be staged: with -a the others were
committed, with PATHs nothing was; 128; 129; 130.")]
pub(crate) struct CommitArgs {
    /// The message; several are paragraphs
    #[arg(short, long, value_name = "TEXT")]
    message: Vec<String>,

    /// Take the message from FILE; '-' is standard input
    #[arg(short = 'F', long, value_name = "FILE", conflicts_with = "message")]
    file: Option<PathBuf>,

    /// Stage modified and deleted files first
    #[arg(short, long)]
    all: bool,

    /// Commit only the PATHs, as without -i; with --amend and no PATH: nothing of what is staged
    #[arg(short, long, conflicts_with = "include")]
    only: bool,

    /// Stage the PATHs first, and commit all that is staged
    #[arg(short, long)]
    include: bool,

    #[command(flatten)]
    paths: PathArgs,

    /// Take the place of the last commit
    #[arg(long)]
    amend: bool,

    /// Keep the message: of the commit with --amend, else the one that a merge or the like prepared
    #[arg(long)]
    no_edit: bool,

    /// Commit although nothing changed
    #[arg(long)]
    allow_empty: bool,

    /// Commit with an empty message
    #[arg(long)]
    allow_empty_message: bool,

    /// Another author: 'Name <address>'
    #[arg(long, value_name = "AUTHOR")]
    author: Option<String>,

    /// Another author's date
    #[arg(long, value_name = "DATE")]
    date: Option<String>,

    /// With --amend: the author and date are those of now
    #[arg(long, requires = "amend")]
    reset_author: bool,

    /// Add a trailer 'KEY: VALUE' to the message (repeatable)
    #[arg(long, value_name = "TRAILER")]
    trailer: Vec<String>,

    /// How the message is tidied: default, strip, whitespace, scissors, verbatim
    #[arg(long, value_name = "MODE")]
    cleanup: Option<String>,

    /// Only say what would be committed
    #[arg(short = 'n', long)]
    dry_run: bool,
}

pub(crate) fn run(ctx: &Context, args: CommitArgs) -> Result<Outcome, CommandError> {
    let mut workspace = open(ctx.session()?, Purpose::Change)?;
    workspace.need_mirror()?;
    let scope = scope(&workspace, &args)?;
    let request = CommitRequest { scope, amend: args.amend, allow_empty: args.allow_empty };
    commit::begin(&workspace, &request)?;
    if args.dry_run {
        return dry_run(ctx, &workspace, &request);
    }
    let tracked = commit::stage(&mut workspace, &request).inspect_err(|error| name_failed_of(ctx, error))?;
    name_failed(ctx, &tracked.failed);
    let failed = tracked.failed.clone();
    let next = commit::prepare(&mut workspace, &request, tracked)?;
    let changes = next.changes(&workspace);
    next.refuse_empty(&workspace, &changes, &request)?;
    let draft = draft(ctx, &workspace, &args, &next, &changes)?;
    let done = commit::record(&mut workspace, &next, &changes, draft)?;
    report(ctx, &workspace, &done, &changes, &failed)?;
    if failed.is_empty() {
        return Ok(Outcome::Done);
    }
    ctx.ui.hint("the commit has these files as the one before it; 'pond commit -a' tries them again");
    Ok(Outcome::Partial)
}

/// What is committed, as the command line has it.
fn scope(workspace: &Workspace<'_>, args: &CommitArgs) -> Result<Scope, CommandError> {
    if args.paths.is_empty() {
        return match (args.all, args.include, args.only) {
            (_, true, _) => Err(usage("--include needs paths")),
            (true, _, true) => Err(usage("--only and -a exclude each other")),
            (_, _, true) if !args.amend => Err(usage("--only needs paths, or --amend")),
            (_, _, true) => Ok(Scope::Nothing),
            (all, ..) => Ok(if all { Scope::All } else { Scope::Staged }),
        };
    }
    if args.all {
        return Err(usage("paths and -a exclude each other").hint("-a stages all that is tracked"));
    }
    let pathspecs = args.paths.pathspecs(workspace)?;
    Ok(if args.include { Scope::Include(pathspecs) } else { Scope::Only(pathspecs) })
}

fn name_failed(ctx: &Context, failed: &[(BString, String)]) {
    for (path, error) in failed {
        ctx.ui.error(format_args!("{}: {error}", escape::quoted(path)));
    }
}

/// Names the files for which nothing was committed.
fn name_failed_of(ctx: &Context, error: &CommitError) {
    if let CommitError::NotLookedAt(failed) | CommitError::NotStaged(failed) = error {
        name_failed(ctx, failed);
    }
}

/// Prints what would be committed.
fn dry_run(
    ctx: &Context,
    workspace: &Workspace<'_>,
    request: &CommitRequest,
) -> Result<Outcome, CommandError> {
    let foretold = commit::foretell(workspace, request).inspect_err(|error| name_failed_of(ctx, error))?;
    let (ui, changes) = (&ctx.ui, &foretold.changes);
    if ui.is_json() {
        ui.json(&json!({
            "branch": workspace.head().branch.as_ref().map(|branch| branch.short()),
            "parents": foretold.parents.iter().map(ObjectId::to_hex).collect::<Vec<_>>(),
            "changes": changes.iter().map(|change| change_json(change, None)).collect::<Vec<_>>(),
            "files_changed": changes.len(),
            "dry_run": true,
        }))?;
    } else {
        for change in changes {
            ui.say(format_args!("{} {}", word(change), escape::quoted(&change.path)));
        }
    }
    Ok(if changes.is_empty() { Outcome::Nothing } else { Outcome::Done })
}

/// What the commit says. Whatever is wrong with its people is said before an editor is started; it is made after that.
fn draft(
    ctx: &Context,
    workspace: &Workspace<'_>,
    args: &CommitArgs,
    next: &NextCommit,
    changes: &StagedChanges<'_>,
) -> Result<Draft, CommandError> {
    let author = author(ctx, args, next.kept_author(workspace)?)?;
    identity::committer(ctx)?;
    let message = message(ctx, workspace, args, next, changes)?;
    Ok(Draft { message, author, committer: identity::committer(ctx)? })
}

/// Says what a commit that waited has become.
pub(super) fn report_concluded(
    ctx: &Context,
    workspace: &Workspace<'_>,
    concluded: &Concluded,
) -> Result<(), CommandError> {
    report(ctx, workspace, &concluded.committed, &concluded.next.changes(workspace), &[])
}

fn word(change: &Change) -> &'static str {
    match (&change.old, &change.new) {
        _ if change.old_path.is_some() => "renamed",
        (None, _) => "added",
        (_, None) => "deleted",
        _ => "modified",
    }
}

fn message(
    ctx: &Context,
    workspace: &Workspace<'_>,
    args: &CommitArgs,
    next: &NextCommit,
    changes: &StagedChanges<'_>,
) -> Result<BString, CommandError> {
    let trailers = args.trailer.iter().map(|given| trailer(given)).collect::<Result<Vec<_>, _>>()?;
    let waiting = next.waiting.as_ref();
    let kept = next.amended.as_ref().map(|commit| commit.message.clone());
    let kept = kept.or_else(|| waiting.and_then(Pending::prepared_message));
    let is_edited = args.message.is_empty() && args.file.is_none() && !args.no_edit;
    let cleanup = Cleanup::from_word(args.cleanup.as_deref().unwrap_or("default"), is_edited)
        .ok_or_else(|| usage("--cleanup is one of default, strip, whitespace, scissors, verbatim"))?;
    let mut text = if !args.message.is_empty() {
        cleanup.apply(args.message.join("\n\n").as_bytes())
    } else if let Some(file) = &args.file {
        cleanup.apply(&message::read(file)?)
    } else if args.no_edit {
        match (&next.amended, waiting) {
            (None, Some(waiting)) => message_of(waiting).into(),
            _ => kept.unwrap_or_default().into(),
        }
    } else {
        let kept = kept.unwrap_or_default().to_str_lossy().into_owned();
        let template = template(workspace, &kept, changes, cleanup);
        let path = workspace.pond().pond_dir().join("COMMIT_EDITMSG");
        cleanup.apply(editor::edit(ctx, &path, &template)?.as_bytes())
    };
    if tidying::is_empty(&text) && !args.allow_empty_message {
        return Err(nothing("the message is empty; nothing was committed")
            .hint("-m TEXT gives one; --allow-empty-message commits without"));
    }
    for trailer in &trailers {
        text = trailers::add_trailer(&text, &trailer.key, &trailer.value);
    }
    Ok(text.into())
}

fn trailer(given: &str) -> Result<trailers::Trailer, CommandError> {
    trailers::parse_argument(given).ok_or_else(|| {
        usage(format_args!("'{}' is no trailer: expected 'KEY: VALUE'", escape::plain(given.as_bytes())))
    })
}

fn template(workspace: &Workspace<'_>, kept: &str, changes: &StagedChanges<'_>, cleanup: Cleanup) -> String {
    let mut text = format!("{kept}\n");
    match cleanup {
        Cleanup::Scissors => text.push_str(&tidying::scissors()),
        Cleanup::Strip => {
            text.push_str("# Write the message above. Lines that start with '#' are left out;\n")
        }
        // Every line is kept, so there is nothing to explain in.
        Cleanup::Whitespace | Cleanup::Verbatim => return text,
    }
    text.push_str("# without a message nothing is committed.\n#\n");
    if let Some(branch) = &workspace.head().branch {
        text.push_str(&format!("# On branch {}\n", branch.short()));
    }
    text.push_str("# To be committed:\n");
    for change in changes.iter().take(100) {
        text.push_str(&format!("#   {} {}\n", word(&change), escape::quoted(&change.path)));
    }
    let more = changes.iter().skip(100).count();
    if more > 0 {
        text.push_str(&format!("#   and {more} more\n"));
    }
    text
}

fn author(ctx: &Context, args: &CommitArgs, kept: Option<Signature>) -> Result<Signature, CommandError> {
    let mut author = match kept.filter(|_| !args.reset_author) {
        Some(kept) => kept,
        None => identity::author(ctx)?,
    };
    if let Some(text) = &args.author {
        author = identity::parse(text, author.when)?;
    }
    if let Some(text) = &args.date {
        author.when = time::parse(text, pond_refs::DayTime::Same)?;
    }
    Ok(author)
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    commit: String,
    tree: String,
    parents: Vec<String>,
    branch: Option<&'a str>,
    subject: String,
    delta_version: u64,
    files_changed: usize,
    stored_bytes: u64,
    /// With `-a`, tracked files that could not be staged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed: Vec<Map<String, Value>>,
}

fn report(
    ctx: &Context,
    workspace: &Workspace<'_>,
    done: &Committed,
    changes: &StagedChanges<'_>,
    failed: &[(BString, String)],
) -> Result<(), CommandError> {
    let ui = &ctx.ui;
    let subject = done.commit.subject();
    let branch = workspace.head().branch.as_ref().map(|branch| branch.short());
    if ui.is_json() {
        return ui.json(&Report {
            commit: done.id.to_hex(),
            tree: done.commit.tree.to_hex(),
            parents: done.commit.parents.iter().map(ObjectId::to_hex).collect(),
            branch,
            subject: subject.to_str_lossy().into_owned(),
            delta_version: done.version,
            files_changed: changes.iter().count(),
            stored_bytes: done.stored,
            failed: failed_rows(failed),
        });
    }
    if ui.is_quiet() {
        return Ok(());
    }
    let root = if done.commit.parents.is_empty() { " (root-commit)" } else { "" };
    let place = branch.unwrap_or("detached HEAD");
    ui.say(format_args!("[{place}{root} {}] {}", done.id.short(), escape::prose(subject)));
    ui.say(format_args!(" {}; {} stored", summary(changes), size::human(done.stored)));
    Ok(())
}

/// `3 files changed: 1 added, 2 modified`.
fn summary(changes: &StagedChanges<'_>) -> String {
    const WORDS: [&str; 4] = ["added", "modified", "renamed", "deleted"];
    let mut counts = WORDS.map(|_| 0);
    for change in changes.iter() {
        let word = word(&change);
        WORDS.iter().zip(&mut counts).filter(|(other, _)| **other == word).for_each(|(_, count)| *count += 1);
    }
    let found = WORDS.iter().zip(counts).filter(|(_, count)| *count > 0);
    let parts: Vec<String> = found.map(|(word, count)| format!("{count} {word}")).collect();
    let files = size::counted(counts.iter().sum(), "file");
    match parts.is_empty() {
        true => format!("{files} changed"),
        false => format!("{files} changed: {}", parts.join(", ")),
    }
}
