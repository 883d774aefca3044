//! Removing what is not tracked.

use std::collections::HashMap;

use bstr::{BStr, BString};
use pond_mirror::host::walk::Untracked;
use pond_mirror::host::walk::host::HostDir;
use pond_mirror::scan::{Hashing, Scan, ScanOptions, State, ignored, scan};
use pond_mirror::stat::Stat;
use pond_objects::path::parent;
use pond_objects::pathspec::Pathspecs;
use pond_objects::{Kind, path_order};

use crate::error::WorkspaceError;
pub use crate::publish::leftovers::sweep_everything;

use crate::publish::leftovers;
use crate::publish::rearrange::{Rearrange, Refused, carry_out};
use crate::publish::remove::{Removal, Removed};
use crate::publish::save::{self, Victim};
use crate::staging::stage::host_path;
use crate::workspace::Workspace;

/// A path that is not tracked.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Candidate {
    path: BString,
    /// An empty directory.
    is_dir: bool,
}

/// What of the mirror is to be removed.
#[derive(Debug, Clone, Copy)]
pub struct CleanRequest<'a> {
    /// Where; `None` is the whole mirror.
    pub pathspecs: Option<&'a Pathspecs>,
    /// Also in directories in which nothing is tracked, and those directories.
    pub deep: bool,
    /// Which files.
    pub which: Reach,
}

/// Files that are not tracked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Those that are not ignored.
    Untracked,
    /// All of them.
    WithIgnored,
    /// Those that are ignored.
    Ignored,
}

/// What was found to be removed.
pub struct ToClean {
    candidates: Vec<Candidate>,
    /// The scan that found it, for what it could not look at.
    pub scan: Scan,
    /// Git repositories that are left alone.
    pub repositories: Vec<BString>,
}

impl ToClean {
    /// The paths, in order.
    pub fn paths(&self) -> impl Iterator<Item = &BString> {
        self.candidates.iter().map(|candidate| &candidate.path)
    }
}

/// Finds what is to be removed; nothing is changed.
///
/// # Errors
/// Those of looking at the mirror; what single paths fail with is in the scan.
pub fn find(workspace: &Workspace<'_>, request: CleanRequest<'_>) -> Result<ToClean, WorkspaceError> {
    let CleanRequest { pathspecs: scope, deep, which } = request;
    let ignore = workspace.ignore()?;
    let options = ScanOptions {
        ignore: &ignore,
        pathspecs: scope,
        untracked: if deep { Untracked::All } else { Untracked::Normal },
        ignored: which != Reach::Untracked,
        hashing: Hashing::Never,
    };
    let root = workspace.pond.mirror_root();
    let mut scan = scan(root, &workspace.index, options)?;
    let is_in_tracked = |path: &[u8]| {
        let dir = parent(path);
        dir.is_empty() || workspace.is_tracked(dir)
    };
    let ignored = ignored::expand(&HostDir::open_root(root)?, &mut scan, scope, deep, &is_in_tracked);
    let mut candidates: Vec<Candidate> =
        ignored.into_iter().map(|ignored| Candidate { path: ignored.path, is_dir: ignored.is_dir }).collect();
    if which != Reach::Ignored {
        let untracked = std::mem::take(&mut scan.changes).into_iter().filter(|change| {
            let is_dir = change.kind == Some(Kind::Directory);
            change.state == State::Untracked && !change.collapsed && (deep || !is_dir)
        });
        candidates.extend(
            untracked
                .map(|change| Candidate { is_dir: change.kind == Some(Kind::Directory), path: change.path }),
        );
    }
    let repositories = Repositories::default();
    candidates.retain(|candidate| {
        !workspace.is_due_to_move(&candidate.path) && !repositories.hold(workspace, &candidate.path)
    });
    candidates.sort_by(|a, b| path_order(&a.path, &b.path));
    let known = repositories.found.into_inner().into_iter();
    let repositories = known.filter_map(|(path, is_one)| is_one.then_some(path)).collect();
    Ok(ToClean { candidates, scan, repositories })
}

/// Git repositories below directories that hold nothing tracked: somebody else looks after these files.
#[derive(Default)]
struct Repositories {
    found: std::cell::RefCell<HashMap<BString, bool>>,
}

impl Repositories {
    fn hold(&self, workspace: &Workspace<'_>, path: &[u8]) -> bool {
        let mut dir = parent(path);
        while !dir.is_empty() {
            let known = self.found.borrow().get(BStr::new(dir)).copied();
            let is_repository = known.unwrap_or_else(|| {
                let git = host_path(workspace.pond.mirror_root(), dir).join(".git");
                let is = git.symlink_metadata().is_ok() && !workspace.is_tracked(dir);
                self.found.borrow_mut().insert(dir.into(), is);
                is
            });
            if is_repository {
                return true;
            }
            dir = parent(dir);
        }
        false
    }
}

/// Removes what was found, after it was stored. The caller holds the mirror's lock.
///
/// # Errors
/// Before the operation is published nothing was changed. Files that could not be removed are no error: they are in
/// [`Removed::failed`].
pub fn clean(workspace: &mut Workspace<'_>, found: &ToClean) -> Result<Removed, WorkspaceError> {
    let candidates = &found.candidates;
    let files = candidates.iter().filter(|candidate| !candidate.is_dir);
    let victims: Vec<Victim> =
        files.map(|candidate| Victim { path: candidate.path.clone(), content: None }).collect();
    let saved = save::store(workspace, &victims)?;
    workspace.session.check_interrupt("nothing was removed")?;
    let stats: HashMap<&BString, Stat> = saved.stats.iter().map(|(path, stat)| (path, *stat)).collect();
    let removal = |candidate: &Candidate| {
        let seen = stats.get(&candidate.path).copied();
        // Without a stat it was gone when it was to be saved; whatever is there now was not saved.
        (candidate.is_dir || seen.is_some()).then(|| Removal { path: candidate.path.clone(), seen })
    };
    let removals: Vec<Removal> = candidates.iter().filter_map(removal).collect();
    let request =
        Rearrange { removals, refused: Refused::Stays, ..Rearrange::nothing(workspace, "CLEAN", &[]) };
    let removed = carry_out(workspace, request, &found.scan, &saved, |_| ())?.removed;
    leftovers::sweep(workspace, &found.scan.temporaries, true);
    Ok(removed)
}
