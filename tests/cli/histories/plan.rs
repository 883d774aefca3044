//! Random histories: who follows whom, when, and with which files.

use std::collections::{BTreeMap, BTreeSet};

use pond_objects::Kind;

use crate::harness::Random;

/// The files of a version: what each is, and its bytes.
pub(super) type Files = BTreeMap<String, (Kind, Vec<u8>)>;

/// A commit to be made.
pub(super) struct Version {
    /// The numbers of those that it follows.
    pub(super) parents: Vec<usize>,
    /// Its time, in seconds since 1970.
    pub(super) seconds: i64,
    pub(super) files: Files,
}

/// Commits, the oldest first, with branches at some of them.
pub(super) struct History {
    pub(super) seed: u64,
    pub(super) versions: Vec<Version>,
    /// The commits at which the branches are, two at least.
    pub(super) tips: Vec<usize>,
}

/// 2026-01-01.
const BEGINNING: i64 = 1_767_225_600;
const MINUTE: u64 = 60;
const DIRECTORIES: [&str; 4] = ["", "north/", "north/old/", "south/"];
const NAMES: [&str; 6] = ["a.csv", "b.csv", "c.txt", "d.txt", "e.sh", "f"];

impl History {
    /// The history of a seed: 8 to 20 commits on two to five branches.
    pub(super) fn new(seed: u64) -> Self {
        let mut maker = Maker { random: Random::new(seed), texts: 0, clock: 0 };
        let wanted = 8 + maker.below(13);
        let mut history = Self { seed, versions: Vec::new(), tips: Vec::new() };
        history.root(&mut maker);
        history.begin_branch(&mut maker);
        let has_second_root = maker.one_in(10);
        while history.versions.len() < wanted {
            let (one, other) = history.two_tips(&mut maker);
            match maker.below(16) {
                0..=2 if history.tips.len() < 5 => history.begin_branch(&mut maker),
                3..=5 => history.merge(&mut maker, &[one, other]),
                6 | 7 if history.versions.len() + 2 <= wanted => history.cross(&mut maker, one, other),
                8 if history.tips.len() > 2 => history.merge(&mut maker, &[0, 1, 2]),
                9 if has_second_root && history.tips.len() < 5 => history.root(&mut maker),
                _ => history.go_on(&mut maker, one),
            }
        }
        history
    }

    /// A commit that follows none, on a new branch.
    fn root(&mut self, maker: &mut Maker) {
        let mut files = Files::new();
        (0..3 + maker.below(6)).for_each(|_| maker.add(&mut files));
        let root = self.commit(maker, Vec::new(), files);
        self.tips.push(root);
    }

    /// A commit that follows any, on a new branch.
    fn begin_branch(&mut self, maker: &mut Maker) {
        let from = maker.below(self.versions.len());
        self.tips.push(from);
        self.go_on(maker, self.tips.len() - 1);
    }

    fn go_on(&mut self, maker: &mut Maker, branch: usize) {
        let tip = self.tips[branch];
        let files = maker.changed(&self.versions[tip].files);
        self.tips[branch] = self.commit(maker, vec![tip], files);
    }

    /// Merges branches into the first of them; what one of them has already is no parent.
    fn merge(&mut self, maker: &mut Maker, branches: &[usize]) {
        let mut parents: Vec<usize> = Vec::new();
        for branch in branches {
            let tip = self.tips[*branch];
            if !parents.iter().any(|parent| self.ancestors(*parent).contains(&tip)) {
                parents.push(tip);
            }
        }
        let files = self.joined(maker, &parents);
        self.tips[branches[0]] = self.commit(maker, parents, files);
    }

    /// Two branches that merge each other: what they share is then two commits.
    fn cross(&mut self, maker: &mut Maker, one: usize, other: usize) {
        let before = self.tips[one];
        self.merge(maker, &[one, other]);
        let merged = std::mem::replace(&mut self.tips[one], before);
        self.merge(maker, &[other, one]);
        self.tips[one] = merged;
    }

    /// What somebody makes of a merge: the changes of all, one of them where they collide, and now and then something more.
    fn joined(&self, maker: &mut Maker, parents: &[usize]) -> Files {
        let mut files = self.versions[parents[0]].files.clone();
        for other in &parents[1..] {
            let shared = self.ancestors(parents[0]).intersection(&self.ancestors(*other)).max().copied();
            let none = Files::new();
            let base = shared.map_or(&none, |shared| &self.versions[shared].files);
            let theirs = &self.versions[*other].files;
            let paths: BTreeSet<String> = files.keys().chain(theirs.keys()).cloned().collect();
            for path in paths {
                let (was, here, there) = (base.get(&path), files.get(&path), theirs.get(&path));
                let is_taken = here == was || there != was && maker.one_in(2);
                match there.cloned() {
                    Some(file) if is_taken => drop(files.insert(path, file)),
                    None if is_taken => drop(files.remove(&path)),
                    _ => {}
                }
            }
        }
        if maker.one_in(3) { maker.changed(&files) } else { files }
    }

    fn commit(&mut self, maker: &mut Maker, parents: Vec<usize>, files: Files) -> usize {
        self.versions.push(Version { parents, seconds: maker.time(), files });
        self.versions.len() - 1
    }

    /// Two branches, not the same.
    fn two_tips(&self, maker: &mut Maker) -> (usize, usize) {
        let one = maker.below(self.tips.len());
        (one, (one + 1 + maker.below(self.tips.len() - 1)) % self.tips.len())
    }

    /// A commit and all that it comes from.
    pub(super) fn ancestors(&self, of: usize) -> BTreeSet<usize> {
        let (mut found, mut next) = (BTreeSet::new(), vec![of]);
        while let Some(number) = next.pop() {
            if found.insert(number) {
                next.extend(&self.versions[number].parents);
            }
        }
        found
    }
}

struct Maker {
    random: Random,
    texts: usize,
    clock: u64,
}

impl Maker {
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.random.below(end as u64)).expect("small")
    }

    fn one_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    /// The next commit's time: mostly a minute later, at times the same, or that of a clock which is wrong.
    fn time(&mut self) -> i64 {
        let wrong = match self.random.below(8) {
            0 => 0,
            1 => self.random.below(20) * MINUTE,
            _ => {
                self.clock += MINUTE;
                0
            }
        };
        BEGINNING + i64::try_from(self.clock).expect("small") - i64::try_from(wrong).expect("small")
    }

    fn path(&mut self) -> String {
        format!("{}{}", DIRECTORIES[self.below(DIRECTORIES.len())], NAMES[self.below(NAMES.len())])
    }

    /// A new file, unless there is one; its lines are no other file's, so that it is clear what was renamed to what.
    fn add(&mut self, files: &mut Files) {
        self.texts += 1;
        let (path, text) = (self.path(), self.texts);
        let lines: String = (0..self.below(30)).map(|line| format!("text {text}, line {line}\n")).collect();
        let kind = if self.one_in(6) { Kind::Executable } else { Kind::File };
        files.entry(path).or_insert((kind, lines.into_bytes()));
    }

    /// The files with one to four changes.
    fn changed(&mut self, files: &Files) -> Files {
        let mut files = files.clone();
        for _ in 0..1 + self.below(4) {
            self.change(&mut files);
        }
        files
    }

    fn change(&mut self, files: &mut Files) {
        let at = self.below(files.len().max(1));
        let Some(path) = files.keys().nth(at).cloned() else { return self.add(files) };
        let (kind, content) = files.get_mut(&path).expect("it is there");
        match self.below(12) {
            0 | 1 => self.add(files),
            2 => drop(files.remove(&path)),
            3 => *kind = if *kind == Kind::File { Kind::Executable } else { Kind::File },
            4 | 5 => {
                let to = self.path();
                if !files.contains_key(&to) {
                    let file = files.remove(&path).expect("it is there");
                    files.insert(to, file);
                }
            }
            _ => {
                let text = String::from_utf8(std::mem::take(content)).expect("text");
                let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
                self.texts += 1;
                let new = format!("change {}\n", self.texts);
                let at = self.below(lines.len() + 1);
                match self.below(3) {
                    0 if at < lines.len() => drop(lines.remove(at)),
                    1 if at < lines.len() => lines[at] = &new,
                    _ => lines.insert(at, &new),
                }
                *content = lines.concat().into_bytes();
            }
        }
    }
}
