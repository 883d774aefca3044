//! Why there is nothing to commit, and what there is instead.

use pond_mirror::host::walk::Untracked;
use pond_mirror::scan::{Hashing, Scan, ScanOptions, scan};

use super::CommitError;
use crate::error::WorkspaceError;
use crate::workspace::Workspace;

/// The error of a commit without changes: with what is changed and not staged, or not tracked.
pub(crate) fn error(workspace: &Workspace<'_>) -> CommitError {
    let waiting = workspace.index.header().pending.as_ref();
    if let Some(picked) = waiting.filter(|waiting| waiting.commit().is_some()) {
        return CommitError::NothingLeft(picked.doing);
    }
    // Whatever keeps the mirror from being read, there is nothing to commit.
    let scan = look(workspace).unwrap_or_default();
    CommitError::Nothing { scan: Box::new(scan), tracks: !workspace.index.is_empty() }
}

fn look(workspace: &Workspace<'_>) -> Result<Scan, WorkspaceError> {
    let ignore = workspace.ignore()?;
    let options = ScanOptions {
        ignore: &ignore,
        pathspecs: None,
        untracked: Untracked::Normal,
        ignored: false,
        hashing: Hashing::SameSize,
    };
    Ok(scan(workspace.pond.mirror_root(), &workspace.index, options)?)
}
