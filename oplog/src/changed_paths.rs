//! Which paths each commit changed against each of its parents, kept apart from the commits and trees: the history of a path is
//! found without reading those that did not change it.
//!
//! They are facts that never change, learnt by comparing trees that were read and verified, and kept in files of the cache.
//! The files are a chain: each names the one that it stands on by its checksum, and has no commit of those below. So a
//! commit has one place in all of them, and its parents are numbers there. What a process learnt becomes a new file on top,
//! which takes in those that are not much larger. A file that is gone or damaged costs time only: those above it count no
//! longer, and what was in them is learnt again. Of two that stand on the same one the larger counts.

mod contents;
mod file;
mod known;
mod names;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use bstr::BString;
use pond_objects::diff::diff_trees_within;
use pond_objects::{Change, Commit, Kind, Link, ObjectId, ObjectSource, ReadError};

use contents::Contents;
use file::PathFile;

use pond_durable::in_place::open_no_link;

pub use known::{KnownHistory, Parent};

/// Of a commit with more changes is only known that there are many.
const MOST_CHANGES: usize = 512;
/// So many commits are worth a file.
const WORTH_A_FILE: usize = 64;
/// So many are written before the process ends, to bound memory.
const MOST_IN_MEMORY: usize = 50_000;
/// The same of paths, and of changes.
const MOST_NAMES: usize = 200_000;
const MOST_IN_ALL: usize = 4_000_000;
/// A new file takes in those below it that have at most so many times its commits.
const GROWTH: usize = 2;
/// Of so many files all become one.
const MOST_FILES: usize = 12;

/// What stands at a changed path, before or after: whether a directory, which is listed only if it is empty, or anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sides(u8);

impl Sides {
    const DIRECTORY: u8 = 1;
    const OTHER: u8 = 2;

    fn of(change: &Change) -> Self {
        let bit = |kind| if kind == Kind::Directory { Self::DIRECTORY } else { Self::OTHER };
        Self([change.old, change.new].into_iter().flatten().fold(0, |bits, side| bits | bit(side.kind)))
    }

    /// Whether one of the sides is a directory.
    pub fn has_directory(self) -> bool {
        self.0 & Self::DIRECTORY != 0
    }

    /// Whether one of the sides is something else.
    pub fn has_other(self) -> bool {
        self.0 & Self::OTHER != 0
    }
}

/// What a commit changed against one parent; `None` if that is too much to be kept.
pub type ChangesAgainst = Option<Vec<(BString, Sides)>>;

/// What a commit changed against each parent, whose tree `tree_of` gives; of one without parents, what it has.
///
/// # Errors
/// Those of `tree_of`, and of reading the trees.
pub fn compare_with_parents(
    source: &dyn ObjectSource,
    commit: &Commit,
    tree_of: &dyn Fn(&ObjectId) -> Result<ObjectId, ReadError>,
) -> Result<Vec<ChangesAgainst>, ReadError> {
    let against = |parent: Option<&ObjectId>| {
        let old = parent.map(tree_of).transpose()?;
        let changes = diff_trees_within(source, old.as_ref(), Some(&commit.tree), MOST_CHANGES)?;
        let name = |change: Change| {
            let sides = Sides::of(&change);
            (change.path, sides)
        };
        Ok(changes.map(|changes| changes.into_iter().map(name).collect()))
    };
    match commit.parents.len() {
        0 => Ok(vec![against(None)?]),
        _ => commit.parents.iter().map(|parent| against(Some(parent))).collect(),
    }
}

/// What is known of the changes of commits.
pub struct ChangedPaths {
    dir: PathBuf,
    is_kept: bool,
    known: OnceLock<KnownHistory>,
    learnt: Mutex<Contents>,
}

impl ChangedPaths {
    /// What the pond whose cache is in `cache_dir` knows. Opens nothing. The files are only read unless `is_kept`.
    pub(crate) fn new(cache_dir: &Path, is_kept: bool) -> Self {
        Self { dir: cache_dir.join("changes"), is_kept, known: OnceLock::new(), learnt: Mutex::default() }
    }

    /// What was known before this process learnt more.
    pub fn known(&self) -> &KnownHistory {
        self.known.get_or_init(|| KnownHistory::new(chain(&self.dir, self.is_kept)))
    }

    /// Remembers what a commit changed against each of its parents, or has, if there are none.
    pub fn learn(&self, id: &ObjectId, link: &Link, against: &[ChangesAgainst]) {
        if !self.is_kept {
            return;
        }
        let mut learnt = self.learnt.lock().unwrap_or_else(PoisonError::into_inner);
        learnt.add(id, link, against);
        if learnt.len() >= MOST_IN_MEMORY
            || learnt.names_len() >= MOST_NAMES
            || learnt.changes_len() >= MOST_IN_ALL
        {
            self.keep(std::mem::take(&mut learnt));
        }
    }

    /// Writes what was learnt. Where that is not possible it is learnt again the next time.
    fn keep(&self, learnt: Contents) {
        let mut files = chain(&self.dir, self.is_kept);
        // Another process may have learnt the same.
        let mut contents = learnt.without(|id| files.iter().any(|file| file.position(id).is_some()));
        let all = files.len() >= MOST_FILES;
        let mut taken_in = Vec::new();
        while let Some(file) = files.pop_if(|top| all || top.len() <= GROWTH * contents.len()) {
            if contents.add_file(&file).is_none() {
                return;
            }
            taken_in.push(file);
        }
        let below = files.last().map_or(ObjectId::ZERO, PathFile::sum);
        if contents.len() == 0 {
            return;
        }
        if let Ok(written) = contents.write(&self.dir, below) {
            files.extend(PathFile::open(&written));
            sweep(&self.dir, &files);
        }
    }
}

impl Drop for ChangedPaths {
    fn drop(&mut self) {
        let learnt = std::mem::take(self.learnt.get_mut().unwrap_or_else(PoisonError::into_inner));
        if learnt.len() >= WORTH_A_FILE {
            self.keep(learnt);
        }
    }
}

impl fmt::Debug for ChangedPaths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "changed paths in {}", self.dir.display())
    }
}

/// The files that stand on each other, the lowest first. What cannot be used is deleted if `is_kept`.
fn chain(dir: &Path, is_kept: bool) -> Vec<PathFile> {
    let mut files = open_all(dir, is_kept);
    // The larger first; among equals any, but always the same.
    files.sort_by_key(|file| std::cmp::Reverse((file.len(), file.sum())));
    let mut chain: Vec<PathFile> = Vec::new();
    loop {
        let below = chain.last().map_or(ObjectId::ZERO, PathFile::sum);
        let Some(next) = files.iter().position(|file| file.below() == below) else { return chain };
        chain.push(files.remove(next));
    }
}

fn open_all(dir: &Path, is_kept: bool) -> Vec<PathFile> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let files = paths.filter(|path| path.extension().is_some_and(|extension| extension == file::EXTENSION));
    let open = |path: PathBuf| PathFile::open(&path).or_else(|| is_kept.then(|| discard(&path)).flatten());
    files.filter_map(open).collect()
}

/// Deletes a file that cannot be used: else it would be read and checked again each time.
fn discard(path: &Path) -> Option<PathFile> {
    // What cannot even be opened may be whole.
    if open_no_link(fs::File::options().read(true), path).is_ok() {
        let _ = fs::remove_file(path);
    }
    None
}

/// Deletes the files that are not in the chain. Readers that have one of them open go on with it.
fn sweep(dir: &Path, chain: &[PathFile]) {
    for file in open_all(dir, true) {
        if chain.iter().all(|kept| kept.path() != file.path()) {
            let _ = fs::remove_file(file.path());
        }
    }
}

#[cfg(test)]
mod tests;
