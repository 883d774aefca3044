//! Files and directories, known or not, that give way to each other, and what `undo` and `redo` make of that.

use std::fs;

use crate::harness::TestPond;
use crate::killed_moves::Everything;

type Names = Vec<String>;

/// What is in the mirror, directories too, and what pond says of it.
fn state(pond: &TestPond) -> (Names, Everything, Vec<String>) {
    let walk = walkdir::WalkDir::new(pond.mirror()).min_depth(1).sort_by_file_name().into_iter();
    let entries = walk.filter_entry(|entry| entry.file_name() != ".pond");
    let names = entries.map(|entry| entry.expect("an entry").path().display().to_string());
    (names.collect(), crate::killed_moves::everything(pond), pond.status())
}

/// On `main` with `k`, beside a branch `side` that has something more.
fn beside(make: fn(&TestPond)) -> TestPond {
    let pond = TestPond::new();
    pond.write("k", "k\n");
    pond.commit_all("base");
    pond.ok(&["switch", "-q", "-c", "side"]);
    make(&pond);
    pond.commit_all("side");
    pond.ok(&["switch", "-q", "main"]);
    pond
}

fn rmdir(pond: &TestPond, name: &str) {
    fs::remove_dir(pond.path(name)).expect("an empty directory");
}

/// Runs a command, compares the status, and takes it back and does it again.
fn there_and_back(pond: &TestPond, args: &[&str], status: &[&str]) {
    let before = state(pond);
    let output = pond.run(args).expect_code(0);
    let after = state(pond);
    assert_eq!(after.2, status, "{output}");
    for _ in 0..2 {
        let output = pond.run(&["undo"]).expect_code(0);
        assert_eq!(state(pond), before, "{args:?}\n{output}");
        let output = pond.run(&["redo"]).expect_code(0);
        assert_eq!(state(pond), after, "{args:?}\n{output}");
    }
}

#[test]
fn a_tracked_file_gives_way_to_a_directory() {
    let with_committed = || {
        let pond = beside(|pond| pond.write("b/c/a", "side\n"));
        pond.write("b", "main\n");
        pond.commit_all("a file");
        pond
    };
    there_and_back(&with_committed(), &["checkout", "side", "."], &["D  b", "A  b/c/a"]);
    there_and_back(&with_committed(), &["restore", "-s", "side", "b/c/a"], &[" D b", "?? b/"]);
    let staged = ["restore", "-s", "side", "--staged", "b/c/a"];
    there_and_back(&with_committed(), &staged, &["D  b", "AD b/c/a", "?? b"]);
    // One that is only staged, and whose place on the host a directory has taken.
    let pond = beside(|pond| pond.write("b/c/a", "side\n"));
    pond.write("b", "staged\n");
    pond.ok(&["add", "b"]);
    pond.remove("b");
    pond.write("b/c", "mine\n");
    there_and_back(&pond, &["checkout", "side", "."], &["A  b/c/a"]);
}

#[test]
fn a_tracked_directory_gives_way_to_a_file() {
    let pond = beside(|pond| pond.write("b", "side\n"));
    pond.write("b/x/y", "main\n");
    pond.mkdir("b/empty");
    pond.commit_all("a directory");
    there_and_back(&pond, &["checkout", "side", "."], &["A  b", "D  b/empty", "D  b/x/y"]);
}

#[test]
fn a_file_of_ones_own_gives_way_to_a_directory() {
    for args in [&["checkout", "side", "."][..], &["restore", "-s", "side", "--staged", "--worktree", "."]] {
        let pond = TestPond::new();
        pond.write("k", "k\n");
        pond.mkdir("c");
        pond.commit_all("an empty directory");
        pond.ok(&["switch", "-q", "-c", "side"]);
        pond.write("c/c", "side\n");
        pond.commit_all("side");
        pond.ok(&["switch", "-q", "main"]);
        rmdir(&pond, "c");
        pond.write("c", "mine\n");
        there_and_back(&pond, args, &["A  c/c"]);
    }
}

#[test]
fn what_is_staged_in_a_directory_stays_where_a_version_has_it_empty() {
    for (args, status) in [
        (&["switch", "side"][..], &["A  d/x"][..]),
        (&["checkout", "side", "."], &["A  d/x", "A  g"]),
        (&["cherry-pick", "-n", "side"], &["A  d/x", "A  g"]),
    ] {
        let pond = beside(|pond| {
            pond.mkdir("d");
            pond.write("g", "g\n");
        });
        pond.write("d/x", "staged\n");
        pond.ok(&["add", "d/x"]);
        there_and_back(&pond, args, status);
    }
}

#[test]
fn empty_directories_of_ones_own_come_back_empty() {
    let pond = TestPond::new();
    pond.write("c/f", "f\n");
    pond.write("k", "k\n");
    pond.commit_all("one");
    pond.remove("c/f");
    there_and_back(&pond, &["restore", "."], &[]);
    let pond = beside(|pond| pond.write("a/b/x", "side\n"));
    pond.mkdir("a/b");
    there_and_back(&pond, &["switch", "side"], &[]);
    // One whose files were gone before a version came that has none of them.
    let pond = beside(|pond| pond.write("k", "side\n"));
    pond.write("d/f", "f\n");
    pond.commit_all("a directory");
    pond.remove("d/f");
    there_and_back(&pond, &["reset", "--hard", "side"], &["?? d/"]);
}

#[test]
fn known_empty_directories_stay_known() {
    let pond = TestPond::new();
    pond.write("k", "k\n");
    pond.write("c/f", "f\n");
    pond.mkdir("empty");
    pond.commit_all("one");
    pond.write("empty/u", "u\n");
    pond.remove("c/f");
    pond.write("c/u", "u\n");
    there_and_back(&pond, &["clean", "-fd"], &[" D c/f"]);
    assert!(pond.exists("empty") && !pond.exists("c"));
    pond.ok(&["restore", "."]);
    there_and_back(&pond, &["mv", "c/f", "empty/f"], &["R  c/f -> empty/f"]);
}

#[test]
fn an_empty_directory_in_the_place_of_a_file_is_one_again() {
    for args in [&["rm", "-r", "-f", "d"][..], &["reset", "--hard"], &["restore", "."], &["stash", "-u"]] {
        let pond = TestPond::new();
        pond.write("k", "k\n");
        pond.write("d/f", "f\n");
        pond.link("f", "d/link");
        pond.commit_all("one");
        for name in ["d/f", "d/link"] {
            pond.remove(name);
            pond.mkdir(name);
        }
        let status: &[&str] = if args[0] == "rm" { &["D  d/f", "D  d/link"] } else { &[] };
        there_and_back(&pond, args, status);
    }
}

#[test]
fn undo_asks_before_it_takes_the_place_of_what_was_staged_since() {
    let pond = TestPond::new();
    pond.write("k", "k\n");
    pond.commit_all("one");
    pond.write("b/c/a", "a\n");
    pond.ok(&["add", "-A"]);
    pond.ok(&["stash", "-q"]);
    pond.write("b", "newer\n");
    pond.ok(&["add", "b"]);
    let before = state(&pond);
    pond.fails(&["undo"], 1).expect_says("\n  b\n");
    assert_eq!(state(&pond), before);
    pond.ok(&["undo", "-f"]);
    assert_eq!((pond.read("b/c/a"), pond.status()), ("a\n".into(), vec!["A  b/c/a".into()]));
    pond.ok(&["redo"]);
    assert_eq!(state(&pond), before);
}

#[test]
fn a_staged_empty_directory_is_staged_again() {
    for args in [&["switch", "side"][..], &["merge", "side"], &["checkout", "-m", "side"]] {
        for make in [(|pond| pond.write("d/1/f", "side\n")) as fn(&TestPond), |pond| pond.mkdir("d/1/2")] {
            let pond = beside(make);
            pond.mkdir("d/1");
            pond.ok(&["add", "d/1"]);
            there_and_back(&pond, args, &[]);
        }
    }
    // One in the place of a file that comes back is asked about.
    let pond = beside(|pond| pond.write("x", "side\n"));
    pond.mkdir("x/y");
    pond.ok(&["add", "x"]);
    let before = state(&pond);
    pond.fails(&["undo"], 1).expect_says("\n  x/y\n");
    assert_eq!(state(&pond), before);
    pond.ok(&["undo", "-f"]);
    assert_eq!((pond.read("x"), pond.status()), ("side\n".into(), vec![]));
    pond.ok(&["redo"]);
    assert_eq!(state(&pond), before);
}

#[test]
fn directories_that_were_made_for_a_file_that_failed_go() {
    let pond = beside(|pond| {
        pond.write("nd/deep/in", "side\n");
        pond.write("z", "side\n");
    });
    let before = state(&pond);
    for args in [&["restore", "-s", "side", "nd"][..], &["checkout", "side", "nd"]] {
        let Some((failed, _)) = pond.run_with_fault(args, "utimensat:error=EIO:when=1+") else { return };
        failed.expect_code(3).expect_says("nd/deep/in");
        assert!(!pond.exists("nd"), "{args:?}");
        pond.ok(&["undo"]);
        assert_eq!(state(&pond), before, "{args:?}");
    }
}
