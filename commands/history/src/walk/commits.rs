//! Walking a history from its newest commits.
//!
//! Commits come by commit time, newest first, and each after at least one of its children: git's order. Of each its link is
//! given: its text is read by those who show it. Nothing is read before it is asked for, so that the newest commit of a
//! long history costs one look-up. Where commits are excluded, those that must be known to be left out are read first.

use std::collections::HashSet;

use pond_objects::{Link, ObjectId, ObjectSource, ReadError};

use crate::walk::frontier::{Frontier, Marks};
use crate::walk::touched::Touched;
use crate::walk::touched_walk::TouchedWalk;

/// Reachable from what is left out.
const EXCLUDED: Marks = 1;

/// So many excluded commits are looked at beyond the last wanted one: clocks are not always right.
const SLOP: u32 = 5;

/// How a history is walked.
#[derive(Clone, Copy, Debug, Default)]
pub struct WalkOptions {
    /// Follow only the first parent of merges.
    pub first_parent: bool,
    /// Do not go beyond commits that are older (seconds since 1970).
    pub not_before: Option<i64>,
}

/// The commits of a history, in order.
pub struct Walk<'a> {
    source: &'a dyn ObjectSource,
    options: WalkOptions,
    frontier: Frontier<'a>,
    /// Parents of excluded commits that wait: an early clock may keep those waiting for longer than the walk goes on.
    ahead: HashSet<ObjectId>,
    /// Parents of the commit that was given last.
    pending: Vec<ObjectId>,
    /// Of a walk with exclusions: its result, oldest first.
    ready: Option<Vec<(ObjectId, Link)>>,
}

impl<'a> Walk<'a> {
    /// A walk of what is reachable from `include` and not from `exclude`.
    ///
    /// # Errors
    /// Those of reading the commits.
    pub fn new(
        source: &'a dyn ObjectSource,
        include: &[ObjectId],
        exclude: &[ObjectId],
        options: WalkOptions,
    ) -> Result<Self, ReadError> {
        let mut walk = Self {
            source,
            options,
            frontier: Frontier::new(source, EXCLUDED),
            ahead: HashSet::new(),
            pending: Vec::new(),
            ready: None,
        };
        for id in exclude {
            walk.exclude(*id)?;
        }
        for id in include {
            walk.include(*id)?;
        }
        if !exclude.is_empty() {
            walk.ready = Some(walk.limited()?);
        }
        Ok(walk)
    }

    /// The commits of this walk, which has not begun, without those that are known not to have changed what is asked for.
    pub(super) fn touched(
        mut self,
        touched: &'a Touched<'a>,
    ) -> Box<dyn Iterator<Item = Result<(ObjectId, Link), ReadError>> + 'a> {
        let Some(known) = touched.known().filter(|_| self.ready.is_none()) else { return Box::new(self) };
        let mut walk = TouchedWalk::new(touched, known, self.options);
        walk.begin(std::iter::from_fn(|| self.frontier.pop()).map(|(id, ..)| id));
        Box::new(walk)
    }

    /// Adds a commit that is wanted, unless it is known that it is not.
    fn include(&mut self, id: ObjectId) -> Result<(), ReadError> {
        if self.ahead.contains(&id) { self.exclude(id) } else { self.frontier.add(id, 0) }
    }

    /// Marks a commit, and what of its history was met, as excluded.
    fn exclude(&mut self, id: ObjectId) -> Result<(), ReadError> {
        let mut next = vec![id];
        if self.frontier.marks(&id).is_none() {
            self.frontier.add(id, EXCLUDED)?;
            next = self.source.link(&id)?.parents;
            self.ahead.extend(&next);
        }
        while let Some(id) = next.pop() {
            if self.frontier.marks(&id).is_some() && self.frontier.mark(id, EXCLUDED) {
                next.extend(self.source.link(&id)?.parents);
            }
        }
        Ok(())
    }

    fn parents(&self, link: &Link) -> Vec<ObjectId> {
        let all = link.parents.iter().copied();
        if self.options.first_parent { all.take(1).collect() } else { all.collect() }
    }

    fn is_too_old(&self, link: &Link) -> bool {
        self.options.not_before.is_some_and(|limit| link.seconds < limit)
    }

    /// Walks until nothing wanted can come any more; the result is oldest first.
    fn limited(&mut self) -> Result<Vec<(ObjectId, Link)>, ReadError> {
        let mut wanted: Vec<(ObjectId, Link)> = Vec::new();
        let mut slop = SLOP;
        while let Some((id, marks, link)) = self.frontier.pop() {
            if marks & EXCLUDED != 0 {
                for parent in &link.parents {
                    self.exclude(*parent)?;
                }
                if self.frontier.is_open() {
                    slop = SLOP;
                    continue;
                }
                // An excluded commit that is newer than the oldest wanted one may still lead to it.
                let oldest = wanted.last().map(|(_, link)| link.seconds);
                let newest_left = self.frontier.newest();
                if newest_left.is_none() {
                    break;
                }
                slop = if oldest <= newest_left && oldest.is_some() { SLOP } else { slop - 1 };
                if slop == 0 {
                    break;
                }
            } else if !self.is_too_old(&link) {
                for parent in self.parents(&link) {
                    self.include(parent)?;
                }
                wanted.push((id, link));
            }
        }
        wanted.retain(|(id, _)| self.frontier.marks(id).is_some_and(|marks| marks & EXCLUDED == 0));
        wanted.reverse();
        Ok(wanted)
    }

    fn step(&mut self) -> Result<Option<(ObjectId, Link)>, ReadError> {
        for parent in std::mem::take(&mut self.pending) {
            self.frontier.add(parent, 0)?;
        }
        while let Some((id, _, link)) = self.frontier.pop() {
            if self.is_too_old(&link) {
                continue;
            }
            self.pending = self.parents(&link);
            return Ok(Some((id, link)));
        }
        Ok(None)
    }
}

impl Iterator for Walk<'_> {
    type Item = Result<(ObjectId, Link), ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.ready {
            Some(ready) => ready.pop().map(Ok),
            None => self.step().transpose(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::walk::frontier::tests::commit;
    use pond_objects::memory::MemoryObjects;

    fn ids(walk: Walk<'_>) -> Vec<ObjectId> {
        walk.map(|found| found.expect("all commits are there").0).collect()
    }

    #[test]
    fn newest_first_across_branches() {
        let mut objects = MemoryObjects::new();
        let root = commit(&mut objects, 1, &[]);
        let left = commit(&mut objects, 2, &[root]);
        let right = commit(&mut objects, 3, &[root]);
        let merge = commit(&mut objects, 4, &[left, right]);
        let all = Walk::new(&objects, &[merge], &[], WalkOptions::default()).expect("a walk");
        assert_eq!(ids(all), [merge, right, left, root]);
        let first = WalkOptions { first_parent: true, ..WalkOptions::default() };
        assert_eq!(ids(Walk::new(&objects, &[merge], &[], first).expect("a walk")), [merge, left, root]);
        let late = WalkOptions { not_before: Some(3), ..WalkOptions::default() };
        assert_eq!(ids(Walk::new(&objects, &[merge], &[], late).expect("a walk")), [merge, right]);
    }

    #[test]
    fn excluded_histories_are_left_out_whatever_the_clocks_say() {
        let mut objects = MemoryObjects::new();
        let root = commit(&mut objects, 50, &[]);
        let shared = commit(&mut objects, 10, &[root]);
        let excluded = commit(&mut objects, 5, &[shared]);
        let wanted = commit(&mut objects, 60, &[shared]);
        let walk = Walk::new(&objects, &[wanted], &[excluded], WalkOptions::default()).expect("a walk");
        assert_eq!(ids(walk), [wanted]);
        let nothing = Walk::new(&objects, &[shared], &[wanted], WalkOptions::default()).expect("a walk");
        assert_eq!(ids(nothing), []);
        // Far more is left out than is looked at beyond the last wanted commit.
        let old = (1..20).fold(root, |parent, seconds| commit(&mut objects, seconds, &[parent]));
        let shared = commit(&mut objects, 60, &[root]);
        let early = commit(&mut objects, 0, &[shared]);
        let excluded = commit(&mut objects, 70, &[early, old]);
        let wanted = commit(&mut objects, 80, &[shared]);
        let walk = Walk::new(&objects, &[wanted], &[excluded], WalkOptions::default()).expect("a walk");
        assert_eq!(ids(walk), [wanted]);
    }
}
