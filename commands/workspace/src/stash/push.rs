//! Putting changes aside.

mod commits;
mod taken;

use std::collections::{BTreeMap, HashMap, HashSet};

use bstr::{BString, ByteSlice as _};
use pond_mirror::scan::Scan;
use pond_objects::pathspec::Pathspecs;
use pond_objects::{ObjectId, Side};

use self::commits::Commits;
use self::taken::{Taken, files, refuse_special, taken, untracked};
use super::StashError;
use crate::merged_trees;
use crate::publish::lay_out::{self, LaidOut};
use crate::publish::rearrange::{Rearrange, Rearranged, carry_out};
use crate::publish::save;
use crate::recovery::lost_content;
use crate::session::Signer;
use crate::workspace::Workspace;

/// What is to be put aside.
#[derive(Debug, Clone, Copy)]
pub struct PushRequest<'a> {
    /// Which paths; `None` is the whole mirror.
    pub pathspecs: Option<&'a Pathspecs>,
    /// Which files that are not tracked.
    pub untracked: Include,
    /// Whether what is staged stays, in the index and in the mirror.
    pub keep_index: bool,
}

/// Files that are not tracked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Include {
    /// None of them.
    No,
    /// Those that are not ignored.
    Untracked,
    /// All of them.
    All,
}

/// What was found to be put aside.
pub struct ToPush {
    head: ObjectId,
    scan: Scan,
    taken: Taken,
    /// Paths that could not be looked at, with the reason: what is there is not put aside.
    pub missed: BTreeMap<BString, String>,
}

impl ToPush {
    /// Whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        self.taken.rows.is_empty() && self.taken.untracked.is_empty()
    }
}

/// What was put aside.
pub struct Pushed {
    /// The stash's commit.
    pub id: ObjectId,
    /// What it is called in lists.
    pub message: BString,
    /// The files.
    pub laid_out: LaidOut,
}

/// Finds what is to be put aside; nothing is changed. The caller holds the mirror's lock.
///
/// # Errors
/// Something waits, there is no commit yet, or what is there cannot be put aside.
pub fn find(workspace: &mut Workspace<'_>, request: &PushRequest<'_>) -> Result<ToPush, StashError> {
    merged_trees::refuse_while_due(workspace, "stash")?;
    let head = workspace.head.commit.ok_or(StashError::NoCommit)?;
    lost_content::require_none(workspace)?;
    let scan = lay_out::look(workspace)?;
    let mut taken = taken(workspace, &scan, request, request.pathspecs);
    // Of what is not tracked, only what would be put aside is missed.
    let missed = scan.unreadable.iter().filter(|(path, _)| workspace.is_tracked(path));
    let mut missed: BTreeMap<BString, String> =
        missed.map(|(path, error)| (path.clone(), error.to_string())).collect();
    if request.untracked != Include::No {
        taken.untracked = untracked(workspace, request, request.pathspecs, &mut missed)?;
    }
    if let Some(unmatched) = request.pathspecs.and_then(|specs| specs.unmatched().first().copied()) {
        return Err(StashError::NoMatch(unmatched.to_owned()));
    }
    refuse_special(&scan, &taken)?;
    Ok(ToPush { head, scan, taken, missed })
}

/// Puts what was found aside, with a word about it. The caller holds the mirror's lock.
///
/// # Errors
/// Nothing was changed, unless the error says otherwise. Files that could not be written are no error.
pub fn push(
    workspace: &mut Workspace<'_>,
    request: &PushRequest<'_>,
    found: &ToPush,
    message: Option<&str>,
    signer: &dyn Signer,
) -> Result<Pushed, StashError> {
    let ToPush { head, scan, taken, .. } = found;
    let files = files(workspace, scan, taken);
    let victims = lay_out::victims(workspace, scan, &files)?;
    let meant: HashSet<&BString> = files.iter().map(|target| &target.path).collect();
    let in_the_way: Vec<BString> =
        victims.iter().map(|victim| victim.path.clone()).filter(|path| !meant.contains(path)).collect();
    if !in_the_way.is_empty() {
        return Err(StashError::InTheWay(in_the_way));
    }
    workspace.session.check_interrupt("nothing was changed")?;
    let saved = save::store(workspace, &victims)?;
    let stored: HashMap<&BString, Side> = saved.entries.iter().map(|(path, side)| (path, *side)).collect();
    let commits = Commits::make(signer, workspace, *head, scan, taken, &stored, message)?;
    let (message, id) = (commits.subject.clone(), commits.files.id());
    let staged = match request.keep_index {
        true => Vec::new(),
        false => taken.staged(),
    };
    let adopted = workspace.staged()?;
    let parameters = [("message", message.to_str_lossy().into_owned())];
    // A message that waited for everything to be committed has nothing left to wait for.
    let pending = workspace.index.header().pending.clone();
    let pending = pending.filter(|pending| request.pathspecs.is_some() || pending.waits());
    let rearranged = Rearrange {
        files,
        staged,
        pending,
        always: true,
        ..Rearrange::nothing(workspace, "STASH", &parameters)
    };
    let Rearranged { laid_out, .. } = carry_out(workspace, rearranged, scan, &saved, |transaction| {
        // What is only staged may be in no commit but the stash's.
        transaction.adopt(&adopted);
        commits.join(transaction);
    })?;
    Ok(Pushed { id, message, laid_out })
}
