//! What a stash changes here.

use std::collections::HashSet;

use bstr::{BStr, BString};
use pond_mirror::Target;
use pond_mirror::scan::Scan;
use pond_mirror::scan::differences::Differences;
use pond_mirror::scan::displaced::parents;
use pond_objects::merge::{Labels, MergeOptions, Merged, NewContent, Trees, merge_trees};
use pond_objects::path::above;
use pond_objects::{Kind, ObjectId, ObjectSource, ReadError, tree};
use pond_oplog::StagedPack;
use pond_oplog::transaction::StashEdit;

use super::Stash;
use super::StashError;
use crate::error::WorkspaceError;
use crate::merged_trees::pack_contents;
use crate::publish::lay_out::{self, LaidOut, target_of};
use crate::publish::obstacles::Obstacles;
use crate::publish::rearrange::{Rearrange, carry_out};
use crate::publish::save;
use crate::staging::stage::host_path;
use crate::staging::staged_tree::NewPages;
use crate::workspace::Workspace;

/// Publishes what brings a stash back, and does it.
pub(crate) fn publish(
    workspace: &mut Workspace<'_>,
    request: Rearrange<'_>,
    scan: &Scan,
    packs: &[StagedPack],
    seq: Option<i64>,
) -> Result<LaidOut, WorkspaceError> {
    let victims = lay_out::victims(workspace, scan, &request.files)?;
    workspace.session.check_interrupt("nothing was changed")?;
    let saved = save::store(workspace, &victims)?;
    let done = carry_out(workspace, request, scan, &saved, |transaction| {
        transaction.adopt(packs);
        seq.into_iter().for_each(|seq| transaction.edit_stash(StashEdit::Drop(seq)));
    })?;
    Ok(done.laid_out)
}

/// What a stash changes here.
pub(crate) struct Brought {
    /// What the trees came to.
    pub merged: Merged,
    /// What files become.
    pub files: Vec<Target>,
    /// What the index gets.
    pub staged: Vec<Target>,
    /// Contents that came about by merging.
    pub packs: Vec<StagedPack>,
}

/// Merges what the stash changed in its base into what is staged. New files are staged; with `index`, what was staged is.
/// Where there are conflicts, all is staged, as a merge does it.
pub(crate) fn bring(workspace: &Workspace<'_>, stash: &Stash, index: bool) -> Result<Brought, StashError> {
    let mut pages = NewPages::new(workspace.store());
    let ours = pages.add_tree_of(&workspace.index, workspace.head_tree()?.as_ref())?;
    let mut contents = Vec::new();
    let merged = merge(&pages, stash, ours, stash.commit.tree, &mut contents)?;
    let files = lay_out::targets_of(&merged.updates);
    let of_index = match index && stash.index != stash.base.tree {
        true => Some(merge(&pages, stash, ours, stash.index, &mut contents)?),
        false => None,
    };
    if let Some(of_index) = of_index.as_ref().filter(|of_index| !of_index.is_clean) {
        return Err(StashError::IndexConflicts(conflicting(of_index)));
    }
    let staged = match of_index {
        _ if !merged.is_clean => files.clone(),
        Some(of_index) => lay_out::targets_of(&of_index.updates),
        None => {
            let is_new = |target: &&Target| {
                let row = workspace.index.row(&target.path);
                target.side.is_some() && row.is_none_or(|row| row.staged.is_none())
            };
            files.iter().filter(is_new).cloned().collect()
        }
    };
    Ok(Brought { merged, files, staged, packs: pack_contents(workspace, &contents)? })
}

fn merge(
    source: &dyn ObjectSource,
    stash: &Stash,
    ours: ObjectId,
    theirs: ObjectId,
    contents: &mut Vec<NewContent>,
) -> Result<Merged, StashError> {
    let trees = Trees { base: Some(stash.base.tree), ours: Some(ours), theirs: Some(theirs), nodes: None };
    let labels = Labels {
        ours: BStr::new("Updated upstream"),
        base: BStr::new("Stash base"),
        theirs: BStr::new("Stashed changes"),
    };
    let mut keep = |_: ObjectId, content: NewContent| -> Result<(), ReadError> {
        contents.push(content);
        Ok(())
    };
    Ok(merge_trees(source, &trees, labels, &MergeOptions::default(), &mut keep)?)
}

pub(crate) fn conflicting(merged: &Merged) -> Vec<BString> {
    let told = merged.messages.iter().filter(|message| message.kind.is_conflict());
    let mut paths: Vec<BString> = told.map(|message| message.path.clone()).collect();
    paths.extend(merged.unmerged.iter().map(|unmerged| unmerged.path.clone()));
    paths.sort();
    paths.dedup();
    paths
}

/// The files with those of the stash that were not tracked. Whatever is there already is in the way.
pub(crate) fn with_untracked(
    workspace: &Workspace<'_>,
    stash: &Stash,
    host: &Differences<'_>,
    files: &[Target],
    obstacles: &mut Obstacles,
) -> Result<Vec<Target>, StashError> {
    let mut all = files.to_vec();
    let root = workspace.pond.mirror_root();
    let needed = parents(files);
    let is_file = |target: &&Target| target.side.is_some_and(|side| side.kind.is_blob());
    let written: HashSet<&[u8]> = files.iter().filter(is_file).map(|target| target.path.as_slice()).collect();
    let kind_at = |path: &[u8]| host_path(root, path).symlink_metadata().ok().map(|stat| stat.is_dir());
    for entry in tree::list(workspace.store(), stash.untracked.as_ref())? {
        let there = kind_at(&entry.path);
        if entry.kind == Kind::Directory && there == Some(true) {
            continue;
        }
        // What the stash has of tracked files cannot stand beside it.
        let mut in_place = std::iter::once(entry.path.as_slice()).chain(above(&entry.path));
        if entry.kind.is_blob() && needed.contains(entry.path.as_slice())
            || in_place.any(|path| written.contains(path))
        {
            obstacles.add_untracked(&entry.path);
            continue;
        }
        let slashes = entry.path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        let above = slashes.map(|(at, _)| BString::from(&entry.path[..at]));
        let is_gone = |path: &BStr| files.iter().any(|target| target.path == path && target.side.is_none());
        match above.into_iter().find(|dir| kind_at(dir) == Some(false) && !is_gone(dir.as_ref())) {
            Some(file) => obstacles.add_untracked(&file),
            None if there == Some(true) && is_emptied(workspace, host, &entry.path, &is_gone) => {}
            None if there.is_some() => obstacles.add_untracked(&entry.path),
            None => {}
        }
        all.push(target_of(&entry));
    }
    Ok(all)
}

/// Whether all that a directory has goes: what is tracked in it and `is_gone` knows.
fn is_emptied(
    workspace: &Workspace<'_>,
    host: &Differences<'_>,
    dir: &BString,
    is_gone: &dyn Fn(&BStr) -> bool,
) -> bool {
    let index = &workspace.index;
    let mut tracked = index.range_of_dir(dir).filter(|number| index.is_live(*number));
    tracked.all(|number| is_gone(index.path(number))) && host.untracked_files_below(dir).next().is_none()
}
