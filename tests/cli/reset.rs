//! `reset`: the branch, what is staged, the files.

use serde_json::Value;

use crate::harness::{TestPond, noise};

/// Two commits, the second tagged `v1`; then one change staged, one not, and a file that is not tracked.
fn changed() -> TestPond {
    let pond = TestPond::new();
    for (name, content) in [("a", "1\n"), ("b", "b\n"), ("d/c", "c\n")] {
        pond.write(name, content);
    }
    pond.commit_all("one");
    pond.write("a", "2\n");
    pond.write("n", "n\n");
    pond.commit_all("two");
    pond.ok(&["tag", "v1"]);
    pond.write("b", "staged\n");
    pond.ok(&["add", "b"]);
    pond.write("d/c", "changed\n");
    pond.write("u", "untracked\n");
    assert_eq!(pond.status(), CHANGED);
    pond
}

const CHANGED: [&str; 3] = ["M  b", " M d/c", "?? u"];

fn undone(pond: &TestPond) {
    pond.ok(&["undo"]);
    assert_eq!((pond.status(), pond.id("main")), (CHANGED.map(str::to_owned).into(), pond.id("v1")));
    assert_eq!((pond.read("b").as_str(), pond.read("d/c").as_str()), ("staged\n", "changed\n"));
    assert_eq!((pond.read("u").as_str(), pond.read("n").as_str()), ("untracked\n", "n\n"));
}

#[test]
fn soft_moves_the_branch_alone() {
    let pond = changed();
    assert_eq!(pond.ok(&["reset", "--soft", "HEAD~1"]), "");
    assert_eq!(pond.status(), ["M  a", "M  b", " M d/c", "A  n", "?? u"]);
    assert_eq!(pond.id("main"), pond.id("v1~1"));
    undone(&pond);
    pond.ok(&["redo"]);
    pond.ok(&["commit", "-m", "two and more"]);
    assert_eq!(pond.history().len(), 2);
}

#[test]
fn mixed_takes_what_is_staged_along() {
    let pond = changed();
    let lines = pond.lines(&["reset", "HEAD~1"]);
    assert_eq!(lines, ["Unstaged changes after reset:", "M\ta", "M\tb", "M\td/c"]);
    assert_eq!(pond.status(), [" M a", " M b", " M d/c", "?? n", "?? u"]);
    undone(&pond);
    assert_eq!(pond.lines(&["reset"]), ["Unstaged changes after reset:", "M\tb", "M\td/c"]);
    undone(&pond);
    assert_eq!(pond.ok(&["reset", "-q"]), "");
    pond.ok(&["restore", "."]);
    assert_eq!(pond.ok(&["reset"]), "");
}

#[test]
fn hard_stores_what_it_throws_away() {
    let pond = changed();
    let said = pond.ok(&["reset", "--hard"]);
    assert_eq!(said, format!("HEAD is now at {} two\n", &pond.id("v1")[..10]));
    assert_eq!((pond.status(), pond.read("b").as_str()), (vec!["?? u".to_owned()], "b\n"));
    undone(&pond);
    let version = pond.delta_version();
    pond.ok(&["reset", "--hard", "HEAD~1"]);
    assert_eq!(pond.delta_version(), version + 1);
    assert!(!pond.exists("n") && pond.read("u") == "untracked\n");
    // What is in the way of the version and untracked is stored as well.
    pond.write("n", "mine\n");
    pond.ok(&["reset", "--hard", "v1"]);
    assert_eq!(pond.read("n"), "n\n");
    pond.ok(&["undo"]);
    assert_eq!(pond.read("n"), "mine\n");
    pond.remove("n");
    undone(&pond);
}

#[test]
fn keep_refuses_where_a_change_is_in_the_way() {
    let pond = changed();
    assert_eq!(pond.ok(&["reset", "--keep", "HEAD~1"]), "");
    assert_eq!(pond.status(), [" M b", " M d/c", "?? u"]);
    assert_eq!(pond.read("a"), "1\n");
    pond.write("a", "mine\n");
    pond.fails(&["reset", "--keep", "v1"], 1).expect_says("overwritten by reset").expect_says("  a\n");
    pond.write("a", "1\n");
    pond.ok(&["undo"]);
    assert_eq!(pond.status(), CHANGED);
}

#[test]
fn paths_are_unstaged_and_the_branch_stays() {
    let pond = changed();
    assert_eq!(pond.lines(&["reset", "b"]), ["Unstaged changes after reset:", "M\tb", "M\td/c"]);
    undone(&pond);
    pond.ok(&["reset", "-q", "v1~1", "--", "a", "n"]);
    assert_eq!(pond.status(), ["MM a", "M  b", " M d/c", "D  n", "?? n", "?? u"]);
    assert_eq!(pond.id("main"), pond.id("v1"));
    undone(&pond);
    pond.run_in(pond.path("d"), &["reset", "-q", "HEAD~1:d", "--", "."]).expect_code(0);
    pond.ok(&["reset", "-q", "--", "nothing"]);
    for mode in ["--hard", "--soft", "--keep"] {
        let words = format!("cannot do {} reset with paths", &mode[2..]);
        pond.fails(&["reset", mode, "--", "b"], 128).expect_says(&words);
    }
    pond.fails(&["reset", "nothing"], 128).expect_says("unknown revision or path");
    pond.fails(&["reset", "HEAD^{tree}"], 128).expect_says("a commit is needed");
}

#[test]
fn paths_that_leave_a_conflict_are_named() {
    let pond = TestPond::new();
    pond.write("bin", noise(1, 2_000));
    pond.write("text", "base\n");
    pond.commit_all("base");
    pond.ok(&["switch", "-q", "-c", "side"]);
    pond.write("bin", noise(2, 2_000));
    pond.write("text", "theirs\n");
    pond.commit_all("theirs");
    pond.ok(&["switch", "-q", "main"]);
    pond.write("bin", noise(3, 2_000));
    pond.write("text", "ours\n");
    pond.commit_all("ours");
    pond.run(&["merge", "side"]).expect_code(1);
    // Of a binary file ours stands in the mirror: as in HEAD, and no change.
    let told =
        pond.run(&["reset", "--", "bin"]).expect_code(0).expect_says("in conflict no longer:\n  bin\n");
    assert_eq!((told.out(), pond.status()), (String::new(), vec!["UU text".to_owned()]));
    pond.ok(&["undo"]);
    assert_eq!(pond.status(), ["UU bin", "UU text"]);
    let told = pond.run(&["reset", "--", "."]).expect_code(0);
    assert_eq!(told.lines(), ["Unstaged changes after reset:", "M\ttext"]);
    told.expect_says("in conflict no longer:\n  bin\n  text\n");
    assert_eq!(pond.run(&["reset", "--", "."]).expect_code(0).err(), "");
    pond.ok(&["undo"]);
    assert_eq!(pond.run(&["reset", "-q", "--", "."]).expect_code(0).err(), "");
    pond.ok(&["undo"]);
    let told = pond.ok(&["reset", "--json", "--", "bin"]);
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(told["settled"][0]["path"], "bin");
}

#[test]
fn a_detached_head_moves_itself() {
    let pond = changed();
    pond.ok(&["switch", "-d"]);
    pond.ok(&["reset", "--hard", "HEAD~1"]);
    assert_eq!((pond.id("HEAD"), pond.id("main")), (pond.id("v1~1"), pond.id("v1")));
    pond.ok(&["undo"]);
    assert_eq!(pond.status(), CHANGED);
}

#[test]
fn before_the_first_commit_everything_is_taken_out() {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    pond.write("b", "1\n");
    pond.ok(&["add", "-A"]);
    pond.ok(&["reset", "--soft"]);
    pond.ok(&["reset", "a"]);
    assert_eq!(pond.status(), ["A  b", "?? a"]);
    pond.ok(&["reset"]);
    assert_eq!(pond.status(), ["?? a", "?? b"]);
    pond.ok(&["add", "a"]);
    pond.ok(&["reset", "--hard"]);
    assert_eq!(pond.status(), ["?? b"]);
    pond.ok(&["undo"]);
    assert_eq!((pond.read("a").as_str(), pond.status()), ("1\n", vec!["A  a".into(), "?? b".into()]));
    pond.fails(&["reset", "HEAD"], 128).expect_says("no commit yet");
}

#[test]
fn a_reset_is_told_as_json() {
    let pond = changed();
    let document: Value = serde_json::from_str(&pond.ok(&["reset", "HEAD~1", "--json"])).expect("JSON");
    assert_eq!((&document["mode"], &document["branch"]), (&"mixed".into(), &"main".into()));
    assert_eq!(document["before"]["commit"], pond.id("v1"));
    let paths = |name: &str| -> Vec<String> {
        let rows = document[name].as_array().expect("a list");
        rows.iter().map(|row| row["path"].as_str().expect("a path").to_owned()).collect()
    };
    assert_eq!(
        (paths("staged"), paths("unstaged")),
        (vec!["a".into(), "b".into(), "n".into()], vec!["a".to_owned(), "b".into(), "d/c".into()])
    );
}
