//! Finds newer changes that taking operations back would overwrite.

use std::collections::{BTreeSet, HashSet};

use bstr::BString;
use pond_mirror::Target;
use pond_mirror::scan::Scan;
use pond_mirror::scan::differences::Differences;
use pond_mirror::scan::displaced::{displaced, filled};
use pond_objects::{Kind, Side};

use super::Ahead;
use super::How;
use super::Known;
use super::TakingBack;
use crate::error::WorkspaceError;
use crate::publish::gave_way::special_in_place_of;
use crate::workspace::Workspace;

/// What stands where files come back, other than files that are stored.
pub struct InTheWay {
    /// On the host.
    pub host: Vec<BString>,
    /// In the index.
    index: Vec<BString>,
    /// Fifos, sockets and devices: nobody can store them.
    special: Vec<BString>,
}

impl TakingBack {
    /// What was staged since and cannot stand beside what comes back, with the host's files of it.
    pub(crate) fn in_the_way(&self, workspace: &Workspace<'_>, scan: &Scan) -> InTheWay {
        let updates = self.index_updates(workspace).into_iter();
        let staged: Vec<Target> = updates.map(|(path, side)| Target { path, side }).collect();
        let others = |targets: &[Target]| {
            let meant: HashSet<&BString> = targets.iter().map(|target| &target.path).collect();
            let filled: HashSet<BString> =
                filled(&workspace.index, targets).into_iter().map(|(path, _)| path).collect();
            let displaced = displaced(&workspace.index, targets).into_iter().map(|(path, _)| path);
            // An empty directory that gets something is no loss.
            displaced.filter(|path| !meant.contains(path) && !filled.contains(path)).collect::<Vec<_>>()
        };
        let host = Differences::of(scan);
        let is_there = |path: &BString| {
            host.at(path.as_ref()).is_none_or(|change| change.kind.is_some_and(Kind::is_blob))
        };
        InTheWay {
            host: others(&self.targets).into_iter().filter(is_there).collect(),
            index: others(&staged),
            special: self
                .targets
                .iter()
                .flat_map(|target| special_in_place_of(&host, target))
                .map(|change| change.path.clone())
                .collect(),
        }
    }

    /// The paths whose file, or what is staged for it, is neither what the operations left nor what they found; and those in
    /// conflict that were decided since.
    pub fn newer(
        &self,
        workspace: &Workspace<'_>,
        saved: &[(BString, Side)],
        in_the_way: &InTheWay,
        ahead: &Ahead,
    ) -> Vec<BString> {
        let [on_host, in_index] = &self.known;
        // What an operation found is there still where it did not live to write the file.
        let is_known = |known: &Known, path: &BString, side: Option<Side>| {
            known.get(path).is_some_and(|sides| sides.contains(&side))
        };
        let changed = saved.iter().filter(|(path, side)| !is_known(on_host, path, Some(*side)));
        let mut newer: BTreeSet<BString> = changed.map(|(path, _)| path.clone()).collect();
        let restaged =
            in_index.keys().filter(|path| !is_known(in_index, path, ahead.staged(workspace, path)));
        newer.extend(restaged.cloned());
        let staged = |path: &BString| ahead.staged(workspace, path);
        newer.extend(in_the_way.index.iter().filter(|path| staged(path).is_some()).cloned());
        // An empty directory that stays staged is no loss.
        let is_file = |path: &&BString| staged(path).is_some_and(|side| side.kind.is_blob());
        newer.extend(in_the_way.host.iter().filter(is_file).cloned());
        newer.extend(in_the_way.special.iter().cloned());
        newer.extend(self.decided(workspace, ahead).cloned());
        newer.into_iter().collect()
    }

    /// Paths that were in conflict when the operations wrote their files, and that were decided since. Taking back would bring the
    /// conflict's text back without marking it as a conflict.
    fn decided<'a>(
        &'a self,
        workspace: &'a Workspace<'_>,
        ahead: &'a Ahead,
    ) -> impl Iterator<Item = &'a BString> + 'a {
        let comes_back = |path: &BString| {
            let target = self.targets.iter().find(|target| target.path == *path);
            target.is_some_and(|target| target.side != ahead.staged(workspace, path))
        };
        let paths = self.recorded.in_conflict.iter().filter(|_| self.recorded.pending.is_none());
        paths.filter(move |path| !ahead.is_in_conflict(workspace, path) && comes_back(path))
    }

    /// The error where something is newer.
    pub fn would_lose(&self, newer: &[BString], how: How) -> WorkspaceError {
        WorkspaceError::Newer { name: self.name(), paths: newer.to_vec(), others: how.others() }
    }
}
