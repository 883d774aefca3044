//! `pond branch`: list, make, rename, copy and delete branches.

mod delete;
mod list;
mod rename;

use std::ffi::OsString;

use pond_refs::RefName;
use pond_workspace::branch::{self, BranchError};
use pond_workspace::{Purpose, open};

use crate::context::Context;
use crate::error::{Class, CommandError, Outcome, fatal, usage};
use crate::ref_list::ListArgs;
use crate::revisions;

/// List, make, rename, copy or delete branches
///
/// Without a name, the branches are listed; the one that HEAD is on has a star. With one, a branch is made at HEAD or at START,
/// and HEAD stays where it is.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
A branch and a directory of branches cannot have the same name, as in git: beside 'site' there is no 'site/north'.
A branch that was deleted can be made again at the commit that is printed. -v shows ids and subjects too.

Examples:
  pond branch
  pond branch --sort=-committerdate -v
  pond branch calibration HEAD~3
  pond branch -m calibration calibration-2026
  pond branch -d calibration-2026
  pond branch --list 'site/*' --contains v1

Exit codes: 0; 1 some branch was not deleted; 128 for a name that is taken or cannot be, an unknown revision, or a branch
that HEAD is on; 129.")]
pub(crate) struct BranchArgs {
    /// Move the branch if there is one; with -m and -c: take the place of another
    #[arg(short, long)]
    force: bool,

    /// Rename: [OLD] NEW
    #[arg(short = 'm', long = "move", group = "action")]
    rename: bool,

    /// Rename, and take the place of another
    #[arg(short = 'M', group = "action")]
    force_rename: bool,

    /// Copy: [OLD] NEW
    #[arg(short, long, group = "action")]
    copy: bool,

    /// Copy, and take the place of another
    #[arg(short = 'C', group = "action")]
    force_copy: bool,

    /// Delete branches whose commits HEAD has
    #[arg(short, long, group = "action")]
    delete: bool,

    /// Delete branches, merged or not
    #[arg(short = 'D', group = "action")]
    force_delete: bool,

    /// Print the name of the branch that HEAD is on; print nothing if it is on none
    #[arg(long, group = "action")]
    show_current: bool,

    /// List; with patterns, those that match one
    #[arg(short, long, group = "action")]
    list: bool,

    /// List branches of other ponds too
    #[arg(short, long)]
    all: bool,

    /// List branches of other ponds; with -d: delete those
    #[arg(short, long)]
    remotes: bool,

    #[command(flatten)]
    form: ListArgs,

    /// NAME [START]; names, or patterns
    #[arg(value_name = "NAME")]
    names: Vec<OsString>,
}

pub(crate) fn run(ctx: &Context, args: BranchArgs) -> Result<Outcome, CommandError> {
    if args.show_current {
        return show_current(ctx);
    }
    if args.delete || args.force_delete {
        let names = texts(&args.names)?;
        return delete::run(ctx, &names, args.remotes, args.force_delete || args.force);
    }
    let copies = args.copy || args.force_copy;
    if args.rename || args.force_rename || copies {
        let names = texts(&args.names)?;
        let force = args.force || args.force_rename || args.force_copy;
        return rename::run(ctx, &names, copies, force);
    }
    let lists = args.names.is_empty() || args.list || args.all || args.remotes || args.form.any();
    if lists { list::run(ctx, &args) } else { make(ctx, &args) }
}

fn texts(names: &[OsString]) -> Result<Vec<String>, CommandError> {
    names
        .iter()
        .map(|name| match name.to_str() {
            Some(name) => Ok(name.to_owned()),
            None => Ok(RefName::from_bytes(name.as_encoded_bytes())?.short().to_owned()),
        })
        .collect()
}

fn show_current(ctx: &Context) -> Result<Outcome, CommandError> {
    let workspace = open(ctx.session()?, Purpose::LookAtTable)?;
    let branch = workspace.head().branch.as_ref().map(RefName::short);
    if ctx.ui.is_json() {
        ctx.ui.json(&serde_json::json!({ "branch": branch }))?;
    } else if let Some(branch) = branch {
        ctx.ui.say(branch);
    }
    Ok(Outcome::Done)
}

fn make(ctx: &Context, args: &BranchArgs) -> Result<Outcome, CommandError> {
    let (name, start) = match args.names.as_slice() {
        [name] => (name, None),
        [name, start] => (name, Some(start)),
        _ => return Err(usage("a branch has one name and one START").hint("'pond branch NAME [START]'")),
    };
    let mut workspace = open(ctx.session()?, Purpose::LookAtTable)?;
    let name = new_name(&name.to_string_lossy())?;
    branch::check_name(&workspace, &name, args.force)?;
    let commit = match start {
        Some(text) => revisions::resolve_found(&workspace, text)?.id,
        None => revisions::resolve_found(&workspace, "HEAD")?.id,
    };
    branch::make(&mut workspace, name, commit, args.force)?;
    Ok(Outcome::Done)
}

/// The branch that a person wants to call so.
fn new_name(name: &str) -> Result<RefName, CommandError> {
    RefName::branch(name).map_err(|error| {
        CommandError::from(error)
            .hint("branches are called as in git: letters, digits, '-', '_', '.', and '/' between parts")
    })
}

impl From<BranchError> for CommandError {
    fn from(error: BranchError) -> Self {
        match error {
            BranchError::Workspace(error) => error.into(),
            BranchError::Taken(_) => fatal(&error).hint("-f moves it"),
            BranchError::NoBranch => fatal(&error).hint("name the branch: 'pond branch -m OLD NEW'"),
            BranchError::InUse { .. } | BranchError::NotFound(_) => Self::from_error(Class::Fatal, &error),
        }
    }
}
