//! Several commands at once: the second waits a little, then says who holds the lock; nothing is lost.

use std::fs::File;
use std::process::{Child, Stdio};
use std::thread;

use crate::harness::{TestPond, describe};

#[test]
fn commits_at_once_are_all_acknowledged_and_there_once() {
    const WORKERS: usize = 4;
    const ROUNDS: usize = 10;
    let pond = TestPond::new();
    for worker in 0..WORKERS {
        pond.write(format!("{worker}.log"), "begin\n");
    }
    pond.commit_all("first");
    let mut acknowledged = Vec::new();
    for round in 0..ROUNDS {
        let start = |worker: usize| -> (String, Child) {
            pond.append(&format!("{worker}.log"), &format!("round {round}\n"));
            let message = format!("worker {worker} round {round}");
            let mut command = pond.command(&["commit", "-q", "-a", "--allow-empty", "-m", &message]);
            let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
            (message, child.expect("the program starts"))
        };
        let children: Vec<(String, Child)> = (0..WORKERS).map(start).collect();
        for (message, child) in children {
            describe(&["commit"], child.wait_with_output().expect("it ended")).expect_code(0);
            acknowledged.push(message);
        }
    }
    let mut subjects = pond.lines(&["log", "--format=%s"]);
    assert_eq!(subjects.pop().as_deref(), Some("first"));
    subjects.sort();
    acknowledged.sort();
    assert_eq!(subjects, acknowledged, "every acknowledged commit is in the history once, and no other");
    assert_eq!(pond.status(), [""; 0], "what all of them wrote is committed");
    let operations: Vec<u64> = pond.lines(&["op", "log", "--json"]).iter().map(|line| number(line)).collect();
    let newest = operations[0];
    assert_eq!(
        operations,
        (0..=newest).rev().take(operations.len()).collect::<Vec<_>>(),
        "no number is left out"
    );
    assert!(operations.len() > WORKERS * ROUNDS);
    for lock in ["lock", "mirrors/main/lock"] {
        let file = File::open(pond.dot_pond(lock)).expect("a lock file");
        file.try_lock().unwrap_or_else(|error| panic!("{lock}: {error}"));
        assert_eq!(file.metadata().expect("metadata").len(), 0, "{lock} names a holder");
    }
}

/// The number of an operation from its row of `op log --json`.
fn number(line: &str) -> u64 {
    let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
    row["operation"].as_u64().expect("a number")
}

#[test]
fn a_held_lock_stops_writers_with_a_word_and_no_reader() {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    pond.commit_all("first");
    pond.append("a", "2\n");
    pond.ok(&["add", "a"]);
    let locks = ["lock", "mirrors/main/lock"].map(|name| {
        let file =
            File::options().read(true).write(true).create(true).truncate(false).open(pond.dot_pond(name));
        let file = file.expect("a lock file");
        file.lock().expect("the lock");
        file
    });
    let refused = pond.fails(&["commit", "-m", "second"], 128).expect_says("lock");
    assert!(
        !refused.err().contains("delete"),
        "a lock is never stale: nothing is to be deleted by hand\n{refused}"
    );
    for args in [
        &["status", "--porcelain"][..],
        &["log", "--oneline"],
        &["diff", "HEAD"],
        &["show", "HEAD"],
        &["cat", "HEAD:a"],
    ] {
        pond.ok(args);
    }
    drop(locks);
    pond.ok(&["commit", "-m", "second"]);
    assert_eq!(pond.lines(&["log", "--format=%s"]), ["second", "first"]);
}

#[test]
fn a_short_wait_is_waited() {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    pond.ok(&["add", "a"]);
    let lock =
        File::options().read(true).write(true).create(true).truncate(false).open(pond.dot_pond("lock"));
    let lock = lock.expect("a lock file");
    lock.lock().expect("the lock");
    let mut waiting = pond.command(&["commit", "-m", "patient"]);
    let child = waiting.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    thread::sleep(std::time::Duration::from_millis(150));
    drop(lock);
    describe(&["commit"], child.wait_with_output().expect("it ended")).expect_code(0);
    assert_eq!(pond.lines(&["log", "--format=%s"]), ["patient"]);
}

#[test]
fn adding_at_once_stages_both() {
    let pond = TestPond::new();
    for number in 0..8 {
        pond.write(format!("f{number}"), format!("content {number}\n"));
    }
    let children: Vec<Child> = (0..8)
        .map(|number| {
            let mut command = pond.command(&["add", &format!("f{number}")]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
        })
        .collect();
    let mut staged = Vec::new();
    for (number, child) in children.into_iter().enumerate() {
        let output = describe(&["add"], child.wait_with_output().expect("it ended")).expect_no_panic();
        if output.code == 0 {
            staged.push(format!("f{number}"));
        }
    }
    assert!(!staged.is_empty());
    assert_eq!(pond.lines(&["ls-files"]), staged, "what was acknowledged is staged");
}
