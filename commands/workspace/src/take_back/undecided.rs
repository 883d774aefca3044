//! Paths in conflict whose file an operation left at our version: giving the merge up resets these too.

use std::collections::{BTreeSet, HashSet};

use bstr::BString;
use pond_mirror::Target;
use pond_mirror::index::pending::Conflict;
use pond_objects::{Change, ObjectSource as _, Side, tree};

use super::TakingBack;
use crate::error::WorkspaceError;
use crate::publish::footprint::Recorded;
use crate::workspace::Workspace;

impl TakingBack {
    /// The same, and paths in conflict go back to what HEAD had before, however they were decided.
    pub(crate) fn with_conflicts(mut self, workspace: &Workspace<'_>) -> Result<Self, WorkspaceError> {
        let store = workspace.store();
        let mut paths: BTreeSet<BString> = BTreeSet::new();
        for operation in &self.operations {
            let [_, after] = Recorded::of(operation, store)?.pending.unwrap_or_default();
            paths.extend(after.iter().flat_map(|pending| &pending.conflicts).map(Conflict::path));
        }
        let head = self.view.head.as_ref().map_or(&workspace.head, |(before, _)| before);
        let tree = head.commit.map(|id| store.commit(&id)).transpose()?.map(|commit| commit.tree);
        let known = |changes: &[Change]| -> HashSet<BString> {
            changes.iter().map(|change| change.path.clone()).collect()
        };
        let [on_host, in_index] = [known(&self.recorded.host), known(&self.recorded.index)];
        for path in paths {
            let found = tree.map(|tree| tree::find(store, &tree, &path)).transpose()?.flatten();
            let found = found.filter(|found| found.kind.is_blob());
            let side = found.map(|found| Side { kind: found.kind, id: found.id, size: found.size });
            if !on_host.contains(&path) {
                self.targets.push(Target { path: path.clone(), side });
            }
            if !in_index.contains(&path) {
                self.recorded.index.push(Change {
                    path,
                    old: side,
                    new: side,
                    old_path: None,
                    similarity: None,
                });
            }
        }
        Ok(self)
    }
}
