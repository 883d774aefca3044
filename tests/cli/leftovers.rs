//! What killed commands leave in the mirror is nobody's file, and is taken away; a file that looks like it is its owner's.

use std::fs;

use crate::harness::{TestPond, noise};

/// The name of a temporary of pond's own.
pub(crate) fn temporary(number: u64) -> String {
    let digits = format!("{number:016x}");
    let mark =
        blake3::Hasher::new_derive_key("pond v1 name of a temporary").update(digits.as_bytes()).finalize();
    format!(".pond-tmp-{digits}{}", &mark.to_hex()[..16])
}

fn with_leftovers() -> TestPond {
    let pond = TestPond::new();
    pond.write("d/a", "1\n");
    pond.write(".pondignore", "ignored/\n");
    pond.link("d/a", "link");
    pond.commit_all("one");
    pond.write("d/a", "2\n");
    pond.commit_all("two");
    // One that was just made, one that is written, one that was to go, and a link.
    pond.write(temporary(1), "");
    pond.write(format!("d/{}", temporary(2)), "1\n");
    fs::hard_link(pond.path("d/a"), pond.path(format!("d/{}", temporary(3)))).expect("a link");
    pond.link("d/a", &format!("d/{}", temporary(4)));
    pond
}

fn left(pond: &TestPond) -> Vec<String> {
    let names = walkdir::WalkDir::new(pond.mirror()).into_iter().map(|entry| entry.expect("an entry"));
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with(".pond-tmp-")).collect()
}

#[test]
fn commands_that_look_at_the_mirror_take_them_away() {
    for args in [
        &["add", "-A"][..],
        &["commit", "--allow-empty", "-am", "three"],
        &["restore", "-s", "HEAD~1", "."],
        &["switch", "-d", "HEAD~1"],
        &["reset", "--hard", "HEAD~1"],
        &["undo"],
        &["clean", "-f"],
        &["maintenance"],
    ] {
        let pond = with_leftovers();
        assert_eq!(left(&pond).len(), 4);
        assert_eq!(pond.status(), [""; 0], "they are no content");
        let operations = pond.lines(&["op", "log", "--oneline"]).len();
        let output = pond.run(args).expect_code(0);
        assert_eq!(left(&pond), [""; 0], "{output}");
        assert!(!output.err().contains("killed"), "nothing of it is news\n{output}");
        assert!(pond.lines(&["op", "log", "--oneline"]).len() <= operations + 1, "{output}");
        assert_eq!(pond.read("d/a").len(), 2, "{output}");
    }
}

#[test]
fn what_is_in_no_version_is_stored_first() {
    let pond = with_leftovers();
    let name = format!("d/{}", temporary(5));
    let content = noise(5, 100_000);
    pond.write(&name, &content);
    let output = pond.run(&["add", "-A"]).expect_code(0).expect_says("a command that was killed left 1 file");
    assert_eq!(left(&pond), [""; 0]);
    let hint = output.err().lines().find(|line| line.starts_with("hint:")).expect("a hint").to_owned();
    let tree = hint.split(' ').skip_while(|word| *word != "-s").nth(1).expect("a tree").to_owned();
    let out = pond.lay_out(&tree, "out");
    assert_eq!(fs::read(out.join(&name)).expect("read"), content);
    assert_eq!(
        fs::read_dir(out.join("d")).expect("a directory").count(),
        1,
        "what is known is not stored again"
    );
    assert_eq!(pond.status(), [""; 0]);
    pond.run(&["undo"]).expect_code(0);
    assert_eq!(pond.history().len(), 1, "it is no command that undo would take back");
}

#[test]
fn directories_go_with_them() {
    let pond = with_leftovers();
    pond.write("e/f/b", "b\n");
    pond.commit_all("three");
    pond.write(format!("e/f/{}", temporary(5)), "");
    pond.ok(&["switch", "-d", "HEAD~1"]);
    assert!(!pond.exists("e"), "a version without them has none");
    pond.write(format!("g/h/{}", temporary(6)), "1\n");
    pond.mkdir("i");
    pond.ok(&["add", "-A"]);
    assert!(!pond.exists("g") && pond.exists("d") && pond.exists("i"));
    assert_eq!(pond.status(), ["A  i"]);
}

#[test]
fn commands_that_change_nothing_leave_them() {
    let pond = with_leftovers();
    for args in [&["status"][..], &["diff"], &["add", "-n", "."], &["clean", "-n"]] {
        pond.ok(args);
    }
    assert_eq!(left(&pond).len(), 4);
    pond.ok(&["maintenance", "--auto"]);
    assert_eq!(left(&pond).len(), 4);
    pond.write(format!("ignored/{}", temporary(6)), "1\n");
    let report = pond.run(&["maintenance"]).expect_code(0);
    report.expect_prints("deleted 5 files that nothing names");
    assert_eq!(left(&pond), [""; 0]);
}

#[test]
fn a_name_that_somebody_chose_is_a_file() {
    let pond = with_leftovers();
    let forged = temporary(7).replace('7', "8");
    for name in [".pond-tmp-0123456789abcdef", ".pond-tmp-1", &forged] {
        pond.write(name, "mine\n");
        pond.write(format!("d/{name}"), "mine\n");
    }
    assert_eq!(pond.status().len(), 6);
    pond.ok(&["restore", "-s", "HEAD~1", "."]);
    pond.ok(&["maintenance", "--grace", "0s"]);
    assert_eq!(left(&pond).len(), 6);
    pond.commit_all("three");
    assert_eq!(pond.lines(&["ls", "-r", "HEAD"]).len(), 9);
}

#[test]
fn a_killed_restore_leaves_nothing_for_long() {
    let (mut killed, mut with_leftovers) = (0, 0);
    for call in ["renameat2", "unlinkat", "fsync"] {
        for number in 1..10 {
            let pond = TestPond::new();
            pond.write("d/a", noise(1, 50_000));
            pond.commit_all("one");
            pond.write("d/a", noise(2, 50_000));
            pond.commit_all("two");
            let fault = format!("{call}:signal=KILL:when={number}");
            let restore = &["restore", "-s", "HEAD~1", "d/a"];
            let Some((_, is_killed)) = pond.run_with_fault(restore, &fault) else { return };
            killed += usize::from(is_killed);
            with_leftovers += usize::from(!left(&pond).is_empty());
            pond.ok(restore);
            assert_eq!(pond.read_bytes("d/a"), noise(1, 50_000), "{fault}");
            assert_eq!(left(&pond), [""; 0], "{fault}");
            assert_eq!(pond.status(), [" M d/a"], "{fault}");
        }
    }
    assert!(
        killed > 5 && with_leftovers > 1,
        "{killed} killed, {with_leftovers} with leftovers: this proves nothing"
    );
}

#[test]
fn what_a_command_of_a_pond_further_down_is_writing_is_left_alone() {
    let pond = TestPond::new();
    pond.write("d/a", "1\n");
    pond.write("e/a", "1\n");
    pond.commit_all("one");
    pond.ok(&["init", "-q", "d"]);
    pond.ok(&["init", "-q", "n"]);
    let theirs =
        [format!("d/{}", temporary(1)), format!("d/deep/{}", temporary(2)), format!("n/{}", temporary(3))];
    let ours = format!("e/{}", temporary(4));
    for name in theirs.iter().chain([&ours]) {
        pond.write(name, "1\n");
    }
    pond.write("d/a", "2\n");
    for args in [&["add", "-A"][..], &["stash"], &["maintenance"]] {
        pond.ok(args);
        assert!(theirs.iter().all(|name| pond.exists(name)), "{args:?}");
    }
    assert!(!pond.exists(&ours));
}
