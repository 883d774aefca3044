//! Which commits of a history changed what pathspecs take, by what is known of their changes; trees are read of those alone of
//! which too little is known.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;

use bstr::BString;
use pond_objects::pathspec::Pathspecs;
use pond_objects::{Commit, Link, ObjectId, ObjectSource as _, ReadError};
use pond_oplog::Store;
use pond_oplog::changed_paths::{ChangesAgainst, KnownHistory, Sides, compare_with_parents};

use crate::diff::{Differing, touches};

/// Asked about one commit after the other.
pub struct Touched<'a> {
    store: &'a Store,
    wanted: Wanted<'a>,
    differing: Differing,
    known: OnceCell<Known<'a>>,
    /// Commits that were read as parents, before they are asked about themselves.
    ahead: RefCell<HashMap<ObjectId, Commit>>,
}

/// So many are kept at most.
const MOST_AHEAD: usize = 512;

/// The paths that it is about.
enum Wanted<'a> {
    Pathspecs(&'a Pathspecs),
    /// One, whatever stands there.
    Path(BString),
}

impl Wanted<'_> {
    fn takes(&self, path: &[u8], sides: Sides) -> bool {
        match self {
            Self::Pathspecs(pathspecs) => {
                sides.has_other() && pathspecs.matches(path, false)
                    || sides.has_directory() && pathspecs.matches(path, true)
            }
            Self::Path(wanted) => wanted == path,
        }
    }

    fn beginnings(&self) -> Vec<&[u8]> {
        match self {
            Self::Pathspecs(pathspecs) => pathspecs.beginnings(),
            Self::Path(path) => vec![path],
        }
    }
}

/// What the cache says, for these pathspecs.
pub(super) struct Known<'a> {
    pub(super) history: &'a KnownHistory,
    differing: Differing,
    /// Comparisons in which a path changed that is taken.
    taken: Bits,
    /// Comparisons of which that is not known.
    open: Bits,
}

/// A set of numbers.
pub(super) struct Bits(Vec<u64>);

impl Bits {
    /// An empty set of numbers below `end`.
    pub(super) fn new(end: usize) -> Self {
        Self(vec![0; end.div_ceil(64)])
    }

    pub(super) fn has(&self, number: usize) -> bool {
        self.0[number / 64] & (1 << (number % 64)) != 0
    }

    pub(super) fn add(&mut self, number: usize) {
        self.0[number / 64] |= 1 << (number % 64);
    }
}

impl<'a> Touched<'a> {
    /// Asked whether commits changed what these take, a merge against those of its parents that count.
    pub fn new(store: &'a Store, pathspecs: &'a Pathspecs, differing: Differing) -> Self {
        Self::about(store, Wanted::Pathspecs(pathspecs), differing)
    }

    /// Asked whether commits may have changed what stands at a path, against any of their parents.
    pub fn at(store: &'a Store, path: BString) -> Self {
        Self::about(store, Wanted::Path(path), Differing::Any)
    }

    fn about(store: &'a Store, wanted: Wanted<'a>, differing: Differing) -> Self {
        Self { store, wanted, differing, known: OnceCell::new(), ahead: RefCell::default() }
    }

    /// What the cache says; `None` if it is not needed, since every path is taken.
    pub(super) fn known(&self) -> Option<&Known<'a>> {
        let known = || Known::new(self.store.changed_paths().known(), &self.wanted, self.differing);
        let is_everything = matches!(self.wanted, Wanted::Pathspecs(pathspecs) if pathspecs.is_everything());
        (!is_everything).then(|| self.known.get_or_init(known))
    }

    /// Whether a commit changed one of the paths. What is found out by reading trees is remembered.
    ///
    /// # Errors
    /// Those of reading the commit and trees.
    pub fn takes(&self, id: &ObjectId) -> Result<bool, ReadError> {
        let Some(known) = self.known() else { return self.compare(&self.store.commit(id)?) };
        if let Some(place) = known.history.place(id) {
            return known.takes(place).map_or_else(|| self.compare(&self.store.commit(id)?), Ok);
        }
        let commit = self.ahead.borrow_mut().remove(id);
        let commit = commit.map_or_else(|| self.store.commit(id), Ok)?;
        let tree_of = |parent: &ObjectId| self.read_ahead(parent, |commit| commit.tree);
        let against = compare_with_parents(self.store, &commit, &tree_of)?;
        self.store.changed_paths().learn(id, &commit.link(), &against);
        let answers = against.iter().map(|changes| self.takes_any(changes));
        decide(answers, self.differing).map_or_else(|| self.compare(&commit), Ok)
    }

    fn takes_any(&self, changes: &ChangesAgainst) -> Option<bool> {
        Some(changes.as_ref()?.iter().any(|(path, sides)| self.wanted.takes(path, *sides)))
    }

    fn compare(&self, commit: &Commit) -> Result<bool, ReadError> {
        match self.wanted {
            Wanted::Pathspecs(pathspecs) => touches(self.store, commit, pathspecs, self.differing),
            Wanted::Path(_) => Ok(true),
        }
    }

    /// The link of a commit that is not known yet. It stays out of the links of the cache: what is learnt of the commit has it.
    pub(super) fn link(&self, id: &ObjectId) -> Result<Link, ReadError> {
        self.read_ahead(id, Commit::link)
    }

    fn read_ahead<T>(&self, id: &ObjectId, tell: impl Fn(&Commit) -> T) -> Result<T, ReadError> {
        if let Some(commit) = self.ahead.borrow().get(id) {
            return Ok(tell(commit));
        }
        let commit = self.store.commit(id)?;
        let told = tell(&commit);
        let mut ahead = self.ahead.borrow_mut();
        if ahead.len() >= MOST_AHEAD {
            ahead.clear();
        }
        ahead.insert(*id, commit);
        Ok(told)
    }
}

impl<'a> Known<'a> {
    fn new(history: &'a KnownHistory, wanted: &Wanted<'_>, differing: Differing) -> Self {
        let end = history.comparisons_len();
        let (mut taken, mut open) = (Bits::new(end), Bits::new(end));
        history.many().for_each(|number| open.add(number));
        for prefix in wanted.beginnings() {
            let takes = |path: &[u8], sides| wanted.takes(path, sides);
            if !history.each_change(prefix, &takes, &mut |number| taken.add(number)) {
                (0..end).for_each(|number| open.add(number));
            }
        }
        Self { history, differing, taken, open }
    }

    /// Whether the commit at a place changed one of the paths; `None` if trees have to be compared for that.
    pub(super) fn takes(&self, place: usize) -> Option<bool> {
        let answer = |number| match (self.taken.has(number), self.open.has(number)) {
            (true, _) => Some(true),
            (false, true) => None,
            (false, false) => Some(false),
        };
        decide(self.history.comparisons(place).map(answer), self.differing)
    }
}

/// Of the answers for each parent the one for the commit.
fn decide(mut answers: impl Iterator<Item = Option<bool>>, differing: Differing) -> Option<bool> {
    // The answer that decides by itself.
    let alone = match differing {
        Differing::First => return answers.next().unwrap_or(Some(false)),
        Differing::Any => true,
        Differing::All => false,
    };
    let mut all_are_known = true;
    for answer in answers {
        match answer {
            Some(answer) if answer == alone => return Some(alone),
            Some(_) => {}
            None => all_are_known = false,
        }
    }
    all_are_known.then_some(!alone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_of_one_parent_may_not_matter() {
        let [yes, no, open] = [Some(true), Some(false), None];
        let all = |answers: &[Option<bool>]| {
            [Differing::First, Differing::Any, Differing::All]
                .map(|differing| decide(answers.iter().copied(), differing))
        };
        assert_eq!(all(&[yes]), [yes, yes, yes]);
        assert_eq!(all(&[no]), [no, no, no]);
        assert_eq!(all(&[open]), [open, open, open]);
        assert_eq!(all(&[yes, no]), [yes, yes, no]);
        assert_eq!(all(&[no, yes]), [no, yes, no]);
        assert_eq!(all(&[yes, open]), [yes, yes, open]);
        assert_eq!(all(&[open, no]), [open, open, no]);
        assert_eq!(all(&[no, open, yes]), [no, yes, no]);
    }
}
