//! What an edit does to an index: updates in order, and what follows from them for other paths.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use bstr::{BStr, BString};
use pond_objects::path::{is_below, parent};
use pond_objects::{Kind, Side, path_order};

use super::{Index, Row, Seen};

/// What an edit does to one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Update {
    /// The path has this row from now on.
    Set(Row),
    /// The next commit has this at the path. What the base commit has there stays what it was.
    Stage(Side, Seen),
    /// The next commit does not have the path: a tombstone where the base commit has it, else no row.
    Delete,
    /// No row at all, not even a tombstone.
    Forget,
}

impl Update {
    /// What the next commit has at the path, if the update puts something there.
    fn kind(&self) -> Option<Kind> {
        match self {
            Self::Set(row) => row.staged.map(|side| side.kind),
            Self::Stage(side, _) => Some(side.kind),
            Self::Delete | Self::Forget => None,
        }
    }
}

/// Updates in [`path_order`], each path once. Each is made when it is asked for: there may be a million.
pub trait Updates {
    /// How many there are.
    fn count(&self) -> usize;
    /// The path of the update with this number.
    fn path(&self, number: usize) -> &BStr;
    /// The update itself.
    fn update(&self, number: usize) -> Update;
}

/// Updates in memory.
#[derive(Debug)]
pub struct SortedUpdates(Vec<(BString, Update)>);

impl From<BTreeMap<BString, Update>> for SortedUpdates {
    fn from(updates: BTreeMap<BString, Update>) -> Self {
        let mut updates: Vec<(BString, Update)> = updates.into_iter().collect();
        updates.sort_unstable_by(|(left, _), (right, _)| path_order(left, right));
        Self(updates)
    }
}

impl Updates for SortedUpdates {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn path(&self, number: usize) -> &BStr {
        self.0[number].0.as_ref()
    }

    fn update(&self, number: usize) -> Update {
        self.0[number].1.clone()
    }
}

/// The number of the update of a path.
pub fn find(updates: &dyn Updates, path: &[u8]) -> Option<usize> {
    let at = partition(0..updates.count(), |at| path_order(updates.path(at), path).is_lt());
    (at < updates.count() && updates.path(at) == path).then_some(at)
}

/// The first of these numbers for which something does not hold that holds for those before.
fn partition(numbers: Range<usize>, before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (numbers.start, numbers.end);
    while low < high {
        let middle = low + (high - low) / 2;
        if before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// What updates make of other updates, and of paths that have none.
#[derive(Debug)]
pub(super) struct Consequences {
    /// The numbers of those that would put an empty directory where something is below it.
    filled: HashSet<usize>,
    /// In order, files and empty directories that stand where an update needs a directory, and have no update.
    deletions: Vec<BString>,
}

impl Consequences {
    pub(super) fn of(index: &Index, updates: &dyn Updates) -> Self {
        let filled: HashSet<usize> =
            (0..updates.count()).filter(|at| is_filled(index, updates, *at)).collect();
        let deletions = parents_to_delete(index, updates, &filled);
        Self { filled, deletions }
    }

    /// The updates with these, in order.
    pub(super) fn in_order<'u>(
        &'u self,
        updates: &'u dyn Updates,
    ) -> impl Iterator<Item = (&'u BStr, Update)> + use<'u> {
        let (mut at, mut deletions) = (0, self.deletions.iter().peekable());
        std::iter::from_fn(move || {
            let next = (at < updates.count()).then(|| updates.path(at));
            let is_first = |path: &&BString| next.is_none_or(|next| path_order(path, next).is_lt());
            if let Some(path) = deletions.next_if(is_first) {
                return Some((path.as_ref(), Update::Delete));
            }
            let path = next?;
            at += 1;
            let is_filled = self.filled.contains(&(at - 1));
            Some((path, if is_filled { Update::Delete } else { updates.update(at - 1) }))
        })
    }
}

/// Whether an update puts an empty directory where something is below it all the same.
fn is_filled(index: &Index, updates: &dyn Updates, at: usize) -> bool {
    if updates.update(at).kind() != Some(Kind::Directory) {
        return false;
    }
    let path = updates.path(at);
    let below = at + 1..partition(at + 1..updates.count(), |other| is_below(updates.path(other), path));
    let stays = |number: usize| index.is_live(number) && find(updates, index.path(number)).is_none();
    below.clone().any(|other| updates.update(other).kind().is_some()) || index.range_of_dir(path).any(stays)
}

/// Files and empty directories that stand where a path that is to be set needs a directory, but for those with an update.
fn parents_to_delete(index: &Index, updates: &dyn Updates, filled: &HashSet<usize>) -> Vec<BString> {
    let mut deletions: Vec<BString> = Vec::new();
    let mut last: &[u8] = &[];
    for at in 0..updates.count() {
        if updates.update(at).kind().is_none() || filled.contains(&at) {
            continue;
        }
        let before = std::mem::replace(&mut last, parent(updates.path(at)));
        let mut dir = last;
        // The parents that it shares with the path before it have been looked at.
        while !dir.is_empty() && dir != before && !is_below(before, dir) {
            if index.find(dir).is_ok_and(|number| index.is_live(number)) {
                deletions.push(dir.into());
            }
            dir = parent(dir);
        }
    }
    deletions.sort_unstable_by(|left, right| path_order(left, right));
    deletions.dedup();
    deletions.retain(|path| find(updates, path).is_none());
    deletions
}
