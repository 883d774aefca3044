//! Writing files of a version to the mirror, and staging them.

mod elsewhere;
mod recreate;
mod take_side;

use std::collections::HashSet;

use bstr::{BStr, BString};
use pond_mirror::Target;
use pond_mirror::index::pending::{Conflict, Pending, StageNumber};
use pond_mirror::scan::Scan;
use pond_mirror::scan::displaced::displaced;
use pond_objects::pathspec::Pathspecs;
use pond_objects::{ObjectId, PathEntry, Side, escape, path_order};
use pond_oplog::StagedPack;

use crate::error::{WorkspaceError, deed_error};
use crate::publish::lay_out::{self, LaidOut, target_of};
use crate::publish::rearrange::{Rearrange, Refused, carry_out};
use crate::publish::save;
use crate::workspace::Workspace;

pub use elsewhere::{ElsewhereError, Entries, LaidOutElsewhere, lay_out};
pub use recreate::recreate;
pub use take_side::take_side;

/// What is to be restored.
#[derive(Debug, Clone, Copy)]
pub struct RestoreRequest<'a> {
    /// Which paths.
    pub pathspecs: &'a Pathspecs,
    /// What they shall have.
    pub source: Source,
    /// Where.
    pub part: Part,
    /// Whether tracked files that the source lacks stay.
    pub keep_others: bool,
    /// The kind of the operation that stores what would be lost.
    pub kind: &'a str,
}

/// Where versions are taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// What is staged.
    Index,
    /// A tree; `None` is an empty one.
    Tree(Option<ObjectId>),
}

/// What is restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What is staged.
    Index,
    /// The files.
    Files,
    /// Both.
    Both,
}

impl Part {
    fn has_index(self) -> bool {
        self != Self::Files
    }

    fn has_files(self) -> bool {
        self != Self::Index
    }
}

/// What was restored, in the order of paths.
#[derive(Debug, Default)]
pub struct Restored {
    /// Files that were written.
    pub written: Vec<BString>,
    /// Files that were removed.
    pub removed: Vec<BString>,
    /// What the next commit has in another form than before.
    pub staged: Vec<BString>,
    /// Files that could not be written, with the reason.
    pub failed: Vec<(BString, String)>,
    /// Whether the caller asked to stop before all of it was done.
    pub interrupted: bool,
}

/// Why nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// A pathspec is neither in the source nor tracked.
    #[error("pathspec '{}' did not match any tracked file", escape::plain(.0))]
    NoMatch(BString),
    /// What is staged for a path in conflict is no version.
    #[error("these paths are in conflict")]
    InConflict(Vec<BString>),
    /// A side is chosen only while something waits.
    #[error("nothing is in conflict")]
    NothingInConflict,
    /// A side does not have the path.
    #[error("{} does not have '{}'", whose(*.which), escape::plain(.path))]
    NoSide {
        /// The side.
        which: StageNumber,
        /// The path.
        path: BString,
    },
    /// What is not there on both sides cannot be merged again.
    #[error("'{}' is not there on both sides ({words})", escape::plain(.path))]
    OneSided {
        /// The path.
        path: BString,
        /// What the conflict is.
        words: &'static str,
    },
    /// What every deed can end with.
    #[error(transparent)]
    Workspace(WorkspaceError),
}

deed_error!(RestoreError);

fn whose(which: StageNumber) -> &'static str {
    if which == StageNumber::Ours { "our side" } else { "their side" }
}

/// Restores. The caller holds the mirror's lock.
///
/// # Errors
/// Before the operation is published nothing was changed. Files that could not be written are no error: they are in
/// [`Restored::failed`].
pub fn restore(
    workspace: &mut Workspace<'_>,
    request: &RestoreRequest<'_>,
) -> Result<Restored, RestoreError> {
    let RestoreRequest { pathspecs, source, part, keep_others, kind } = *request;
    let mut entries = match source {
        Source::Index => {
            refuse_in_conflict(workspace, pathspecs)?;
            staged(workspace)
        }
        Source::Tree(tree) => workspace.list(tree.as_ref())?,
    };
    entries.retain(|entry| pathspecs.matches(&entry.path, !entry.kind.is_blob()));
    reach(workspace, &Versions { part, keep_others, ..Versions::of_files(pathspecs, entries, kind) })
}

/// Refuses paths in conflict: what is staged for them is no version.
fn refuse_in_conflict(workspace: &Workspace<'_>, pathspecs: &Pathspecs) -> Result<(), RestoreError> {
    let conflicts = workspace.index.header().pending.iter().flat_map(|pending| &pending.conflicts);
    let paths: Vec<BString> =
        conflicts.map(Conflict::path).filter(|path| pathspecs.matches(path, false)).collect();
    if paths.is_empty() { Ok(()) } else { Err(RestoreError::InConflict(paths)) }
}

/// Versions that paths shall have.
struct Versions<'a> {
    pathspecs: &'a Pathspecs,
    /// Those that the pathspecs take.
    entries: Vec<PathEntry>,
    part: Part,
    /// Whether tracked files that are not among them stay.
    keep_others: bool,
    /// The kind of the operation.
    kind: &'a str,
    /// Paths that are in conflict again, with their versions staged.
    reopened: HashSet<BString>,
    /// Packs that have such versions.
    packs: Vec<StagedPack>,
}

impl<'a> Versions<'a> {
    /// Versions of files. What is staged stays, as do other files.
    fn of_files(pathspecs: &'a Pathspecs, entries: Vec<PathEntry>, kind: &'a str) -> Self {
        let (reopened, packs) = (HashSet::new(), Vec::new());
        Self { pathspecs, entries, part: Part::Files, keep_others: true, kind, reopened, packs }
    }

    /// Whether the path's version is staged.
    fn stages(&self, path: &BString) -> bool {
        self.part.has_index() || self.reopened.contains(path)
    }
}

/// Brings the paths to their versions.
fn reach(workspace: &mut Workspace<'_>, versions: &Versions<'_>) -> Result<Restored, RestoreError> {
    let targets = targets(workspace, versions);
    if let Some(unmatched) = versions.pathspecs.unmatched().first() {
        return Err(RestoreError::NoMatch((*unmatched).to_owned()));
    }
    let staged = restaged(workspace, versions, &targets);
    let mut restaged: Vec<BString> = staged.iter().map(|target| target.path.clone()).collect();
    restaged.sort_by(|a, b| path_order(a, b));
    let (scan, files) = match versions.part.has_files() {
        true => {
            let scan = lay_out::look(workspace)?;
            let files = lay_out::changed_on_host(workspace, &scan, &targets);
            (scan, files)
        }
        false => (Scan::default(), Vec::new()),
    };
    let victims = lay_out::victims(workspace, &scan, &files)?;
    let saved = save::store(workspace, &victims)?;
    workspace.session.check_interrupt("nothing was changed")?;
    let request = Rearrange {
        files,
        staged,
        pending: pending(workspace, versions, &targets),
        refused: Refused::Stays,
        ..Rearrange::nothing(workspace, versions.kind, &[])
    };
    let LaidOut { written, removed, failed, interrupted, .. } =
        carry_out(workspace, request, &scan, &saved, |transaction| {
            if !versions.reopened.is_empty() {
                transaction.adopt(&versions.packs);
            }
        })?
        .laid_out;
    // What could not be written is not staged either: it is as it was, all of it.
    restaged.retain(|path| !failed.contains(path));
    let mut written: Vec<BString> = written.into_keys().collect();
    written.sort_by(|a, b| path_order(a, b));
    Ok(Restored { written, removed, staged: restaged, failed: failed.paths, interrupted })
}

/// Whether something is staged for a path in conflict, or nothing is on purpose.
fn is_decided(versions: &Versions<'_>, targets: &[Target], path: &BString) -> bool {
    let is_target = targets.iter().any(|target| target.path == *path);
    is_target || !versions.keep_others && versions.pathspecs.matches(path, false)
}

/// What waits afterwards.
fn pending(workspace: &Workspace<'_>, versions: &Versions<'_>, targets: &[Target]) -> Option<Pending> {
    let mut pending = workspace.index.header().pending.clone()?;
    if versions.part.has_index() {
        pending.settle(&|path| is_decided(versions, targets, path));
    }
    pending.reopen(&|path| versions.reopened.contains(path));
    pending.unless_over()
}

/// The targets for which something else is staged than they shall have.
fn restaged(workspace: &Workspace<'_>, versions: &Versions<'_>, targets: &[Target]) -> Vec<Target> {
    let staged = |target: &Target| workspace.index.row(&target.path).and_then(|row| row.staged);
    let is_meant = |target: &&Target| versions.stages(&target.path) && staged(target) != target.side;
    targets.iter().filter(is_meant).cloned().collect()
}

/// What the paths shall have: the source's entries, and nothing where a tracked path is not in the source, or cannot stand
/// beside what is.
fn targets(workspace: &Workspace<'_>, versions: &Versions<'_>) -> Vec<Target> {
    let mut targets: Vec<Target> = versions.entries.iter().map(target_of).collect();
    let in_source: HashSet<&BString> = versions.entries.iter().map(|entry| &entry.path).collect();
    for entry in workspace.index.iter().filter(|entry| entry.row.staged.is_some()) {
        let path = entry.path.to_owned();
        let is_dir = entry.row.staged.is_some_and(|side| !side.kind.is_blob());
        if !versions.keep_others && !in_source.contains(&path) && versions.pathspecs.matches(&path, is_dir) {
            targets.push(Target { path, side: None });
        }
    }
    let meant: HashSet<BString> = targets.iter().map(|target| target.path.clone()).collect();
    let displaced = displaced(&workspace.index, &targets).into_iter().map(|(path, _)| path);
    let displaced = displaced.filter(|path| !meant.contains(path));
    targets.extend(displaced.map(|path| Target { path, side: None }));
    targets
}

/// What the next commit will have.
fn staged(workspace: &Workspace<'_>) -> Vec<PathEntry> {
    let entry = |path: &BStr, Side { kind, id, size }| PathEntry { path: path.to_owned(), kind, id, size };
    workspace.index.iter().filter_map(|row| Some(entry(row.path, row.row.staged?))).collect()
}
