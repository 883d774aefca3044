//! Commits with several merge bases, merged here and by `git merge-tree`.

use std::collections::{BTreeMap, BTreeSet};

use bstr::ByteSlice;
use pond_objects::memory::MemoryObjects;
use pond_objects::merge::{ConflictStyle, Favour, Labels, MergeOptions, Trees};
use pond_objects::{Commit, Kind, ObjectId, Signature, Timestamp};

use crate::git::Git;
use crate::oracle::{GitMerge, Version};
use crate::scenario::{Files, Maker, Scenario};
use crate::trees::{explain, known, show};
use crate::{oracle, pond, rounds};

/// Two lines of history that merged each other, once or twice, and went on: the merge bases of the last two are the two before.
struct History {
    objects: MemoryObjects,
    /// Name, parents' names and files, the oldest first.
    versions: Vec<(String, Vec<String>, Files)>,
    commits: BTreeMap<String, ObjectId>,
}

impl History {
    fn new(seed: u64) -> Self {
        let mut maker = Maker::new(seed);
        let Scenario { base, ours, theirs } = Scenario::made_by(&mut maker);
        let mut history =
            Self { objects: MemoryObjects::new(), versions: Vec::new(), commits: BTreeMap::new() };
        let name = |level: usize, side: &str| format!("h{seed}/{side}{level}");
        history.commit(name(0, "base"), Vec::new(), base.clone());
        history.commit(name(1, "ours"), vec![name(0, "base")], ours.clone());
        history.commit(name(1, "theirs"), vec![name(0, "base")], theirs.clone());
        let mut sides = [base, ours, theirs];
        for level in 2..3 + maker.random.below(2) {
            let ours = history.resolve(&mut maker, &sides);
            let theirs = history.resolve(&mut maker, &sides);
            let parents = [name(level - 1, "ours"), name(level - 1, "theirs")];
            history.commit(name(level, "ours"), parents.to_vec(), ours.clone());
            history.commit(name(level, "theirs"), parents.iter().rev().cloned().collect(), theirs.clone());
            sides = [sides[0].clone(), ours, theirs];
        }
        history
    }

    /// What somebody made of a merge, with some more changes.
    fn resolve(&mut self, maker: &mut Maker, sides: &[Files; 3]) -> Files {
        let [base, ours, theirs] = [0, 1, 2].map(|at| Some(pond::store(&mut self.objects, &sides[at])));
        let favour = Some(maker.random.pick(&[Favour::Ours, Favour::Theirs]));
        let options = MergeOptions { favour, ..MergeOptions::default() };
        let labels = Labels { ours: "a".into(), base: "b".into(), theirs: "c".into() };
        let merged =
            pond::merge(&mut self.objects, &Trees { base, ours, theirs, nodes: None }, labels, &options);
        let mut files = pond::files(&mut self.objects, ours, &merged);
        files.retain(|_, (kind, _)| *kind != Kind::Directory);
        if maker.random.one_in(3) { files } else { maker.change(&files) }
    }

    fn commit(&mut self, name: String, parents: Vec<String>, files: Files) {
        let when = Timestamp { seconds: self.versions.len() as i64, offset_minutes: 0 };
        let signature = Signature { name: "T".into(), email: "t@example.com".into(), when };
        let commit = Commit {
            tree: pond::store(&mut self.objects, &files),
            parents: parents.iter().map(|parent| self.commits[parent]).collect(),
            author: signature.clone(),
            committer: signature,
            nodes: None,
            extra: Vec::new(),
            message: name.as_str().into(),
        };
        self.commits.insert(name.clone(), self.objects.add_commit(commit));
        self.versions.push((name, parents, files));
    }

    /// The two commits to merge.
    fn tips(&self) -> [&String; 2] {
        let [.., (ours, _, _), (theirs, _, _)] = self.versions.as_slice() else {
            unreachable!("there are several")
        };
        [ours, theirs]
    }

    fn merge(&mut self) -> GitMerge {
        let parents: BTreeMap<ObjectId, Vec<ObjectId>> = self
            .versions
            .iter()
            .map(|(name, parents, _)| {
                (self.commits[name], parents.iter().map(|parent| self.commits[parent]).collect())
            })
            .collect();
        let ages: BTreeMap<ObjectId, usize> =
            self.versions.iter().enumerate().map(|(age, (name, _, _))| (self.commits[name], age)).collect();
        let ancestors = |tips: &[ObjectId]| -> BTreeSet<ObjectId> {
            let mut all = BTreeSet::new();
            let mut next = tips.to_vec();
            while let Some(id) = next.pop() {
                if all.insert(id) {
                    next.extend(&parents[&id]);
                }
            }
            all
        };
        let mut bases_of = |left: &[ObjectId], right: ObjectId| {
            let common = &ancestors(left) & &ancestors(&[right]);
            let is_best = |id: &&ObjectId| {
                !common.iter().any(|other| other != *id && ancestors(&[*other]).contains(id))
            };
            let mut best: Vec<ObjectId> = common.iter().filter(is_best).copied().collect();
            best.sort_by_key(|id| std::cmp::Reverse(ages[id]));
            Ok(best)
        };
        let tips = self.tips().map(Clone::clone);
        let commits = [self.commits[&tips[0]], self.commits[&tips[1]]];
        let labels = [tips[0].as_str().into(), tips[1].as_str().into()];
        // In memory or not, it is the same.
        let in_memory = [MergeOptions::default().in_memory, 0][self.versions.len() % 2];
        let options = MergeOptions { in_memory, ..MergeOptions::default() };
        let merged = pond::merge_history(&mut self.objects, &mut bases_of, commits, labels, &options);
        assert_eq!(merged.bases.len(), 2, "a criss-cross");
        let ours = self.versions[self.versions.len() - 2].2.clone();
        let ours = pond::store(&mut self.objects, &ours);
        pond::as_git(&mut self.objects, Some(ours), &merged.merged)
    }
}

#[test]
fn merges_on_several_bases_are_those_of_git() {
    let directory = tempfile::tempdir().expect("a directory");
    let git = Git(directory.path());
    if !git.knows("merge-tree", "--stdin") {
        return;
    }
    git.run(&["init", "-q", "--bare"], b"");
    let first: u64 = std::env::var("POND_MERGE_FIRST").ok().and_then(|first| first.parse().ok()).unwrap_or(0);
    let mut histories: Vec<History> = (first..first + rounds(60)).map(History::new).collect();
    let versions = histories.iter().flat_map(|history| &history.versions);
    let versions: Vec<_> = versions
        .map(|(name, parents, files)| Version { name: name.clone(), parents: parents.clone(), files })
        .collect();
    oracle::import(&git, &versions);
    let pairs: Vec<_> = histories
        .iter()
        .map(|history| {
            let [ours, theirs] = history.tips();
            (ours.clone(), theirs.clone())
        })
        .collect();
    let expected = oracle::merge(&git, &[], &[], &pairs);
    let mut failures = 0;
    for ((history, expected), pair) in histories.iter_mut().zip(&expected).zip(&pairs) {
        let Some(expected) = expected else { continue };
        let merged = history.merge();
        let difference = explain(expected, &merged);
        let [.., (_, _, first), (_, _, second), (_, _, ours), (_, _, theirs)] = history.versions.as_slice()
        else {
            unreachable!("there are several")
        };
        let reason = known(&[first, second], [ours, theirs], expected, &merged);
        if !difference.is_empty() && reason.is_none() {
            failures += 1;
            println!("==== {pair:?}\n{difference}");
            history.versions.iter().for_each(|(name, _, files)| println!("{name}\n{}", show(files)));
        }
    }
    assert_eq!(failures, 0, "of {} histories", histories.len());
}

#[test]
fn histories_that_share_nothing_merge_on_an_empty_tree() {
    let mut history =
        History { objects: MemoryObjects::new(), versions: Vec::new(), commits: BTreeMap::new() };
    let file = |content: &str| (Kind::File, content.as_bytes().to_vec());
    let ours = Files::from([("f".into(), file("x\n")), ("mine".into(), file("1\n"))]);
    let theirs = Files::from([("f".into(), file("y\n")), ("yours".into(), file("2\n"))]);
    history.commit("ours".into(), Vec::new(), ours.clone());
    history.commit("theirs".into(), Vec::new(), theirs);
    let commits = [history.commits["ours"], history.commits["theirs"]];
    let options = MergeOptions { style: ConflictStyle::Diff3, ..MergeOptions::default() };
    let labels = ["HEAD".into(), "feature".into()];
    let objects = &mut history.objects;
    let merged = pond::merge_history(objects, &mut |_, _| Ok(Vec::new()), commits, labels, &options);
    assert!(merged.bases.is_empty() && !merged.merged.is_clean);
    let ours = pond::store(objects, &ours);
    let files = pond::files(objects, Some(ours), &merged.merged);
    assert_eq!(files.keys().collect::<Vec<_>>(), ["f", "mine", "yours"]);
    let expected = "<<<<<<< HEAD\nx\n||||||| empty tree\n=======\ny\n>>>>>>> feature\n";
    assert_eq!(files["f"].1.as_bstr(), expected.as_bytes().as_bstr());
}
