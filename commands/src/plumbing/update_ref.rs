//! `pond update-ref`: move refs, each with the value that it must have.

mod script;

use std::ffi::{OsStr, OsString};
use std::io::Read as _;

use pond_objects::{ObjectId, escape};
use pond_refs::{Expected, RefName};
use pond_workspace::update_ref::{New, RefUpdate, UpdateRefError, update_refs};
use pond_workspace::{Workspace, refs};

use crate::context::Context;
use crate::error::{Class, CommandError, Outcome, fatal, usage};
use crate::revisions;

/// Move, make or delete refs, if they are what they are expected to be
///
/// All that one command does is one operation: every ref is moved, or none is. HEAD stands for the branch that it is on.
/// Where that branch is moved, the index and the files stay, as in git: what differs then is staged.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
NEW is any revision; 64 zeros delete the ref. OLD is what the ref must be; 64 zeros or nothing ('') mean that it must
not exist. With --stdin, each line is one of

  update REF NEW [OLD]     create REF NEW     delete REF [OLD]     verify REF [OLD]
  option no-deref          for the line that follows

Refs are named in full: refs/heads/main, refs/tags/v1, refs/remotes/x/main, or HEAD.

Examples:
  pond update-ref refs/heads/fix HEAD~2
  pond update-ref refs/heads/main $new $old
  pond update-ref -d refs/tags/v0
  printf 'create refs/heads/a HEAD\\ndelete refs/heads/b\\n' | pond update-ref --stdin

Exit codes: 0; 128 where a ref is not what was expected, and nothing was changed; 129.")]
pub(crate) struct UpdateRefArgs {
    /// Delete the ref
    #[arg(short, long, conflicts_with = "stdin")]
    delete: bool,

    /// HEAD itself is moved, off its branch
    #[arg(long)]
    no_deref: bool,

    /// Read what to do from standard input
    #[arg(long)]
    stdin: bool,

    /// Why; it is kept in the operation
    #[arg(short, value_name = "REASON")]
    message: Option<String>,

    /// REF NEW [OLD]; with -d, REF [OLD]
    #[arg(value_name = "REF|VALUE")]
    words: Vec<OsString>,
}

/// What a line asks for, not looked up yet.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wish {
    name: Named,
    /// The value as it was written; none deletes. Left out where the ref is only verified.
    new: Option<Option<OsString>>,
    /// None where any value will do; an empty text: it must not exist.
    old: Option<OsString>,
    no_deref: bool,
}

/// A ref as it was named.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Named {
    Head,
    Ref(RefName),
}

impl Named {
    fn parse(text: &OsStr) -> Result<Self, CommandError> {
        if text == "HEAD" {
            return Ok(Self::Head);
        }
        RefName::from_bytes(text.as_encoded_bytes()).map(Self::Ref).map_err(|error| {
            CommandError::from(error).hint("refs are named in full here: refs/heads/main, refs/tags/v1")
        })
    }
}

pub(crate) fn run(ctx: &Context, args: UpdateRefArgs) -> Result<Outcome, CommandError> {
    let wishes = match args.stdin {
        true if args.words.is_empty() => {
            let mut text = Vec::new();
            std::io::stdin().lock().read_to_end(&mut text)?;
            script::parse(&text, args.no_deref)?
        }
        true => return Err(usage("--stdin takes no refs on the command line")),
        false => vec![from_words(&args)?],
    };
    let mut workspace = refs::open(ctx.session()?, |head| {
        let named: Vec<&RefName> = wishes.iter().filter_map(Wish::reference).collect();
        wishes.iter().any(|wish| wish.name == Named::Head) || refs::is_on(head, named.into_iter())
    })?;
    let updates: Vec<RefUpdate> =
        wishes.iter().map(|wish| wish.resolved(&workspace)).collect::<Result<_, _>>()?;
    update_refs(&mut workspace, &updates, args.message)?;
    Ok(Outcome::Done)
}

impl From<UpdateRefError> for CommandError {
    fn from(error: UpdateRefError) -> Self {
        match error {
            UpdateRefError::Workspace(error) => error.into(),
            UpdateRefError::HeadGone => fatal(&error).hint("'pond update-ref -d HEAD' deletes the branch"),
            UpdateRefError::NoRef(_) | UpdateRefError::HeadElsewhere { .. } => {
                Self::from_error(Class::Fatal, &error)
            }
        }
    }
}

fn from_words(args: &UpdateRefArgs) -> Result<Wish, CommandError> {
    let (name, new, old) = match (args.delete, args.words.as_slice()) {
        (true, [name]) => (name, None, None),
        (true, [name, old]) => (name, None, Some(old)),
        (false, [name, new]) => (name, Some(new), None),
        (false, [name, new, old]) => (name, Some(new), Some(old)),
        (true, _) => return Err(usage("-d takes REF [OLD]")),
        (false, _) => return Err(usage("update-ref takes REF NEW [OLD]")),
    };
    if new.is_some_and(|new| new.is_empty()) {
        // What a script has in its hands when the command before failed.
        return Err(
            fatal("the new value is empty: it names no object").hint("nothing was changed; -d deletes a ref")
        );
    }
    Ok(Wish {
        name: Named::parse(name)?,
        new: Some(new.filter(|new| !is_none(new)).cloned()),
        old: old.cloned(),
        no_deref: args.no_deref,
    })
}

/// Digits of an id in git, whose scripts say with that many zeros that a ref does not exist.
const GIT_ZEROS: usize = 40;

/// Whether a text stands for no value: it is empty, or all zeros.
fn is_none(text: &OsStr) -> bool {
    let are_zeros = text.as_encoded_bytes().iter().all(|digit| *digit == b'0');
    are_zeros && [0, GIT_ZEROS, ObjectId::ZERO.to_hex().len()].contains(&text.len())
}

impl Wish {
    fn reference(&self) -> Option<&RefName> {
        match &self.name {
            Named::Ref(name) => Some(name),
            Named::Head => None,
        }
    }

    /// What it asks for, its values looked up.
    fn resolved(&self, workspace: &Workspace<'_>) -> Result<RefUpdate, CommandError> {
        let expected = match &self.old {
            None => Expected::Any,
            Some(text) if is_none(text) => Expected::MustNotExist,
            Some(text) => Expected::from(Some(revisions::resolve_any(workspace, text)?)),
        };
        let is_detached = self.no_deref || workspace.head().branch.is_none();
        let name = match &self.name {
            Named::Ref(name) => pond_workspace::update_ref::Named::Ref(name.clone()),
            Named::Head if is_detached => pond_workspace::update_ref::Named::HeadItself,
            Named::Head => pond_workspace::update_ref::Named::Head,
        };
        let new = match &self.new {
            None => New::Same,
            Some(None) => New::Gone,
            Some(Some(text)) if is_none(text) => New::Gone,
            Some(Some(text)) if self.name == Named::Head && is_detached => New::At(commit(workspace, text)?),
            Some(Some(text)) => New::At(revisions::resolve_any(workspace, text)?),
        };
        Ok(RefUpdate { name, new, expected })
    }
}

/// A commit that HEAD itself can be at.
fn commit(workspace: &Workspace<'_>, text: &OsStr) -> Result<ObjectId, CommandError> {
    let found = revisions::resolve_object(workspace, text)?;
    if found.kind != pond_refs::ObjectKind::Commit {
        let text = escape::plain(text.as_encoded_bytes());
        return Err(fatal(format_args!("HEAD cannot be at '{text}': that is no commit")));
    }
    Ok(found.id)
}
