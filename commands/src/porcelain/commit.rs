//! `pond commit`: record what is staged as a version.

mod dry_run;
mod nothing;
mod scope;
mod tracked;

use std::path::PathBuf;

use bstr::{BString, ByteSlice};
use pond_objects::node::NodeTable;
use pond_objects::{Change, Commit, ObjectId, ObjectSource, Signature, escape, trailers};
use pond_refs::Head;
use pond_refs::{Expected, RefEdit};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::context::Context;
use crate::editor;
use crate::error::{CommandError, Outcome, fatal, nothing, partial, usage};
use crate::message::{self, Cleanup};
use crate::mirror::footprint::Footprint;
use crate::mirror::lost_content;
use crate::mirror::next_commit::StagedChanges;
use crate::mirror::rebase;
use crate::mirror::record::NewCommit;
use crate::porcelain::path_args::PathArgs;
use crate::porcelain::sequence;
use crate::text::size;
use crate::ui::changes_json::failed_rows;
use crate::workspace::{self, Purpose, Workspace};
use crate::{identity, time, transact};
use pond_mirror::index::pending::Pending;
use pond_mirror::index::{EntryRef, Header, Index, Seen};
use scope::Scope;
use tracked::{Tracked, stage_tracked};

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

/// What the commit follows.
struct Base {
    parents: Vec<ObjectId>,
    /// The commit whose place is taken.
    amended: Option<Commit>,
    /// The index as compared with the first parent.
    index: Index,
    nodes: NodeTable,
    /// Whether something may be staged that the commit leaves out.
    is_partial: bool,
}

pub(crate) fn run(ctx: &Context, args: CommitArgs) -> Result<Outcome, CommandError> {
    let mut workspace = workspace::open(ctx.session()?, Purpose::Change)?;
    workspace.need_mirror()?;
    refuse_to_amend_what_waits(&workspace, &args)?;
    let scope = Scope::of(&workspace, &args)?;
    if args.dry_run {
        let base = base(&workspace, args.amend, &scope)?;
        let changes = StagedChanges::find(&base.index, &base.nodes, workspace.store());
        return dry_run::dry_run(ctx, &workspace, &scope, &base, changes.iter().collect());
    }
    // Before -a: what is in conflict is decided one by one.
    sequence::refuse_unmerged(&workspace)?;
    let mut tracked = Tracked::default();
    if scope.stages() {
        // Where nothing is committed, nothing is staged either.
        workspace.hold_index();
        tracked = stage_tracked(ctx, &mut workspace, scope.pathspecs())?;
    }
    lost_content::require_none(&mut workspace)?;
    let base = base(&workspace, args.amend, &scope)?;
    let changes = StagedChanges::find(&base.index, &base.nodes, workspace.store());
    let draft = prepare(ctx, &mut workspace, &args, (&base, &changes), &mut tracked)?;
    let failed = tracked.failed;
    let done = publish(&mut workspace, &base, &changes, draft)?;
    report(ctx, &workspace, &done, &changes, &failed)?;
    if failed.is_empty() {
        return Ok(Outcome::Done);
    }
    ctx.ui.hint("the commit has these files as the one before it; 'pond commit -a' tries them again");
    Ok(Outcome::Partial)
}

fn refuse_to_amend_what_waits(workspace: &Workspace<'_>, args: &CommitArgs) -> Result<(), CommandError> {
    let waiting = workspace.index.header().pending.as_ref().filter(|_| args.amend);
    waiting.filter(|waiting| waiting.is_commit_due()).map_or(Ok(()), |waiting| {
        Err(fatal(format_args!("{}: there is nothing to amend yet", waiting.doing.matter()))
            .hint("commit it without --amend first"))
    })
}

/// Everything that a commit needs; its author and message may be asked for.
fn prepare(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    args: &CommitArgs,
    (base, changes): (&Base, &StagedChanges<'_>),
    tracked: &mut Tracked,
) -> Result<Draft, CommandError> {
    // A merge is recorded even where it changes nothing.
    let joins = base.parents.len() > 1;
    if changes.is_empty() && !args.allow_empty && !args.amend && !joins {
        return Err(match tracked.failed.is_empty() {
            true => nothing::error(workspace),
            false => partial("no other tracked file is changed: nothing was committed"),
        });
    }
    // Whatever is wrong with them is said before an editor is started; the commit is made after it.
    let waiting = workspace.index.header().pending.as_ref();
    let picked = waiting.map(|waiting| sequence::author(workspace, waiting)).transpose()?.flatten();
    let kept = base.amended.as_ref().map(|amended| amended.author.clone()).or(picked);
    let author = author(ctx, args, kept)?;
    identity::committer(ctx)?;
    let message = message(ctx, workspace, args, base, changes)?;
    let pending = waiting.map(|waiting| [Some(waiting.clone()), waiting.after_commit()]);
    let index = std::mem::take(&mut tracked.staged);
    let footprint = Footprint { index, pending, ..Footprint::default() };
    let draft = Draft { message, author, committer: identity::committer(ctx)?, footprint };
    ctx.check_interrupt("nothing was committed")?;
    Ok(draft)
}

/// Commits what waited for a person, with its own message.
pub(super) fn conclude(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    waiting: &Pending,
) -> Result<(), CommandError> {
    lost_content::require_none(workspace)?;
    let base = base(workspace, false, &Scope::Staged)?;
    let changes = StagedChanges::find(&base.index, &base.nodes, workspace.store());
    if changes.is_empty() && base.parents.len() < 2 {
        return Err(nothing::error(workspace));
    }
    let author = match sequence::author(workspace, waiting)? {
        Some(author) => author,
        None => identity::author(ctx)?,
    };
    let message = sequence::message(waiting);
    let committer = identity::committer(ctx)?;
    let footprint =
        Footprint { pending: Some([Some(waiting.clone()), waiting.rest()]), ..Footprint::default() };
    let draft = Draft { message, author, committer, footprint };
    let done = publish(workspace, &base, &changes, draft)?;
    report(ctx, workspace, &done, &changes, &[])?;
    Ok(())
}

fn base(workspace: &Workspace<'_>, amend: bool, scope: &Scope) -> Result<Base, CommandError> {
    let store = workspace.store();
    let (index, is_partial) = (scope.index(&workspace.index), scope.is_partial());
    let head = workspace.head.commit;
    let head_commit = head.map(|id| store.commit(&id)).transpose()?;
    if !amend {
        let joined = workspace.index.header().pending.as_ref().map(Pending::heads).unwrap_or_default();
        let nodes = NodeTable::load(store, head_commit.as_ref().and_then(|commit| commit.nodes.as_ref()))?;
        return Ok(Base {
            parents: head.into_iter().chain(joined).collect(),
            amended: None,
            index,
            nodes,
            is_partial,
        });
    }
    let amended =
        head_commit.ok_or_else(|| fatal("there is no commit to amend yet").hint("commit without --amend"))?;
    let first = amended.parents.first().map(|id| store.commit(id)).transpose()?;
    let nodes = NodeTable::load(store, first.as_ref().and_then(|commit| commit.nodes.as_ref()))?;
    let header = Header { base: amended.parents.first().copied(), ..workspace.index.header().clone() };
    let tree = first.map(|commit| commit.tree);
    let index = rebase::onto(&index, store, tree.as_ref(), header)?.finish();
    Ok(Base { parents: amended.parents.clone(), amended: Some(amended), index, nodes, is_partial })
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
    base: &Base,
    changes: &StagedChanges<'_>,
) -> Result<BString, CommandError> {
    let trailers = args.trailer.iter().map(|given| trailer(given)).collect::<Result<Vec<_>, _>>()?;
    let waiting = workspace.index.header().pending.as_ref();
    let kept = base.amended.as_ref().map(|commit| commit.message.clone());
    let kept = kept.or_else(|| waiting.and_then(Pending::prepared_message));
    let is_edited = args.message.is_empty() && args.file.is_none() && !args.no_edit;
    let cleanup = Cleanup::from_word(args.cleanup.as_deref().unwrap_or("default"), is_edited)
        .ok_or_else(|| usage("--cleanup is one of default, strip, whitespace, scissors, verbatim"))?;
    let mut text = if !args.message.is_empty() {
        cleanup.apply(args.message.join("\n\n").as_bytes())
    } else if let Some(file) = &args.file {
        cleanup.apply(&message::read(file)?)
    } else if args.no_edit {
        match (&base.amended, waiting) {
            (None, Some(waiting)) => sequence::message(waiting).into(),
            _ => kept.unwrap_or_default().into(),
        }
    } else {
        let kept = kept.unwrap_or_default().to_str_lossy().into_owned();
        let template = template(workspace, &kept, changes, cleanup);
        let path = workspace.pond.pond_dir().join("COMMIT_EDITMSG");
        cleanup.apply(editor::edit(ctx, &path, &template)?.as_bytes())
    };
    if message::is_empty(&text) && !args.allow_empty_message {
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
        Cleanup::Scissors => text.push_str(&message::scissors()),
        Cleanup::Strip => {
            text.push_str("# Write the message above. Lines that start with '#' are left out;\n")
        }
        // Every line is kept, so there is nothing to explain in.
        Cleanup::Whitespace | Cleanup::Verbatim => return text,
    }
    text.push_str("# without a message nothing is committed.\n#\n");
    if let Some(branch) = &workspace.head.branch {
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

/// What a commit says beside its tree.
struct Draft {
    message: BString,
    author: Signature,
    committer: Signature,
    /// What staging for it changed in the index, and what waits before and after it.
    footprint: Footprint,
}

/// A commit that was published.
struct Done {
    id: ObjectId,
    commit: Commit,
    version: u64,
    stored: u64,
}

fn publish(
    workspace: &mut Workspace<'_>,
    base: &Base,
    changes: &StagedChanges<'_>,
    draft: Draft,
) -> Result<Done, CommandError> {
    let subject = draft.message.lines().next().unwrap_or_default().to_str_lossy().into_owned();
    let branch =
        workspace.head.branch.as_ref().map_or_else(|| "HEAD".to_owned(), |branch| branch.short().to_owned());
    let footprint = draft.footprint;
    let mtime = |entry: &EntryRef<'_>| {
        let seen = entry.row.seen;
        (seen != Seen::NEVER).then(|| seen.mtime_ns.div_euclid(1000))
    };
    let mut transaction = transact::begin(workspace, "COMMIT", &[("message", subject), ("branch", branch)])?;
    let new = NewCommit {
        index: &base.index,
        nodes: &base.nodes,
        changes,
        mtime: &mtime,
        parents: base.parents.clone(),
        author: draft.author,
        committer: draft.committer,
        extra: base.amended.as_ref().map(|amended| amended.extra.clone()).unwrap_or_default(),
        message: draft.message,
    };
    let (id, commit) = new.add_to(&mut transaction);
    footprint.join(workspace, &mut transaction)?;
    transaction.adopt(&workspace.staged()?);
    let head = Head { branch: workspace.head.branch.clone(), commit: Some(id) };
    if let Some(branch) = &head.branch {
        let expected = Expected::from(workspace.head.commit);
        transaction.edit_ref(RefEdit { name: branch.clone(), expected, new: Some(id) });
    }
    transaction.set_head(&workspace.session.mirror, head.clone());
    let published = transact::publish(workspace, transaction)?;
    let (version, stored) = (published.state.version, published.added);
    let after = footprint.pending.and_then(|[_, after]| after);
    workspace.moved_to(head, published.state, after, base.is_partial).map_err(|error| {
        CommandError::from(error)
            .context(format_args!("commit {} is recorded, but the index could not be written", id.short()))
            .hint("nothing is lost: the next command brings the index up to date")
    })?;
    Ok(Done { id, commit, version, stored })
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
    done: &Done,
    changes: &StagedChanges<'_>,
    failed: &[(BString, String)],
) -> Result<(), CommandError> {
    let ui = &ctx.ui;
    let subject = done.commit.subject();
    let branch = workspace.head.branch.as_ref().map(|branch| branch.short());
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
