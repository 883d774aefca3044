//! What differs between two places: trees, the index, the mirror.
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

use bstr::{BStr, BString};
use pond_objects::rename::find_renames;
use pond_objects::{Change, Kind, ObjectId, Side, path_order, read_blob, tree};
use pond_oplog::Store;

use crate::error::CommandError;
use crate::ui::diff::{Combined, Contents, StoredContents, is_unmerged};
use crate::workspace::Workspace;
use pond_mirror::index::pending::Which as Stage;
use pond_mirror::index::{Base, Index};
use pond_objects::pathspec::Pathspecs;

pub(crate) use args::{DiffArgs, paint};
pub(crate) use host::{HostContents, HostSides};
pub(crate) use merges::{Against, CommitChanges, MergeArgs, Merges};

/// A path in the order of the index.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Ordered(BString);

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        path_order(&self.0, &other.0)
    }
}

/// What stands at a path on both sides.
type Sides = BTreeMap<Ordered, (Option<Side>, Option<Side>)>;

/// What differs between two trees, `None` being one without entries.
///
/// # Errors
/// Those of reading the objects.
pub(crate) fn trees(
    store: &Store,
    old: Option<&ObjectId>,
    new: Option<&ObjectId>,
    pathspecs: &Pathspecs,
    args: &DiffArgs,
) -> Result<Vec<Change>, CommandError> {
    let changes = raw_trees(store, old, new, pathspecs)?;
    finish(changes, store, args)
}

/// Whether two trees differ in what the pathspecs take; stops reading at unchanged pages.
///
/// # Errors
/// Those of reading the objects.
pub(crate) fn touches(
    store: &Store,
    old: Option<&ObjectId>,
    new: Option<&ObjectId>,
    pathspecs: &Pathspecs,
) -> Result<bool, CommandError> {
    if pathspecs.is_everything() {
        return Ok(old != new);
    }
    Ok(!raw_trees(store, old, new, pathspecs)?.is_empty())
}

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
    let mut changes = with_renames(changes_of(sides), workspace.store(), None, args)?;
    conflicts::announce(&unmerged, &mut changes);
    args.filter(&mut changes)?;
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
    stage: Stage,
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
    let mut changes = with_renames(changes_of(sides), workspace.store(), Some(&host), args)?;
    if !args.shows_names_only() && says_it_all {
        host.leave_out_special(&mut changes);
    }
    let (against, mut combined) =
        conflicts::against_stages(workspace, &mut host, &unmerged, stage, needs_ids);
    conflicts::announce(&unmerged, &mut changes);
    changes.extend(against);
    changes.sort_by(|a, b| path_order(&a.path, &b.path));
    args.filter(&mut changes)?;
    combined.retain(|one| changes.iter().any(|change| is_unmerged(change) && change.path == one.path));
    Ok(MirrorChanges { changes, combined, host })
}

/// What a merge made of the paths that are in it as in none of its parents.
///
/// # Errors
/// Those of reading the objects.
fn merge(
    store: &Store,
    parents: &[ObjectId],
    tree: &ObjectId,
    pathspecs: &Pathspecs,
    args: &DiffArgs,
) -> Result<Vec<Combined>, CommandError> {
    let mut combined: Vec<Combined> = Vec::new();
    for (number, parent) in parents.iter().enumerate() {
        let changes = trees(store, Some(parent), Some(tree), pathspecs, args)?;
        let is_content =
            |change: &Change| [change.old, change.new].iter().flatten().any(|side| side.kind.is_blob());
        let mut changes: BTreeMap<Ordered, Change> = changes
            .into_iter()
            .filter(is_content)
            .map(|change| (Ordered(change.path.clone()), change))
            .collect();
        if number == 0 {
            let first = changes.values().map(|change| Combined {
                path: change.path.clone(),
                parents: Vec::new(),
                renamed: Vec::new(),
                new: change.new,
                is_in_mirror: false,
            });
            combined = first.collect();
        }
        combined.retain_mut(|one| {
            let Some(change) = changes.remove(&Ordered(one.path.clone())) else { return false };
            one.parents.push(change.old);
            one.renamed.push(change.old_path.is_some());
            true
        });
    }
    Ok(combined)
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

fn raw_trees(
    store: &Store,
    old: Option<&ObjectId>,
    new: Option<&ObjectId>,
    pathspecs: &Pathspecs,
) -> Result<Vec<Change>, CommandError> {
    let wanted = |path: &[u8], enter: bool| match enter {
        true => pathspecs.may_match_below(path),
        // Whether it is a directory is known only with the sides.
        false => pathspecs.matches(path, false) || pathspecs.matches(path, true),
    };
    let mut changes = pond_objects::diff::diff_trees(store, old, new, &wanted)?;
    changes.retain(|change| takes(pathspecs, change.path.as_ref(), change.old, change.new));
    // A tree's entries are ordered by name; as paths, what is below a directory may come after other names.
    changes.sort_by(|a, b| path_order(&a.path, &b.path));
    Ok(changes)
}

fn takes(pathspecs: &Pathspecs, path: &BStr, old: Option<Side>, new: Option<Side>) -> bool {
    let sides = [old, new].into_iter().flatten();
    sides.into_iter().any(|side| pathspecs.matches(path, side.kind == pond_objects::Kind::Directory))
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

/// Finds renames, and takes out what `--diff-filter` does not want.
fn finish(changes: Vec<Change>, store: &Store, args: &DiffArgs) -> Result<Vec<Change>, CommandError> {
    let mut changes = with_renames(changes, store, None, args)?;
    args.filter(&mut changes)?;
    Ok(changes)
}

fn with_renames(
    changes: Vec<Change>,
    store: &Store,
    host: Option<&HostSides>,
    args: &DiffArgs,
) -> Result<Vec<Change>, CommandError> {
    Ok(match args.renames()? {
        Some(options) => find_renames(changes, options, &mut |path, side| match host {
            Some(host) if host.has(path) && !side.id.is_zero() => {
                read_blob(store, &side.id).ok().or_else(|| host.read(path, side))
            }
            Some(host) if host.has(path) => host.read(path, side),
            _ => read_blob(store, &side.id).ok(),
        }),
        None => changes,
    })
}
