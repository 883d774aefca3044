//! Errors about revisions, with what the user may have meant.

use std::ffi::OsStr;

use pond_history::resolve::{LookupError, ResolveRevisionError};
use pond_history::short_id;
use pond_objects::{IdPrefix, ObjectId, ObjectSource, escape, tree};
use pond_refs::{Candidate, ObjectKind, ResolveError};
use pond_workspace::Workspace;

use crate::error::{CommandError, fatal};
use crate::text::suggest;
use crate::time::DateStyle;

/// Candidates that are listed for an ambiguous prefix.
const LISTED: usize = 10;

/// Why a revision stands for nothing.
pub(super) fn error(workspace: &Workspace<'_>, error: ResolveRevisionError) -> CommandError {
    match error {
        ResolveRevisionError::Syntax(error) => error.into(),
        ResolveRevisionError::Revision { source, .. } => stands_for_nothing(workspace, source),
        ResolveRevisionError::Read(error) => error.into(),
    }
}

/// The same with the whole of what was typed in it, if the message names only a piece.
pub(super) fn named(workspace: &Workspace<'_>, error: ResolveRevisionError, typed: &OsStr) -> CommandError {
    let is_of_revision = matches!(error, ResolveRevisionError::Revision { .. });
    let this = self::error(workspace, error);
    if is_of_revision { naming(this, typed) } else { this }
}

/// The same of one end of a range: with the whole of that end in it.
pub(super) fn in_range(workspace: &Workspace<'_>, error: ResolveRevisionError) -> CommandError {
    match error {
        ResolveRevisionError::Revision { revision, source } => {
            naming(stands_for_nothing(workspace, source), revision.as_ref())
        }
        other => self::error(workspace, other),
    }
}

fn stands_for_nothing(workspace: &Workspace<'_>, error: ResolveError<LookupError>) -> CommandError {
    match error {
        ResolveError::Lookup(LookupError::Read(error)) => error.into(),
        ResolveError::Lookup(LookupError::Log(error)) => error.into(),
        ResolveError::Date(error) => error.into(),
        ResolveError::Unknown { name } => unknown(workspace, &name),
        ResolveError::Ambiguous { prefix, candidates } => ambiguous(workspace, &prefix, &candidates),
        ResolveError::Unborn => fatal("HEAD is at no commit yet: there are no commits here")
            .hint("'pond commit' makes the first one"),
        other => {
            let this = CommandError::from_error(crate::error::Class::Fatal, &other);
            match other {
                ResolveError::NoValue { .. } => this.hint("'pond log' lists the commits with their times"),
                ResolveError::NoPrevious(_) => this.hint("'pond switch BRANCH' goes to a branch by its name"),
                ResolveError::PreviousGone { .. } => {
                    this.hint("'@{1}' and 'HEAD@{1}' name the commits before")
                }
                ResolveError::Kind { wanted: ObjectKind::Commit, .. } => {
                    this.hint("'pond log' lists the commits; 'pond show' shows objects of every kind")
                }
                _ => this,
            }
        }
    }
}

/// The error with the whole revision in it, as it was typed, where its message names only a piece.
fn naming(error: CommandError, typed: &OsStr) -> CommandError {
    let shown = escape::plain(typed.as_encoded_bytes());
    match error.message().contains(&*shown) {
        true => error,
        false => error.context(format_args!("bad revision '{shown}'")),
    }
}

/// `name` is neither a ref nor the beginning of an id.
fn unknown(workspace: &Workspace<'_>, name: &str) -> CommandError {
    let this = fatal(format_args!("unknown revision '{}'", escape::plain(name.as_bytes())));
    if is_short_of_an_id(name) {
        return this.hint(id_needs_more());
    }
    match did_you_mean(workspace, name) {
        Some(sentence) => this.hint(sentence),
        None => this.hint(
            "'pond log' lists the commits; a revision is a branch, a tag, HEAD~2, or an id's beginning",
        ),
    }
}

/// Whether a name could be the beginning of an id, if it were longer.
pub(super) fn is_short_of_an_id(name: &str) -> bool {
    (1..IdPrefix::MIN_DIGITS).contains(&name.len()) && name.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// What to say of such a name.
pub(super) fn id_needs_more() -> String {
    format!("the beginning of an id needs {} digits at least", IdPrefix::MIN_DIGITS)
}

/// Ref names that are near to a mistyped one.
pub(super) fn did_you_mean(workspace: &Workspace<'_>, name: &str) -> Option<String> {
    let refs = workspace.snapshot().view().refs().ok()?.into_iter();
    let names: Vec<String> =
        refs.map(|(name, _)| name.short().to_owned()).chain(["HEAD".to_owned()]).collect();
    let near = suggest::similar(name, names.iter().map(String::as_str));
    suggest::sentence(&near)
}

fn ambiguous(workspace: &Workspace<'_>, prefix: &str, candidates: &[Candidate]) -> CommandError {
    let this = fatal(format_args!(
        "'{}' is ambiguous: it is the beginning of several ids",
        escape::plain(prefix.as_bytes())
    ));
    let mut this = this.hint("it may mean:");
    for candidate in candidates.iter().take(LISTED) {
        this = this.hint(format_args!("  {}", line(workspace, candidate)));
    }
    match candidates.len().checked_sub(LISTED) {
        Some(more @ 1..) => this.hint(format_args!("  and {more} more")),
        _ => this,
    }
}

/// An object as one line: id, kind, and of a commit its date and subject.
fn line(workspace: &Workspace<'_>, candidate: &Candidate) -> String {
    let id = short_id(workspace.store(), &candidate.id);
    let Candidate { kind, .. } = candidate;
    match workspace.store().commit(&candidate.id) {
        Ok(commit) if *kind == ObjectKind::Commit => {
            let date = DateStyle::Short.format(commit.committer.when, 0);
            format!("{id} commit {date} - {}", escape::plain(commit.subject()))
        }
        _ => format!("{id} {kind}"),
    }
}

/// A revision has no such path.
pub(super) fn no_path(
    workspace: &Workspace<'_>,
    root: &ObjectId,
    revision: &str,
    path: &[u8],
) -> CommandError {
    let revision = escape::plain(revision.as_bytes());
    let this = fatal(format_args!("'{}' is not in '{revision}'", escape::plain(path)));
    // The deepest directory that is there says where the path goes wrong.
    let parent = pond_objects::path::parent(path);
    let name = &path[if parent.is_empty() { 0 } else { parent.len() + 1 }..];
    let siblings = match tree::find(workspace.store(), root, parent) {
        Ok(Some(entry)) if entry.kind == pond_objects::Kind::Directory => {
            tree::entries(workspace.store(), &entry.id).unwrap_or_default()
        }
        _ => return this.hint(format_args!("'pond ls -r {revision}' lists every path in it")),
    };
    let names: Vec<String> =
        siblings.iter().filter_map(|entry| String::from_utf8(entry.name.to_vec()).ok()).collect();
    let wanted = String::from_utf8_lossy(name);
    match suggest::sentence(&suggest::similar(&wanted, names.iter().map(String::as_str))) {
        Some(sentence) => this.hint(escape::plain(sentence.as_bytes())),
        None => this.hint(format_args!("'pond ls {revision}:{}' lists what is there", escape::plain(parent))),
    }
}
