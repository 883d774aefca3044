//! `pond restore`: write files of a version.

mod elsewhere;

use pond_mirror::Target;
use std::collections::{BTreeMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use bstr::{BStr, BString};
use pond_objects::{ObjectId, PathEntry, Side, escape, path_order};
use serde_json::json;

use crate::context::Context;
use crate::error::{CommandError, Outcome, fatal, interrupted, usage};
use crate::mirror::footprint::{Footprint, Touched};
use crate::mirror::lay_out::{self, target_of};
use crate::mirror::move_head::touched_index;
use crate::mirror::save;
use crate::porcelain::path_args::PathArgs;
use crate::porcelain::recreate::{AgainArgs, recreate};
use crate::porcelain::take_side::{SideArgs, refuse_in_conflict, take_side};
use crate::revisions;
use crate::text::size;
use crate::ui::changes_json::{failed_rows, path_rows};
use crate::workspace::{self, Purpose, Workspace};
use pond_mirror::index::pending::Pending;
use pond_mirror::index::{Row, Seen, Update};
use pond_mirror::scan::displaced::displaced;
use pond_objects::pathspec::Pathspecs;

/// Write files of a version to the mirror, or lay a version out elsewhere
///
/// Without -s, files of the mirror are brought back to what is staged. HEAD does not move. What would be overwritten and
/// is in no commit is stored in the pond first.
#[derive(Debug, clap::Args)]
#[command(
    mut_arg("merge", |merge| merge.help("While a merge or the like waits: write conflicts anew, with markers")),
    after_long_help = "\
Examples:
  pond restore data.csv                  as it is staged
  pond restore -s HEAD~3 data.csv        as it was three commits ago
  pond restore --staged data.csv         take it out of the next commit, leave the file alone
  pond restore --staged :/               take everything out of it; makes a damaged index anew
  pond restore -s v1.0 --to /tmp/v1      the whole version v1.0 in a new directory; the mirror is not touched

Exit codes: 0; 1 with -m for a conflict that is not there on both sides; 3 some files could not be written, the others were;
128; 129; 130."
)]
pub(crate) struct RestoreArgs {
    #[command(flatten)]
    paths: PathArgs,

    /// The version; default: what is staged, with --staged and --to: HEAD
    #[arg(short, long, value_name = "REV")]
    source: Option<OsString>,

    /// Restore what is staged, not the files
    #[arg(short = 'S', long)]
    staged: bool,

    /// Restore the files (the default), together with --staged both
    #[arg(short = 'W', long)]
    worktree: bool,

    #[command(flatten)]
    side: SideArgs,

    #[command(flatten)]
    again: AgainArgs,

    /// Lay the version out in DIR, which is new or empty
    #[arg(long, value_name = "DIR", conflicts_with_all = ["staged", "worktree", "ours", "theirs", "merge", "conflict"])]
    to: Option<PathBuf>,
}

pub(crate) fn run(ctx: &Context, args: RestoreArgs) -> Result<Outcome, CommandError> {
    if let Some(directory) = &args.to {
        let workspace = workspace::open(ctx.session()?, Purpose::LookAtHistory)?;
        let tree = tree_of(&workspace, args.source.as_ref())?;
        let pathspecs = (!args.paths.is_empty()).then(|| args.paths.pathspecs(&workspace)).transpose()?;
        let entries = elsewhere::Entries::of(&workspace, tree.as_ref(), pathspecs.as_ref())?;
        return elsewhere::lay_out(ctx, &workspace, &entries, &ctx.cwd.join(directory));
    }
    if args.paths.is_empty() {
        return Err(usage("restore needs paths").hint("'pond restore .' restores everything below here"));
    }
    let mut workspace = workspace::open(ctx.session()?, Purpose::MendIndex)?;
    let pathspecs = args.paths.pathspecs(&workspace)?;
    let is_rebuilt = args.staged && pathspecs.is_everything() && workspace.rebuild_index()?;
    if is_rebuilt && args.source.is_none() && !args.worktree {
        return Ok(Outcome::Done);
    }
    workspace.need_index()?;
    if let Some(options) = args.again.options(&workspace)? {
        if args.staged || args.source.is_some() {
            return Err(usage(
                "-m and --conflict write files from the versions of a conflict: no -s, no --staged",
            ));
        }
        return recreate(ctx, &mut workspace, &options, &pathspecs, "RESTORE");
    }
    if let Some(which) = args.side.which() {
        return take_side(ctx, &mut workspace, which, &pathspecs);
    }
    let from_index = args.source.is_none() && !args.staged;
    if from_index {
        refuse_in_conflict(&workspace, &pathspecs)?;
    }
    let source = if from_index { staged(&workspace) } else { version(&workspace, args.source.as_ref())? };
    restore(
        ctx,
        &mut workspace,
        &Restore {
            pathspecs: &pathspecs,
            source: select(source, Some(&pathspecs)),
            revision: args.source.clone().or_else(|| args.staged.then(|| "HEAD".into())),
            index: args.staged,
            files: args.worktree || !args.staged,
            keep_others: false,
            kind: "RESTORE",
        },
    )
}

/// A restore of paths in the mirror.
pub(crate) struct Restore<'a> {
    /// Which paths.
    pub(crate) pathspecs: &'a Pathspecs,
    /// What they shall have.
    pub(crate) source: Vec<PathEntry>,
    /// The revision that this is from; none for what is staged.
    pub(crate) revision: Option<OsString>,
    /// Whether what is staged is restored.
    pub(crate) index: bool,
    /// Whether files are restored.
    pub(crate) files: bool,
    /// Whether tracked files that the source lacks stay.
    pub(crate) keep_others: bool,
    /// The kind of the operation that stores what would be lost.
    pub(crate) kind: &'a str,
}

/// Restores; the caller holds the mirror's lock.
pub(crate) fn restore(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    restore: &Restore<'_>,
) -> Result<Outcome, CommandError> {
    let targets = targets(workspace, restore);
    if let Some(unmatched) = restore.pathspecs.unmatched().first() {
        return Err(unmatched_error(unmatched, restore.revision.as_deref()));
    }
    let restaged = if restore.index { restaged(workspace, &targets) } else { Vec::new() };
    let mut updates = BTreeMap::new();
    let mut report = Report { staged: restaged, ..Report::default() };
    let touched_index = if restore.index { touched_index(workspace, &targets) } else { Touched::default() };
    let pending = decided(workspace, restore, &targets);
    if restore.files {
        let scan = lay_out::look(workspace)?;
        let changed = lay_out::changed_on_host(workspace, &scan, &targets);
        let victims = lay_out::victims(workspace, &scan, &changed)?;
        let saved = save::store(workspace, &victims)?;
        workspace.session.check_interrupt("nothing was changed")?;
        let host = lay_out::touched(workspace, &changed, &saved, &scan);
        let index = touched_index.clone();
        let footprint = Footprint { host, index, pending: pending.clone(), ..Footprint::default() };
        save::announce(workspace, restore.kind, &saved, &footprint)?;
        let laid_out = lay_out::lay_out(workspace, &changed, &saved, &scan)?;
        workspace.note_written(&targets, &laid_out);
        laid_out.show_what_gave_way(workspace, "undo");
        laid_out.show_failures(workspace);
        if restore.index {
            updates = lay_out::updates(workspace, &changed, &laid_out);
        } else {
            refresh_rows(workspace, &changed, &laid_out, &mut updates);
        }
        let interrupted_half_way = laid_out.interrupted;
        report.files(laid_out);
        if interrupted_half_way {
            save_updates(workspace, updates)?;
            workspace.save_head()?;
            report.print(ctx, false)?;
            return Err(interrupted(
                "interrupted; the files that were written are whole, the others are as they were",
            ));
        }
    }
    if restore.index {
        if !restore.files {
            let footprint = Footprint { index: touched_index, pending, ..Footprint::default() };
            save::announce(workspace, restore.kind, &save::Saved::default(), &footprint)?;
        }
        // What could not be written is not staged either: it is as it was, all of it.
        let failed: HashSet<&BString> = report.failed.iter().map(|(path, _)| path).collect();
        let reached = targets.iter().filter(|target| !failed.contains(&target.path));
        stage_targets(workspace, reached, &mut updates);
        report.staged.retain(|path| !failed.contains(path));
        save_updates(workspace, updates)?;
        workspace.settle(&|path| is_decided(restore, &targets, path) && !failed.contains(path))?;
    } else {
        save_updates(workspace, updates)?;
    }
    workspace.save_head()?;
    report.print(ctx, restore.files)?;
    Ok(if report.failed.is_empty() { Outcome::Done } else { Outcome::Partial })
}

/// Whether something is staged for a path in conflict, or nothing is on purpose.
fn is_decided(restore: &Restore<'_>, targets: &[Target], path: &BString) -> bool {
    let is_target = targets.iter().any(|target| target.path == *path);
    is_target || !restore.keep_others && restore.pathspecs.matches(path, false)
}

/// What waits before and after.
fn decided(
    workspace: &Workspace<'_>,
    restore: &Restore<'_>,
    targets: &[Target],
) -> Option<[Option<Pending>; 2]> {
    let before = workspace.index.header().pending.clone().filter(|_| restore.index)?;
    let mut after = before.clone();
    after.settle(&|path| is_decided(restore, targets, path));
    Some([Some(before), after.unless_over()])
}

fn save_updates(
    workspace: &mut Workspace<'_>,
    updates: BTreeMap<BString, Update>,
) -> Result<(), CommandError> {
    match updates.is_empty() {
        true => Ok(()),
        false => Ok(workspace.update_index(updates, &[])?),
    }
}

/// A pathspec that is neither in the source nor tracked. Without a revision the source is the index.
fn unmatched_error(pathspec: &BStr, revision: Option<&OsStr>) -> CommandError {
    let pathspec = escape::plain(pathspec);
    let Some(revision) = revision.map(|revision| escape::plain(revision.as_encoded_bytes())) else {
        return fatal(format_args!("pathspec '{pathspec}' did not match any tracked file"))
            .hint("nothing was changed; 'pond ls-files' lists what is tracked");
    };
    fatal(format_args!("pathspec '{pathspec}' did not match any file of '{revision}', nor a tracked one"))
        .hint(format_args!("nothing was changed; 'pond ls -r {revision}' lists that version"))
}

/// What was done.
#[derive(Default)]
struct Report {
    written: Vec<BString>,
    removed: Vec<BString>,
    /// What the next commit has in another form than before.
    staged: Vec<BString>,
    failed: Vec<(BString, String)>,
}

impl Report {
    fn files(&mut self, laid_out: lay_out::LaidOut) {
        self.written = laid_out.written.into_keys().collect();
        self.written.sort_by(|a, b| path_order(a, b));
        self.removed = laid_out.removed;
        self.failed = laid_out.failed.paths;
    }

    /// Prints the document; for people, a line about the files if there is something to say of them.
    fn print(&self, ctx: &Context, files: bool) -> Result<(), CommandError> {
        let ui = &ctx.ui;
        let written = size::counted(self.written.len() as u64, "file");
        match self.removed.len() {
            _ if !files => {}
            0 => ui.status(format_args!("restored {written}")),
            removed => ui.status(format_args!("restored {written}, removed {removed}")),
        }
        if !ui.is_json() {
            return Ok(());
        }
        ui.json(&json!({
            "written": path_rows(&self.written),
            "removed": path_rows(&self.removed),
            "staged": path_rows(&self.staged),
            "failed": failed_rows(&self.failed),
        }))
    }
}

/// The targets for which something else is staged than they shall have.
fn restaged(workspace: &Workspace<'_>, targets: &[Target]) -> Vec<BString> {
    let index = &workspace.index;
    let is_other = |target: &&Target| {
        let row = index.row(&target.path);
        row.and_then(|row| row.staged) != target.side
    };
    let mut paths: Vec<BString> = targets.iter().filter(is_other).map(|target| target.path.clone()).collect();
    paths.sort_by(|a, b| path_order(a, b));
    paths
}

/// What the paths shall have: the source's entries, and nothing where a tracked path is not in the source, or cannot stand
/// beside what is.
fn targets(workspace: &Workspace<'_>, restore: &Restore<'_>) -> Vec<Target> {
    let mut targets: Vec<Target> = restore.source.iter().map(target_of).collect();
    let in_source: HashSet<&BString> = restore.source.iter().map(|entry| &entry.path).collect();
    for entry in workspace.index.iter().filter(|entry| entry.row.staged.is_some()) {
        let path = entry.path.to_owned();
        let is_dir = entry.row.staged.is_some_and(|side| !side.kind.is_blob());
        if !restore.keep_others && !in_source.contains(&path) && restore.pathspecs.matches(&path, is_dir) {
            targets.push(Target { path, side: None });
        }
    }
    let meant: HashSet<BString> = targets.iter().map(|target| target.path.clone()).collect();
    let displaced = displaced(&workspace.index, &targets).into_iter().map(|(path, _)| path);
    let displaced = displaced.filter(|path| !meant.contains(path));
    targets.extend(displaced.map(|path| Target { path, side: None }));
    targets
}

/// Files that now have what is staged for them are known to be unchanged.
fn refresh_rows(
    workspace: &Workspace<'_>,
    targets: &[Target],
    laid_out: &lay_out::LaidOut,
    updates: &mut BTreeMap<BString, Update>,
) {
    for target in targets.iter().filter(|target| laid_out.is_done(&target.path)) {
        let Ok(at) = workspace.index.find(&target.path) else { continue };
        let row = workspace.index.entry(at).row;
        if row.staged.is_some() && row.staged == target.side {
            updates
                .insert(target.path.clone(), Update::Set(Row { seen: laid_out.seen(&target.path), ..row }));
        }
    }
}

fn stage_targets<'t>(
    workspace: &Workspace<'_>,
    targets: impl Iterator<Item = &'t Target>,
    updates: &mut BTreeMap<BString, Update>,
) {
    for target in targets {
        if updates.contains_key(&target.path) {
            continue;
        }
        let old = workspace.index.row(&target.path);
        let update = match (target.side, old) {
            (None, _) => Update::Delete,
            (Some(side), Some(old)) if old.staged == Some(side) => Update::Set(old),
            (Some(side), Some(old)) => Update::Set(old.restaged(side, Seen::NEVER)),
            (Some(side), None) => Update::Set(Row::added(side, Seen::NEVER)),
        };
        updates.insert(target.path.clone(), update);
    }
}

/// The entries of a version; HEAD's where none is named.
fn version(workspace: &Workspace<'_>, source: Option<&OsString>) -> Result<Vec<PathEntry>, CommandError> {
    Ok(workspace.list(tree_of(workspace, source)?.as_ref())?)
}

fn tree_of(workspace: &Workspace<'_>, source: Option<&OsString>) -> Result<Option<ObjectId>, CommandError> {
    match source {
        Some(text) => Ok(Some(revisions::resolve_tree(workspace, text)?)),
        None => Ok(workspace.head_tree()?),
    }
}

/// What the next commit will have.
pub(crate) fn staged(workspace: &Workspace<'_>) -> Vec<PathEntry> {
    let entry = |path: &BStr, Side { kind, id, size }| PathEntry { path: path.to_owned(), kind, id, size };
    workspace.index.iter().filter_map(|row| Some(entry(row.path, row.row.staged?))).collect()
}

fn select(entries: Vec<PathEntry>, pathspecs: Option<&Pathspecs>) -> Vec<PathEntry> {
    let Some(pathspecs) = pathspecs else { return entries };
    entries.into_iter().filter(|entry| pathspecs.matches(&entry.path, !entry.kind.is_blob())).collect()
}
