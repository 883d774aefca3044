//! Looking at history: which commits, which files, which words when something is not there.

use crate::harness::TestPond;

/// Four commits: two files, a change, a rename with a change, another change.
fn four() -> TestPond {
    let pond = TestPond::new();
    let lines: String = (0..40).map(|number| format!("line {number}\n")).collect();
    pond.write("data/notes.txt", &lines);
    pond.write("top.txt", "top\n");
    pond.commit_all("First");
    pond.append("top.txt", "more\n");
    pond.commit_all("Second");
    pond.remove("data/notes.txt");
    pond.write("data/diary.txt", format!("{lines}line 40\n"));
    pond.commit_all("Rename");
    pond.append("data/diary.txt", "line 41\n");
    pond.commit_all("Fix: diary");
    pond
}

#[test]
fn ranges_and_counts_choose_commits() {
    let pond = four();
    let subjects = |args: &[&str]| pond.lines(&[&["log", "--format=%s"][..], args].concat());
    assert_eq!(subjects(&["HEAD~2..HEAD"]), ["Fix: diary", "Rename"]);
    assert_eq!(subjects(&["HEAD~3...HEAD~2"]), ["Second"]);
    assert_eq!(subjects(&["^HEAD~1", "HEAD"]), ["Fix: diary"]);
    assert_eq!(subjects(&["-1", "HEAD~2"]), ["Second"]);
    assert_eq!(subjects(&["--skip=1", "-2", "--reverse"]), ["Second", "Rename"]);
    assert_eq!(subjects(&["--grep=^fix", "-i"]), ["Fix: diary"]);
    assert_eq!(subjects(&["--grep=i", "--invert-grep"]), ["Rename", "Second"]);
    assert_eq!(subjects(&["--diff-filter=R"]), ["Rename"]);
    assert_eq!(subjects(&["--", "data"]), ["Fix: diary", "Rename", "First"]);
    assert_eq!(subjects(&["top.txt"]), ["Second", "First"]);
    assert_eq!(subjects(&["HEAD^{/Sec}"]), ["Second", "First"]);
}

#[test]
fn a_file_is_followed_through_its_rename() {
    let pond = four();
    let followed = pond.lines(&["log", "--follow", "--format=%s", "data/diary.txt"]);
    assert_eq!(followed, ["Fix: diary", "Rename", "First"]);
    let names = pond.ok(&["log", "--follow", "--name-status", "--format=", "data/diary.txt"]);
    assert!(names.contains("\tdata/notes.txt\tdata/diary.txt"), "{names}");
    assert!(names.contains("A\tdata/notes.txt"), "{names}");
    pond.run(&["log", "--follow", "data"]).expect_failure(129).expect_says("directory");
    let nodes = |revision: &str| pond.lines(&["log", "-1", "--format=%H", revision]);
    assert_ne!(nodes("HEAD"), nodes("HEAD~1"));
}

#[test]
fn what_is_unknown_is_said_with_a_way_out() {
    let pond = four();
    pond.run(&["log", "mian"]).expect_failure(128).expect_says("did you mean 'main'");
    pond.run(&["log", "nothing"]).expect_failure(128).expect_says("unknown revision or path");
    pond.run(&["cat", "HEAD:top.tx"]).expect_failure(128).expect_says("did you mean 'top.txt'");
    pond.run(&["cat", "HEAD:data"]).expect_failure(128).expect_says("directory");
    pond.run(&["show", "@{op 99}"]).expect_failure(128);
    pond.run(&["rev-parse", "HEAD~9"]).expect_failure(128).expect_says("no parent");
    pond.run(&["rev-parse", "--verify", "-q", "nothing"]).expect_code(1);
    pond.run(&["diff", "HEAD", "HEAD~1", "HEAD~2"]).expect_failure(129);
    // A file named as the branch is: neither is taken for the other.
    pond.write("main", "x\n");
    pond.run(&["log", "main"]).expect_failure(128).expect_says("both a revision and a path");
    assert_eq!(pond.lines(&["log", "-1", "--format=%s", "main", "--"]), ["Fix: diary"]);
    let empty = TestPond::new();
    empty.run(&["log"]).expect_failure(128).expect_says("no commits");
}

#[test]
fn the_mirror_is_compared_with_any_version() {
    let pond = four();
    pond.write("top.txt", "top\nless\n");
    pond.remove("data/diary.txt");
    assert_eq!(pond.lines(&["diff", "--name-status"]), ["D\tdata/diary.txt", "M\ttop.txt"]);
    assert_eq!(pond.lines(&["diff", "--name-status", "HEAD~3"]), ["D\tdata/notes.txt", "M\ttop.txt"]);
    assert_eq!(pond.lines(&["diff", "-R", "--name-status", "--diff-filter=D"]), ["A\tdata/diary.txt"]);
    assert_eq!(pond.lines(&["ls-files", "-d"]), ["data/diary.txt"]);
    assert_eq!(pond.lines(&["ls-files", "-m"]), ["data/diary.txt", "top.txt"]);
    pond.write("new", "x\n");
    assert_eq!(pond.lines(&["ls-files", "-o"]), ["data/", "new"], "an empty directory is something too");
    pond.run(&["--quiet", "diff", "--exit-code"]).expect_code(1);
    let row = pond.ok(&["diff", "--json", "top.txt"]);
    let row: serde_json::Value = serde_json::from_str(&row).expect("JSON");
    assert_eq!((&row["status"], &row["added_lines"]), (&"M".into(), &1.into()));
}

#[test]
fn a_stored_content_can_be_read_back() {
    let pond = four();
    let id = pond.run_with_input(&["hash-object", "-w", "--stdin"], b"from a pipe\n").expect_code(0).line();
    assert_eq!(id, blake3::hash(b"from a pipe\n").to_hex().to_string());
    assert_eq!(pond.ok(&["cat-object", "-p", &id]), "from a pipe\n");
    assert_eq!(pond.ok(&["cat-object", "-t", &id[..12]]).trim(), "blob");
    pond.run(&["cat-object", "commit", &id]).expect_failure(128).expect_says("not a commit");
    pond.run(&["cat-object", "-e", &"0".repeat(64)]).expect_code(1);
    assert_eq!(pond.status(), [""; 0]);
}

#[test]
fn show_takes_ranges() {
    let pond = TestPond::new();
    for number in 1..=4 {
        pond.write(format!("f{number}"), format!("{number}\n"));
        pond.commit_all(&format!("c{number}"));
    }
    let subjects = |args: &[&str]| pond.lines(&[&["show", "-s", "--format=%s"], args].concat()).join(" ");
    assert_eq!(subjects(&["HEAD~2..HEAD"]), "c4 c3");
    assert_eq!(subjects(&["HEAD~2.."]), "c4 c3");
    assert_eq!(subjects(&["^HEAD~2", "HEAD"]), "c4 c3");
    assert_eq!(subjects(&["HEAD~3..HEAD~1", "HEAD"]), "c4 c3 c2");
    assert_eq!(subjects(&["HEAD~1...HEAD"]), "c4");
    assert_eq!(subjects(&["HEAD~3..HEAD", "--", "f3"]), "c3");
    assert_eq!(subjects(&["HEAD..HEAD~1"]), "");
    assert_eq!(subjects(&["HEAD", "HEAD~2"]), "c4 c2", "single commits are shown as they are named");
    let patches = pond.ok(&["show", "--format=%s", "HEAD~2..HEAD"]);
    assert!(patches.contains("+4\n") && patches.contains("+3\n") && !patches.contains("+2\n"), "{patches}");
    assert_eq!(pond.lines(&["show", "--json", "HEAD~2..HEAD"]).len(), 2);
    assert!(pond.ok(&["show", "-s", "HEAD~1..HEAD", "HEAD:f1"]).ends_with("\n1\n"));
    pond.fails(&["show", "nothing..HEAD"], 128);
}

/// A merge that adds a file which neither side has.
fn with_merge() -> TestPond {
    let pond = TestPond::new();
    pond.write("base", "1\n");
    pond.commit_all("one");
    pond.ok(&["switch", "-c", "other"]);
    pond.write("theirs", "2\n");
    pond.commit_all("two");
    pond.ok(&["switch", "main"]);
    pond.write("ours", "3\n");
    pond.commit_all("three");
    pond.ok(&["merge", "--no-commit", "other"]);
    pond.write("new", "4\n");
    pond.commit_all("merge");
    pond
}

#[test]
fn a_file_that_no_parent_has_has_zeros_as_ids() {
    let pond = with_merge();
    let zeros = "0".repeat(10);
    let raw = pond.ok(&["show", "--raw", "--format=%s"]);
    assert!(raw.contains(&format!("::000000 000000 100644 {zeros} {zeros} ")), "{raw}");
    let patch = pond.ok(&["show"]);
    assert!(patch.contains(&format!("index {zeros},{zeros}..")), "{patch}");
}

#[test]
fn a_commit_that_changed_none_of_the_paths_is_not_shown() {
    let pond = with_merge();
    for path in ["base", "ours", "theirs"] {
        assert_eq!(pond.ok(&["show", "HEAD", "--", path]), "", "{path}");
    }
    assert!(pond.ok(&["show", "HEAD", "--", "new"]).contains("+++ b/new"));
    assert!(pond.ok(&["show", "--first-parent", "HEAD", "--", "theirs"]).contains("+++ b/theirs"));
    assert_eq!(pond.ok(&["show", "-s", "main~1", "--", "base"]), "");
    assert_eq!(pond.ok(&["show", "--format=%s", "-s", "main~1", "--", "ours"]), "three\n");
}
