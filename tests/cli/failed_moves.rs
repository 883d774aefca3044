//! What moves HEAD, index and files where the system lets it write some of them only: nobody takes that for a wish, the next
//! command does the rest, and both can be taken back.
//!
//! strace makes the calls fail; without it these tests are skipped.

use crate::harness::TestPond;
use crate::killed_moves::{beside_three_files, everything, lively, newest};

/// Every call of its kind that comes after so many fails.
const FAULTS: [&str; 6] = [
    "openat2:error=ENOSPC:when=12+",
    "openat2:error=EIO:when=30",
    "renameat2:error=EIO:when=1+",
    "renameat2:error=ENOSPC:when=3",
    "fchmod:error=EIO:when=2+",
    "unlinkat:error=EIO:when=2+",
];

#[test]
fn what_could_not_be_written_is_done_by_the_next_command() {
    let (mut partial, mut published) = (0, 0);
    for (prepare, args) in [
        (&["op", "log"][..], &["switch", "-f", "side"][..]),
        (&["op", "log"], &["reset", "--hard", "side"]),
        (&["op", "log"], &["stash", "-u"]),
        (&["stash", "-u"], &["stash", "pop"]),
        (&["reset", "--hard", "side"], &["merge", "main@{1}"]),
        (&["switch", "-f", "side"], &["cherry-pick", "main"]),
        (&["switch", "-f", "side"], &["undo"]),
    ] {
        let pond = lively();
        pond.ok(prepare);
        let before = everything(&pond);
        pond.ok(args);
        let after = everything(&pond);
        let back = if args == ["undo"] { "redo" } else { "undo" };
        pond.ok(&[back]);
        assert!(everything(&pond) == before, "{args:?} is not taken back");
        for fault in FAULTS {
            let operation = newest(&pond);
            let Some((failed, was_hit)) = pond.run_with_fault(args, fault) else { return };
            let failed = failed.expect_no_panic();
            if newest(&pond) == operation {
                let now = everything(&pond);
                assert!(now == before, "{args:?}, {fault}: {failed}");
                continue;
            }
            published += usize::from(was_hit);
            if failed.code == 3 {
                partial += 1;
                assert!(!failed.err().contains("again"), "{args:?}, {fault}: {failed}");
                pond.run(&["status", "--porcelain"]).expect_code(0).expect_says("half way");
            }
            let next = pond.run(&["maintenance"]).expect_code(0);
            let now = everything(&pond);
            assert!(
                now == after,
                "{args:?}, {fault}: {failed}\n{next}\n{:#?}\n{:#?}\n{:?}\n{:?}",
                now.1,
                after.1,
                now.0.keys(),
                after.0.keys()
            );
            pond.ok(&[back]);
            assert!(everything(&pond) == before, "{args:?}, {fault}: it is not taken back");
        }
    }
    assert!(partial >= 5 && published > partial, "{partial} of {published}: this proves nothing");
}

/// A `switch` that could not write one of the files.
fn partly_switched() -> Option<TestPond> {
    let pond = beside_three_files();
    let (failed, _) = pond.run_with_fault(&["switch", "side"], "fchmod:error=ENOSPC:when=1+")?;
    failed.expect_code(3).expect_says("no space is left for `f`").expect_says("the next command");
    assert_eq!((pond.read("f"), pond.read("s1")), ("main\n".into(), "side\n".into()));
    Some(pond)
}

#[test]
fn what_failed_is_no_change_of_anybody() {
    for args in
        [&["commit", "-a", "-m", "what I changed"][..], &["add", "-A"], &["switch", "side"], &["stash"]]
    {
        let Some(pond) = partly_switched() else { return };
        let next = pond.run(args).expect_says("what it left was done now: 1 file").expect_no_panic();
        assert_eq!((pond.read("f"), pond.status()), ("side\n".into(), vec![]), "{next}");
        pond.ok(&["undo"]);
        assert_eq!((pond.read("f"), pond.exists("s1")), ("main\n".into(), false), "{next}");
    }
    // What somebody made of it meanwhile stays.
    let Some(pond) = partly_switched() else { return };
    pond.write("f", "mine\n");
    pond.ok(&["commit", "-a", "-m", "what I changed"]);
    assert_eq!(pond.ok(&["cat", "HEAD:f"]), "mine\n");
}

#[test]
fn as_long_as_it_fails_nothing_is_recorded() {
    let Some(pond) = partly_switched() else { return };
    let fault = "fchmod:error=ENOSPC:when=1+";
    for args in [&["add", "-A"][..], &["commit", "-a", "-m", "what I changed"], &["switch", "main"]] {
        let Some((refused, _)) = pond.run_with_fault(args, fault) else { return };
        refused.expect_code(128).expect_says("cannot be written").expect_says("'pond undo'");
    }
    // Commands that take nothing for a wish go on, and it stays due.
    for args in [&["restore", "s1"][..], &["clean", "-f"], &["maintenance"]] {
        let Some((done, _)) = pond.run_with_fault(args, fault) else { return };
        done.expect_code(0).expect_says("cannot be written");
        pond.run(&["status", "--porcelain"]).expect_code(0).expect_says("half way");
    }
    pond.ok(&["restore", "f"]);
    assert_eq!(pond.read("f"), "side\n");
    assert_eq!(pond.run(&["status", "--porcelain"]).expect_code(0).err(), "");

    // With `reset` the user says that it is to count as it is.
    let Some(pond) = partly_switched() else { return };
    let Some((_, _)) = pond.run_with_fault(&["reset"], fault) else { return };
    assert_eq!(pond.run(&["status", "--porcelain"]).expect_code(0).expect_prints(" M f").err(), "");
}

#[test]
fn an_undo_that_failed_is_not_done_twice() {
    for fault in ["fchmod:error=ENOSPC:when=1+", "fchmod:signal=KILL:when=1"] {
        let pond = beside_three_files();
        pond.ok(&["switch", "side"]);
        let Some((failed, _)) = pond.run_with_fault(&["undo"], fault) else { return };
        let failed = failed.expect_no_panic();
        assert_eq!(pond.read("f"), "side\n", "{failed}");
        pond.run(&["status"]).expect_says("'pond redo' takes the command back");
        pond.run(&["undo", "-n"]).expect_code(0).expect_says("would do the rest of the 'undo'");
        let Some((again, _)) = pond.run_with_fault(&["undo"], "fchmod:error=ENOSPC:when=1+") else {
            return;
        };
        again.expect_code(3);
        pond.run(&["undo"]).expect_code(0).expect_says("nothing else was changed");
        assert_eq!(pond.lines(&["branch", "--show-current"]), ["main"], "{failed}");
        assert_eq!(
            (pond.read("f"), pond.exists("s1"), pond.status()),
            ("main\n".into(), false, vec![]),
            "{failed}"
        );
        pond.ok(&["redo"]);
        assert_eq!(
            (pond.read("f"), pond.read("s1"), pond.status()),
            ("side\n".into(), "side\n".into(), vec![])
        );
    }
    // Where nothing is left to write, too.
    let pond = beside_three_files();
    pond.ok(&["branch", "other"]);
    let Some((_, was_killed)) = pond.run_with_fault(&["undo"], "renameat:signal=KILL:when=1") else { return };
    assert!(was_killed && pond.lines(&["branch", "--list", "other"]).is_empty());
    pond.run(&["undo", "-n"]).expect_code(0).expect_says("would do the rest of the 'undo'");
    pond.run(&["undo"]).expect_code(0).expect_says("nothing else was changed");
    assert_eq!(pond.lines(&["branch", "--show-current"]), ["main"]);
    pond.run(&["undo"]).expect_code(0).expect_says("HEAD main -> side");
    // A redo likewise, and what one failure left another command takes back.
    let pond = beside_three_files();
    pond.ok(&["switch", "side"]);
    pond.ok(&["undo"]);
    let Some((failed, _)) = pond.run_with_fault(&["redo"], "fchmod:error=EIO:when=1+") else { return };
    failed.expect_code(3);
    let Some((undone, _)) = pond.run_with_fault(&["undo"], "fchmod:error=EIO:when=1+") else { return };
    assert_eq!((pond.read("f"), pond.exists("s1")), ("main\n".into(), false), "{undone}");
    pond.ok(&["maintenance"]);
    assert_eq!((pond.read("f"), pond.status()), ("main\n".into(), vec![]), "{undone}");
}

#[test]
fn a_lost_head_file_does_not_make_anybody_forget() {
    let Some(pond) = partly_switched() else { return };
    pond.remove(".pond/mirrors/main/HEAD");
    let Some((refused, _)) = pond.run_with_fault(&["add", "-A"], "fchmod:error=ENOSPC:when=1+") else {
        return;
    };
    refused.expect_code(128).expect_says("cannot be written");
    pond.run(&["status"]).expect_says("half way");
    pond.run(&["commit", "-a", "-m", "what I changed"]).expect_code(1).expect_says("done now: 1 file");
    assert_eq!((pond.read("f"), pond.status()), ("side\n".into(), vec![]));
    // With nothing to do, nothing is said.
    pond.remove(".pond/mirrors/main/HEAD");
    assert_eq!(pond.run(&["add", "-A"]).expect_code(0).err(), "");
}

#[test]
fn what_cannot_be_looked_at_is_not_called_a_change() {
    let pond = beside_three_files();
    pond.mkdir("deep");
    pond.write("deep/file", "main\n");
    pond.commit_all("deep");
    for args in [
        &["switch", "side"][..],
        &["reset", "--hard", "side"],
        &["merge", "side"],
        &["restore", "-s", "side", "."],
    ] {
        let operation = newest(&pond);
        // So that it has to be read.
        pond.write("f", "main\n");
        let Some((refused, _)) = pond.run_with_fault(args, "openat2:error=EIO:when=1+") else { return };
        refused.expect_code(128).expect_says("cannot look at what would be changed:\n  ");
        assert_eq!(newest(&pond), operation);
    }
}
