//! Several commands at once: the second waits a little, then says who holds the lock; nothing is lost.

use std::fs::File;
use std::process::{Child, Stdio};
use std::thread;

use crate::harness::{TestPond, describe};

#[test]
fn commits_at_once_all_arrive_or_say_why() {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    pond.commit_all("first");
    let start = |worker: usize, round: usize| -> Child {
        let message = format!("worker {worker} round {round}");
        let mut command = pond.command(&["commit", "--allow-empty", "-m", &message]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
    };
    let mut acknowledged = Vec::new();
    for round in 0..6 {
        let children: Vec<Child> = (0..4).map(|worker| start(worker, round)).collect();
        for (worker, child) in children.into_iter().enumerate() {
            let output = describe(&["commit"], child.wait_with_output().expect("it ended")).expect_no_panic();
            if output.code == 0 {
                acknowledged.push(format!("worker {worker} round {round}"));
            } else {
                let words = output.expect_failure(128).err();
                assert!(words.contains("lock") || words.contains("moved"), "{words}");
            }
        }
    }
    let mut subjects = pond.lines(&["log", "--format=%s"]);
    assert_eq!(subjects.pop().as_deref(), Some("first"));
    subjects.sort();
    acknowledged.sort();
    assert!(acknowledged.len() >= 6, "one of each round, at least: {acknowledged:?}");
    assert_eq!(subjects, acknowledged, "every acknowledged commit is in the history, and no other");
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
