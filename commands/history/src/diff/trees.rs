//! Comparing two trees.

use bstr::BStr;
use pond_objects::pathspec::Pathspecs;
use pond_objects::{Change, Kind, ObjectId, ReadError, Side, path_order, read_blob};
use pond_oplog::Store;

use crate::diff::request::DiffRequest;

/// What differs between two trees, `None` being one without entries.
///
/// # Errors
/// Those of reading the objects.
pub fn trees(
    store: &Store,
    old: Option<&ObjectId>,
    new: Option<&ObjectId>,
    pathspecs: &Pathspecs,
    request: &DiffRequest,
) -> Result<Vec<Change>, ReadError> {
    let changes = raw_trees(store, old, new, pathspecs)?;
    let mut changes = request.with_renames(changes, &mut |_, side| read_blob(store, &side.id).ok());
    request.kinds.apply(&mut changes);
    Ok(changes)
}

/// The same with every change, a rename being a deletion and an addition.
///
/// # Errors
/// Those of reading the objects.
pub fn raw_trees(
    store: &Store,
    old: Option<&ObjectId>,
    new: Option<&ObjectId>,
    pathspecs: &Pathspecs,
) -> Result<Vec<Change>, ReadError> {
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

/// Whether two trees differ in what the pathspecs take; stops reading at unchanged pages.
///
/// # Errors
/// Those of reading the objects.
pub(super) fn trees_differ(
    store: &Store,
    old: Option<&ObjectId>,
    new: Option<&ObjectId>,
    pathspecs: &Pathspecs,
) -> Result<bool, ReadError> {
    if pathspecs.is_everything() {
        return Ok(old != new);
    }
    Ok(!raw_trees(store, old, new, pathspecs)?.is_empty())
}

/// Whether pathspecs take a path that has these sides.
pub fn takes(pathspecs: &Pathspecs, path: &BStr, old: Option<Side>, new: Option<Side>) -> bool {
    [old, new].into_iter().flatten().any(|side| pathspecs.matches(path, side.kind == Kind::Directory))
}
