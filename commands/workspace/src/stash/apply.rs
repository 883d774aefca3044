//! Bringing the changes of a stash back.

use bstr::BString;
use pond_mirror::index::pending::{Pending, Sequence};
use pond_mirror::scan::differences::Differences;

use super::Stash;
use super::StashError;
use super::bring::{bring, conflicting, publish, with_untracked};
use crate::error::Overwriter;
use crate::merged_trees;
use crate::publish::lay_out::{self, LaidOut};
use crate::publish::obstacles::Obstacles;
use crate::publish::rearrange::Rearrange;
use crate::workspace::Workspace;

/// How a stash is brought back.
#[derive(Debug, Clone, Copy)]
pub struct ApplyRequest {
    /// Whether it is dropped, unless it leaves conflicts.
    pub pop: bool,
    /// Whether what was staged is staged again.
    pub index: bool,
}

/// What was brought back.
pub struct Restored {
    /// The files.
    pub laid_out: LaidOut,
    /// Whether the stash was dropped.
    pub is_dropped: bool,
    /// Paths in conflict: then all is staged, as a merge does it.
    pub conflicts: Vec<BString>,
    /// Whether it went together with what is here.
    pub is_clean: bool,
}

/// Brings the changes of a stash back. The caller holds the mirror's lock.
///
/// # Errors
/// Nothing was changed, unless the error says otherwise. Files that could not be written are no error.
pub fn apply(
    workspace: &mut Workspace<'_>,
    stash: &Stash,
    request: ApplyRequest,
) -> Result<Restored, StashError> {
    merged_trees::refuse_while_pending(workspace, "stash")?;
    let seq = if request.pop { Some(stash.on_stack()?) } else { None };
    let brought = bring(workspace, stash, request.index)?;
    let scan = lay_out::look(workspace)?;
    let mut obstacles = Obstacles::default();
    let host = Differences::of(&scan);
    brought.files.iter().for_each(|target| obstacles.add_of(&host, target));
    let files = with_untracked(workspace, stash, &host, &brought.files, &mut obstacles)?;
    obstacles.refuse(Overwriter::Stash)?;
    let merged = brought.merged;
    merged_trees::tell(workspace, &merged);
    let is_dropped = request.pop && merged.is_clean;
    let parameters = [("stash", stash.name.clone())];
    let request = Rearrange {
        files,
        staged: brought.staged,
        pending: Pending::new(Sequence::Stash, b"", &merged.unmerged).unless_over(),
        always: is_dropped,
        ..Rearrange::nothing(workspace, "STASH", &parameters)
    };
    let laid_out = publish(workspace, request, &scan, &brought.packs, seq.filter(|_| is_dropped))?;
    let is_clean = merged.is_clean;
    let conflicts = if is_clean { Vec::new() } else { conflicting(&merged) };
    Ok(Restored { laid_out, is_dropped, conflicts, is_clean })
}
