//! From what a user writes to objects: revisions, ranges, `REV:PATH`, and the short form in which ids are shown.
//!
//! The grammar and its rules are `pond_refs`'; here they meet a pond. Every function reads only, and ends in an error that
//! says what could have been meant.

mod arguments;
mod explain;
mod frontier;
mod lineage;
mod lookup;
mod merge_base;
mod order;
mod reach;
mod reflog;
mod select;
mod shown;
mod tips;
mod touched;
mod touched_walk;
mod walk;

use crate::observer::Event;
use std::ffi::OsStr;

use jiff::tz::TimeZone;
use pond_objects::{IdPrefix, ObjectId, ObjectSource, PathEntry, ReadError, Side, tree};
use pond_oplog::operation::Operation;
use pond_oplog::{RowType, Store};
use pond_refs::{At, Base, Found, PathRoot, Range, ResolveError, Resolver, Revision, RevisionPath, Tracked};

use crate::error::{CommandError, fatal};
use crate::time;
use crate::workspace::Workspace;
use pond_mirror::index::pending::Which;
use pond_objects::escape;

pub(crate) use arguments::{Arguments, path_from_root, split_arguments, take_count};
pub(crate) use lineage::{Chosen, Looking};
pub(crate) use lookup::{LookupError, PondLookup};
pub(crate) use merge_base::merge_bases;
pub(crate) use order::OrderArgs;
use order::{Order, sort};
pub(crate) use reach::{Leads, bases_with_any, independent, is_ancestor, not_reachable, octopus_bases};
pub(crate) use select::{Differing, touches};
pub(crate) use shown::ShownCommits;
pub(crate) use tips::TipArgs;
pub(crate) use touched::Touched;
pub(crate) use walk::{Walk, WalkOptions};

/// Commits as `A..B` and its kin name them: what is reachable from `include`, without what is from `exclude`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CommitSet {
    /// Where to begin.
    pub(crate) include: Vec<ObjectId>,
    /// What is left out, with all that it follows.
    pub(crate) exclude: Vec<ObjectId>,
}

/// The object that a text names, with what kind it is and which ref it was.
pub(crate) fn resolve_object(
    workspace: &Workspace<'_>,
    text: impl AsRef<OsStr>,
) -> Result<Found, CommandError> {
    let revision = Revision::parse(text.as_ref().as_encoded_bytes())?;
    resolve(workspace, &revision, |resolver| resolver.object(&revision))
        .map_err(|error| explain::naming(error, text.as_ref()))
}

/// The commit that a text names, with the ref that it was.
pub(crate) fn resolve_found(
    workspace: &Workspace<'_>,
    text: impl AsRef<OsStr>,
) -> Result<Found, CommandError> {
    let revision = Revision::parse(text.as_ref().as_encoded_bytes())?;
    resolve(workspace, &revision, |resolver| resolver.commit(&revision))
        .map_err(|error| explain::naming(error, text.as_ref()))
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
    match with_lookup(workspace, &revision, |resolver| resolver.tree(&revision))? {
        Ok(tree) => Ok(tree),
        Err(error) => Err(explain::naming(explain::error(workspace, error), text)),
    }
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

/// The commits that several texts name together, each a revision or a range; HEAD where there is none.
pub(crate) fn resolve_ranges<T: AsRef<OsStr>>(
    workspace: &Workspace<'_>,
    texts: &[T],
) -> Result<CommitSet, CommandError> {
    let mut set = CommitSet::default();
    for text in texts {
        let range = Range::parse(text.as_ref().as_encoded_bytes())?;
        add_range(workspace, &range, &mut set)?;
    }
    if set.include.is_empty() && texts.is_empty() {
        set.include
            .push(resolve(workspace, &Revision::head(), |resolver| resolver.commit(&Revision::head()))?.id);
    }
    Ok(set)
}

/// Resolves a revision that was parsed already.
pub(crate) fn resolve_parsed(workspace: &Workspace<'_>, revision: &Revision) -> Result<Found, CommandError> {
    resolve(workspace, revision, |resolver| resolver.commit(revision))
        .map_err(|error| explain::naming(error, revision.to_string().as_ref()))
}

/// The ref, or HEAD, whose earlier values a text asks for.
pub(crate) fn tracked(workspace: &Workspace<'_>, text: &OsStr) -> Result<Tracked, CommandError> {
    if text == "HEAD" || text == "@" {
        return Ok(Tracked::Head);
    }
    let unknown = || {
        fatal(format_args!("'{}' is no ref", shown(text)))
            .hint("'pond reflog' takes HEAD, a branch or a tag; 'pond op log' lists all that was done")
    };
    let found = resolve_object(workspace, text).map(|found| found.reference);
    let deleted = || text.to_str().and_then(|name| pond_refs::RefName::branch(name).ok());
    let name = found.ok().flatten().or_else(deleted).ok_or_else(unknown)?;
    Ok(Tracked::Ref(name))
}

/// The values that a ref had, the present one first, each with the operation that gave it.
pub(crate) fn values<'w>(
    workspace: &'w Workspace<'_>,
    of: &'w Tracked,
) -> impl Iterator<Item = Result<(ObjectId, Operation), ReadError>> + use<'w> {
    PondLookup::new(workspace).values(of)
}

/// What an annotated tag names in the end; any other object itself.
///
/// # Errors
/// Those of reading the tags.
pub(crate) fn peel(store: &Store, mut id: ObjectId) -> Result<ObjectId, ReadError> {
    while store.type_of(&id) == Some(RowType::Tag) {
        id = store.tag(&id)?.object;
    }
    Ok(id)
}

/// The digits that tell an id from the pond's others: ten, or more where ten are not enough.
pub(crate) fn short_id(store: &Store, id: &ObjectId) -> String {
    short_id_from(store, id, ObjectId::SHORT_DIGITS)
}

/// As [`short_id`], of `least` digits or more.
pub(crate) fn short_id_from(store: &Store, id: &ObjectId, least: usize) -> String {
    let hex = id.to_hex();
    for digits in least.max(IdPrefix::MIN_DIGITS)..hex.len() {
        let prefix: IdPrefix = hex[..digits].parse().expect("BUG: digits of an id are a prefix");
        if store.matching(&prefix).iter().all(|(other, _)| other == id) {
            return hex[..digits].to_owned();
        }
    }
    hex
}

fn add_range(workspace: &Workspace<'_>, range: &Range, set: &mut CommitSet) -> Result<(), CommandError> {
    let commit = |revision| Ok::<_, CommandError>(resolve_parsed(workspace, revision)?.id);
    match range {
        Range::Reachable(revision) => set.include.push(commit(revision)?),
        Range::Exclude(revision) => set.exclude.push(commit(revision)?),
        Range::Between { from, to } => {
            set.exclude.push(commit(from)?);
            set.include.push(commit(to)?);
        }
        Range::Symmetric { left, right } => {
            let (left, right) = (commit(left)?, commit(right)?);
            set.exclude.extend(merge_bases(workspace.store(), left, right)?);
            set.include.extend([left, right]);
        }
    }
    Ok(())
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
            let root = match with_lookup(workspace, revision, |resolver| resolver.tree(revision))? {
                Ok(tree) => tree,
                Err(error) => return Err(explain::error(workspace, error)),
            };
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
            let side = conflict.and_then(|conflict| conflict.side(Which::ALL[usize::from(stage) - 1]));
            side.map(|side| entry(from_root, side)).ok_or_else(|| {
                let has = if conflict.is_some() { "has no" } else { "is not in conflict, and has no" };
                fatal(format_args!("'{shown_path}' {has} stage {stage}"))
                    .hint("'pond ls-files -u' lists the stages of paths in conflict")
            })
        }
    }
}

fn resolve(
    workspace: &Workspace<'_>,
    revision: &Revision,
    ask: impl FnOnce(&Resolver<'_, PondLookup<'_>>) -> Result<Found, ResolveError<LookupError>>,
) -> Result<Found, CommandError> {
    match with_lookup(workspace, revision, ask)? {
        Ok(found) => {
            if let (Some(taken), [other, ..]) = (&found.reference, found.shadowed.as_slice()) {
                workspace.session.tell(Event::Ambiguous { taken, other });
            }
            Ok(found)
        }
        Err(error) => Err(explain::error(workspace, error)),
    }
}

fn with_lookup<T>(
    workspace: &Workspace<'_>,
    revision: &Revision,
    ask: impl FnOnce(&Resolver<'_, PondLookup<'_>>) -> T,
) -> Result<T, CommandError> {
    let now = if is_dated(revision) { time::now()? } else { time::moment()?.to_zoned(TimeZone::UTC) };
    let lookup = PondLookup::new(workspace);
    Ok(ask(&Resolver::new(&lookup, &now)))
}

/// Whether the meaning depends on the clock and its zone.
fn is_dated(revision: &Revision) -> bool {
    matches!(&revision.base, Base::Reflog { at: At::Date(_), .. })
}

fn shown(text: &OsStr) -> std::borrow::Cow<'_, str> {
    escape::plain(text.as_encoded_bytes())
}

/// The bytes of a stored blob.
///
/// # Errors
/// Those of reading its manifest or its only chunk.
pub(crate) fn blob_size(store: &Store, id: &ObjectId) -> Result<u64, CommandError> {
    match store.manifest(id)? {
        Some(manifest) => Ok(manifest.size),
        None => Ok(store.chunk(id)?.len() as u64),
    }
}
