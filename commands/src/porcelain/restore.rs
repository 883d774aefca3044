//! `pond restore`: write files of a version.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use pond_objects::{ObjectId, escape};
use pond_workspace::restore::{
    ElsewhereError, Entries, LaidOutElsewhere, Part, RestoreError, RestoreRequest, Restored, Source, lay_out,
    recreate, restore, take_side,
};
use pond_workspace::{Purpose, Workspace, open};
use serde_json::{Map, json};

use crate::args::again::AgainArgs;
use crate::args::side::SideArgs;
use crate::context::Context;
use crate::error::{Class, CommandError, Outcome, conflict, fatal, interrupted, usage};
use crate::porcelain::path_args::PathArgs;
use crate::revisions;
use crate::text::list::paths_below;
use crate::text::size;
use crate::ui::changes_json::{failed_rows, insert_path, path_rows};

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
        let workspace = open(ctx.session()?, Purpose::LookAtHistory)?;
        let tree = tree_of(&workspace, args.source.as_ref())?;
        let pathspecs = (!args.paths.is_empty()).then(|| args.paths.pathspecs(&workspace)).transpose()?;
        let entries = Entries::of(&workspace, tree.as_ref(), pathspecs.as_ref())?;
        let directory = ctx.cwd.join(directory);
        let laid_out = lay_out(&workspace, &entries, &directory, ctx.ui.is_json())?;
        return report_elsewhere(ctx, &directory, &laid_out);
    }
    if args.paths.is_empty() {
        return Err(usage("restore needs paths").hint("'pond restore .' restores everything below here"));
    }
    let mut workspace = open(ctx.session()?, Purpose::MendIndex)?;
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
        return report(ctx, &recreate(&mut workspace, &options, &pathspecs, "RESTORE")?, true);
    }
    if let Some(which) = args.side.which() {
        return report(ctx, &take_side(&mut workspace, which, &pathspecs)?, true);
    }
    let source = match args.source.is_none() && !args.staged {
        true => Source::Index,
        false => Source::Tree(tree_of(&workspace, args.source.as_ref())?),
    };
    let part = match (args.staged, args.worktree) {
        (true, true) => Part::Both,
        (true, false) => Part::Index,
        (false, _) => Part::Files,
    };
    let request = RestoreRequest { pathspecs: &pathspecs, source, part, keep_others: false, kind: "RESTORE" };
    let revision = args.source.as_deref().or_else(|| args.staged.then(|| "HEAD".as_ref()));
    let restored = restore(&mut workspace, &request).map_err(|error| refused(error, revision))?;
    report(ctx, &restored, part != Part::Index)
}

/// The tree of a version; HEAD's if none is named.
fn tree_of(workspace: &Workspace<'_>, source: Option<&OsString>) -> Result<Option<ObjectId>, CommandError> {
    match source {
        Some(text) => Ok(Some(revisions::resolve_tree(workspace, text)?)),
        None => Ok(workspace.head_tree()?),
    }
}

/// Why nothing was restored from a revision, or from what is staged.
pub(super) fn refused(error: RestoreError, revision: Option<&OsStr>) -> CommandError {
    match (error, revision) {
        (RestoreError::NoMatch(pathspec), Some(revision)) => {
            let (pathspec, revision) = (escape::plain(&pathspec), escape::plain(revision.as_encoded_bytes()));
            fatal(format_args!(
                "pathspec '{pathspec}' did not match any file of '{revision}', nor a tracked one"
            ))
            .hint(format_args!("nothing was changed; 'pond ls -r {revision}' lists that version"))
        }
        (error, _) => error.into(),
    }
}

impl From<RestoreError> for CommandError {
    fn from(error: RestoreError) -> Self {
        match error {
            RestoreError::Workspace(error) => error.into(),
            RestoreError::NoMatch(_) => {
                fatal(&error).hint("nothing was changed; 'pond ls-files' lists what is tracked")
            }
            RestoreError::InConflict(ref paths) => conflict(format_args!("{error}:{}", paths_below(paths))).hint(
                "nothing was changed; --ours and --theirs take one side, -m writes the conflict anew, 'pond add PATH' says that one is decided",
            ),
            RestoreError::NothingInConflict => {
                fatal(format_args!("{error}: --ours and --theirs choose a side while a merge waits"))
            }
            RestoreError::NoSide { ref path, .. } => fatal(&error).hint(format_args!(
                "nothing was changed; 'pond rm {}' decides that it goes",
                escape::plain(path)
            )),
            RestoreError::OneSided { .. } => conflict(format_args!("{error}: it can't be merged again"))
                .hint("nothing was changed; --ours and --theirs take one side, 'pond rm' decides that it goes"),
        }
    }
}

impl From<ElsewhereError> for CommandError {
    fn from(error: ElsewhereError) -> Self {
        match error {
            ElsewhereError::Workspace(error) => error.into(),
            ElsewhereError::InsidePond => fatal(&error).hint("name a directory outside of it"),
            error => Self::from_error(Class::Fatal, &error),
        }
    }
}

/// Prints the document; for people, a line about the files if those were restored.
pub(super) fn report(ctx: &Context, restored: &Restored, files: bool) -> Result<Outcome, CommandError> {
    let ui = &ctx.ui;
    let written = size::counted(restored.written.len() as u64, "file");
    match restored.removed.len() {
        _ if !files || restored.interrupted => {}
        0 => ui.status(format_args!("restored {written}")),
        removed => ui.status(format_args!("restored {written}, removed {removed}")),
    }
    if ui.is_json() {
        ui.json(&json!({
            "written": path_rows(&restored.written),
            "removed": path_rows(&restored.removed),
            "staged": path_rows(&restored.staged),
            "failed": failed_rows(&restored.failed),
        }))?;
    }
    if restored.interrupted {
        return Err(interrupted(
            "interrupted; the files that were written are whole, the others are as they were",
        ));
    }
    Ok(if restored.failed.is_empty() { Outcome::Done } else { Outcome::Partial })
}

/// Says what was laid out in a directory.
fn report_elsewhere(
    ctx: &Context,
    directory: &Path,
    laid_out: &LaidOutElsewhere,
) -> Result<Outcome, CommandError> {
    let ui = &ctx.ui;
    let shown = escape::path(directory);
    if !laid_out.failed.is_empty() {
        ui.hint(format_args!(
            "'{shown}' holds a part of the version: empty it before the next try, or name another directory"
        ));
    }
    if ui.is_json() {
        let mut document = Map::new();
        insert_path(&mut document, "directory", directory.as_os_str().as_encoded_bytes().into());
        document.insert("written".into(), path_rows(laid_out.written.iter()).into());
        document.insert("failed".into(), failed_rows(&laid_out.failed.paths).into());
        ui.json(&document)?;
    }
    if laid_out.interrupted {
        return Err(interrupted(format_args!("interrupted; '{shown}' holds a part of the version")));
    }
    ui.status(format_args!("laid out {} in '{shown}'", size::counted(laid_out.count, "file")));
    Ok(if laid_out.failed.is_empty() { Outcome::Done } else { Outcome::Partial })
}
