//! Walking a history from its newest commits.
//!
//! Commits come by commit time, newest first, and each after at least one of its children: git's order. Nothing is read
//! before it is asked for, so that the newest commit of a long history costs one look-up. Where commits are excluded,
//! those that must be known to be left out are read first.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use pond_objects::{Commit, ObjectId, ObjectSource, ReadError};

/// So many excluded commits are looked at beyond the last wanted one: clocks are not always right.
const SLOP: u32 = 5;

/// How a history is walked.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WalkOptions {
    /// Follow only the first parent of merges.
    pub(crate) first_parent: bool,
    /// Do not go beyond commits that are older (seconds since 1970).
    pub(crate) not_before: Option<i64>,
}

/// The commits of a history, in order.
pub(crate) struct Walk<'a> {
    source: &'a dyn ObjectSource,
    options: WalkOptions,
    queue: BinaryHeap<Queued>,
    /// Every commit that was queued, and whether it is excluded.
    seen: HashMap<ObjectId, bool>,
    /// Parents of the commit that was given last.
    pending: Vec<ObjectId>,
    arrived: usize,
    /// Of a walk with exclusions: its result, oldest first.
    ready: Option<Vec<(ObjectId, Commit)>>,
}

/// A commit in the queue; the largest is the newest, among equals the one that came first.
struct Queued {
    key: (i64, Reverse<usize>),
    id: ObjectId,
    commit: Commit,
}

impl PartialEq for Queued {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Queued {}

impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Queued {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}

impl<'a> Walk<'a> {
    /// A walk of what is reachable from `include` and not from `exclude`.
    ///
    /// # Errors
    /// Those of reading the commits.
    pub(crate) fn new(
        source: &'a dyn ObjectSource,
        include: &[ObjectId],
        exclude: &[ObjectId],
        options: WalkOptions,
    ) -> Result<Self, ReadError> {
        let mut walk = Self {
            source,
            options,
            queue: BinaryHeap::new(),
            seen: HashMap::new(),
            pending: Vec::new(),
            arrived: 0,
            ready: None,
        };
        for id in exclude {
            walk.push(*id, true)?;
        }
        for id in include {
            walk.push(*id, false)?;
        }
        if !exclude.is_empty() {
            walk.ready = Some(walk.limited()?);
        }
        Ok(walk)
    }

    fn push(&mut self, id: ObjectId, excluded: bool) -> Result<(), ReadError> {
        if let Some(known) = self.seen.get(&id) {
            if excluded && !known {
                self.exclude(id)?;
            }
            return Ok(());
        }
        self.seen.insert(id, excluded);
        let commit = self.source.commit(&id)?;
        self.arrived += 1;
        self.queue.push(Queued { key: (commit.committer.when.seconds, Reverse(self.arrived)), id, commit });
        Ok(())
    }

    /// Marks a commit that was seen, and what of its history was seen, as excluded.
    fn exclude(&mut self, id: ObjectId) -> Result<(), ReadError> {
        let mut next = vec![id];
        while let Some(id) = next.pop() {
            match self.seen.get_mut(&id) {
                Some(excluded) if !*excluded => *excluded = true,
                _ => continue,
            }
            next.extend(self.source.commit(&id)?.parents);
        }
        Ok(())
    }

    fn parents(&self, commit: &Commit) -> Vec<ObjectId> {
        let all = commit.parents.iter().copied();
        if self.options.first_parent { all.take(1).collect() } else { all.collect() }
    }

    fn is_too_old(&self, commit: &Commit) -> bool {
        self.options.not_before.is_some_and(|limit| commit.committer.when.seconds < limit)
    }

    /// Walks until nothing wanted can come any more; the result is oldest first.
    fn limited(&mut self) -> Result<Vec<(ObjectId, Commit)>, ReadError> {
        let mut wanted: Vec<(ObjectId, Commit)> = Vec::new();
        let mut slop = SLOP;
        while let Some(Queued { id, commit, .. }) = self.queue.pop() {
            if self.seen[&id] {
                for parent in &commit.parents {
                    self.push(*parent, true)?;
                }
                if self.queue.iter().any(|queued| !self.seen[&queued.id]) {
                    continue;
                }
                // An excluded commit that is newer than the oldest wanted one may still lead to it.
                let oldest = wanted.last().map(|(_, commit)| commit.committer.when.seconds);
                let newest_left = self.queue.peek().map(|queued| queued.key.0);
                if newest_left.is_none() {
                    break;
                }
                slop = if oldest <= newest_left && oldest.is_some() { SLOP } else { slop - 1 };
                if slop == 0 {
                    break;
                }
            } else if !self.is_too_old(&commit) {
                for parent in self.parents(&commit) {
                    self.push(parent, false)?;
                }
                wanted.push((id, commit));
            }
        }
        wanted.retain(|(id, _)| !self.seen[id]);
        wanted.reverse();
        Ok(wanted)
    }

    fn step(&mut self) -> Result<Option<(ObjectId, Commit)>, ReadError> {
        for parent in std::mem::take(&mut self.pending) {
            self.push(parent, false)?;
        }
        while let Some(Queued { id, commit, .. }) = self.queue.pop() {
            if self.is_too_old(&commit) {
                continue;
            }
            self.pending = self.parents(&commit);
            return Ok(Some((id, commit)));
        }
        Ok(None)
    }
}

impl Iterator for Walk<'_> {
    type Item = Result<(ObjectId, Commit), ReadError>;

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
    use pond_objects::memory::MemoryObjects;
    use pond_objects::{Signature, Timestamp};

    fn commit(objects: &mut MemoryObjects, seconds: i64, parents: &[ObjectId]) -> ObjectId {
        let when = Timestamp { seconds, offset_minutes: 0 };
        let author = Signature { name: "A".into(), email: "a@b".into(), when };
        objects.add_commit(Commit {
            tree: ObjectId::ZERO,
            parents: parents.to_vec(),
            author: author.clone(),
            committer: author,
            nodes: None,
            extra: Vec::new(),
            message: "m\n".into(),
        })
    }

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
    }
}
