//! `pond checkout`: move HEAD and the mirror to a commit, or restore paths.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;

use bstr::BString;
use pond_objects::{ObjectId, ObjectSource, PathEntry};
use pond_oplog::transaction::Transaction;
use pond_oplog::view::{Head, MAIN_MIRROR};
use pond_refs::RefName;
use serde_json::json;

use crate::context::Context;
use crate::error::{Class, CommandError, Outcome, interrupted, usage};
use crate::mirror::differences::Differences;
use crate::mirror::index::Header;
use crate::mirror::lay_out::{self, Target, target_of};
use crate::mirror::order::path_order;
use crate::mirror::rebase;
use crate::mirror::save;
use crate::mirror::scan::{Scan, State};
use crate::porcelain::path_args::parse;
use crate::porcelain::restore::{Restore, restore, staged};
use crate::ui::changes_json::{failed_rows, path_rows};
use crate::ui::escape;
use crate::workspace::Workspace;
use crate::{revisions, transact};

/// Move HEAD and the mirror's files to a commit, or restore paths from one
///
/// With a revision, the mirror becomes that version; changes that are not committed are carried along where they do not
/// collide, and where they do nothing is changed. With paths, it does what 'pond restore' does, and HEAD stays.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
At a commit that is not named by a branch, HEAD is detached: commits made there belong to no branch.

Examples:
  pond checkout HEAD~2           the version before the last two commits
  pond checkout main             back to the branch
  pond checkout HEAD~2 -- a.csv  only one file of it

Exit codes: 0; 1 changes that are not committed are in the way, nothing was changed; 3 some files could not be
written; 128; 129; 130.")]
pub(crate) struct CheckoutArgs {
    /// A revision, or paths; paths after '--'
    #[arg(value_name = "REV|PATH")]
    what: Vec<OsString>,

    /// Paths
    #[arg(last = true, value_name = "PATH")]
    paths: Vec<OsString>,

    /// Throw changes away that are in the way; they are stored in the pond first
    #[arg(short, long)]
    force: bool,

    /// Detach HEAD even where the revision is a branch
    #[arg(short, long)]
    detach: bool,
}

pub(crate) fn run(ctx: &Context, args: CheckoutArgs) -> Result<Outcome, CommandError> {
    let mut workspace = Workspace::write(ctx)?;
    workspace.need_mirror()?;
    let Some(first) = args.what.first() else {
        if args.paths.is_empty() {
            return Err(usage("checkout needs a revision or paths")
                .hint("'pond checkout main', 'pond checkout -- FILE'"));
        }
        return restore_paths(&mut workspace, None, &args.paths);
    };
    let resolved = revisions::resolve_found(&workspace, first);
    match resolved {
        Ok(found) if args.what.len() == 1 && args.paths.is_empty() => {
            let is_here = *first == "HEAD" || *first == "@";
            let named = if is_here { workspace.head.branch.clone() } else { found.reference };
            let branch = named.filter(|name| name.is_branch() && !args.detach);
            move_to(&mut workspace, found.id, branch, args.force)
        }
        Ok(_) => {
            let paths: Vec<OsString> = args.what[1..].iter().chain(&args.paths).cloned().collect();
            restore_paths(&mut workspace, Some(first), &paths)
        }
        Err(error) if args.paths.is_empty() => {
            let known = parse(&workspace, &args.what).is_ok_and(|pathspecs| {
                workspace.index.iter().any(|entry| pathspecs.matches(entry.path, false))
            });
            if known { restore_paths(&mut workspace, None, &args.what) } else { Err(error) }
        }
        Err(error) => Err(error),
    }
}

fn restore_paths(
    workspace: &mut Workspace<'_>,
    revision: Option<&OsString>,
    paths: &[OsString],
) -> Result<Outcome, CommandError> {
    let pathspecs = parse(workspace, paths)?;
    let entries = match revision {
        Some(text) => {
            let tree = revisions::resolve_tree(workspace, text)?;
            workspace.list(Some(&tree))?
        }
        None => staged(workspace),
    };
    let source =
        entries.into_iter().filter(|entry| pathspecs.matches(&entry.path, !entry.kind.is_blob())).collect();
    let index = revision.is_some();
    restore(
        workspace,
        &Restore {
            pathspecs: &pathspecs,
            source,
            revision: revision.cloned(),
            index,
            files: true,
            keep_others: true,
            kind: "CHECKOUT",
        },
    )
}

/// Brings the mirror to a commit.
fn move_to(
    workspace: &mut Workspace<'_>,
    commit: ObjectId,
    branch: Option<RefName>,
    force: bool,
) -> Result<Outcome, CommandError> {
    let tree = workspace.store().commit(&commit)?.tree;
    let entries = workspace.list(Some(&tree))?;
    let scan = lay_out::look(workspace)?;
    let targets = plan(workspace, &scan, &entries, force)?;
    let victims = lay_out::victims(workspace, &scan, &targets);
    if !force && !victims.is_empty() {
        let paths: Vec<&BString> = victims.iter().map(|victim| &victim.path).collect();
        return Err(in_the_way(&paths));
    }
    workspace.ctx.check_interrupt("nothing was changed")?;
    let saved = save::store(workspace, &victims)?;
    let before = workspace.head.clone();
    let head = Head { branch, commit: Some(commit) };
    if head != before || saved.tree.is_some() {
        let to = head.branch.as_ref().map_or_else(|| commit.to_hex(), |branch| branch.short().to_owned());
        let doing = transact::doing(workspace.ctx, "CHECKOUT", &[("to", to)])?;
        let mut transaction = Transaction::new(&workspace.pond, &workspace.snapshot, doing);
        saved.join(&mut transaction);
        transaction.set_head(MAIN_MIRROR, head.clone());
        let published = transact::publish(workspace, transaction)?;
        workspace.head = head;
        workspace.refresh(published.state)?;
    }
    let laid_out = lay_out::lay_out(workspace, &targets, &saved, &scan)?;
    laid_out.show_failures(workspace);
    let updates = lay_out::updates_of_all(workspace, &targets, &laid_out);
    let header = workspace.index.header().clone();
    let edited = workspace.index.edit(updates, header.clone(), crate::mirror::stat::now_ns()).finish();
    let header =
        Header { base: Some(commit), delta_version: Some(workspace.snapshot.state().version), ..header };
    let builder = rebase::onto(&edited, workspace.store(), Some(&tree), header)?;
    workspace.save_index(builder)?;
    workspace.save_head()?;
    explain(workspace, &before);
    print(workspace, &before, &laid_out)?;
    if laid_out.interrupted {
        return Err(interrupted(
            "interrupted; HEAD has moved, and 'pond restore .' writes the files that are missing",
        ));
    }
    Ok(if laid_out.failed.is_empty() { Outcome::Done } else { Outcome::Partial })
}

/// The paths that have to change, after a look at whether anything uncommitted would be lost.
fn plan(
    workspace: &Workspace<'_>,
    scan: &Scan,
    entries: &[PathEntry],
    force: bool,
) -> Result<Vec<Target>, CommandError> {
    let host: HashMap<&BString, State> =
        scan.changes.iter().map(|change| (&change.path, change.state)).collect();
    let differences = Differences::of(scan);
    let mut targets = Vec::new();
    let mut collisions = Vec::new();
    for entry in entries {
        let target = target_of(entry);
        let row = workspace.index.find(&entry.path).ok().map(|at| workspace.index.entry(at).row);
        let (staged, base) = row.map_or((None, None), |row| (row.staged, row.base_side()));
        let on_host = host.get(&entry.path);
        let is_same = staged == target.side && (on_host.is_none() || !force);
        // What HEAD and the new commit both have is left alone, whatever was made of it meanwhile.
        let is_carried = !force && base == target.side;
        if is_same || is_carried {
            continue;
        }
        let missing = on_host == Some(&State::Missing);
        if !force && staged != base && staged != target.side || !force && on_host.is_some() && !missing {
            collisions.push(entry.path.clone());
        }
        if !force && let Some(blocking) = differences.file_above(&entry.path) {
            collisions.push(blocking.clone());
        }
        targets.push(target);
    }
    let wanted: HashSet<&BString> = entries.iter().map(|entry| &entry.path).collect();
    for entry in workspace.index.iter().filter(|entry| entry.row.staged.is_some()) {
        let path = entry.path.to_owned();
        if wanted.contains(&path) {
            continue;
        }
        let base = entry.row.base_side();
        if !force && base.is_none() {
            continue;
        }
        let changed = host.get(&path).is_some_and(|state| *state != State::Missing);
        if !force && (entry.row.staged != base || changed) {
            collisions.push(path.clone());
        }
        targets.push(Target { path, side: None });
    }
    collisions.sort();
    collisions.dedup();
    match collisions.is_empty() {
        true => Ok(targets),
        false => Err(in_the_way(&collisions.iter().collect::<Vec<_>>())),
    }
}

fn in_the_way(paths: &[&BString]) -> CommandError {
    let list: String = paths.iter().take(20).map(|path| format!("\n  {}", escape::quoted(path))).collect();
    let more = paths.len().saturating_sub(20);
    let rest = if more > 0 { format!("\n  and {more} more") } else { String::new() };
    CommandError::new(Class::Conflict, format_args!("changes that are not committed would be overwritten:{list}{rest}"))
        .hint("nothing was changed; commit them, or use -f, which stores them in the pond and takes the new version")
}

/// Prints the document of a HEAD that moved.
fn print(workspace: &Workspace<'_>, before: &Head, laid_out: &lay_out::LaidOut) -> Result<(), CommandError> {
    if !workspace.ctx.ui.is_json() {
        return Ok(());
    }
    let head = |head: &Head| {
        json!({
            "branch": head.branch.as_ref().map(RefName::short),
            "commit": head.commit.map(|commit| commit.to_hex()),
        })
    };
    let mut document = head(&workspace.head);
    document["detached"] = workspace.head.branch.is_none().into();
    document["before"] = head(before);
    let mut written: Vec<&BString> = laid_out.written.keys().collect();
    written.sort_by(|a, b| path_order(a, b));
    document["written"] = path_rows(written).into();
    document["removed"] = path_rows(&laid_out.removed).into();
    document["failed"] = failed_rows(&laid_out.failed.paths).into();
    workspace.ctx.ui.json(&document)
}

fn explain(workspace: &Workspace<'_>, before: &Head) {
    let ui = &workspace.ctx.ui;
    let head = &workspace.head;
    let Some(commit) = head.commit else { return };
    let subject =
        workspace.store().commit(&commit).map(|commit| escape::plain(commit.subject()).into_owned());
    let subject = subject.unwrap_or_default();
    match &head.branch {
        Some(branch) if before.branch == head.branch => {
            ui.status(format_args!("already on '{}'", branch.short()))
        }
        Some(branch) => ui.status(format_args!("switched to branch '{}'", branch.short())),
        None => {
            ui.status(format_args!("HEAD is now at {} {subject}", commit.short()));
            if before.branch.is_some() {
                ui.hint("HEAD is detached: it is at a commit, not on a branch, and commits made here belong to no branch");
                let back = before.branch.as_ref().map_or("main", |branch| branch.short());
                ui.hint(format_args!("'pond checkout {back}' goes back"));
            }
        }
    }
}
