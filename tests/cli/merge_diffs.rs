//! What `log`, `show` and `stash list` show of merges, of values that refs had, and of stashes: beside git.

use crate::merge::{Pair, lines};

/// A text with ids replaced, which are words of at least seven hexadecimal digits.
fn without_ids(text: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    for letter in text.chars().chain(['\n']) {
        if letter.is_ascii_alphanumeric() {
            word.push(letter);
            continue;
        }
        let is_id = word.len() >= 7 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        out.push_str(if is_id { "ID" } else { &word });
        out.push(letter);
        word.clear();
    }
    out
}

/// Expects the same text from both.
#[track_caller]
fn same(pair: &Pair, command: &str) -> String {
    let args: Vec<&str> = command.split_whitespace().collect();
    let pond = pair.pond.run(&args).expect_no_panic();
    let (pond, git) = (without_ids(&pond.out()), without_ids(&pair.git(&args).1));
    assert_eq!(pond, git, "{command}\npond:\n{pond}\ngit:\n{git}");
    git
}

/// A merge in which somebody changed more than was asked for, and a commit after it.
fn merged(pair: &Pair) {
    pair.write("a", lines(&[]));
    pair.commit("base");
    pair.both(&["checkout", "-q", "-b", "side"]);
    pair.write("a", lines(&[(3, "side")]));
    pair.write("s", "of the side\n");
    pair.commit("side");
    pair.both(&["checkout", "-q", "main"]);
    pair.write("a", lines(&[(28, "main")]));
    pair.write("m", "of main\n");
    pair.commit("main");
    pair.both(&["merge", "-q", "--no-edit", "--no-commit", "side"]);
    pair.write("a", lines(&[(3, "side"), (28, "main"), (30, "both")]));
    pair.both(&["add", "a"]);
    pair.both(&["commit", "-q", "-m", "merge"]);
    pair.write("p", "after\n");
    pair.commit("after");
}

#[test]
fn merges_are_compared_with_what_is_asked_for() {
    let Some(pair) = Pair::new() else { return };
    merged(&pair);
    for command in [
        "log -m --format=%s",
        "log -m -p --oneline -2",
        "log -c --oneline -2",
        "log --cc --oneline -2",
        "log --dd --oneline -2",
        "log --cc --stat --oneline -2",
        "log -c --raw --format=%s -2",
        "log --cc --name-status --format=%s -2",
        "log -m --name-status --format=%s -2",
        "log -m -s --oneline -2",
        "log -m --cc --oneline -2",
        "log --cc -m --oneline -2",
        "log -m --first-parent --name-only --format=%s",
        "log --cc --first-parent --name-only --oneline",
        "log -p --first-parent --oneline -2",
        "log --diff-merges=on --oneline",
        "log --diff-merges=first-parent --oneline",
        "log --diff-merges=separate --stat --oneline",
        "log -p --diff-merges=dense-combined --no-diff-merges --oneline -2",
        "log -m --name-only --oneline --graph -2",
        "log --cc --oneline --graph -2",
        "log -m --name-only --oneline -- s",
        "log --dd --name-only --oneline -- s",
        "log -m --name-only --oneline --diff-filter=A -3",
        "log -m --name-status --reverse --oneline",
        "show --oneline HEAD~1",
        "show -m --oneline --name-status HEAD~1",
        "show -c --format=%s HEAD~1",
        "show --first-parent --oneline --name-only HEAD~1",
        "show -m --first-parent --oneline --name-only HEAD~1",
        "show --no-diff-merges --oneline HEAD~1",
        "show --diff-merges=off --oneline --stat HEAD~1",
    ] {
        same(&pair, command);
    }
    let shown = without_ids(&pair.pond.ok(&["log", "-m", "--name-only", "-2"]));
    assert_eq!(shown.matches("commit ID (from ID)\nMerge: ID ID\n").count(), 2, "{shown}");
    pair.pond.fails(&["log", "--diff-merges=upside-down"], 129).expect_says("dense-combined");
    let rows = pair.pond.lines(&["log", "-m", "--name-only", "--json", "-2"]);
    assert_eq!(rows.iter().filter(|row| row.contains("\"compared_with\":")).count(), 2, "{rows:?}");
}

#[test]
fn values_of_refs_are_shown_as_commits() {
    let Some(pair) = Pair::new() else { return };
    merged(&pair);
    for command in [
        "log -g --format=%gd|%gD|%h|%s main",
        "log -g --format=%gd%s --no-merges main",
        "log -g --format=%gd%s main@{1}",
        "log -g --format=%gd%s main side",
        "log -g --format=%gd --skip=1 -2 main",
        "log -g --format=%gd%s --grep=merge main",
        "log -g --format=%gd --name-status main -- s",
        "log --walk-reflogs --format=%s side",
        "log --format=[%gd|%gs|%gD|%gn] -1",
    ] {
        same(&pair, command);
    }
    let shown = pair.pond.ok(&["log", "-g", "-1"]);
    assert!(
        shown.contains("\nReflog: HEAD@{0} (") && shown.contains("\nReflog message: pond commit "),
        "{shown}"
    );
    assert!(pair.pond.ok(&["log", "-g", "-1", "--oneline"]).contains(" HEAD@{0}: pond commit "));
    assert!(pair.pond.ok(&["log", "-g", "-1", "--date=iso", "--format=%gd"]).starts_with("HEAD@{2026-"));
    pair.pond.fails(&["log", "-g", "--graph"], 129);
    pair.pond.fails(&["log", "-g", "HEAD~1"], 128).expect_says("is no ref");
}

#[test]
fn stashes_are_listed_as_log_lists() {
    let Some(pair) = Pair::new() else { return };
    merged(&pair);
    pair.write("a", lines(&[(1, "first")]));
    pair.both(&["stash", "-q", "-m", "one"]);
    pair.write("a", lines(&[(1, "second")]));
    pair.write("u", "untracked\n");
    pair.both(&["stash", "-q", "-u", "-m", "two"]);
    for command in [
        "stash list",
        "stash list -n 1",
        "stash list -1",
        "stash list --skip=1",
        "stash list --oneline",
        "stash list --format=%gd|%gD|%s|%gs",
        "stash list -p",
        "stash list --stat",
        "stash list --oneline --name-status",
        "stash list -m --name-only",
        "stash list --cc",
    ] {
        same(&pair, command);
    }
    pair.pond.fails(&["stash", "list", "nothing"], 129);
    let row = pair.pond.ok(&["stash", "list", "--json", "--stat", "-1"]);
    assert!(row.contains("\"stash\":\"stash@{0}\"") && row.contains("\"changes\":[{"), "{row}");
}

#[test]
fn all_of_no_commits_is_nothing() {
    let Some(pair) = Pair::new() else { return };
    for command in ["log --all", "log --branches", "log --tags --oneline", "rev-list --all", "stash list"] {
        assert_eq!(same(&pair, command), "\n");
        assert!(pair.both(&command.split(' ').collect::<Vec<_>>()), "{command}");
    }
    assert!(!pair.both(&["log"]));
    pair.write("a", "1\n");
    pair.commit("one");
    pair.both(&["switch", "-q", "--orphan", "new"]);
    for command in ["log --all --format=%s", "log --branches --format=%s", "rev-list --all --count"] {
        assert!(pair.both(&command.split(' ').collect::<Vec<_>>()), "{command}");
        same(&pair, command);
    }
    assert!(!pair.both(&["log"]));
}
