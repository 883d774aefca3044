//! From what a user writes to objects: revisions, ranges, and `REV:PATH`.
//!
//! `pond_history` finds what revisions name. Here errors are worded, with what could have been meant, ambiguous names are told,
//! and paths are looked up, in the index too. Every function reads only.

mod arguments;
mod explain;
mod order;
mod tips;

use std::ffi::OsStr;

use pond_history::CommitSet;
use pond_history::resolve::{self, Ambiguity, ResolveRevisionError};
use pond_mirror::index::pending::StageNumber;
use pond_objects::{ObjectId, PathEntry, Side, escape, tree};
use pond_refs::{Found, PathRoot, Range, Revision, RevisionPath, Tracked};
use pond_workspace::Workspace;
use pond_workspace::observer::Event;

use crate::error::{CommandError, fatal};

pub(crate) use arguments::{Arguments, path_from_root, split_arguments, take_count};
pub(crate) use order::OrderArgs;
pub(crate) use tips::TipArgs;

/// The object that a text names, with what kind it is and which ref it was.
pub(crate) fn resolve_object(
    workspace: &Workspace<'_>,
    text: impl AsRef<OsStr>,
) -> Result<Found, CommandError> {
    let revision = Revision::parse(text.as_ref().as_encoded_bytes())?;
    let found = resolve::object(workspace.history(), &revision);
    told(workspace, found, text.as_ref())
}

/// The commit that a text names, with the ref that it was.
pub(crate) fn resolve_found(
    workspace: &Workspace<'_>,
    text: impl AsRef<OsStr>,
) -> Result<Found, CommandError> {
    let revision = Revision::parse(text.as_ref().as_encoded_bytes())?;
    let found = resolve::commit(workspace.history(), &revision);
    told(workspace, found, text.as_ref())
}

/// The tree that a text names: a commit's, a tree, or the directory of `REV:PATH`.
pub(crate) fn resolve_tree(
    workspace: &Workspace<'_>,
    text: impl AsRef<OsStr>,
) -> Result<ObjectId, CommandError> {
    let text = text.as_ref();
    if let Some(path) = RevisionPath::parse_optional(text.as_encoded_bytes())? {
        let entry = entry_at(workspace, &path)?;
        return match entry.kind {
            pond_objects::Kind::Directory => Ok(entry.id),
            _ => Err(fatal(format_args!("'{}' is no directory", shown(text)))),
        };
    }
    let revision = Revision::parse(text.as_encoded_bytes())?;
    resolve::tree(workspace.history(), &revision).map_err(|error| explain::named(workspace, error, text))
}

/// What `REV:PATH` or `:PATH` names.
pub(crate) fn resolve_path(
    workspace: &Workspace<'_>,
    text: impl AsRef<OsStr>,
) -> Result<PathEntry, CommandError> {
    entry_at(workspace, &RevisionPath::parse(text.as_ref().as_encoded_bytes())?)
}

/// As [`resolve_path`]; none for a text that has no colon.
pub(crate) fn resolve_path_optional(
    workspace: &Workspace<'_>,
    text: impl AsRef<OsStr>,
) -> Result<Option<PathEntry>, CommandError> {
    match RevisionPath::parse_optional(text.as_ref().as_encoded_bytes())? {
        Some(path) => entry_at(workspace, &path).map(Some),
        None => Ok(None),
    }
}

/// The object that a text names, be it a path in a revision.
pub(crate) fn resolve_any(workspace: &Workspace<'_>, text: &OsStr) -> Result<ObjectId, CommandError> {
    match resolve_path_optional(workspace, text)? {
        Some(entry) => Ok(entry.id),
        None => Ok(resolve_object(workspace, text)?.id),
    }
}

/// The commits that several texts name together, each a revision or a range; HEAD if there is none.
pub(crate) fn resolve_ranges<T: AsRef<OsStr>>(
    workspace: &Workspace<'_>,
    texts: &[T],
) -> Result<CommitSet, CommandError> {
    let history = workspace.history();
    let mut set = CommitSet::default();
    for text in texts {
        let range = Range::parse(text.as_ref().as_encoded_bytes())?;
        let added = set.add(history, &range);
        set.ambiguous.drain(..).for_each(|ambiguity| tell(workspace, &ambiguity));
        added.map_err(|error| explain::in_range(workspace, error))?;
    }
    if texts.is_empty() {
        let head = resolve::commit(history, &Revision::head());
        set.include.push(head.map_err(|error| explain::error(workspace, error))?.id);
    }
    Ok(set)
}

/// Resolves a revision that was parsed already.
pub(crate) fn resolve_parsed(workspace: &Workspace<'_>, revision: &Revision) -> Result<Found, CommandError> {
    let found = resolve::commit(workspace.history(), revision);
    told(workspace, found, revision.to_string().as_ref())
}

/// The ref, or HEAD, whose earlier values a text asks for.
pub(crate) fn tracked(workspace: &Workspace<'_>, text: &OsStr) -> Result<Tracked, CommandError> {
    let found = resolve::tracked(workspace.history(), text.as_encoded_bytes()).ok_or_else(|| {
        fatal(format_args!("'{}' is no ref", shown(text)))
            .hint("'pond reflog' takes HEAD, a branch or a tag; 'pond op log' lists all that was done")
    })?;
    found.ambiguous.iter().for_each(|ambiguity| tell(workspace, ambiguity));
    Ok(found.tracked)
}

fn entry(path: &[u8], side: Side) -> PathEntry {
    PathEntry { path: path.into(), kind: side.kind, id: side.id, size: side.size }
}

fn entry_at(workspace: &Workspace<'_>, path: &RevisionPath) -> Result<PathEntry, CommandError> {
    let relative = path.path.starts_with(b".");
    let directory = if relative { workspace.cwd()? } else { Default::default() };
    let from_root = path.from_root(&directory)?;
    let shown_path = escape::plain(&from_root);
    match &path.root {
        PathRoot::Index => {
            let index = workspace.need_index()?;
            let side = index.row(&from_root).and_then(|row| row.staged);
            side.map(|side| entry(&from_root, side)).ok_or_else(|| {
                fatal(format_args!("'{shown_path}' is not in the index"))
                    .hint("'pond ls-files' lists what is; 'REV:PATH' names a path in a commit")
            })
        }
        PathRoot::Stage(stage) => at_stage(workspace, *stage, path, &from_root),
        PathRoot::Revision(revision) => {
            let root = resolve::tree(workspace.history(), revision)
                .map_err(|error| explain::error(workspace, error))?;
            let found = tree::find(workspace.store(), &root, &from_root)?;
            found.ok_or_else(|| explain::no_path(workspace, &root, &revision.to_string(), &from_root))
        }
    }
}

/// A version of a path in conflict; of another path, what is staged stands at stage 0.
fn at_stage(
    workspace: &Workspace<'_>,
    stage: u8,
    path: &RevisionPath,
    from_root: &[u8],
) -> Result<PathEntry, CommandError> {
    let shown_path = escape::plain(from_root);
    let waiting = workspace.need_index()?.header().pending.as_ref();
    let conflict =
        waiting.and_then(|waiting| waiting.conflicts.iter().find(|conflict| conflict.path() == from_root));
    match (stage, conflict) {
        (0, None) => entry_at(workspace, &RevisionPath { root: PathRoot::Index, ..path.clone() }),
        (0, Some(_)) => Err(fatal(format_args!("'{shown_path}' is in conflict, and has no stage 0"))
            .hint(":1:PATH is the common ancestor's version, :2:PATH ours, :3:PATH theirs")),
        (1.., conflict) => {
            let side = conflict.and_then(|conflict| conflict.side(StageNumber::ALL[usize::from(stage) - 1]));
            side.map(|side| entry(from_root, side)).ok_or_else(|| {
                let has = if conflict.is_some() { "has no" } else { "is not in conflict, and has no" };
                fatal(format_args!("'{shown_path}' {has} stage {stage}"))
                    .hint("'pond ls-files -u' lists the stages of paths in conflict")
            })
        }
    }
}

/// What was found, its ambiguity told; or the error, worded for what the user wrote.
fn told(
    workspace: &Workspace<'_>,
    found: Result<Found, ResolveRevisionError>,
    typed: &OsStr,
) -> Result<Found, CommandError> {
    let found = found.map_err(|error| explain::named(workspace, error, typed))?;
    Ambiguity::of(&found).iter().for_each(|ambiguity| tell(workspace, ambiguity));
    Ok(found)
}

fn tell(workspace: &Workspace<'_>, Ambiguity { taken, other }: &Ambiguity) {
    workspace.session().tell(Event::Ambiguous { taken, other });
}

fn shown(text: &OsStr) -> std::borrow::Cow<'_, str> {
    escape::plain(text.as_encoded_bytes())
}
