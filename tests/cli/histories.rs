//! Random histories, with git as the oracle: what they share, what one has that another lacks, and what merging them gives.
//!
//! All histories are in one pond and in one git repository, side by side: they share no commit. Clocks stand still and go
//! backwards in them, branches merge each other, and some have several roots. A difference is told with the history's seed.

mod both;
mod paths;
mod plan;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use pond_objects::{Kind, ObjectId, ObjectSource as _, tree};
use pond_oplog::pond::Trust;
use pond_oplog::{Pond, ReadonlyPond};

use self::both::{branch, git_files, into_git, into_pond};
use self::plan::{Files, History};
use crate::harness::{Output, Random, TestPond};
use crate::oracle::Git;

const HISTORIES: u64 = 200;

/// What was seen in all of them, so that it is clear that it was enough.
#[derive(Debug, Default)]
struct Seen {
    clean: usize,
    conflicts: usize,
    moved_on: usize,
    several_bases: usize,
    ancestors: usize,
}

#[test]
fn random_histories_are_what_git_makes_of_them() {
    let pond = TestPond::new();
    let Some(git) = Git::new(pond.beside("git")) else { return };
    if !git.knows("merge-tree", "--write-tree") {
        return;
    }
    let histories: Vec<History> = (1..=HISTORIES).map(History::new).collect();
    let ids = into_pond(&pond.mirror(), &histories);
    let git_ids = into_git(&git, &histories);
    let (mut seen, mut differences) = (Seen::default(), Vec::new());
    for ((history, ids), git_ids) in histories.iter().zip(ids).zip(git_ids) {
        let ids = ids.iter().map(ObjectId::to_hex).collect();
        let pair = Pair { history, pond: &pond, git: &git, ids: [ids, git_ids] };
        let found = pair.graph(&mut seen).and_then(|()| pair.merge(&mut seen));
        differences.extend(found.err().map(|text| format!("seed {}: {text}", history.seed)));
    }
    assert!(differences.is_empty(), "{} differences\n{}", differences.len(), differences.join("\n"));
    let least = usize::try_from(HISTORIES).expect("small") / 10;
    let all = [seen.clean, seen.conflicts, seen.moved_on, seen.several_bases, seen.ancestors];
    assert!(all.iter().all(|count| *count >= least), "too little was seen: {seen:?}");
}

/// A history in both, which are asked the same. What is found to differ is an error.
struct Pair<'a> {
    history: &'a History,
    pond: &'a TestPond,
    git: &'a Git,
    /// The commits' ids in the pond and in git.
    ids: [Vec<String>; 2],
}

impl Pair<'_> {
    /// Asks about ancestry, and about what two commits share and what one has more.
    fn graph(&self, seen: &mut Seen) -> Result<(), String> {
        let mut random = Random::new(self.history.seed);
        let count = self.history.versions.len() as u64;
        let mut pick = || usize::try_from(random.below(count)).expect("small");
        let tips = (self.history.tips[0], self.history.tips[1]);
        for (one, other) in [tips, (pick(), pick())] {
            let shared = self.same(|ids| strings(&["merge-base", "--all", &ids[one], &ids[other]]))?;
            seen.several_bases += usize::from(shared.lines().count() > 2);
        }
        let (one, other) = (pick(), pick());
        self.same(|ids| vec!["rev-list".to_owned(), format!("{}..{}", ids[one], ids[other])])?;
        let (one, other) = (pick(), pick());
        let args = |ids: &[String]| {
            strings(&["merge-base", "--is-ancestor", &ids[one.min(other)], &ids[one.max(other)]])
        };
        seen.ancestors += usize::from(self.same(args)?.starts_with("exit code 0"));
        Ok(())
    }

    /// The same command in both: the exit code and the commits' numbers, if they are the same.
    fn same(&self, args: impl Fn(&[String]) -> Vec<String>) -> Result<String, String> {
        let [pond_args, git_args] = self.ids.each_ref().map(|ids| args(ids));
        let pond = self.pond.run(&pond_args).expect_no_panic();
        let git = self.git.run(&git_args.iter().map(String::as_str).collect::<Vec<_>>(), b"");
        let told = |code: i32, out: &str, ids: &[String]| {
            let number = |id: &str| ids.iter().position(|known| known == id);
            let lines = out.lines().map(|id| number(id).map_or_else(|| id.to_owned(), |at| at.to_string()));
            std::iter::once(format!("exit code {code}")).chain(lines).collect::<Vec<_>>().join("\n")
        };
        let expected =
            told(git.status.code().unwrap_or(-1), &String::from_utf8_lossy(&git.stdout), &self.ids[1]);
        let found = told(pond.code, &pond.out(), &self.ids[0]);
        match found == expected {
            true => Ok(found),
            false => {
                Err(format!("commits are numbered, git printed\n{expected}\npond printed\n{found}\n{pond}"))
            }
        }
    }

    /// Merges two branches: the merged files are those of git, or both find the same paths in conflict.
    fn merge(&self, seen: &mut Seen) -> Result<(), String> {
        let [ours, theirs] = [0, 1].map(|tip| branch(self.history, tip));
        let git = merged_by_git(self.git, [&ours, &theirs])?;
        self.pond.ok(&["switch", "-q", &ours]);
        let output = self.pond.run(&["merge", "--no-edit", "--allow-unrelated-histories", "--json", &theirs]);
        let output = output.expect_no_panic();
        let line: serde_json::Value =
            serde_json::from_str(&output.out()).map_err(|error| format!("{error}\n{output}"))?;
        let mut conflicts = words(&line["conflicts"]);
        conflicts.sort();
        if (output.code == 0, &conflicts) != (git.is_clean, &git.conflicts) {
            let git = (git.is_clean, git.conflicts);
            return Err(format!("merging {theirs} into {ours}: git says {git:?}\n{output}"));
        }
        if !git.is_clean {
            seen.conflicts += 1;
            self.pond.ok(&["merge", "--abort"]);
            let before = &self.history.versions[self.history.tips[0]].files;
            return same_files("after merge --abort", before, &self.host(), &output);
        }
        match line["result"].as_str() {
            Some("merged") => seen.clean += 1,
            _ => seen.moved_on += 1,
        }
        same_files("on the host", &git.files, &self.host(), &output)?;
        let id = line["commit"].as_str().ok_or_else(|| format!("no commit: {output}"))?;
        self.check_commit(id, &git.files, &output)
    }

    /// The commit has exactly these files.
    fn check_commit(&self, id: &str, files: &Files, output: &Output) -> Result<(), String> {
        let pond = Pond::open(&self.pond.mirror(), &Trust::Anybody).expect("a pond");
        let snapshot = ReadonlyPond::open(&pond, &[]).expect("its state");
        let commit = snapshot.store().commit(&id.parse().expect("an id")).expect("the commit");
        let list = tree::list(snapshot.store(), Some(&commit.tree)).expect("its tree");
        // Git has no empty directories; pond keeps one that both sides have.
        let found: BTreeMap<String, (Kind, ObjectId)> = list
            .into_iter()
            .filter(|entry| entry.kind.is_blob())
            .map(|entry| (entry.path.to_string(), (entry.kind, entry.id)))
            .collect();
        let expected: BTreeMap<String, (Kind, ObjectId)> = files
            .iter()
            .map(|(path, (kind, content))| (path.clone(), (*kind, ObjectId::of_content(content))))
            .collect();
        match found == expected {
            true => Ok(()),
            false => Err(format!("the tree of {id}: git has {expected:#?}\npond has {found:#?}\n{output}")),
        }
    }

    /// The mirror's files.
    fn host(&self) -> Files {
        let root = self.pond.mirror();
        let walk = walkdir::WalkDir::new(&root).min_depth(1);
        let files = walk.into_iter().filter_entry(|entry| entry.file_name() != ".pond");
        let files = files.map(|entry| entry.expect("an entry")).filter(|entry| entry.file_type().is_file());
        files
            .map(|entry| {
                let name = entry.path().strip_prefix(&root).expect("below").to_string_lossy().into_owned();
                let mode = entry.metadata().expect("metadata").permissions().mode();
                let kind = if mode & 0o100 == 0 { Kind::File } else { Kind::Executable };
                (name, (kind, fs::read(entry.path()).expect("content")))
            })
            .collect()
    }
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn words(list: &serde_json::Value) -> Vec<String> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|word| word.as_str().expect("text").to_owned()).collect()
}

/// What git makes of two branches.
struct MergedByGit {
    is_clean: bool,
    conflicts: Vec<String>,
    files: Files,
}

fn merged_by_git(git: &Git, [ours, theirs]: [&str; 2]) -> Result<MergedByGit, String> {
    let words =
        ["merge-tree", "--write-tree", "--allow-unrelated-histories", "--no-messages", "--name-only", "-z"];
    let output = git.run(&[&words[..], &[ours, theirs]].concat(), b"");
    let text = String::from_utf8(output.stdout).expect("text");
    let mut fields = text.split_terminator('\0').map(str::to_owned);
    let (Some(0 | 1), Some(tree)) = (output.status.code(), fields.next()) else {
        return Err(format!("git merges nothing: {}", String::from_utf8_lossy(&output.stderr)));
    };
    let conflicts: BTreeSet<String> = fields.collect();
    let conflicts = conflicts.into_iter().collect();
    Ok(MergedByGit { is_clean: output.status.success(), conflicts, files: git_files(git, &tree) })
}

fn same_files(when: &str, git: &Files, pond: &Files, output: &Output) -> Result<(), String> {
    let told = |files: &Files| {
        let file = |(path, (kind, content)): (&String, &(Kind, Vec<u8>))| {
            format!("--- {path} {kind:?}\n{}", String::from_utf8_lossy(content))
        };
        files
            .iter()
            .filter(|(path, file)| git.get(*path) != Some(file) || pond.get(*path) != Some(file))
            .map(file)
            .collect::<String>()
    };
    match git == pond {
        true => Ok(()),
        false => Err(format!("files {when}: git has\n{}\npond has\n{}\n{output}", told(git), told(pond))),
    }
}
