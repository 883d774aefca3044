//! Upkeep that takes long: no command waits for it, it is done in the end, and it may be killed at any moment.

use std::fs::{self, File};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::harness::{TestPond, noise};

/// As many commits as make a merge due, and bytes of each, so that it is a large one.
const DUE: usize = 32;
const LARGE: usize = 100_000;

/// A pond of so many commits in which no upkeep was done.
fn commits(count: usize) -> TestPond {
    let pond = TestPond::new();
    pond.ok(&["config", "maintenance.auto", "false"]);
    (0..count).for_each(|number| commit(&pond, number));
    pond.ok(&["config", "--unset", "maintenance.auto"]);
    pond
}

fn commit(pond: &TestPond, number: usize) {
    pond.write("noise", noise(number as u64 + 1, LARGE));
    pond.ok(&["add", "noise"]);
    pond.ok(&["commit", "-q", "-m", &format!("number {number}")]);
}

fn data_packs(pond: &TestPond) -> usize {
    let counts = pond.lines(&["count-objects", "-v"]);
    let number = counts.iter().find_map(|line| line.strip_prefix("data-packs: ")).expect("a count");
    number.parse().expect("a number")
}

/// Waits for the process that a command left behind.
fn wait_until_merged(pond: &TestPond) {
    let begun = Instant::now();
    while data_packs(pond) > 2 {
        assert!(begun.elapsed() < Duration::from_secs(120), "it is not done in the end");
        sleep(Duration::from_millis(20));
    }
}

/// The turn to merge large packs, held by this process.
fn hold_turn(pond: &TestPond) -> File {
    fs::create_dir_all(pond.dot_pond("cache/upkeep")).expect("a directory");
    let lock = File::create(pond.dot_pond("cache/upkeep/lock")).expect("a lock");
    lock.lock().expect("locked");
    lock
}

fn check(pond: &TestPond, count: usize) {
    assert_eq!(pond.history().len(), count);
    assert_eq!(pond.status(), [""; 0]);
    for number in [0, count / 2, count - 1] {
        let content = pond.run(&["cat", &format!("HEAD~{}:noise", count - 1 - number)]).expect_code(0).stdout;
        assert!(content == noise(number as u64 + 1, LARGE), "commit {number}");
    }
}

#[test]
fn no_command_waits_for_a_large_merge() {
    let pond = commits(DUE - 1);
    let turn = hold_turn(&pond);
    // However much gathers while another process is at it.
    (DUE - 1..2 * DUE + 1).for_each(|number| commit(&pond, number));
    assert_eq!(data_packs(&pond), 2 * DUE + 1);
    drop(turn);
    // What was not done for so long is done at once.
    commit(&pond, 2 * DUE + 1);
    assert_eq!(data_packs(&pond), 1);
    check(&pond, 2 * DUE + 2);
}

#[test]
fn a_large_merge_is_done_in_the_background() {
    let pond = commits(DUE);
    fs::create_dir_all(pond.dot_pond("staging/upkeep")).expect("a directory");
    let left = pond.dot_pond("staging/upkeep/.tmp-pack-of-a-killed-process");
    fs::write(&left, "half of a pack").expect("written");
    commit(&pond, DUE);
    wait_until_merged(&pond);
    assert!(!left.exists());
    check(&pond, DUE + 1);
}

#[test]
fn what_a_caller_handed_down_is_let_go() {
    let pond = commits(DUE - 1);
    pond.write("noise", noise(DUE as u64, LARGE));
    pond.ok(&["add", "noise"]);
    let held = pond.beside("held");
    let lock = File::create(&held).expect("a file");
    lock.lock().expect("locked");
    // A descriptor of the same open file, and so the lock: the command has it, and who runs it lets go.
    let handed_down = lock.try_clone().expect("a descriptor");
    let inner = pond.command(&["commit", "-q", "-m", "last"]);
    let mut command = Command::new("sh");
    command.args(["-c", "exec 9<&0 </dev/null; exec \"$@\"", "sh"]);
    command.arg(inner.get_program()).args(inner.get_args()).current_dir(pond.mirror()).env_clear();
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut child = command.stdin(handed_down).spawn().expect("started");
    drop((lock, command));
    assert!(child.wait().expect("ended").success());
    File::open(&held).expect("opened").try_lock().expect("nobody has it any more");
    wait_until_merged(&pond);
}

#[test]
fn settings_say_whether_and_where_upkeep_is_done() {
    let pond = commits(DUE);
    pond.ok(&["config", "maintenance.auto", "false"]);
    commit(&pond, DUE);
    assert_eq!(data_packs(&pond), DUE + 1);
    pond.ok(&["config", "maintenance.auto", "true"]);
    pond.ok(&["config", "maintenance.autoDetach", "false"]);
    commit(&pond, DUE + 1);
    assert_eq!(data_packs(&pond), 1, "it is done when the command ends");
    check(&pond, DUE + 2);
}

#[test]
fn upkeep_that_is_killed_leaves_a_pond_that_works() {
    let upkeep = ["maintenance", "--auto", "--in-background"];
    for (call, when) in [("fsync", 1), ("fsync", 2), ("renameat2", 1), ("renameat2", 2)] {
        let pond = commits(DUE);
        let fault = format!("{call}:signal=KILL:when={when}");
        let Some((_, was_killed)) = pond.run_with_fault(&upkeep, &fault) else { return };
        assert!(was_killed, "{fault}");
        check(&pond, DUE);
        commit(&pond, DUE);
        pond.ok(&upkeep);
        wait_until_merged(&pond);
        check(&pond, DUE + 1);
        let left = fs::read_dir(pond.dot_pond("staging/upkeep")).expect("a directory");
        assert_eq!(left.count(), 0, "no temporaries");
    }
}
