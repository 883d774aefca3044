//! `log --graph` and `rev-list --graph`: the picture is git's where git draws one that is connected.

use crate::harness::{Random, TestPond};
use crate::oracle::{Twins, plan};

/// Asks pond and git for many pictures of parts of a history of `parents` that are among the `reach` commits before.
fn compare(seed: u64, parents: &[usize], reach: usize) {
    const COMMITS: u64 = 45;
    let Some(twins) = Twins::new(&plan(seed, COMMITS as usize, false, parents, reach)) else { return };
    let mut random = Random::new(seed + 1);
    let mut pick = |from: u64| format!("c{}", from + random.below(COMMITS - from));
    let agree = |options: &[&str]| twins.agree(&[&["log", "--graph", "--format=%s"], options].concat());
    for _ in 0..15 {
        let (late, other, any) = (pick(25), pick(15), pick(0));
        let (range, between) = (format!("{any}..{late}"), format!("{other}...{late}"));
        agree(&[&late]);
        agree(&[&late, &other, &any]);
        agree(&[&range, &other]);
        agree(&["--date-order", &between]);
        agree(&["--first-parent", &late, &other]);
        agree(&["--skip=2", "-n", "7", &late, &other]);
        agree(&["--color=always", &late, &other]);
        agree(&["--format=%s%n%nbody", &late, &other]);
        agree(&["--format=format:%s%n%an%n", &range]);
        agree(&["--format=medium", &late, &other]);
    }
    for options in
        [&["--all"][..], &["--all", "--date-order"], &["--all", "--first-parent"], &["--branches=c?"]]
    {
        agree(options);
        agree(&[&["--color=always"], options].concat());
        agree(&[&["--format=oneline", "--abbrev-commit"], options].concat());
        agree(&[&["--format=format:%s"], options].concat());
        twins.agree(&[&["rev-list", "--graph"], options].concat());
    }
    twins.agree(&["rev-list", "--graph", "--left-right", "c20...c44"]);
    twins.agree(&["rev-list", "--graph", "--parents", "c44"]);
}

#[test]
fn branches_and_roots_are_drawn_as_git_draws_them() {
    compare(31, &[0, 1, 1, 1, 1, 1, 1, 2], 20);
}

#[test]
fn lines_of_work_are_drawn_as_git_draws_them() {
    compare(41, &[1, 1, 1, 1, 1, 1, 1, 1, 2], 3);
}

#[test]
fn merges_are_drawn_as_git_draws_them() {
    compare(51, &[1, 1, 2, 2, 2], 8);
}

#[test]
fn octopus_merges_are_drawn_as_git_draws_them() {
    compare(61, &[1, 1, 1, 1, 2, 3, 4, 5, 6], 12);
}

/// Two lines of work, each on a file of its own, merged.
fn forked() -> TestPond {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    pond.write("b", "1\n");
    pond.commit_all("root");
    pond.ok(&["switch", "-c", "side"]);
    pond.append("b", "2\n");
    pond.commit_all("side one\n\nWith a body\nof two lines.");
    pond.append("b", "3\n");
    pond.commit_all("side two");
    pond.ok(&["switch", "main"]);
    pond.append("a", "2\n");
    pond.commit_all("main one");
    pond.ok(&["merge", "-m", "joined", "side"]);
    pond.append("a", "3\n");
    pond.commit_all("main two");
    pond
}

/// What a command prints, without spaces at the ends of its lines.
fn picture(pond: &TestPond, args: &[&str]) -> String {
    pond.ok(args).lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

#[test]
fn changes_stand_beside_the_lines() {
    let pond = forked();
    let expected = "\
* main two
|
|  a | 1 +
|  1 file changed, 1 insertion(+)
*   joined
|\\
| * side two
| |
| |  b | 1 +
| |  1 file changed, 1 insertion(+)
| * side one
| |
| |  b | 1 +
| |  1 file changed, 1 insertion(+)
* | main one
|/
|
|    a | 1 +
|    1 file changed, 1 insertion(+)
* root

   a | 1 +
   b | 1 +
   2 files changed, 2 insertions(+)
";
    assert_eq!(picture(&pond, &["log", "--graph", "--format=%s", "--stat"]), expected);
    let oneline = "* main two\n| M\ta\n*   joined\n|\\\n| * side two\n| | M\tb\n| * side one\n| | M\tb\n* | main one\n\
                   |/\n|   M\ta\n* root\n  A\ta\n  A\tb\n";
    let names: String = picture(&pond, &["log", "--graph", "--oneline", "--name-status"])
        .lines()
        .map(|line| {
            // The short ids.
            line.split_inclusive(' ').filter(|word| word.trim_end().len() != 10).collect::<String>() + "\n"
        })
        .collect();
    assert_eq!(names, oneline);
    let patches = pond.lines(&["log", "--graph", "-p", "--stat", "HEAD~1^2"]);
    let rows: Vec<&str> = patches.iter().map(|line| &line[..2]).collect();
    let root = patches.iter().rposition(|line| line.starts_with('*')).expect("a root");
    assert!(rows[1..root].iter().all(|row| matches!(*row, "| " | "* ")), "{patches:#?}");
    assert!(rows[root + 1..].iter().all(|row| *row == "  "), "{patches:#?}");
    assert!(patches.contains(&"| ---".to_owned()) && patches.contains(&"| +3".to_owned()), "{patches:#?}");
}

#[test]
fn the_statistics_leave_room_for_the_columns() {
    let pond = forked();
    pond.write("a".repeat(120), "1\n".repeat(500));
    pond.commit_all("wide");
    for args in
        [&["log", "--graph", "--format=%s", "--stat", "-1"][..], &["log", "--format=%s", "--stat", "-1"]]
    {
        let line = pond.lines(args).into_iter().find(|line| line.contains('|') && line.contains('+'));
        assert_eq!(line.expect("a statistic").len(), 79, "{args:?}");
    }
}

#[test]
fn the_picture_is_connected_whatever_is_left_out() {
    let pond = forked();
    let drawn = |options: &[&str]| picture(&pond, &[&["log", "--graph", "--format=%s"], options].concat());
    assert_eq!(drawn(&["--", "a"]), "* main two\n* main one\n* root\n");
    assert_eq!(drawn(&["--", "b"]), "* side two\n* side one\n* root\n");
    let no_merges = "*   main two\n|\\\n| * side two\n| * side one\n* | main one\n|/\n* root\n";
    assert_eq!(drawn(&["--no-merges"]), no_merges);
    assert_eq!(drawn(&["--grep=joined|one|root", "--invert-grep"]), "* main two\n* side two\n");
    // A way to the root past nothing that is shown is no line beside the one that side one is on.
    assert_eq!(drawn(&["--grep=joined|side one|root"]), "* joined\n* side one\n* root\n");
    assert_eq!(drawn(&["--merges"]), "* joined\n");
    assert_eq!(drawn(&["--diff-filter=A"]), "* root\n");
    assert_eq!(drawn(&["--follow", "b"]), "* side two\n* side one\n* root\n");
    assert_eq!(drawn(&["--first-parent"]), "* main two\n* joined\n* main one\n* root\n");
    assert_eq!(pond.lines(&["rev-list", "--graph", "HEAD", "--", "a"]).len(), 3);
}

#[test]
fn entries_without_text_have_lines_of_their_own() {
    let pond = forked();
    assert_eq!(picture(&pond, &["log", "--graph", "--format="]), "*\n*\n|\\\n| *\n| *\n* |\n|/\n*\n");
    let names = picture(&pond, &["log", "--graph", "--format=", "--name-only", "-1"]);
    assert_eq!(names, "*\n| a\n");
    let separated = picture(&pond, &["log", "--graph", "--format=format:%s", "--name-only", "-1", "side"]);
    assert_eq!(separated, "* side two\n| b\n");
}

#[test]
fn what_does_not_go_with_a_graph_is_refused() {
    let pond = forked();
    for command in ["log", "rev-list"] {
        pond.fails(&[command, "--graph", "--reverse", "HEAD"], 129).expect_says("--reverse");
        pond.fails(&[command, "--graph", "--json", "HEAD"], 129)
            .expect_says("--graph cannot be combined with --json");
    }
    pond.fails(&["log", "--graph", "-z"], 129).expect_says("-z");
    pond.fails(&["rev-list", "--graph", "--count", "HEAD"], 129).expect_says("--count");
}
