//! `pond reset`: move the branch, and with it what is staged and the files, or only what is staged of some paths.

use pond_mirror::Target;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};

use bstr::BString;
use pond_history::short_id;
use pond_objects::{ObjectId, ObjectSource as _, Side, escape};
use pond_refs::Head;
use pond_refs::{Expected, RefEdit};

use crate::context::Context;
use crate::error::{CommandError, Outcome, advice_on, fatal, interrupted};
use crate::mirror::carried::{self, Carried};
use crate::mirror::lay_out::{self, LaidOut};
use crate::mirror::move_head::{MoveHead, Uncommitted, move_head, plan};
use crate::mirror::rearrange::{Rearrange, Rearranged, rearrange};
use crate::mirror::save::Saved;
use crate::porcelain::switch::go::{add_files, carried_line, carried_rows, head_json};
use crate::revisions::{self, split_arguments};
use crate::text::size;
use crate::ui::changes_json::path_rows;
use crate::workspace::{self, Purpose, Workspace};
use pond_mirror::host::stat::now_ns;
use pond_mirror::index::Update;
use pond_mirror::index::pending::Pending;
use pond_mirror::scan::{Scan, refresh};
use pond_objects::pathspec::Pathspecs;

/// Move the branch to a commit, and what is staged and the files with it
///
/// Without a revision it is HEAD that what is staged, and with --hard the files, are brought back to. With paths, only what is
/// staged of them is, and the branch stays. Whatever it does, 'pond undo' takes back.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
                 moves the branch   what is staged   the files
  --soft         yes                stays            stay
  --mixed        yes                as the commit    stay (the default)
  --hard         yes                as the commit    as the commit; what they were is stored in the pond first
  --keep         yes                as the commit    as the commit, but for changes in files that both commits have

Untracked files stay, but for those in the way of --hard, which are stored too.

Examples:
  pond reset                      take everything out of the next commit
  pond reset -- sensors/          some paths
  pond reset --soft HEAD~2        the last two commits as one: 'pond commit' makes it
  pond reset --hard v1.0          the branch and the mirror as they were at v1.0
  pond undo                       and back

Exit codes: 0; 1 with --keep: changes that are not committed are in the way, nothing was changed; 3 some files could
not be written; 128; 129; 130.")]
pub(crate) struct ResetArgs {
    /// Move the branch only
    #[arg(long, overrides_with_all = ["mixed", "hard", "keep"])]
    soft: bool,

    /// And what is staged (the default)
    #[arg(long, overrides_with_all = ["soft", "hard", "keep"])]
    mixed: bool,

    /// And the files, whatever was changed in them
    #[arg(long, overrides_with_all = ["soft", "mixed", "keep"])]
    hard: bool,

    /// And the files, where nothing was changed in them
    #[arg(long, overrides_with_all = ["soft", "mixed", "hard"])]
    keep: bool,

    /// A revision; then paths
    #[arg(value_name = "REV|PATH")]
    what: Vec<OsString>,

    /// Paths
    #[arg(last = true, value_name = "PATH")]
    paths: Vec<OsString>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Soft,
    Mixed,
    Hard,
    Keep,
}

impl Mode {
    fn word(self) -> &'static str {
        match self {
            Self::Soft => "soft",
            Self::Mixed => "mixed",
            Self::Hard => "hard",
            Self::Keep => "keep",
        }
    }
}

impl ResetArgs {
    fn mode(&self) -> Mode {
        match () {
            () if self.soft => Mode::Soft,
            () if self.hard => Mode::Hard,
            () if self.keep => Mode::Keep,
            () => Mode::Mixed,
        }
    }
}

pub(crate) fn run(ctx: &Context, args: ResetArgs) -> Result<Outcome, CommandError> {
    let mut workspace = workspace::open(ctx.session()?, Purpose::Overwrite)?;
    workspace.need_mirror()?;
    let arguments = split_arguments(&workspace, &args.what, &args.paths, ctx.ends_with_dashes())?;
    let revision = match arguments.revisions.as_slice() {
        [] => None,
        [one] => Some(one.as_os_str()),
        [_, other, ..] => {
            return Err(fatal(format_args!(
                "'{}' is a revision: reset takes one, and then paths",
                escape::plain(other.as_encoded_bytes())
            ))
            .hint("nothing was changed; paths stand behind '--'"));
        }
    };
    let mode = args.mode();
    if arguments.paths.is_empty() {
        if matches!(mode, Mode::Soft | Mode::Mixed) {
            workspace.forget_half_done()?;
        }
        return move_branch(ctx, &mut workspace, mode, revision);
    }
    if mode != Mode::Mixed {
        return Err(fatal(format_args!("cannot do {} reset with paths", mode.word()))
            .hint("'pond restore -s REV -S -W PATH' brings paths to a version, staged and on the host"));
    }
    if args.mixed {
        ctx.ui.warn("--mixed with paths is deprecated; use 'pond reset -- PATHS' instead");
    }
    unstage(ctx, &mut workspace, revision, &arguments.pathspecs)
}

/// Brings what is staged of some paths to a version.
fn unstage(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    revision: Option<&OsStr>,
    pathspecs: &Pathspecs,
) -> Result<Outcome, CommandError> {
    let tree = match revision {
        Some(text) => Some(revisions::resolve_tree(workspace, text)?),
        None => workspace.head_tree()?,
    };
    let staged = staged_targets(workspace, tree.as_ref(), &|path, is_dir| pathspecs.matches(path, is_dir))?;
    let paths = staged.iter().map(|target| target.path.clone()).collect();
    let mut pending = workspace.index.header().pending.clone();
    if let Some(pending) = &mut pending {
        pending.settle(&|path| pathspecs.matches(path, false));
    }
    let pending = pending.and_then(Pending::unless_over);
    let request = Rearrange { staged, pending, ..Rearrange::nothing(workspace, "RESET", &[]) };
    let Rearranged { laid_out, .. } =
        rearrange(workspace, request, &Scan::default(), &Saved::default(), |_| ())?;
    let before = workspace.head.clone();
    report(ctx, workspace, Mode::Mixed, &before, &Done { laid_out, staged: paths })
}

/// Moves the branch, or a HEAD that is on none.
fn move_branch(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    mode: Mode,
    revision: Option<&OsStr>,
) -> Result<Outcome, CommandError> {
    let before = workspace.head.clone();
    let commit = match revision {
        Some(text) => Some(revisions::resolve_found(workspace, text)?.id),
        None => before.commit,
    };
    let head = Head { commit, ..before.clone() };
    let edits = match (&head.branch, commit) {
        (Some(branch), Some(_)) => {
            vec![RefEdit { name: branch.clone(), expected: Expected::from(before.commit), new: commit }]
        }
        _ => Vec::new(),
    };
    let to = commit.map_or_else(|| "HEAD".to_owned(), |commit| commit.to_hex());
    let parameters = [("mode", mode.word().to_owned()), ("to", to)];
    let given_up = workspace.index.header().pending.clone();
    let done = match mode {
        Mode::Hard => {
            let uncommitted = Uncommitted::GiveUp;
            let request = MoveHead { kind: "RESET", parameters: &parameters, head, edits, uncommitted };
            let moved = move_head(workspace, request)?;
            Done { laid_out: moved.laid_out, staged: Vec::new() }
        }
        mode => move_and_restage(workspace, mode, &parameters, head, edits)?,
    };
    tell_what_is_given_up(ctx, given_up.as_ref());
    report(ctx, workspace, mode, &before, &done)
}

/// The modes that change of the files at most those without changes.
fn move_and_restage(
    workspace: &mut Workspace<'_>,
    mode: Mode,
    parameters: &[(&str, String)],
    head: Head,
    edits: Vec<RefEdit>,
) -> Result<Done, CommandError> {
    let waiting = workspace.index.header().pending.as_ref();
    if let Some(waiting) = waiting.filter(|waiting| waiting.waits() && mode != Mode::Mixed) {
        let matter = waiting.doing.matter();
        return Err(fatal(format_args!("a {} reset can't be done: {matter}", mode.word()))
            .hint(advice_on(waiting.doing)));
    }
    let tree = head.commit.map(|id| workspace.store().commit(&id)).transpose()?.map(|commit| commit.tree);
    let (scan, files) = match mode {
        Mode::Keep => {
            let scan = lay_out::look(workspace)?;
            let plan = plan(workspace, &scan, tree.as_ref(), false, "reset")?;
            (scan, plan.targets)
        }
        _ => (Scan::default(), Vec::new()),
    };
    let staged = match mode {
        Mode::Soft => Vec::new(),
        _ => staged_targets(workspace, tree.as_ref(), &|_, _| true)?,
    };
    workspace.session.check_interrupt("nothing was changed")?;
    let paths = staged.iter().map(|target| target.path.clone()).collect();
    let request = Rearrange {
        head,
        edits,
        files,
        staged,
        pending: None,
        ..Rearrange::nothing(workspace, "RESET", parameters)
    };
    let Rearranged { laid_out, .. } = rearrange(workspace, request, &scan, &Saved::default(), |_| ())?;
    Ok(Done { laid_out, staged: paths })
}

/// Says that commits which were still to be picked are forgotten with what waited.
fn tell_what_is_given_up(ctx: &Context, given_up: Option<&Pending>) {
    let Some(given_up) = given_up.filter(|given_up| !given_up.queue().is_empty()) else { return };
    let left = size::counted(given_up.queue().len() as u64, "commit");
    let command = given_up.doing.command();
    ctx.ui.warn(format_args!("the {command} that was under way had {left} left, which are given up"));
    ctx.ui.hint("'pond undo' brings all of it back");
}

/// What has to be staged for the index to have what a tree has, at the paths that are wanted.
fn staged_targets(
    workspace: &Workspace<'_>,
    tree: Option<&ObjectId>,
    is_wanted: &dyn Fn(&[u8], bool) -> bool,
) -> Result<Vec<Target>, CommandError> {
    let entries = workspace.list(tree)?;
    let mut sides: HashMap<&BString, Side> = HashMap::with_capacity(entries.len());
    let mut targets = Vec::new();
    for entry in &entries {
        let side = Side::from(entry);
        sides.insert(&entry.path, side);
        let row = workspace.index.row(&entry.path);
        let is_staged = row.is_some_and(|row| row.staged == Some(side) && !row.intent);
        if !is_staged && is_wanted(&entry.path, !side.kind.is_blob()) {
            targets.push(Target { path: entry.path.clone(), side: Some(side) });
        }
    }
    for entry in workspace.index.iter() {
        let Some(side) = entry.row.staged else { continue };
        let path = entry.path.to_owned();
        if !sides.contains_key(&path) && is_wanted(&path, !side.kind.is_blob()) {
            targets.push(Target { path, side: None });
        }
    }
    Ok(targets)
}

/// What was done.
struct Done {
    laid_out: LaidOut,
    /// Paths for which something else is staged than before.
    staged: Vec<BString>,
}

fn report(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    mode: Mode,
    before: &Head,
    done: &Done,
) -> Result<Outcome, CommandError> {
    let ui = &ctx.ui;
    let is_told = ui.is_json() || !ui.is_quiet();
    let unstaged = match mode {
        Mode::Mixed if is_told => unstaged(workspace)?,
        _ => Carried::default(),
    };
    if ui.is_json() {
        let mut document = head_json(&workspace.head);
        document["before"] = head_json(before);
        document["mode"] = mode.word().into();
        document["staged"] = path_rows(&done.staged).into();
        document["unstaged"] = carried_rows(&unstaged).into();
        add_files(&mut document, &done.laid_out);
        ui.json(&document)?;
    } else if !ui.is_quiet() {
        if !unstaged.is_empty() {
            ui.say("Unstaged changes after reset:");
            unstaged.iter().for_each(|(letter, path)| ui.say(carried_line(*letter, path)));
        }
        if let (Mode::Hard, Some(id)) = (mode, workspace.head.commit) {
            let commit = workspace.store().commit(&id)?;
            let subject = escape::plain(commit.subject());
            ui.say(format_args!("HEAD is now at {} {subject}", short_id(workspace.store(), &id)));
        }
    }
    if done.laid_out.interrupted {
        return Err(interrupted(
            "interrupted; HEAD has moved, and the next command that changes the mirror writes the files that are missing",
        ));
    }
    Ok(if done.laid_out.failed.is_empty() { Outcome::Done } else { Outcome::Partial })
}

/// How the files differ from what is staged now. What proves to be unchanged is noted in the index.
fn unstaged(workspace: &mut Workspace<'_>) -> Result<Carried, CommandError> {
    let scan = lay_out::look_at_tracked(workspace)?;
    let unstaged = carried::unstaged(&workspace.index, &scan);
    if scan.refreshed.iter().any(|(_, seen)| seen.trusted) {
        let updates: std::collections::BTreeMap<BString, Update> = refresh(&workspace.index, &scan.refreshed);
        let header = workspace.index.header().clone();
        let builder = workspace.index.edit(updates, header, now_ns());
        workspace.save_index(builder)?;
    }
    Ok(unstaged)
}
