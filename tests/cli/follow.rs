//! `log --follow`: a file by the name that it has on each line of history.

use crate::harness::{Random, TestPond};
use crate::oracle::Git;

fn body(top: &str, bottom: &str) -> String {
    let middle: String = (0..40).map(|line| format!("line {line}\n")).collect();
    format!("{top}\n{middle}{bottom}\n")
}

fn followed(pond: &TestPond, options: &[&str], path: &str) -> Vec<String> {
    pond.lines(&[&["log", "--follow", "--format=%s"], options, &["--", path]].concat())
}

/// `a`, which the branch `side` renames to `b` and edits, while `main` edits it too; then `main` and `side` are joined on the
/// branch `on`.
fn renamed_on_a_side(on: &str) -> TestPond {
    let pond = TestPond::new();
    pond.write("a", body("top", "bottom"));
    pond.commit_all("root");
    pond.ok(&["switch", "-c", "side"]);
    pond.ok(&["mv", "a", "b"]);
    pond.ok(&["commit", "-m", "side renames"]);
    pond.write("b", body("top", "bottom of side"));
    pond.commit_all("side edits");
    pond.ok(&["switch", "main"]);
    pond.write("a", body("top of main", "bottom"));
    pond.commit_all("main edits");
    pond.write("other", "1\n");
    pond.commit_all("beside the point");
    let (from, to) = if on == "main" { ("side", "main") } else { ("main", "side") };
    pond.ok(&["switch", to]);
    pond.ok(&["merge", from]);
    pond.write("b", body("top of main", "bottom of both"));
    pond.commit_all("after");
    pond
}

#[test]
fn both_sides_of_a_merge_are_followed() {
    for on in ["main", "side"] {
        let pond = renamed_on_a_side(on);
        let all = ["after", "main edits", "side edits", "side renames", "root"];
        assert_eq!(followed(&pond, &["--no-merges"], "b"), all, "merged on {on}");
        assert_eq!(followed(&pond, &[], "b").len(), 6, "the merge joined two edits, merged on {on}");
        assert_eq!(followed(&pond, &["--topo-order", "--no-merges"], "b").len(), 5);
        let names = pond.ok(&["log", "--follow", "--no-merges", "--format=%s", "--name-status", "b"]);
        assert!(names.contains("main edits\n\nM\ta\n"), "{names}");
        assert!(names.contains("side renames\n\nR100\ta\tb\n"), "{names}");
        // What is left out leads on to what is not.
        assert_eq!(followed(&pond, &["--grep=root"], "b"), ["root"]);
        assert_eq!(followed(&pond, &["--grep=main edits"], "b"), ["main edits"]);
        assert!(
            followed(&pond, &["--graph", "--no-merges"], "b").iter().any(|line| line.ends_with("main edits"))
        );
    }
}

#[test]
fn a_merge_that_only_takes_is_not_shown() {
    let pond = TestPond::new();
    pond.write("a", body("top", "bottom"));
    pond.commit_all("root");
    pond.ok(&["switch", "-c", "side"]);
    pond.ok(&["mv", "a", "b"]);
    pond.ok(&["commit", "-m", "side renames"]);
    pond.ok(&["switch", "main"]);
    pond.write("a", body("top of main", "bottom"));
    pond.commit_all("main edits");
    pond.ok(&["merge", "side"]);
    assert_eq!(followed(&pond, &[], "b"), ["main edits", "side renames", "root"]);
}

/// A file that came by one side has no history on the other, and one that is gone has that which it had.
#[test]
fn what_only_one_side_has() {
    let pond = TestPond::new();
    pond.write("x", "1\n");
    pond.commit_all("root");
    pond.ok(&["switch", "-c", "side"]);
    pond.write("new", body("top", "bottom"));
    pond.commit_all("side adds");
    pond.ok(&["switch", "main"]);
    pond.write("x", "2\n");
    pond.commit_all("main edits x");
    pond.ok(&["merge", "side"]);
    assert_eq!(followed(&pond, &[], "new"), ["side adds"]);
    pond.ok(&["rm", "new"]);
    pond.ok(&["commit", "-m", "removed"]);
    assert_eq!(followed(&pond, &[], "new"), ["removed", "side adds"]);
}

/// Random lines of history that are joined now and then: `main` edits the top of one file, `side` its bottom, and `side` renames
/// it. Whoever follows it finds every commit that touched it, and no other.
#[test]
fn every_commit_that_touched_it_is_found() {
    for seed in 1..=4 {
        let mut random = Random::new(seed);
        let pond = TestPond::new();
        pond.write("f0", body("top", "bottom"));
        pond.write("other", "0\n");
        pond.commit_all("0");
        pond.ok(&["branch", "side"]);
        let mut names = [("main", "f0".to_owned()), ("side", "f0".to_owned())];
        let mut expected = vec!["0".to_owned()];
        for number in 1..=16 {
            let at = random.below(2) as usize;
            let (branch, name) = names[at].clone();
            pond.ok(&["switch", branch]);
            match random.below(5) {
                0 => {
                    pond.write(format!("other-{branch}"), format!("{number}\n"));
                    pond.commit_all(&number.to_string());
                }
                1 if branch == "side" => {
                    names[at].1 = format!("d/f{number}");
                    pond.mkdir("d");
                    pond.ok(&["mv", &name, &names[at].1]);
                    pond.ok(&["commit", "-m", &number.to_string()]);
                    expected.push(number.to_string());
                }
                2 if number > 4 => {
                    let other = names[1 - at].clone();
                    pond.ok(&["merge", "--no-ff", "-m", "joined", other.0]);
                    // The renamed name is the one that stays.
                    names[at].1 = names[1].1.clone();
                }
                _ => {
                    let text = pond.read(&name);
                    let (first, rest) = text.split_once('\n').expect("lines");
                    let text = match branch {
                        "main" => format!("{first} {number}\n{rest}"),
                        _ => format!("{} {number}\n", text.trim_end()),
                    };
                    pond.write(&name, text);
                    pond.commit_all(&number.to_string());
                    expected.push(number.to_string());
                }
            }
        }
        pond.ok(&["switch", "main"]);
        pond.run(&["merge", "--no-ff", "-m", "joined", "side"]).expect_no_panic();
        let mut found = followed(&pond, &["--no-merges"], &names[1].1);
        let number = |text: &String| text.parse::<u32>().expect("a number");
        found.sort_by_key(number);
        expected.sort_by_key(number);
        assert_eq!(
            found,
            expected,
            "seed {seed}\n{}",
            pond.ok(&["log", "--graph", "--name-status", "--format=%s"])
        );
    }
}

/// Git is right where there is one line of history.
#[test]
fn one_line_of_history_is_as_in_git() {
    let pond = TestPond::new();
    let repository = pond.beside("git");
    let Some(git) = Git::new(repository.clone()) else { return };
    let both = |args: &[&str]| {
        pond.ok(args);
        let identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
        let output = git.run(&[&identity[..], args].concat(), b"");
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let write = |name: &str, text: String| {
        pond.write(name, &text);
        std::fs::write(repository.join(name), text).expect("a file");
    };
    let commit = |message: &str| {
        both(&["add", "-A"]);
        both(&["commit", "-m", message]);
    };
    write("a", body("top", "bottom"));
    commit("one");
    both(&["mv", "a", "b"]);
    commit("two");
    write("b", body("another top", "bottom"));
    commit("three");
    write("a", "an impostor\n".to_owned());
    commit("four");
    both(&["mv", "b", "c"]);
    write("c", body("another top", "another bottom"));
    commit("five");
    let args = ["log", "--follow", "--format=%s", "--name-status", "--", "c"];
    // How similar two versions are, each measures in its own way.
    let without_percent = |text: String| {
        let lines = text.lines().map(|line| match line.strip_prefix('R') {
            Some(renamed) => format!("R{}", renamed.trim_start_matches(|c: char| c.is_ascii_digit())),
            None => line.to_owned(),
        });
        lines.collect::<Vec<_>>()
    };
    assert_eq!(without_percent(pond.ok(&args)), without_percent(git.text(&args)));
    // The impostor is another file, in whose place git follows the path.
    assert_eq!(followed(&pond, &[], "a"), ["four"]);
}
