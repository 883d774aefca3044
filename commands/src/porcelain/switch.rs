//! `pond switch`: move HEAD to a branch, and the mirror with it.

pub(super) mod go;
mod left_behind;

use std::ffi::{OsStr, OsString};

use pond_objects::escape;
use pond_refs::{Found, Namespace, ObjectKind, RefName};
use pond_workspace::switch::To;
use pond_workspace::{Purpose, Workspace, open};

use crate::args::again::AgainArgs;
use crate::context::Context;
use crate::error::{CommandError, Outcome, fatal, usage};
use crate::revisions;
use crate::text::suggest;
use go::{Go, go};

/// Move HEAD to a branch, and the mirror's files with it
///
/// Changes that are not committed are carried along where the two commits have the same file; where they are in the way
/// nothing is changed, unless -f or -m is given. Making a branch and moving to it is one step, which 'undo' takes back.
#[derive(Debug, clap::Args)]
#[command(
    mut_arg("merge", |merge| merge.help("Merge changes that are in the way into the new version's files")),
    after_long_help = "\
'-' is the branch that HEAD was on before. A revision that is no branch needs --detach: commits made there belong to
no branch, and 'pond switch -c NAME' gives them one. With --orphan the files that are tracked leave the mirror, and the next
commit has no parent.

Examples:
  pond switch calibration            to another branch
  pond switch -                      and back
  pond switch -c trial               a new branch, from here
  pond switch -c fix v1.0            a new branch, from v1.0
  pond switch --detach HEAD~3        to a commit, to look around
  pond switch -m main                to a branch that changed the same files: changes are merged into its versions

Exit codes: 0; 1 changes that are not committed are in the way, nothing was changed, or with -m conflicts; 3 some files could not be
written; 128 for an unknown branch or revision, or a name that is taken; 129; 130."
)]
pub(crate) struct SwitchArgs {
    /// Make the branch NEW, at START or HEAD
    #[arg(short, long, value_name = "NEW", group = "how")]
    create: Option<OsString>,

    /// The same, and move the branch if there is one
    #[arg(short = 'C', long, value_name = "NEW", group = "how")]
    force_create: Option<OsString>,

    /// Be at the commit, on no branch
    #[arg(short, long, group = "how")]
    detach: bool,

    /// Make the branch NEW without a commit: nothing is tracked there
    #[arg(long, value_name = "NEW", group = "how")]
    orphan: Option<OsString>,

    /// Give up changes that are not committed; they are stored in the pond first
    #[arg(short = 'f', long, visible_alias = "force", conflicts_with_all = ["merge", "conflict"])]
    discard_changes: bool,

    #[command(flatten)]
    again: AgainArgs,

    /// The branch; with -c and -C where it starts, with -d a revision
    #[arg(value_name = "BRANCH|START")]
    target: Option<OsString>,
}

pub(crate) fn run(ctx: &Context, args: SwitchArgs) -> Result<Outcome, CommandError> {
    let mut workspace = open(ctx.session()?, Purpose::Change)?;
    workspace.need_mirror()?;
    let to = destination(&workspace, &args)?;
    let merge = args.again.options(&workspace)?;
    go(ctx, &mut workspace, Go { kind: "SWITCH", to, discard: args.discard_changes, merge, advise: false })
}

fn destination(workspace: &Workspace<'_>, args: &SwitchArgs) -> Result<To, CommandError> {
    let target = args.target.as_deref();
    if let Some(name) = &args.create {
        return go::new_branch(workspace, name, start(workspace, target)?, false);
    }
    if let Some(name) = &args.force_create {
        return go::new_branch(workspace, name, start(workspace, target)?, true);
    }
    if let Some(name) = &args.orphan {
        return match target {
            Some(_) => Err(usage("--orphan begins without a commit, and takes no START")),
            None => Ok(To::orphan(workspace, new_name(name)?)?),
        };
    }
    if args.detach {
        return detached(workspace, target.unwrap_or(OsStr::new("HEAD")));
    }
    let Some(text) = target else {
        return Err(usage("missing branch or commit argument")
            .hint("'pond switch BRANCH', 'pond switch -c NEW'; 'pond branch' lists branches"));
    };
    branch(workspace, text)
}

/// Where a new branch begins, if that is said.
fn start(
    workspace: &Workspace<'_>,
    text: Option<&OsStr>,
) -> Result<Option<pond_objects::ObjectId>, CommandError> {
    text.map(|text| Ok(find(workspace, text)?.id)).transpose()
}

fn detached(workspace: &Workspace<'_>, text: &OsStr) -> Result<To, CommandError> {
    if workspace.head().commit.is_none() && (text == "HEAD" || text == "@") {
        return Err(fatal("you are on a branch yet to be born").hint("'pond commit' makes the first commit"));
    }
    Ok(To::Commit(find(workspace, text)?.id))
}

/// A commit, with the name that it was found by.
fn find(workspace: &Workspace<'_>, text: &OsStr) -> Result<Found, CommandError> {
    revisions::resolve_found(workspace, text)
        .map_err(|error| error.context(format_args!("invalid reference: {}", shown(text))))
}

/// The branch that a text names. A branch goes before a tag of the same name.
pub(super) fn branch(workspace: &Workspace<'_>, text: &OsStr) -> Result<To, CommandError> {
    if let Some(to) = go::branch_named(workspace, text)? {
        return Ok(to);
    }
    let found = match revisions::resolve_object(workspace, text) {
        Ok(found) => found,
        Err(error) => {
            let names = branch_names(workspace)?;
            let near = suggest::similar(&text.to_string_lossy(), names.iter().map(String::as_str));
            let this = fatal(format_args!("invalid reference: {}", shown(text)));
            return Err(match suggest::sentence(&near) {
                Some(sentence) => this.hint(sentence),
                None if text == "-" || text.as_encoded_bytes().starts_with(b"@{") => error,
                None => this.hint(format_args!(
                    "'pond branch' lists branches; 'pond switch -c {}' makes one",
                    shown(text)
                )),
            });
        }
    };
    let word = match &found.reference {
        Some(name) if name.is_branch() => return Ok(To::Branch(name.clone(), found.id)),
        Some(name) if name.namespace() == Namespace::Tag => "tag",
        Some(_) => "remote branch",
        None if matches!(found.kind, ObjectKind::Tree | ObjectKind::Blob) => {
            return Err(fatal(format_args!("cannot switch branch to a non-commit '{}'", shown(text))));
        }
        None => "commit",
    };
    Err(fatal(format_args!("a branch is expected, got {word} '{}'", shown(text)))
        .hint("if you want to detach HEAD at the commit, try again with the --detach option"))
}

fn branch_names(workspace: &Workspace<'_>) -> Result<Vec<String>, CommandError> {
    let refs = workspace.snapshot().view().refs_of(Namespace::Branch)?;
    Ok(refs.into_iter().map(|(name, _)| name.short().to_owned()).collect())
}

fn shown(text: &OsStr) -> std::borrow::Cow<'_, str> {
    escape::plain(text.as_encoded_bytes())
}

/// The name of a branch that a person wants to make.
pub(super) fn new_name(text: &OsStr) -> Result<RefName, CommandError> {
    RefName::branch(&text.to_string_lossy()).map_err(|error| {
        CommandError::from(error)
            .hint("branches are called as in git: letters, digits, '-', '_', '.', and '/' between parts")
    })
}
