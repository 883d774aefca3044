//! Merges, cherry-picks and reverts that stop on the way: what waits then, and how it ends.

use crate::merge::{Pair, lines};

/// `a` changed in one line on `main` and on `side`, which goes on with `commits` files of their own.
fn collision(pair: &Pair, commits: &[&str]) {
    pair.write("a", lines(&[]));
    pair.write("b", "1\n");
    pair.commit("base");
    pair.both(&["checkout", "-q", "-b", "side"]);
    pair.write("a", lines(&[(5, "theirs")]));
    pair.commit("theirs");
    for name in commits {
        pair.write(name, "new\n");
        pair.commit(name);
    }
    pair.both(&["checkout", "-q", "main"]);
    pair.write("a", lines(&[(5, "ours")]));
    pair.commit("ours");
}

#[test]
fn conflicts_outlive_what_is_forgotten() {
    let Some(pair) = Pair::new() else { return };
    collision(&pair, &["later"]);
    for begin in [&["merge", "side"][..], &["cherry-pick", "side~1", "side"], &["revert", "side~1"]] {
        assert!(!pair.both(begin));
        assert!(pair.both(&[begin[0], "--quit"]));
        assert_eq!(pair.unmerged(), ["UU a"]);
        pair.pond.fails(&["commit", "-qm", "markers"], 1).expect_says("in conflict");
        pair.pond.fails(&["commit", "-qam", "markers"], 1).expect_says("in conflict");
        pair.pond.fails(&["merge", "side"], 128).expect_says("some paths are still in conflict");
        for end in ["--continue", "--abort", "--quit"] {
            pair.pond.fails(&[begin[0], end], 128).expect_says("under way");
        }
        assert!(!pair.pond.ok(&["status"]).contains("under way"));
        assert!(pair.pond.ok(&["status", "--json"]).contains("\"doing\": null"));
        // What was forgotten comes back, and can be given up.
        pair.pond.ok(&["undo"]);
        assert_eq!(pair.unmerged_of_pond(), ["UU a"]);
        pair.pond.ok(&[begin[0], "--abort"]);
        assert!(pair.pond.status().is_empty());
        pair.git(&["reset", "-q", "--hard"]);
    }
    pair.both(&["merge", "side"]);
    pair.both(&["merge", "--quit"]);
    pair.write("a", lines(&[(5, "both")]));
    pair.both(&["add", "a"]);
    assert!(pair.both(&["commit", "-q", "-m", "one parent"]));
    assert_eq!(pair.pond.lines(&["log", "-1", "--format=%p"])[0].split(' ').count(), 1);
    pair.compare("after the commit");
    // Where none are left, nothing is.
    assert!(pair.both(&["merge", "--no-commit", "-X", "theirs", "side"]));
    assert!(pair.both(&["merge", "--quit"]));
    assert!(pair.both(&["commit", "-q", "-m", "staged"]));
    assert_eq!(pair.pond.status(), Vec::<String>::new());
}

#[test]
fn commits_that_change_nothing_are_not_made_silently() {
    let Some(pair) = Pair::new() else { return };
    collision(&pair, &["one", "two", "three"]);
    let subjects = || {
        let (_, git) = pair.git(&["log", "--format=%s"]);
        assert_eq!(pair.pond.lines(&["log", "--format=%s"]), git.lines().collect::<Vec<_>>());
        git.lines().next().expect("a commit").to_owned()
    };
    assert!(pair.both(&["cherry-pick", "side~1"]));
    let picked = pair.pond.history();
    assert!(!pair.both(&["cherry-pick", "side~3..side"]));
    assert_eq!(subjects(), "one");
    assert!(pair.pond.ok(&["status"]).contains("is left to be committed"));
    assert!(!pair.both(&["cherry-pick", "--continue"]));
    assert!(pair.both(&["cherry-pick", "--skip"]));
    assert_eq!(subjects(), "three");
    pair.pond.ok(&["undo"]);
    pair.pond.ok(&["cherry-pick", "--abort"]);
    assert_eq!(pair.pond.history(), picked);
    pair.git(&["reset", "-q", "--hard", "HEAD~2"]);
    // Recorded all the same.
    assert!(!pair.both(&["cherry-pick", "side~3..side"]));
    pair.both(&["commit", "-q", "--allow-empty", "-m", "kept"]);
    assert!(pair.both(&["cherry-pick", "--continue"]));
    assert_eq!(subjects(), "three");
    // The last of several waits too.
    assert!(!pair.both(&["revert", "--no-edit", "HEAD", "HEAD~1"]));
    assert_eq!(subjects(), "Revert \"three\"");
    assert!(pair.both(&["revert", "--abort"]));
    assert_eq!(subjects(), "three");
    assert!(pair.both(&["revert", "--no-edit", "HEAD"]));
    assert!(!pair.both(&["revert", "--no-edit", "HEAD~1", "HEAD~2", "HEAD~3"]));
    assert!(!pair.both(&["revert", "--skip"]), "nothing is left of the next either");
    assert!(pair.both(&["revert", "--skip"]));
    subjects();
    assert!(pair.pond.status().is_empty());
}

#[test]
fn what_changes_nothing_is_said_for_each_command() {
    let Some(pair) = Pair::new() else { return };
    collision(&pair, &["one"]);
    pair.both(&["checkout", "-q", "side"]);
    let picked = pair.pond.fails(&["cherry-pick", "HEAD"], 1).expect_says("what it would bring");
    picked.expect_says("--allow-empty");
    pair.both(&["revert", "--no-edit", "HEAD"]);
    let reverted = pair.pond.fails(&["revert", "HEAD~1"], 1).expect_says("nothing of what it brought");
    assert!(!reverted.err().contains("--allow-empty"), "{reverted}");
    assert!(!pair.both(&["revert", "HEAD~1"]));
    assert!(!pair.pond.ok(&["status"]).contains("under way"));
}

#[test]
fn what_is_staged_only_leaves_no_sequence() {
    let Some(pair) = Pair::new() else { return };
    collision(&pair, &["later"]);
    pair.write("b", "staged\n");
    pair.both(&["add", "b"]);
    let head = pair.pond.history();
    assert!(!pair.both(&["cherry-pick", "-n", "side~1"]));
    assert_eq!(pair.unmerged(), ["UU a"]);
    let status = pair.pond.ok(&["status"]);
    assert!(!status.contains("under way"), "{status}");
    pair.pond.fails(&["commit", "-m", "no"], 1).expect_says("in conflict");
    pair.write("a", lines(&[(5, "both")]));
    pair.both(&["add", "a"]);
    assert!(!pair.both(&["cherry-pick", "--continue"]));
    assert_eq!(pair.pond.history(), head);
    assert_eq!(pair.pond.status(), ["M  a", "M  b"]);
    pair.pond.ok(&["reset", "-q", "--hard"]);
    pair.pond.fails(&["revert", "-n", "side~1", "side"], 1).expect_says("1 commit after it");
    assert_eq!((pair.unmerged_of_pond(), pair.pond.exists("later")), (vec!["UU a".to_owned()], false));
    pair.pond.ok(&["undo"]);
    assert!(pair.pond.status().is_empty());
}

#[test]
fn going_back_needs_head_where_it_was() {
    let Some(pair) = Pair::new() else { return };
    collision(&pair, &["later"]);
    let pond = &pair.pond;
    for picked in [&["cherry-pick", "side~1"][..], &["cherry-pick", "side", "side~1"], &["merge", "side"]] {
        pond.fails(picked, 1);
        let waiting = pond.history();
        pond.ok(&["update-ref", "refs/heads/main", "side"]);
        let refused = pond.fails(&[picked[0], "--abort"], 1).expect_says("up: HEAD has moved since");
        refused.expect_says(&format!("'pond {} --quit'", picked[0]));
        if picked[0] == "cherry-pick" {
            pond.fails(&["cherry-pick", "--skip"], 1).expect_says("can't leave the commit out");
        }
        assert_eq!(pair.unmerged_of_pond(), ["UU a"]);
        // Where HEAD is back, it can be given up.
        pond.ok(&["update-ref", "refs/heads/main", &waiting[0]]);
        pond.ok(&[picked[0], "--abort"]);
        assert!(pond.status().is_empty());
    }
    pond.fails(&["merge", "side"], 1);
    pond.ok(&["update-ref", "refs/heads/main", "side"]);
    pond.ok(&["merge", "--quit"]);
    assert_eq!(pair.unmerged_of_pond(), ["UU a"]);
}

#[test]
fn one_commit_is_merged_at_a_time() {
    let Some(pair) = Pair::new() else { return };
    collision(&pair, &[]);
    let before = pair.pond.history();
    let refused =
        pair.pond.fails(&["merge", "side", "side~1"], 129).expect_says("one commit is merged at a time");
    refused.expect_says("'pond merge side', 'pond merge side~1'");
    assert_eq!((pair.pond.history(), pair.pond.status()), (before, Vec::<String>::new()));
}

#[test]
fn what_is_staged_is_merged_with_and_not_replaced() {
    let Some(pair) = Pair::new() else { return };
    pair.write("a", lines(&[]));
    pair.commit("base");
    pair.both(&["checkout", "-q", "-b", "side"]);
    pair.write("a", lines(&[(5, "one")]));
    pair.commit("one");
    pair.write("a", lines(&[(5, "one"), (15, "two")]));
    pair.write("new", "two\n");
    pair.commit("two");
    pair.both(&["checkout", "-q", "main"]);
    // Each is staged over the one before it.
    assert!(pair.both(&["cherry-pick", "-n", "side~1", "side"]));
    assert_eq!(pair.pond.read("a"), lines(&[(5, "one"), (15, "two")]));
    assert!(pair.both(&["revert", "-n", "side"]));
    assert_eq!((pair.pond.status(), pair.pond.exists("new")), (vec!["M  a".to_owned()], false));
    pair.both(&["reset", "-q", "--hard"]);
    // So it is over what was staged by hand, renamed files included.
    pair.both(&["mv", "a", "b"]);
    pair.write("b", lines(&[(25, "staged")]));
    pair.both(&["add", "b"]);
    assert!(pair.both(&["cherry-pick", "-n", "side~1"]));
    assert_eq!(pair.pond.read("b"), lines(&[(5, "one"), (25, "staged")]));
    pair.write("b", lines(&[(15, "mine")]));
    pair.both(&["add", "b"]);
    assert!(!pair.both(&["cherry-pick", "-n", "side"]));
    assert_eq!(pair.unmerged(), ["UU b"]);
}
