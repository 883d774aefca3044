//! A rename that an interrupted `mv` left, and that the system refuses: it stays due, whatever comes in between.
//!
//! A file has taken the place of the directory that the new name is in: as long as it is there, nothing can be renamed.

use std::fs;

use crate::harness::TestPond;

/// A pond in which `mv d sub/e` was killed before it renamed anything, and where it cannot; none where that cannot be done here.
fn refused() -> Option<TestPond> {
    for when in 1..7 {
        let pond = TestPond::new();
        for name in ["d/f1", "d/f2", "k"] {
            pond.write(name, format!("{name}\n"));
        }
        pond.commit_all("one");
        pond.mkdir("sub");
        pond.run_with_fault(&["mv", "d", "sub/e"], &format!("renameat2:signal=KILL:when={when}"))?;
        let status = pond.run(&["status"]).expect_code(0);
        if status.err().contains("was interrupted") && pond.exists("d/f1") && !pond.exists("sub/e") {
            fs::remove_dir(pond.path("sub")).expect("it is empty");
            pond.write("sub", "in the way\n");
            return Some(pond);
        }
    }
    panic!("it was never killed half way");
}

const RENAMED: [&str; 2] = ["R  d/f1 -> sub/e/f1", "R  d/f2 -> sub/e/f2"];

/// Makes way, and expects the next command to rename what is left.
#[track_caller]
fn is_done_now(pond: &TestPond) {
    if pond.exists("sub") {
        pond.remove("sub");
    }
    let done = pond.run(&["add", "-A"]).expect_code(0).expect_says("done now");
    assert_eq!(pond.status(), RENAMED, "{done}");
    assert_eq!((pond.exists("d"), pond.read("sub/e/f2")), (false, "d/f2\n".into()), "{done}");
    assert_eq!(pond.run(&["status"]).expect_code(0).err(), "");
}

#[test]
fn it_stays_due() {
    let Some(pond) = refused() else { return };
    for _ in 0..2 {
        pond.run(&["add", "-A"]).expect_code(128).expect_says("cannot rename d to sub/e");
        let status = pond.run(&["status"]).expect_code(0).expect_says("was interrupted");
        status
            .expect_prints("Not yet written by a command that was interrupted:\n")
            .expect_prints("sub/e/f1");
    }
    is_done_now(&pond);
    pond.ok(&["undo"]);
    // The directory was there before.
    assert_eq!((pond.status(), pond.read("d/f2")), (vec!["?? sub/".into()], "d/f2\n".into()));
}

#[test]
fn other_operations_do_not_make_anybody_forget() {
    for between in
        [&["restore", "k"][..], &["restore", "-S", "-W", "-s", "HEAD", "k"], &["clean", "-f", "-d"]]
    {
        let Some(pond) = refused() else { return };
        pond.write("k", "changed\n");
        pond.run(between).expect_code(0).expect_says("cannot rename d to sub/e");
        // What has the old name is nothing that nobody tracks.
        assert_eq!(pond.read("d/f1"), "d/f1\n", "{between:?}");
        pond.run(&["status"]).expect_code(0).expect_says("was interrupted");
        pond.write("k", "k\n");
        is_done_now(&pond);
    }
}

#[test]
fn what_takes_it_back_ends_it() {
    for back in [&["undo"][..], &["reset", "-q", "--hard"], &["restore", "-S", "-W", "-s", "HEAD", ":/"]] {
        let Some(pond) = refused() else { return };
        let told = pond.run(back).expect_code(0);
        let mut left = pond.status();
        left.retain(|line| line != "?? sub");
        assert_eq!((left, pond.read("d/f1")), (vec![], "d/f1\n".into()), "{told}");
        if pond.exists("sub") {
            pond.remove("sub");
        }
        assert_eq!(pond.run(&["add", "-A"]).expect_code(0).err(), "", "{back:?}: {told}");
        assert_eq!((pond.status(), pond.exists("sub")), (vec![], false), "{back:?}: {told}");
        if back == ["undo"] {
            pond.mkdir("sub");
            pond.ok(&["redo"]);
            assert_eq!((pond.status(), pond.exists("d")), (RENAMED.map(String::from).to_vec(), false));
        }
    }
}

#[test]
fn what_is_left_of_a_directory_is_renamed_file_by_file() {
    let Some(pond) = refused() else { return };
    // The file in the way gives way to what is restored, and is stored.
    pond.run(&["restore", "sub/e/f1"]).expect_code(0).expect_says("cannot rename d to sub/e");
    assert_eq!((pond.read("sub/e/f1"), pond.read("d/f1")), ("d/f1\n".into(), "d/f1\n".into()));
    pond.run(&["add", "k"]).expect_code(0).expect_says("done now: 1 file");
    assert_eq!((pond.read("sub/e/f2"), pond.exists("d/f2")), ("d/f2\n".into(), false));
    assert_eq!(pond.status(), [&RENAMED[..], &["?? d/"]].concat());
}

#[test]
fn what_an_undo_could_not_put_back_in_the_place_of_a_renamed_file_is_due() {
    let mut proven = 0;
    for when in 1..16 {
        let pond = TestPond::new();
        pond.write("c", "c\n");
        pond.write("e", "e\n");
        pond.commit_all("one");
        pond.ok(&["mv", "-f", "c", "e"]);
        let fault = format!("renameat2:error=EIO:when={when}");
        let Some((undone, _)) = pond.run_with_fault(&["undo"], &fault) else { return };
        // The file has its old name again, and the other one is not in its place.
        if undone.code != 3 || !pond.path("c").exists() || pond.path("e").exists() {
            continue;
        }
        proven += 1;
        let status = pond.run(&["status", "--porcelain"]).expect_code(0);
        assert!(status.err().contains("was interrupted"), "{fault}: {undone}\n{status}");
        pond.run(&["commit", "-am", "nothing"]).expect_code(1);
        assert_eq!((pond.read("c").as_str(), pond.read("e").as_str()), ("c\n", "e\n"), "{fault}: {undone}");
    }
    assert!(proven > 0, "this proves nothing");
}
