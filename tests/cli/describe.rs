//! `describe`: commits by the nearest tag, beside git.

use crate::merge::Pair;
use crate::oracle::{Twins, plan};

/// What both print, ids left out.
#[track_caller]
fn same(pair: &Pair, command: &str) -> Vec<String> {
    let args: Vec<&str> = command.split_whitespace().collect();
    let (has_worked, git) = pair.git(&args);
    let pond = pair.pond.run(&args).expect_no_panic();
    assert_eq!(pond.code == 0, has_worked, "{command}\ngit said:\n{git}\n{pond}");
    let without_id = |line: &str| match line.rsplit_once("-g") {
        Some((name, id)) => {
            format!("{name}-g{}", id.trim_start_matches(|digit: char| digit.is_ascii_hexdigit()))
        }
        None => line.to_owned(),
    };
    let lines = |text: &str| text.lines().map(without_id).collect::<Vec<_>>();
    if has_worked {
        assert_eq!(lines(&pond.out()), lines(&git), "{command}");
    }
    lines(&pond.out())
}

/// `main` with tags of both kinds, and a branch that was merged into it.
fn tagged(pair: &Pair) {
    pair.write("a", "1\n");
    pair.commit("one");
    pair.both(&["tag", "-a", "v1", "-m", "first"]);
    pair.write("a", "2\n");
    pair.commit("two");
    pair.both(&["tag", "light"]);
    pair.both(&["checkout", "-q", "-b", "side"]);
    pair.write("b", "1\n");
    pair.commit("three");
    pair.both(&["tag", "-a", "side-1", "-m", "of side"]);
    pair.both(&["checkout", "-q", "main"]);
    for number in 3..6 {
        pair.write("a", format!("{number}\n"));
        pair.commit(&number.to_string());
    }
    pair.both(&["merge", "-q", "--no-edit", "side"]);
}

#[test]
fn commits_are_called_by_the_nearest_tag() {
    let Some(pair) = Pair::new() else { return };
    pair.write("a", "0\n");
    pair.commit("none");
    same(&pair, "describe");
    pair.pond.fails(&["describe"], 128).expect_says("'pond tag -a NAME'");
    tagged(&pair);
    for command in [
        "describe",
        "describe --tags",
        "describe --long",
        "describe --abbrev=0",
        "describe --first-parent",
        "describe --tags --first-parent",
        "describe --match v*",
        "describe --match v* --match nothing",
        "describe --exclude side* --tags",
        "describe --match nothing",
        "describe --exact-match",
        "describe --exact-match side",
        "describe --exact-match light",
        "describe --exact-match --tags light",
        "describe --long side",
        "describe --all",
        "describe --all HEAD~2",
        "describe --candidates=1",
        "describe --candidates=0 side",
        "describe --tags side main main~1 v1 light",
        "describe v1~1",
        "describe nothing",
        "describe --dirty",
    ] {
        same(&pair, command);
    }
    assert_eq!(same(&pair, "describe --tags main~1"), ["light-3-g"]);
    let id = pair.pond.id("v1~1");
    assert_eq!(pair.pond.ok(&["describe", "--always", "v1~1"]).trim_end(), &id[..10]);
    assert_eq!(pair.pond.ok(&["describe", "--always", "--abbrev=14", "v1~1"]).trim_end(), &id[..14]);
    pair.pond.fails(&["describe", "v1~1"], 128).expect_says("--always");
    pair.pond.fails(&["describe", "--match", "light"], 128).expect_says("--tags");
    pair.pond.fails(&["describe", "--long", "--abbrev=0"], 129);
    // What it prints is a revision.
    let described = pair.pond.ok(&["describe", "main~1"]);
    assert_eq!(pair.pond.id(described.trim_end()), pair.pond.id("main~1"));
}

#[test]
fn changes_in_no_commit_are_told() {
    let Some(pair) = Pair::new() else { return };
    tagged(&pair);
    pair.write("untracked", "1\n");
    assert!(!same(&pair, "describe --dirty")[0].ends_with("dirty"));
    pair.write("a", "changed\n");
    assert!(same(&pair, "describe --dirty")[0].ends_with("-dirty"));
    assert!(same(&pair, "describe --dirty=.new")[0].ends_with(".new"));
    pair.both(&["add", "a"]);
    same(&pair, "describe --dirty --abbrev=0");
    same(&pair, "describe --dirty HEAD");
    let row = pair.pond.ok(&["describe", "--dirty", "--json"]);
    assert!(row.contains("\"ref\":\"refs/tags/") && row.contains("\"dirty\":true"), "{row}");
    let row = pair.pond.ok(&["describe", "--json", "--always", "v1"]);
    assert!(row.contains("\"name\":\"v1\"") && row.contains("\"distance\":0"), "{row}");
}

#[test]
fn random_histories_are_described_as_git_does() {
    for seed in 1..4 {
        let Some(twins) = Twins::new(&plan(seed, 40, false, &[1, 1, 1, 2], 4)) else { return };
        for commit in [3, 8, 13, 19, 26, 31] {
            let name = format!("t{commit}");
            twins.agree(&["tag", &name, &format!("c{commit}")]);
        }
        for commit in 0..40 {
            twins.agree(&["describe", "--tags", "--abbrev=0", &format!("c{commit}")]);
        }
    }
}

#[test]
fn of_all_refs_tags_come_first() {
    let Some(pair) = Pair::new() else { return };
    pair.write("a", "1\n");
    pair.commit("one");
    pair.both(&["branch", "b"]);
    assert_eq!(same(&pair, "describe --all")[0], "heads/b");
    pair.both(&["tag", "t"]);
    same(&pair, "describe --all");
    pair.both(&["tag", "-a", "-m", "z", "z"]);
    same(&pair, "describe --all");
}
