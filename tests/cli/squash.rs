//! `merge --squash`: what it stages, what it leaves to be decided, and the message that the next commit takes.

use crate::merge::{Pair, files, lines};

/// `side` with two commits and a merge, which collides with `main` where `collides` says so.
fn two_branches(pair: &Pair, collides: bool) {
    pair.write("a", lines(&[]));
    pair.commit("base");
    pair.both(&["branch", "other"]);
    pair.both(&["checkout", "-q", "-b", "side"]);
    pair.write("a", lines(&[(5, "theirs")]));
    pair.commit("one\n\nbody of it\nmore");
    pair.both(&["checkout", "-q", "other"]);
    pair.write("b", "1\n");
    pair.commit("two");
    pair.both(&["checkout", "-q", "side"]);
    pair.both(&["merge", "-q", "--no-edit", "other"]);
    pair.both(&["checkout", "-q", "main"]);
    pair.write("a", lines(&[(if collides { 5 } else { 20 }, "ours")]));
    pair.commit("ours");
}

/// The last commit's message, ids replaced and lines in order, since authors and times are others; and how many parents it has.
fn last(pair: &Pair) -> [(String, usize); 2] {
    let numbered = |text: String| {
        let (parents, message) = text.split_once('\n').expect("two lines");
        let word = |word: &str| match word.len() >= 7 && word.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            true => "ID".to_owned(),
            false => word.to_owned(),
        };
        let is_same = |line: &&str| {
            !["#", "Author: ", "Date: "].iter().any(|start| line.starts_with(start)) && !line.is_empty()
        };
        let lines = message.trim_end().lines().filter(is_same);
        let mut lines: Vec<String> =
            lines.map(|line| line.split(' ').map(word).collect::<Vec<_>>().join(" ")).collect();
        lines[1..].sort();
        (lines.join("\n"), parents.split_whitespace().count())
    };
    let args = ["log", "-1", "--format=%P%n%B"];
    [pair.pond.ok(&args), pair.git(&args).1].map(numbered)
}

#[test]
fn nothing_waits_but_conflicts() {
    let Some(pair) = Pair::new() else { return };
    two_branches(&pair, true);
    let before = files(&pair.pond.mirror());
    assert!(!pair.both(&["merge", "--squash", "side"]));
    assert_eq!(pair.unmerged(), ["UU a"]);
    let status = pair.pond.ok(&["status"]);
    assert!(status.contains("both modified") && !status.contains("under way"), "{status}");
    assert!(pair.pond.ok(&["status", "--json"]).contains("\"doing\": null"));
    for refused in
        [&["merge", "--abort"][..], &["merge", "--continue"], &["merge", "other"], &["switch", "other"]]
    {
        assert!(!pair.both(refused), "{refused:?}");
    }
    assert!(!pair.both(&["commit", "-q", "-m", "markers"]));
    pair.write("a", lines(&[(5, "both")]));
    pair.both(&["add", "a"]);
    assert!(pair.pond.ok(&["status", "--json"]).contains("\"doing\": null"));
    assert!(pair.both(&["commit", "-q", "--no-edit"]));
    let [pond, git] = last(&pair);
    assert_eq!(pond, git);
    assert!(pond.0.starts_with("Squashed commit of the following:\n") && pond.1 == 1, "{pond:?}");
    // The message went with the commit.
    assert!(!pair.both(&["commit", "-q", "--allow-empty", "--no-edit"]));
    // All of it can be taken back, the message too.
    pair.pond.ok(&["undo"]);
    pair.pond.ok(&["commit", "-q", "--no-edit"]);
    assert_eq!(last(&pair)[0], pond);
    pair.pond.ok(&["undo"]);
    pair.pond.ok(&["undo", "-f"]);
    assert_eq!((files(&pair.pond.mirror()), pair.pond.status()), (before, vec![]));
    pair.pond.fails(&["commit", "-q", "--allow-empty", "--no-edit"], 1);
}

#[test]
fn what_goes_together_is_staged_with_a_message() {
    let Some(pair) = Pair::new() else { return };
    two_branches(&pair, false);
    assert!(pair.both(&["merge", "--squash", "side"]));
    assert!(pair.both(&["commit", "-q", "--no-edit"]));
    let [pond, git] = last(&pair);
    assert_eq!(pond, git);
    assert_eq!(pond.1, 1);
    // Whoever gives it up has no use for the message.
    for given_up in [&["reset", "-q", "--hard"][..], &["stash", "-q"]] {
        pair.both(&["reset", "-q", "--hard", "HEAD~1"]);
        assert!(pair.both(&["merge", "--squash", "side"]));
        assert!(pair.both(given_up));
        assert!(!pair.both(&["commit", "-q", "--allow-empty", "--no-edit"]), "{given_up:?}");
        pair.both(&["commit", "-q", "--allow-empty", "-m", "nothing"]);
    }
    // Who says what it is about is heard.
    pair.pond.ok(&["merge", "--squash", "-q", "-m", "all of it", "side"]);
    pair.pond.ok(&["commit", "-q", "--no-edit"]);
    assert_eq!(pair.pond.ok(&["log", "-1", "--format=%B"]).trim_end(), "all of it");
}

#[test]
fn a_pick_that_became_empty_is_said_to_be() {
    let Some(pair) = Pair::new() else { return };
    two_branches(&pair, true);
    assert!(!pair.both(&["cherry-pick", "side~1"]));
    pair.write("a", lines(&[(5, "ours")]));
    pair.both(&["add", "a"]);
    let status = pair.pond.ok(&["status"]);
    assert!(status.contains("nothing of it is left to be committed"), "{status}");
    assert!(
        status.contains("'pond cherry-pick --skip'")
            && status.ends_with("\nnothing to commit, mirror clean\n")
    );
    pair.pond.fails(&["commit", "-m", "none"], 1).expect_says("nothing is left").expect_says("--skip");
    assert!(pair.both(&["commit", "-q", "--allow-empty", "-m", "none"]));
    assert_eq!(pair.pond.ok(&["status"]), "On branch main\nnothing to commit, mirror clean\n");
}
