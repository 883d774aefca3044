//! Sequences of picks that are killed, or that the disk fails, at one call after the other: what is left waits, and going
//! on leads to the commits and files that would have been there otherwise.
//!
//! strace does it, at a call that is counted and not timed; without it these tests are skipped. Each call is counted by
//! itself. `POND_TEST_KILLS=1 cargo test ... killed_sequences` tries every one, else every fifth is.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::harness::{Output, TestPond, describe};
use crate::merge::{Files, files};

/// The calls that bring something to disk, or take it away.
const CALLS: [&str; 6] = ["fsync", "fdatasync", "renameat2", "renameat", "linkat", "unlinkat"];
/// Commits that are picked.
const COUNT: usize = 3;

/// One thing that becomes of a call, as strace words it.
const KILL: &str = "signal=KILL";
/// Another: Ctrl-C.
const INTERRUPT: &str = "signal=INT";

/// Whether strace is there and may look at processes.
fn has_strace() -> bool {
    let inject = format!("inject=fsync:{KILL}:when=1");
    let tried = Command::new("strace").args(["-f", "-o", "/dev/null", "-e", &inject, "true"]).output();
    let is_there = tried.is_ok_and(|output| output.status.success());
    if !is_there {
        eprintln!("skipped: strace is not installed, or may not be used here");
    }
    is_there
}

/// Runs the program, with the call number `when` of each thread made to end in this way; none where there are not so many.
fn run_with_fault(pond: &TestPond, args: &[&str], call: &str, fault: &str, when: usize) -> Option<Output> {
    let (inner, trace) = (pond.command(args), pond.beside("trace"));
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-e", &format!("trace={call}"), "-o"]).arg(&trace);
    command.args(["-e", &format!("inject={call}:{fault}:when={when}")]);
    command.arg(inner.get_program()).args(inner.get_args()).current_dir(pond.mirror()).env_clear();
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = describe(args, command.output().expect("strace starts")).expect_no_panic();
    let is_hit = fs::read_to_string(&trace).expect("a trace").contains(match fault {
        KILL => "+++ killed",
        INTERRUPT => "--- SIGINT",
        _ => "(INJECTED)",
    });
    is_hit.then_some(output)
}

/// A branch whose commits change, add, remove and replace files, and `main` before it.
fn scene() -> TestPond {
    let pond = TestPond::new();
    let lines = |changed: &[usize]| -> String {
        (0..30).map(|at| format!("{at}{}\n", if changed.contains(&at) { " again" } else { "" })).collect()
    };
    pond.write("a", lines(&[]));
    pond.write("old/one", "1\n");
    pond.write("place", "a file\n");
    pond.commit_all("base");
    pond.ok(&["switch", "-c", "side"]);
    pond.write("a", lines(&[3]));
    pond.write("new/one", "1\n");
    pond.commit_all("first");
    pond.write("a", lines(&[3, 12]));
    pond.remove("old/one");
    pond.remove("place");
    pond.write("place/file", "in a directory\n");
    pond.commit_all("second");
    pond.write("a", lines(&[3, 12, 21]));
    pond.write("new/one", "2\n");
    pond.commit_all("third");
    pond
}

/// The same on `main`; none where there is no strace.
fn main_of_scene() -> Option<TestPond> {
    let pond = has_strace().then(scene)?;
    pond.ok(&["switch", "main"]);
    Some(pond)
}

/// The same pond once more.
fn copy(pond: &TestPond) -> TestPond {
    let copied = TestPond::without_pond();
    let status = Command::new("cp").arg("-a").arg(pond.mirror().join(".")).arg(copied.mirror()).status();
    assert!(status.expect("cp starts").success());
    // What the index knows of the files is of others.
    copied.ok(&["status"]);
    copied
}

/// Commits, files, and what is staged and changed.
type Everything = (Vec<String>, Files, Vec<String>);

fn everything(pond: &TestPond) -> Everything {
    let mut files = files(&pond.mirror());
    // A temporary that could not be removed waits for the next command that writes beside it.
    files.retain(|path, _| !path.contains(".pond-tmp-"));
    (pond.history(), files, pond.status())
}

/// How many commits wait; none where nothing does.
pub(crate) fn left(pond: &TestPond) -> Option<usize> {
    let status: Value = serde_json::from_str(&pond.ok(&["status", "--json"])).expect("JSON");
    status["doing"].as_str()?;
    Some(status["commits_left"].as_array().expect("a list").len())
}

struct Sequence<'a> {
    begin: &'a [&'a str],
    pond: TestPond,
    before: Everything,
    after: Everything,
}

impl<'a> Sequence<'a> {
    fn new(pond: TestPond, begin: &'a [&'a str]) -> Self {
        let done = copy(&pond);
        done.ok(begin);
        let (before, after) = (everything(&pond), everything(&done));
        assert_eq!(after.0.len(), before.0.len() + COUNT);
        Self { begin, pond, before, after }
    }

    /// What is left to be picked is what waits; before the first is picked nothing is changed, and nothing waits.
    fn check(&self, pond: &TestPond, what: &str) -> usize {
        let history = pond.history();
        let made = history.len() - self.before.0.len();
        assert_eq!(history[..], self.after.0[COUNT - made..], "{what}");
        let expected = Some(COUNT - made).filter(|left| made > 0 && *left > 0);
        assert_eq!(left(pond), expected, "{what}");
        made
    }

    /// Goes on to the end.
    fn end(&self, pond: &TestPond, made: usize, what: &str) {
        if made == COUNT && everything(pond) != self.after {
            // Its files are not written, and nothing waits that would write them.
            pond.ok(&["undo"]);
        }
        match (left(pond), everything(pond) == self.after) {
            (Some(_), _) => drop(pond.ok(&[self.begin[0], "--continue"])),
            (None, false) => drop(pond.ok(self.begin)),
            (None, true) => {}
        }
        assert_eq!(everything(pond), self.after, "{what}");
        assert_eq!(left(pond), None, "{what}");
        pond.fails(&[self.begin[0], "--continue"], 128).expect_says("under way");
    }

    /// One fault, and then every way on. Gives whether the command came so far.
    fn try_fault(&self, call: &str, fault: &str, when: usize) -> bool {
        let what = format!("{:?}, {call} {when}: {fault}", self.begin);
        let pond = copy(&self.pond);
        let Some(failed) = run_with_fault(&pond, self.begin, call, fault, when) else { return false };
        if failed.code == 0 {
            assert_eq!(everything(&pond), self.after, "a false success: {what}");
            return true;
        }
        let made = self.check(&pond, &what);
        // A signal that nobody waits for yet ends the command without a word.
        if fault != KILL && !failed.err().is_empty() && made > 0 && made < COUNT {
            failed.expect_says(&format!("'pond {} --continue'", self.begin[0]));
        }
        if made > 0 {
            let back = copy(&pond);
            match when.is_multiple_of(2) && made < COUNT {
                true => back.ok(&[self.begin[0], "--abort"]),
                false => back.ok(&["undo"]),
            };
            assert_eq!(everything(&back), self.before, "{what}");
            assert_eq!(left(&back), None, "{what}");
        }
        // Going on may be killed as well.
        if made > 0 && made < COUNT {
            let again = copy(&pond);
            run_with_fault(&again, &[self.begin[0], "--continue"], call, fault, when);
            let made = self.check(&again, &what);
            self.end(&again, made, &what);
        }
        self.end(&pond, made, &what);
        true
    }

    fn try_all(&self, fault: &str) {
        let step = if std::env::var_os("POND_TEST_KILLS").is_some() { 1 } else { 5 };
        let mut tried = 0;
        for (at, call) in CALLS.iter().enumerate() {
            let mut when = 1 + at % step;
            while self.try_fault(call, fault, when) {
                (when, tried) = (when + step, tried + 1);
            }
        }
        assert!(tried > 5, "{tried} faults: this proves nothing");
    }
}

#[test]
fn what_is_left_of_killed_picks_waits() {
    let Some(pond) = main_of_scene() else { return };
    Sequence::new(pond, &["cherry-pick", "-x", "--signoff", "main..side"]).try_all(KILL);
}

#[test]
fn what_is_left_of_killed_reverts_waits() {
    let Some(pond) = has_strace().then(scene) else { return };
    Sequence::new(pond, &["revert", "main..side"]).try_all(KILL);
}

#[test]
fn what_is_left_of_failed_picks_waits() {
    let Some(pond) = main_of_scene() else { return };
    Sequence::new(pond, &["cherry-pick", "-x", "main..side"]).try_all("error=ENOSPC");
}

#[test]
fn what_is_left_of_interrupted_picks_waits() {
    let Some(pond) = main_of_scene() else { return };
    Sequence::new(pond, &["cherry-pick", "main..side"]).try_all(INTERRUPT);
}

#[test]
fn files_that_somebody_changed_meanwhile_are_left_alone() {
    let Some(pond) = main_of_scene() else { return };
    let mut seen = 0;
    for when in 1.. {
        let pond = copy(&pond);
        let picks = &["cherry-pick", "main..side"];
        if run_with_fault(&pond, picks, "renameat", KILL, when).is_none() {
            break;
        }
        if left(&pond) != Some(2) {
            continue;
        }
        seen += 1;
        let is_written = pond.exists("new/one");
        pond.write("new/one", "mine\n");
        // The second has nothing to do with it, the third has.
        let refused = pond.fails(&["cherry-pick", "--continue"], 1).expect_says("would be overwritten");
        refused.expect_says("1 commit left").expect_says("--continue");
        assert_eq!((pond.read("new/one"), left(&pond)), ("mine\n".to_owned(), Some(1)), "{is_written}");
        pond.ok(&["stash"]);
        pond.ok(&["cherry-pick", "--continue"]);
        assert_eq!((pond.read("new/one"), pond.history().len()), ("2\n".to_owned(), 4));
    }
    assert!(seen > 0, "{seen} times killed in the first: this proves nothing");
}
