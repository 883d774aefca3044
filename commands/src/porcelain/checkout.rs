//! `pond checkout`: move HEAD and the mirror to a commit, or restore paths.

use std::ffi::{OsStr, OsString};

use pond_objects::escape;
use pond_refs::RefName;
use pond_workspace::restore::{Part, RestoreRequest, Source, recreate, restore, take_side};
use pond_workspace::switch::To;
use pond_workspace::{Purpose, Workspace, open};

use crate::args::again::AgainArgs;
use crate::args::side::SideArgs;
use crate::context::Context;
use crate::error::{CommandError, Outcome, fatal, usage};
use crate::porcelain::path_args::parse;
use crate::porcelain::restore::{refused, report};
use crate::porcelain::switch::go::{self, Go, go};
use crate::revisions;

/// Move HEAD and the mirror's files to a branch or a commit, or restore paths
///
/// With a revision, the mirror becomes that version, as 'pond switch' does it; changes that are not committed are carried
/// along where they do not collide, and where they do nothing is changed. With paths, it does what 'pond restore' does,
/// and HEAD stays.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
At a commit that is not named by a branch, HEAD is detached: commits made there belong to no branch. '-' is the branch
that HEAD was on before.

Examples:
  pond checkout HEAD~2           the version before the last two commits
  pond checkout main             back to the branch
  pond checkout -b trial         a new branch, from here
  pond checkout HEAD~2 -- a.csv  only one file of it
  pond checkout -m main          to a branch that changed the same files: changes are merged into its versions
  pond checkout --conflict=diff3 a.csv
                                 a conflict as it was before it was edited, with the base's version

Exit codes: 0; 1 changes that are not committed are in the way, nothing was changed, or with -m conflicts; 3 some files could not be
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

    #[command(flatten)]
    again: AgainArgs,

    /// Make the branch NEW at the revision, or at HEAD, and go there
    #[arg(short, value_name = "NEW", group = "how")]
    branch: Option<OsString>,

    /// The same, and move the branch if there is one
    #[arg(short = 'B', value_name = "NEW", group = "how")]
    force_branch: Option<OsString>,

    /// Throw changes away that are in the way; they are stored in the pond first
    #[arg(short, long, conflicts_with_all = ["merge", "conflict"])]
    force: bool,

    /// Detach HEAD even where the revision is a branch
    #[arg(short, long, group = "how")]
    detach: bool,
}

impl CheckoutArgs {
    /// Whether HEAD is meant, whatever else is said.
    fn is_about_head(&self) -> bool {
        self.detach || self.branch.is_some() || self.force_branch.is_some()
    }
}

pub(crate) fn run(ctx: &Context, args: CheckoutArgs) -> Result<Outcome, CommandError> {
    let mut workspace = open(ctx.session()?, Purpose::Change)?;
    if let Some(which) = args.side.which() {
        let paths: Vec<OsString> = args.what.iter().chain(&args.paths).cloned().collect();
        if paths.is_empty() {
            return Err(usage("--ours and --theirs need paths"));
        }
        let pathspecs = parse(&workspace, &paths)?;
        return report(ctx, &take_side(&mut workspace, which, &pathspecs)?, true);
    }
    workspace.need_mirror()?;
    if args.is_about_head() && (args.what.len() > 1 || !args.paths.is_empty()) {
        return Err(usage("-b, -B and -d move HEAD, and cannot be used with paths"));
    }
    let Some(first) = args.what.first() else {
        if args.paths.is_empty() && (args.is_about_head() || args.force) {
            let to = destination(&workspace, &args, None)?;
            return move_to(ctx, &mut workspace, &args, to);
        }
        if args.paths.is_empty() {
            return Err(usage("checkout needs a revision or paths")
                .hint("'pond checkout main', 'pond checkout -- FILE'"));
        }
        return restore_staged(ctx, &mut workspace, &args, &args.paths);
    };
    if args.is_about_head() {
        let to = destination(&workspace, &args, Some(first))?;
        return move_to(ctx, &mut workspace, &args, to);
    }
    let is_alone = args.what.len() == 1 && args.paths.is_empty();
    let resolved = match go::branch_named(&workspace, first) {
        Ok(Some(to)) if is_alone => return move_to(ctx, &mut workspace, &args, to),
        Ok(_) => revisions::resolve_found(&workspace, first),
        Err(error) => Err(error),
    };
    match resolved {
        Ok(_) if is_alone => {
            let to = destination(&workspace, &args, Some(first))?;
            move_to(ctx, &mut workspace, &args, to)
        }
        Ok(_) if args.again.options(&workspace)?.is_some() => Err(usage(
            "-m and --conflict merge the versions of a conflict again: they take no revision beside paths",
        )),
        Ok(_) => {
            let paths: Vec<OsString> = args.what[1..].iter().chain(&args.paths).cloned().collect();
            restore_paths(ctx, &mut workspace, Some(first), &paths)
        }
        Err(error) if args.paths.is_empty() => {
            let known = parse(&workspace, &args.what).is_ok_and(|pathspecs| {
                workspace.index().iter().any(|entry| pathspecs.matches(entry.path, false))
            });
            // What is on the host was meant as a path, tracked or not.
            let is_there = ctx.cwd.join(first).symlink_metadata().is_ok();
            if known || is_there {
                restore_staged(ctx, &mut workspace, &args, &args.what)
            } else {
                Err(error)
            }
        }
        Err(error) => Err(error),
    }
}

/// Where HEAD shall go; without a text it stays where it is.
fn destination(
    workspace: &Workspace<'_>,
    args: &CheckoutArgs,
    text: Option<&OsString>,
) -> Result<To, CommandError> {
    let new = args.branch.as_ref().or(args.force_branch.as_ref());
    let Some(text) = text else {
        return match (new, &workspace.head().branch, workspace.head().commit) {
            (Some(name), ..) => go::new_branch(workspace, name, None, args.force_branch.is_some()),
            (None, Some(branch), Some(commit)) if !args.detach => Ok(To::Branch(branch.clone(), commit)),
            (None, _, Some(commit)) => Ok(To::Commit(commit)),
            (None, _, None) => {
                Err(fatal("you are on a branch yet to be born").hint("'pond commit' makes the first commit"))
            }
        };
    };
    let found = revisions::resolve_found(workspace, text);
    if let Some(name) = new {
        let start = found.map_err(|error| {
            let [text, name] = [text, name].map(|word| shown(word));
            error.context(format_args!(
                "'{text}' is not a commit and a branch '{name}' cannot be created from it"
            ))
        })?;
        return go::new_branch(workspace, name, Some(start.id), args.force_branch.is_some());
    }
    let found = found?;
    let is_here = *text == "HEAD" || *text == "@";
    let named = if is_here { workspace.head().branch.clone() } else { found.reference };
    Ok(match named.filter(|name| RefName::is_branch(name) && !args.detach) {
        Some(name) => To::Branch(name, found.id),
        None => To::Commit(found.id),
    })
}

fn move_to(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    args: &CheckoutArgs,
    to: To,
) -> Result<Outcome, CommandError> {
    let merge = args.again.options(workspace)?;
    go(ctx, workspace, Go { kind: "CHECKOUT", to, discard: args.force, merge, advise: !args.detach })
}

fn shown(text: &OsStr) -> String {
    escape::plain(text.as_encoded_bytes()).into_owned()
}

/// Restores paths as they are staged; with -m those in conflict from their versions.
fn restore_staged(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    args: &CheckoutArgs,
    paths: &[OsString],
) -> Result<Outcome, CommandError> {
    match args.again.options(workspace)? {
        Some(options) => {
            let pathspecs = parse(workspace, paths)?;
            report(ctx, &recreate(workspace, &options, &pathspecs, "CHECKOUT")?, true)
        }
        None => restore_paths(ctx, workspace, None, paths),
    }
}

fn restore_paths(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    revision: Option<&OsString>,
    paths: &[OsString],
) -> Result<Outcome, CommandError> {
    let pathspecs = parse(workspace, paths)?;
    let (source, part) = match revision {
        Some(text) => (Source::Tree(Some(revisions::resolve_tree(workspace, text)?)), Part::Both),
        None => (Source::Index, Part::Files),
    };
    let request = RestoreRequest { pathspecs: &pathspecs, source, part, keep_others: true, kind: "CHECKOUT" };
    let revision = revision.map(OsString::as_os_str);
    let restored = restore(workspace, &request).map_err(|error| refused(error, revision))?;
    report(ctx, &restored, true)
}
