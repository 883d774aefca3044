//! The edge of a walk through history: commits that wait to be looked at, newest first, and marks on all that were met.
//!
//! Every walk that asks which commits lead to which goes in this order and spreads marks from children to parents: what is
//! left out of a list, what two histories share, how many commits each has alone. A walk may end once no waiting commit
//! is open any more; how many are is counted as marks are set, so that asking costs nothing however wide the edge is.
//! Of a commit only its link is read, once while it waits.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::hash_map::{Entry, HashMap};

use pond_objects::{Link, ObjectId, ObjectSource, ReadError};

/// A set of marks; what each bit means is the walk's business.
pub(super) type Marks = u8;

/// See the module's description.
pub(super) struct Frontier<'a> {
    source: &'a dyn ObjectSource,
    waiting: BinaryHeap<Waiting>,
    known: HashMap<ObjectId, Known>,
    /// A commit with any of these is not open.
    closing: Marks,
    /// Waiting commits that are open.
    open: usize,
    arrived: u64,
}

#[derive(Clone, Copy, Default)]
struct Known {
    marks: Marks,
    is_waiting: bool,
}

/// The largest is the newest by commit time, among equals the one that came first.
struct Waiting {
    key: (i64, Reverse<u64>),
    id: ObjectId,
    link: Link,
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}

impl<'a> Frontier<'a> {
    /// An empty edge. Commits with one of the `closing` marks are not open.
    pub(super) fn new(source: &'a dyn ObjectSource, closing: Marks) -> Self {
        Self { source, waiting: BinaryHeap::new(), known: HashMap::new(), closing, open: 0, arrived: 0 }
    }

    /// The marks of a commit; none for one that was never met.
    pub(super) fn marks(&self, id: &ObjectId) -> Option<Marks> {
        self.known.get(id).map(|known| known.marks)
    }

    /// Adds marks to a commit. It waits from now on if it is met for the first time, or if the marks were not all there
    /// and it has left the edge already: what follows it has to learn of them.
    ///
    /// # Errors
    /// Those of reading the commit.
    pub(super) fn add(&mut self, id: ObjectId, marks: Marks) -> Result<(), ReadError> {
        let (known, is_first) = match self.known.entry(id) {
            Entry::Occupied(known) => (known.into_mut(), false),
            Entry::Vacant(place) => (place.insert(Known::default()), true),
        };
        let was_open = known.is_waiting && known.marks & self.closing == 0;
        let is_changed = known.marks | marks != known.marks;
        known.marks |= marks;
        if (is_first || is_changed) && !known.is_waiting {
            let link = self.source.link(&id)?;
            self.arrived += 1;
            let key = (link.seconds, Reverse(self.arrived));
            self.waiting.push(Waiting { key, id, link });
            known.is_waiting = true;
        }
        let is_open = known.is_waiting && known.marks & self.closing == 0;
        self.open = self.open + usize::from(is_open) - usize::from(was_open);
        Ok(())
    }

    /// Adds marks to a commit and leaves it where it is; tells whether one of them is new.
    pub(super) fn mark(&mut self, id: ObjectId, marks: Marks) -> bool {
        let known = self.known.entry(id).or_default();
        let before = known.marks;
        known.marks |= marks;
        if known.is_waiting && before & self.closing == 0 && known.marks & self.closing != 0 {
            self.open -= 1;
        }
        known.marks != before
    }

    /// Takes the newest waiting commit.
    pub(super) fn pop(&mut self) -> Option<(ObjectId, Marks, Link)> {
        let Waiting { id, link, .. } = self.waiting.pop()?;
        let known = self.known.entry(id).or_default();
        known.is_waiting = false;
        self.open -= usize::from(known.marks & self.closing == 0);
        Some((id, known.marks, link))
    }

    /// Whether any waiting commit is open.
    pub(super) fn is_open(&self) -> bool {
        self.open > 0
    }

    /// The commit time of the newest waiting commit, in seconds since 1970.
    pub(super) fn newest(&self) -> Option<i64> {
        self.waiting.peek().map(|waiting| waiting.key.0)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use pond_objects::memory::MemoryObjects;
    use pond_objects::{Commit, Signature, Timestamp};

    /// Stores a commit of this time with these parents.
    pub(in crate::walk) fn commit(
        objects: &mut MemoryObjects,
        seconds: i64,
        parents: &[ObjectId],
    ) -> ObjectId {
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

    #[test]
    fn newest_first_and_first_come_among_equals() {
        let mut objects = MemoryObjects::new();
        let old = commit(&mut objects, 1, &[]);
        let first = commit(&mut objects, 2, &[]);
        let second = commit(&mut objects, 2, &[old]);
        let mut frontier = Frontier::new(&objects, 0);
        for id in [old, first, second] {
            frontier.add(id, 0).expect("it is there");
        }
        assert_eq!(frontier.newest(), Some(2));
        let order: Vec<ObjectId> = std::iter::from_fn(|| frontier.pop().map(|(id, ..)| id)).collect();
        assert_eq!(order, [first, second, old]);
    }

    #[test]
    fn open_ones_are_counted_whenever_they_are_marked() {
        const CLOSED: Marks = 1;
        const OTHER: Marks = 2;
        let mut objects = MemoryObjects::new();
        let (a, b) = (commit(&mut objects, 1, &[]), commit(&mut objects, 2, &[]));
        let mut frontier = Frontier::new(&objects, CLOSED);
        frontier.add(a, 0).expect("it is there");
        frontier.add(b, OTHER).expect("it is there");
        assert!(frontier.mark(a, CLOSED) && !frontier.mark(a, CLOSED));
        assert!(frontier.is_open());
        assert_eq!(frontier.pop().map(|(id, marks, _)| (id, marks)), Some((b, OTHER)));
        assert!(!frontier.is_open());
        // It waits once, whatever it is marked with meanwhile.
        frontier.add(a, OTHER).expect("it is there");
        assert_eq!(frontier.pop().map(|(id, marks, _)| (id, marks)), Some((a, CLOSED | OTHER)));
        assert!(frontier.pop().is_none());
        // What follows it is to learn of a mark that comes late, and only then.
        frontier.add(b, OTHER).expect("it is there");
        assert!(frontier.pop().is_none());
        frontier.add(b, CLOSED).expect("it is there");
        assert!(!frontier.is_open());
        assert_eq!(frontier.pop().map(|(id, marks, _)| (id, marks)), Some((b, CLOSED | OTHER)));
        assert_eq!(frontier.marks(&b), Some(CLOSED | OTHER));
        assert_eq!(frontier.marks(&ObjectId::ZERO), None);
    }
}
