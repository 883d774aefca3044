//! `rev-list`, `merge-base` and the orders of `log`, with git as the oracle.

use crate::harness::{Random, TestPond};
use crate::oracle::{Twins, plan};

/// Of ten commits six have one parent, and one has none.
const PARENTS: [usize; 10] = [0, 2, 2, 3, 1, 1, 1, 1, 1, 1];

#[test]
fn histories_are_listed_as_git_lists_them() {
    let Some(twins) = Twins::new(&plan(11, 40, false, &PARENTS, 6)) else { return };
    let mut random = Random::new(12);
    let mut pick = || format!("c{}", random.below(40));
    for _ in 0..12 {
        let (a, b, c) = (pick(), pick(), pick());
        let (between, either) = (format!("{a}..{b}"), format!("{a}...{b}"));
        twins.agree(&["rev-list", &a]);
        twins.agree(&["rev-list", &between]);
        twins.agree(&["rev-list", "--left-right", &either]);
        twins.agree(&["rev-list", "--count", "--left-right", &either]);
        twins.agree(&["rev-list", "--topo-order", &a, &b, &format!("^{c}")]);
        twins.agree(&["rev-list", "--date-order", "--parents", &a, &b]);
        twins.agree(&["rev-list", "--first-parent", "--reverse", &a]);
        twins.agree(&["rev-list", "--merges", "--skip=1", "-n", "4", &a]);
        twins.agree(&["rev-list", "--no-merges", "--count", &a]);
        twins.agree(&["rev-list", "--since=@1700000300", "--until=@1700000600", &a]);
    }
    twins.agree(&["rev-list", "--branches=c1*", "--count"]);
    twins.agree(&["rev-list", "--topo-order", "--branches"]);
    twins.agree(&["rev-list", "--tags"]);
    twins.agree(&["log", "--format=%H", "--topo-order", "--branches=c*"]);
    twins.agree(&["log", "--format=%H", "--date-order", "-5", "c39"]);
}

#[test]
fn shared_commits_are_those_that_git_finds() {
    let Some(twins) = Twins::new(&plan(21, 40, true, &PARENTS, 6)) else { return };
    let mut random = Random::new(22);
    let mut pick = || format!("c{}", random.below(40));
    for _ in 0..25 {
        let (a, b, c) = (pick(), pick(), pick());
        twins.agree(&["merge-base", "--all", &a, &b]);
        twins.agree(&["merge-base", "--all", &a, &b, &c]);
        let octopus = twins.pond.run(&["merge-base", "--octopus", "--all", &a, &b, &c]).expect_no_panic();
        assert!(matches!(octopus.code, 0 | 1), "{octopus}");
        twins.agree(&["merge-base", "--octopus", "--all", &a, &b, &c]);
        twins.agree(&["branch", "--format=%(refname)", "--contains", &a, "--no-contains", &b]);
        twins.agree(&["for-each-ref", "--format=%(refname)", "--merged", &a, "refs/heads/c*"]);
        twins.agree(&["for-each-ref", "--format=%(refname)", "--no-merged", &b, "refs/heads/c*"]);
    }
    twins.agree(&[
        "for-each-ref",
        "--sort=-committerdate",
        "--format=%(objectname) %(subject)",
        "refs/heads/c*",
    ]);
    twins.agree(&[
        "for-each-ref",
        "--format=%(refname:short)|%(refname:lstrip=1)|%(refname:rstrip=-1)|%(committerdate:iso8601)|%(committerdate:raw)|\
         %(committeremail:localpart)|%(numparent)|%(*objectname)|%(contents:size)|%41%%|%(upstream)|%(HEAD)|",
        "refs/heads/c1*",
    ]);
}

#[test]
fn is_ancestor_answers_by_its_exit_code() {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    let first = pond.commit_all("one");
    pond.append("a", "2\n");
    pond.commit_all("two");
    pond.run(&["merge-base", "--is-ancestor", "HEAD~1", "HEAD"]).expect_code(0);
    pond.run(&["merge-base", "--is-ancestor", "HEAD", "HEAD~1"]).expect_code(1);
    pond.fails(&["merge-base", "--is-ancestor", "HEAD"], 129);
    pond.fails(&["merge-base", "HEAD"], 129);
    pond.fails(&["merge-base", "HEAD", "nowhere"], 128).expect_says("nowhere");
    let alone = pond.run(&["commit-tree", "HEAD^{tree}", "-m", "alone"]).expect_code(0).line();
    let nothing = pond.run(&["merge-base", "HEAD", &alone]).expect_code(1);
    assert_eq!(nothing.out(), "");
    assert_eq!(pond.lines(&["merge-base", "--independent", "HEAD", &first, &alone]).len(), 2);
}

#[test]
fn paths_and_errors_of_rev_list() {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    let first = pond.commit_all("one");
    pond.write("b", "1\n");
    let second = pond.commit_all("two");
    pond.remove("a");
    let third = pond.commit_all("three");
    assert_eq!(pond.lines(&["rev-list", "HEAD", "--", "a"]), [third.clone(), first.clone()]);
    assert_eq!(pond.lines(&["rev-list", "HEAD", "b"]), std::slice::from_ref(&second));
    assert_eq!(pond.lines(&["rev-list", "-1", "--parents", "HEAD"]), [format!("{third} {second}")]);
    let row: serde_json::Value =
        serde_json::from_str(&pond.ok(&["rev-list", "--json", "-1", "HEAD~1"])).expect("JSON");
    assert_eq!(
        (row["commit"].as_str(), row["parents"][0].as_str()),
        (Some(second.as_str()), Some(first.as_str()))
    );
    pond.fails(&["rev-list"], 129);
    pond.fails(&["rev-list", "nowhere"], 128);
    let empty = TestPond::new();
    empty.fails(&["rev-list", "HEAD"], 128);
    assert_eq!(empty.ok(&["rev-list", "--all"]), "");
    assert_eq!(empty.ok(&["log", "--all"]), "");
}
