//! Taking commands back, and doing them again.

mod any_commands;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::harness::{TestPond, readings};

/// The host's files: permissions (0 for a link) and content.
type Files = BTreeMap<String, (u32, Vec<u8>)>;

fn files(pond: &TestPond) -> Files {
    let mut found = Files::new();
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
