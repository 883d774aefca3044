//! A conflict that was decided about, and is written anew: beside git.

use crate::harness::TestPond;
use crate::merge::{Pair, two_branches};

/// Two branches in conflict about `f` and `g`, and a merge that waits.
fn merging() -> TestPond {
    let pond = TestPond::new();
    pond.write("f", "base\n");
    pond.write("g", "base\n");
    pond.commit_all("base");
    pond.ok(&["switch", "-q", "-c", "side"]);
    pond.write("f", "theirs\n");
    pond.write("g", "theirs\n");
    pond.commit_all("theirs");
    pond.ok(&["switch", "-q", "main"]);
    pond.write("f", "ours\n");
    pond.write("g", "ours\n");
    pond.commit_all("ours");
    pond.run(&["merge", "side"]).expect_code(1);
    pond
}

#[test]
fn a_conflict_that_was_decided_comes_back_as_in_git() {
    let Some(pair) = Pair::new() else { return };
    two_branches(&pair);
    assert!(!pair.both(&["merge", "side"]));
    let (unmerged, staged) = (pair.unmerged(), pair.pond.lines(&["ls-files", "-s", "text"]));
    for (decide, again) in [
        (&["add", "text"][..], &["checkout", "-m", "text"][..]),
        (&["add", "text"], &["restore", "-m", "text"]),
        (&["add", "text"], &["checkout", "--conflict=diff3", "--", "text"]),
        (&["rm", "-q", "-f", "text"], &["checkout", "-m", "--", "text"]),
        (&["reset", "-q", "--", "text"], &["checkout", "-m", "--", "text"]),
    ] {
        pair.write("text", "decided\n");
        assert!(pair.both(decide), "{decide:?}");
        assert_ne!(pair.unmerged(), unmerged, "{decide:?}");
        assert!(pair.both(again), "{again:?}");
        assert_eq!(pair.unmerged(), unmerged, "{again:?}");
        assert_eq!(pair.pond.lines(&["ls-files", "-s", "text"]), staged, "{again:?}");
        pair.compare(again[1]);
    }
}

#[test]
fn what_is_reopened_is_taken_back_and_decided_again() {
    let pond = merging();
    let (marked, in_conflict) = (pond.read("f"), pond.lines(&["ls-files", "-s"]));
    pond.write("f", "decided\n");
    pond.ok(&["add", "f"]);
    let decided = pond.lines(&["ls-files", "-s"]);
    assert_eq!(pond.status(), ["M  f", "UU g"]);
    pond.fails(&["commit", "-m", "early"], 1);
    // Written to a path that is still in conflict, nothing is reopened.
    pond.ok(&["checkout", "-m", "g"]);
    assert_eq!(pond.status(), ["M  f", "UU g"]);
    pond.ok(&["checkout", "-m", "f"]);
    assert_eq!(
        (pond.status(), pond.lines(&["ls-files", "-s"])),
        (vec!["UU f".into(), "UU g".into()], in_conflict)
    );
    assert_eq!(pond.read("f").lines().count(), marked.lines().count());
    assert!(pond.read("f").contains("=======\n"));
    pond.fails(&["commit", "-m", "early"], 1);
    pond.ok(&["undo"]);
    assert_eq!((pond.read("f"), pond.lines(&["ls-files", "-s"])), ("decided\n".into(), decided));
    pond.ok(&["redo"]);
    assert_eq!(pond.status(), ["UU f", "UU g"]);
    assert!(pond.read("f").contains("=======\n"));
    // With every path decided the merge still waits, and any of them can be reopened until it is committed.
    pond.write("f", "decided\n");
    pond.write("g", "decided\n");
    pond.ok(&["add", "."]);
    assert_eq!(pond.status(), ["M  f", "M  g"]);
    pond.ok(&["restore", "-m", "."]);
    assert_eq!(pond.status(), ["UU f", "UU g"]);
    pond.ok(&["add", "."]);
    pond.ok(&["commit", "-m", "merged"]);
    pond.write("f", "later\n");
    pond.ok(&["checkout", "-m", "f"]);
    assert_eq!((pond.status(), pond.lines(&["ls-files", "-u"])), (vec![], vec![]));
}
