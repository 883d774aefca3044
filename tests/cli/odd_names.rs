//! Names and files that break careless programs, there and back.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixListener;

use crate::harness::TestPond;
use crate::same_tree::{assert_same_tree, assert_same_tree_and_times};

const NAMES: &[&[u8]] = &[
    b"new\nline",
    b"-n",
    b"--help",
    b" spaces in front and behind ",
    b"tab\there",
    b"quote\"s and 'more'",
    b"back\\slash",
    b"*.csv",
    b"[a]",
    b"!bang",
    b"#hash",
    b":colon",
    b"escape\x1b[31m",
    b"not utf-8 \xff\xfe",
    b"caf\xc3\xa9",
    b"cafe\xcc\x81",
    b"\xf0\x9f\x8c\x8a",
    b"...",
    b".hidden",
    b"a",
    b"A",
];

/// Fills the mirror with every odd thing that a pond keeps.
pub(crate) fn odd_tree(pond: &TestPond) {
    for (number, name) in NAMES.iter().enumerate() {
        pond.write(OsStr::from_bytes(name), format!("file {number}\n"));
    }
    pond.write(OsStr::from_bytes(b"dir \xff/\xfe inner"), "deep\n");
    pond.write("x".repeat(255), "a name of 255 bytes");
    pond.write(vec!["deep"; 60].join("/"), "sixty levels\n");
    pond.write("empty file", "");
    pond.write("no newline at the end", "here");
    pond.write("run", "#!/bin/sh\nexit 0\n");
    pond.chmod("run", 0o755);
    pond.mkdir("empty directory");
    pond.mkdir("nested/empty/directories");
    pond.link("loop b", "loop a");
    pond.link("loop a", "loop b");
    pond.link("nowhere/at all", "dangling");
    pond.link("..", "up");
    pond.link("empty directory", "to a directory");
    pond.link("/etc/hostname", "absolute");
}

#[test]
fn every_odd_name_comes_back() {
    let pond = TestPond::new();
    odd_tree(&pond);
    let kept = pond.copy_mirror("kept");
    pond.commit_all("Odd names");
    assert_eq!(pond.run(&["status", "--porcelain", "-z"]).expect_code(0).stdout, b"");
    pond.empty_mirror();
    pond.ok(&["checkout", "HEAD", "--", "."]);
    assert_same_tree_and_times(&kept, &pond.mirror());
    assert_same_tree(&kept, &pond.lay_out("HEAD", "out"));
    assert_eq!(pond.run(&["status", "--porcelain", "-z"]).expect_code(0).stdout, b"");
}

#[test]
fn odd_names_are_added_one_by_one() {
    let pond = TestPond::new();
    odd_tree(&pond);
    for name in NAMES {
        let path = OsStr::from_bytes(&[b"./", *name].concat()).to_owned();
        pond.run(&[OsStr::new("add"), "--".as_ref(), &path]).expect_code(0);
    }
    let staged = pond.run(&["status", "--porcelain", "-z", "-uno"]).expect_code(0).stdout;
    let staged: Vec<&[u8]> = staged.split(|&byte| byte == 0).filter(|entry| !entry.is_empty()).collect();
    assert_eq!(staged.len(), NAMES.len());
    for name in NAMES {
        assert!(
            staged.contains(&[b"A  ", *name].concat().as_slice()),
            "{:?}",
            name.escape_ascii().to_string()
        );
    }
}

#[test]
fn nothing_that_is_printed_holds_control_characters() {
    let pond = TestPond::new();
    odd_tree(&pond);
    let status = pond.run(&["status"]).expect_code(0);
    pond.commit_all("Odd names");
    pond.write(OsStr::from_bytes(b"escape\x1b[31m"), "changed\n");
    let commands: [&[&str]; 4] =
        [&["diff", "--stat"], &["ls", "-r", "-l"], &["log", "--stat"], &["ls-files", "--stage"]];
    let outputs = commands.map(|args| pond.run(args).expect_code(0));
    for output in outputs.iter().chain([&status]) {
        assert!(!output.stdout.is_empty(), "{output}");
        assert!(!output.stdout.contains(&0x1b), "an escape reaches the terminal\n{output}");
    }
}

#[test]
fn a_sparse_file_comes_back_and_costs_little() {
    let pond = TestPond::new();
    let size = 64 << 20;
    let file = File::create(pond.path("sparse")).expect("a file");
    file.set_len(size).expect("a hole");
    std::os::unix::fs::FileExt::write_all_at(&file, b"the end", size - 7).expect("a tail");
    drop(file);
    let kept = pond.copy_mirror("kept");
    pond.commit_all("Sparse");
    pond.remove("sparse");
    pond.ok(&["restore", "sparse"]);
    assert_same_tree(&kept, &pond.mirror());
    let stored: u64 = walkdir::WalkDir::new(pond.dot_pond("oplog"))
        .into_iter()
        .map(|entry| entry.expect("an entry").metadata().expect("metadata").blocks() * 512)
        .sum();
    assert!(stored < 4 << 20, "{stored} bytes for a file of zeros");
}

#[test]
fn a_file_becomes_a_directory_and_back() {
    let pond = TestPond::new();
    pond.write("thing", "a file\n");
    pond.write("other/inside", "a directory\n");
    let first = pond.copy_mirror("first");
    pond.commit_all("one");
    pond.remove("thing");
    pond.write("thing/inside", "now a directory\n");
    fs::remove_dir_all(pond.path("other")).expect("removed");
    pond.link("thing", "other");
    let second = pond.copy_mirror("second");
    pond.commit_all("two");
    pond.ok(&["checkout", "HEAD~1"]);
    assert_same_tree(&first, &pond.mirror());
    pond.ok(&["checkout", "main"]);
    assert_same_tree(&second, &pond.mirror());
}

#[test]
fn special_files_are_skipped_with_a_word() {
    let pond = TestPond::new();
    pond.write("ordinary", "1\n");
    let _listener = UnixListener::bind(pond.path("socket")).expect("a socket");
    let output = pond.run(&["add", "-A"]).expect_no_panic();
    assert!(matches!(output.code, 0 | 3), "{output}");
    let output = output.expect_says("socket");
    assert!(!output.err().is_empty());
    assert_eq!(pond.lines(&["status", "--porcelain", "-uno"]), ["A  ordinary"]);
}

#[test]
fn what_nobody_sees_in_a_name_is_escaped() {
    let pond = TestPond::new();
    let invisible =
        ["\u{200c}", "\u{200d}", "\u{ad}", "\u{fe0f}", "\u{202e}", "\u{2066}", "\u{3164}", "\u{e0041}"];
    for (number, mark) in invisible.iter().enumerate() {
        pond.write(format!("n{number}{mark}"), "1\n");
    }
    let shown = |args: &[&str]| {
        let output = pond.run(args).expect_no_panic();
        let all = output.out() + &output.err();
        assert!(!invisible.iter().any(|mark| all.contains(mark)), "{output}");
        assert!(all.contains("n0\\342\\200\\214"), "{output}");
    };
    for args in
        [&["status"][..], &["status", "-s"], &["add", "-n", "."], &["ls-files", "-o"], &["clean", "-n"]]
    {
        shown(args);
    }
    pond.commit_all("\u{1f468}\u{200d}\u{1f469} a family");
    let commands: [&[&str]; 5] = [
        &["ls"],
        &["ls-files"],
        &["show", "--stat", "--format=%h"],
        &["restore", "n0\u{200c}x"],
        &["cat", "HEAD:n0\u{200c}x"],
    ];
    commands.into_iter().for_each(shown);
    assert!(pond.ok(&["log"]).contains("\u{1f468}\u{200d}\u{1f469} a family"), "prose stays as it is");
}
