//! Moving the branch, and with it what is staged and the files; or bringing only what is staged of some paths to a version.

use std::collections::{BTreeMap, HashMap};

use bstr::BString;
use pond_mirror::Target;
use pond_mirror::index::Update;
use pond_mirror::index::pending::{Pending, Sequence};
use pond_mirror::scan::{Scan, refresh};
use pond_mirror::stat::now_ns;
use pond_objects::pathspec::Pathspecs;
use pond_objects::{ObjectId, ObjectSource as _, Side};
use pond_refs::{Expected, Head, RefEdit};

use crate::error::{WorkspaceError, deed_error};
use crate::head::carried::{self, Carried};
use crate::head::move_head::{MoveHead, Uncommitted, move_head, plan};
use crate::publish::lay_out::{self, LaidOut};
use crate::publish::rearrange::{Rearrange, Rearranged, carry_out};
use crate::publish::save::Saved;
use crate::workspace::Workspace;

/// What of the index and the files goes with the branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Nothing.
    Soft,
    /// The index.
    Mixed,
    /// Both; what was not committed is stored first.
    Hard,
    /// Both, where nothing was changed in the files.
    Keep,
}

impl Mode {
    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Soft => "soft",
            Self::Mixed => "mixed",
            Self::Hard => "hard",
            Self::Keep => "keep",
        }
    }
}

/// What was reset.
pub struct Done {
    /// Where HEAD stood.
    pub before: Head,
    /// The files.
    pub laid_out: LaidOut,
    /// Paths for which something else is staged than before.
    pub staged: Vec<BString>,
    /// Paths that are in conflict no longer.
    pub settled: Vec<BString>,
    /// What waited, if that is given up.
    pub given_up: Option<Pending>,
}

/// Why nothing was reset.
#[derive(Debug, thiserror::Error)]
pub enum ResetError {
    /// What waits would lose what it needs.
    #[error("a {} reset can't be done: {}", .mode.word(), .sequence.matter())]
    Waiting {
        /// The mode.
        mode: Mode,
        /// What waits.
        sequence: Sequence,
    },
    /// What every deed can end with.
    #[error(transparent)]
    Workspace(WorkspaceError),
}

deed_error!(ResetError);

/// Brings what is staged of some paths to a version; `None` is an empty one. The caller holds the mirror's lock.
///
/// # Errors
/// Nothing was changed.
pub fn unstage(
    workspace: &mut Workspace<'_>,
    tree: Option<&ObjectId>,
    pathspecs: &Pathspecs,
) -> Result<Done, WorkspaceError> {
    let before = workspace.head.clone();
    let staged = staged_targets(workspace, tree, &|path, is_dir| pathspecs.matches(path, is_dir))?;
    let paths = staged.iter().map(|target| target.path.clone()).collect();
    let mut pending = workspace.index.header().pending.clone();
    let settled = pending.as_mut().map(|pending| pending.settle(&|path| pathspecs.matches(path, false)));
    let pending = pending.and_then(Pending::unless_over);
    let request = Rearrange { staged, pending, ..Rearrange::nothing(workspace, "RESET", &[]) };
    let Rearranged { laid_out, .. } =
        carry_out(workspace, request, &Scan::default(), &Saved::default(), |_| ())?;
    Ok(Done { before, laid_out, staged: paths, settled: settled.unwrap_or_default(), given_up: None })
}

/// Moves the branch to a commit, or a HEAD that is on none; `None` is the commit where it is. The caller holds the mirror's
/// lock.
///
/// # Errors
/// Nothing was changed, unless the error says otherwise. Files that could not be written are no error: they are in
/// [`LaidOut::failed`].
pub fn reset(
    workspace: &mut Workspace<'_>,
    mode: Mode,
    commit: Option<ObjectId>,
) -> Result<Done, ResetError> {
    let before = workspace.head.clone();
    let commit = commit.or(before.commit);
    let head = Head { commit, ..before.clone() };
    let edits = match (&head.branch, commit) {
        (Some(branch), Some(_)) => {
            vec![RefEdit { name: branch.clone(), expected: Expected::from(before.commit), new: commit }]
        }
        _ => Vec::new(),
    };
    let to = commit.map_or_else(|| "HEAD".to_owned(), |commit| commit.to_hex());
    let parameters = [("mode", mode.word().to_owned()), ("to", to)];
    let given_up = workspace.index.header().pending.clone();
    let (laid_out, staged) = match mode {
        Mode::Hard => {
            let uncommitted = Uncommitted::GiveUp;
            let request = MoveHead { kind: "RESET", parameters: &parameters, head, edits, uncommitted };
            (move_head(workspace, request)?.laid_out, Vec::new())
        }
        mode => move_and_restage(workspace, mode, &parameters, head, edits)?,
    };
    Ok(Done { before, laid_out, staged, settled: Vec::new(), given_up })
}

/// The modes that change of the files at most those without changes.
fn move_and_restage(
    workspace: &mut Workspace<'_>,
    mode: Mode,
    parameters: &[(&str, String)],
    head: Head,
    edits: Vec<RefEdit>,
) -> Result<(LaidOut, Vec<BString>), ResetError> {
    let waiting = workspace.index.header().pending.as_ref();
    if let Some(waiting) = waiting.filter(|waiting| waiting.waits() && mode != Mode::Mixed) {
        return Err(ResetError::Waiting { mode, sequence: waiting.doing });
    }
    if matches!(mode, Mode::Soft | Mode::Mixed) {
        workspace.forget_half_done()?;
    }
    let tree = head.commit.map(|id| workspace.store().commit(&id)).transpose()?.map(|commit| commit.tree);
    let (scan, files) = match mode {
        Mode::Keep => {
            let scan = lay_out::look(workspace)?;
            let plan = plan(workspace, &scan, tree.as_ref(), false, "reset")?;
            (scan, plan.targets)
        }
        _ => (Scan::default(), Vec::new()),
    };
    let staged = match mode {
        Mode::Soft => Vec::new(),
        _ => staged_targets(workspace, tree.as_ref(), &|_, _| true)?,
    };
    workspace.session.check_interrupt("nothing was changed")?;
    let paths = staged.iter().map(|target| target.path.clone()).collect();
    let request = Rearrange {
        head,
        edits,
        files,
        staged,
        pending: None,
        ..Rearrange::nothing(workspace, "RESET", parameters)
    };
    let Rearranged { laid_out, .. } = carry_out(workspace, request, &scan, &Saved::default(), |_| ())?;
    Ok((laid_out, paths))
}

/// What has to be staged for the index to have what a tree has, at the paths that are wanted.
fn staged_targets(
    workspace: &Workspace<'_>,
    tree: Option<&ObjectId>,
    is_wanted: &dyn Fn(&[u8], bool) -> bool,
) -> Result<Vec<Target>, WorkspaceError> {
    let entries = workspace.list(tree)?;
    let mut sides: HashMap<&BString, Side> = HashMap::with_capacity(entries.len());
    let mut targets = Vec::new();
    for entry in &entries {
        let side = Side::from(entry);
        sides.insert(&entry.path, side);
        let row = workspace.index.row(&entry.path);
        let is_staged = row.is_some_and(|row| row.staged == Some(side) && !row.intent);
        if !is_staged && is_wanted(&entry.path, !side.kind.is_blob()) {
            targets.push(Target { path: entry.path.clone(), side: Some(side) });
        }
    }
    for entry in workspace.index.iter() {
        let Some(side) = entry.row.staged else { continue };
        let path = entry.path.to_owned();
        if !sides.contains_key(&path) && is_wanted(&path, !side.kind.is_blob()) {
            targets.push(Target { path, side: None });
        }
    }
    Ok(targets)
}

/// How the files differ from what is staged now. What proves to be unchanged is noted in the index.
///
/// # Errors
/// Those of looking at the mirror and of writing the index.
pub fn unstaged(workspace: &mut Workspace<'_>) -> Result<Carried, WorkspaceError> {
    let scan = lay_out::look_at_tracked(workspace)?;
    let unstaged = carried::unstaged(&workspace.index, &scan);
    if scan.refreshed.iter().any(|(_, seen)| seen.trusted) {
        let updates: BTreeMap<BString, Update> = refresh(&workspace.index, &scan.refreshed);
        let header = workspace.index.header().clone();
        let builder = workspace.index.edit(updates, header, now_ns());
        workspace.save_index(builder)?;
    }
    Ok(unstaged)
}
