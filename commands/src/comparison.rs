//! What differs between two places of which one is the index or the mirror; two trees are compared by [`pond_history::diff`].
//!
//! Every comparison gives changes in path order, restricted to pathspecs, with renames found and filtered as the
//! [`DiffArgs`] say; [`crate::ui::diff`] writes them. Unchanged pages and files with an unchanged stat are not read. A path
//! in conflict is, beside others, a change without sides where the index is one of the two places.

mod args;
mod conflicts;
mod host;
mod host_text;
mod merges;

use std::collections::{BTreeMap, HashMap};

use bstr::BString;
use pond_history::diff::{Combined, DiffRequest, Ordered, is_unmerged, raw_trees, takes};
use pond_mirror::index::pending::StageNumber;
use pond_mirror::index::{Base, Index};
use pond_objects::pathspec::Pathspecs;
use pond_objects::{Change, Kind, ObjectId, Side, path_order, read_blob, tree};
use pond_oplog::Store;
use pond_workspace::Workspace;

use crate::error::CommandError;
use crate::ui::diff::{Contents, StoredContents};

pub(crate) use args::{DiffArgs, paint};
pub(crate) use host::{HostContents, HostSides};
pub(crate) use merges::{MergeArgs, ShownChanges};

/// What stands at a path on both sides.
type Sides = BTreeMap<Ordered, (Option<Side>, Option<Side>)>;

/// What differs between a tree and the index.
pub(crate) struct StagedChanges {
    /// The changes.
    pub(crate) changes: Vec<Change>,
    /// What the tree has at paths in conflict.
    pub(crate) unmerged: HashMap<BString, Kind>,
}

/// What differs between a tree and the index; without a tree, between the index and its base commit.
///
/// # Errors
/// Those of reading the objects.
pub(crate) fn staged(
    workspace: &Workspace<'_>,
    tree: Option<&ObjectId>,
    pathspecs: &Pathspecs,
    args: &DiffArgs,
) -> Result<StagedChanges, CommandError> {
    let mut sides = index_against(workspace, tree, pathspecs)?;
    let unmerged = conflicts::unmerged(workspace, pathspecs);
    let root = if unmerged.is_empty() || tree.is_some() { tree.copied() } else { workspace.head_tree()? };
    let mut kinds = HashMap::new();
    for (path, _) in &unmerged {
        let found = root.map(|root| tree::find(workspace.store(), &root, path)).transpose()?.flatten();
        kinds.extend(found.map(|entry| (path.clone(), entry.kind)));
    }
    sides.retain(|Ordered(path), _| unmerged.iter().all(|(other, _)| other != path));
    let request = args.request()?;
    let mut changes = with_renames(changes_of(sides), workspace.store(), None, &request);
    conflicts::announce(&unmerged, &mut changes);
    request.kinds.apply(&mut changes);
    Ok(StagedChanges { changes, unmerged: kinds })
}

/// What differs in the mirror.
pub(crate) struct MirrorChanges {
    /// The changes.
    pub(crate) changes: Vec<Change>,
    /// Paths in conflict that ours and theirs have, against both: another form of those among the changes.
    pub(crate) combined: Vec<Combined>,
    /// What is needed to read the mirror's side.
    pub(crate) host: HostSides,
}

/// What differs between the index and the mirror, or, with a tree, between that and the mirror. Files in conflict are
/// compared with what `stage` has. Without `says_it_all`, nobody is told of files that have no content to compare.
///
/// # Errors
/// Those of reading the objects and of scanning the mirror; what single paths fail with is in the host's sides.
pub(crate) fn mirror(
    workspace: &Workspace<'_>,
    tree: Option<&ObjectId>,
    pathspecs: &Pathspecs,
    args: &DiffArgs,
    stage: StageNumber,
    says_it_all: bool,
) -> Result<MirrorChanges, CommandError> {
    let mut sides = match tree {
        Some(_) => index_against(workspace, tree, pathspecs)?,
        None => Sides::new(),
    };
    let index = workspace.need_index()?;
    let mut host = HostSides::scan(workspace, pathspecs)?;
    for (path, row, side) in host.changed(index) {
        let old = match (tree, row) {
            (Some(_), row) => row.base_side(),
            // What was only announced has no content yet.
            (None, row) if row.intent => None,
            (None, row) => row.staged,
        };
        sides.entry(Ordered(path.to_owned())).or_insert((old, None)).1 = side;
    }
    let needs_ids = args.forms_need_ids();
    for (Ordered(path), (old, new)) in &mut sides {
        let same_size = old.zip(*new).is_some_and(|(old, new)| old.size == new.size);
        if let Some(side) = new
            && (needs_ids || same_size)
        {
            host.identify(path, side);
        }
    }
    let unmerged = match tree {
        Some(_) => Vec::new(),
        None => conflicts::unmerged(workspace, pathspecs),
    };
    sides.retain(|Ordered(path), _| unmerged.iter().all(|(other, _)| other != path));
    let request = args.request()?;
    let mut changes = with_renames(changes_of(sides), workspace.store(), Some(&host), &request);
    if !args.shows_names_only() && says_it_all {
        host.leave_out_special(&mut changes);
    }
    let (against, mut combined) =
        conflicts::against_stages(workspace, &mut host, &unmerged, stage, needs_ids);
    conflicts::announce(&unmerged, &mut changes);
    changes.extend(against);
    changes.sort_by(|a, b| path_order(&a.path, &b.path));
    request.kinds.apply(&mut changes);
    combined.retain(|one| changes.iter().any(|change| is_unmerged(change) && change.path == one.path));
    Ok(MirrorChanges { changes, combined, host })
}

/// The contents of changes between trees.
pub(crate) fn stored_contents<'a>(
    store: &'a Store,
    short: &'a dyn Fn(&ObjectId) -> String,
) -> impl Contents + 'a {
    staged_contents(store, HashMap::new(), short)
}

/// The contents of changes between a tree, which has `unmerged` at paths in conflict, and the index.
pub(crate) fn staged_contents<'a>(
    store: &'a Store,
    unmerged: HashMap<BString, Kind>,
    short: &'a dyn Fn(&ObjectId) -> String,
) -> impl Contents + 'a {
    StoredContents { source: store, short, unmerged }
}

fn index_against(
    workspace: &Workspace<'_>,
    tree: Option<&ObjectId>,
    pathspecs: &Pathspecs,
) -> Result<Sides, CommandError> {
    let mut sides = Sides::new();
    let base = workspace.head_tree()?;
    if let Some(tree) = tree {
        for change in raw_trees(workspace.store(), Some(tree), base.as_ref(), pathspecs)? {
            sides.insert(Ordered(change.path), (change.old, change.new));
        }
    }
    for entry in staged_rows(workspace.need_index()?) {
        let (old, new) = (entry.row.base_side(), entry.row.staged);
        let new = new.filter(|_| !entry.row.intent);
        if takes(pathspecs, entry.path, old, new) {
            sides.entry(Ordered(entry.path.to_owned())).or_insert((old, None)).1 = new;
        }
    }
    Ok(sides)
}

/// The rows that differ from the base commit.
fn staged_rows(index: &Index) -> impl Iterator<Item = pond_mirror::index::EntryRef<'_>> {
    index.iter().filter(|entry| entry.row.base != Base::Same)
}

fn changes_of(sides: Sides) -> Vec<Change> {
    let differing = sides.into_iter().filter(|(_, (old, new))| old != new);
    differing.map(|(Ordered(path), (old, new))| Change::at(path, old, new)).collect()
}

fn with_renames(
    changes: Vec<Change>,
    store: &Store,
    host: Option<&HostSides>,
    request: &DiffRequest,
) -> Vec<Change> {
    request.with_renames(changes, &mut |path, side| match host {
        Some(host) if host.has(path) && !side.id.is_zero() => {
            read_blob(store, &side.id).ok().or_else(|| host.read(path, side))
        }
        Some(host) if host.has(path) => host.read(path, side),
        _ => read_blob(store, &side.id).ok(),
    })
}
