//! Orders of a history in which no commit comes before one of its children.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use pond_objects::{Link, ObjectId};

/// In which order commits are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// By commit time, as they are found.
    #[default]
    Found,
    /// By commit time, but never before a child.
    Dated,
    /// Never before a child, and one line of history after the other.
    Topological,
}

/// Puts commits, given as they were found, in order. As in git, down to which of two equals comes first.
pub(super) fn sort(commits: Vec<(ObjectId, Link)>, order: Order) -> Vec<(ObjectId, Link)> {
    if order == Order::Found {
        return commits;
    }
    let places: HashMap<ObjectId, usize> =
        commits.iter().enumerate().map(|(at, (id, _))| (*id, at)).collect();
    let parents = |at: usize| commits[at].1.parents.iter().filter_map(|parent| places.get(parent).copied());
    let mut children = vec![0_usize; commits.len()];
    for at in 0..commits.len() {
        parents(at).for_each(|parent| children[parent] += 1);
    }
    let mut next = Next::new(order);
    let tips = (0..commits.len()).filter(|at| children[*at] == 0);
    match order {
        // The first tip is to be taken first from a stack.
        Order::Topological => tips.rev().for_each(|at| next.push(at, &commits[at].1)),
        _ => tips.for_each(|at| next.push(at, &commits[at].1)),
    }
    let mut sorted = Vec::with_capacity(commits.len());
    while let Some(at) = next.pop() {
        for parent in parents(at) {
            children[parent] -= 1;
            if children[parent] == 0 {
                next.push(parent, &commits[parent].1);
            }
        }
        sorted.push(at);
    }
    let mut commits: Vec<Option<(ObjectId, Link)>> = commits.into_iter().map(Some).collect();
    sorted.into_iter().filter_map(|at| commits[at].take()).collect()
}

/// The commits all of whose children were taken.
enum Next {
    Stack(Vec<usize>),
    /// By time, among equals the one that came first.
    Queue(BinaryHeap<(i64, Reverse<usize>, usize)>, usize),
}

impl Next {
    fn new(order: Order) -> Self {
        match order {
            Order::Topological => Self::Stack(Vec::new()),
            _ => Self::Queue(BinaryHeap::new(), 0),
        }
    }

    fn push(&mut self, at: usize, link: &Link) {
        match self {
            Self::Stack(stack) => stack.push(at),
            Self::Queue(queue, count) => {
                queue.push((link.seconds, Reverse(*count), at));
                *count += 1;
            }
        }
    }

    fn pop(&mut self) -> Option<usize> {
        match self {
            Self::Stack(stack) => stack.pop(),
            Self::Queue(queue, _) => queue.pop().map(|(_, _, at)| at),
        }
    }
}
