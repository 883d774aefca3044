//! Taking commands back, and doing them again.

mod any_commands;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::harness::{TestPond, readings};
use any_commands::State;

/// The host's files: permissions (0 for a link) and content.
type Files = BTreeMap<String, (u32, Vec<u8>)>;

fn files(pond: &TestPond) -> Files {
    let mut found = Files::new();
    let walk = walkdir::WalkDir::new(pond.mirror()).min_depth(1);
    for entry in walk.into_iter().filter_entry(|entry| entry.file_name() != ".pond") {
        let entry = entry.expect("an entry");
        let name = entry.path().strip_prefix(pond.mirror()).expect("below").to_string_lossy().into_owned();
        let kind = entry.file_type();
        if kind.is_symlink() {
            let target = fs::read_link(entry.path()).expect("a link");
            found.insert(name, (0, target.into_os_string().into_encoded_bytes()));
        } else if kind.is_file() {
            let mode = entry.metadata().expect("metadata").permissions().mode() & 0o777;
            found.insert(name, (mode, fs::read(entry.path()).expect("content")));
        }
    }
    found
}

/// What taking back has to bring back.
fn state(pond: &TestPond) -> State {
    any_commands::state(pond).1
}

/// The number of the newest operation.
fn newest(pond: &TestPond) -> i64 {
    any_commands::state(pond).0
}

/// Three commits, and on top of them something staged, something changed and something that is not tracked.
fn lively() -> TestPond {
    let pond = TestPond::new();
    for name in ["a.csv", "b.csv", "d/e.csv", "d/f/g.csv"] {
        pond.write(name, readings(name.len() as u64, 0, 40));
    }
    pond.write("run.sh", "#!/bin/sh\n");
    pond.chmod("run.sh", 0o755);
    pond.link("a.csv", "link");
    pond.commit_all("one");
    pond.append("a.csv", "1\n");
    pond.write("h.csv", readings(7, 0, 10));
    pond.commit_all("two");
    pond.ok(&["mv", "d", "moved"]);
    pond.ok(&["rm", "b.csv"]);
    pond.commit_all("three");
    pond.write("untracked", "not in any commit\n");
    pond.write("moved/untracked", "neither\n");
    pond.append("h.csv", "changed\n");
    pond.append("a.csv", "staged\n");
    pond.ok(&["add", "a.csv"]);
    pond
}

#[test]
fn newer_work_is_not_touched() {
    let pond = lively();
    pond.ok(&["restore", "h.csv"]);
    pond.append("h.csv", "newer\n");
    let before = files(&pond);
    pond.fails(&["undo"], 1).expect_says("h.csv");
    assert_eq!(files(&pond), before);
    pond.ok(&["undo", "-f"]);
    assert!(pond.read("h.csv").ends_with("changed\n"));
    // What -f gave up is in the pond as well.
    pond.ok(&["redo"]);
    assert!(pond.read("h.csv").ends_with("newer\n"));
}

#[test]
fn what_one_of_several_commands_would_lose_stops_them_all() {
    let pond = TestPond::new();
    pond.write("f", "1\n");
    pond.commit_all("one");
    pond.write("u", "u\n");
    let before = newest(&pond).to_string();
    pond.ok(&["clean", "-f"]);
    pond.ok(&["tag", "a"]);
    pond.ok(&["tag", "b"]);
    pond.write("u", "newer\n");
    let there = (newest(&pond), files(&pond));
    pond.fails(&["undo", "--to", &before], 1).expect_says("u").expect_says("nothing was changed");
    assert_eq!(
        (newest(&pond), files(&pond), pond.lines(&["tag"])),
        (there.0, there.1, vec!["a".into(), "b".into()])
    );
    pond.run(&["undo", "-n", "--to", &before])
        .expect_code(0)
        .expect_says("can't be taken back without losing");
    pond.ok(&["undo", "-f", "--to", &before]);
    assert_eq!((pond.read("u").as_str(), pond.ok(&["tag"]).as_str()), ("u\n", ""));
    pond.ok(&["redo", "-f"]);
    assert_eq!(
        (pond.read("u").as_str(), pond.lines(&["tag"])),
        ("newer\n", vec!["a".to_owned(), "b".into()])
    );
    // So does a file that was edited between two of the commands.
    for content in ["2\n", "3\n"] {
        pond.write("f", content);
        pond.commit_all("more");
        pond.ok(&["reset", "--hard", "HEAD~1"]);
    }
    let there = newest(&pond);
    pond.fails(&["undo", "--to", &before], 1).expect_says("\n  f\n").expect_says("nothing was changed");
    assert_eq!(newest(&pond), there);
    // What a command in the list brings itself is no obstacle to those before it.
    pond.ok(&["undo"]);
    pond.ok(&["restore", "-s", "HEAD", "f"]);
    pond.ok(&["rm", "f"]);
    pond.ok(&["commit", "-m", "none"]);
    let with_f = (newest(&pond) - 3).to_string();
    pond.ok(&["undo", "--to", &with_f]);
    assert!(pond.exists("f"));
}

#[test]
fn a_file_that_was_renamed_over_its_equal_is_two_again() {
    let pond = TestPond::new();
    for name in ["a", "b"] {
        pond.write(name, "the same\n");
    }
    pond.commit_all("one");
    pond.ok(&["mv", "-f", "a", "b"]);
    pond.ok(&["undo"]);
    assert_eq!(
        (pond.read("a"), pond.read("b"), pond.status()),
        ("the same\n".into(), "the same\n".into(), vec![])
    );
    pond.ok(&["redo"]);
    assert_eq!(pond.status(), ["D  a"]);
}

#[test]
fn a_commit_taken_back_stays_staged() {
    let pond = lively();
    let before = pond.status();
    pond.ok(&["commit", "-m", "four"]);
    pond.run(&["undo"]).expect_code(0).expect_says("pond commit -m four");
    assert_eq!(pond.status(), before);
    pond.ok(&["undo", "--to", "1"]);
    assert_eq!(pond.history().len(), 1);
    pond.fails(&["undo", "--to", "99"], 128);
    pond.ok(&["undo"]);
    pond.fails(&["undo"], 1).expect_says("nothing to take back");
}

/// Three branches of which each adds a file, and a commit on main.
fn with_branches() -> TestPond {
    let pond = TestPond::new();
    pond.write("a", "a\n");
    pond.commit_all("base");
    for name in ["one", "two", "three"] {
        pond.ok(&["switch", "-q", "-c", name, "main"]);
        pond.write(name, name);
        pond.commit_all(name);
    }
    pond.ok(&["switch", "-q", "main"]);
    pond
}

#[test]
fn a_command_of_several_operations_is_taken_back_whole() {
    let pond = with_branches();
    let (first, before) = (newest(&pond), state(&pond));
    pond.ok(&["cherry-pick", "one", "two", "three"]);
    let after = state(&pond);
    assert_eq!(newest(&pond), first + 3, "an operation for each commit");
    let said = pond.run(&["undo", "-n"]).expect_code(0).err();
    assert_eq!(said.matches("would take back operation").count(), 3, "{said}");
    let said = pond.run(&["undo"]).expect_code(0).err();
    assert_eq!(said.matches("taking back operation").count(), 3, "{said}");
    assert_eq!((newest(&pond), state(&pond)), (first + 4, before.clone()), "one operation for all of them");
    let said = pond.run(&["redo"]).expect_code(0).err();
    assert_eq!(said.matches("doing again operation").count(), 3, "{said}");
    assert_eq!(state(&pond), after);
    let lines = pond.lines(&["op", "log", "--oneline"]);
    let going_on = lines.iter().filter(|line| line.ends_with(&format!("(goes on from {})", first + 1)));
    assert_eq!(going_on.count(), 2, "{lines:?}");
    assert!(pond.ok(&["op", "show", &(first + 4).to_string()]).contains("undoes:  operation"));
    // Back to the middle of it, and from there to before it.
    pond.ok(&["undo", "--to", &(first + 1).to_string()]);
    assert_eq!(pond.history().len(), 2);
    pond.ok(&["redo"]);
    assert_eq!(state(&pond), after);
    pond.ok(&["undo"]);
    assert_eq!(state(&pond), before);
    pond.ok(&["undo", "--to", &(first + 2).to_string()]);
    assert_eq!(pond.history().len(), 3);
    pond.ok(&["undo"]);
    assert_eq!(state(&pond), before);
    pond.ok(&["redo"]);
    // Newer work in any of the files keeps all of it.
    pond.append("one", "newer\n");
    let with_newer = state(&pond);
    pond.fails(&["undo"], 1).expect_says("  one\n");
    assert_eq!(state(&pond), with_newer);
    pond.ok(&["undo", "-f"]);
    assert_eq!(state(&pond), before);
}

#[test]
fn what_one_undo_took_back_one_redo_does_again() {
    let pond = lively();
    let before = state(&pond);
    let first = newest(&pond);
    pond.ok(&["mv", "moved", "elsewhere"]);
    pond.ok(&["mv", "elsewhere", "moved on"]);
    pond.ok(&["rm", "-f", "h.csv"]);
    let after = state(&pond);
    pond.ok(&["undo", "--to", &first.to_string()]);
    assert_eq!(state(&pond), before);
    pond.ok(&["redo"]);
    assert_eq!(state(&pond), after);
    pond.fails(&["redo"], 1);
}

/// Runs the program on a terminal on which `answer` is typed: its exit code and what it shows; none without script(1).
fn on_a_terminal(pond: &TestPond, args: &str, answer: &str) -> Option<(Option<i32>, String)> {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    let template = pond.command::<&str>(&[]);
    let line = format!("'{}' {args}", template.get_program().to_str().expect("text"));
    let child = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .current_dir(pond.mirror())
        .env_clear()
        .envs(template.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .envs([("TERM", "xterm"), ("SHELL", "/bin/sh")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        eprintln!("skipped: script(1) is not installed");
        return None;
    };
    child.stdin.take().expect("a pipe").write_all(answer.as_bytes()).expect("typed");
    let output = child.wait_with_output().expect("it ends");
    Some((output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned()))
}

#[test]
fn a_person_is_asked_before_newer_work_is_given_up() {
    let pond = lively();
    pond.ok(&["restore", "h.csv"]);
    pond.append("h.csv", "newer\n");
    let before = state(&pond);
    for answer in ["n\n", "\n", "yellow\n"] {
        let Some((code, shown)) = on_a_terminal(&pond, "undo", answer) else { return };
        assert_eq!(code, Some(1), "{shown}");
        assert!(
            shown.contains("h.csv") && shown.contains("[y/N]") && shown.contains("nothing was changed"),
            "{shown}"
        );
        assert_eq!(state(&pond), before);
    }
    for args in ["-q undo", "--json undo"] {
        let Some((code, shown)) = on_a_terminal(&pond, args, "y\n") else { return };
        assert!(code == Some(1) && !shown.contains("[y/N]"), "{shown}");
        assert_eq!(state(&pond), before);
    }
    let Some((code, shown)) = on_a_terminal(&pond, "undo", "y\n") else { return };
    assert_eq!(code, Some(0), "{shown}");
    assert!(pond.read("h.csv").ends_with("changed\n"));
    pond.ok(&["redo"]);
    assert_eq!(state(&pond), before);
}

#[test]
fn operations_are_listed() {
    let pond = lively();
    pond.ok(&["clean", "-f", "untracked"]);
    let lines = pond.lines(&["op", "log", "-n", "2"]);
    assert!(lines[0].ends_with("pond clean -f untracked"), "{lines:?}");
    assert!(pond.ok(&["op", "show"]).contains("host:    D untracked"));
    assert!(pond.ok(&["op", "show", "1"]).contains("main new "));
    pond.fails(&["op", "show", "77"], 128);
    let values = pond.lines(&["reflog", "main"]);
    assert_eq!(values.len(), 3, "{values:?}");
    assert!(values[2].contains("main@{2}: pond commit -m one"), "{values:?}");
    for (number, line) in values.iter().enumerate() {
        assert!(pond.id(&format!("main@{{{number}}}")).starts_with(&line[..10]));
    }
    pond.fails(&["reflog", "nowhere"], 128);
    assert_eq!(pond.lines(&["reflog", "show", "main"]), values);
    assert_eq!(pond.lines(&["reflog", "show"]), pond.lines(&["reflog"]));
    pond.fails(&["reflog", "main", "HEAD"], 129).expect_says("unexpected argument 'HEAD'");
}

#[test]
fn a_directory_that_a_rename_emptied_goes_when_it_is_done_again() {
    for target in ["g", "new"] {
        let pond = TestPond::new();
        pond.write("d/f", "1\n");
        pond.write("g", "2\n");
        pond.commit_all("one");
        pond.ok(&["mv", "-f", "d/f", target]);
        let (renamed, status) = (files(&pond), pond.status());
        assert!(!pond.exists("d"));
        for _ in 0..2 {
            pond.ok(&["undo"]);
            assert_eq!((pond.read("d/f"), pond.read("g")), ("1\n".into(), "2\n".into()));
            pond.ok(&["redo"]);
            assert_eq!((files(&pond), pond.status()), (renamed.clone(), status.clone()), "{target}");
            assert!(!pond.exists("d"), "{target}");
        }
    }
}

/// A file in a directory, and commands that wrote one or renamed the other; gives the number of the operation before them.
fn written_and_renamed(from: &str, to: &str) -> (TestPond, String) {
    let pond = TestPond::new();
    for content in ["1\n", "2\n"] {
        pond.write("old/f", content);
        pond.write("old/g", content);
        pond.commit_all(content.trim());
    }
    let before = newest(&pond).to_string();
    pond.ok(&["restore", "-s", "HEAD~1", "old/f"]);
    pond.ok(&["rm", "old/g"]);
    pond.ok(&["mv", from, to]);
    (pond, before)
}

#[test]
fn what_a_renamed_file_would_lose_stops_them_all() {
    for (from, to, file) in [("old", "new", "new/f"), ("old/f", "other", "other"), ("old", "new", "new/g")] {
        let (pond, before) = written_and_renamed(from, to);
        pond.write(file, "edited\n");
        let there = (newest(&pond), files(&pond));
        pond.run(&["undo", "-n", "--to", &before]).expect_code(0).expect_says("can't be taken back");
        pond.fails(&["undo", "--to", &before], 1).expect_says("old/").expect_says("nothing was changed");
        assert_eq!((newest(&pond), files(&pond)), there, "{file}");
        pond.ok(&["undo", "-f", "--to", &before]);
        assert_eq!((pond.read("old/f"), pond.read("old/g")), ("2\n".into(), "2\n".into()), "{file}");
    }
}

#[test]
fn a_renamed_file_that_nobody_edited_stops_nothing() {
    for (from, to) in [("old", "new"), ("old/f", "other")] {
        let (pond, before) = written_and_renamed(from, to);
        pond.ok(&["mv", to, "again"]);
        pond.ok(&["mv", "again", "old-again"]);
        pond.write("untracked", "mine\n");
        pond.run(&["undo", "-n", "--to", &before]).expect_code(0);
        pond.ok(&["undo", "--to", &before]);
        assert_eq!((pond.read("old/f"), pond.read("old/g")), ("2\n".into(), "2\n".into()));
        assert_eq!(pond.status(), ["?? untracked"]);
        pond.ok(&["redo"]);
        assert!(!pond.exists("old/f") && pond.exists("old-again"));
    }
}
