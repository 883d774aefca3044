//! A history of which only some commits are shown: which of them follow which.
//!
//! The parents of a shown commit are the nearest shown ancestors that its real parents lead to, in their order and each once.
//! One that is reached only through commits that are left out is not among them if another one leads there anyway: a
//! merge that is left out does not make a merge of its child. Parents that are not in the history at all are none.
//!
//! Commits are looked at as late as can be: a commit when its turn comes, the others when they may be a parent of it.

use std::collections::{HashMap, HashSet};

use pond_objects::{Link, ObjectId};

/// A commit that is shown, with what made it chosen.
#[derive(Debug)]
pub struct Chosen<T> {
    /// The commit.
    pub id: ObjectId,
    /// Its place in history.
    pub link: Link,
    /// What made it chosen.
    pub choice: T,
    /// The shown commits that it follows.
    pub parents: Vec<ObjectId>,
}

/// Finds out whether a commit is shown: what makes it so, if it is.
pub type Choose<'a, T, E> = dyn FnMut(&ObjectId, &Link) -> Result<Option<T>, E> + 'a;

/// How a history is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looking {
    /// Only first parents count.
    pub first_parent: bool,
    /// All commits are shown: none has to be looked at before its turn.
    pub takes_all: bool,
    /// No commit may be looked at before those in front of it.
    pub in_order: bool,
}

/// See the module's description.
pub struct Lineage<T> {
    /// Those whose turn has not come; no parent comes before a child.
    commits: Vec<Option<(ObjectId, Link)>>,
    /// The places of each commit's parents.
    parents: Vec<Vec<usize>>,
    ids: Vec<ObjectId>,
    looking: Looking,
    choices: Vec<Choice<T>>,
    /// The next place to be looked at, if they are looked at in order.
    looked_at: usize,
    /// For commits that are left out: the shown ones that they lead to.
    leads: HashMap<usize, Vec<usize>>,
    next: usize,
}

enum Choice<T> {
    Open,
    LeftOut,
    Taken(T),
    /// Its turn has come.
    Shown,
}

impl<T> Lineage<T> {
    /// Of commits in an order in which no parent comes before a child.
    pub fn new(commits: Vec<(ObjectId, Link)>, looking: Looking) -> Self {
        let ids: Vec<ObjectId> = commits.iter().map(|(id, _)| *id).collect();
        let places: HashMap<ObjectId, usize> = ids.iter().enumerate().map(|(at, id)| (*id, at)).collect();
        let count = if looking.first_parent { 1 } else { usize::MAX };
        let parents_of = |link: &Link| {
            let mut found: Vec<usize> = Vec::with_capacity(link.parents.len().min(count));
            let known = link.parents.iter().take(count).filter_map(|parent| places.get(parent));
            known.for_each(|place| add(&mut found, *place));
            found
        };
        Self {
            parents: commits.iter().map(|(_, link)| parents_of(link)).collect(),
            choices: commits.iter().map(|_| Choice::Open).collect(),
            commits: commits.into_iter().map(Some).collect(),
            ids,
            looking,
            looked_at: 0,
            leads: HashMap::new(),
            next: 0,
        }
    }

    /// The next commit that is shown. `choose` says whether one is, and is asked once about each.
    ///
    /// # Errors
    /// Those of `choose`.
    pub fn next<E>(&mut self, choose: &mut Choose<'_, T, E>) -> Result<Option<Chosen<T>>, E> {
        while self.next < self.commits.len() {
            let at = self.next;
            self.look_at(at, choose)?;
            self.next += 1;
            let choice = std::mem::replace(&mut self.choices[at], Choice::Shown);
            let Choice::Taken(choice) = choice else {
                self.choices[at] = choice;
                continue;
            };
            for number in 0..self.parents[at].len() {
                self.look_beyond(self.parents[at][number], choose)?;
            }
            let parents = self.led_to(at).into_iter().map(|place| self.ids[place]).collect();
            let (id, link) = self.commits[at].take().expect("BUG: each commit has one turn");
            return Ok(Some(Chosen { id, link, choice, parents }));
        }
        Ok(None)
    }

    /// Finds out whether a commit is shown.
    fn look_at<E>(&mut self, at: usize, choose: &mut Choose<'_, T, E>) -> Result<(), E> {
        let first = if self.looking.in_order { self.looked_at } else { at };
        for at in first..=at {
            if let (Choice::Open, Some((id, link))) = (&self.choices[at], &self.commits[at]) {
                self.choices[at] = choose(id, link)?.map_or(Choice::LeftOut, Choice::Taken);
            }
        }
        self.looked_at = self.looked_at.max(at + 1);
        Ok(())
    }

    /// Finds out where a commit leads that is left out; nothing of one that is shown.
    fn look_beyond<E>(&mut self, at: usize, choose: &mut Choose<'_, T, E>) -> Result<(), E> {
        if self.looking.takes_all {
            return Ok(());
        }
        let mut waiting = vec![at];
        while let Some(at) = waiting.last().copied() {
            self.look_at(at, choose)?;
            if !matches!(self.choices[at], Choice::LeftOut) || self.leads.contains_key(&at) {
                waiting.pop();
                continue;
            }
            let before = waiting.len();
            for number in 0..self.parents[at].len() {
                let parent = self.parents[at][number];
                self.look_at(parent, choose)?;
                if matches!(self.choices[parent], Choice::LeftOut) && !self.leads.contains_key(&parent) {
                    waiting.push(parent);
                }
            }
            if waiting.len() == before {
                let led_to = self.led_to(at);
                self.leads.insert(at, led_to);
            }
        }
        Ok(())
    }

    /// The shown commits that one leads to, where it is known of its parents.
    fn led_to(&self, at: usize) -> Vec<usize> {
        let (mut found, mut direct) = (Vec::new(), Vec::new());
        for parent in &self.parents[at] {
            match self.leads.get(parent) {
                Some(leads) => leads.iter().for_each(|place| add(&mut found, *place)),
                None => {
                    direct.push(*parent);
                    add(&mut found, *parent);
                }
            }
        }
        if found.len() > 1 && direct.len() < found.len() {
            let reached = self.reached_from(&found);
            found.retain(|place| direct.contains(place) || !reached.contains(place));
        }
        found
    }

    /// The ancestors of some commits, as far as the last of these.
    fn reached_from(&self, places: &[usize]) -> HashSet<usize> {
        let last = places.iter().copied().max().unwrap_or_default();
        let mut reached = HashSet::new();
        let mut waiting = places.to_vec();
        while let Some(at) = waiting.pop() {
            for parent in &self.parents[at] {
                if *parent <= last && reached.insert(*parent) {
                    waiting.push(*parent);
                }
            }
        }
        reached
    }
}

fn add(places: &mut Vec<usize>, place: usize) {
    if !places.contains(&place) {
        places.push(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::walk::frontier::tests::commit;
    use pond_objects::ObjectSource as _;
    use pond_objects::memory::MemoryObjects;

    /// A history, commits by number, oldest first: what is shown of it, each with its parents, newest first.
    fn shown(
        history: &[&[usize]],
        left_out: &[usize],
        looking: Looking,
    ) -> (Vec<(usize, Vec<usize>)>, Vec<usize>) {
        let mut objects = MemoryObjects::new();
        let mut ids: Vec<ObjectId> = Vec::new();
        for (number, parents) in history.iter().enumerate() {
            let parents: Vec<ObjectId> = parents.iter().map(|parent| ids[*parent]).collect();
            ids.push(commit(&mut objects, i64::try_from(number).expect("small"), &parents));
        }
        let number = |id: &ObjectId| ids.iter().position(|other| other == id).expect("it is there");
        let commits = ids.iter().rev().map(|id| (*id, objects.link(id).expect("it is there"))).collect();
        let mut lineage = Lineage::new(commits, looking);
        let mut asked = Vec::new();
        let mut choose = |id: &ObjectId, _: &Link| {
            let this = number(id);
            asked.push(this);
            Ok::<_, ()>((!left_out.contains(&this)).then_some(this))
        };
        let mut rows = Vec::new();
        while let Some(chosen) = lineage.next(&mut choose).expect("no error") {
            assert_eq!(chosen.choice, number(&chosen.id));
            rows.push((chosen.choice, chosen.parents.iter().map(number).collect()));
        }
        (rows, asked)
    }

    fn rows(history: &[&[usize]], left_out: &[usize]) -> Vec<(usize, Vec<usize>)> {
        shown(history, left_out, Looking::default()).0
    }

    #[test]
    fn parents_are_the_nearest_that_are_shown() {
        let history: [&[usize]; 6] = [&[], &[0], &[1], &[0], &[2, 3], &[4]];
        assert_eq!(rows(&history, &[4, 2]), [(5, vec![1, 3]), (3, vec![0]), (1, vec![0]), (0, vec![])]);
        assert_eq!(rows(&history, &[0, 1]), [(5, vec![4]), (4, vec![2, 3]), (3, vec![]), (2, vec![])]);
    }

    #[test]
    fn what_is_left_out_does_not_make_a_merge_of_its_child() {
        // 3 and 4 merge 1 and 2, which follow 0.
        let history: [&[usize]; 6] = [&[], &[0], &[0], &[1, 2], &[2, 3], &[4]];
        assert_eq!(rows(&history, &[4, 2]), [(5, vec![3]), (3, vec![1]), (1, vec![0]), (0, vec![])]);
        // A real parent stays one, even if there is another way to it.
        let forced: [&[usize]; 3] = [&[], &[0], &[0, 1]];
        assert_eq!(rows(&forced, &[]), [(2, vec![0, 1]), (1, vec![0]), (0, vec![])]);
        assert_eq!(rows(&forced, &[1]), [(2, vec![0]), (0, vec![])]);
    }

    #[test]
    fn commits_are_asked_about_once_and_not_before_they_matter() {
        let history: [&[usize]; 5] = [&[], &[0], &[1], &[1], &[2, 3]];
        let with = |looking| shown(&history, &[3], looking).1;
        assert_eq!(with(Looking::default()), [4, 2, 3, 1, 0]);
        assert_eq!(with(Looking { in_order: true, ..Looking::default() }), [4, 3, 2, 1, 0]);
        let first = Looking { first_parent: true, ..Looking::default() };
        assert_eq!(shown(&history, &[], first).0[0], (4, vec![2]));
        let all = shown(&history, &[], Looking { takes_all: true, ..Looking::default() });
        assert_eq!((all.0[0].clone(), all.1), ((4, vec![2, 3]), vec![4, 3, 2, 1, 0]));
    }

    #[test]
    fn whatever_is_left_out_the_same_commits_lead_to_the_same() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut below = |end: usize| random.usize(..end);
        for _ in 0..200 {
            let history: Vec<Vec<usize>> = (0..14_usize)
                .map(|number| (0..below(4).min(number)).map(|_| number - 1 - below(number.min(5))).collect())
                .collect();
            let left_out: Vec<usize> = (0..14).filter(|_| below(2) == 0).collect();
            let slices: Vec<&[usize]> = history.iter().map(Vec::as_slice).collect();
            let parents: HashMap<usize, Vec<usize>> = rows(&slices, &left_out).into_iter().collect();
            let ancestors = |start: usize, parents: &dyn Fn(usize) -> Vec<usize>| {
                let (mut found, mut waiting) = (HashSet::new(), vec![start]);
                while let Some(at) = waiting.pop() {
                    waiting.extend(parents(at).into_iter().filter(|parent| found.insert(*parent)));
                }
                found
            };
            for commit in (0..14).filter(|commit| !left_out.contains(commit)) {
                let mut expected = ancestors(commit, &|at| history[at].clone());
                expected.retain(|ancestor| !left_out.contains(ancestor));
                let found = ancestors(commit, &|at| parents[&at].clone());
                assert_eq!(found, expected, "of {commit} in {history:?} without {left_out:?}");
            }
        }
    }
}
