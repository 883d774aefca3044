//! What moves HEAD, index and files, killed at any moment: nothing is lost, and `undo` brings all of it back.

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{Random, TestPond, noise, readings};

const SEED: u64 = 20_260_302;

/// How often each command is tried: `POND_TEST_KILLS=50 cargo test ... killed_moves` for a longer search.
fn rounds() -> usize {
    std::env::var("POND_TEST_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(4)
}

/// Two branches that differ in many files, a stash, and changes of every kind on top.
pub(crate) fn lively() -> TestPond {
    let pond = TestPond::new();
    for number in 0..30 {
        pond.write(format!("small/{number}"), format!("{number}\n"));
    }
    pond.write("level.csv", readings(1, 0, 2_000));
    pond.commit_all("one");
    pond.ok(&["branch", "side"]);
    for number in 0..25 {
        pond.write(format!("small/{number}"), format!("{number} again\n"));
    }
    pond.write("dump.bin", noise(2, 300_000));
    pond.commit_all("two");
    for number in 26..29 {
        pond.append(&format!("small/{number}"), "stashed\n");
    }
    pond.ok(&["stash"]);
    pond.append("level.csv", "staged\n");
    pond.write("added", "added\n");
    pond.ok(&["add", "level.csv", "added"]);
    pond.append("small/29", "changed\n");
    pond.write("loose", noise(3, 100_000));
    pond
}

pub(crate) type Everything = (BTreeMap<String, Vec<u8>>, Vec<String>);

pub(crate) fn everything(pond: &TestPond) -> Everything {
    let mut files = BTreeMap::new();
    let walk = walkdir::WalkDir::new(pond.mirror()).min_depth(1).into_iter();
    for entry in walk.filter_entry(|entry| entry.file_name() != ".pond") {
        let entry = entry.expect("an entry");
        if entry.file_type().is_file() {
            let name =
                entry.path().strip_prefix(pond.mirror()).expect("below").to_string_lossy().into_owned();
            files.insert(name, fs::read(entry.path()).expect("content"));
        }
    }
    let told = [&["for-each-ref"][..], &["rev-parse", "HEAD"], &["stash", "list"], &["ls-files", "-s"]];
    (files, told.iter().map(|args| pond.run(args).expect_code(0).out()).collect())
}

pub(crate) fn newest(pond: &TestPond) -> String {
    pond.run(&["op", "log", "-1", "--oneline"]).expect_code(0).line()
}

#[test]
fn what_was_killed_is_done_or_not_and_is_taken_back() {
    let mut random = Random::new(SEED);
    let (mut killed, mut published) = (0, 0);
    for args in [
        &["stash", "-u"][..],
        &["stash", "-k"],
        &["stash", "pop"],
        &["reset", "--hard", "side"],
        &["reset", "--soft", "side"],
        &["reset", "side"],
        &["switch", "-f", "side"],
        &["switch", "-C", "new", "-f", "side"],
    ] {
        let pond = lively();
        let before = everything(&pond);
        let start = Instant::now();
        pond.ok(args);
        let usual = start.elapsed();
        pond.ok(&["undo"]);
        assert!(everything(&pond) == before, "{args:?} is not taken back");
        for round in 0..rounds() {
            let operation = newest(&pond);
            let mut child = pond
                .command(args)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("the program starts");
            thread::sleep(Duration::from_micros(random.below(usual.as_micros() as u64 + 1)));
            child.kill().expect("SIGKILL");
            let is_killed = child.wait().expect("it ended").code().is_none();
            killed += usize::from(is_killed);
            if newest(&pond) != operation {
                published += usize::from(is_killed);
                let undone = pond.run(&["undo"]);
                assert!(undone.code == 0, "{args:?}, round {round}\n{undone}");
            }
            let after = everything(&pond);
            assert!(
                after == before,
                "{args:?}, round {round}: {:#?}\n{:#?}\n{:?}\n{:?}",
                after.1,
                before.1,
                after.0.keys(),
                before.0.keys()
            );
        }
    }
    assert!(
        killed >= rounds() && published >= 1,
        "{killed} killed, {published} published: this proves nothing"
    );
}

/// A branch whose files the mirror does not have.
pub(crate) fn beside_three_files() -> TestPond {
    let pond = TestPond::new();
    pond.write("f", "main\n");
    pond.commit_all("main");
    pond.ok(&["switch", "-c", "side"]);
    for name in ["f", "s1", "s2", "s3"] {
        pond.write(name, "side\n");
    }
    pond.commit_all("side");
    pond.ok(&["switch", "main"]);
    pond
}

/// The same after a `switch` to it that was killed when it had begun to write them; none where that cannot be done here.
fn half_switched() -> Option<TestPond> {
    let pond = beside_three_files();
    let (_, was_killed) = pond.run_with_fault(&["switch", "side"], "linkat:signal=KILL:when=1")?;
    assert!(was_killed);
    pond.run(&["status", "--porcelain"]).expect_code(0).expect_says("was interrupted");
    Some(pond)
}

#[test]
fn what_a_killed_switch_left_is_no_wish_to_delete() {
    let pond = beside_three_files();
    let mut half_done = 0;
    for when in 1..20 {
        let Some((_, was_killed)) =
            pond.run_with_fault(&["switch", "side"], &format!("linkat:signal=KILL:when={when}"))
        else {
            return;
        };
        let status = pond.run(&["status", "--porcelain"]).expect_code(0);
        half_done += usize::from(status.err().contains("was interrupted"));
        // Of what somebody changed since, nothing is done.
        if !pond.exists("s3") && status.err().contains("was interrupted") {
            pond.write("s3", "mine\n");
        }
        let commit = pond.run(&["commit", "-a", "-m", "what I changed"]).expect_no_panic();
        assert!([0, 1].contains(&commit.code), "{commit}");
        assert_eq!(pond.status(), [""; 0], "{when}: {commit}");
        let names = pond.lines(&["ls-files"]);
        let is_moved = pond.lines(&["branch", "--show-current"]) == ["side"];
        assert_eq!(names.len(), if is_moved { 4 } else { 1 }, "{when}: {names:?}");
        if !was_killed {
            break;
        }
        if commit.code == 0 {
            assert_eq!(pond.read("s3"), "mine\n");
            pond.ok(&["reset", "-q", "--hard", "HEAD~1"]);
        }
        pond.ok(&["switch", "-q", "main"]);
    }
    assert!(half_done > 0, "it was never killed half way");
}

#[test]
fn whoever_does_the_rest_may_be_killed_too() {
    let mut killed = 0;
    for call in ["linkat", "renameat", "renameat2", "pwrite64", "fsync", "fdatasync", "unlinkat"] {
        for when in 1..20 {
            let Some(pond) = half_switched() else { return };
            let fault = format!("{call}:signal=KILL:when={when}");
            let Some((_, was_killed)) = pond.run_with_fault(&["add", "-A"], &fault) else { return };
            killed += usize::from(was_killed);
            let commit = pond.run(&["commit", "-a", "-m", "what I changed"]).expect_code(1);
            assert_eq!(pond.status(), [""; 0], "{fault}: {commit}");
            assert_eq!(pond.lines(&["ls-files"]), ["f", "s1", "s2", "s3"], "{fault}: {commit}");
            let files: Vec<_> = ["f", "s1", "s2", "s3"].iter().map(|name| pond.read(name)).collect();
            assert_eq!(files, ["side\n"; 4], "{fault}");
            pond.ok(&["undo"]);
            assert_eq!((pond.read("f"), pond.exists("s1")), ("main\n".into(), false), "{fault}");
            if !was_killed {
                break;
            }
        }
    }
    assert!(killed > 5, "{killed} killed: this proves nothing");
}

#[test]
fn files_that_cannot_be_written_are_not_taken_for_deleted() {
    for fault in ["openat2:error=EIO:when=1+", "fsync:error=EIO:when=1+"] {
        let Some(pond) = half_switched() else { return };
        for args in [&["commit", "-a", "-m", "what I changed"][..], &["add", "-A"], &["stash"]] {
            let Some((refused, _)) = pond.run_with_fault(args, fault) else { return };
            assert_eq!(refused.code, 128, "{fault}: {refused}");
        }
        let files = ["f", "s1", "s2", "s3"];
        assert_eq!(pond.lines(&["ls-files"]), files, "{fault}");
        // With all well again it is done.
        let again = pond.run(&["commit", "-a", "-m", "what I changed"]).expect_code(1);
        assert_eq!(pond.status(), [""; 0], "{fault}: {again}");
        assert_eq!(files.map(|name| pond.read(name)), ["side\n"; 4].map(String::from), "{fault}: {again}");
    }
}

#[test]
fn what_cannot_be_written_can_be_taken_back() {
    let Some(pond) = half_switched() else { return };
    let Some((undo, _)) = pond.run_with_fault(&["undo"], "openat2:error=EIO:when=1+") else { return };
    undo.expect_code(128).expect_says("cannot be written").expect_says("cannot look at");
    let Some((undo, _)) = pond.run_with_fault(&["undo"], "fchmod:error=EIO:when=1+") else { return };
    if undo.expect_no_panic().code != 0 {
        pond.ok(&["undo"]);
    }
    assert_eq!(pond.read("f"), "main\n");
    assert_eq!(pond.lines(&["ls-files"]), ["f"]);
}

#[test]
fn a_lost_index_does_not_hide_what_a_killed_command_left() {
    let Some(pond) = half_switched() else { return };
    pond.write(".pond/mirrors/main/index", "damaged");
    let made = pond.run(&["restore", "--staged", ":/"]).expect_code(0);
    let made = made.expect_says("what it left unfinished was done now");
    assert_eq!(pond.status(), [""; 0], "{made}");
    assert_eq!(["f", "s1", "s2", "s3"].map(|name| pond.read(name)), ["side\n"; 4].map(String::from));
}

#[test]
fn what_a_killed_stash_pop_left_is_brought_back() {
    for (pop, next) in [
        (&["stash", "pop"][..], &["add", "-A"][..]),
        (&["stash", "pop"], &["commit", "-a", "-m", "what I changed"]),
        (&["stash", "pop", "--index"], &["stash", "list"]),
        (&["stash", "apply"], &["switch", "-c", "other"]),
    ] {
        let pond = TestPond::new();
        for name in ["f1", "f2", "f3"] {
            pond.write(name, "main\n");
        }
        pond.commit_all("main");
        pond.write("f1", "staged\n");
        pond.ok(&["add", "f1"]);
        pond.write("f1", "stashed\n");
        pond.write("f2", "stashed\n");
        pond.write("new", "stashed\n");
        pond.ok(&["stash", "-u"]);
        let Some((_, was_killed)) = pond.run_with_fault(pop, "linkat:signal=KILL:when=1") else { return };
        assert!(was_killed, "{pop:?}");
        pond.run(&["status", "--porcelain"]).expect_code(0).expect_says("was interrupted");
        let next = pond.run(next).expect_code(0);
        if next.err().is_empty() {
            // It only looks.
            pond.ok(&["maintenance"]);
        }
        let files = ["f1", "f2", "f3", "new"].map(|name| pond.read(name));
        assert_eq!(files, ["stashed\n", "stashed\n", "main\n", "stashed\n"], "{pop:?}: {next}");
        if pop.contains(&"--index") {
            assert_eq!(pond.ok(&["cat", ":f1"]), "staged\n");
        }
        if pop.contains(&"apply") {
            // Nothing that it left unstaged is staged.
            assert_eq!(pond.status(), [" M f1", " M f2", "?? new"], "{next}");
        }
    }
}

#[test]
fn an_error_on_the_way_does_not_make_anybody_forget() {
    for between in [&["switch", "main"][..], &["merge", "main"], &["stash", "list"], &["maintenance"]] {
        let Some(pond) = half_switched() else { return };
        let Some((failed, _)) = pond.run_with_fault(between, "openat2:error=ENOSPC:when=1+") else { return };
        let refused = if ["list", "maintenance"].contains(between.last().expect("words")) { 0 } else { 128 };
        assert_eq!(failed.code, refused, "{failed}");
        let commit = pond.run(&["commit", "-a", "-m", "what I changed"]).expect_code(1);
        let files = ["f", "s1", "s2", "s3"];
        assert_eq!(pond.lines(&["ls-files"]), files, "{between:?}: {commit}");
        assert_eq!(files.map(|name| pond.read(name)), ["side\n"; 4].map(String::from), "{commit}");
    }
}

#[test]
fn a_killed_mv_or_rm_is_done_or_not() {
    let renamed = ["R  d/f1 -> e/f1", "R  d/f2 -> e/f2"];
    let removed = ["D  d/f1", "D  d/f2"];
    for (args, call, done) in [
        (&["mv", "d", "e"][..], "renameat2", renamed),
        (&["rm", "-q", "-r", "d"], "unlinkat", removed),
        (&["rm", "-q", "-r", "d"], "renameat2", removed),
    ] {
        let mut half_done = 0;
        for when in 1..7 {
            let pond = TestPond::new();
            for name in ["d/f1", "d/f2", "k"] {
                pond.write(name, format!("{name}\n"));
            }
            pond.commit_all("one");
            let Some((killed, _)) = pond.run_with_fault(args, &format!("{call}:signal=KILL:when={when}"))
            else {
                return;
            };
            let told = pond.run(&["status"]).expect_code(0);
            half_done += usize::from(told.err().contains("was interrupted"));
            // What is there or not is no wish of anybody's.
            let added = pond.run(&["add", "-A"]).expect_code(0);
            let status = pond.status();
            assert!(status.is_empty() || status == done, "{call} {when}: {status:?}\n{killed}\n{added}");
            if !status.is_empty() {
                pond.ok(&["undo"]);
                assert_eq!((pond.status(), pond.read("d/f2")), (vec![], "d/f2\n".into()), "{call} {when}");
            }
        }
        assert!(half_done > 0, "{args:?}, {call}: this proves nothing");
    }
}

#[test]
fn a_killed_clean_is_done_or_not() {
    for call in ["unlinkat", "renameat2"] {
        let mut half_done = 0;
        for when in 1..7 {
            let pond = TestPond::new();
            pond.write("k", "k\n");
            pond.commit_all("one");
            for name in ["u1", "d/u2", "d/u3"] {
                pond.write(name, format!("{name}\n"));
            }
            let fault = format!("{call}:signal=KILL:when={when}");
            let Some((killed, was_killed)) = pond.run_with_fault(&["clean", "-f", "-d"], &fault) else {
                return;
            };
            let told = pond.run(&["status"]).expect_code(0);
            half_done += usize::from(told.err().contains("was interrupted"));
            let next = pond.run(&["add", "k"]).expect_code(0);
            let status = pond.status();
            assert!(
                status.is_empty() || status == ["?? d/", "?? u1"],
                "{fault}: {status:?}\n{killed}\n{next}"
            );
            if status.is_empty() {
                pond.ok(&["undo"]);
                assert_eq!(
                    (pond.read("d/u2"), pond.status()),
                    ("d/u2\n".into(), vec!["?? d/".into(), "?? u1".into()])
                );
            }
            if !was_killed {
                break;
            }
        }
        assert!(half_done > 0, "{call}: this proves nothing");
    }
}

/// A restored file has the version that was asked for while the index keeps its own: only what the command found tells that it is
/// still to be written.
#[test]
fn a_killed_restore_of_another_version_is_finished() {
    let mut finished = 0;
    for when in 1..=4 {
        let pond = TestPond::new();
        let names = ["a", "b", "c"];
        names.iter().for_each(|name| pond.write(name, "one\n"));
        pond.commit_all("one");
        names.iter().for_each(|name| pond.write(name, "two\n"));
        pond.commit_all("two");
        names.iter().for_each(|name| pond.write(name, "edited\n"));
        let fault = format!("linkat:signal=KILL:when={when}");
        let Some((_, was_killed)) = pond.run_with_fault(&["restore", "-s", "HEAD~1", "."], &fault) else {
            return;
        };
        let was_published = newest(&pond).contains("restore");
        let next = pond.run(&["maintenance"]).expect_code(0);
        let expected = if was_published { "one\n" } else { "edited\n" };
        for name in names {
            assert_eq!(pond.read(name), expected, "{fault}: {next}");
        }
        finished += usize::from(was_killed && was_published);
        if was_published {
            pond.ok(&["undo"]);
            names.iter().for_each(|name| assert_eq!(pond.read(name), "edited\n", "{fault}"));
        }
    }
    assert!(finished >= 2, "{finished}: this proves nothing");
}
