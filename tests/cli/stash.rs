//! Changes put aside, and brought back.

use serde_json::Value;

use crate::harness::TestPond;

/// One commit; then a file changed, one staged, one added, one deleted, and one that is not tracked.
fn changed() -> TestPond {
    let pond = committed();
    pond.append("a", "more\n");
    pond.write("b", "staged\n");
    pond.write("added", "added\n");
    pond.ok(&["add", "b", "added"]);
    pond.remove("d/c");
    pond.write("u", "untracked\n");
    assert_eq!(pond.status(), CHANGED);
    pond
}

const CHANGED: [&str; 6] = [" M a", "A  added", "M  b", " D d/c", "?? d/", "?? u"];
/// The same after a stash was brought back: only what is new is staged.
const BACK: [&str; 5] = [" M a", "A  added", " M b", " D d/c", "?? u"];

fn committed() -> TestPond {
    let pond = TestPond::new();
    pond.write("a", "1\n2\n3\n4\n5\n");
    pond.write("b", "b\n");
    pond.write("d/c", "c\n");
    pond.write("run", "#!/bin/sh\n");
    pond.chmod("run", 0o755);
    pond.commit_all("one");
    pond
}

fn version(pond: &TestPond) -> u64 {
    pond.delta_version()
}

#[test]
fn changes_are_put_aside_and_come_back() {
    let pond = changed();
    let (before, short) = (version(&pond), pond.id("HEAD")[..10].to_owned());
    let said = pond.ok(&["stash"]);
    assert_eq!(said, format!("Saved working directory and index state WIP on main: {short} one\n"));
    assert_eq!((version(&pond), pond.status()), (before + 1, vec!["?? u".to_owned()]));
    assert_eq!((pond.read("a").as_str(), pond.read("d/c").as_str()), ("1\n2\n3\n4\n5\n", "c\n"));
    assert_eq!(pond.lines(&["stash", "list"]), [format!("stash@{{0}}: WIP on main: {short} one")]);
    let popped = pond.ok(&["stash", "pop"]);
    assert!(popped.contains("modified:   a") && popped.contains("Dropped stash@{0} ("), "{popped}");
    assert_eq!((version(&pond), pond.status()), (before + 2, BACK.map(str::to_owned).into()));
    assert_eq!((pond.read("b").as_str(), pond.read("added").as_str()), ("staged\n", "added\n"));
    assert_eq!(pond.ok(&["stash", "list"]), "");
    pond.ok(&["undo"]);
    assert_eq!(pond.lines(&["stash", "list"]).len(), 1);
    assert_eq!(pond.status(), ["?? u"]);
    pond.ok(&["stash", "pop", "--index"]);
    assert_eq!(pond.status(), [" M a", "A  added", "M  b", " D d/c", "?? u"]);
}

#[test]
fn a_stash_is_a_commit_as_gits() {
    let pond = changed();
    pond.ok(&["stash", "-u", "-m", "half a repair"]);
    assert_eq!(pond.status(), [""; 0]);
    assert_eq!(pond.id("stash"), pond.id("stash@{0}"));
    assert_eq!(pond.id("stash^1"), pond.id("main"));
    let files = |revision: &str| pond.lines(&["ls", "-r", revision]);
    let line = |args: &[&str]| pond.run(args).expect_code(0).line();
    let subjects = ["stash", "stash^2", "stash^3"].map(|text| line(&["log", "-1", "--format=%s", text]));
    let at = format!("main: {} one", &pond.id("main")[..10]);
    assert_eq!(
        subjects,
        ["On main: half a repair".to_owned(), format!("index on {at}"), format!("untracked files on {at}")]
    );
    assert_eq!(files("stash"), ["a", "added", "b", "run"]);
    assert_eq!(files("stash^2"), ["a", "added", "b", "d/c", "run"]);
    assert_eq!(files("stash^3"), ["u"]);
    assert_eq!(pond.ok(&["cat", "stash:a"]), "1\n2\n3\n4\n5\nmore\n");
    assert_eq!(pond.ok(&["cat", "stash^2:a"]), "1\n2\n3\n4\n5\n");
    // What nothing else leads to is not in the way of a branch of that name.
    pond.ok(&["branch", "stash", "main"]);
    assert_eq!(pond.run(&["rev-parse", "stash"]).expect_code(0).line(), pond.id("main"));
    let shown = pond.lines(&["stash", "show", "--name-status"]);
    assert_eq!(shown, ["M\ta", "A\tadded", "M\tb", "D\td/c"]);
    let with = pond.lines(&["stash", "show", "--name-status", "--include-untracked"]);
    assert_eq!(with, ["M\ta", "A\tadded", "M\tb", "D\td/c", "A\tu"]);
    assert_eq!(
        pond.lines(&["stash", "show", "--name-status", "-u"]),
        with,
        "as in 'stash push', not a patch"
    );
    assert!(pond.ok(&["stash", "show"]).contains("4 files changed, 3 insertions(+), 2 deletions(-)"));
    assert!(pond.ok(&["stash", "show", "-p"]).contains("+more\n"));
    pond.ok(&["stash", "pop"]);
    assert_eq!(pond.status(), BACK);
    assert_eq!(pond.read("u"), "untracked\n");
}

#[test]
fn untracked_files_in_the_way_are_spared() {
    let pond = changed();
    pond.ok(&["stash", "-u"]);
    pond.write("u", "mine\n");
    pond.fails(&["stash", "pop"], 1).expect_says("untracked files would be overwritten").expect_says("  u\n");
    assert_eq!((pond.read("u").as_str(), pond.status()), ("mine\n", vec!["?? u".to_owned()]));
    pond.remove("u");
    pond.write("added", "mine\n");
    pond.fails(&["stash", "pop"], 1).expect_says("  added\n");
    pond.remove("added");
    pond.write("b", "mine\n");
    pond.fails(&["stash", "pop"], 1).expect_says("your local changes").expect_says("  b\n");
    assert_eq!((pond.read("b").as_str(), pond.lines(&["stash", "list"]).len()), ("mine\n", 1));
    pond.ok(&["restore", "b"]);
    pond.ok(&["stash", "pop"]);
    assert_eq!(pond.status(), BACK);
}

#[test]
fn a_stash_merges_with_what_was_done_since() {
    let pond = changed();
    pond.ok(&["stash"]);
    pond.write("a", "0\n1\n2\n3\n4\n5\n");
    pond.ok(&["commit", "-qam", "two"]);
    pond.ok(&["stash", "apply"]);
    assert_eq!(pond.read("a"), "0\n1\n2\n3\n4\n5\nmore\n");
    assert_eq!((pond.status(), pond.lines(&["stash", "list"]).len()), (BACK.map(str::to_owned).into(), 1));
    pond.ok(&["undo"]);
    assert_eq!((pond.read("a").as_str(), pond.status()), ("0\n1\n2\n3\n4\n5\n", vec!["?? u".to_owned()]));
    // What is staged here is merged with as well, and stays staged.
    pond.write("a", "0\n1\n2\n3\n4\n5\n6\n");
    pond.write("run", "#!/bin/sh\nexit\n");
    pond.ok(&["add", "run"]);
    pond.ok(&["add", "a"]);
    let before = pond.read("a");
    pond.fails(&["stash", "pop"], 1).expect_says("merge conflict in a").expect_says("stash entry is kept");
    assert_eq!(pond.status(), ["UU a", "A  added", "M  b", "D  d/c", "M  run", "?? u"]);
    pond.ok(&["undo"]);
    assert_eq!((pond.read("a"), pond.lines(&["stash", "list"]).len()), (before, 1));
    assert_eq!(pond.status(), ["M  a", "M  run", "?? u"]);
    pond.write("a", "0\n1\n2\nthree\n4\n5\n");
    pond.ok(&["add", "a"]);
    pond.ok(&["stash", "pop"]);
    assert_eq!(pond.read("a"), "0\n1\n2\nthree\n4\n5\nmore\n");
    assert_eq!(pond.status(), ["MM a", "A  added", " M b", " D d/c", "M  run", "?? u"]);
}

#[test]
fn some_paths_or_what_is_not_staged() {
    let pond = changed();
    pond.ok(&["stash", "push", "-q", "b", "d"]);
    assert_eq!(pond.status(), [" M a", "A  added", "?? u"]);
    assert_eq!(pond.lines(&["stash", "show", "--name-only"]), ["b", "d/c"]);
    pond.ok(&["stash", "pop", "-q", "--index"]);
    assert_eq!(pond.status(), [" M a", "A  added", "M  b", " D d/c", "?? u"]);
    pond.fails(&["stash", "push", "nothing"], 1).expect_says("did not match");
    pond.ok(&["stash", "-k"]);
    assert_eq!(pond.status(), ["A  added", "M  b", "?? u"]);
    assert_eq!(pond.lines(&["stash", "show", "--name-only"]), ["a", "added", "b", "d/c"]);
    pond.ok(&["undo"]);
    assert_eq!(pond.status(), [" M a", "A  added", "M  b", " D d/c", "?? u"]);
    assert_eq!(pond.ok(&["stash", "list"]), "");
    pond.write("ignored", "x\n");
    pond.write(".pondignore", "ignored\n");
    pond.ok(&["stash", "-u", "--", "u", "ignored"]);
    assert!(pond.exists("ignored") && !pond.exists("u"));
    pond.ok(&["stash", "-a", "--", "ignored"]);
    assert!(!pond.exists("ignored") && pond.exists(".pondignore"));
    pond.ok(&["stash", "pop"]);
    assert!(pond.exists("ignored"));
}

#[test]
fn stashes_are_dropped_and_brought_back_by_undo() {
    let pond = committed();
    for args in [&["stash", "pop"][..], &["stash", "show"], &["stash", "drop"], &["stash", "branch", "x"]] {
        pond.fails(args, 1).expect_says("no stash entries found");
    }
    assert_eq!(pond.ok(&["stash"]), "No local changes to save\n");
    for number in 1..=3 {
        pond.write("b", format!("{number}\n"));
        pond.ok(&["stash", "-m", &format!("number {number}")]);
    }
    let list = || pond.lines(&["stash", "list"]);
    let all =
        ["stash@{0}: On main: number 3", "stash@{1}: On main: number 2", "stash@{2}: On main: number 1"];
    assert_eq!(list(), all);
    let second = pond.id("stash@{1}");
    assert_eq!(pond.ok(&["stash", "drop", "1"]), format!("Dropped stash@{{1}} ({second})\n"));
    assert_eq!(list(), [all[0], "stash@{1}: On main: number 1"]);
    pond.ok(&["undo"]);
    assert_eq!((list(), pond.id("stash@{1}")), (all.map(str::to_owned).into(), second.clone()));
    pond.ok(&["stash", "clear"]);
    assert_eq!(list(), [""; 0]);
    pond.ok(&["stash", "clear"]);
    pond.ok(&["stash", "apply", &second]);
    assert_eq!((pond.read("b").as_str(), pond.status()), ("2\n", vec![" M b".to_owned()]));
    pond.ok(&["undo"]);
    pond.ok(&["undo"]);
    assert_eq!(list(), all);
    pond.fails(&["stash", "pop", "HEAD"], 128).expect_says("'HEAD' is not a stash-like commit");
    pond.fails(&["stash", "pop", "stash@{7}"], 1).expect_says("not a valid reference");
    pond.fails(&["stash", "show", "nowhere"], 128).expect_says("nowhere");
    pond.ok(&["stash", "drop"]);
    pond.fails(&["stash", "drop", &second[..12], "x"], 129);
    assert_eq!(list()[0], "stash@{0}: On main: number 2");
}

#[test]
fn a_stash_becomes_a_branch() {
    let pond = changed();
    pond.ok(&["stash", "-u"]);
    pond.write("a", "another\n");
    pond.ok(&["commit", "-qam", "two"]);
    let before = version(&pond);
    pond.run(&["stash", "branch", "repair"]).expect_code(0).expect_says("Switched to a new branch 'repair'");
    assert_eq!(
        (version(&pond), pond.lines(&["branch"])),
        (before + 1, vec!["  main".into(), "* repair".into()])
    );
    assert_eq!(pond.id("HEAD"), pond.id("main~1"));
    assert_eq!(pond.status(), [" M a", "A  added", "M  b", " D d/c", "?? u"]);
    assert_eq!(pond.ok(&["stash", "list"]), "");
    pond.ok(&["undo"]);
    assert_eq!((pond.lines(&["branch"]), pond.status()), (vec!["* main".to_owned()], vec![]));
    assert_eq!((pond.read("a").as_str(), pond.lines(&["stash", "list"]).len()), ("another\n", 1));
    pond.write("b", "mine\n");
    pond.fails(&["stash", "branch", "repair"], 1).expect_says("  b\n");
    pond.fails(&["stash", "branch", "main"], 128).expect_says("already exists");
    pond.ok(&["restore", "b"]);
    pond.ok(&["stash", "branch", "repair", "stash@{0}"]);
    assert_eq!(pond.status(), [" M a", "A  added", "M  b", " D d/c", "?? u"]);
}

#[test]
fn odd_changes_come_back_as_they_were() {
    let pond = committed();
    // Staged and gone; taken out of the index and still there; another type; a directory for a file.
    pond.write("gone", "staged only\n");
    pond.ok(&["add", "gone"]);
    pond.remove("gone");
    pond.ok(&["rm", "-q", "--cached", "b"]);
    pond.remove("a");
    pond.link("run", "a");
    pond.chmod("run", 0o644);
    assert_eq!(pond.status(), [" T a", "D  b", "AD gone", " M run", "?? b"]);
    pond.ok(&["stash"]);
    assert_eq!(pond.status(), [""; 0]);
    pond.ok(&["stash", "pop", "--index"]);
    assert_eq!(pond.read("gone"), "staged only\n");
    assert_eq!(pond.status(), [" T a", "D  b", "A  gone", " M run", "?? b"]);
    pond.ok(&["reset", "-q", "--hard"]);
    pond.remove("b");
    pond.write("b/x", "below\n");
    pond.fails(&["stash"], 1).expect_says("in the way of the last commit's version").expect_says("b/x");
    pond.ok(&["stash", "-u"]);
    assert_eq!((pond.read("b").as_str(), pond.status()), ("b\n", vec![]));
    pond.ok(&["stash", "pop"]);
    assert_eq!(pond.read("b/x"), "below\n");
    pond.ok(&["undo"]);
    assert_eq!(pond.read("b"), "b\n");
    pond.ok(&["undo"]);
    assert_eq!(pond.read("b/x"), "below\n");
}

#[test]
fn before_the_first_commit_there_is_nothing_to_base_a_stash_on() {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    pond.ok(&["add", "a"]);
    pond.fails(&["stash"], 1).expect_says("initial commit");
    assert_eq!(pond.ok(&["stash", "list"]), "");
}

#[test]
fn stashes_are_told_as_json() {
    let pond = changed();
    let document = |args: &[&str]| -> Value {
        serde_json::from_str(&pond.ok(&[args, &["--json"]].concat())).expect("JSON")
    };
    let pushed = document(&["stash", "-m", "x"]);
    assert_eq!((&pushed["commit"], &pushed["message"]), (&pond.id("stash").into(), &"On main: x".into()));
    let row = document(&["stash", "list"]);
    assert_eq!((&row["stash"], &row["base"]), (&"stash@{0}".into(), &pond.id("main").into()));
    assert_eq!(row["untracked"], false);
    let popped = document(&["stash", "pop"]);
    assert_eq!((&popped["dropped"], &popped["removed"][0]["path"]), (&true.into(), &"d/c".into()));
    pond.ok(&["undo"]);
    assert_eq!(document(&["stash", "drop"])["dropped"][0]["stash"], "stash@{0}");
    pond.ok(&["reset", "--hard"]);
    assert_eq!(document(&["stash"])["stash"], Value::Null);
}

#[test]
fn a_file_in_the_place_of_a_tracked_directory_is_put_aside() {
    let pond = TestPond::new();
    pond.write("g/h/i", "i\n");
    pond.write("k", "k\n");
    pond.commit_all("one");
    std::fs::remove_dir_all(pond.path("g/h")).expect("a directory is removed");
    pond.write("g/h", "file\n");
    pond.ok(&["stash", "-u"]);
    assert_eq!((pond.status().len(), pond.read("g/h/i").as_str()), (0, "i\n"));
    pond.ok(&["stash", "pop"]);
    assert_eq!(
        (pond.status(), pond.read("g/h").as_str()),
        (vec![" D g/h/i".to_owned(), "?? g/h".to_owned()], "file\n")
    );
    pond.ok(&["undo"]);
    assert_eq!(pond.read("g/h/i"), "i\n");
    // What nobody stored stays in the way.
    pond.write("g/h/other", "mine\n");
    pond.fails(&["stash", "pop"], 1).expect_says("g/h");
    assert_eq!(pond.read("g/h/other"), "mine\n");
}

#[test]
fn what_is_staged_and_what_has_its_place_come_back_both() {
    let pond = TestPond::new();
    pond.write("b/b", "b\n");
    pond.write("n", "n\n");
    pond.commit_all("one");
    pond.remove("b/b");
    pond.write("b/b/c", "staged\n");
    pond.ok(&["add", "-A"]);
    std::fs::remove_dir_all(pond.path("b")).expect("removed");
    pond.link("n", "b");
    let before = pond.status();
    assert_eq!(before, ["D  b/b", "AD b/b/c", "?? b"]);
    pond.ok(&["stash", "-u"]);
    assert_eq!((pond.status(), pond.read("b/b").as_str()), (vec![], "b\n"));
    pond.ok(&["stash", "pop", "--index"]);
    assert_eq!((pond.status(), pond.read("b").as_str()), (before, "n\n"));
    for _ in 0..2 {
        pond.ok(&["undo"]);
    }
    assert_eq!(pond.status(), ["D  b/b", "AD b/b/c", "?? b"]);
}
