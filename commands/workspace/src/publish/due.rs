//! Files and renames that an operation records and the system refused. They are due: the next command does them.

use std::collections::{HashMap, HashSet};

use bstr::BString;
use pond_mirror::Target;
use pond_objects::Side;
use pond_objects::node::rebase_path;
use pond_objects::path::is_below;

use crate::half_done::{Due, HalfDone};
use crate::publish::lay_out::LaidOut;
use crate::staging::stage::host_path;
use crate::workspace::Workspace;

impl Workspace<'_> {
    /// Forgets due renames that a later operation made needless. Called after its index is written and before its HEAD file is.
    pub(crate) fn forget_done_renames(&mut self) {
        let Some(mut half_done) = self.half_done.take_if(|half_done| !half_done.moved.is_empty()) else {
            return;
        };
        half_done.moved.retain(|(from, to)| !left_to_rename(self, from, to).is_empty());
        half_done.count();
        self.half_done = Some(half_done).filter(|half_done| !half_done.is_over());
    }

    /// Whether an earlier command could not give this new name.
    pub(crate) fn is_rename_due(&self, from: &BString, to: &BString) -> bool {
        let mut moved = self.half_done.iter().flat_map(|half_done| &half_done.moved);
        moved.any(|(old, new)| (old, new) == (from, to))
    }

    /// Whether a path is an old name that an earlier command could not change: such a file is tracked under its new name.
    pub(crate) fn is_due_to_move(&self, path: &[u8]) -> bool {
        let moved = self.half_done.iter().flat_map(|half_done| &half_done.moved);
        moved.into_iter().any(|(from, _)| path == from || is_below(path, from))
    }

    /// Notes what became of files that the newest operation says it has changed: those that it could not bring to their
    /// version are due. To be called before index and HEAD file are written.
    pub(crate) fn note_laid_out(&mut self, targets: &[Target], laid_out: &LaidOut) {
        self.note_written(targets, laid_out);
        if laid_out.failed.is_empty() {
            return;
        }
        // Directories that could not be removed are no targets.
        let wanted: HashMap<&BString, Option<Side>> =
            targets.iter().map(|target| (&target.path, target.side)).collect();
        let failed = laid_out.failed.paths.iter().map(|(path, _)| Due {
            path: path.clone(),
            before: Vec::new(),
            wanted: wanted.get(path).copied().flatten(),
        });
        let failed: Vec<Due> = failed.collect();
        let half_done = self.half_done.get_or_insert_with(|| HalfDone {
            files: 0,
            host: Vec::new(),
            index: Vec::new(),
            moved: Vec::new(),
            going_on: None,
            kind: String::new(),
            follows: self.followed,
        });
        half_done.host.extend(failed);
        half_done.host.sort_by(|a, b| a.path.cmp(&b.path));
        half_done.count();
    }

    /// What an operation records as found at a path that holds `found`. For a path that is due it is what shall be there, so that
    /// the two operations join.
    pub(crate) fn due_or(&self, path: &BString, found: Option<Side>) -> Option<Side> {
        let Some(half_done) = &self.half_done else { return found };
        let at = half_done.host.binary_search_by(|due| due.path.cmp(path));
        let due = at.ok().map(|at| &half_done.host[at]);
        let is_as_before = |due: &&Due| due.before.is_empty() || due.before.contains(&found);
        due.filter(is_as_before).map_or(found, |due| due.wanted)
    }

    /// Notes files that a command has written: they are no longer due. Files that it could not write stay due.
    pub(crate) fn note_written(&mut self, targets: &[Target], laid_out: &LaidOut) {
        let Some(half_done) = &mut self.half_done else { return };
        let paths: HashSet<&BString> = targets.iter().map(|target| &target.path).collect();
        half_done.host.retain(|due| !paths.contains(&due.path) || !laid_out.is_done(&due.path));
        half_done.count();
        if half_done.is_over() {
            self.half_done = None;
        }
    }
}

/// What is left to do of a rename, by the index as it is after all operations: what has the old name and is tracked by the new
/// one, which is free. If later operations gave the old name, or a part of the new one, to something else, the rest is renamed
/// file by file.
pub(crate) fn left_to_rename(
    workspace: &Workspace<'_>,
    from: &BString,
    to: &BString,
) -> Vec<(BString, BString)> {
    let root = workspace.pond.mirror_root();
    let is_there = |path: &BString| host_path(root, path).symlink_metadata().is_ok();
    let is_left = |from: &BString, to: &BString| is_there(from) && !is_there(to);
    if !is_there(from) || !workspace.is_tracked(to) {
        return Vec::new();
    }
    if !workspace.is_tracked(from) && !is_there(to) {
        return vec![(from.clone(), to.clone())];
    }
    let index = &workspace.index;
    let rows = index.find(to).ok().into_iter().chain(index.range_of_dir(to));
    let live = rows.filter(|number| index.is_live(*number)).map(|number| BString::from(index.path(number)));
    let pairs = live.map(|now| (rebase_path(now.as_ref(), from, to), now));
    pairs.filter(|(then, now)| !workspace.is_tracked(then) && is_left(then, now)).collect()
}
