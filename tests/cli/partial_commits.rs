//! `commit PATH`: some paths of the mirror, beside git.

use std::path::PathBuf;

use crate::harness::TestPond;
use crate::oracle::Git;

/// A pond and a git repository with the same files: one commit, then `a` and `b` changed and staged, `a` changed again, `c`
/// changed, `d` deleted, `n` new and staged, `u` untracked.
struct Pair {
    pond: TestPond,
    git: Git,
    repository: PathBuf,
}

impl Pair {
    fn new() -> Option<Self> {
        let pond = TestPond::new();
        let repository = pond.beside("git");
        let pair = Self { git: Git::new(repository.clone())?, repository, pond };
        for name in ["a", "b", "c", "d", "sub/e"] {
            pair.write(name, "1\n");
        }
        pair.both(&["add", "-A"]);
        pair.both(&["commit", "-m", "one"]);
        for name in ["a", "b", "n"] {
            pair.write(name, "staged\n");
        }
        pair.both(&["add", "-A"]);
        for name in ["a", "c", "u", "sub/e"] {
            pair.write(name, "later\n");
        }
        for root in [pair.pond.mirror(), pair.repository.clone()] {
            std::fs::remove_file(root.join("d")).expect("removed");
        }
        Some(pair)
    }

    fn write(&self, path: &str, content: &str) {
        for root in [self.pond.mirror(), self.repository.clone()] {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
            std::fs::write(path, content).expect("a file");
        }
    }

    fn git(&self, args: &[&str]) -> std::process::Output {
        let identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
        self.git.run(&[&identity[..], args].concat(), b"")
    }

    fn both(&self, args: &[&str]) {
        let git = self.git(args);
        assert!(git.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&git.stderr));
        self.pond.run(args).expect_code(0);
    }

    /// What the last commit changed, what is staged and what is not, and the last two subjects.
    #[track_caller]
    fn agree(&self, what: &str) {
        let looks: [&[&str]; 5] = [
            &["show", "--name-status", "--format=%s", "--no-renames", "HEAD"],
            &["status", "--porcelain"],
            &["diff", "--cached", "--numstat"],
            &["log", "-2", "--format=%s"],
            &["diff", "--numstat", "HEAD"],
        ];
        for look in looks {
            let git = String::from_utf8(self.git(look).stdout).expect("text");
            assert_eq!(self.pond.ok(look), git, "git is right about {look:?} after {what}");
        }
    }
}

#[test]
fn some_paths_are_committed_as_git_does() {
    for command in [
        "commit -m x a",
        "commit -m x -- a c",
        "commit -m x -o a",
        "commit -m x --only b",
        "commit -m x c",
        "commit -m x d",
        "commit -m x n",
        "commit -m x .",
        "commit -m x sub",
        "commit -m x -i c",
        "commit -m x --include a d",
        "commit --amend -m x a",
        "commit --amend -m x -i c",
        "commit --amend --only -m x",
        "commit -m x [ab]",
    ] {
        let Some(pair) = Pair::new() else { return };
        let before = pair.pond.status();
        pair.both(&command.split(' ').collect::<Vec<_>>());
        pair.agree(command);
        pair.pond.ok(&["undo"]);
        assert_eq!(pair.pond.status(), before, "{command} is taken back");
        pair.pond.ok(&["redo"]);
        pair.agree(command);
        pair.both(&["commit", "-a", "--allow-empty", "-m", "the rest"]);
        pair.agree("all the rest");
    }
}

#[test]
fn what_was_removed_or_renamed_can_be_named() {
    let Some(pair) = Pair::new() else { return };
    pair.both(&["add", "-A"]);
    pair.both(&["commit", "-m", "two"]);
    pair.both(&["rm", "a"]);
    pair.both(&["mv", "b", "bb"]);
    pair.both(&["rm", "-r", "sub"]);
    pair.both(&["commit", "-m", "without a", "a"]);
    pair.agree("a removed file");
    pair.both(&["commit", "-m", "b is bb", "b", "bb"]);
    pair.agree("a renamed file");
    pair.both(&["commit", "-m", "without sub", "sub"]);
    pair.agree("a removed directory");
}

#[test]
fn what_is_no_partial_commit() {
    let Some(pair) = Pair::new() else { return };
    let before = (pair.pond.status(), pair.pond.history());
    for (args, code, words) in [
        (&["commit", "-m", "x", "nowhere"][..], 128, "'nowhere' did not match"),
        (&["commit", "-m", "x", "u"], 128, "'pond add' tracks"),
        (&["commit", "-a", "-m", "x", "a"], 129, "exclude each other"),
        (&["commit", "-i", "-m", "x"], 129, "needs paths"),
        (&["commit", "-o", "-m", "x"], 129, "needs paths"),
        (&["commit", "-o", "-i", "-m", "x", "a"], 129, "cannot be used with"),
        (&["commit", "-m", "", "a"], 1, "message is empty"),
    ] {
        assert!(!pair.git(args).status.success(), "{args:?}");
        pair.pond.fails(args, code).expect_says(words);
        assert_eq!((pair.pond.status(), pair.pond.history()), before, "{args:?}");
    }
    let listed = pair.pond.lines(&["commit", "-n", "-m", "x", "c", "d"]);
    assert_eq!(listed, ["modified c", "deleted d"]);
    assert_eq!((pair.pond.status(), pair.pond.history()), before);
}

#[test]
fn a_merge_is_committed_whole() {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    pond.write("b", "1\n");
    pond.commit_all("one");
    pond.ok(&["switch", "-c", "side"]);
    pond.write("a", "side\n");
    pond.commit_all("side");
    pond.ok(&["switch", "main"]);
    pond.write("a", "main\n");
    pond.commit_all("main");
    pond.run(&["merge", "side"]).expect_code(1);
    pond.write("a", "both\n");
    pond.ok(&["add", "a"]);
    pond.write("b", "2\n");
    pond.fails(&["commit", "-m", "x", "a"], 128)
        .expect_says("a merge is under way: it cannot be committed in part");
    pond.ok(&["commit", "-m", "x", "-i", "b"]);
    assert_eq!((pond.status(), pond.lines(&["log", "-1", "--format=%p"])[0].split(' ').count()), (vec![], 2));
}

/// A directory of the commit before, or a file, cannot stand beside what takes its place.
#[test]
fn what_takes_the_place_of_something_else() {
    let pond = TestPond::new();
    pond.mkdir("empty");
    pond.write("file", "1\n");
    pond.write("dir/x", "1\n");
    pond.commit_all("one");
    pond.write("empty/new", "1\n");
    pond.remove("file");
    pond.write("file/below", "1\n");
    std::fs::remove_dir_all(pond.path("dir")).expect("removed");
    pond.write("dir", "1\n");
    pond.ok(&["add", "-A"]);
    for (path, listed) in [("empty", "empty/new"), ("file", "file/below"), ("dir", "dir")] {
        pond.ok(&["commit", "-m", path, path]);
        let files = pond.lines(&["ls", "-r", "HEAD"]);
        assert!(files.contains(&listed.to_owned()), "{path}: {files:?}");
        pond.lay_out("HEAD", path);
    }
    assert_eq!(pond.status(), [""; 0]);
}

/// However far a command comes that is killed, the commit is there with just these paths, or it is not there; what else is
/// staged stays staged.
#[test]
fn one_that_is_killed_is_made_or_not() {
    let look = |pond: &TestPond| (pond.history().len(), pond.status(), pond.ok(&["diff", "--cached"]));
    let scene = || {
        let pond = TestPond::new();
        ["a", "b"].iter().for_each(|name| pond.write(name, "1\n"));
        pond.commit_all("one");
        ["a", "b", "n"].iter().for_each(|name| pond.write(name, "22\n"));
        pond.ok(&["add", "b", "n"]);
        pond
    };
    let args = ["commit", "-m", "two", "a"];
    let pond = scene();
    let before = look(&pond);
    pond.ok(&args);
    let after = look(&pond);
    assert_eq!((after.0, &after.1[..]), (2, &["M  b".to_owned(), "A  n".to_owned()][..]));
    let mut killed = [0, 0];
    for number in 1.. {
        let pond = scene();
        let Some((_, is_killed)) =
            pond.run_with_fault(&args, &format!("renameat2:signal=KILL:when={number}"))
        else {
            return;
        };
        // Whatever changes the mirror brings the index up to date.
        pond.ok(&["restore", "--staged", "a"]);
        let now = look(&pond);
        assert!(now == before || now == after, "{number}: {now:?}");
        pond.ok(&["commit", "-m", "three"]);
        assert_eq!(pond.ok(&["cat", "HEAD:n"]), "22\n", "{number}");
        if !is_killed {
            break;
        }
        killed[usize::from(now == after)] += 1;
    }
    assert!(killed[0] > 0 && killed[1] > 0, "{killed:?}: this proves nothing");
}
