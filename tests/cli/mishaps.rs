//! Things that go wrong around a pond, each found by somebody who tried to break it: nothing is lost, and no commit takes
//! back what nobody meant to take back.

use std::fs;
use std::process::Command;

use crate::harness::{TestPond, copy_tree};
use crate::same_tree::assert_same_tree;

#[test]
fn a_symlink_gives_way_to_a_file_and_comes_back() {
    let pond = TestPond::new();
    pond.link("nowhere", "a");
    let first = pond.copy_mirror("first");
    pond.commit_all("link");
    pond.remove("a");
    pond.write("a", "a file\n");
    let second = pond.copy_mirror("second");
    pond.commit_all("file");
    pond.ok(&["checkout", "HEAD~1"]);
    assert_same_tree(&first, &pond.mirror());
    pond.ok(&["checkout", "main"]);
    assert_same_tree(&second, &pond.mirror());
    assert_eq!(pond.status(), [""; 0]);
}

#[test]
fn a_file_where_a_version_has_a_directory_stops_a_checkout_before_it_begins() {
    let pond = TestPond::new();
    pond.write("d/x", "1\n");
    pond.write("z", "1\n");
    pond.commit_all("one");
    pond.write("d/x", "2\n");
    pond.write("z", "2\n");
    pond.commit_all("two");
    let head = pond.id("HEAD");
    fs::remove_dir_all(pond.path("d")).expect("removed");
    pond.write("d", "my file\n");
    pond.fails(&["checkout", "HEAD~1"], 1).expect_says("d");
    assert_eq!(pond.id("HEAD"), head);
    assert_eq!((pond.read("d"), pond.read("z")), ("my file\n".into(), "2\n".into()));
    pond.ok(&["checkout", "-f", "HEAD~1"]);
    assert_eq!((pond.read("d/x"), pond.read("z")), ("1\n".into(), "1\n".into()));
    assert_eq!(pond.status(), [""; 0]);
}

#[test]
fn an_emptied_mirror_is_not_taken_for_a_wish() {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    pond.write("b", "1\n");
    pond.commit_all("one");
    pond.remove("a");
    pond.remove("b");
    for args in [&["add", "-A"][..], &["add", "-u"], &["add", "."], &["commit", "-a", "-m", "gone"]] {
        pond.fails(args, 128).expect_says("mounted");
    }
    assert_eq!(pond.history().len(), 1);
    pond.ok(&["add", "-A", "-f"]);
    pond.ok(&["commit", "-m", "all gone"]);
    assert_eq!(pond.lines(&["ls", "-r", "HEAD"]), [""; 0]);
}

#[test]
fn a_missing_index_is_made_from_the_commit() {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    pond.commit_all("one");
    pond.remove(".pond/mirrors/main/index");
    pond.run(&["commit", "-m", "nothing"]).expect_code(1);
    assert_eq!(pond.status(), [""; 0]);
    pond.write("a", "2\n");
    assert_eq!(pond.status(), [" M a"]);
}

#[test]
fn a_checkout_that_was_cut_short_takes_nothing_back() {
    let pond = TestPond::new();
    for name in ["a", "b", "c"] {
        pond.write(name, "1\n");
    }
    let first = pond.copy_mirror("first");
    pond.commit_all("one");
    for name in ["a", "b"] {
        pond.write(name, "2\n");
    }
    pond.remove("c");
    pond.write("d", "new\n");
    pond.commit_all("two");
    let before: Vec<_> = ["HEAD", "index"]
        .map(|name| (pond.dot_pond(&format!("mirrors/main/{name}")), name))
        .into_iter()
        .map(|(path, _)| (path.clone(), fs::read(path).expect("a file")))
        .collect();
    pond.ok(&["checkout", "HEAD~1"]);
    // As if it had been killed when only `a` was written.
    for (path, content) in before {
        fs::write(path, content).expect("written");
    }
    pond.write("b", "2\n");
    pond.remove("c");
    pond.write("d", "new\n");
    let status = pond.run(&["status", "--porcelain"]).expect_code(0).expect_says("was interrupted");
    assert_eq!(status.out(), "", "they are nobody's changes");
    let status = pond.ok(&["status"]);
    let due = "interrupted:\n  (the next command that changes the mirror does it)\n  ('pond undo' takes that command back)\n\
        \tto write:   b\n\tto write:   c\n\tto remove:  d\n";
    assert!(status.contains(due), "{status}");
    pond.run(&["commit", "-m", "no"]).expect_code(1);
    pond.ok(&["restore", ":/"]);
    pond.ok(&["clean", "-f"]);
    assert_same_tree(&first, &pond.mirror());
    assert_eq!(pond.status(), [""; 0]);
}

#[test]
fn empty_directories_that_a_copy_left_out_are_made_again() {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    pond.commit_all("one");
    std::fs::remove_dir(pond.dot_pond("staging")).expect("it is empty");
    pond.write("a", "2\n");
    pond.commit_all("two");
    std::fs::remove_dir_all(pond.dot_pond("mirrors")).expect("removed");
    pond.write("a", "3\n");
    pond.commit_all("three");
    assert_eq!(pond.history().len(), 3);
}

#[test]
fn a_time_of_zero_is_a_time() {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    let zero = std::time::UNIX_EPOCH;
    let file = std::fs::File::options().write(true).open(pond.path("a")).expect("a file");
    file.set_modified(zero).expect("a time is set");
    pond.commit_all("one");
    pond.remove("a");
    pond.ok(&["restore", "a"]);
    let modified = std::fs::metadata(pond.path("a")).and_then(|metadata| metadata.modified());
    assert_eq!(modified.expect("a time"), zero);
}

#[test]
fn an_empty_value_deletes_no_ref() {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    pond.commit_all("one");
    pond.ok(&["branch", "x"]);
    pond.fails(&["update-ref", "refs/heads/x", ""], 128).expect_says("empty");
    assert_eq!(pond.id("x"), pond.id("HEAD"));
}

#[test]
fn links_in_the_place_of_a_ponds_own_files_lead_nothing_out_of_it() {
    let mut pond = TestPond::new();
    pond.set("POND_EDITOR", "echo written >");
    pond.write("a", "1\n");
    pond.commit_all("one");
    let others: Vec<_> = [
        "lock",
        "mirrors/main/lock",
        "mirrors/main/HEAD",
        "cache/state",
        "replaced/journal",
        "replaced/journal.new",
        "COMMIT_EDITMSG",
    ]
    .into_iter()
    .map(|name| (name, pond.beside(name.replace('/', "-"))))
    .collect();
    for (name, other) in &others {
        fs::write(other, "mine\n").expect("written");
        let _ = fs::remove_file(pond.dot_pond(name));
        std::os::unix::fs::symlink(other, pond.dot_pond(name)).expect("linked");
        pond.append("a", "more\n");
        // Whether the command can do without the file or not.
        pond.run(&["commit", "-a"]).expect_no_panic();
        pond.run(&["restore", "a"]).expect_no_panic();
        assert_eq!(fs::read_to_string(other).expect("read"), "mine\n", "{name}");
        if name.ends_with("lock") || name.starts_with("replaced") {
            // Without these no command goes on; nothing replaces them.
            let _ = fs::remove_file(pond.dot_pond(name));
        }
    }
    pond.append("a", "last\n");
    pond.ok(&["commit", "-a", "-m", "all is as it was"]);
    assert_eq!(pond.status(), [""; 0]);
}

#[test]
fn what_stands_in_the_place_of_what_can_be_made_again_holds_nobody_up() {
    let pond = TestPond::new();
    for content in ["1\n", "2\n", "3\n"] {
        pond.write("a", content);
        pond.commit_all("another");
    }
    let history = pond.history();
    let packs = fs::read_dir(pond.dot_pond("cache/packs")).expect("the cache");
    let indexes: Vec<_> = packs.map(|entry| entry.expect("an entry").path()).collect();
    assert!(!indexes.is_empty());
    for index in &indexes {
        fs::remove_file(index).expect("removed");
        let made = Command::new("mkfifo").arg(index).status().expect("mkfifo starts");
        assert!(made.success());
    }
    // A pipe that nobody writes to is waited for without end.
    let inner = pond.command(&["log", "--format=%H"]);
    let mut log = Command::new("timeout");
    log.args(["60", &inner.get_program().to_string_lossy()]).args(inner.get_args());
    log.current_dir(pond.mirror()).env_clear();
    log.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let log = log.output().expect("timeout starts");
    assert!(log.status.success(), "{}", String::from_utf8_lossy(&log.stderr));
    assert_eq!(pond.history(), history);

    let spare = pond.dot_pond("mirrors/main/index.spare");
    let _ = fs::remove_file(&spare);
    fs::create_dir_all(spare.join("mine")).expect("a directory");
    for content in ["4\n", "5\n"] {
        pond.write("a", content);
        pond.commit_all("another");
    }
    assert_eq!(pond.status(), [""; 0]);
    assert!(pond.dot_pond("mirrors/main/index.spare.damaged/mine").exists());
}

#[test]
fn a_copy_of_hard_links_is_not_written_to() {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    pond.commit_all("one");
    // There is a journal as long as somebody has a replaced file open.
    pond.append("a", "more\n");
    let held = fs::File::options().append(true).open(pond.path("a")).expect("open");
    pond.ok(&["restore", "a"]);
    let journal = pond.dot_pond("replaced/journal");
    let before = fs::read(&journal).expect("a journal");
    let copy = pond.beside("copied");
    fs::hard_link(&journal, &copy).expect("a link");
    pond.append("a", "once more\n");
    pond.ok(&["restore", "a"]);
    assert_eq!(fs::read(&copy).expect("read"), before);
    let after = fs::read(&journal).expect("read");
    assert!(after.starts_with(&before) && after.len() > before.len());
    drop(held);
}

#[test]
fn a_copy_does_not_take_what_was_kept_for_written_to() {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    pond.commit_all("one");
    pond.append("a", "more\n");
    let held = fs::File::options().append(true).open(pond.path("a")).expect("open");
    pond.ok(&["restore", "a"]);
    // The copy's files are as old as the copy.
    let copy = pond.beside("copy");
    copy_tree(&pond.mirror(), &copy);
    copy_tree(&pond.mirror().join(".pond"), &copy.join(".pond"));
    let kept =
        fs::read_dir(copy.join(".pond/replaced")).expect("a directory").map(|entry| entry.expect("an entry"));
    let kept: Vec<_> = kept.filter(|entry| entry.file_name() != "journal").collect();
    assert!(!kept.is_empty(), "nothing is kept: this proves nothing");
    for entry in kept {
        let file = fs::File::options().write(true).open(entry.path()).expect("open");
        file.set_modified(std::time::SystemTime::now() + std::time::Duration::from_secs(5)).expect("a time");
    }
    fs::write(copy.join("a"), "changed\n").expect("write");
    let restored = pond.run_in(&copy, &["restore", "a"]).expect_code(0);
    assert!(!restored.err().contains("written to"), "{restored}");
    assert!(!pond.run_in(&copy, &["op", "log"]).out().contains("RESCUE"));
    drop(held);
}
