//! Fifos, sockets and devices in the place of what is tracked: they show as changes, as in git, and never give way in silence.

use std::fs;
use std::os::unix::net::UnixListener;

use rustix::fs::{CWD, FileType, makedev, mknodat};

use crate::bad_input::Nobody;
use crate::harness::TestPond;

/// A form of file without content: its word, and how one is made.
type Form = (&'static str, fn(&TestPond, &str) -> bool);

const FORMS: [Form; 3] = [("fifo", fifo), ("socket", socket), ("character device", device)];

fn fifo(pond: &TestPond, path: &str) -> bool {
    mknodat(CWD, pond.path(path), FileType::Fifo, 0o644.into(), 0).is_ok()
}

fn socket(pond: &TestPond, path: &str) -> bool {
    UnixListener::bind(pond.path(path)).is_ok()
}

fn device(pond: &TestPond, path: &str) -> bool {
    let made = mknodat(CWD, pond.path(path), FileType::CharacterDevice, 0o644.into(), makedev(1, 3));
    if made.is_err() {
        eprintln!("skipped: no device can be made here");
    }
    made.is_ok()
}

fn is_special(pond: &TestPond, path: &str) -> bool {
    let kind = fs::symlink_metadata(pond.path(path)).expect("something").file_type();
    !(kind.is_file() || kind.is_dir() || kind.is_symlink())
}

/// Two branches that differ in `f`, a directory, and a file beside.
fn two_branches() -> TestPond {
    let pond = TestPond::new();
    pond.write("f", "1\n");
    pond.write("g", "2\n");
    pond.write("d/h", "3\n");
    pond.commit_all("one");
    pond.ok(&["switch", "-c", "other"]);
    pond.write("f", "11\n");
    pond.write("x", "new\n");
    pond.commit_all("two");
    pond.ok(&["switch", "main"]);
    pond
}

#[test]
fn a_tracked_file_that_is_one_now_is_modified() {
    for (word, make) in FORMS {
        let pond = two_branches();
        pond.remove("f");
        if !make(&pond, "f") {
            continue;
        }
        assert_eq!(pond.status(), [" M f"], "{word}");
        pond.run(&["status"]).expect_code(0).expect_prints(&format!("modified:   f (it is a {word})"));
        let status: serde_json::Value = serde_json::from_str(&pond.ok(&["status", "--json"])).expect("JSON");
        assert_eq!((&status["unstaged"][0]["special"], &status["clean"]), (&word.into(), &false.into()));
        assert_eq!(pond.lines(&["diff", "--name-status"]), ["M\tf"], "{word}");
        assert_eq!(pond.lines(&["ls-files", "-m"]), ["f"], "{word}");
        pond.run(&["diff", "--quiet"]).expect_code(1);
        for form in ["--patch", "--stat", "--raw"] {
            let output = pond.fails(&["diff", form], 3).expect_says(word);
            assert!(output.stdout.is_empty(), "nothing is made up\n{output}");
        }
        for args in [&["add", "f"][..], &["add", "-A"], &["add", "-u"], &["commit", "-a", "-m", "x"]] {
            pond.fails(args, 3).expect_says(word);
            assert_eq!(pond.status(), [" M f"], "{word} {args:?}");
        }
        pond.fails(&["commit", "-a", "--dry-run"], 3).expect_says(word);
        pond.fails(&["commit", "-m", "x"], 1).expect_says("modified: f");
        pond.write("g", "22\n");
        pond.fails(&["stash"], 1).expect_says("no content to put aside:\n  f");
        assert_eq!(pond.read("g"), "22\n");
        pond.ok(&["stash", "push", "--", "g"]);
        for args in [&["switch", "other"][..], &["checkout", "other"], &["merge", "other"]] {
            pond.fails(args, 1).expect_says("f");
        }
        pond.fails(&["rm", "f"], 1).expect_says("f");
        assert!(is_special(&pond, "f"), "{word}");
        assert_eq!(
            pond.run(&["describe", "--always", "--dirty"]).expect_code(0).line().rsplit('-').next(),
            Some("dirty")
        );
    }
}

/// Whoever says that a version is to be there gets it, and is told what is no longer there.
#[test]
fn one_that_gives_way_is_named() {
    let commands: [(&[&str], &str); 6] = [
        (&["restore", "f"], "1\n"),
        (&["checkout", "--", "f"], "1\n"),
        (&["checkout", "other", "--", "f"], "11\n"),
        (&["reset", "--hard"], "1\n"),
        (&["switch", "-f", "other"], "11\n"),
        (&["checkout", "-f", "other"], "11\n"),
    ];
    for (word, make) in FORMS {
        for (args, content) in commands {
            let pond = two_branches();
            pond.remove("f");
            if !make(&pond, "f") {
                continue;
            }
            pond.run(args)
                .expect_code(0)
                .expect_says(&format!("f was a {word}, which has no content to store"));
            assert_eq!(pond.read("f"), content, "{word} {args:?}");
            assert!(
                pond.lines(&["status", "--porcelain"]).iter().all(|line| line == "M  f"),
                "{word} {args:?}"
            );
            pond.ok(&["undo"]);
            assert_eq!(pond.status(), [""; 0], "what the index has comes back\n{word} {args:?}");
        }
        let pond = two_branches();
        pond.remove("f");
        if make(&pond, "f") {
            pond.ok(&["rm", "-f", "f"]);
            assert!(!pond.exists("f"));
        }
    }
}

/// `undo` asks about what came since, and nothing of this can be stored.
#[test]
fn one_that_came_since_stops_an_undo() {
    for (word, make) in FORMS {
        let pond = two_branches();
        pond.ok(&["restore", "-s", "other", "f"]);
        pond.remove("f");
        if !make(&pond, "f") {
            continue;
        }
        pond.fails(&["undo"], 1).expect_says("can't be taken back").expect_says("f");
        assert!(is_special(&pond, "f"), "{word}");
        pond.run(&["undo", "-f"]).expect_code(0).expect_says(&format!("f was a {word}"));
        assert_eq!((pond.read("f"), pond.status()), ("1\n".to_owned(), vec![]), "{word}");
    }
}

/// Where nothing is tracked, such a file is in the way like any untracked one.
#[test]
fn an_untracked_one_is_not_overwritten() {
    for (word, make) in FORMS {
        let pond = two_branches();
        if !make(&pond, "x") {
            continue;
        }
        assert_eq!(pond.status(), [""; 0], "{word}");
        for args in [&["switch", "other"][..], &["merge", "other"]] {
            pond.fails(args, 1).expect_says("x");
            assert!(is_special(&pond, "x"), "{word} {args:?}");
            assert_eq!(pond.read("f"), "1\n", "{word} {args:?}: nothing else was done either");
        }
        pond.run(&["switch", "-f", "other"]).expect_code(0).expect_says(&format!("x was a {word}"));
        assert_eq!(pond.read("x"), "new\n", "{word}");
    }
}

/// In the place of a directory one hides what was in it, which is gone then.
#[test]
fn one_in_the_place_of_a_directory() {
    for (word, make) in FORMS {
        let pond = two_branches();
        fs::remove_dir_all(pond.path("d")).expect("removed");
        if !make(&pond, "d") {
            continue;
        }
        assert_eq!(pond.status(), [" D d/h"], "{word}");
        pond.run(&["restore", "."]).expect_code(0).expect_says(&format!("d was a {word}"));
        assert_eq!(pond.read("d/h"), "3\n", "{word}");
        assert_eq!(pond.status(), [""; 0], "{word}");
    }
}

/// What cannot be looked at is neither gone nor changed: nothing is done to it, and nobody says that all is well.
#[test]
fn a_directory_that_cannot_be_read() {
    let pond = two_branches();
    pond.ok(&["switch", "other"]);
    pond.write("d/h", "33\n");
    pond.commit_all("three");
    pond.ok(&["switch", "main"]);
    let nobody = Nobody::of(&pond);
    pond.chmod("d", 0o000);
    for (args, code) in [
        (&["status", "--porcelain"][..], 3),
        (&["diff", "--name-status"], 3),
        (&["add", "-A"], 3),
        (&["add", "-u"], 3),
        (&["commit", "-a", "-m", "x"], 3),
        (&["commit", "-m", "x", "d"], 3),
        (&["stash"], 3),
        (&["restore", "d/h"], 128),
        (&["restore", "-s", "other", "."], 128),
        (&["checkout", "other", "--", "d"], 128),
        (&["switch", "other"], 128),
        (&["switch", "-f", "other"], 128),
        (&["reset", "--hard", "other"], 128),
    ] {
        let output = nobody.run(args).expect_failure(code).expect_says("denied");
        assert_eq!(output.out(), "", "{output}");
    }
    pond.chmod("d", 0o755);
    assert_eq!(nobody.run(&["status", "--porcelain"]).expect_code(0).out(), "");
    assert_eq!((pond.read("d/h"), pond.read("f")), ("3\n".to_owned(), "1\n".to_owned()));
}
