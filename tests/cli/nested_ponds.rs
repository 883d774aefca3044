//! Ponds within a mirror, what only looks like one, and paths that nobody can stage.

use std::fs;
use std::process::Command;

use rustix::fs::{CWD, FileType, mknodat};

use crate::harness::TestPond;

fn fifo(pond: &TestPond, name: &str) {
    mknodat(CWD, pond.path(name), FileType::Fifo, 0o644.into(), 0).expect("a fifo");
}

#[test]
fn what_is_tracked_stays_so_when_a_pond_is_made_below_as_in_git() {
    let pond = TestPond::new();
    let git = |args: &[&str]| {
        let mut command = Command::new("git");
        command.args(args).current_dir(pond.mirror()).env_clear().env("PATH", "/usr/bin:/bin");
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
        let identity = ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"];
        let output = command.envs(identity.map(|name| (name, "x"))).output().expect("git runs");
        String::from_utf8(output.stdout).expect("text").lines().map(str::to_owned).collect::<Vec<_>>()
    };
    git(&["init", "-q"]);
    pond.write("top", "1\n");
    pond.write("sub/a", "1\n");
    pond.write("sub/deep/b", "1\n");
    fs::write(pond.path(".git/info/exclude"), ".pond\n").expect("written");
    pond.commit_all("one");
    git(&["add", "-A"]);
    git(&["commit", "-qm", "one"]);
    pond.ok(&["branch", "before"]);
    let output = pond.run(&["-C", "sub", "init"]).expect_code(0);
    output.expect_says("tracks files in here");
    git(&["init", "-q", "sub"]);

    pond.append("sub/a", "2\n");
    pond.write("sub/new", "a new one\n");
    pond.write("sub/deep/new", "another\n");
    pond.remove("sub/deep/b");
    assert_eq!(pond.status(), [" M sub/a", " D sub/deep/b", "?? sub/deep/new", "?? sub/new"]);
    let mut theirs = git(&["status", "--porcelain", "-uall"]);
    theirs.sort_by_key(|line| line[3..].to_owned());
    assert_eq!(pond.status(), theirs);
    pond.ok(&["stash", "-u"]);
    assert_eq!(pond.read("sub/a"), "1\n");
    pond.ok(&["stash", "pop"]);
    pond.ok(&["add", "-A"]);
    git(&["add", "-A"]);
    assert_eq!(pond.status(), git(&["status", "--porcelain", "--no-renames"]));
    pond.ok(&["commit", "-m", "two"]);

    pond.append("sub/a", "3\n");
    pond.fails(&["switch", "before"], 1);
    pond.ok(&["switch", "-f", "before"]);
    assert_eq!((pond.read("sub/a"), pond.status()), ("1\n".into(), vec![]));
    pond.ok(&["switch", "main"]);
    assert_eq!((pond.read("sub/a"), pond.status()), ("1\n2\n".into(), vec![]));
    assert!(pond.exists("sub/.pond/oplog"));
    // Once nothing in it is tracked it is a pond like another.
    pond.ok(&["rm", "-r", "-q", "--cached", "sub"]);
    let output = pond.run(&["status"]).expect_code(0);
    output.expect_says("not looked into: sub is a pond of its own");
}

#[test]
fn a_tracked_directory_that_was_empty_stays_tracked_too() {
    let pond = TestPond::new();
    pond.write("top", "1\n");
    pond.commit_all("without");
    pond.ok(&["branch", "without"]);
    pond.mkdir("e");
    pond.commit_all("with");
    pond.ok(&["init", "-q", "e"]);
    assert_eq!(pond.status(), [""; 0]);
    pond.write("e/x", "1\n");
    assert_eq!(pond.status(), ["?? e/x"]);
    pond.ok(&["switch", "-q", "without"]);
    pond.run(&["status"]).expect_code(0).expect_says("not looked into: e is a pond of its own");
    pond.ok(&["switch", "-q", "main"]);
    pond.commit_all("what is in it");
    assert_eq!((pond.status(), pond.ok(&["ls", "-r"])), (vec![], "e/x\ntop\n".into()));
}

#[test]
fn only_a_file_that_names_a_pond_makes_its_directory_one() {
    let pond = TestPond::new();
    let contents = ["", "notes\n", "pond = \"..\"\n", "mirror = \"x\"\n", "pond = 1\nmirror = 2\n", "\u{0}"];
    let mut expected = Vec::new();
    for (number, content) in contents.iter().enumerate() {
        pond.write(format!("d{number}/.pond"), content);
        pond.write(format!("d{number}/data"), "1\n");
        expected.push(format!("A  d{number}/data"));
    }
    pond.write("e/data", "1\n");
    pond.link("nowhere", "e/.pond");
    expected.push("A  e/data".into());
    pond.write("f/data", "1\n");
    fifo(&pond, "f/.pond");
    expected.push("A  f/data".into());
    pond.ok(&["add", "-A"]);
    assert_eq!(pond.status(), expected);
    let output = pond.run_in(pond.path("d1"), &["status", "--porcelain"]).expect_code(0);
    assert_eq!(output.lines().len(), expected.len(), "the pond above is found from there");

    pond.write("other/.pond", "pond = \"..\"\nmirror = \"other\"\n");
    pond.write("other/data", "1\n");
    pond.write("linked/data", "1\n");
    pond.link("../other/.pond", "linked/.pond");
    let output =
        pond.run(&["status"]).expect_code(0).expect_says("not looked into: other is a pond of its own");
    output.expect_says("not looked into: linked is a pond of its own");
    pond.run_in(pond.path("other"), &["status"]).expect_failure(128).expect_says("another mirror");
}

#[test]
fn a_path_that_was_named_and_not_staged_is_an_error() {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    pond.write(".git/config", "1\n");
    pond.write("n/data", "1\n");
    fifo(&pond, "pipe");
    let _socket = std::os::unix::net::UnixListener::bind(pond.path("socket")).expect("a socket");
    pond.ok(&["-C", "n", "init"]);
    let cases: [(&[&str], &str); 13] = [
        (&["pipe"], "pipe: it is a fifo"),
        (&["-f", "pipe"], "pipe: it is a fifo"),
        (&["-n", "pipe"], "pipe: it is a fifo"),
        (&["socket"], "socket: it is a socket"),
        (&["n"], "n: it is a pond of its own"),
        (&["n/"], "n: it is a pond of its own"),
        (&["n/data"], "n/data: it is in n, a pond of its own"),
        (&[".git"], ".git: '.git' belongs to git"),
        (&["-f", ".git"], ".git: '.git' belongs to git"),
        (&["-f", ".git/config"], ".git/config: '.git' belongs to git"),
        (&[".pond"], ".pond: the name '.pond' belongs to ponds"),
        (&["-f", ".pond/config.toml"], "the name '.pond' belongs to ponds"),
        (&["n/.pond"], "the name '.pond' belongs to ponds"),
    ];
    for (args, words) in cases {
        let args = [&["add"], args].concat();
        let output = pond.fails(&args, 3).expect_says(words);
        assert!(!output.err().contains("hint:") && !output.err().contains("skipped"), "{output}");
        assert_eq!(pond.status(), ["?? a"], "{args:?}");
    }
    // What else was named is staged.
    pond.fails(&["add", "pipe", "a", "-f", ".git"], 3);
    assert_eq!(pond.status(), ["A  a"]);
    // Nothing was named: a word is enough.
    pond.run(&["add", "-A"]).expect_code(0).expect_says("skipped pipe");
}

#[test]
fn a_command_that_writes_sees_what_is_in_a_pond_in_its_way() {
    let pond = TestPond::new();
    pond.write("top", "1\n");
    pond.commit_all("empty");
    pond.ok(&["switch", "-q", "-c", "inside"]);
    pond.write("n/f", "1\n");
    pond.commit_all("n is a directory");
    pond.ok(&["switch", "-q", "main"]);
    pond.ok(&["switch", "-q", "-c", "instead"]);
    pond.write("n", "a file\n");
    pond.commit_all("n is a file");
    pond.ok(&["switch", "-q", "main"]);
    pond.ok(&["init", "-q", "n"]);
    pond.write("n/g", "of the inner pond\n");
    // It has nothing in the way.
    pond.ok(&["switch", "-q", "inside"]);
    pond.ok(&["switch", "-q", "main"]);
    assert_eq!((pond.exists("n/f"), pond.exists("n/g")), (false, true));
    pond.write("n/f", "mine\n");
    pond.fails(&["switch", "inside"], 1)
        .expect_says("untracked files would be overwritten")
        .expect_says("n/f");
    pond.fails(&["restore", "-s", "instead", "n"], 128).expect_says("n/.pond");
    pond.fails(&["merge", "instead"], 128).expect_says("n/.pond");
    for args in [&["switch", "instead"][..], &["switch", "-f", "instead"], &["reset", "--hard", "instead"]] {
        pond.fails(args, 128).expect_says("n/.pond").expect_says("nothing was changed");
        assert_eq!((pond.read("n/f"), pond.status()), ("mine\n".into(), vec![]), "{args:?}");
    }
    // Forced, what is overwritten is stored first.
    pond.ok(&["switch", "-q", "-f", "inside"]);
    assert_eq!(pond.read("n/f"), "1\n");
    pond.fails(&["switch", "-f", "instead"], 128).expect_says("n/.pond");
    pond.ok(&["undo"]);
    assert_eq!(pond.read("n/f"), "mine\n");
    // The same of what else is never removed.
    fs::rename(pond.path("n"), pond.beside("n")).expect("renamed");
    pond.ok(&["switch", "-q", "-f", "main"]);
    for name in ["n/deep/.git/config", "n/pipe"] {
        pond.mkdir("n");
        if name == "n/pipe" {
            fifo(&pond, name)
        } else {
            pond.write(name, "1\n")
        }
        pond.fails(&["switch", "-f", "instead"], 128).expect_says("never removed").expect_says("n/");
        fs::remove_dir_all(pond.path("n")).expect("removed");
    }
    pond.ok(&["switch", "-q", "instead"]);
}

#[test]
fn what_a_stash_leaves_out_is_said() {
    let pond = TestPond::new();
    pond.write("top", "1\n");
    pond.commit_all("one");
    pond.ok(&["init", "-q", "n"]);
    fifo(&pond, "pipe");
    let output = pond.run(&["stash", "-u"]).expect_code(0).expect_says("skipped n: it is a pond of its own");
    output.expect_says("skipped pipe: it is a fifo");
    pond.fails(&["stash", "push", "-u", "--", "pipe"], 3).expect_says("pipe: it is a fifo");
    pond.fails(&["stash", "push", "-u", "--", "n"], 3).expect_says("n: it is a pond of its own");
}

#[test]
fn a_place_that_is_no_pond_is_described() {
    let mut pond = TestPond::new();
    pond.write("file", "1\n");
    pond.write("d/data", "1\n");
    pond.write("m/.pond", "pond = \"..\"\nmirror = \"m\"\n");
    let cases = [
        ("file", "is a file: a pond is a directory"),
        ("d/data", "is a file: a pond is a directory"),
        ("d", "there is no pond at"),
        ("missing", "no such file or directory"),
        ("m", "another mirror of a pond"),
    ];
    for (place, words) in cases {
        pond.fails(&["--pond", place, "status"], 128).expect_says(words).expect_says("hint:");
        pond.set("POND", place);
        let output = pond.fails(&["log"], 128).expect_says(words);
        assert!(output.err().contains("POND") || place == "m", "{output}");
        pond.unset("POND");
    }
    pond.fails(&["--pond", "file", "init"], 128).expect_says("is a file: a pond is made in a directory");
    pond.ok(&["--pond", ".", "status"]);
    pond.ok(&["--pond", ".pond", "status"]);
}
