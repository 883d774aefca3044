//! `pond checkout`: move HEAD and the mirror to a commit, or restore paths.

use std::ffi::OsString;

use bstr::BString;
use pond_objects::{ObjectId, ObjectSource};
use pond_oplog::view::Head;
use pond_refs::RefName;
use serde_json::json;

use crate::context::Context;
use crate::error::{CommandError, Outcome, interrupted, usage};
use crate::mirror::lay_out;
use crate::mirror::move_head::{MoveHead, Uncommitted, move_head};
use crate::mirror::order::path_order;
use crate::porcelain::path_args::parse;
use crate::porcelain::restore::{Restore, restore, staged};
use crate::porcelain::take_side::{SideArgs, take_side};
use crate::revisions;
use crate::ui::changes_json::{failed_rows, path_rows};
use crate::ui::escape;
use crate::workspace::Workspace;

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

    #[command(flatten)]
    side: SideArgs,

    /// Throw changes away that are in the way; they are stored in the pond first
    #[arg(short, long)]
    force: bool,

    /// Detach HEAD even where the revision is a branch
    #[arg(short, long)]
    detach: bool,
}

pub(crate) fn run(ctx: &Context, args: CheckoutArgs) -> Result<Outcome, CommandError> {
    let mut workspace = Workspace::write(ctx)?;
    if let Some(which) = args.side.which() {
        let paths: Vec<OsString> = args.what.iter().chain(&args.paths).cloned().collect();
        if paths.is_empty() {
            return Err(usage("--ours and --theirs need paths"));
        }
        let pathspecs = parse(&workspace, &paths)?;
        return take_side(&mut workspace, which, &pathspecs);
    }
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
    let to = branch.as_ref().map_or_else(|| commit.to_hex(), |branch| branch.short().to_owned());
    let request = MoveHead {
        kind: "CHECKOUT",
        parameters: &[("to", to)],
        head: Head { branch, commit: Some(commit) },
        edits: Vec::new(),
        uncommitted: if force { Uncommitted::GiveUp } else { Uncommitted::Carry },
    };
    let moved = move_head(workspace, request)?;
    explain(workspace, &moved.before);
    print(workspace, &moved.before, &moved.laid_out)?;
    if moved.laid_out.interrupted {
        return Err(interrupted(
            "interrupted; HEAD has moved, and 'pond restore .' writes the files that are missing",
        ));
    }
    Ok(if moved.laid_out.failed.is_empty() { Outcome::Done } else { Outcome::Partial })
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
