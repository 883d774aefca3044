//! Comparing a merge with all of its parents at once.

use std::collections::BTreeMap;

use pond_objects::pathspec::Pathspecs;
use pond_objects::{Change, ObjectId, ReadError};
use pond_oplog::Store;

use crate::diff::combined::Combined;
use crate::diff::ordered::Ordered;
use crate::diff::request::DiffRequest;
use crate::diff::trees::trees;

/// What a merge made of the paths that are in it as in none of its parents, whose trees are `parents`.
///
/// # Errors
/// Those of reading the objects.
pub fn merge(
    store: &Store,
    parents: &[ObjectId],
    tree: &ObjectId,
    pathspecs: &Pathspecs,
    request: &DiffRequest,
) -> Result<Vec<Combined>, ReadError> {
    let mut combined: Vec<Combined> = Vec::new();
    for (number, parent) in parents.iter().enumerate() {
        let changes = trees(store, Some(parent), Some(tree), pathspecs, request)?;
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
