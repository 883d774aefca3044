//! Staging: what the host has of some paths becomes what the next commit will have.

use std::collections::BTreeSet;

use bstr::{BStr, BString};
use pond_mirror::host::walk::Untracked;
use pond_mirror::index::pending::Conflict;
use pond_mirror::index::{Update, Updates, find_update};
use pond_mirror::path_list::PathList;
use pond_mirror::scan::refused::{refused, reserved_name};
use pond_mirror::scan::{Hashing, Scan, ScanOptions, State, scan};
use pond_objects::name::check_path;
use pond_objects::path::is_below;
use pond_objects::pathspec::Pathspecs;
use pond_objects::{Kind, escape};
use pond_oplog::StagedPack;
use pond_oplog::ingest::Stored;

use crate::error::{WorkspaceError, deed_error};
use crate::observer::{self, Event};
use crate::publish::leftovers;
use crate::recovery::lost_content;
use crate::staging::stage::{Growing, StageResult, Staged, Wanted, host_path, stage};
use crate::staging::staged_packs;
use crate::workspace::Workspace;

/// What is to be staged.
pub struct AddRequest<'a> {
    /// Which paths; `None` is the whole mirror.
    pub pathspecs: Option<&'a Pathspecs>,
    /// Only what is tracked.
    pub update_only: bool,
    /// Also what is ignored, and also deletions of everything.
    pub force: bool,
    /// Say what would be done, and do nothing.
    pub dry_run: bool,
    /// Whether the paths are to be named: there may be a million.
    pub names: bool,
}

impl AddRequest<'_> {
    /// All that the mirror has: what is new, what is changed, and what is gone.
    pub fn everything() -> Self {
        Self { pathspecs: None, update_only: false, force: false, dry_run: false, names: false }
    }
}

/// What was staged.
#[derive(Default)]
pub struct Added {
    /// Paths with new content, where they are to be named.
    pub added: PathList,
    /// Paths that the next commit will not have.
    pub removed: PathList,
    /// Ignored paths that were named, or that a pattern matched which matched nothing else; those directories end with `/`.
    pub ignored: Vec<BString>,
    /// Paths that could not be staged, with the reason.
    pub failed: Vec<(BString, String)>,
    /// Bytes that were new to the pond, as they are stored.
    pub stored: u64,
}

/// Why nothing was staged.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// The mirror is empty, and the pond has files in it.
    #[error("the mirror is empty, but the pond has files in it: nothing was staged")]
    EmptyMirror,
    /// A pathspec matched nothing.
    #[error("pathspec '{}' did not match any files", escape::plain(.0))]
    NoMatch(BString),
    /// A pathspec names something behind a symbolic link.
    #[error("pathspec '{}' is beyond a symbolic link", escape::plain(.0))]
    BeyondSymlink(BString),
    /// What every deed can end with.
    #[error(transparent)]
    Workspace(WorkspaceError),
}

deed_error!(AddError);

/// Stages, and writes the index. The caller reports [`Added::failed`].
///
/// # Errors
/// Nothing was staged. A path that is named is nowhere, or behind a symbolic link.
pub fn add(workspace: &mut Workspace<'_>, request: &AddRequest<'_>) -> Result<Added, AddError> {
    let ignored = match request.pathspecs {
        Some(pathspecs) => named_in_vain(workspace, request, pathspecs)?,
        None => Vec::new(),
    };
    let mut added = stage_changes(workspace, request)?;
    added.ignored.splice(0..0, ignored);
    Ok(added)
}

/// The same of paths that need not be there: a commit takes what was removed from the index, too.
///
/// # Errors
/// Nothing was staged.
pub(crate) fn stage_changes(
    workspace: &mut Workspace<'_>,
    request: &AddRequest<'_>,
) -> Result<Added, AddError> {
    let lost = lost_content::find(workspace)?;
    if let Some(lost) = &lost {
        workspace.index = lost.doubt(&workspace.index);
    }
    let mut scan = look(workspace, request)?;
    if scan.all_missing && !request.force && is_empty(workspace.pond.mirror_root()) {
        return Err(AddError::EmptyMirror);
    }
    let decided = decided(workspace, request);
    let ignored = only_ignored(workspace, request, &scan);
    let unmatched = request.pathspecs.map(Pathspecs::unmatched).unwrap_or_default();
    let is_pattern = |given: &&&bstr::BStr| given.iter().any(|byte| b"*?[".contains(byte));
    if let Some(given) = unmatched.iter().find(is_pattern) {
        return Err(AddError::NoMatch((*given).to_owned()));
    }
    let mut report = Added { ignored, ..Added::default() };
    let unreadable = scan.unreadable.iter().map(|(path, error)| (path.clone(), error.to_string()));
    report.failed.extend(unreadable);
    report.failed.extend(request.pathspecs.map(|specs| refused(specs, &scan)).unwrap_or_default());
    warn_of_what_is_left_out(workspace, &scan, &report.failed);
    let mut work = Work::default();
    // There may be a million: of each only its path is kept.
    for change in std::mem::take(&mut scan.changes) {
        match change.state {
            State::Modified
            | State::MaybeChanged
            | State::TypeChanged
            | State::Untracked
            | State::Unstable => match check_path(&change.path) {
                Ok(()) => {
                    let is_file = change.kind.is_some_and(Kind::is_file);
                    work.want(&change.path, change.stat.filter(|_| is_file).map_or(0, |stat| stat.size));
                }
                Err(error) => report.failed.push((change.path, format!("it can't be in a pond: {error}"))),
            },
            State::Special(word) if change.row.is_some() => {
                report.failed.push((change.path, format!("it is a {word}, which has no content to stage")))
            }
            State::Missing => work.remove(&change.path),
            _ => {}
        }
    }
    if request.dry_run {
        (report.added, report.removed) = (work.wanted, work.removed);
        return Ok(report);
    }
    if let Some(lost) = &lost {
        lost.set_aside(workspace)?;
    }
    let packs = stage_all(workspace, &mut work, request.names, &mut report)?;
    workspace.session.check_interrupt("nothing was staged")?;
    if work.count() > 0 {
        workspace.update_index_with(&work, &packs)?;
        workspace.refresh(workspace.snapshot.state().clone())?;
    }
    if let Some(lost) = lost {
        lost.settle(workspace)?;
    }
    leftovers::sweep(workspace, &scan.temporaries, true);
    let failed: BTreeSet<BString> = report.failed.iter().map(|(path, _)| path.clone()).collect();
    let settled = workspace.settle(&|path| decided.contains(path) && !failed.contains(path))?;
    let others = settled.iter().filter(|path| find_update(&work, path).is_none());
    others.for_each(|path| report.added.push(path));
    report.removed = work.removed;
    Ok(report)
}

/// Refuses a path that is nowhere, before anything is staged; gives those that are left out as ignored.
fn named_in_vain(
    workspace: &Workspace<'_>,
    request: &AddRequest<'_>,
    pathspecs: &Pathspecs,
) -> Result<Vec<BString>, AddError> {
    let ignore = workspace.ignore()?;
    let root = workspace.pond.mirror_root();
    let is_symlink = |path: &[u8]| {
        host_path(root, path).symlink_metadata().is_ok_and(|found| found.file_type().is_symlink())
    };
    if let Some(given) = pathspecs.beyond_symlink(is_symlink) {
        return Err(AddError::BeyondSymlink(given.into()));
    }
    let mut ignored = Vec::new();
    for path in pathspecs.literal_paths() {
        let on_host = std::fs::symlink_metadata(host_path(root, path));
        let is_tracked = workspace.is_tracked(path);
        match on_host {
            Err(_) if !is_tracked => return Err(AddError::NoMatch(path.into())),
            // What is never versioned, forced or not, is named with the reason when the rest is staged.
            Ok(_) if reserved_name(path).is_some() => {}
            Ok(found) if !request.force && !is_tracked && ignore.matched(path, found.is_dir()).ignored => {
                ignored.push(path.into());
            }
            _ => {}
        }
    }
    Ok(ignored)
}

/// What is to be done, and then what was.
#[derive(Default)]
struct Work {
    /// The paths to stage.
    wanted: PathList,
    /// Bytes of their files.
    bytes: u64,
    /// What was stored for each of them.
    staged: Vec<Option<Staged>>,
    /// The paths that are gone.
    removed: PathList,
    /// Both in order.
    order: Vec<Task>,
}

/// The number of a path in its list.
#[derive(Clone, Copy)]
enum Task {
    Stage(u32),
    Remove(u32),
}

impl Work {
    fn want(&mut self, path: &[u8], bytes: u64) {
        self.order.push(Task::Stage(number(self.wanted.len())));
        self.wanted.push(path);
        self.bytes += bytes;
    }

    fn remove(&mut self, path: &[u8]) {
        self.order.push(Task::Remove(number(self.removed.len())));
        self.removed.push(path);
    }

    /// Takes what was stored; what was not, is left alone.
    fn take(&mut self, staged: Vec<Option<Staged>>) {
        self.staged = staged;
        self.order.retain(|task| match task {
            Task::Stage(at) => self.staged[*at as usize].is_some(),
            Task::Remove(_) => true,
        });
    }
}

fn number(number: usize) -> u32 {
    u32::try_from(number).expect("BUG: a mirror has less than 2^32 paths")
}

impl Updates for Work {
    fn count(&self) -> usize {
        self.order.len()
    }

    fn path(&self, number: usize) -> &BStr {
        match self.order[number] {
            Task::Stage(at) => self.wanted.get(at as usize),
            Task::Remove(at) => self.removed.get(at as usize),
        }
    }

    fn update(&self, number: usize) -> Update {
        let Task::Stage(at) = self.order[number] else { return Update::Delete };
        let staged = self.staged[at as usize].expect("BUG: what was not stored is no update");
        Update::Stage(staged.side(), staged.seen())
    }
}

/// The paths in conflict that the request names, and so decides.
fn decided(workspace: &Workspace<'_>, request: &AddRequest<'_>) -> BTreeSet<BString> {
    let conflicts = workspace.index.header().pending.iter().flat_map(|pending| &pending.conflicts);
    let paths = conflicts.map(Conflict::path);
    paths.filter(|path| request.pathspecs.is_none_or(|specs| specs.matches(path, false))).collect()
}

/// What a pattern matched of ignored paths, where it matched nothing else.
fn only_ignored(workspace: &Workspace<'_>, request: &AddRequest<'_>, scan: &Scan) -> Vec<BString> {
    let specs = request.pathspecs.filter(|specs| specs.has_patterns() && !request.update_only);
    let Some(specs) = specs.filter(|_| !scan.ignored.is_empty()) else { return Vec::new() };
    // Whoever looked at the mirror asked about ignored paths as well.
    specs.forget_matches();
    for entry in workspace.index.iter() {
        if let Some(side) = entry.row.staged {
            specs.matches(entry.path, side.kind == Kind::Directory);
        }
    }
    for change in &scan.changes {
        specs.matches(&change.path, change.kind == Some(Kind::Directory));
    }
    for path in scan.unreadable.iter().map(|(path, _)| path).chain(&scan.nested) {
        specs.matches(path, true);
    }
    let plain = |path: &BString| BString::from(path.strip_suffix(b"/").unwrap_or(path));
    let is_missed = |path: &&BString| specs.takes_alone(&plain(path), path.ends_with(b"/"));
    let found: Vec<BString> = scan.ignored.iter().filter(is_missed).cloned().collect();
    found.iter().for_each(|path| _ = specs.matches(&plain(path), path.ends_with(b"/")));
    found
}

fn look(workspace: &Workspace<'_>, request: &AddRequest<'_>) -> Result<Scan, WorkspaceError> {
    let ignore = if request.force { workspace.ignore_nothing() } else { workspace.ignore()? };
    let untracked = if request.update_only { Untracked::No } else { Untracked::All };
    let options = ScanOptions {
        ignore: &ignore,
        pathspecs: request.pathspecs,
        untracked,
        ignored: !request.force && request.pathspecs.is_some_and(Pathspecs::has_patterns),
        hashing: Hashing::Never,
    };
    Ok(scan(workspace.pond.mirror_root(), &workspace.index, options)?)
}

fn stage_all(
    workspace: &Workspace<'_>,
    work: &mut Work,
    names_paths: bool,
    report: &mut Added,
) -> Result<Vec<StagedPack>, WorkspaceError> {
    if work.wanted.is_empty() {
        return Ok(Vec::new());
    }
    let session = workspace.session;
    let progress = session.work(observer::Work::Add);
    progress.add_total(work.bytes);
    let root = workspace.pond.mirror_root();
    let threads = workspace.threads()?;
    let known = |path: &BStr| {
        let side = workspace.index.row(path)?.staged.filter(|side| side.kind.is_file())?;
        Some(Stored { id: side.id, size: side.size })
    };
    let request = Wanted { paths: &work.wanted, known: &known, growing: Growing::WholeLines };
    let staging = workspace.pond.staging_dir();
    let result = stage(root, &staging, workspace.store(), &request, threads, &*progress, &|| {
        session.is_interrupted()
    })?;
    drop(progress);
    if result.is_interrupted() {
        return Err(WorkspaceError::Interrupted { state: "nothing was staged" });
    }
    let StageResult { staged, failed, packs } = result;
    let failed = failed.into_iter().map(|(at, error)| (work.wanted.get(at).to_owned(), error.to_string()));
    report.failed.extend(failed);
    let mut clamped = 0;
    for (path, staged) in work.wanted.iter().zip(&staged) {
        let Some(staged) = staged else { continue };
        clamped += u64::from(staged.stat.is_time_clamped());
        if !names_paths {
            continue;
        }
        let old = workspace.index.row(path);
        if old.is_none_or(|old| old.staged != Some(staged.side()) || old.intent) {
            report.added.push(path);
        }
    }
    work.take(staged);
    if clamped > 0 {
        workspace.session.tell(Event::TimesClamped { files: clamped });
    }
    report.stored = packs.size;
    Ok(staged_packs::names(&packs))
}

/// Whether a directory has nothing in it but a pond.
fn is_empty(root: &std::path::Path) -> bool {
    let Ok(mut entries) = std::fs::read_dir(root) else { return true };
    entries.all(|entry| entry.is_ok_and(|entry| entry.file_name() == ".pond"))
}

/// Warns of what the scan came upon and could not take, but for the paths that have failed: they were named.
pub(crate) fn warn_of_what_is_left_out(workspace: &Workspace<'_>, scan: &Scan, failed: &[(BString, String)]) {
    let session = workspace.session;
    let was_named = |path: &BString| failed.iter().any(|(failed, _)| failed == path);
    let is_tracked =
        |path: &BString| workspace.index.find(path).is_ok_and(|row| workspace.index.is_live(row));
    for (path, word) in scan.special.iter().filter(|(path, _)| !was_named(path) && !is_tracked(path)) {
        session.tell(Event::SkippedSpecial { path, word });
    }
    let is_named_in = |dir: &BString| failed.iter().any(|(failed, _)| is_below(failed, dir));
    for path in scan.nested.iter().filter(|path| !was_named(path) && !is_named_in(path)) {
        session.tell(Event::SkippedPond { path });
    }
    for problem in &scan.problems {
        session.tell(Event::BadPattern(problem));
    }
}
