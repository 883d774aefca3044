//! What is to be written into one file: commits in the order in which they were learnt, and their changes.

use std::collections::HashMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use bstr::BString;
use pond_objects::{Link, ObjectId};

use super::file::{self, PathFile};
use super::names::{self, Names};
use super::{ChangesAgainst, Sides};

/// Commits and their changes. Every commit has a comparison for each parent, or one if there are none; comparisons are
/// numbered through.
#[derive(Default)]
pub(super) struct Contents {
    commits: Vec<(ObjectId, Link)>,
    places: HashMap<ObjectId, u32>,
    names: HashMap<(BString, Sides), Vec<u32>>,
    /// Comparisons with too many changes.
    many: Vec<u32>,
    comparisons: u32,
    changes: usize,
}

/// Comparisons of a commit.
pub(super) fn comparisons(link: &Link) -> usize {
    link.parents.len().max(1)
}

impl Contents {
    /// Commits in it.
    pub(super) fn len(&self) -> usize {
        self.commits.len()
    }

    pub(super) fn names_len(&self) -> usize {
        self.names.len()
    }

    pub(super) fn changes_len(&self) -> usize {
        self.changes
    }

    /// Adds a commit unless it is there.
    pub(super) fn add(&mut self, id: &ObjectId, link: &Link, against: &[ChangesAgainst]) {
        debug_assert_eq!(against.len(), comparisons(link), "BUG: a comparison for each parent");
        if !self.add_commit(*id, link) {
            return;
        }
        for (number, changes) in (self.comparisons - against.len() as u32..).zip(against) {
            match changes {
                None => self.many.push(number),
                Some(changes) => {
                    changes.iter().for_each(|name| self.names.entry(name.clone()).or_default().push(number));
                    self.changes += changes.len();
                }
            }
        }
    }

    fn add_commit(&mut self, id: ObjectId, link: &Link) -> bool {
        let is_new = self.places.insert(id, self.commits.len() as u32).is_none();
        if is_new {
            self.comparisons += comparisons(link) as u32;
            self.commits.push((id, link.clone()));
        }
        is_new
    }

    /// Adds what a file has, none of which is here; `None` if it cannot be read.
    pub(super) fn add_file(&mut self, file: &PathFile) -> Option<()> {
        let first = self.comparisons;
        for place in 0..file.len() {
            self.add_commit(file.id(place), &file.link(place));
        }
        self.many.extend(file.many().map(|number| first + number));
        let mut names = Names::new(file.names());
        while names.advance()? {
            let list = self.names.entry((names.path.clone().into(), names.sides)).or_default();
            let before = list.len();
            names.each(&mut |number| list.push(first + number))?;
            self.changes += list.len() - before;
        }
        Some(())
    }

    /// The same without some commits.
    pub(super) fn without(self, is_left_out: impl Fn(&ObjectId) -> bool) -> Self {
        let left_out: Vec<bool> = self.commits.iter().map(|(id, _)| is_left_out(id)).collect();
        if !left_out.contains(&true) {
            return self;
        }
        let mut kept = Self::default();
        let mut numbers: Vec<Option<u32>> = Vec::with_capacity(self.comparisons as usize);
        for ((id, link), left_out) in self.commits.into_iter().zip(left_out) {
            let first = kept.comparisons;
            let of_commit = 0..comparisons(&link) as u32;
            numbers.extend(of_commit.map(|number| (!left_out).then_some(first + number)));
            if !left_out {
                kept.add_commit(id, &link);
            }
        }
        let renumber =
            |list: Vec<u32>| list.into_iter().filter_map(|number| numbers[number as usize]).collect();
        for (name, list) in self.names {
            let list: Vec<u32> = renumber(list);
            if !list.is_empty() {
                kept.changes += list.len();
                kept.names.insert(name, list);
            }
        }
        kept.many = renumber(self.many);
        kept
    }

    /// Writes a file that stands on the one with the checksum `below`, under a name of its content, and gives its path. It is not
    /// made durable: it can be learnt anew, and damage is noticed. A failed call leaves no file.
    pub(super) fn write(&self, dir: &Path, below: ObjectId) -> io::Result<PathBuf> {
        let bytes = self.encode(below).ok_or_else(|| io::Error::other("too much for one file"))?;
        let path = dir.join(format!("{}.{}", ObjectId::of_content(&bytes), file::EXTENSION));
        pond_durable::create_derived_dir(dir)?;
        let mut temp = pond_durable::temporary_in(dir)?;
        temp.write_all(&bytes)?;
        temp.persist(&path)?;
        Ok(path)
    }

    pub(super) fn encode(&self, below: ObjectId) -> Option<Vec<u8>> {
        let mut order: Vec<u32> = (0..self.commits.len() as u32).collect();
        order.sort_unstable_by_key(|place| self.commits[*place as usize].0);
        let mut outside: HashMap<ObjectId, u32> = HashMap::new();
        let mut outside_ids = Vec::new();
        let mut parents = Vec::with_capacity(self.comparisons as usize);
        for (_, link) in &self.commits {
            for parent in &link.parents {
                parents.push(match self.places.get(parent) {
                    Some(place) => *place,
                    None => {
                        file::OUTSIDE
                            | *outside.entry(*parent).or_insert_with(|| {
                                outside_ids.push(*parent);
                                outside_ids.len() as u32 - 1
                            })
                    }
                });
            }
            if link.parents.is_empty() {
                parents.push(file::NONE);
            }
        }
        let mut sorted: Vec<_> = self.names.iter().collect();
        sorted.sort_unstable();
        let (names, blocks) = names::encode(&sorted);
        file::encode(&file::Parts {
            below,
            commits: &self.commits,
            order: &order,
            parents: &parents,
            many: &self.many,
            blocks: &blocks,
            outside: &outside_ids,
            names: &names,
        })
    }
}
