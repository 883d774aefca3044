//! What is open, as queries take it.

use std::sync::Arc;

use bstr::BStr;
use pond_mirror::index::Index;
use pond_objects::{PathEntry, Side};
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

/// The index, listed when a query asks for it. One that cannot be read is an error of that query only.
fn staged(workspace: &Workspace<'_>) -> Staged {
    let index: Result<Index, String> =
        workspace.need_index().cloned().map_err(|error| CommandError::from(error).one_line());
    Arc::new(move || {
        let entry = |path: &BStr, Side { kind, id, size }| PathEntry { path: path.into(), kind, id, size };
        let index = index.as_ref().map_err(Clone::clone)?;
        Ok(index.iter().filter_map(|row| Some(entry(row.path, row.row.staged?))).collect())
    })
}
