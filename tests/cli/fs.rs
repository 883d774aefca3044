//! `pond fs`: reading and changing the pond without the mirror.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;

use crate::harness::TestPond;

/// A pond with two versions: `data/a.csv` and `notes.txt`, then another content of the first.
fn pond() -> TestPond {
    let pond = TestPond::new();
    pond.write("data/a.csv", "one\n");
    pond.write("notes.txt", "notes\n");
    pond.commit_all("First");
    pond.ok(&["tag", "v1"]);
    pond.write("data/a.csv", "two\n");
    pond.commit_all("Second");
    pond
}

fn put(pond: &TestPond, args: &[&str], input: &[u8]) {
    pond.run_with_input(&[&["fs", "put"], args].concat(), input).expect_code(0);
}

#[test]
fn any_version_is_read() {
    let pond = pond();
    assert_eq!(pond.ok(&["fs", "ls"]), "data/\nnotes.txt\n");
    assert_eq!(pond.ok(&["fs", "ls", "data"]), pond.ok(&["ls", "HEAD:data"]));
    assert_eq!(pond.ok(&["fs", "ls", "-r"]), "data/a.csv\nnotes.txt\n");
    assert_eq!(pond.ok(&["fs", "ls", "@"]), "main/\nv1/\n");
    assert_eq!(pond.ok(&["fs", "ls", "@/v1/data"]), pond.ok(&["fs", "ls", "v1:data"]));
    for (place, text) in [
        ("data/a.csv", "two\n"),
        ("HEAD~1:data/a.csv", "one\n"),
        ("@/v1/data/a.csv", "one\n"),
        ("@/HEAD~1/data/../data/a.csv", "one\n"),
        ("@/@{2026-03-01}/data/a.csv", "two\n"),
    ] {
        assert_eq!(pond.ok(&["fs", "cat", place]), text, "{place}");
    }
    pond.ok(&["branch", "topic/deep", "v1"]);
    assert_eq!(pond.ok(&["fs", "ls", "@"]), "main/\ntopic/\nv1/\n");
    assert_eq!(pond.ok(&["fs", "ls", "@/topic"]), "deep/\n");
    assert_eq!(pond.ok(&["fs", "cat", "@/topic/deep/data/a.csv"]), "one\n");
    pond.fails(&["fs", "cat", "data"], 128).expect_says("is a directory");
    pond.fails(&["fs", "ls", "@/none"], 128).expect_says("there is no '@/none'");
    pond.fails(&["fs", "ls", "/data"], 129).expect_says("absolute");
    pond.fails(&["fs", "ls", "../x"], 128);
    pond.fails(&["fs", "ls", "data/../../x"], 128).expect_says("out of the root");
}

#[test]
fn a_change_takes_the_mirror_along_and_is_taken_back() {
    let pond = pond();
    let before = pond.id("HEAD");
    put(&pond, &["data/b.csv", "-m", "Add b"], b"b\n");
    assert_eq!(pond.read("data/b.csv"), "b\n");
    assert_eq!(pond.status(), [""; 0], "nothing looks like the reverse of it");
    assert_eq!(pond.lines(&["log", "-1", "--format=%s"]), ["Add b"]);
    put(&pond, &["--append", "data/b.csv"], b"more\n");
    assert_eq!(pond.read("data/b.csv"), "b\nmore\n");
    assert_eq!(pond.lines(&["log", "-1", "--format=%s"]), ["Append to data/b.csv"]);
    pond.ok(&["fs", "mkdir", "-p", "x/y"]);
    pond.ok(&["fs", "mv", "data/b.csv", "x/y/c.csv"]);
    pond.ok(&["fs", "cp", "notes.txt", "x/"]);
    pond.ok(&["fs", "cp", "-r", "@/v1/data", "old"]);
    pond.ok(&["fs", "rm", "-r", "data"]);
    let all = ["notes.txt", "old/a.csv", "x/notes.txt", "x/y/c.csv"];
    assert_eq!(pond.lines(&["fs", "ls", "-r"]), all);
    assert_eq!(pond.status(), [""; 0]);
    assert!(!pond.path("data").exists() && pond.read("old/a.csv") == "one\n");
    // The tree is that which 'add' makes of the same files.
    let other = TestPond::new();
    for path in all {
        other.write(path, pond.read_bytes(path));
    }
    other.commit_all("All");
    assert_eq!(other.id("HEAD^{tree}"), pond.id("HEAD^{tree}"));
    for _ in 0..7 {
        pond.ok(&["undo"]);
    }
    assert_eq!(pond.id("HEAD"), before);
    assert_eq!(pond.read("data/a.csv"), "two\n");
    assert!(!pond.path("x").exists());
    assert_eq!(pond.status(), [""; 0]);
}

#[test]
fn uncommitted_work_stays_or_stops_the_change() {
    let pond = pond();
    pond.write("notes.txt", "mine\n");
    pond.write("new.txt", "untracked\n");
    put(&pond, &["data/b.csv"], b"b\n");
    assert_eq!(pond.read("notes.txt"), "mine\n");
    assert_eq!(pond.status(), [" M notes.txt", "?? new.txt"]);
    let before = pond.id("HEAD");
    let refused = pond.run_with_input(&["fs", "put", "notes.txt"], b"theirs\n").expect_failure(1);
    refused.expect_says("notes.txt").expect_says("nothing was changed");
    pond.run_with_input(&["fs", "put", "new.txt"], b"theirs\n").expect_failure(1).expect_says("new.txt");
    assert_eq!(pond.id("HEAD"), before);
    assert_eq!((pond.read("notes.txt"), pond.read("new.txt")), ("mine\n".into(), "untracked\n".into()));
}

#[test]
fn another_branch_changes_alone() {
    let pond = pond();
    pond.ok(&["branch", "incoming"]);
    pond.write("notes.txt", "mine\n");
    put(&pond, &["--branch", "incoming", "notes.txt"], b"theirs\n");
    assert_eq!(pond.read("notes.txt"), "mine\n");
    assert_eq!(pond.status(), [" M notes.txt"]);
    assert_eq!(pond.ok(&["fs", "cat", "@/incoming/notes.txt"]), "theirs\n");
    assert_eq!(pond.ok(&["fs", "cat", "notes.txt"]), "notes\n");
    pond.ok(&["undo"]);
    assert_eq!(pond.id("incoming"), pond.id("main"));
    let refused = pond.run_with_input(&["fs", "put", "--branch", "none", "x"], b"").expect_failure(128);
    refused.expect_says("no branch 'none'");
}

#[test]
fn an_empty_pond_gets_its_first_commit() {
    let pond = TestPond::new();
    assert_eq!(pond.ok(&["fs", "ls"]), "");
    assert_eq!(pond.ok(&["fs", "find"]), "");
    put(&pond, &["-p", "a/b/c.txt"], b"first\n");
    assert_eq!(pond.read("a/b/c.txt"), "first\n");
    assert_eq!(pond.history().len(), 1);
    assert_eq!(pond.status(), [""; 0]);
}

#[test]
fn nothing_new_is_no_commit() {
    let pond = pond();
    let before = pond.delta_version();
    pond.run_with_input(&["fs", "put", "notes.txt"], b"notes\n")
        .expect_code(0)
        .expect_says("nothing changed");
    assert_eq!(pond.delta_version(), before);
    pond.fails(&["fs", "mkdir", "data"], 128).expect_says("'data' exists");
    pond.fails(&["fs", "rm", "data"], 128).expect_says("-r removes it");
    pond.fails(&["fs", "rm", "none"], 128).expect_says("there is no 'none'");
    pond.ok(&["fs", "rm", "-f", "none"]);
    pond.fails(&["fs", "mv", "notes.txt", "data/a.csv"], 128).expect_says("-f replaces it");
    pond.fails(&["fs", "mv", "data", "data/x"], 128);
    pond.run_with_input(&["fs", "put", "v1:notes.txt"], b"")
        .expect_failure(129)
        .expect_says("does not change");
    pond.run_with_input(&["fs", "put", "@/v1/notes.txt"], b"")
        .expect_failure(128)
        .expect_says("only be read");
    assert_eq!(pond.delta_version(), before);
}

#[test]
fn files_go_in_and_out() {
    let pond = pond();
    let host = pond.beside("host");
    fs::create_dir_all(host.join("in/deep")).expect("directories");
    let name = OsStr::from_bytes(b"odd\xff\nname");
    fs::write(host.join("in/deep").join(name), "odd").expect("a file");
    symlink("deep", host.join("in/link")).expect("a link");
    fs::create_dir(host.join("in/.pond")).expect("a directory");
    let at = |path: &str| -> OsString {
        [OsStr::new("host:"), host.join(path).as_os_str()].iter().copied().collect()
    };
    let cp = |args: &[&OsStr]| pond.run(&[&["fs".as_ref(), "cp".as_ref()], args].concat());
    cp(&[&at("in"), "got".as_ref()]).expect_failure(128).expect_says("-r copies it");
    cp(&["-r".as_ref(), &at("in"), "got".as_ref()]).expect_code(0).expect_says("left out");
    assert_eq!(fs::read(pond.path("got/deep").join(name)).expect("a file"), b"odd");
    assert_eq!(pond.lines(&["fs", "find", "got", "-type", "l"]), ["got/link"]);
    assert_eq!(pond.status(), [""; 0]);
    cp(&["-r".as_ref(), "got".as_ref(), &at("out")]).expect_code(0);
    assert_eq!(fs::read(host.join("out/deep").join(name)).expect("a file"), b"odd");
    assert_eq!(fs::read_link(host.join("out/link")).expect("a link"), OsStr::new("deep"));
    cp(&["HEAD~1:notes.txt".as_ref(), &at("out")]).expect_code(0);
    assert_eq!(fs::read(host.join("out/notes.txt")).expect("a file"), b"notes\n");
    fs::write(host.join("out/notes.txt"), "mine").expect("a file");
    cp(&["notes.txt".as_ref(), &at("out")]).expect_failure(128).expect_says("exists");
    assert_eq!(fs::read(host.join("out/notes.txt")).expect("a file"), b"mine");
    cp(&["-f".as_ref(), "notes.txt".as_ref(), &at("out")]).expect_code(0);
    assert_eq!(fs::read(host.join("out/notes.txt")).expect("a file"), b"notes\n");
    cp(&["notes.txt".as_ref(), pond_inside(&pond).as_ref()]).expect_failure(128).expect_says("inside .pond");
    let left = fs::read_dir(host.join("out")).expect("a directory").count();
    assert_eq!(left, 3, "no temporaries are left");
}

fn pond_inside(pond: &TestPond) -> OsString {
    [OsStr::new("host:"), pond.dot_pond("x").as_os_str()].iter().copied().collect()
}

#[test]
fn links_do_not_lead_out() {
    let pond = pond();
    symlink("/etc/hostname", pond.path("absolute")).expect("a link");
    symlink("../../../etc", pond.path("above")).expect("a link");
    symlink("loop", pond.path("loop")).expect("a link");
    symlink("data", pond.path("link")).expect("a link");
    pond.commit_all("Links");
    pond.fails(&["fs", "ls", "above/x"], 128).expect_says("out of the root");
    pond.fails(&["fs", "ls", "loop/x"], 128).expect_says("too many symlinks");
    for path in ["absolute", "above/x"] {
        pond.run_with_input(&["fs", "put", path], b"x").expect_failure(128).expect_says("out of the root");
    }
    assert_eq!(pond.ok(&["fs", "cat", "link/a.csv"]), "two\n");
    for name in [".pond", "a/.pond/x", "x\u{200d}/../../y"] {
        pond.run_with_input(&["fs", "put", "-p", name], b"x").expect_failure(128);
    }
}

#[test]
fn ranges_of_large_files_and_what_they_take() {
    let pond = pond();
    let whole: Vec<u8> =
        (0..1_500_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    put(&pond, &["big.bin"], &whole);
    let range = pond.run(&["fs", "cat", "--range", "4000000..4000016", "big.bin"]).expect_code(0).stdout;
    assert_eq!(range, whole[4_000_000..4_000_016]);
    let end = pond.run(&["cat", "--range", "5999998..", "HEAD:big.bin"]).expect_code(0).stdout;
    assert_eq!(end, whole[5_999_998..]);
    pond.fails(&["fs", "cat", "--range", "9..1", "big.bin"], 129);
    assert_eq!(pond.lines(&["fs", "find", "-size", "+1M"]), ["big.bin"]);
    assert_eq!(pond.lines(&["fs", "find", "-name", "*.csv", "-type", "f"]), ["data/a.csv"]);
    assert_eq!(pond.lines(&["fs", "find", "v1:", "-path", "**/a.csv"]), ["v1:data/a.csv"]);
    pond.fails(&["fs", "find", "-nome", "x"], 129).expect_says("no test '-nome'");
    pond.ok(&["fs", "cp", "big.bin", "data/copy.bin"]);
    let du: Vec<Vec<String>> = pond
        .lines(&["fs", "du", "-b", "-a"])
        .iter()
        .map(|line| line.split_whitespace().map(str::to_owned).collect())
        .collect();
    let row = |path: &str| du.iter().find(|row| row[2] == path).unwrap_or_else(|| panic!("{path}: {du:?}"));
    assert_eq!(row("big.bin")[0], "6000000");
    let stored = |path: &str| -> u64 { row(path)[1].parse().expect("a number") };
    assert!(stored("big.bin") > 5_900_000, "random bytes do not compress: {du:?}");
    assert_eq!(
        (row("data/copy.bin")[0].as_str(), stored("data/copy.bin")),
        ("6000000", 0),
        "chunks count once"
    );
    let versions = pond.lines(&["fs", "du", "--versions", "-b"]);
    assert_eq!(versions.len(), 4);
    assert!(versions[0].contains(" 0  "), "a copy stores nothing: {versions:?}");
}

#[test]
fn a_kill_leaves_the_change_whole_or_undone() {
    let pond = pond();
    let before = pond.id("HEAD");
    for call in ["fsync:signal=KILL:when=1", "renameat2:signal=KILL:when=1", "linkat:signal=KILL:when=1"] {
        let Some((_, was_killed)) = pond.run_with_fault(&["fs", "mv", "data/a.csv", "moved.csv"], call)
        else {
            return;
        };
        if !was_killed {
            pond.ok(&["undo"]);
            continue;
        }
        // The next command does the rest, or finds nothing done.
        pond.ok(&["add", "-A"]);
        pond.ok(&["reset"]);
        if pond.id("HEAD") != before {
            pond.ok(&["undo"]);
        }
        assert_eq!(pond.id("HEAD"), before, "{call}");
        pond.ok(&["fs", "ls", "data/a.csv"]);
        assert_eq!(pond.status(), [""; 0], "{call}");
    }
}
