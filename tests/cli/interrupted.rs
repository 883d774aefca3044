//! Commands that are told to stop while they write many files: one line says how many are missing, and these are nobody's
//! changes. strace sends the signal at a call that is counted and not timed; without it these tests are skipped.

use serde_json::Value;

use crate::harness::{Output, TestPond};

/// A mirror on `main`, and a branch `other` that changes thirty files, removes fifteen and adds fifteen.
fn many_files() -> TestPond {
    let pond = TestPond::new();
    (0..30).for_each(|number| pond.write(format!("changed/{number:02}"), "one\n"));
    (0..15).for_each(|number| pond.write(format!("removed/{number:02}"), "one\n"));
    pond.write("same", "one\n");
    pond.commit_all("one");
    pond.ok(&["tag", "-a", "-m", "v", "v1"]);
    pond.ok(&["switch", "-c", "other"]);
    (0..30).for_each(|number| pond.write(format!("changed/{number:02}"), "another\n"));
    std::fs::remove_dir_all(pond.path("removed")).expect("removed");
    (0..15).for_each(|number| pond.write(format!("added/{number:02}"), "new\n"));
    pond.commit_all("two");
    pond.ok(&["tag", "-a", "-m", "v", "v2"]);
    pond.ok(&["switch", "main"]);
    pond
}

/// A call that is made for each file that is removed, or is laid out elsewhere.
const RENAME: &str = "renameat2";
/// A call that is made for each file that is written. Files of the mirror get their names later, many at once.
const SET_TIME: &str = "utimensat";

/// A command that gets SIGINT at the `when`th such call; none without strace.
fn interrupt(pond: &TestPond, args: &[&str], (call, when): (&str, usize)) -> Option<Output> {
    let args = [&["-c", "add.threads=1"], args].concat();
    let (output, _) = pond.run_with_fault(&args, &format!("{call}:signal=INT:when={when}"))?;
    Some(output.expect_failure(130))
}

/// The number in the one line about files that were not written.
fn left(output: &Output) -> usize {
    let err = output.err();
    let lines: Vec<&str> = err.lines().filter(|line| line.starts_with("error: ")).collect();
    assert!(lines.len() <= 2 && err.lines().count() <= 5, "a few lines\n{output}");
    let words = lines[0].strip_prefix("error: interrupted: ").unwrap_or_else(|| panic!("{output}"));
    assert!(words.ends_with(" files were not written"), "{output}");
    words.split(' ').next().and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("{output}"))
}

fn json(pond: &TestPond) -> Value {
    serde_json::from_str(&pond.ok(&["status", "--json"])).expect("JSON")
}

#[test]
fn what_a_switch_did_not_come_to_is_due() {
    // While it removes files, while it writes them, and before the last.
    for when in [(RENAME, 8), (SET_TIME, 2), (SET_TIME, 44)] {
        let pond = many_files();
        let Some(output) = interrupt(&pond, &["switch", "other"], when) else { return };
        let count = left(&output);
        let found = json(&pond);
        assert_eq!(found["due"].as_array().map(Vec::len), Some(count), "{found:#}\n{output}");
        assert_eq!(
            (&found["unstaged"], &found["untracked"]),
            (&Value::from(Vec::<Value>::new()), &Value::from(Vec::<Value>::new()))
        );
        assert_eq!(found["clean"], false);
        assert_eq!(pond.status(), [""; 0]);
        for args in [&["diff"][..], &["diff", "HEAD", "--name-only"], &["ls-files", "-m", "-d", "-o"]] {
            assert_eq!(pond.ok(args), "", "{when:?} {args:?}");
        }
        assert_eq!(pond.ok(&["describe", "--dirty"]), "v2\n");
        let status = pond.run(&["status"]).expect_code(0);
        assert!(status.err().contains("was interrupted"), "{status}");
        let status = status
            .expect_prints("Not yet written by a command that was interrupted:\n")
            .expect_prints("'pond undo'");
        assert_eq!(status.out().matches("\tto ").count(), count.min(20), "{status}");
        assert!(!status.out().contains("modified:") && !status.out().contains("clean"), "{status}");

        let added: Value = serde_json::from_str(&pond.ok(&["status", "--json", "added"])).expect("JSON");
        assert!(added["due"].as_array().is_some_and(|due| due.len() <= 15), "{added:#}");

        // What somebody makes of a file is his, whether or not it was due.
        pond.write("same", "mine\n");
        pond.write("changed/29", "mine\n");
        assert_eq!(pond.status(), [" M changed/29", " M same"]);
        assert!(pond.ok(&["diff"]).contains("+mine"));
        pond.ok(&["restore", "same"]);
        assert_eq!(pond.status(), [" M changed/29"], "the rest was written on the way");
        assert_eq!(json(&pond)["due"], Value::from(Vec::<Value>::new()));
    }
}

#[test]
fn it_is_taken_back_or_done() {
    for (command, branch) in
        [("undo", "main"), ("add -A", "other"), ("commit -a --allow-empty -m x", "other")]
    {
        let pond = many_files();
        let Some(_) = interrupt(&pond, &["switch", "other"], (SET_TIME, 10)) else { return };
        pond.ok(&command.split(' ').collect::<Vec<_>>());
        assert_eq!(pond.status(), [""; 0], "{command}");
        assert_eq!(json(&pond)["clean"], true, "{command}");
        assert_eq!(pond.ok(&["diff", branch]), "", "{command}");
    }
}

#[test]
fn other_commands_count_what_they_left() {
    for args in
        [&["restore", "-s", "other", "changed"][..], &["reset", "--hard", "other"], &["merge", "other"]]
    {
        let pond = many_files();
        let Some(output) = interrupt(&pond, args, (SET_TIME, 20)) else { return };
        assert!(left(&output) > 0, "{output}");
    }
    let pond = many_files();
    let place = pond.beside("laid-out");
    let Some(output) =
        interrupt(&pond, &["restore", "-s", "other", "--to", place.to_str().expect("text")], (RENAME, 20))
    else {
        return;
    };
    let written = walkdir::WalkDir::new(&place)
        .into_iter()
        .filter(|entry| entry.as_ref().is_ok_and(|entry| entry.file_type().is_file()));
    assert_eq!(left(&output) + written.count(), 46, "{output}");
    output.expect_says("holds a part of the version");
}
