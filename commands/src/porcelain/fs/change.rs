//! `pond fs mv`, `rm`, `mkdir`: changes of the newest version.

use std::ffi::OsString;

use bstr::{BString, ByteSlice as _};
use pond_history::short_id;
use pond_objects::message::{Cleanup, is_empty};
use pond_objects::name::split_path;
use pond_objects::{Kind, escape};
use pond_oplog::OplogLayer;
use pond_refs::RefName;
use pond_tinyfs::{FS, FsError};
use pond_workspace::fs::{self, ChangeRequest, Changed};
use pond_workspace::{Purpose, Workspace, open};
use serde_json::json;

use crate::context::Context;
use crate::error::{CommandError, Outcome, usage};
use crate::fs_place::{FsPlace, into_directory};
use crate::text::size;

/// How a change becomes a commit.
#[derive(Debug, clap::Args)]
pub(super) struct CommitArgs {
    /// The commit's message; several are paragraphs. Default: what was done
    #[arg(short, long, value_name = "TEXT")]
    message: Vec<String>,

    /// Change the newest version of this branch, not of the current one
    #[arg(long, value_name = "BRANCH")]
    branch: Option<OsString>,
}

impl CommitArgs {
    /// The branch, as it was written.
    pub(super) fn branch(&self) -> Option<&OsString> {
        self.branch.as_ref()
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct MvArgs {
    #[command(flatten)]
    commit: CommitArgs,

    /// Replace a file that has the new name
    #[arg(short, long)]
    force: bool,

    /// What to rename, and the new path or the directory to move into
    #[arg(value_name = "PATH", required = true, num_args = 2..)]
    paths: Vec<OsString>,
}

#[derive(Debug, clap::Args)]
pub(super) struct RmArgs {
    #[command(flatten)]
    commit: CommitArgs,

    /// Remove directories with all that is in them
    #[arg(short, long)]
    recursive: bool,

    /// Pass over paths where nothing is
    #[arg(short, long)]
    force: bool,

    /// What to remove
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<OsString>,
}

#[derive(Debug, clap::Args)]
pub(super) struct MkdirArgs {
    #[command(flatten)]
    commit: CommitArgs,

    /// Make the directories above too; one that is there is no error
    #[arg(short, long)]
    parents: bool,

    /// The directories
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<OsString>,
}

pub(super) fn mv(ctx: &Context, args: &MvArgs) -> Result<Outcome, CommandError> {
    let mut workspace = open(ctx.session()?, Purpose::Change)?;
    let mut paths = to_change(&workspace, &args.paths)?;
    let target = paths.pop().ok_or_else(|| usage("mv needs two paths"))?;
    let message = format!("Move {} to {}", listed(&paths), escape::plain(&target));
    commit(ctx, &mut workspace, &args.commit, message, |_, _, fs| {
        let root = fs.root();
        let is_directory = is_directory(fs, &target)?;
        if paths.len() > 1 && !is_directory {
            return Err(FsError::NotADirectory(target.clone()).into());
        }
        for path in &paths {
            let name = root.entry(path)?.name().cloned();
            let to = into_directory(&target, name.as_ref().map(|name| name.as_slice()), is_directory)
                .ok_or(FsError::Root)?;
            make_way(fs, &to, args.force)?;
            root.rename(path, &to)?;
        }
        Ok(())
    })
}

pub(super) fn rm(ctx: &Context, args: &RmArgs) -> Result<Outcome, CommandError> {
    let mut workspace = open(ctx.session()?, Purpose::Change)?;
    let paths = to_change(&workspace, &args.paths)?;
    let message = format!("Remove {}", listed(&paths));
    commit(ctx, &mut workspace, &args.commit, message, |_, _, fs| {
        let root = fs.root();
        for path in &paths {
            if args.force && !root.exists(path)? {
                continue;
            }
            let entry = root.entry(path)?;
            if entry.node().kind() == Kind::Directory && !args.recursive {
                return Err(CommandError::from(FsError::IsADirectory(entry.path()))
                    .hint("-r removes it with all that is in it"));
            }
            root.remove_all(path)?;
        }
        Ok(())
    })
}

pub(super) fn mkdir(ctx: &Context, args: &MkdirArgs) -> Result<Outcome, CommandError> {
    let mut workspace = open(ctx.session()?, Purpose::Change)?;
    let paths = to_change(&workspace, &args.paths)?;
    let message = format!("Make {}", listed(&paths));
    commit(ctx, &mut workspace, &args.commit, message, |_, _, fs| {
        for path in &paths {
            match args.parents {
                true => fs.root().make_directories(path)?,
                false => fs.root().make_directory(path)?,
            }
        }
        Ok(())
    })
}

/// Paths of the newest version.
fn to_change(workspace: &Workspace<'_>, texts: &[OsString]) -> Result<Vec<BString>, CommandError> {
    texts.iter().map(|text| FsPlace::to_change(workspace, text)).collect()
}

/// Whether things are put into `target`: it is a directory, or written as one.
pub(super) fn is_directory(fs: &FS<'_>, target: &BString) -> Result<bool, CommandError> {
    match fs.root().get(target) {
        Ok(found) => Ok(found.node().kind() == Kind::Directory),
        Err(FsError::NotFound(_)) => Ok(target.is_empty()),
        Err(error) => Err(error.into()),
    }
}

/// Removes a file that is to be replaced.
pub(super) fn make_way(fs: &FS<'_>, path: &BString, force: bool) -> Result<(), CommandError> {
    let root = fs.root();
    match root.entry(path) {
        Ok(found) if force && found.node().kind() != Kind::Directory => Ok(root.remove(path)?),
        Ok(found) => {
            let error = CommandError::from(FsError::Exists(found.path()));
            Err(match found.node().kind() {
                Kind::Directory => {
                    error.hint("nothing was changed; a directory is not replaced: remove it first")
                }
                _ => error.hint("nothing was changed; -f replaces it, and history keeps what it was"),
            })
        }
        Err(FsError::NotFound(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Some paths in a few words.
pub(super) fn listed(paths: &[impl AsRef<[u8]>]) -> String {
    match paths {
        [one] => escape::plain(one.as_ref()).into_owned(),
        [one, two] => format!("{} and {}", escape::plain(one.as_ref()), escape::plain(two.as_ref())),
        paths => size::counted(paths.len() as u64, "path"),
    }
}

/// The last name of a path.
pub(super) fn last_name(path: &[u8]) -> Option<&[u8]> {
    let name = split_path(path.trim_end_with(|byte| byte == '/')).1;
    (!name.is_empty()).then_some(name)
}

/// The branch that an option names.
pub(super) fn branch(text: Option<&OsString>) -> Result<Option<RefName>, CommandError> {
    let name = text.map(|text| RefName::branch(&text.to_string_lossy()));
    name.transpose().map_err(|error| CommandError::from(error).hint("--branch names a branch"))
}

/// Makes a commit of what `edit` does, and says so.
pub(super) fn commit(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    args: &CommitArgs,
    done: String,
    edit: impl FnOnce(&Workspace<'_>, &OplogLayer<'_>, &FS<'_>) -> Result<(), CommandError>,
) -> Result<Outcome, CommandError> {
    let message = if args.message.is_empty() { done } else { args.message.join("\n\n") };
    let cleanup = Cleanup::from_word("default", false).expect("BUG: the default is a mode");
    let message = cleanup.apply(message.as_bytes());
    if is_empty(&message) {
        return Err(crate::error::nothing("the message is empty; nothing was changed"));
    }
    let message: BString = message.into();
    let request = ChangeRequest { branch: branch(args.branch.as_ref())?, message: message.clone() };
    let changed = fs::change(workspace, request, ctx, edit)?;
    report(ctx, workspace, &changed, &message)
}

fn report(
    ctx: &Context,
    workspace: &Workspace<'_>,
    changed: &Changed,
    message: &BString,
) -> Result<Outcome, CommandError> {
    let branch = changed.branch.as_ref().map(RefName::short);
    let failed = &changed.laid_out.failed;
    if ctx.ui.is_json() {
        ctx.ui.json(&json!({
            "branch": branch,
            "commit": changed.commit.map(|id| id.to_hex()),
            "tree": changed.tree.to_hex(),
            "paths": changed.paths,
            "failed": crate::ui::changes_json::failed_rows(&failed.paths),
        }))?;
    } else {
        let branch = branch.unwrap_or("detached HEAD");
        match &changed.commit {
            Some(id) => {
                let subject = message.lines().next().unwrap_or_default();
                let id = short_id(workspace.store(), id);
                ctx.ui.status(format_args!("[{branch} {id}] {}", escape::plain(subject)));
                ctx.ui.status(format_args!("  {} changed", size::counted(changed.paths as u64, "path")));
            }
            None => ctx.ui.status(format_args!("nothing changed: {branch} has all of it already")),
        }
    }
    Ok(if failed.is_empty() { Outcome::Done } else { Outcome::Partial })
}
