//! Brings files of the mirror to a version, and the index with them.

use std::cell::LazyCell;
use std::collections::{BTreeMap, HashMap, HashSet};

use bstr::{BStr, BString};
use pond_mirror::Target;
use pond_mirror::host::walk::Untracked;
use pond_mirror::index::{Row, Seen, Update, is_unchanged};
use pond_mirror::scan::differences::Differences;
use pond_mirror::scan::displaced::{is_empty_directory, parents};
use pond_mirror::scan::{Hashing, HostChange, Scan, ScanOptions, State, scan};
use pond_mirror::stat::{Stat, now_ns};
use pond_mirror::write::materialize::{
    Done, Expected, MaterializeError, Materialized, Materializer, Want, WriteRequest,
};
use pond_mirror::write::secure_dir::{DirError, MirrorDir};
use pond_objects::name::split_path;
use pond_objects::path::{above, is_below};
use pond_objects::{Kind, PathEntry, Side};

use crate::error::WorkspaceError;
use crate::failures::Failures;
use crate::observer::{Event, Work};
use crate::publish::footprint::Touched;
use crate::publish::gave_way::{gave_way, say_what_special_went, special_in_place_of};
use crate::publish::leftovers;
use crate::publish::mirror_writer::MirrorWriter;
use crate::publish::obstacles::refuse_out_of_reach;
use crate::publish::save::{Saved, Victim};
use crate::workspace::Workspace;

/// What became of the targets.
#[derive(Debug, Default)]
pub struct LaidOut {
    /// The stat of what was written, by path.
    pub written: HashMap<BString, Stat>,
    /// The stat of what had its version before.
    unchanged: HashMap<BString, Stat>,
    /// Paths that were removed.
    pub removed: Vec<BString>,
    /// Files in no version that stood in the way of what was written, and are stored.
    gave_way: Vec<BString>,
    /// Paths that could not be brought to their version.
    pub failed: Failures,
    /// Whether the command was told to stop.
    pub interrupted: bool,
}

impl LaidOut {
    /// Whether the path has its version now.
    pub(crate) fn is_done(&self, path: &BString) -> bool {
        !self.failed.contains(path)
    }

    /// Names the files in no version, ignored ones among them, that gave way; `command` brings them back.
    pub(crate) fn show_what_gave_way(&self, workspace: &Workspace<'_>, command: &str) {
        if self.gave_way.is_empty() {
            return;
        }
        workspace.session.tell(Event::GaveWay { paths: &self.gave_way, taken_back_by: command });
    }

    /// Reports what failed, of a command that would do it if it ran again.
    pub(crate) fn show_failures(&self, workspace: &Workspace<'_>) {
        workspace.session.tell(Event::Failed(&self.failed));
    }

    /// The same of a command that has published what it does, so that they are due; `command` takes it back.
    pub fn show_due(&self, workspace: &Workspace<'_>, command: &str) {
        workspace.session.tell(Event::Due { failures: &self.failed, taken_back_by: command });
    }

    /// The index row of a path that now has `side` on the host.
    pub fn seen(&self, path: &BString) -> Seen {
        // Stat'ed after the write, by whoever wrote it: younger writes have another stat.
        self.written
            .get(path)
            .or_else(|| self.unchanged.get(path))
            .map_or(Seen::NEVER, |stat| Seen::new(stat, now_ns()))
    }
}

/// How the whole mirror differs from the index, everything that is not tracked listed.
pub(crate) fn look(workspace: &Workspace<'_>) -> Result<Scan, WorkspaceError> {
    look_at(workspace, Untracked::Everything)
}

/// How the mirror differs from the index in what is tracked.
pub fn look_at_tracked(workspace: &Workspace<'_>) -> Result<Scan, WorkspaceError> {
    look_at(workspace, Untracked::No)
}

fn look_at(workspace: &Workspace<'_>, untracked: Untracked) -> Result<Scan, WorkspaceError> {
    let ignore = workspace.ignore_nothing();
    let options = ScanOptions {
        ignore: &ignore,
        pathspecs: None,
        untracked,
        ignored: false,
        hashing: Hashing::SameSize,
    };
    Ok(scan(workspace.pond.mirror_root(), &workspace.index, options)?)
}

/// The files that reaching the targets would overwrite or delete, and whose content no commit has.
///
/// # Errors
/// Some of it could not be looked at.
pub(crate) fn victims(
    workspace: &Workspace<'_>,
    scan: &Scan,
    targets: &[Target],
) -> Result<Vec<Victim>, WorkspaceError> {
    refuse_out_of_reach(scan, targets)?;
    let host = Differences::of(scan);
    let mut found = Vec::new();
    for target in targets {
        let change = host.at(target.path.as_ref());
        match change.map(|change| change.state) {
            // A special file has no content to be stored.
            Some(State::Missing | State::Held | State::Special(_)) => {}
            Some(_) if change.is_some_and(|change| change.kind == Some(Kind::Directory)) => {}
            Some(_) => found.push(Victim { path: target.path.clone(), content: None }),
            None => {
                let row = workspace.index.row(&target.path);
                let uncommitted =
                    row.filter(|row| row.staged != row.base_side() && row.staged != target.side);
                let content = uncommitted.and_then(|row| row.staged).filter(|side| side.kind.is_blob());
                found.extend(content.map(|side| Victim { path: target.path.clone(), content: Some(side) }));
            }
        }
        // A file in the place of a directory that the target needs.
        if target.side.is_some()
            && let Some(path) = host.file_above(&target.path).filter(|path| !host.is_special(path))
        {
            found.push(Victim { path: path.clone(), content: None });
        }
        // A directory with untracked files in the place of a file.
        if target.side.is_some_and(|side| side.kind.is_blob()) {
            let untracked = host.untracked_files_below(&target.path).filter(|path| !host.is_special(path));
            found.extend(untracked.map(|path| Victim { path: path.clone(), content: None }));
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found.dedup();
    Ok(found)
}

/// The targets that the host does not have as they shall be.
pub(crate) fn changed_on_host(workspace: &Workspace<'_>, scan: &Scan, targets: &[Target]) -> Vec<Target> {
    let changed: HashSet<&BString> = scan.changes.iter().map(|change| &change.path).collect();
    let is_as_wanted = |target: &&Target| {
        let row = workspace.index.row(&target.path);
        row.and_then(|row| row.staged) == target.side && !changed.contains(&target.path)
    };
    targets.iter().filter(|target| !is_as_wanted(target)).cloned().collect()
}

/// What reaching the targets changes on the host.
pub(crate) fn touched(workspace: &Workspace<'_>, targets: &[Target], saved: &Saved, scan: &Scan) -> Touched {
    let host = Differences::of(scan);
    let stored: HashMap<&BString, Side> = saved.entries.iter().map(|(path, side)| (path, *side)).collect();
    let mut touched = Touched::default();
    // What stands where a target needs a directory, or below where it is a file.
    saved.entries.iter().for_each(|(path, side)| touched.add(path.clone(), Some(*side), None));
    for target in targets {
        let change = host.at(target.path.as_ref());
        let row = workspace.index.row(&target.path);
        let before = match change.map(|change| (change.state, change.kind)) {
            Some((State::Missing, _)) => None,
            // Nobody can bring it back: of what was there, that which the index has is next to it.
            Some((State::Special(_), _)) => row.and_then(|row| row.staged),
            Some((_, Some(Kind::Directory))) => Some(Side::empty_directory()),
            Some(_) => stored.get(&target.path).copied(),
            None => row.and_then(|row| row.staged),
        };
        touched.remove(&target.path);
        touched.add(target.path.clone(), workspace.due_or(&target.path, before), target.side);
    }
    // Empty directories that get something, or give way to a file.
    let is_empty_there = |dir: &[u8]| match host.at(dir.into()) {
        Some(change) => change.kind == Some(Kind::Directory) && !change.collapsed,
        None => is_empty_directory(&workspace.index, dir),
    };
    let filled = parents(targets).into_iter().filter(|dir| is_empty_there(dir)).map(BString::from);
    let replaced = in_the_place_of_files(&host, targets).into_iter().cloned();
    for path in filled.chain(replaced) {
        touched.add(path, Some(Side::empty_directory()), None);
    }
    touched
}

/// Whether empty directories of the host, in no version, get something or give way to a file.
pub(crate) fn takes_empty_directories(scan: &Scan, targets: &[Target]) -> bool {
    let is_empty = |change: &&HostChange| {
        change.state == State::Untracked && change.kind == Some(Kind::Directory) && !change.collapsed
    };
    let mut empty = scan.changes.iter().filter(is_empty).peekable();
    if empty.peek().is_none() {
        return false;
    }
    let parents = parents(targets);
    empty.any(|change| parents.contains(change.path.as_slice()))
        || !in_the_place_of_files(&Differences::of(scan), targets).is_empty()
}

/// Empty directories below a directory that stands where a target is a file: they are no loss, and go.
fn in_the_place_of_files<'a>(host: &Differences<'a>, targets: &[Target]) -> Vec<&'a BString> {
    let files = targets.iter().filter(|target| target.side.is_some_and(|side| side.kind.is_blob()));
    files.flat_map(|target| host.empty_directories_below(&target.path)).collect()
}

/// Brings the host to the targets. What is in no commit has been saved before, and `saved` says so: a file that
/// changed since then is left alone.
pub(crate) fn lay_out(
    workspace: &mut Workspace<'_>,
    writer: &MirrorWriter,
    targets: &[Target],
    saved: &Saved,
    scan: &Scan,
) -> Result<LaidOut, WorkspaceError> {
    let mirror = writer.directory()?;
    let there = already_there(targets, saved);
    let (mut requests, unread) = requests(workspace, &mirror, targets, saved, scan);
    requests.retain(|request| !there.contains_key(&request.path));
    // They would keep directories from going. One may be a second name of a file that is replaced here: removing it changes that
    // file's stat, which the requests have by now.
    leftovers::sweep(workspace, &scan.temporaries, false);
    let session = workspace.session;
    let progress = session.work(Work::Write);
    progress.add_total(targets.iter().filter_map(|target| target.side).map(|side| side.size).sum());
    let interrupted = || session.is_interrupted();
    let materializer = Materializer::new(mirror, workspace.store(), writer.options(&interrupted));
    let wanted: HashSet<&BStr> =
        targets.iter().filter(|target| target.side.is_some()).map(|target| target.path.as_ref()).collect();
    let index = &workspace.index;
    // One that is known stays, and the one that the user is in, unless a file needs its place.
    let cwd = workspace.cwd().ok();
    let is_users = |dir: &BStr| cwd.as_ref().is_some_and(|cwd| dir == cwd || is_below(cwd, dir));
    let may_stay = |dir: &BStr| {
        (is_empty_directory(index, dir) || is_users(dir))
            && !above(dir).any(|dir| wanted.contains(BStr::new(dir)))
    };
    let may_go = |dir: &BStr| !wanted.contains(dir) && !may_stay(dir);
    let on_done = |request: &WriteRequest, _: &Done| {
        if let Want::Entry { size, .. } = request.want {
            progress.add(size);
        }
        progress.add_file();
    };
    let Materialized { results, stuck, synced } =
        materializer.materialize_all(&requests, workspace.threads()?, &may_go, &on_done);
    drop(progress);
    let mut laid_out = collect(requests, results);
    let failed = unread.into_iter().chain(stuck);
    failed.for_each(|(path, error)| laid_out.failed.push(path, &error));
    laid_out.unchanged = there;
    laid_out.gave_way = gave_way(targets, &laid_out, saved, scan);
    say_what_special_went(workspace, targets, &laid_out, scan);
    synced.map_err(WorkspaceError::NotDurable)?;
    Ok(laid_out)
}

fn collect(requests: Vec<WriteRequest>, results: Vec<Done>) -> LaidOut {
    let mut laid_out = LaidOut::default();
    for (request, result) in requests.into_iter().zip(results) {
        match result {
            Ok(Some(written)) => drop(laid_out.written.insert(request.path, written.stat)),
            Ok(None) if request.want == Want::Absent => laid_out.removed.push(request.path),
            Ok(None) => {}
            Err(error) => laid_out.failed.push_outcome(request.path, &error),
        }
    }
    laid_out.interrupted = laid_out.failed.is_interrupted();
    laid_out
}

/// What is at a path; `None` if one of its parents is not a directory.
fn stat_within(mirror: &MirrorDir, path: &BString) -> Result<Option<Stat>, MaterializeError> {
    let (parent, name) = split_path(path);
    let directory = match mirror.directory(parent) {
        Err(DirError::Missing { .. } | DirError::InTheWay { .. }) => return Ok(None),
        directory => directory.map_err(|error| MaterializeError::directory(path.as_ref(), error))?,
    };
    let stat =
        directory.stat(name).map_err(|error| MaterializeError::host("look at", path.as_ref(), error))?;
    Ok(stat.map(|stat| Stat::from_rustix(&stat)))
}

/// Whether a file still is what the scan saw and found to be what the index has.
fn is_clean(workspace: &Workspace<'_>, read: &HashMap<usize, Seen>, path: &BString, stat: &Stat) -> bool {
    let Ok(number) = workspace.index.find(path) else { return false };
    let row = workspace.index.entry(number).row;
    let as_read = |seen: &Seen| {
        (seen.mtime_ns, seen.ctime_ns, seen.inode) == (stat.mtime_ns, stat.ctime_ns, stat.inode)
            && row.staged.is_some_and(|side| side.size == stat.size && Some(side.kind) == stat.kind())
    };
    is_unchanged(&row, stat) || read.get(&number).is_some_and(as_read)
}

/// Targets whose file was read to be stored, and turned out to be what it shall be, with its stat.
fn already_there(targets: &[Target], saved: &Saved) -> HashMap<BString, Stat> {
    let sides: HashMap<&BString, Side> = saved.entries.iter().map(|(path, side)| (path, *side)).collect();
    let stats = saved.stats.iter().map(|(path, stat)| (path, *stat));
    let read: HashMap<&BString, Stat> = stats.filter(|(path, _)| sides.contains_key(path)).collect();
    let is_there =
        |target: &&Target| target.side.is_some() && target.side == sides.get(&target.path).copied();
    let there = targets.iter().filter(is_there);
    there.filter_map(|target| Some((target.path.clone(), *read.get(&target.path)?))).collect()
}

/// What is to be done, and the targets that cannot be looked at.
fn requests(
    workspace: &Workspace<'_>,
    mirror: &MirrorDir,
    targets: &[Target],
    saved: &Saved,
    scan: &Scan,
) -> (Vec<WriteRequest>, Vec<(BString, MaterializeError)>) {
    let mut unread = Vec::new();
    let read: HashMap<usize, Seen> = scan.refreshed.iter().copied().collect();
    let host = Differences::of(scan);
    let stats: HashMap<&BString, Stat> = saved.stats.iter().map(|(path, stat)| (path, *stat)).collect();
    let mut request = |target: &Target| {
        let special = host.at(target.path.as_ref()).filter(|_| host.is_special(&target.path));
        let seen = match stats.get(&target.path).copied().or(special.and_then(|change| change.stat)) {
            Some(stat) => Some(stat),
            None => match stat_within(mirror, &target.path) {
                Ok(found) => found.filter(|stat| is_clean(workspace, &read, &target.path, stat)),
                Err(error) => {
                    unread.push((target.path.clone(), error));
                    return None;
                }
            },
        };
        // What was neither saved nor clean when it was looked at is not to be overwritten.
        let expected = match seen {
            Some(stat) if stat.kind() != Some(Kind::Directory) => Expected::SameFile(stat),
            _ => Expected::Absent,
        };
        let want = match target.side {
            None => Want::Absent,
            Some(side) => {
                let mtime = workspace.store().mtime(&target.path, &side.id, i64::MAX);
                let mtime_ns = mtime.and_then(|micros| micros.checked_mul(1000));
                Want::Entry { kind: side.kind, id: side.id, size: side.size, mtime_ns }
            }
        };
        Some(WriteRequest { path: target.path.clone(), want, expected })
    };
    let moving = moving(workspace, mirror, targets, &host).into_iter();
    let written: Vec<WriteRequest> = moving.filter_map(&mut request).collect();
    let requests = cleared(targets, saved, &host).into_iter().chain(written).collect();
    (requests, unread)
}

/// The targets that are to be done at all: not those that are as they shall be, or have to stay for what is in them.
fn moving<'t>(
    workspace: &Workspace<'_>,
    mirror: &MirrorDir,
    targets: &'t [Target],
    host: &Differences<'_>,
) -> Vec<&'t Target> {
    // A file that is gone already needs no removal where a directory with files of its own has taken its place.
    let is_dir = |path: &BString| {
        stat_within(mirror, path)
            .is_ok_and(|stat| stat.is_some_and(|stat| stat.kind() == Some(Kind::Directory)))
    };
    let is_gone = |target: &&Target| {
        target.side.is_none()
            && host.at(target.path.as_ref()).is_some_and(|change| change.state == State::Missing)
            && is_dir(&target.path)
    };
    // A directory that was empty stays where it gets files, or never lost them.
    let parents = LazyCell::new(|| parents(targets));
    let is_filled = |target: &&Target| {
        target.side.is_none() && parents.contains(target.path.as_slice()) && is_dir(&target.path)
    };
    // One that was empty and is not in the version stays with what somebody put there.
    let is_in_use = |target: &&Target| {
        let row = workspace.index.row(&target.path);
        let was_empty = row.and_then(|row| row.staged).is_some_and(|side| side.kind == Kind::Directory);
        target.side.is_none() && was_empty && host.untracked_below(&target.path).next().is_some()
    };
    let stays = |target: &&Target| is_gone(target) || is_filled(target) || is_in_use(target);
    targets.iter().filter(|target| !stays(target)).collect()
}

/// Removals of what stands in the place of targets and goes first. What a directory has in the place of a file was saved.
fn cleared(targets: &[Target], saved: &Saved, host: &Differences<'_>) -> Vec<WriteRequest> {
    let meant: HashSet<&BString> = targets.iter().map(|target| &target.path).collect();
    let below = saved.stats.iter().filter(|(path, _)| !meant.contains(path));
    let special = targets.iter().flat_map(|target| special_in_place_of(host, target));
    let special: BTreeMap<&BString, Stat> = special
        .filter(|change| !meant.contains(&change.path))
        .filter_map(|change| Some((&change.path, change.stat?)))
        .collect();
    let gone = below.map(|(path, stat)| (path, *stat)).chain(special);
    let cleared = gone.map(|(path, stat)| WriteRequest {
        path: path.clone(),
        want: Want::Absent,
        expected: Expected::SameFile(stat),
    });
    let emptied = in_the_place_of_files(host, targets).into_iter().filter(|path| !meant.contains(*path));
    let emptied = emptied.map(|path| WriteRequest {
        path: path.clone(),
        want: Want::Absent,
        expected: Expected::Absent,
    });
    cleared.chain(emptied).collect()
}

/// Updates that put the targets which were reached into the index.
pub(crate) fn updates(
    workspace: &Workspace<'_>,
    targets: &[Target],
    laid_out: &LaidOut,
) -> BTreeMap<BString, Update> {
    let mut updates = BTreeMap::new();
    for target in targets.iter().filter(|target| laid_out.is_done(&target.path)) {
        let old = workspace.index.row(&target.path);
        let update = match target.side {
            None => Update::Delete,
            Some(side) => {
                let seen = laid_out.seen(&target.path);
                Update::Set(old.map_or_else(|| Row::added(side, seen), |old| old.restaged(side, seen)))
            }
        };
        updates.insert(target.path.clone(), update);
    }
    updates
}

/// The same for a mirror that moves to another commit: targets that were not reached are in the index as well, so that
/// the next commit does not take them back; the host's files show as modified.
pub(crate) fn updates_of_all(
    workspace: &Workspace<'_>,
    targets: &[Target],
    laid_out: &LaidOut,
) -> BTreeMap<BString, Update> {
    let mut updates = updates(workspace, targets, laid_out);
    for target in targets.iter().filter(|target| !laid_out.is_done(&target.path)) {
        let update = match target.side {
            None => Update::Delete,
            Some(side) => Update::Set(Row::added(side, Seen::NEVER)),
        };
        updates.insert(target.path.clone(), update);
    }
    updates
}

/// A tree's entry as a target.
pub(crate) fn target_of(entry: &PathEntry) -> Target {
    Target { path: entry.path.clone(), side: Some(entry.into()) }
}

/// What a merge changes, as targets.
pub(crate) fn targets_of(updates: &[(BString, Option<pond_objects::Side>)]) -> Vec<Target> {
    updates.iter().map(|(path, side)| Target { path: path.clone(), side: *side }).collect()
}
