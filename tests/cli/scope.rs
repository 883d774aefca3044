//! What commands are about in a subdirectory: the same as git's.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::TestPond;
use crate::oracle::Git;

/// The directories of the tree; commands run in `s`.
const DIRECTORIES: [&str; 4] = ["", "s/", "s/deep/", "t/"];

/// A pond and a git repository with the same files in the same states in each directory: `m` modified, `c` with a change that
/// is staged, `d` deleted, `n` untracked, `i.o` ignored.
struct Pair {
    pond: TestPond,
    git: Git,
    mirror: PathBuf,
    repository: PathBuf,
}

impl Pair {
    fn new() -> Option<Self> {
        let pond = TestPond::new();
        let repository = pond.beside("git");
        let pair = Self { git: Git::new(repository.clone())?, mirror: pond.mirror(), repository, pond };
        pair.write("../git/.git/info/exclude", "*.o\n");
        std::fs::create_dir_all(pair.pond.dot_pond("info")).expect("a directory");
        std::fs::write(pair.pond.dot_pond("info/exclude"), "*.o\n").expect("a file");
        for directory in DIRECTORIES {
            for name in ["m", "c", "d"] {
                pair.write(&format!("{directory}{name}"), "1\n");
            }
            let message = format!("in /{directory}");
            pair.both("", &["add", "-A"]);
            pair.both("", &["commit", "-m", &message]);
        }
        for directory in DIRECTORIES {
            pair.write(&format!("{directory}c"), "22\n");
        }
        pair.both("", &["add", "-u"]);
        for directory in DIRECTORIES {
            pair.write(&format!("{directory}m"), "22\n");
            pair.write(&format!("{directory}n"), "22\n");
            pair.write(&format!("{directory}i.o"), "22\n");
            for root in [pair.mirror.clone(), pair.repository.clone()] {
                std::fs::remove_file(root.join(directory).join("d")).expect("removed");
            }
        }
        Some(pair)
    }

    /// Goes on with copies of both.
    fn copied(&mut self, number: usize) {
        let [mirror, repository] = [&self.mirror, &self.repository].map(|from| {
            let to = self.pond.beside(format!("{}-{number}", from.file_stem().expect("a name").display()));
            let copied = Command::new("cp").arg("-a").arg(from).arg(&to).status();
            assert!(copied.expect("cp starts").success());
            to
        });
        (self.mirror, self.repository) = (mirror, repository);
    }

    fn write(&self, path: &str, content: &str) {
        for root in [self.mirror.clone(), self.repository.clone()] {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
            std::fs::write(path, content).expect("a file");
        }
    }

    /// Runs a command in a directory of both, and gives what they print.
    fn both(&self, directory: &str, args: &[&str]) -> [String; 2] {
        let place = self.repository.join(directory);
        let place = place.to_str().expect("text");
        let identity = ["-C", place, "-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
        let git = self.git.run(&[&identity[..], args].concat(), b"");
        let error = String::from_utf8_lossy(&git.stderr).into_owned();
        assert!(git.status.success(), "git {args:?}: {error}");
        let pond = self.pond.run_in(self.mirror.clone().join(directory), args).expect_code(0);
        [String::from_utf8(git.stdout).expect("text"), pond.out()]
    }

    /// How the files stand, in both.
    fn states(&self) -> [(BTreeSet<String>, BTreeSet<String>); 2] {
        let files = |root: &Path| {
            let walk = walkdir::WalkDir::new(root)
                .into_iter()
                .filter_entry(|entry| entry.file_name() != ".git" && entry.file_name() != ".pond");
            let files =
                walk.map(|entry| entry.expect("an entry")).filter(|entry| entry.file_type().is_file());
            files
                .map(|entry| {
                    let content = std::fs::read_to_string(entry.path()).expect("text");
                    let path = entry.path().strip_prefix(root).expect("below");
                    format!("{} {}", path.display(), content.trim())
                })
                .collect()
        };
        let [git, pond] = self.both("", &["status", "--porcelain", "-uall"]);
        let lines = |text: String| text.lines().map(str::to_owned).collect();
        [(lines(git), files(&self.repository)), (lines(pond), files(&self.mirror.clone()))]
    }
}

fn words(text: &str) -> Vec<&str> {
    text.split(' ').collect()
}

#[test]
fn what_commands_change_in_a_subdirectory() {
    let Some(mut pair) = Pair::new() else { return };
    let first = (pair.mirror.clone(), pair.repository.clone());
    let commands = [
        "add -A",
        "add -u",
        "add .",
        "add -A .",
        "add -u .",
        "add :/",
        "add ..",
        "add n ../n",
        "add *n",
        "commit -a -m x",
        "commit -m x",
        "commit -m x .",
        "commit -m x -i .",
        "commit -m x -- m ../m",
        "clean -f",
        "clean -f -d",
        "clean -f -x",
        "clean -f -X",
        "clean -f .",
        "clean -f ..",
        "clean -f :/",
        "clean -f deep",
        "rm -r -f .",
        "rm -f *m",
        "rm --cached -r -f .",
        "restore .",
        "restore :/",
        "restore --staged .",
        "restore -s HEAD~1 m",
        "restore -s HEAD --staged --worktree .",
        "checkout .",
        "checkout HEAD -- .",
        "checkout -f",
        "reset",
        "reset .",
        "reset -- deep",
        "reset --hard",
        "stash",
        "stash -u",
        "stash push .",
        "stash push -u -- .",
        "mv m moved",
    ];
    let before = pair.states();
    assert_eq!(before[0], before[1], "the same before");
    for (number, command) in commands.into_iter().enumerate() {
        (pair.mirror, pair.repository) = first.clone();
        pair.copied(number);
        pair.both("s", &words(command));
        let [git, pond] = pair.states();
        assert_eq!(pond, git, "git is right about '{command}'");
    }
}

#[test]
fn what_commands_list_in_a_subdirectory() {
    let Some(pair) = Pair::new() else { return };
    for command in [
        "status -s",
        "status -s .",
        "status --porcelain",
        "diff --name-only",
        "diff --name-only .",
        "diff --name-only HEAD",
        "diff --name-status --cached",
        "diff --name-status --cached -- .",
        "ls-files",
        "ls-files ..",
        "ls-files -m",
        "ls-files -d",
        "ls-files --full-name -m",
        "log --format=%s",
        "log --format=%s -- .",
        "log --format=%s -- ../t",
        "log --format=%s -- :/t",
        "rev-list --count HEAD",
        "rev-list --count HEAD -- .",
        "show --name-only --format=%s HEAD~1",
        "show --name-only --format=%s HEAD -- .",
        "check-ignore i.o ../i.o deep/i.o m",
        "clean -n",
        "clean -n -x",
        "clean -n -X",
        "clean -n ..",
        "rm -n -r -f deep",
        "stash list",
    ] {
        let [git, pond] = pair.both("s", &words(command));
        let sorted = |text: &str| {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(sorted(&pond), sorted(&git), "git is right about '{command}'");
    }
    // Without an option what is ignored is left out.
    let git = pair.git.text(&["-C", "s", "ls-files", "-o", "--exclude-standard"]);
    assert_eq!(pair.pond.run_in(pair.mirror.join("s"), &["ls-files", "-o"]).expect_code(0).out(), git);
    // Of a version, not of what is here: it need not have the directory.
    let listed = pair.pond.run_in(pair.mirror.join("s"), &["ls"]).expect_code(0).lines();
    assert_eq!(listed, pair.pond.run(&["ls"]).expect_code(0).lines());
}
