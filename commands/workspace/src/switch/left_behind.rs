//! Commits that are on no branch any more when HEAD leaves them.

use pond_history::{Walk, WalkOptions};
use pond_objects::ObjectId;
use pond_oplog::RowType;

use crate::error::WorkspaceError;
use crate::workspace::Workspace;

/// What leads from a commit that HEAD was at back to what a ref, a stash or HEAD has, newest first.
///
/// # Errors
/// Those of reading refs and commits.
pub fn left_behind(workspace: &Workspace<'_>, old: ObjectId) -> Result<Vec<ObjectId>, WorkspaceError> {
    let (store, view) = (workspace.store(), workspace.snapshot.view());
    let mut kept: Vec<ObjectId> = workspace.head.commit.into_iter().collect();
    kept.extend(view.stashes()?.into_iter().map(|(_, id)| id));
    for (_, id) in view.refs()? {
        kept.push(pond_history::peel(store, id)?);
    }
    kept.retain(|id| store.type_of(id) == Some(RowType::Commit));
    kept.sort();
    kept.dedup();
    let walk = Walk::new(store, &[old], &kept, WalkOptions::default())?;
    walk.map(|found| Ok(found?.0)).collect()
}
