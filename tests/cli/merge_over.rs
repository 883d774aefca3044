//! `switch -m` and `checkout -m`: changes that are not committed merged into another commit's files, and conflicts written
//! anew; beside git.

use std::fs;

use crate::harness::{Output, TestPond};
use crate::merge::{Pair, files, lines};

/// Two branches, and changes on `main` that are in no commit: one that goes together with `side`, one that collides, one of a
/// file that `side` has not, and one that both have alike.
fn changed(pair: &Pair) {
    for name in ["a", "b", "gone", "same"] {
        pair.write(name, lines(&[(1, name)]));
    }
    pair.commit("base");
    pair.both(&["checkout", "-q", "-b", "side"]);
    pair.write("a", lines(&[(1, "a"), (5, "side")]));
    pair.write("b", lines(&[(1, "b"), (5, "side")]));
    pair.remove("gone");
    pair.write("new", "of side\n");
    pair.commit("side");
    pair.both(&["checkout", "-q", "main"]);
    pair.write("a", lines(&[(1, "a"), (25, "local")]));
    pair.write("same", lines(&[(1, "same"), (2, "local")]));
}

/// Runs a command in both, which end as they may, and compares files and status.
#[track_caller]
fn run(pair: &Pair, args: &[&str]) -> Output {
    let pond = pair.pond.run(args).expect_no_panic();
    let (_, git) = pair.git(args);
    pair.compare(&format!("{pond}\ngit said:\n{git}"));
    let (_, status) = pair.git(&["status", "--porcelain"]);
    let (mut own, mut status) = (pair.pond.status(), status.lines().map(str::to_owned).collect::<Vec<_>>());
    own.sort();
    status.sort();
    assert_eq!(own, status, "{pond}");
    pond
}

#[test]
fn changes_are_merged_into_another_branch() {
    for command in [
        &["switch", "-m", "side"][..],
        &["checkout", "-m", "side"],
        &["checkout", "--merge", "--detach", "side"],
    ] {
        let Some(pair) = Pair::new() else { return };
        changed(&pair);
        let before = files(&pair.pond.mirror());
        pair.pond.fails(&["switch", "side"], 1).expect_says("  a\n");
        run(&pair, command).expect_code(0).expect_prints("M\ta\n");
        assert_eq!(pair.pond.status(), [" M a", " M same"]);
        assert_eq!(pair.pond.id("HEAD"), pair.pond.id("side"));
        run(&pair, &["diff"]);
        pair.pond.ok(&["undo"]);
        assert_eq!(
            (files(&pair.pond.mirror()), pair.pond.status()),
            (before, vec![" M a".into(), " M same".into()])
        );
        assert_eq!(pair.pond.id("HEAD"), pair.pond.id("main"));
    }
}

#[test]
fn what_collides_is_to_be_decided() {
    let Some(pair) = Pair::new() else { return };
    changed(&pair);
    pair.write("b", lines(&[(1, "b"), (5, "local")]));
    pair.write("gone", lines(&[(1, "gone"), (2, "local")]));
    let before = files(&pair.pond.mirror());
    run(&pair, &["switch", "-m", "side"])
        .expect_code(1)
        .expect_says("CONFLICT (content): Merge conflict in b");
    assert_eq!(pair.unmerged(), ["DU gone", "UU b"]);
    assert!(pair.pond.read("b").contains("<<<<<<< side\nside\n=======\nlocal\n>>>>>>> local\n"));
    pair.pond.fails(&["switch", "main"], 128).expect_says("in conflict");
    // Written anew in another style, whatever became of it.
    pair.write("b", "neither\n");
    run(&pair, &["checkout", "--conflict=diff3", "--", "b"]).expect_code(0);
    assert!(
        pair.pond
            .read("b")
            .contains("<<<<<<< ours\nside\n||||||| base\nline 5\n=======\nlocal\n>>>>>>> theirs\n")
    );
    run(&pair, &["restore", "-m", "b"]).expect_code(0);
    run(&pair, &["checkout", "-m", "b"]).expect_code(0);
    assert_eq!(pair.unmerged(), ["DU gone", "UU b"]);
    assert!(!pair.both(&["checkout", "-m", "--", "gone"]));
    pair.pond
        .fails(&["checkout", "-m", "gone"], 1)
        .expect_says("nothing was changed")
        .expect_says("--theirs");
    // Of what is not in conflict, what is staged is written.
    run(&pair, &["checkout", "-m", "--", "a"]).expect_code(0);
    pair.pond.fails(&["checkout", "-m", "HEAD", "--", "b"], 129);
    pair.pond.fails(&["checkout", "-m", "--ours", "b"], 129);
    pair.pond.fails(&["restore", "--conflict=none", "b"], 129).expect_says("zdiff3");
    while pair.pond.id("HEAD") != pair.pond.id("main") {
        pair.pond.ok(&["undo", "-f"]);
    }
    assert_eq!(files(&pair.pond.mirror()), before);
}

#[test]
fn nothing_is_lost_on_the_way() {
    let Some(pair) = Pair::new() else { return };
    changed(&pair);
    let refuse = |code: i32, says: &str| {
        let before = (files(&pair.pond.mirror()), pair.pond.status());
        assert!(!pair.git(&["switch", "-m", "side"]).0);
        pair.pond.fails(&["switch", "-m", "side"], code).expect_says(says);
        assert_eq!((files(&pair.pond.mirror()), pair.pond.status()), before);
    };
    pair.write("new", "of nobody\n");
    refuse(1, "  new\n");
    pair.remove("new");
    pair.both(&["add", "same"]);
    refuse(128, "staged changes");
    pair.pond.fails(&["switch", "-m", "-f", "side"], 129);
    // Where nothing is in the way, staged changes come along.
    pair.both(&["checkout", "--", "a"]);
    run(&pair, &["switch", "-m", "side"]).expect_code(0);
    assert_eq!(pair.pond.status(), ["M  same"]);
    fs::write(pair.pond.path("a"), "gone together\n").expect("written");
    pair.pond.ok(&["switch", "-q", "-m", "-c", "elsewhere"]);
    assert_eq!(pair.pond.read("a"), "gone together\n");
}

#[test]
fn a_changed_file_keeps_its_directory() {
    for path in ["d/f", "d/e/f"] {
        let pond = TestPond::new();
        pond.write(path, "1\n");
        pond.commit_all("a directory");
        pond.ok(&["switch", "-c", "side"]);
        pond.remove(path);
        let _ = fs::remove_dir(pond.path("d/e"));
        fs::remove_dir(pond.path("d")).expect("an empty directory");
        pond.write("d", "a file\n");
        pond.commit_all("a file");
        pond.ok(&["switch", "main"]);
        pond.write(path, "mine\n");
        pond.run(&["switch", "-m", "side"]).expect_code(1).expect_says("directory in the way of d");
        assert_eq!((pond.read(path), pond.read("d~side")), ("mine\n".into(), "a file\n".into()));
        assert_eq!(pond.status(), ["D  d".to_owned(), format!("DU {path}"), "AU d~side".to_owned()]);
        pond.ok(&["undo"]);
        assert_eq!((pond.read(path), pond.status()), ("mine\n".into(), vec![format!(" M {path}")]));
    }
}
