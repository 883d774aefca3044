//! The mirror against the index: what changed on the host since its content was staged.
//!
//! The host's list and the index are in the same order and are read once, side by side. A file whose stat is the
//! one in the index costs no more than that. One whose stat proves nothing is read and hashed, all of them in
//! parallel; where the content turns out to be the same, the fresh stat is in [`Scan::refreshed`], so that
//! whoever holds the lock may save it and spare the next scan the work.
//!
//! Nothing is called missing that could merely not be seen: below a directory that cannot be read, or in a pond
//! within the mirror, it is [`State::Held`].

pub mod content;
pub mod differences;
pub mod displaced;
pub mod ignored;
pub mod refused;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use bstr::{BStr, BString};
use pond_objects::{Kind, ObjectId, path_order};
use rayon::prelude::*;

use self::content::Content;
use crate::host::ignore::{Ignore, Problem};
use crate::host::walk::host::HostDir;
use crate::host::walk::{Host, Untracked, WalkOptions, walk};
use crate::index::{EntryRef, Index, Row, Seen, Update, is_unchanged};
use crate::stat::Stat;
use pond_objects::path::is_below;
use pond_objects::pathspec::Pathspecs;

/// What a scan looks for.
#[derive(Debug, Clone, Copy)]
pub struct ScanOptions<'a> {
    /// The mirror's rules.
    pub ignore: &'a Ignore,
    /// The paths that matter; all where there is none.
    pub pathspecs: Option<&'a Pathspecs>,
    /// How much of what is not tracked is listed.
    pub untracked: Untracked,
    /// Whether the names of what is ignored are collected.
    pub ignored: bool,
    /// What is read.
    pub hashing: Hashing,
}

/// What a scan reads of the files whose stat proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hashing {
    /// Nothing: they are [`State::MaybeChanged`], for a caller that reads them anyway.
    Never,
    /// Those that may be the same; one that has another size has changed in any case.
    SameSize,
}

/// How the host differs from the index at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The content, or the permission to execute it, is another one, or it was only announced (`add -N`).
    Modified,
    /// The stat differs, and the file was not read.
    MaybeChanged,
    /// A symlink or an empty directory is where a file was, or the like.
    TypeChanged,
    /// It is no longer there.
    Missing,
    /// It is not in the index.
    Untracked,
    /// It changed while it was read.
    Unstable,
    /// A fifo, a socket or a device is there, by its word: it has no content to version. Where nothing is tracked, it is listed
    /// beside the untracked files.
    Special(&'static str),
    /// It could not be looked at.
    Held,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostChange {
    /// The path from the mirror's root.
    pub path: BString,
    /// What is different.
    pub state: State,
    /// The number of the row in the index; a tombstone's never.
    pub row: Option<usize>,
    /// What is on the host; `None` if it is missing, special or held.
    pub kind: Option<Kind>,
    /// The host's stat of a file, a symlink or a special file.
    pub stat: Option<Stat>,
    /// The id of its content, where it was read.
    pub id: Option<ObjectId>,
    /// An untracked directory that stands for all that is in it.
    pub collapsed: bool,
}

/// What a scan found.
#[derive(Debug, Default)]
pub struct Scan {
    /// The differences in order; a collapsed directory comes after a tracked file of the same name.
    pub changes: Vec<HostChange>,
    /// Rows whose files were read and found unchanged, with their stats of now.
    pub refreshed: Vec<(usize, Seen)>,
    /// Ignored paths, where asked for; directories end with `/`.
    pub ignored: Vec<BString>,
    /// In order, the directories below collapsed ones that have something to version directly in them; where ignored
    /// paths were asked for.
    pub holding: Vec<BString>,
    /// Temporaries of commands that held the mirror's lock: for whoever holds it now, of dead ones.
    pub temporaries: Vec<BString>,
    /// Ponds in the mirror that were not looked into.
    pub nested: Vec<BString>,
    /// What pond never removes, below the root: `.git` and `.pond`.
    pub immovable: Vec<BString>,
    /// Special files, with the word for each.
    pub special: Vec<(BString, &'static str)>,
    /// What could not be looked at, or read.
    pub unreadable: Vec<(BString, io::Error)>,
    /// Files with patterns, and lines of them, that were not used.
    pub problems: Vec<Problem>,
    /// The rows, tombstones aside, that the pathspecs take.
    pub tracked: usize,
    /// Of these, those that are on the host in some form, or may be.
    pub present: usize,
    /// The whole mirror was scanned, the index has something, and the host has nothing of it: the mirror was
    /// emptied, or its filesystem is not mounted. To take this for deletions needs the user's word.
    pub all_missing: bool,
}

/// The mirror itself could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the mirror at {}", path.display())]
pub struct ScanError {
    path: PathBuf,
    source: io::Error,
}

/// Compares the mirror at `mirror` with an index.
pub fn scan(mirror: &Path, index: &Index, options: ScanOptions<'_>) -> Result<Scan, ScanError> {
    let failed = |source| ScanError { path: mirror.into(), source };
    let ScanOptions { ignore, pathspecs, untracked, ignored, .. } = options;
    let walk_options = WalkOptions { ignore, index: Some(index), pathspecs, untracked, ignored };
    let mut walk = walk(mirror, walk_options).map_err(failed)?;

    let mut join = Join::new(index, &options);
    let mut cursor = walk.cursor();
    while let Some((path, host)) = cursor.advance() {
        join.host(path, host);
    }
    join.rows_before(None);
    let Join { mut scan, unsure, .. } = join;

    let root = HostDir::open_root(mirror).map_err(failed)?;
    resolve(&root, index, &mut scan, unsure);
    let whole = pathspecs.is_none_or(Pathspecs::is_everything);
    scan.all_missing = whole && scan.tracked > 0 && scan.present == 0;
    scan.ignored = std::mem::take(&mut walk.ignored);
    scan.holding = std::mem::take(&mut walk.holding);
    scan.temporaries = std::mem::take(&mut walk.temporaries);
    scan.nested = std::mem::take(&mut walk.nested);
    scan.immovable = std::mem::take(&mut walk.immovable);
    scan.special = std::mem::take(&mut walk.special);
    scan.unreadable.append(&mut walk.unreadable);
    scan.problems = ignore.take_problems();
    Ok(scan)
}

/// The edits that save stats of files that were read and found unchanged.
pub fn refresh(index: &Index, refreshed: &[(usize, Seen)]) -> BTreeMap<BString, Update> {
    let updates = refreshed.iter().map(|(number, seen)| {
        let EntryRef { path, row } = index.entry(*number);
        (path.into(), Update::Set(Row { seen: *seen, ..row }))
    });
    updates.collect()
}

/// The state of reading both lists side by side.
struct Join<'a> {
    index: &'a Index,
    pathspecs: Option<&'a Pathspecs>,
    untracked: Untracked,
    hashing: Hashing,
    /// The rows that are still to come.
    next: usize,
    end: usize,
    /// The last path of which nothing can be said.
    held: Option<BString>,
    scan: Scan,
    /// The changes that reading the file decides on.
    unsure: Vec<usize>,
}

impl<'a> Join<'a> {
    fn new(index: &'a Index, options: &ScanOptions<'a>) -> Self {
        // The rows that no pathspec can take are left out. The directory that all of them are in can be a row
        // itself: an empty one, or what it was when it was no directory.
        let prefix = options.pathspecs.map_or(BStr::new(""), |specs| specs.common_prefix());
        let rows = index.range_of_dir(prefix);
        Self {
            index,
            pathspecs: options.pathspecs,
            untracked: options.untracked,
            hashing: options.hashing,
            next: rows.start.saturating_sub(1),
            end: rows.end,
            held: None,
            scan: Scan::default(),
            unsure: Vec::new(),
        }
    }

    fn change(&mut self, path: &BStr, state: State, row: Option<usize>) -> &mut HostChange {
        let change =
            HostChange { path: path.into(), state, row, kind: None, stat: None, id: None, collapsed: false };
        self.scan.changes.push(change);
        self.scan.changes.last_mut().expect("BUG: a change was pushed right here")
    }

    /// The next row that counts and does not come after `path`, with how it compares.
    fn next_row(&mut self, path: Option<&BStr>) -> Option<(usize, EntryRef<'a>)> {
        while self.next < self.end {
            let found = self.index.path(self.next);
            if path.is_some_and(|path| path != found && path_order(found, path).is_gt()) {
                return None;
            }
            let number = self.next;
            self.next += 1;
            let wanted = self.index.is_live(number)
                && self
                    .pathspecs
                    .is_none_or(|specs| specs.matches(found, false) || self.is_dir_wanted(number));
            if wanted {
                self.scan.tracked += 1;
                return Some((number, self.index.entry(number)));
            }
        }
        None
    }

    fn is_dir_wanted(&self, number: usize) -> bool {
        let entry = self.index.entry(number);
        entry.staged.is_some_and(|side| side.kind == Kind::Directory)
            && self.pathspecs.is_some_and(|specs| specs.matches(entry.path, true))
    }

    /// Deals with the rows that the host has nothing for, up to `path`, and returns the row for `path`.
    fn rows_before(&mut self, path: Option<&BStr>) -> Option<(usize, EntryRef<'a>)> {
        while let Some((number, entry)) = self.next_row(path) {
            if path == Some(entry.path) {
                return Some((number, entry));
            }
            let is_dir = entry.staged.is_some_and(|side| side.kind == Kind::Directory);
            if is_dir && path.is_some_and(|path| is_below(path, entry.path)) {
                // The directory is there; that it is no longer empty shows by what is in it.
                self.scan.present += 1;
            } else if self.held.as_ref().is_some_and(|held| is_below(entry.path, held)) {
                self.scan.present += 1;
                self.change(entry.path, State::Held, Some(number));
            } else {
                self.change(entry.path, State::Missing, Some(number));
            }
        }
        None
    }

    fn host(&mut self, path: &BStr, host: Host) {
        let row = self.rows_before(Some(path));
        if host == Host::Held {
            self.held = Some(path.into());
        }
        match (row, host) {
            (Some((number, entry)), host) => self.tracked(number, &entry, host),
            (None, Host::File(stat)) => self.new_file(path, stat),
            (None, Host::EmptyDir) => {
                // The walk also enters directories that only something below can match in.
                if self.pathspecs.is_none_or(|specs| specs.matches(path, true)) {
                    self.new_dir(path, false);
                }
            }
            (None, Host::CollapsedDir) => self.new_dir(path, true),
            (None, Host::Special(stat)) if self.untracked != Untracked::No => self.special(path, None, stat),
            (None, Host::HollowDir | Host::Held | Host::Special(_)) => {}
        }
    }

    fn tracked(&mut self, number: usize, entry: &EntryRef<'a>, host: Host) {
        let Some(side) = entry.staged else { return };
        let path = entry.path;
        let was_dir = side.kind == Kind::Directory;
        self.scan.present += 1;
        match host {
            Host::File(stat) if is_unchanged(entry, &stat) => {}
            Host::File(stat) => self.compare(number, entry, stat),
            Host::EmptyDir | Host::HollowDir if was_dir => {}
            Host::CollapsedDir if was_dir => self.new_dir(path, true),
            Host::EmptyDir => {
                self.change(path, State::TypeChanged, Some(number)).kind = Some(Kind::Directory);
            }
            Host::HollowDir | Host::CollapsedDir => {
                self.scan.present -= 1;
                self.change(path, State::Missing, Some(number));
                if host == Host::CollapsedDir {
                    self.new_dir(path, true);
                }
            }
            Host::Special(stat) => self.special(path, Some(number), stat),
            Host::Held => {
                self.change(path, State::Held, Some(number));
            }
        }
    }

    fn special(&mut self, path: &BStr, row: Option<usize>, stat: Stat) {
        let word = stat.special().unwrap_or("special file");
        self.change(path, State::Special(word), row).stat = Some(stat);
    }

    /// A file whose stat is not the one in the index.
    fn compare(&mut self, number: usize, entry: &EntryRef<'a>, stat: Stat) {
        let (Some(side), Some(kind)) = (entry.staged, stat.kind()) else { return };
        let state = if side.kind.is_file() != kind.is_file() || side.kind.is_blob() != kind.is_blob() {
            State::TypeChanged
        } else if entry.intent || side.kind != kind || side.size != stat.size {
            State::Modified
        } else {
            State::MaybeChanged
        };
        let unsure = state == State::MaybeChanged && self.hashing == Hashing::SameSize;
        let change = self.change(entry.path, state, Some(number));
        (change.kind, change.stat) = (Some(kind), Some(stat));
        if unsure {
            self.unsure.push(self.scan.changes.len() - 1);
        }
    }

    fn new_file(&mut self, path: &BStr, stat: Stat) {
        if self.untracked != Untracked::No {
            let change = self.change(path, State::Untracked, None);
            (change.kind, change.stat) = (stat.kind(), Some(stat));
        }
    }

    fn new_dir(&mut self, path: &BStr, collapsed: bool) {
        if self.untracked != Untracked::No {
            let change = self.change(path, State::Untracked, None);
            (change.kind, change.collapsed) = (Some(Kind::Directory), collapsed);
        }
    }
}

/// Reads the files that the stat says too little of.
fn resolve(root: &HostDir, index: &Index, scan: &mut Scan, unsure: Vec<usize>) {
    if unsure.is_empty() {
        return;
    }
    let changes = &scan.changes;
    let read = |buffer: &mut Vec<u8>, at: &usize| {
        let change = &changes[*at];
        content::hash(root, &change.path, change.kind.unwrap_or(Kind::File), buffer)
    };
    let contents: Vec<Content> = match unsure.as_slice() {
        [one] => vec![read(&mut Vec::new(), one)],
        several => several.par_iter().map_init(Vec::new, read).collect(),
    };
    for (at, content) in unsure.into_iter().zip(contents) {
        let change = &mut scan.changes[at];
        match content {
            Content::Read { id, stat, seen } => {
                let row = change.row.expect("BUG: only tracked files are read");
                let staged = index.entry(row).staged;
                (change.id, change.stat, change.kind) = (Some(id), Some(stat), stat.kind());
                if staged.is_some_and(|side| side.id == id && Some(side.kind) == stat.kind()) {
                    scan.refreshed.push((row, seen));
                } else {
                    change.state = State::Modified;
                }
            }
            Content::Unstable => change.state = State::Unstable,
            Content::Failed(error) => {
                change.state = State::Held;
                scan.unreadable.push((change.path.clone(), error));
            }
        }
    }
    scan.changes.retain(|change| change.state != State::MaybeChanged);
}
