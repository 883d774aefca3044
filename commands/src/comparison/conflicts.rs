//! Paths in conflict, as a comparison shows them: as such, and against the versions that do not go together.

use bstr::BString;
use pond_history::diff::Combined;
use pond_mirror::index::pending::{Conflict, StageNumber};
use pond_objects::pathspec::Pathspecs;
use pond_objects::{Change, Side, path_order};
use pond_workspace::Workspace;

use super::host::HostSides;

/// The paths in conflict that the pathspecs take.
pub(super) fn unmerged<'w>(
    workspace: &'w Workspace<'_>,
    pathspecs: &Pathspecs,
) -> Vec<(BString, &'w Conflict)> {
    let conflicts = workspace.index().header().pending.iter().flat_map(|pending| &pending.conflicts);
    let paths = conflicts.map(|conflict| (conflict.path(), conflict));
    paths.filter(|(path, _)| pathspecs.matches(path, false)).collect()
}

/// Puts paths in conflict among other changes, as changes that have no sides.
pub(super) fn announce(unmerged: &[(BString, &Conflict)], changes: &mut Vec<Change>) {
    changes.extend(unmerged.iter().map(|(path, _)| Change::at(path.clone(), None, None)));
    changes.sort_by(|a, b| path_order(&a.path, &b.path));
}

/// The mirror's files at paths in conflict, against one version each, and against ours and theirs where both are there.
pub(super) fn against_stages(
    workspace: &Workspace<'_>,
    host: &mut HostSides,
    unmerged: &[(BString, &Conflict)],
    stage: StageNumber,
    needs_ids: bool,
) -> (Vec<Change>, Vec<Combined>) {
    let (mut changes, mut combined) = (Vec::new(), Vec::new());
    for (path, conflict) in unmerged {
        let version = |which: StageNumber| conflict.side(which);
        let old = version(stage);
        let mut new = in_mirror(workspace, host, path);
        host.unmerged.extend(new.map(|side| (path.clone(), side.kind)));
        let same_size = old.zip(new).is_some_and(|(old, new)| old.size == new.size);
        if let Some(side) = &mut new
            && (needs_ids || same_size)
        {
            host.identify(path, side);
        }
        if old.is_some() && old != new {
            changes.push(Change::at(path.clone(), old, new));
        }
        let parents = vec![version(StageNumber::Ours), version(StageNumber::Theirs)];
        if parents.iter().all(Option::is_some) {
            let renamed = vec![false; parents.len()];
            combined.push(Combined { path: path.clone(), parents, renamed, new, is_in_mirror: true });
        }
    }
    (changes, combined)
}

/// What the mirror has at a path: what the index has, unless it differs from that.
fn in_mirror(workspace: &Workspace<'_>, host: &HostSides, path: &BString) -> Option<Side> {
    let staged = || workspace.index().row(path)?.staged;
    host.side(path).unwrap_or_else(staged)
}
