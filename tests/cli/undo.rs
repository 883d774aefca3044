//! Taking commands back, and doing them again.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::harness::{Random, TestPond, readings};

/// Everything that taking back has to bring back: refs, HEAD, stashes, what is staged, and the host's files with content
/// and mode.
#[derive(Debug, Clone, PartialEq, Eq)]
struct State {
    refs: Vec<String>,
    staged: String,
    files: BTreeMap<String, (u32, Vec<u8>)>,
}

fn state(pond: &TestPond) -> State {
    let commands: [&[&str]; 4] = [
        &["rev-parse", "--symbolic-full-name", "HEAD"],
        &["rev-parse", "-q", "--verify", "HEAD"],
        &["for-each-ref"],
        &["stash", "list", "--json"],
    ];
    let refs = commands.map(|args| pond.run(args).out()).into();
    let staged = pond.run(&["ls-files", "-s"]).out() + &pond.run(&["diff", "--staged", "--raw"]).out();
    State { refs, staged, files: files(pond) }
}

fn files(pond: &TestPond) -> BTreeMap<String, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let walk = walkdir::WalkDir::new(pond.mirror()).min_depth(1);
    for entry in walk.into_iter().filter_entry(|entry| entry.file_name() != ".pond") {
        let entry = entry.expect("an entry");
        let name = entry.path().strip_prefix(pond.mirror()).expect("below").to_string_lossy().into_owned();
        let kind = entry.file_type();
        if kind.is_symlink() {
            let target = fs::read_link(entry.path()).expect("a link");
            found.insert(name, (0, target.into_os_string().into_encoded_bytes()));
        } else if kind.is_file() {
            let mode = entry.metadata().expect("metadata").permissions().mode() & 0o777;
            found.insert(name, (mode, fs::read(entry.path()).expect("content")));
        }
    }
    found
}

/// The number of the newest operation.
fn newest(pond: &TestPond) -> u64 {
    let line = pond.run(&["op", "log", "-1", "--json"]).expect_code(0).line();
    let row: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    row["operation"].as_u64().expect("a number")
}

/// Three commits, and on top of them something staged, something changed and something that is not tracked.
fn lively() -> TestPond {
    let pond = TestPond::new();
    for name in ["a.csv", "b.csv", "d/e.csv", "d/f/g.csv"] {
        pond.write(name, readings(name.len() as u64, 0, 40));
    }
    pond.write("run.sh", "#!/bin/sh\n");
    pond.chmod("run.sh", 0o755);
    pond.link("a.csv", "link");
    pond.commit_all("one");
    pond.append("a.csv", "1\n");
    pond.write("h.csv", readings(7, 0, 10));
    pond.commit_all("two");
    pond.ok(&["mv", "d", "moved"]);
    pond.ok(&["rm", "b.csv"]);
    pond.commit_all("three");
    pond.write("untracked", "not in any commit\n");
    pond.write("moved/untracked", "neither\n");
    pond.append("h.csv", "changed\n");
    pond.append("a.csv", "staged\n");
    pond.ok(&["add", "a.csv"]);
    pond
}

/// A command line made up at random; many of them are refused or have nothing to do.
fn any_command(random: &mut Random) -> Vec<String> {
    const PATHS: [&str; 9] =
        ["a.csv", "b.csv", "h.csv", "moved", "d", "moved/f", "untracked", "run.sh", "link"];
    const REVISIONS: [&str; 8] =
        ["HEAD", "HEAD~1", "main", "main@{op 1}", "main@{op 2}", "side", "v1", "stash@{0}"];
    const BRANCHES: [&str; 4] = ["main", "side", "other", "-"];
    let mut any = |words: &[&'static str]| words[random.below(words.len() as u64) as usize];
    let (path, other, revision) = (any(&PATHS), any(&PATHS), any(&REVISIONS));
    let (branch, another) = (any(&BRANCHES), any(&BRANCHES));
    let mode = any(&["--soft", "--mixed", "--hard", "--keep"]);
    let stash = any(&["stash@{0}", "stash@{1}"]);
    let new = format!("new{}", random.below(9));
    let words: Vec<&str> = match random.below(39) {
        0 => vec!["checkout", revision],
        1 => vec!["checkout", "-f", revision],
        2 | 3 => vec!["restore", "-s", revision, path],
        4 => vec!["restore", "--staged", "-s", revision, path],
        5 => vec!["restore", "--staged", "--worktree", "-s", revision, path],
        6 => vec!["rm", "-r", path],
        7 => vec!["rm", "-rf", path],
        8 => vec!["rm", "-r", "--cached", path],
        9 => vec!["mv", path, &new],
        10 => vec!["mv", "-f", path, other],
        11 => vec!["clean", "-fd"],
        12 => vec!["commit", "-qm", "random"],
        13 => vec!["commit", "-qam", "random"],
        14 => vec!["branch", branch, revision],
        15 => vec!["branch", "-f", branch, revision],
        16 => vec!["branch", "-D", branch],
        17 => vec!["branch", "-M", branch, another],
        18 => vec!["tag", "-f", "v1", revision],
        19 => vec!["tag", "-d", "v1"],
        20 => vec!["switch", branch],
        21 => vec!["switch", "-f", branch],
        22 => vec!["switch", "-C", branch, revision],
        23 => vec!["switch", "-d", revision],
        24 => vec!["switch", "--orphan", &new],
        25 | 26 => vec!["reset", mode, revision],
        27 => vec!["reset", "-q", revision, "--", path],
        28 => vec!["reset", mode],
        29 => vec!["stash"],
        30 => vec!["stash", "-u"],
        31 => vec!["stash", "-k"],
        32 => vec!["stash", "push", "-u", path],
        33 => vec!["stash", "pop"],
        34 => vec!["stash", "pop", "--index", stash],
        35 => vec!["stash", "apply", "--index", stash],
        36 => vec!["stash", "drop", stash],
        37 => vec!["stash", "branch", &new],
        _ => vec!["update-ref", "HEAD", revision],
    };
    words.into_iter().map(str::to_owned).collect()
}

/// The sequences of commands that are tried. A longer search: `POND_TEST_UNDOS=3-500 cargo test ... undo`.
fn seeds() -> std::ops::RangeInclusive<u64> {
    let given = std::env::var("POND_TEST_UNDOS").ok();
    let range = given.as_deref().and_then(|text| text.split_once('-'));
    let range = range.and_then(|(first, last)| Some(first.parse().ok()?..=last.parse().ok()?));
    range.unwrap_or(1..=2)
}

#[test]
fn every_command_is_taken_back_and_done_again() {
    for seed in seeds() {
        let pond = lively();
        let mut random = Random::new(seed);
        let mut states = vec![state(&pond)];
        let mut commands = Vec::new();
        while states.len() <= 25 {
            let before = newest(&pond);
            let command = any_command(&mut random);
            let output = pond.run(&command).expect_no_panic();
            let seq = newest(&pond);
            assert!(seq <= before + 1, "one command, one operation: {output}");
            if seq > before {
                commands.push(command.join(" "));
                states.push(state(&pond));
            } else {
                let unchanged = state(&pond) == *states.last().expect("a state");
                assert!(unchanged, "a change without an operation: {output}");
            }
        }
        for (number, wanted) in states.iter().enumerate().rev().skip(1) {
            let output = pond.run(&["undo"]);
            assert!(output.code == 0, "seed {seed}: {commands:#?}\n{output}");
            let found = state(&pond);
            assert!(
                found == *wanted,
                "seed {seed}, {}: {output}\n{:#?}\n{:#?}",
                commands[number],
                names(&found),
                names(wanted)
            );
        }
        for (number, wanted) in states.iter().enumerate().skip(1) {
            let output = pond.run(&["redo"]).expect_code(0);
            let found = state(&pond);
            assert!(
                found == *wanted,
                "seed {seed}, again {}: {output}\n{:#?}\n{:#?}",
                commands[number - 1],
                names(&found),
                names(wanted)
            );
        }
        pond.fails(&["redo"], 1);
    }
}

fn names(state: &State) -> (Vec<String>, String, Vec<(String, usize)>) {
    let files = state.files.iter().map(|(name, (_, content))| (name.clone(), content.len()));
    (state.refs.clone(), state.staged.clone(), files.collect())
}

#[test]
fn newer_work_is_not_touched() {
    let pond = lively();
    pond.ok(&["restore", "h.csv"]);
    pond.append("h.csv", "newer\n");
    let before = files(&pond);
    pond.fails(&["undo"], 1).expect_says("h.csv");
    assert_eq!(files(&pond), before);
    pond.ok(&["undo", "-f"]);
    assert!(pond.read("h.csv").ends_with("changed\n"));
    // What -f gave up is in the pond as well.
    pond.ok(&["redo"]);
    assert!(pond.read("h.csv").ends_with("newer\n"));
}

#[test]
fn a_file_that_was_renamed_over_its_equal_is_two_again() {
    let pond = TestPond::new();
    for name in ["a", "b"] {
        pond.write(name, "the same\n");
    }
    pond.commit_all("one");
    pond.ok(&["mv", "-f", "a", "b"]);
    pond.ok(&["undo"]);
    assert_eq!(
        (pond.read("a"), pond.read("b"), pond.status()),
        ("the same\n".into(), "the same\n".into(), vec![])
    );
    pond.ok(&["redo"]);
    assert_eq!(pond.status(), ["D  a"]);
}

#[test]
fn a_commit_taken_back_stays_staged() {
    let pond = lively();
    let before = pond.status();
    pond.ok(&["commit", "-m", "four"]);
    pond.run(&["undo"]).expect_code(0).expect_says("pond commit -m four");
    assert_eq!(pond.status(), before);
    pond.ok(&["undo", "--to", "1"]);
    assert_eq!(pond.history().len(), 1);
    pond.fails(&["undo", "--to", "99"], 128);
    pond.ok(&["undo"]);
    pond.fails(&["undo"], 1).expect_says("nothing to take back");
}

#[test]
fn operations_are_listed() {
    let pond = lively();
    pond.ok(&["clean", "-f", "untracked"]);
    let lines = pond.lines(&["op", "log", "-n", "2"]);
    assert!(lines[0].ends_with("pond clean -f untracked"), "{lines:?}");
    assert!(pond.ok(&["op", "show"]).contains("host:    D untracked"));
    assert!(pond.ok(&["op", "show", "1"]).contains("main new "));
    pond.fails(&["op", "show", "77"], 128);
    let values = pond.lines(&["reflog", "main"]);
    assert_eq!(values.len(), 3, "{values:?}");
    assert!(values[2].contains("main@{2}: pond commit -m one"), "{values:?}");
    for (number, line) in values.iter().enumerate() {
        assert!(pond.id(&format!("main@{{{number}}}")).starts_with(&line[..10]));
    }
    pond.fails(&["reflog", "nowhere"], 128);
}
