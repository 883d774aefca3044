//! What moves HEAD, index and files where the system lets it write some of them only: nobody takes that for a wish, the next
//! command does the rest, and both can be taken back.
//!
//! strace makes the calls fail; without it these tests are skipped.

use std::fs;

use crate::harness::TestPond;
use crate::killed_moves::{beside_three_files, everything, lively, newest};
use crate::leftovers::temporary;

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
            // So that the stat of what was just laid out is known to prove something: the fault is meant for writing.
            std::thread::sleep(std::time::Duration::from_millis(50));
            pond.ok(&["status"]);
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
                let status = pond.run(&["status", "--porcelain"]).expect_code(0);
                assert!(status.err().contains("was interrupted"), "{args:?}, {fault}: {failed}\n{status}");
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

/// The content of a dead command's file is stored in an operation of its own, in the midst of the switch: HEAD does not follow it
/// while files of the switch are due.
#[test]
fn content_that_is_stored_meanwhile_hides_nothing() {
    let pond = beside_three_files();
    pond.write(temporary(1), "of another program\n");
    let Some((failed, _)) = pond.run_with_fault(&["switch", "side"], "fchmod:error=ENOSPC:when=1+") else {
        return;
    };
    failed.expect_code(3);
    let kinds = pond.ok(&["--json", "op", "log"]);
    let stored = kinds.find("RESCUE").expect("the content was stored");
    assert!(Some(stored) < kinds.find("SWITCH"), "{kinds}");
    assert_eq!(pond.read("f"), "main\n");
    let commit = pond.run(&["commit", "-a", "-m", "what I changed"]).expect_code(1);
    assert_eq!((pond.read("f"), pond.status()), ("side\n".into(), vec![]), "{commit}");
}

#[test]
fn what_failed_is_no_change_of_anybody() {
    for args in
        [&["commit", "-a", "-m", "what I changed"][..], &["add", "-A"], &["switch", "side"], &["stash"]]
    {
        let Some(pond) = partly_switched() else { return };
        let next =
            pond.run(args).expect_says("what it left unfinished was done now: 1 file").expect_no_panic();
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
        pond.run(&["status", "--porcelain"]).expect_code(0).expect_says("was interrupted");
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
        pond.run(&["undo", "-n"]).expect_code(0).expect_says("would finish the 'undo'");
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
    pond.run(&["undo", "-n"]).expect_code(0).expect_says("would finish the 'undo'");
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
    pond.run(&["status"]).expect_says("was interrupted");
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

/// Two branches with files and directories in each other's place, and empty directories.
fn with_directories() -> TestPond {
    let pond = TestPond::new();
    pond.write("d/e/f", "main\n");
    pond.mkdir("empty/deep");
    for number in 0..4 {
        pond.write(format!("z{number}"), "main\n");
    }
    pond.commit_all("main");
    pond.ok(&["branch", "main-too"]);
    pond.ok(&["switch", "-c", "side"]);
    for name in ["d", "empty"] {
        fs::remove_dir_all(pond.path(name)).expect("removed");
    }
    (0..4).for_each(|number| pond.remove(format!("z{number}")));
    pond.write("d", "side\n");
    pond.write("other/s", "side\n");
    pond.commit_all("side");
    pond.ok(&["switch", "main"]);
    pond
}

/// Names of everything in the mirror, directories too.
fn names(pond: &TestPond) -> Vec<String> {
    let walk = walkdir::WalkDir::new(pond.mirror()).min_depth(1).sort_by_file_name().into_iter();
    let entries =
        walk.filter_entry(|entry| entry.file_name() != ".pond").map(|entry| entry.expect("an entry"));
    let root = pond.mirror();
    let name =
        |entry: walkdir::DirEntry| entry.path().strip_prefix(&root).expect("below").display().to_string();
    entries.map(name).collect()
}

#[test]
fn directories_are_no_changes_of_anybody() {
    let pond = with_directories();
    let on_main = names(&pond);
    pond.ok(&["switch", "side"]);
    let on_side = names(&pond);
    assert_eq!(on_side, ["d", "other", "other/s"]);
    pond.ok(&["switch", "main"]);
    let mut half_done = 0;
    for call in ["unlinkat", "renameat2", "rename", "linkat"] {
        for kind in ["signal=KILL", "error=EIO"] {
            for when in 1..7 {
                let fault = format!("{call}:{kind}:when={when}");
                let Some((failed, _)) = pond.run_with_fault(&["switch", "side"], &fault) else { return };
                let status = pond.run(&["status", "--porcelain"]).expect_code(0);
                half_done += usize::from(status.err().contains("was interrupted"));
                let added = pond.run(&["add", "-A"]).expect_code(0);
                assert_eq!(pond.status(), [""; 0], "{fault}: {failed}\n{status}\n{added}");
                let is_moved = pond.lines(&["branch", "--show-current"]) == ["side"];
                let wanted = if is_moved { &on_side } else { &on_main };
                assert_eq!(&names(&pond), wanted, "{fault}: {failed}\n{added}");
                pond.ok(&["switch", "main"]);
                assert_eq!(names(&pond), on_main, "{fault}: {failed}\n{added}");
            }
        }
    }
    assert!(half_done > 5, "{half_done}: this proves nothing");
}

#[test]
fn a_lost_permission_is_an_error() {
    let pond = TestPond::new();
    pond.write("run", "1\n");
    pond.commit_all("one");
    pond.ok(&["switch", "-c", "side"]);
    pond.write("run", "2\n");
    pond.chmod("run", 0o755);
    pond.commit_all("two");
    pond.ok(&["switch", "main"]);
    let Some((failed, _)) = pond.run_with_fault(&["switch", "side"], "fchmod:error=EPERM:when=1+") else {
        return;
    };
    failed.expect_code(3).expect_says("cannot set the permissions of `run`");
    pond.run(&["commit", "-a", "-m", "what I changed"]).expect_code(1);
    assert_eq!(pond.status(), [""; 0]);
}

#[test]
fn a_restore_is_done_or_not_file_by_file() {
    let files: Vec<String> = (0..4).map(|number| format!("a{number}")).collect();
    let pond = TestPond::new();
    files.iter().for_each(|name| pond.write(name, "old\n"));
    pond.commit_all("old");
    pond.ok(&["switch", "-c", "side"]);
    files.iter().for_each(|name| pond.write(name, "newer\n"));
    pond.write("new", "new\n");
    pond.commit_all("new");
    pond.ok(&["switch", "main"]);
    let restore = ["restore", "-s", "side", "--staged", "--worktree", "."];
    let Some((failed, _)) = pond.run_with_fault(&restore, "fchmod:error=ENOSPC:when=1") else { return };
    let failed = failed.expect_code(3);
    let status = pond.status();
    assert!(!status.is_empty() && status.len() < 5, "{failed}\n{status:?}");
    for line in &status {
        // What failed is neither written nor staged.
        assert!(line.starts_with("M  ") || line == "A  new", "{line}: {failed}");
    }
    pond.ok(&["undo"]);
    assert_eq!(pond.status(), [""; 0]);
    // One that was killed is done by the next command, as any other.
    let Some((_, was_killed)) = pond.run_with_fault(&restore, "fchmod:signal=KILL:when=1") else { return };
    assert!(was_killed);
    pond.run(&["add", "-A"]).expect_code(0).expect_says("what it left unfinished was done now");
    assert_eq!(pond.status(), ["M  a0", "M  a1", "M  a2", "M  a3", "A  new"]);
    pond.ok(&["undo"]);
    assert_eq!((pond.status(), pond.read("a3")), (vec![], "old\n".into()));
}
