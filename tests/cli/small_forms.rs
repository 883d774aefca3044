//! Small forms in which commands are typed, and what they say.

use crate::bad_input::Nobody;
use crate::harness::TestPond;

#[test]
fn a_pattern_that_matches_only_ignored_files() {
    let pond = TestPond::new();
    pond.write(".pondignore", "*.log\nout/\n");
    pond.write("a.log", "1\n");
    pond.write("sub/b.log", "1\n");
    pond.write("c.csv", "1\n");
    pond.write("out/x", "1\n");
    pond.fails(&["add", "*.log"], 1)
        .expect_says("these paths are ignored:\nerror:   a.log\nerror:   sub/b.log")
        .expect_says("-f stages");
    pond.fails(&["add", "o*"], 1).expect_says("out/");
    assert_eq!(pond.lines(&["ls-files"]), [""; 0]);
    // What else is named is staged.
    pond.fails(&["add", "*.log", "*.csv"], 1).expect_says("a.log");
    assert_eq!(pond.lines(&["ls-files"]), ["c.csv"]);
    pond.fails(&["add", "*.nothing"], 128).expect_says("did not match any files");
    // A pattern that takes something is told nothing of what else it matches.
    for args in [&["add", "*"][..], &["add", "-A"], &["add", "."]] {
        let output = pond.run(args).expect_code(0);
        assert_eq!(output.err(), "", "{args:?}");
    }
    pond.ok(&["add", "-f", "*.log"]);
    // Tracked ones are not ignored.
    pond.write("a.log", "2\n");
    assert_eq!(pond.run(&["add", "*.log"]).expect_code(0).err(), "");
    assert_eq!(pond.lines(&["ls-files", "*.log"]), ["a.log", "sub/b.log"]);
}

#[test]
fn a_message_with_a_nul_is_refused() {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    pond.commit_all("one");
    pond.write("a", "2\n");
    pond.ok(&["add", "a"]);
    std::fs::write(pond.beside("message"), "before\0after\n").expect("a file");
    let file = pond.beside("message");
    let file = file.to_str().expect("text");
    let before = (pond.history(), pond.lines(&["op", "log", "--oneline"]));
    for args in [
        &["commit", "-F", file][..],
        &["tag", "-a", "-F", file, "v1"],
        &["commit-tree", "HEAD^{tree}", "-F", file],
    ] {
        pond.fails(args, 128).expect_says("NUL");
    }
    pond.run_with_input(&["commit", "-F", "-"], b"a\0b\n").expect_failure(128).expect_says("NUL");
    assert_eq!((pond.history(), pond.lines(&["op", "log", "--oneline"])), before);
    let mut pond = pond;
    pond.set("POND_EDITOR", format!("cp {file}"));
    pond.fails(&["commit"], 128).expect_says("NUL");
    assert_eq!(pond.status(), ["M  a"]);
}

#[test]
fn a_tag_is_not_verified() {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    pond.commit_all("one");
    pond.fails(&["tag", "-v", "v1"], 129).expect_says("signatures");
    pond.ok(&["tag", "v1"]);
    pond.fails(&["tag", "-v", "v1"], 129).expect_says("signatures");
    pond.fails(&["tag", "--verify", "v2"], 129);
    assert_eq!(pond.lines(&["tag"]), ["v1"]);
    assert_eq!(pond.lines(&["tag", "-l", "v*"]), ["v1"]);
}

#[test]
fn a_directory_goes_with_the_last_file_that_is_renamed() {
    let pond = TestPond::new();
    pond.write("d/e/f", "1\n");
    pond.write("kept/x", "1\n");
    pond.write("full/x", "1\n");
    pond.commit_all("one");
    pond.write("full/untracked", "1\n");
    pond.ok(&["mv", "d/e/f", "g"]);
    assert!(!pond.exists("d"), "nothing is left in it");
    pond.ok(&["mv", "full/x", "y"]);
    assert!(pond.exists("full/untracked"));
    pond.run_in(pond.path("kept"), &["mv", "x", "../z"]).expect_code(0);
    assert!(pond.exists("kept"), "somebody is in it");
    std::fs::remove_dir(pond.path("kept")).expect("it is empty");
    pond.remove("full/untracked");
    std::fs::remove_dir(pond.path("full")).expect("it is empty");
    let staged = pond.status();
    pond.ok(&["add", "-A"]);
    assert_eq!(pond.status(), staged);
    for _ in 0..3 {
        pond.ok(&["undo"]);
    }
    assert_eq!((pond.read("d/e/f"), pond.status()), ("1\n".to_owned(), vec![]));
    pond.ok(&["redo"]);
    assert!(!pond.exists("d"), "as the first time");
}

#[test]
fn a_rename_that_is_refused_is_no_operation() {
    let pond = TestPond::new();
    pond.write("closed/f", "1\n");
    pond.write("g", "1\n");
    pond.mkdir("open");
    pond.commit_all("one");
    let nobody = Nobody::of(&pond);
    pond.chmod("closed", 0o555);
    let look = || {
        let look = |args: &[&str]| nobody.run(args).expect_code(0).out();
        (look(&["op", "log", "-1", "--oneline"]), look(&["status", "--porcelain"]))
    };
    let before = look();
    for args in [&["mv", "closed/f", "g2"][..], &["mv", "g", "closed/g"], &["mv", "closed/f", "open"]] {
        nobody.run(args).expect_failure(128).expect_says("denied").expect_says("nothing was renamed");
        assert_eq!(look(), before, "{args:?}");
    }
    nobody.run(&["mv", "closed/f", "g", "open"]).expect_failure(3).expect_says("denied");
    assert_eq!(look().1, "R  g -> open/g\n");
    pond.chmod("closed", 0o755);
}

#[test]
fn times_that_cannot_be_told_are_named_once() {
    let pond = TestPond::new();
    pond.write("near", "1\n");
    let times = ["2300-01-01", "2400-01-01"];
    for (number, time) in times.iter().enumerate() {
        let path = pond.path(format!("far{number}"));
        std::fs::write(&path, "1\n").expect("a file");
        let touched = std::process::Command::new("touch").args(["-d", time]).arg(&path).status();
        let seconds = std::os::unix::fs::MetadataExt::mtime(&std::fs::metadata(&path).expect("a file"));
        if !touched.is_ok_and(|status| status.success()) || seconds < 9_300_000_000 {
            eprintln!("skipped: the file system has no such times");
            return;
        }
    }
    let output = pond
        .run(&["add", "-A"])
        .expect_code(0)
        .expect_says("the times of 2 files are before 1677 or after 2262");
    assert_eq!(output.err().lines().count(), 1, "{output}");
    pond.ok(&["commit", "-m", "one"]);
    assert_eq!(pond.status(), [""; 0]);
    pond.remove("far0");
    pond.ok(&["restore", "far0"]);
    assert_eq!((pond.status(), pond.read("far0")), (vec![], "1\n".to_owned()));
}
