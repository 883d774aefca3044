//! Bringing the changes of a stash back on a branch that is made where it was made.

use std::collections::BTreeMap;

use bstr::BString;
use pond_mirror::Target;
use pond_mirror::scan::Scan;
use pond_mirror::scan::differences::Differences;
use pond_objects::{ObjectId, Side, diff};
use pond_refs::{Expected, Head, RefEdit, RefName};

use super::Stash;
use super::StashError;
use super::bring::{publish, with_untracked};
use crate::error::Overwriter;
use crate::head::move_head::plan;
use crate::merged_trees;
use crate::publish::lay_out::{self, LaidOut};
use crate::publish::obstacles::Obstacles;
use crate::publish::rearrange::Rearrange;
use crate::switch::{SwitchError, To};
use crate::workspace::Workspace;

/// Makes the branch, goes there, brings the changes back, and drops the stash. The caller holds the mirror's lock.
///
/// # Errors
/// Nothing was changed, unless the error says otherwise. Files that could not be written are no error.
pub fn branch(workspace: &mut Workspace<'_>, stash: &Stash, name: RefName) -> Result<LaidOut, StashError> {
    merged_trees::refuse_while_pending(workspace, "stash")?;
    To::new_branch(workspace, name.clone(), Some(stash.base_id), false).map_err(|error| match error {
        SwitchError::Workspace(error) => StashError::Workspace(error),
        refusal => StashError::Switch(refusal),
    })?;
    let scan = lay_out::look(workspace)?;
    let plan = plan(workspace, &scan, Some(&stash.base.tree), false, "stash branch")?;
    let mut obstacles = Obstacles::default();
    let staged = over(workspace, &scan, &plan.targets, stash, stash.index, &mut obstacles)?;
    let files = over(workspace, &scan, &plan.targets, stash, stash.commit.tree, &mut obstacles)?;
    let files = lay_out::changed_on_host(workspace, &scan, &files);
    let host = Differences::of(&scan);
    let files = with_untracked(workspace, stash, &host, &files, &mut obstacles)?;
    obstacles.refuse(Overwriter::Stash)?;
    let parameters = [("branch", name.short().to_owned()), ("stash", stash.name.clone())];
    let edit = RefEdit { name: name.clone(), expected: Expected::MustNotExist, new: Some(stash.base_id) };
    let request = Rearrange {
        head: Head { branch: Some(name), commit: Some(stash.base_id) },
        edits: vec![edit],
        files,
        staged,
        ..Rearrange::nothing(workspace, "STASH", &parameters)
    };
    Ok(publish(workspace, request, &scan, &[], stash.seq)?)
}

/// The targets that lead to the stash's base, and over them what the stash changed there, up to the tree `to`.
fn over(
    workspace: &Workspace<'_>,
    scan: &Scan,
    targets: &[Target],
    stash: &Stash,
    to: ObjectId,
    obstacles: &mut Obstacles,
) -> Result<Vec<Target>, StashError> {
    let host = Differences::of(scan);
    let mut all: BTreeMap<BString, Option<Side>> =
        targets.iter().map(|target| (target.path.clone(), target.side)).collect();
    for change in diff::diff_trees(workspace.store(), Some(&stash.base.tree), Some(&to), &|_, _| true)? {
        let target = Target { path: change.path, side: change.new };
        if all.contains_key(&target.path) {
            obstacles.add_around(&host, &target);
        } else {
            // What leads to the base leaves it alone: it has to be as in HEAD, which is as in the base.
            let row = workspace.index.row(&target.path);
            match row.and_then(|row| row.staged) == change.old {
                true => obstacles.add_of(&host, &target),
                false => obstacles.add_changed(&target.path),
            }
        }
        all.insert(target.path, target.side);
    }
    Ok(all.into_iter().map(|(path, side)| Target { path, side }).collect())
}
