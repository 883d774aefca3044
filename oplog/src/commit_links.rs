//! Parents and times of commits, kept apart from the commits, so that a walk through a long history need not read them all.
//!
//! They are facts that never change, learnt from commits that were read and verified, and kept in the cache in files of any
//! number and size: a commit may stand in several or in none. What a process learnt is written when it has learnt much, or
//! when it ends if that is worth a file; a new file takes in those that are not much larger, so that there are few. A file
//! that is gone costs time only, and one that is damaged is deleted. Short walks open none.

mod file;

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use pond_objects::{Link, ObjectId};

use file::LinkFile;

use pond_durable::in_place::open_no_link;

/// So many commits are read before a file is looked for.
const OPEN_AFTER: usize = 64;
/// So many are worth a file.
const WORTH_A_FILE: usize = 512;
/// So many are written before the process ends, to bound memory.
const MOST_IN_MEMORY: usize = 50_000;
/// A new file takes in those that have at most so many times its commits.
const GROWTH: usize = 2;
/// Of so many files all become one.
const MOST_FILES: usize = 16;

/// What is known of commits without reading them.
pub(crate) struct CommitLinks {
    dir: PathBuf,
    is_kept: bool,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// None: not looked for yet.
    files: Option<Vec<LinkFile>>,
    learnt: HashMap<ObjectId, Link>,
}

impl CommitLinks {
    /// Those of the pond whose cache is in `cache_dir`. Opens nothing. The files are only read unless `is_kept`.
    pub(crate) fn new(cache_dir: &Path, is_kept: bool) -> Self {
        Self { dir: cache_dir.join("commits"), is_kept, known: Mutex::default() }
    }

    /// What is known of a commit.
    pub(crate) fn get(&self, id: &ObjectId) -> Option<Link> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(link) = known.learnt.get(id) {
            return Some(link.clone());
        }
        if known.files.is_none() && known.learnt.len() < OPEN_AFTER {
            return None;
        }
        let files = known.files.get_or_insert_with(|| open_all(&self.dir, self.is_kept));
        files.iter().find_map(|file| file.link(id))
    }

    /// Remembers what was read of a commit.
    pub(crate) fn learn(&self, id: &ObjectId, link: &Link) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.learnt.insert(*id, link.clone());
        if known.learnt.len() >= MOST_IN_MEMORY {
            self.keep(&mut known);
        }
    }

    /// Writes what was learnt. Where that is not possible it is learnt again the next time.
    fn keep(&self, known: &mut Known) {
        let mut links: Vec<(ObjectId, Link)> = known.learnt.drain().collect();
        if !self.is_kept {
            return;
        }
        let mut old = open_all(&self.dir, self.is_kept);
        old.sort_unstable_by_key(LinkFile::len);
        let all = old.len() >= MOST_FILES;
        let mut count = links.len();
        let fits = old.iter().take_while(|file| {
            let fits = all || file.len() <= GROWTH * count;
            count += file.len();
            fits
        });
        let taken_in = fits.count();
        links.extend(old[..taken_in].iter().flat_map(LinkFile::links));
        if let Ok(written) = file::write(&self.dir, links) {
            // Readers that have one of them open go on with it.
            for path in old[..taken_in].iter().map(LinkFile::path).filter(|path| **path != written) {
                let _ = fs::remove_file(path);
            }
        }
        known.files = None;
    }
}

impl Drop for CommitLinks {
    fn drop(&mut self) {
        let mut known = std::mem::take(self.known.get_mut().unwrap_or_else(PoisonError::into_inner));
        if known.learnt.len() >= WORTH_A_FILE {
            self.keep(&mut known);
        }
    }
}

impl fmt::Debug for CommitLinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "links of commits in {}", self.dir.display())
    }
}

/// Every file that can be used, the largest first. Others are deleted if `is_kept`.
fn open_all(dir: &Path, is_kept: bool) -> Vec<LinkFile> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let files = paths.filter(|path| path.extension().is_some_and(|extension| extension == file::EXTENSION));
    let open = |path: PathBuf| LinkFile::open(&path).or_else(|| is_kept.then(|| discard(&path)).flatten());
    let mut opened: Vec<LinkFile> = files.filter_map(open).collect();
    opened.sort_unstable_by_key(|file| std::cmp::Reverse(file.len()));
    opened
}

/// Deletes a file that cannot be used, where that is allowed: else it would be read and checked again each time.
fn discard(path: &Path) -> Option<LinkFile> {
    // What cannot even be opened may be whole.
    if open_no_link(fs::File::options().read(true), path).is_ok() {
        let _ = fs::remove_file(path);
    }
    None
}

#[cfg(test)]
mod tests;
