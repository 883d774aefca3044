//! A walk that gives only the commits that changed what is asked for: in the order of [`Walk`](crate::Walk), which gives all.
//!
//! What is known of the others is in one place of the cache, by numbers: they cost next to nothing.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use pond_objects::{Link, ObjectId, ReadError};
use pond_oplog::changed_paths::Parent;

use crate::walk::commits::WalkOptions;
use crate::walk::touched::{Bits, Known, Touched};

/// See the module's description.
pub(super) struct TouchedWalk<'a> {
    touched: &'a Touched<'a>,
    known: &'a Known<'a>,
    options: WalkOptions,
    /// The largest is the newest by commit time, among equals the one that came first.
    waiting: BinaryHeap<(i64, Reverse<u64>, usize)>,
    arrived: u64,
    /// Places that were met.
    met: Bits,
    /// Commits that are not known, which are numbered behind the places.
    others: Vec<(ObjectId, Option<Link>)>,
    numbers: HashMap<ObjectId, usize>,
    /// Parents of the commit that was given last.
    pending: Vec<ObjectId>,
}

impl<'a> TouchedWalk<'a> {
    /// A walk of what is reachable from some commits.
    pub(super) fn new(touched: &'a Touched<'a>, known: &'a Known<'a>, options: WalkOptions) -> Self {
        Self {
            touched,
            known,
            options,
            waiting: BinaryHeap::new(),
            arrived: 0,
            met: Bits::new(known.history.len()),
            others: Vec::new(),
            numbers: HashMap::new(),
            pending: Vec::new(),
        }
    }

    /// Adds commits to those where it begins.
    pub(super) fn begin(&mut self, ids: impl IntoIterator<Item = ObjectId>) {
        self.pending.extend(ids);
    }

    fn wait(&mut self, seconds: i64, number: usize) {
        self.arrived += 1;
        self.waiting.push((seconds, Reverse(self.arrived), number));
    }

    fn add(&mut self, id: ObjectId) -> Result<(), ReadError> {
        match self.known.history.place(&id) {
            Some(place) => self.add_known(place),
            None => self.add_other(id)?,
        }
        Ok(())
    }

    fn add_known(&mut self, place: usize) {
        if !self.met.has(place) {
            self.met.add(place);
            self.wait(self.known.history.seconds(place), place);
        }
    }

    fn add_other(&mut self, id: ObjectId) -> Result<(), ReadError> {
        let number = self.known.history.len() + self.others.len();
        if self.numbers.insert(id, number).is_none() {
            let link = self.touched.link(&id)?;
            self.wait(link.seconds, number);
            self.others.push((id, Some(link)));
        }
        Ok(())
    }

    fn step(&mut self) -> Result<Option<(ObjectId, Link)>, ReadError> {
        // What follows a commit that is shown is read when it is asked for.
        for parent in std::mem::take(&mut self.pending) {
            self.add(parent)?;
        }
        let count = if self.options.first_parent { 1 } else { usize::MAX };
        while let Some((seconds, _, number)) = self.waiting.pop() {
            if self.options.not_before.is_some_and(|limit| seconds < limit) {
                continue;
            }
            if let Some((id, link)) = self.others.get_mut(number.wrapping_sub(self.known.history.len())) {
                let found = (*id, link.take().expect("BUG: each commit has one turn"));
                self.pending.extend(found.1.parents.iter().take(count));
                return Ok(Some(found));
            }
            if self.known.takes(number) != Some(false) {
                let link = self.known.history.link(number);
                self.pending.extend(link.parents.iter().take(count));
                return Ok(Some((self.known.history.id(number), link)));
            }
            let known = self.known;
            for parent in known.history.parents(number).take(count) {
                match parent {
                    Parent::At(place) => self.add_known(place),
                    Parent::Other(id) => self.add_other(id)?,
                }
            }
        }
        Ok(None)
    }
}

impl Iterator for TouchedWalk<'_> {
    type Item = Result<(ObjectId, Link), ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}
