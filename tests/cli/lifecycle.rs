//! The main job, step by step: stage, commit, look, go back, and forth.

use crate::harness::TestPond;
use crate::same_tree::{assert_same_tree, assert_same_tree_and_times};

/// Three versions of a small station's directory.
fn station() -> TestPond {
    let pond = TestPond::new();
    pond.write("well-3/level.csv", "time,level\n08:00,4.31\n08:05,4.30\n");
    pond.write("notes.txt", "pump serviced\n");
    pond.write("bin/fetch", "#!/bin/sh\n");
    pond.chmod("bin/fetch", 0o755);
    pond.mkdir("inbox");
    pond.commit_all("First readings");
    pond.append("well-3/level.csv", "08:10,4.29\n");
    pond.commit_all("Ten past eight");
    pond.write("notes.txt", "pump serviced\nsensor swapped\n");
    pond.commit_all("Note the new sensor");
    pond
}

#[test]
fn init_makes_a_pond_that_git_ignores() {
    let pond = TestPond::without_pond();
    pond.ok(&["init"]);
    assert_eq!(pond.read(".pond/.gitignore").trim(), "*");
    assert!(pond.exists(".pond/oplog/_delta_log"));
    assert!(pond.exists(".pond/config.toml"));
    assert_eq!(pond.status(), [""; 0]);
    assert!(pond.run(&["init"]).code != 101, "a second init says something");
    assert!(pond.exists(".pond/config.toml"));
}

#[test]
fn init_takes_a_directory_and_a_branch() {
    let pond = TestPond::without_pond();
    pond.ok(&["init", "-b", "field", "station"]);
    pond.write("station/a", "1\n");
    let station = pond.path("station");
    pond.run_in(&station, &["add", "a"]).expect_code(0);
    pond.run_in(&station, &["commit", "-m", "one"]).expect_code(0);
    let id = pond.run_in(&station, &["rev-parse", "field"]).expect_code(0).line();
    assert_eq!(id, pond.run_in(&station, &["rev-parse", "HEAD"]).expect_code(0).line());
}

#[test]
fn a_file_goes_from_untracked_to_committed() {
    let pond = TestPond::new();
    pond.write("a.txt", "one\n");
    assert_eq!(pond.status(), ["?? a.txt"]);
    pond.ok(&["add", "a.txt"]);
    assert_eq!(pond.status(), ["A  a.txt"]);
    pond.run(&["commit", "-m", "Add a"]).expect_code(0);
    assert_eq!(pond.status(), [""; 0]);
    pond.write("a.txt", "two!\n");
    assert_eq!(pond.status(), [" M a.txt"]);
    pond.ok(&["add", "-u"]);
    assert_eq!(pond.status(), ["M  a.txt"]);
    pond.write("a.txt", "three\n");
    assert_eq!(pond.status(), ["MM a.txt"]);
    pond.remove("a.txt");
    assert_eq!(pond.status(), ["MD a.txt"]);
}

#[test]
fn log_and_show_tell_what_happened() {
    let pond = station();
    let subjects = pond.lines(&["log", "--format=%s"]);
    assert_eq!(subjects, ["Note the new sensor", "Ten past eight", "First readings"]);
    assert_eq!(pond.lines(&["log", "--reverse", "--format=%s"])[0], "First readings");
    let oneline = pond.lines(&["log", "--oneline", "-n", "2"]);
    assert_eq!(oneline.len(), 2);
    let short = oneline[0].split(' ').next().expect("an id");
    assert!(short.len() >= 10 && pond.id("HEAD").starts_with(short), "{oneline:?}");
    assert_eq!(
        pond.lines(&["log", "--format=%s", "HEAD~2..HEAD", "--", "notes.txt"]),
        ["Note the new sensor"]
    );
    assert_eq!(
        pond.lines(&["log", "--format=%an <%ae> %at %as", "-1", "HEAD~2"]),
        ["Ada Field <ada@example.org> 1772352000 2026-03-01"]
    );
    let shown = pond.ok(&["show", "HEAD"]);
    assert!(shown.contains("+sensor swapped") && shown.contains("Note the new sensor"), "{shown}");
    let raw = pond.ok(&["show", "HEAD~1:well-3/level.csv"]);
    assert_eq!(raw, "time,level\n08:00,4.31\n08:05,4.30\n08:10,4.29\n");
    assert_eq!(pond.ok(&["cat", "HEAD~2:notes.txt"]), "pump serviced\n");
}

#[test]
fn the_same_steps_print_the_same_in_every_directory() {
    let (one, two) = (station(), station());
    for args in
        [&["log"][..], &["log", "-p"], &["show"], &["status"], &["ls", "-r"], &["rev-parse", "nowhere"]]
    {
        let text = one.snapshot(args);
        assert!(text.lines().count() > 4, "{text}");
        assert_eq!(text, two.snapshot(args));
    }
}

#[test]
fn diff_compares_every_pair_of_places() {
    let pond = station();
    pond.append("notes.txt", "rain\n");
    assert!(pond.ok(&["diff"]).contains("+rain"));
    assert_eq!(pond.ok(&["diff", "--cached"]), "");
    pond.run(&["diff", "--exit-code"]).expect_code(1);
    pond.ok(&["add", "notes.txt"]);
    assert_eq!(pond.ok(&["diff"]), "");
    assert!(pond.ok(&["diff", "--staged"]).contains("+rain"));
    pond.run(&["diff", "--exit-code"]).expect_code(0);
    assert_eq!(pond.lines(&["diff", "--name-only", "HEAD~2", "HEAD"]), ["notes.txt", "well-3/level.csv"]);
    assert_eq!(pond.lines(&["diff", "--name-status", "HEAD~2..HEAD~1"]), ["M\twell-3/level.csv"]);
    assert_eq!(pond.lines(&["diff", "--numstat", "HEAD~2", "HEAD", "--", "notes.txt"]), ["1\t0\tnotes.txt"]);
    let reversed = pond.ok(&["diff", "HEAD", "HEAD~1"]);
    assert!(reversed.contains("-sensor swapped"), "{reversed}");
    assert!(pond.ok(&["diff", "--stat", "HEAD~2", "HEAD"]).contains("2 files changed"));
}

#[test]
fn binary_files_are_summarised_not_printed() {
    let pond = TestPond::new();
    pond.write("dump.bin", b"\0\x01\x02first");
    pond.commit_all("one");
    pond.write("dump.bin", b"\0\x01\x02second");
    let diff = pond.run(&["diff"]).expect_code(0);
    assert!(!diff.stdout.contains(&0), "raw bytes reach the terminal\n{diff}");
    assert!(diff.out().contains("dump.bin") && diff.out().to_lowercase().contains("binary"), "{diff}");
}

#[test]
fn restore_brings_files_back_and_unstages() {
    let pond = station();
    pond.write("notes.txt", "oops\n");
    pond.ok(&["restore", "notes.txt"]);
    assert_eq!(pond.read("notes.txt"), "pump serviced\nsensor swapped\n");
    pond.write("notes.txt", "staged\n");
    pond.ok(&["add", "notes.txt"]);
    pond.ok(&["restore", "--staged", "notes.txt"]);
    assert_eq!(pond.status(), [" M notes.txt"]);
    assert_eq!(pond.read("notes.txt"), "staged\n", "--staged leaves the mirror alone");
    pond.ok(&["restore", "-s", "HEAD~2", "well-3/level.csv"]);
    assert_eq!(pond.read("well-3/level.csv"), "time,level\n08:00,4.31\n08:05,4.30\n");
}

#[test]
fn an_emptied_mirror_comes_back_whole_with_its_times() {
    let pond = station();
    let kept = pond.copy_mirror("kept");
    pond.empty_mirror();
    assert!(!pond.exists("notes.txt"));
    pond.ok(&["checkout", "HEAD", "--", "."]);
    assert_same_tree_and_times(&kept, &pond.mirror());
    assert_eq!(pond.status(), [""; 0]);
    pond.empty_mirror();
    pond.ok(&["restore", "."]);
    assert_same_tree(&kept, &pond.mirror());
}

#[test]
fn an_old_version_is_laid_out_beside_the_live_one() {
    let pond = station();
    let before = pond.copy_mirror("before");
    let old = pond.lay_out("HEAD~2", "old");
    assert_eq!(std::fs::read_to_string(old.join("notes.txt")).expect("a file"), "pump serviced\n");
    assert!(old.join("inbox").is_dir(), "empty directories are versioned");
    assert!(!old.join(".pond").exists());
    assert_same_tree_and_times(&before, &pond.mirror());
    assert_eq!(pond.status(), [""; 0]);
}

#[test]
fn checkout_moves_head_and_back() {
    let pond = station();
    let (newest, oldest) = (pond.id("HEAD"), pond.id("HEAD~2"));
    let live = pond.copy_mirror("live");
    let old = pond.lay_out(&oldest, "old");
    let output = pond.run(&["checkout", &oldest]).expect_code(0);
    let words = format!("{}{}", output.out(), output.err()).to_lowercase();
    assert!(words.contains("detached"), "a detached HEAD is explained\n{output}");
    assert_same_tree(&old, &pond.mirror());
    assert_eq!(pond.id("HEAD"), oldest);
    assert_eq!(pond.id("main"), newest);
    pond.ok(&["checkout", "main"]);
    assert_same_tree(&live, &pond.mirror());
    assert_eq!(pond.id("HEAD"), newest);
    pond.append("notes.txt", "back on the branch\n");
    pond.ok(&["commit", "-a", "-m", "Fourth"]);
    assert_eq!(pond.id("main"), pond.id("HEAD"));
    assert_eq!(pond.id("main~1"), newest);
}

#[test]
fn checkout_spares_uncommitted_work_and_untracked_files() {
    let pond = station();
    pond.write("notes.txt", "not committed yet\n");
    pond.write("loose.txt", "untracked\n");
    let head = pond.id("HEAD");
    let refused = pond.run(&["checkout", "HEAD~2"]);
    assert!(refused.code != 0 && refused.err().contains("notes.txt"), "{refused}");
    assert_eq!(pond.read("notes.txt"), "not committed yet\n");
    assert_eq!(pond.id("HEAD"), head);
    pond.ok(&["checkout", "-f", "HEAD~2"]);
    assert_eq!(pond.read("notes.txt"), "pump serviced\n");
    assert_eq!(pond.read("loose.txt"), "untracked\n");
}

#[test]
fn rm_mv_and_clean_do_what_git_does() {
    let pond = station();
    pond.ok(&["mv", "notes.txt", "diary.txt"]);
    assert!(!pond.exists("notes.txt") && pond.exists("diary.txt"));
    assert_eq!(pond.status(), ["R  notes.txt -> diary.txt"]);
    pond.ok(&["commit", "-m", "Rename the notes"]);
    pond.ok(&["rm", "diary.txt"]);
    assert!(!pond.exists("diary.txt"));
    pond.ok(&["rm", "--cached", "well-3/level.csv"]);
    assert!(pond.exists("well-3/level.csv"), "--cached keeps the file");
    assert_eq!(pond.status(), ["D  diary.txt", "D  well-3/level.csv", "?? well-3/"]);
    pond.run(&["rm", "bin"]).expect_failure(128).expect_says("-r");
    assert!(pond.exists("bin/fetch"));
    pond.write("junk.tmp", "x");
    let planned = pond.ok(&["clean", "-n"]);
    assert!(planned.contains("junk.tmp") && pond.exists("junk.tmp"), "{planned}");
    pond.ok(&["clean", "-f"]);
    assert!(!pond.exists("junk.tmp") && pond.exists("bin/fetch"));
}

#[test]
fn commands_work_from_below_the_root() {
    let pond = station();
    pond.write("well-3/more.csv", "1\n");
    let below = pond.path("well-3");
    pond.run_in(&below, &["add", "more.csv"]).expect_code(0);
    assert_eq!(pond.status(), ["A  well-3/more.csv"]);
    pond.run_in(&below, &["restore", ":/notes.txt"]).expect_code(0);
    pond.run_in(&below, &["cat", "HEAD:notes.txt"]).expect_code(0).expect_prints("sensor swapped");
    let outside = pond.run_in(
        pond.beside("home"),
        &["-C", pond.mirror().to_str().expect("text"), "log", "--format=%s", "-1"],
    );
    assert_eq!(outside.expect_code(0).line(), "Note the new sensor");
}
