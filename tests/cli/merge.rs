//! Merges, cherry-picks and reverts: the same story in a pond and in a git repository, step by step.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::harness::{Random, TestPond, noise};

/// A file of either: its executable bit, or `l` for a link, and its content.
pub(crate) type Files = BTreeMap<String, (char, String)>;

/// A pond and a git repository in which the same is done.
pub(crate) struct Pair {
    pub(crate) pond: TestPond,
}

impl Pair {
    /// Both, empty; none where git is not installed.
    pub(crate) fn new() -> Option<Self> {
        if !Command::new("git").arg("--version").output().is_ok_and(|output| output.status.success()) {
            eprintln!("skipped: git is not installed");
            return None;
        }
        let pond = TestPond::new();
        let this = Self { pond };
        fs::create_dir(this.pond.beside("git")).expect("a directory");
        this.git(&["init", "-q", "-b", "main"]);
        this.git(&["config", "core.autocrlf", "false"]);
        Some(this)
    }

    pub(crate) fn git(&self, args: &[&str]) -> (bool, String) {
        let output = Command::new("git")
            .args(args)
            .current_dir(self.pond.beside("git"))
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.pond.beside("home"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_EDITOR", "true")
            .envs([("GIT_AUTHOR_NAME", "Ada"), ("GIT_AUTHOR_EMAIL", "a@b")])
            .envs([("GIT_COMMITTER_NAME", "Ada"), ("GIT_COMMITTER_EMAIL", "a@b")])
            .envs([
                ("GIT_AUTHOR_DATE", "2026-03-01T08:00:00Z"),
                ("GIT_COMMITTER_DATE", "2026-03-01T08:00:00Z"),
            ])
            .output()
            .expect("git starts");
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).into_owned())
    }

    fn roots(&self) -> [std::path::PathBuf; 2] {
        [self.pond.mirror(), self.pond.beside("git")]
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        for root in self.roots() {
            let path = root.join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
            fs::write(path, content.as_ref()).expect("written");
        }
    }

    pub(crate) fn remove(&self, name: &str) {
        self.roots().iter().for_each(|root| fs::remove_file(root.join(name)).expect("removed"));
    }

    pub(crate) fn rename(&self, from: &str, to: &str) {
        for root in self.roots() {
            fs::create_dir_all(root.join(to).parent().expect("a parent")).expect("directories");
            fs::rename(root.join(from), root.join(to)).expect("renamed");
        }
    }

    pub(crate) fn chmod(&self, name: &str, mode: u32) {
        for root in self.roots() {
            fs::set_permissions(root.join(name), fs::Permissions::from_mode(mode)).expect("permissions");
        }
    }

    /// Runs a command in both: it must succeed in both or in none, and leave the same files.
    #[track_caller]
    pub(crate) fn both(&self, args: &[&str]) -> bool {
        let pond = self.pond.run(args).expect_no_panic();
        let (succeeded, text) = self.git(args);
        assert_eq!(pond.code == 0, succeeded, "git said:\n{text}\n{pond}");
        self.compare(&format!("{pond}\ngit said:\n{text}"));
        succeeded
    }

    #[track_caller]
    pub(crate) fn commit(&self, message: &str) {
        self.both(&["add", "-A"]);
        self.both(&["commit", "-q", "-m", message]);
    }

    #[track_caller]
    pub(crate) fn compare(&self, what: &str) {
        let [pond, git] = self.roots().map(|root| files(&root));
        assert_eq!(pond, git, "{what}");
    }

    /// The two letters and paths of what is in conflict.
    pub(crate) fn unmerged(&self) -> Vec<String> {
        let (_, git) = self.git(&["status", "--porcelain"]);
        let mut git: Vec<String> = git.lines().filter(is_unmerged).map(str::to_owned).collect();
        git.sort();
        let pond = self.unmerged_of_pond();
        assert_eq!(pond, git);
        pond
    }

    /// The same, of the pond alone.
    pub(crate) fn unmerged_of_pond(&self) -> Vec<String> {
        let status = self.pond.status();
        let unmerged = status.iter().map(String::as_str).filter(is_unmerged);
        let mut unmerged: Vec<String> = unmerged.map(str::to_owned).collect();
        unmerged.sort();
        unmerged
    }
}

/// Whether a line of `status` is of a path in conflict.
fn is_unmerged(line: &&str) -> bool {
    ["DD", "AU", "UD", "UA", "DU", "AA", "UU"].contains(&&line[..2])
}

/// Every file, ids in it replaced: git's are others.
pub(crate) fn files(root: &Path) -> Files {
    let walk = walkdir::WalkDir::new(root).min_depth(1);
    let walk =
        walk.into_iter().filter_entry(|entry| entry.file_name() != ".pond" && entry.file_name() != ".git");
    let mut found = Files::new();
    for entry in walk {
        let entry = entry.expect("an entry");
        let name = entry.path().strip_prefix(root).expect("below").to_string_lossy().into_owned();
        let content = if entry.path_is_symlink() {
            ('l', fs::read_link(entry.path()).expect("a link").to_string_lossy().into_owned())
        } else if entry.file_type().is_file() {
            let is_executable = entry.metadata().expect("metadata").permissions().mode() & 0o100 != 0;
            let bytes = fs::read(entry.path()).expect("content");
            let text = String::from_utf8_lossy(&bytes).into_owned();
            (if is_executable { 'x' } else { '-' }, without_ids(&text))
        } else {
            continue;
        };
        found.insert(name, content);
    }
    found
}

/// Ids behind conflict markers: what is hexadecimal there.
pub(crate) fn without_ids(text: &str) -> String {
    let clean = |line: &str| {
        let is_marker = line.starts_with(">>>>>>> ") || line.starts_with("||||||| ");
        let word = |word: &str| {
            let is_id = word.len() >= 7 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
            if is_id { "ID".to_owned() } else { word.to_owned() }
        };
        if is_marker { line.split(' ').map(word).collect::<Vec<_>>().join(" ") } else { line.to_owned() }
    };
    text.split('\n').map(clean).collect::<Vec<_>>().join("\n")
}

pub(crate) fn lines(changed: &[(usize, &str)]) -> String {
    let line = |number: usize| {
        let found = changed.iter().find(|(at, _)| *at == number);
        found.map_or_else(|| format!("line {number}\n"), |(_, text)| format!("{text}\n"))
    };
    (1..=30).map(line).collect()
}

/// Two branches that touch everything in every way.
pub(crate) fn two_branches(pair: &Pair) {
    pair.write("text", lines(&[]));
    pair.write("clean", lines(&[]));
    pair.write("renamed by ours", lines(&[(1, "a file of its own")]));
    pair.write("renamed by theirs", lines(&[(1, "another one")]));
    pair.write("deleted by ours", "1\n");
    pair.write("deleted by theirs", "2\n");
    pair.write("binary", noise(1, 2000));
    pair.write("script", "#!/bin/sh\n");
    pair.write("dir/file", "3\n");
    pair.commit("base");
    pair.both(&["branch", "side"]);
    pair.write("text", lines(&[(3, "ours"), (20, "ours only")]));
    pair.write("clean", lines(&[(2, "ours")]));
    pair.rename("renamed by ours", "new/by ours");
    pair.write("renamed by theirs", lines(&[(1, "another one"), (25, "ours")]));
    pair.remove("deleted by ours");
    pair.write("deleted by theirs", "2\nours\n");
    pair.write("binary", noise(2, 2000));
    pair.chmod("script", 0o755);
    pair.write("added by both", "ours\n");
    pair.write("way", "a file\n");
    pair.commit("ours");
    pair.both(&["checkout", "-q", "side"]);
    pair.write("text", lines(&[(3, "theirs"), (10, "theirs only")]));
    pair.write("clean", lines(&[(28, "theirs")]));
    pair.write("renamed by ours", lines(&[(1, "a file of its own"), (25, "theirs")]));
    pair.rename("renamed by theirs", "new/by theirs");
    pair.write("deleted by ours", "1\ntheirs\n");
    pair.remove("deleted by theirs");
    pair.write("binary", noise(3, 2000));
    pair.write("script", "#!/bin/sh\necho theirs\n");
    pair.write("added by both", "theirs\n");
    pair.write("way/is", "a directory\n");
    pair.commit("theirs");
    pair.both(&["checkout", "-q", "main"]);
}

#[test]
fn a_story_of_two_branches() {
    let Some(pair) = Pair::new() else { return };
    two_branches(&pair);
    let before = files(&pair.pond.mirror());
    assert!(!pair.both(&["merge", "side"]));
    let unmerged = pair.unmerged();
    assert!(unmerged.len() >= 5, "{unmerged:?}");
    pair.pond.fails(&["commit", "-m", "no"], 1).expect_says("in conflict");
    pair.pond.fails(&["merge", "side"], 128).expect_says("under way");
    assert!(!pair.both(&["mv", "text", "elsewhere"]));
    pair.pond.fails(&["mv", "text", "elsewhere"], 128).expect_says("'text' is in conflict");
    pair.both(&["merge", "--abort"]);
    assert_eq!(files(&pair.pond.mirror()), before);
    assert!(pair.pond.status().is_empty());

    assert!(!pair.both(&["merge", "-X", "theirs", "side"]));
    pair.unmerged();
    pair.both(&["merge", "--abort"]);
    pair.git(&["config", "merge.conflictStyle", "diff3"]);
    pair.pond.ok(&["config", "merge.conflictStyle", "diff3"]);
    assert!(!pair.both(&["merge", "side"]));
    pair.both(&["checkout", "--theirs", "text"]);
    pair.both(&["checkout", "--ours", "binary"]);
    pair.write("added by both", "both\n");
    pair.both(&["add", "-A"]);
    assert!(pair.unmerged().is_empty());
    pair.both(&["merge", "--continue"]);
    assert_eq!(pair.pond.ok(&["log", "-1", "--format=%s"]), "Merge branch 'side'\n");
    assert_eq!(pair.pond.ok(&["rev-list", "--count", "HEAD"]), "4\n");

    pair.pond.ok(&["undo"]);
    pair.git(&["reset", "-q", "--soft", "HEAD~1"]);
    pair.compare("a merge commit taken back leaves the files");
    pair.pond.ok(&["redo"]);
    assert_eq!(pair.pond.ok(&["rev-list", "--count", "HEAD"]), "4\n");
}

#[test]
fn fast_forwards_and_their_flags() {
    let Some(pair) = Pair::new() else { return };
    pair.write("a", lines(&[]));
    pair.commit("one");
    pair.both(&["branch", "ahead"]);
    pair.both(&["checkout", "-q", "ahead"]);
    pair.write("a", lines(&[(5, "five")]));
    pair.write("b", "b\n");
    pair.commit("two");
    pair.both(&["checkout", "-q", "main"]);
    pair.write("b", "in the way\n");
    assert!(!pair.both(&["merge", "ahead"]), "an untracked file is not overwritten");
    pair.remove("b");
    assert!(pair.both(&["merge", "--ff-only", "ahead"]));
    assert!(pair.both(&["merge", "ahead"]), "up to date");
    pair.write("a", lines(&[(5, "five"), (9, "nine")]));
    pair.commit("three");
    pair.both(&["checkout", "-q", "ahead"]);
    pair.write("c", "c\n");
    pair.commit("four");
    pair.both(&["checkout", "-q", "main"]);
    assert!(!pair.both(&["merge", "--ff-only", "ahead"]));
    pair.write("a", "not committed\n");
    assert!(
        pair.both(&["merge", "--no-commit", "--no-ff", "ahead"]),
        "a file that it does not touch may be changed"
    );
    pair.both(&["merge", "--abort"]);
    assert!(pair.both(&["merge", "--squash", "ahead"]));
    pair.both(&["commit", "-q", "-m", "squashed"]);
    assert_eq!(pair.pond.lines(&["log", "-1", "--format=%p"])[0].split(' ').count(), 1);
}

#[test]
fn single_commits_are_brought_and_taken_out() {
    let Some(pair) = Pair::new() else { return };
    pair.write("a", lines(&[]));
    pair.commit("base");
    pair.both(&["branch", "side"]);
    pair.write("a", lines(&[(2, "ours")]));
    pair.commit("ours");
    pair.both(&["checkout", "-q", "side"]);
    for number in [10, 20, 2] {
        let mut changed = vec![(10, "theirs"), (20, "theirs"), (2, "theirs")];
        changed.truncate(changed.iter().position(|(at, _)| *at == number).expect("a line") + 1);
        pair.write("a", lines(&changed));
        pair.write(&format!("new {number}"), "new\n");
        pair.commit(&format!("line {number}"));
    }
    pair.both(&["checkout", "-q", "main"]);
    assert!(pair.both(&["cherry-pick", "side~2"]));
    assert!(!pair.both(&["cherry-pick", "side~1", "side"]));
    assert_eq!(pair.unmerged(), ["UU a"]);
    pair.both(&["checkout", "--theirs", "a"]);
    pair.both(&["add", "a"]);
    assert!(pair.both(&["cherry-pick", "--continue"]));
    assert!(pair.both(&["revert", "--no-edit", "HEAD~1"]));
    assert!(pair.both(&["revert", "--no-edit", "HEAD"]));
    let subjects = pair.pond.lines(&["log", "--format=%s"]);
    let (_, git) = pair.git(&["log", "--format=%s"]);
    assert_eq!(subjects, git.lines().collect::<Vec<_>>());
    assert!(!pair.both(&["cherry-pick", "side~2"]), "it is here already");
    pair.git(&["cherry-pick", "--abort"]);
}

#[test]
fn a_sequence_is_given_up_as_a_whole() {
    let Some(pair) = Pair::new() else { return };
    pair.write("a", lines(&[]));
    pair.commit("base");
    pair.both(&["branch", "side"]);
    pair.write("a", lines(&[(2, "ours"), (20, "ours")]));
    pair.commit("ours");
    let before = pair.pond.history();
    pair.both(&["checkout", "-q", "side"]);
    for (number, name) in [(10, "one"), (2, "two"), (20, "three"), (28, "four")] {
        pair.write("a", lines(&[(number, name)]));
        pair.write(name, "new\n");
        pair.commit(name);
    }
    pair.both(&["checkout", "-q", "main"]);
    pair.write("untracked", "not committed\n");
    let files_before = files(&pair.pond.mirror());
    let resolve = |what: &str| {
        pair.write("a", lines(&[(2, "ours"), (20, "ours"), (12, what)]));
        pair.both(&["add", "a"]);
    };
    // In the second of four; after going on, in the third.
    assert!(!pair.both(&["cherry-pick", "side~4..side"]));
    resolve("two");
    assert!(!pair.both(&["cherry-pick", "--continue"]));
    assert!(pair.both(&["cherry-pick", "--abort"]));
    assert_eq!((pair.pond.history(), files(&pair.pond.mirror())), (before.clone(), files_before.clone()));
    assert_eq!(pair.pond.status(), ["?? untracked"]);
    pair.pond.fails(&["cherry-pick", "--abort"], 128);
    // What was given up is there again.
    pair.pond.ok(&["undo"]);
    assert_eq!(pair.pond.history().len(), before.len() + 2);
    pair.pond.ok(&["redo"]);
    assert_eq!(pair.pond.history(), before);
    // One is left out, and the next has conflicts.
    assert!(!pair.both(&["cherry-pick", "side~4..side"]));
    assert!(!pair.both(&["cherry-pick", "--skip"]));
    pair.pond.ok(&["rm", "-f", "a"]);
    pair.git(&["rm", "-q", "-f", "a"]);
    assert!(pair.both(&["cherry-pick", "--abort"]));
    assert_eq!((pair.pond.history(), files(&pair.pond.mirror())), (before.clone(), files_before.clone()));
    // Made by 'commit', it is followed by the others all the same.
    assert!(!pair.both(&["cherry-pick", "side~4..side"]));
    resolve("two");
    pair.both(&["commit", "-q", "-m", "by hand"]);
    assert!(pair.pond.ok(&["status"]).contains("A cherry-pick is under way"));
    assert!(!pair.both(&["cherry-pick", "--continue"]));
    assert!(!pair.both(&["cherry-pick", "--skip"]));
    assert_eq!(pair.pond.history().len(), before.len() + 2);
    assert!(pair.both(&["cherry-pick", "--abort"]));
    assert_eq!((pair.pond.history(), files(&pair.pond.mirror())), (before.clone(), files_before.clone()));
    // 'undo' takes back what one command did, and no more.
    assert!(!pair.both(&["cherry-pick", "side~4..side"]));
    resolve("two");
    pair.pond.run(&["cherry-pick", "--continue"]).expect_code(1);
    pair.pond.ok(&["undo"]);
    assert_eq!(pair.pond.history().len(), before.len() + 1);
    assert_eq!(pair.pond.status(), ["M  a", "A  two", "?? untracked"]);
    pair.pond.fails(&["undo"], 1).expect_says("  a\n");
    pair.pond.ok(&["undo", "-f"]);
    assert_eq!((pair.pond.history(), files(&pair.pond.mirror())), (before, files_before));
}

#[test]
fn random_merges_are_gits() {
    let Some(pair) = Pair::new() else { return };
    let mut random = Random::new(42);
    pair.write("f0", lines(&[]));
    pair.commit("base");
    for round in 0..12 {
        let branch = format!("side{round}");
        pair.both(&["branch", &branch]);
        any_changes(&pair, &mut random, "ours");
        pair.commit(&format!("ours {round}"));
        pair.both(&["checkout", "-q", &branch]);
        any_changes(&pair, &mut random, "theirs");
        pair.commit(&format!("theirs {round}"));
        pair.both(&["checkout", "-q", "main"]);
        if !pair.both(&["merge", "--no-edit", &branch]) {
            pair.unmerged();
            pair.both(&["merge", "--abort"]);
            pair.both(&["merge", "--no-edit", "-X", "ours", &branch]);
            if !pair.unmerged().is_empty() {
                pair.both(&["add", "-A"]);
                pair.both(&["commit", "-q", "-m", "decided"]);
            }
        }
    }
    let (_, git) = pair.git(&["log", "--format=%s", "--topo-order"]);
    assert_eq!(pair.pond.lines(&["log", "--format=%s", "--topo-order"]), git.lines().collect::<Vec<_>>());
}

fn any_changes(pair: &Pair, random: &mut Random, who: &str) {
    for _ in 0..3 {
        let all: Vec<String> = files(&pair.pond.mirror()).into_keys().collect();
        let name = all[random.below(all.len() as u64) as usize].clone();
        let number = random.below(1000);
        match random.below(6) {
            0 => pair.write(&format!("f{number}"), lines(&[(number as usize % 30, "new")])),
            1 if all.len() > 2 => pair.remove(&name),
            2 => pair.rename(&name, &format!("d{}/f{number}", number % 3)),
            _ => {
                let text = fs::read_to_string(pair.pond.path(&name)).expect("text");
                let mut all: Vec<&str> = text.lines().collect();
                let new = format!("{who} {number}");
                let at = random.below(all.len().max(1) as u64) as usize;
                match all.get_mut(at) {
                    Some(line) => *line = &new,
                    None => all.push(&new),
                }
                pair.write(&name, all.join("\n") + "\n");
            }
        }
    }
    pair.write("always", format!("{who}\n"));
    pair.remove("always");
    pair.write(&format!("by {who}"), format!("{}\n", random.next()));
}
