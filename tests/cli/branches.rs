//! Branches: made, listed, renamed, deleted.

use crate::harness::TestPond;

/// Three commits; `old` is at the first, `side` has one of its own.
fn three() -> TestPond {
    let pond = TestPond::new();
    for number in 1..=3 {
        pond.write("a", format!("{number}\n"));
        pond.commit_all(&format!("number {number}"));
    }
    pond.ok(&["branch", "old", "HEAD~2"]);
    let side = pond.run(&["commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "aside"]).expect_code(0).line();
    pond.ok(&["branch", "side", &side]);
    pond
}

#[test]
fn branches_are_listed_and_the_current_one_has_a_star() {
    let pond = three();
    assert_eq!(pond.lines(&["branch"]), ["* main", "  old", "  side"]);
    let [main, old, side] = ["main", "old", "side"].map(|name| pond.id(name)[..10].to_owned());
    assert_eq!(
        pond.lines(&["branch", "-v"]),
        [format!("* main {main} number 3"), format!("  old  {old} number 1"), format!("  side {side} aside")]
    );
    assert_eq!(pond.lines(&["branch", "--show-current"]), ["main"]);
    assert_eq!(pond.lines(&["branch", "--list", "s*", "o?d"]), ["  old", "  side"]);
    assert_eq!(pond.lines(&["branch", "--contains", "HEAD~1"]), ["* main", "  side"]);
    assert_eq!(pond.lines(&["branch", "--no-contains"]), ["  old"]);
    assert_eq!(pond.lines(&["branch", "--merged"]), ["* main", "  old"]);
    assert_eq!(pond.lines(&["branch", "--no-merged"]), ["  side"]);
    assert_eq!(pond.lines(&["branch", "--points-at", "HEAD"]), ["* main"]);
    assert_eq!(pond.lines(&["branch", "--sort=committerdate"])[0], "  old");
    assert_eq!(pond.lines(&["branch", "--sort=-refname"]), ["  side", "  old", "* main"]);
    assert_eq!(pond.lines(&["branch", "--format=%(HEAD)%(refname:short)"]), ["*main", " old", " side"]);
    assert_eq!(pond.lines(&["branch", "-r"]), [""; 0]);
    pond.ok(&["checkout", "--detach", "old"]);
    assert_eq!(pond.lines(&["branch"])[0], format!("* (HEAD detached at {old})"));
    assert_eq!(pond.ok(&["branch", "--show-current"]), "");
    let row: serde_json::Value =
        serde_json::from_str(pond.ok(&["branch", "--json", "--list", "old"]).trim()).expect("JSON");
    assert_eq!((row["ref"].as_str(), row["subject"].as_str()), (Some("refs/heads/old"), Some("number 1")));
}

#[test]
fn making_a_branch_leaves_head_where_it_is() {
    let pond = three();
    let head = pond.id("HEAD");
    pond.ok(&["branch", "new"]);
    assert_eq!(
        (pond.id("new"), pond.lines(&["branch", "--show-current"])),
        (head.clone(), vec!["main".into()])
    );
    pond.fails(&["branch", "new", "old"], 128).expect_says("already exists");
    pond.ok(&["branch", "-f", "new", "old"]);
    assert_eq!(pond.id("new"), pond.id("old"));
    pond.fails(&["branch", "-f", "main", "old"], 128).expect_says("HEAD is on it");
    assert_eq!(pond.id("main"), head);
    pond.fails(&["branch", "x", "nowhere"], 128).expect_says("nowhere");
    pond.fails(&["branch", "x", "HEAD^{tree}"], 128);
    for bad in ["a b", "-x", "a..b", "HEAD", "a.lock", "refs/heads/x"] {
        let refused = pond.run(&["branch", "--", bad]).expect_no_panic();
        assert!(matches!(refused.code, 128 | 129), "{refused}");
    }
    assert_eq!(pond.lines(&["branch"]).len(), 4);
}

#[test]
fn a_name_and_a_directory_of_names_exclude_each_other() {
    let pond = three();
    pond.ok(&["branch", "site/north"]);
    pond.fails(&["branch", "site"], 128).expect_says("cannot be both");
    pond.fails(&["branch", "site/north/well"], 128).expect_says("cannot be both");
    pond.ok(&["tag", "site"]);
    pond.ok(&["branch", "-m", "site/north", "site"]);
    pond.ok(&["branch", "-m", "site", "site/south"]);
    assert_eq!(pond.lines(&["branch", "--list", "site*"]), ["  site/south"]);
}

#[test]
fn renaming_takes_head_along() {
    let pond = three();
    let head = pond.id("HEAD");
    pond.write("a", "staged\n");
    pond.ok(&["add", "a"]);
    pond.ok(&["branch", "-m", "trunk"]);
    assert_eq!(pond.lines(&["branch", "--show-current"]), ["trunk"]);
    assert_eq!((pond.id("trunk"), pond.id("HEAD")), (head.clone(), head));
    assert_eq!(pond.status(), ["M  a"]);
    pond.ok(&["commit", "-m", "number 4"]);
    assert_eq!(pond.id("trunk"), pond.id("HEAD"));
    pond.fails(&["branch", "-m", "trunk", "old"], 128).expect_says("already exists");
    pond.ok(&["branch", "-M", "trunk", "old"]);
    assert_eq!(pond.lines(&["branch"]), ["* old", "  side"]);
    pond.fails(&["branch", "-M", "side", "old"], 128).expect_says("HEAD is on it");
    pond.ok(&["branch", "-c", "side", "copy"]);
    assert_eq!(pond.id("copy"), pond.id("side"));
    pond.fails(&["branch", "-m", "nowhere", "x"], 128).expect_says("no branch named");
}

#[test]
fn the_branch_before_the_first_commit_can_be_renamed() {
    let pond = TestPond::new();
    assert_eq!(pond.ok(&["branch"]), "");
    pond.fails(&["branch", "x"], 128);
    pond.ok(&["branch", "-m", "trunk"]);
    assert_eq!(pond.lines(&["branch", "--show-current"]), ["trunk"]);
    pond.write("a", "1\n");
    pond.commit_all("first");
    assert_eq!(pond.lines(&["branch"]), ["* trunk"]);
}

#[test]
fn deleting_asks_whether_head_has_the_commits() {
    let pond = three();
    let side = pond.id("side");
    let refused = pond.run(&["branch", "-d", "old", "side", "main", "nowhere"]).expect_failure(1);
    assert_eq!(refused.out(), format!("Deleted branch old (was {}).\n", &pond.id("HEAD~2")[..10]));
    let words = refused.err();
    for word in
        ["'side' is not fully merged", "'main': HEAD is on it", "'nowhere' not found", "brings it back"]
    {
        assert!(words.contains(word), "{word}\n{words}");
    }
    pond.run(&["branch", "-D", "side"]).expect_code(0).expect_says("brings it back");
    assert_eq!(pond.lines(&["branch"]), ["* main"]);
    pond.ok(&["branch", "side", &side[..10]]);
    assert_eq!(pond.id("side"), side);
}

#[test]
fn a_rename_is_no_switch() {
    let pond = three();
    pond.ok(&["switch", "-c", "before"]);
    pond.ok(&["switch", "main"]);
    pond.ok(&["branch", "-m", "trunk"]);
    pond.run(&["switch", "-"]).expect_code(0).expect_says("'before'");
    pond.run(&["switch", "-"]).expect_code(0).expect_says("'trunk'");
    assert_eq!(pond.ok(&["rev-parse", "--abbrev-ref", "@{-2}"]).trim(), "trunk");
    // Where HEAD was is known by its present name, whoever renamed it.
    pond.ok(&["branch", "-m", "before", "after"]);
    pond.run(&["switch", "-"]).expect_code(0).expect_says("'after'");
    pond.ok(&["undo"]);
    pond.ok(&["undo"]);
    pond.run(&["switch", "-"]).expect_code(0).expect_says("'before'");
}
