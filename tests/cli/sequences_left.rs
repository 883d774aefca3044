//! What is left of cherry-picks and reverts that stop between two commits, and what was said about all of them.

use crate::harness::TestPond;
use crate::killed_sequences::left;
use crate::merge::{Pair, lines};

/// `side` with commits that make files of these names, and `main` before it.
fn apart(pair: &Pair, commits: &[&str]) {
    pair.write("a", lines(&[]));
    pair.commit("base");
    pair.both(&["checkout", "-q", "-b", "side"]);
    for name in commits {
        pair.write(name, "new\n");
        pair.commit(name);
    }
    pair.both(&["checkout", "-q", "main"]);
}

fn subjects(pair: &Pair) -> Vec<String> {
    pair.pond.lines(&["log", "--format=%s"])
}

/// The same where git has them as well.
#[track_caller]
fn same_subjects(pair: &Pair) -> Vec<String> {
    let (_, git) = pair.git(&["log", "--format=%s"]);
    let subjects = subjects(pair);
    assert_eq!(subjects, git.lines().collect::<Vec<_>>());
    subjects
}

/// The messages of the newest commits, ids of commits and people taken out.
fn messages(pair: &Pair, count: &str) -> [String; 2] {
    let args = ["log", "--format=%B", count];
    let plain = |text: String| -> String {
        let word = |word: &str| match word.trim_end_matches([')', '.']) {
            id if id.len() >= 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) => "ID".to_owned(),
            _ => word.to_owned(),
        };
        let line = |line: &str| match line.split_once("Signed-off-by: ") {
            Some(_) => "Signed-off-by\n".to_owned(),
            None => line.split(' ').map(word).collect::<Vec<_>>().join(" ") + "\n",
        };
        text.lines().map(line).collect()
    };
    [plain(pair.pond.ok(&args)), plain(pair.git(&args).1)]
}

#[test]
fn a_commit_that_does_not_go_leaves_the_rest() {
    let Some(pair) = Pair::new() else { return };
    apart(&pair, &["one", "two", "three"]);
    let before = pair.pond.history();
    let picks = ["cherry-pick", "side~3..side"];
    // The first: nothing was changed, and nothing waits.
    pair.pond.write("one", "mine\n");
    let refused = pair.pond.fails(&picks, 1);
    assert!(
        refused.err().contains("nothing was changed") && !refused.err().contains("--continue"),
        "{refused}"
    );
    assert_eq!((left(&pair.pond), pair.pond.history()), (None, before.clone()));
    pair.pond.remove("one");
    // The second.
    for end in ["--abort", "--quit", "--skip"] {
        pair.write("two", "mine\n");
        assert!(!pair.both(&picks));
        assert_eq!((left(&pair.pond), same_subjects(&pair)[0].as_str()), (Some(2), "one"));
        let status = pair.pond.ok(&["status"]);
        assert!(status.contains("A cherry-pick is under way: 2 commits left, the next is "), "{status}");
        assert!(status.contains("--skip leaves the next out"), "{status}");
        pair.pond.fails(&["cherry-pick", "side"], 128).expect_says("under way");
        pair.pond.fails(&["revert", "--continue"], 128).expect_says("not a revert");
        assert!(pair.both(&["cherry-pick", end]));
        assert_eq!(left(&pair.pond), None);
        let expected = match end {
            "--abort" => &["base"][..],
            "--quit" => &["one", "base"],
            _ => &["three", "one", "base"],
        };
        assert_eq!(same_subjects(&pair), expected);
        assert_eq!(pair.pond.status(), ["?? two"]);
        pair.both(&["reset", "-q", "--hard", "side~3"]);
        pair.remove("two");
    }
    // Going on picks the one that did not go (git passes it over).
    pair.pond.write("two", "mine\n");
    let refused = pair.pond.fails(&picks, 1).expect_says("would be overwritten");
    refused
        .expect_says("nothing more was changed")
        .expect_says("2 commits left, the next is ")
        .expect_says("'pond cherry-pick --continue' goes on");
    pair.pond.fails(&["cherry-pick", "--continue"], 1).expect_says("2 commits left");
    pair.pond.ok(&["stash", "-u"]);
    pair.pond.ok(&["cherry-pick", "--continue"]);
    assert_eq!(subjects(&pair), ["three", "two", "one", "base"]);
    pair.pond.fails(&["cherry-pick", "--abort"], 128).expect_says("no cherry-pick is under way");
    // What was typed is taken back, one command after the other.
    pair.pond.ok(&["undo"]);
    assert_eq!((left(&pair.pond), subjects(&pair)), (Some(2), vec!["one".to_owned(), "base".to_owned()]));
    pair.pond.ok(&["cherry-pick", "--quit"]);
    assert_eq!(left(&pair.pond), None);
    pair.pond.ok(&["undo"]);
    pair.pond.ok(&["cherry-pick", "--skip"]);
    assert_eq!(subjects(&pair), ["three", "one", "base"]);
    pair.pond.ok(&["undo"]);
    pair.pond.ok(&["cherry-pick", "--abort"]);
    assert_eq!((left(&pair.pond), pair.pond.history()), (None, before));
    assert!(pair.pond.status().is_empty());
}

#[test]
fn a_commit_of_ones_own_is_not_given_up_with_the_rest() {
    let Some(pair) = Pair::new() else { return };
    apart(&pair, &["one", "two", "three"]);
    pair.write("two", "mine\n");
    assert!(!pair.both(&["cherry-pick", "side~3..side"]));
    pair.write("own", "1\n");
    pair.both(&["add", "own"]);
    pair.both(&["commit", "-q", "-m", "own"]);
    assert_eq!(left(&pair.pond), Some(2));
    // git says so, and ends well.
    pair.pond.fails(&["cherry-pick", "--abort"], 1).expect_says("HEAD has moved");
    pair.remove("two");
    pair.pond.ok(&["cherry-pick", "--continue"]);
    assert_eq!(subjects(&pair), ["three", "two", "own", "one", "base"]);
}

#[test]
fn a_commit_that_was_made_by_hand_is_not_left_out() {
    let Some(pair) = Pair::new() else { return };
    apart(&pair, &["one", "a", "three"]);
    pair.write("a", lines(&[(5, "ours")]));
    pair.commit("ours");
    assert!(!pair.both(&["cherry-pick", "side~3..side"]));
    assert!(pair.pond.ok(&["status"]).contains("1 commit after it"));
    pair.write("a", "both\n");
    pair.both(&["add", "a"]);
    pair.both(&["commit", "-q", "-m", "by hand"]);
    assert!(!pair.both(&["cherry-pick", "--skip"]));
    assert_eq!((left(&pair.pond), same_subjects(&pair)[0].as_str()), (Some(1), "by hand"));
    assert!(!pair.pond.ok(&["status"]).contains("--skip"));
    // One that was tried and did not go can be.
    pair.pond.write("three", "mine\n");
    pair.pond.fails(&["cherry-pick", "--continue"], 1).expect_says("--skip leaves that one out");
    assert!(pair.pond.ok(&["status"]).contains("--skip leaves the next out"));
    pair.pond.ok(&["cherry-pick", "--skip"]);
    assert_eq!((left(&pair.pond), subjects(&pair)[0].as_str()), (None, "by hand"));
    pair.pond.ok(&["undo"]);
    pair.pond.remove("three");
    assert!(pair.both(&["cherry-pick", "--continue"]));
    assert_eq!(same_subjects(&pair), ["three", "by hand", "one", "ours", "base"]);
}

#[test]
fn what_is_staged_beside_it_keeps_no_commit_from_being_left_out() {
    let Some(pair) = Pair::new() else { return };
    apart(&pair, &["one", "a", "three", "four"]);
    pair.write("a", lines(&[(5, "ours")]));
    pair.commit("ours");
    let (pond, before) = (&pair.pond, pair.pond.history());
    let picks = ["cherry-pick", "side~4..side"];
    // Not decided, and something else is staged, which the mirror still has then.
    pond.fails(&picks, 1);
    pond.write("new/own", "1\n");
    pond.write("one", "mine\n");
    pond.ok(&["add", "new", "one"]);
    pond.fails(&["cherry-pick", "--continue"], 1).expect_says("still in conflict");
    let skipped = pond.run(&["cherry-pick", "--skip"]).expect_code(0);
    skipped.expect_says("was staged, and is not any more").expect_says("new/own");
    assert_eq!(subjects(&pair)[..3], ["four", "three", "one"]);
    assert_eq!((left(pond), pond.status()), (None, vec![" M one".to_owned(), "?? new/".to_owned()]));
    assert_eq!((pond.read("new/own"), pond.read("one")), ("1\n".to_owned(), "mine\n".to_owned()));
    // It is one command, which is taken back whole.
    pond.ok(&["undo"]);
    assert_eq!((left(pond), subjects(&pair)[0].as_str()), (Some(2), "one"));
    assert_eq!(pond.status(), ["UU a", "A  new/own", "M  one"]);
    pond.ok(&["cherry-pick", "--abort"]);
    assert_eq!(pond.history(), before);
    pond.ok(&["reset", "-q", "--hard"]);
    // Committed by hand, and something is staged for a commit of its own.
    pond.fails(&picks, 1);
    pond.write("a", "both\n");
    pond.ok(&["add", "a"]);
    pond.ok(&["commit", "-q", "-m", "by hand"]);
    pond.write("own", "1\n");
    pond.ok(&["add", "own"]);
    pond.fails(&["cherry-pick", "--continue"], 1).expect_says("--skip leaves that one out");
    pond.ok(&["cherry-pick", "--skip"]);
    assert_eq!(subjects(&pair)[..3], ["four", "by hand", "one"]);
    assert_eq!(pond.status(), ["?? own"]);
    pond.ok(&["undo"]);
    assert_eq!((left(pond), pond.status()), (Some(2), vec!["A  own".to_owned()]));
    pond.ok(&["cherry-pick", "--abort"]);
    assert_eq!((left(pond), pond.history()), (None, before));
    assert_eq!(pond.status(), ["A  own"]);
}

#[test]
fn what_was_said_holds_for_the_commits_after_a_conflict() {
    let Some(pair) = Pair::new() else { return };
    apart(&pair, &["one", "a", "three"]);
    pair.write("a", lines(&[(5, "ours")]));
    pair.commit("ours");
    assert!(!pair.both(&["cherry-pick", "-x", "-s", "side~3..side"]));
    pair.write("a", "both\n");
    pair.both(&["add", "a"]);
    for option in ["-x", "-s", "-n", "-Xours", "-m1"] {
        assert!(!pair.both(&["cherry-pick", option, "--continue"]));
    }
    pair.pond.fails(&["cherry-pick", "-x", "--continue"], 129).expect_says("cannot be used with");
    assert!(pair.both(&["cherry-pick", "--continue"]));
    let [pond, git] = messages(&pair, "-3");
    assert_eq!(pond, git);
    assert_eq!(pond.matches("(cherry picked from commit").count(), 3);
    assert_eq!(pond.matches("Signed-off-by").count(), 3);
    // Reverted, and made by hand in between.
    pair.write("three", "changed\n");
    pair.commit("changed");
    assert!(!pair.both(&["revert", "-s", "--no-edit", "HEAD~1", "HEAD~2"]));
    pair.both(&["rm", "-q", "-f", "three"]);
    pair.both(&["commit", "-q", "-m", "by hand"]);
    assert!(pair.both(&["revert", "--continue"]));
    let [pond, git] = messages(&pair, "-1");
    assert_eq!(pond, git);
    assert!(pond.contains("Signed-off-by"));
}

#[test]
fn the_main_line_and_the_strategy_are_kept() {
    let Some(pair) = Pair::new() else { return };
    pair.write("a", lines(&[]));
    pair.write("gone", "1\n");
    pair.commit("base");
    pair.both(&["checkout", "-q", "-b", "side"]);
    for (name, text) in [("gone", "2\n".to_owned()), ("a", lines(&[(5, "theirs")]))] {
        pair.both(&["checkout", "-q", "-b", &format!("of-{name}")]);
        pair.write(name, text);
        pair.commit(name);
        pair.both(&["checkout", "-q", "side"]);
        pair.both(&["merge", "-q", "--no-ff", "-m", &format!("merge {name}"), &format!("of-{name}")]);
    }
    pair.both(&["checkout", "-q", "main"]);
    pair.write("a", lines(&[(5, "ours")]));
    pair.remove("gone");
    pair.commit("ours");
    assert!(!pair.both(&["cherry-pick", "-m", "1", "-X", "theirs", "side~1", "side"]));
    assert_eq!(pair.unmerged(), ["DU gone"]);
    pair.both(&["add", "gone"]);
    assert!(pair.both(&["cherry-pick", "--continue"]));
    assert_eq!(same_subjects(&pair), ["merge a", "merge gone", "ours", "base"]);
    assert_eq!(pair.pond.read("a"), lines(&[(5, "theirs")]));
}

#[test]
fn how_conflicts_are_shown_and_what_may_be_empty_is_kept() {
    let Some(pair) = Pair::new() else { return };
    apart(&pair, &["one", "a", "three"]);
    let pond = &pair.pond;
    pond.ok(&["cherry-pick", "side"]);
    pair.write("a", lines(&[(5, "ours")]));
    pond.ok(&["add", "-A"]);
    pond.ok(&["commit", "-qm", "ours"]);
    pond.fails(&["cherry-pick", "--allow-empty", "--conflict=diff3", "side~3..side"], 1);
    assert!(pond.read("a").contains("|||||||"));
    pair.write("a", "both\n");
    pond.ok(&["add", "a"]);
    // What is there already is committed all the same.
    pond.ok(&["cherry-pick", "--continue"]);
    assert_eq!(subjects(&pair)[..3], ["three", "a", "one"]);
    pond.ok(&["undo"]);
    pond.ok(&["cherry-pick", "--abort"]);
    assert_eq!(subjects(&pair)[0], "ours");
}

#[test]
fn what_is_only_staged_goes_on_too() {
    let Some(pair) = Pair::new() else { return };
    apart(&pair, &["one", "two", "three"]);
    let (pond, before) = (&pair.pond, pair.pond.history());
    pond.write("two", "mine\n");
    pond.fails(&["cherry-pick", "-n", "side~3..side"], 1).expect_says("2 commits left");
    assert_eq!((left(&pair.pond), pond.status()), (Some(2), vec!["A  one".to_owned(), "?? two".to_owned()]));
    pond.ok(&["cherry-pick", "--abort"]);
    assert_eq!((left(&pair.pond), pond.status()), (None, vec!["?? two".to_owned()]));
    pond.fails(&["cherry-pick", "-n", "side~3..side"], 1);
    pond.remove("two");
    pond.ok(&["cherry-pick", "--continue"]);
    assert_eq!(pond.status(), ["A  one", "A  three", "A  two"]);
    assert_eq!((left(&pair.pond), pond.history()), (None, before));
    pond.ok(&["undo"]);
    pond.ok(&["undo"]);
    assert!(pond.status().is_empty());
}

#[test]
fn going_on_that_is_taken_back_leaves_out_no_commit_by_mistake() {
    let pond = TestPond::new();
    for name in ["one", "two", "three"] {
        pond.write(name, "1\n");
        pond.commit_all(name);
    }
    pond.fails(&["cherry-pick", "HEAD", "HEAD~1"], 1);
    pond.ok(&["commit", "-q", "--allow-empty", "-m", "by hand"]);
    let before = pond.ok(&["status"]);
    pond.fails(&["cherry-pick", "--skip"], 1).expect_says("was committed");
    pond.fails(&["cherry-pick", "--continue"], 1).expect_says("changes nothing");
    pond.ok(&["undo"]);
    assert_eq!(pond.ok(&["status"]), before);
    pond.fails(&["cherry-pick", "--skip"], 1).expect_says("was committed");
}
