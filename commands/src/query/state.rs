//! What is open, as queries take it.

use std::sync::Arc;

use bstr::{BStr, ByteSlice as _};
use pond_mirror::index::Index;
use pond_mirror::index::pending::{Conflict, StageNumber};
use pond_objects::{PathEntry, Side, path_order};
use pond_query::{OwnedHistory, Staged};
use pond_workspace::Workspace;

use crate::error::CommandError;
use crate::time;

/// The state that was opened, to be shared by threads; with the index only if it is asked for.
pub(super) fn history(workspace: &Workspace<'_>, index: bool) -> Result<OwnedHistory, CommandError> {
    let pond = workspace.pond().clone();
    let state = workspace.snapshot().state().clone();
    let snapshot = workspace.snapshot().moved_to(&pond, state, &workspace.staged()?);
    Ok(OwnedHistory {
        snapshot: Arc::new(snapshot),
        head: workspace.head().clone(),
        mirror_root: pond.mirror_root().to_owned(),
        directory: workspace.cwd()?,
        staged: index.then(|| staged(workspace)),
        now: Arc::new(time::checked_now),
        pond,
    })
}

/// A stage of the index, listed when a query asks for it. One that cannot be read is an error of that query only.
fn staged(workspace: &Workspace<'_>) -> Staged {
    let index: Result<Index, String> =
        workspace.need_index().cloned().map_err(|error| CommandError::from(error).one_line());
    let entry = |path: &BStr, Side { kind, id, size }| PathEntry { path: path.into(), kind, id, size };
    Arc::new(move |stage| {
        let index = index.as_ref().map_err(Clone::clone)?;
        let Some(which) = usize::from(stage).checked_sub(1) else {
            return Ok(index.iter().filter_map(|row| Some(entry(row.path, row.row.staged?))).collect());
        };
        let waiting = index.header().pending.as_ref();
        let conflicts = waiting.map_or(&[][..], |waiting| &waiting.conflicts);
        let side = |conflict: &Conflict| {
            let side = conflict.side(*StageNumber::ALL.get(which)?)?;
            Some(entry(conflict.path().as_bstr(), side))
        };
        let mut entries: Vec<PathEntry> = conflicts.iter().filter_map(side).collect();
        entries.sort_by(|a, b| path_order(&a.path, &b.path));
        Ok(entries)
    })
}
