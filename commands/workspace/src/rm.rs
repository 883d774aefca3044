//! Removing tracked files, from the mirror and from the next commit.

use std::collections::{HashMap, HashSet};

use bstr::{BStr, BString, ByteSlice as _};
use pond_mirror::Target;
use pond_mirror::host::walk::Untracked;
use pond_mirror::index::Row;
use pond_mirror::index::pending::{Conflict, Pending};
use pond_mirror::scan::{Hashing, HostChange, Scan, ScanOptions, State, scan};
use pond_mirror::stat::Stat;
use pond_objects::pathspec::Pathspecs;
use pond_objects::{Kind, escape};

use crate::error::{WorkspaceError, deed_error};
use crate::publish::rearrange::{Rearrange, Refused, carry_out};
use crate::publish::remove::{Removal, Removed, stat_of_row};
use crate::publish::save::{self, Victim};
use crate::workspace::Workspace;

/// What is to be removed.
#[derive(Debug, Clone, Copy)]
pub struct RmRequest<'a> {
    /// Which paths.
    pub pathspecs: &'a Pathspecs,
    /// Leave the files on the host.
    pub cached: bool,
    /// Also directories that are named.
    pub recursive: bool,
    /// Also files whose content is in no commit; it is stored first.
    pub force: bool,
    /// Say what would be removed, and do nothing.
    pub dry_run: bool,
    /// A pathspec that matches nothing is no error.
    pub ignore_unmatch: bool,
}

/// Why nothing was removed.
#[derive(Debug, thiserror::Error)]
pub enum RmError {
    /// A pathspec matched nothing that is tracked.
    #[error("pathspec '{}' did not match any tracked file", escape::plain(.given))]
    NoMatch {
        /// The pathspec.
        given: BString,
        /// Whether the last commit has it, and the next one will not have it.
        was_removed: bool,
    },
    /// A directory is removed only if the request is recursive.
    #[error("'{}' is a directory", if .0.is_empty() { ".".into() } else { escape::plain(.0) })]
    Directory(BString),
    /// Content would be lost that is in no commit.
    #[error("the content of files is in no commit")]
    Uncommitted {
        /// What is staged is neither in the last commit nor in the file.
        both: Vec<BString>,
        /// What is staged is not in the last commit.
        staged: Vec<BString>,
        /// The file was changed, and the change is not staged.
        changed: Vec<BString>,
        /// Whether the files were to stay.
        cached: bool,
    },
    /// What every deed can end with.
    #[error(transparent)]
    Workspace(WorkspaceError),
}

deed_error!(RmError);

/// A tracked path that shall go.
struct Tracked<'a> {
    path: BString,
    row: Row,
    /// How the host differs, if it does.
    change: Option<&'a HostChange>,
    /// It is in conflict: that it goes is a decision.
    is_unmerged: bool,
    /// The host's stat where nothing differs.
    stat: Option<Stat>,
}

impl Tracked<'_> {
    fn is(&self, state: State) -> bool {
        self.change.is_some_and(|change| change.state == state)
    }

    /// What is staged is not what the last commit has.
    fn is_staged(&self) -> bool {
        self.row.base_side() != self.row.staged
    }

    /// The host has something else than what is staged.
    fn is_changed(&self) -> bool {
        self.change.is_some() && !self.is(State::Missing) && !self.is(State::Held)
    }

    /// How it is removed from the host; `read` has the stats of files that were stored.
    fn removal(&self, read: &HashMap<&BString, Stat>) -> Removal {
        let seen = match self.change {
            Some(change) if change.kind == Some(Kind::Directory) => None,
            Some(change) => read.get(&self.path).copied().or(change.stat),
            None => self.stat,
        };
        Removal { path: self.path.clone(), seen }
    }
}

/// Removes. The caller holds the mirror's lock.
///
/// # Errors
/// Before the operation is published nothing was changed. Files that could not be removed are no error: they are in
/// [`Removed::failed`].
pub fn rm(workspace: &mut Workspace<'_>, request: &RmRequest<'_>) -> Result<Removed, RmError> {
    let unmerged = unmerged(workspace, request.pathspecs);
    let rows = select(workspace, request)?;
    let ignore = workspace.ignore()?;
    let options = ScanOptions {
        ignore: &ignore,
        pathspecs: Some(request.pathspecs),
        untracked: Untracked::No,
        ignored: false,
        hashing: Hashing::SameSize,
    };
    let scan = scan(workspace.pond.mirror_root(), &workspace.index, options)?;
    let targets = targets(workspace, &scan, &rows, &unmerged);
    if !request.force {
        refuse_uncommitted(&targets, request.cached)?;
    }
    let is_row = |path: &BString| targets.iter().any(|target| target.path == *path);
    let mut without_file: Vec<BString> = unmerged.iter().filter(|path| !is_row(path)).cloned().collect();
    without_file.sort();
    if request.dry_run {
        let paths = targets.into_iter().map(|target| target.path).chain(without_file).collect();
        return Ok(Removed { removed: paths, ..Removed::default() });
    }
    let victims = victims(&targets, request.cached);
    let saved = save::store(workspace, &victims)?;
    workspace.session.check_interrupt("nothing was removed")?;
    let (held, targets): (Vec<_>, Vec<_>) =
        targets.into_iter().partition(|target| !request.cached && target.is(State::Held));
    let is_here = |target: &&Tracked<'_>| !request.cached && !target.is(State::Missing);
    let stats: HashMap<&BString, Stat> = saved.stats.iter().map(|(path, stat)| (path, *stat)).collect();
    let removals: Vec<Removal> =
        targets.iter().filter(is_here).map(|target| target.removal(&stats)).collect();
    let gone: Vec<BString> =
        targets.iter().filter(|target| !is_here(target)).map(|target| target.path.clone()).collect();
    let staged = targets.into_iter().map(|target| Target { path: target.path, side: None }).collect();
    let mut pending = workspace.index.header().pending.clone();
    if let Some(pending) = &mut pending {
        let is_held = |path: &BString| held.iter().any(|target| target.path == *path);
        pending.settle(&|path| unmerged.contains(path) && !is_held(path));
    }
    let held = held.into_iter().map(|target| (target.path, "it could not be looked at".to_owned()));
    let request = Rearrange {
        removals,
        staged,
        pending: pending.and_then(Pending::unless_over),
        refused: Refused::Stays,
        ..Rearrange::nothing(workspace, "RM", &[])
    };
    let mut removed = carry_out(workspace, request, &Scan::default(), &saved, |_| ())?.removed;
    removed.removed.extend(gone.into_iter().chain(without_file));
    removed.failed.extend(held);
    Ok(removed)
}

/// The paths in conflict that are meant, whether or not there is a file.
fn unmerged(workspace: &Workspace<'_>, pathspecs: &Pathspecs) -> HashSet<BString> {
    let conflicts = workspace.index.header().pending.iter().flat_map(|pending| &pending.conflicts);
    conflicts.map(Conflict::path).filter(|path| pathspecs.matches(path, false)).collect()
}

/// The numbers of the rows that are meant.
fn select(workspace: &Workspace<'_>, request: &RmRequest<'_>) -> Result<Vec<usize>, RmError> {
    let (index, pathspecs) = (&workspace.index, request.pathspecs);
    let is_meant = |number: &usize| {
        let is_dir = || index.entry(*number).staged.is_some_and(|side| side.kind == Kind::Directory);
        index.is_live(*number) && pathspecs.matches(index.path(*number), is_dir())
    };
    let rows: Vec<usize> = (0..index.len()).filter(is_meant).collect();
    if let Some(given) = pathspecs.unmatched().first().filter(|_| !request.ignore_unmatch) {
        return Err(RmError::NoMatch {
            given: (*given).to_owned(),
            was_removed: was_removed(workspace, given)?,
        });
    }
    let mut directories = pathspecs.literal_paths().filter(|path| index.any_live(index.range_of_dir(path)));
    match directories.next().filter(|_| !request.recursive) {
        Some(directory) => Err(RmError::Directory(directory.to_owned())),
        None => Ok(rows),
    }
}

/// Whether a pathspec names what the last commit has and the next one will not have.
fn was_removed(workspace: &Workspace<'_>, given: &BStr) -> Result<bool, WorkspaceError> {
    let Ok(given) = given.to_os_str() else { return Ok(false) };
    let pathspecs = workspace.pathspecs(&[given.to_owned()], &workspace.cwd()?)?;
    let index = &workspace.index;
    Ok((0..index.len()).any(|at| !index.is_live(at) && pathspecs.matches(index.path(at), false)))
}

fn targets<'a>(
    workspace: &Workspace<'_>,
    scan: &'a Scan,
    rows: &[usize],
    unmerged: &HashSet<BString>,
) -> Vec<Tracked<'a>> {
    let changes: HashMap<usize, &HostChange> =
        scan.changes.iter().filter_map(|change| Some((change.row?, change))).collect();
    let refreshed: HashMap<usize, _> = scan.refreshed.iter().copied().collect();
    let target = |number: &usize| {
        let entry = workspace.index.entry(*number);
        let seen = refreshed.get(number).unwrap_or(&entry.row.seen);
        Tracked {
            path: entry.path.to_owned(),
            row: entry.row,
            change: changes.get(number).copied(),
            is_unmerged: unmerged.contains(&BString::from(entry.path)),
            stat: stat_of_row(&entry.row, seen),
        }
    };
    rows.iter().map(target).collect()
}

/// Refuses as git does, and names the files.
fn refuse_uncommitted(targets: &[Tracked<'_>], cached: bool) -> Result<(), RmError> {
    let list = |is_meant: &dyn Fn(&Tracked<'_>) -> bool| -> Vec<BString> {
        let at_risk = targets.iter().filter(|target| !target.is(State::Missing) && !target.is_unmerged);
        at_risk.filter(|target| is_meant(target)).map(|target| target.path.clone()).collect()
    };
    let both = list(&|target| target.is_staged() && target.is_changed());
    let staged = list(&|target| !cached && target.is_staged() && !target.is_changed());
    let changed = list(&|target| !cached && target.is_changed() && !target.is_staged());
    match both.is_empty() && staged.is_empty() && changed.is_empty() {
        true => Ok(()),
        false => Err(RmError::Uncommitted { both, staged, changed, cached }),
    }
}

/// What is in no commit and would be gone.
fn victims(targets: &[Tracked<'_>], cached: bool) -> Vec<Victim> {
    let is_read = |target: &&Tracked<'_>| {
        !cached
            && target.is_changed()
            && target.change.is_some_and(|change| change.kind.is_some_and(Kind::is_blob))
    };
    let on_host =
        targets.iter().filter(is_read).map(|target| Victim { path: target.path.clone(), content: None });
    // What is staged stays on the host with --cached, unless the host has something else.
    let is_lost = |target: &&Tracked<'_>| {
        target.is_staged()
            && !target.row.intent
            && (!cached || target.is_changed() || target.is(State::Missing))
    };
    let staged = targets.iter().filter(is_lost).filter_map(|target| {
        let content = target.row.staged.filter(|side| side.kind.is_blob())?;
        Some(Victim { path: target.path.clone(), content: Some(content) })
    });
    let mut victims: Vec<Victim> = on_host.collect();
    let read: HashSet<BString> = victims.iter().map(|victim| victim.path.clone()).collect();
    // What is staged of a file that has something else is named by the operation: a tree has one content at a path.
    victims.extend(staged.filter(|victim| !read.contains(&victim.path)));
    victims
}
