//! The ways to make a commit.

use crate::harness::TestPond;

fn body(pond: &TestPond) -> String {
    pond.ok(&["log", "-1", "--format=%B"])
}

fn with_one_file() -> TestPond {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    pond.ok(&["add", "a"]);
    pond
}

#[test]
fn two_messages_are_two_paragraphs() {
    let pond = with_one_file();
    pond.ok(&["commit", "-m", "Subject", "-m", "Body text."]);
    assert_eq!(body(&pond).trim_end(), "Subject\n\nBody text.");
    assert_eq!(pond.lines(&["log", "-1", "--format=%s"]), ["Subject"]);
}

#[test]
fn the_message_comes_from_a_file_or_stdin() {
    let pond = with_one_file();
    pond.run_with_input(&["commit", "-F", "-"], b"From stdin\n\nMore.\n").expect_code(0);
    assert_eq!(body(&pond).trim_end(), "From stdin\n\nMore.");
    std::fs::write(pond.beside("message"), "From a file\n").expect("a file");
    pond.append("a", "2\n");
    let file = pond.beside("message");
    pond.ok(&["commit", "-a", "-F", file.to_str().expect("text")]);
    assert_eq!(body(&pond).trim_end(), "From a file");
}

#[test]
fn the_editor_writes_the_message() {
    let mut pond = with_one_file();
    let editor = pond.beside("editor.sh");
    std::fs::write(&editor, "#!/bin/sh\nprintf 'Edited\\n\\n# a comment\\n' > \"$1\"\n").expect("a file");
    pond.set("POND_EDITOR", format!("sh {}", editor.display()));
    pond.ok(&["commit"]);
    assert_eq!(body(&pond).trim_end(), "Edited");
    pond.append("a", "2\n");
    pond.set("POND_EDITOR", "false");
    let head = pond.id("HEAD");
    assert_ne!(pond.run(&["commit", "-a"]).expect_no_panic().code, 0, "a failed editor aborts");
    assert_eq!(pond.id("HEAD"), head);
    pond.set("POND_EDITOR", "true");
    assert_ne!(pond.run(&["commit", "-a"]).expect_no_panic().code, 0, "an empty message aborts");
    assert_eq!(pond.id("HEAD"), head);
}

#[test]
fn a_takes_tracked_files_only() {
    let pond = with_one_file();
    pond.write("gone", "x");
    pond.commit_all("one");
    pond.append("a", "2\n");
    pond.remove("gone");
    pond.write("new", "x");
    pond.ok(&["commit", "-a", "-m", "two"]);
    assert_eq!(pond.status(), ["?? new"]);
    assert_eq!(pond.ok(&["cat", "HEAD:a"]), "1\n2\n");
    assert_eq!(pond.lines(&["ls", "HEAD:"]), ["a"]);
}

#[test]
fn only_what_is_staged_is_committed() {
    let pond = with_one_file();
    pond.write("a", "changed after add\n");
    pond.ok(&["commit", "-m", "one"]);
    assert_eq!(pond.ok(&["cat", "HEAD:a"]), "1\n");
    assert_eq!(pond.status(), [" M a"]);
}

#[test]
fn amend_replaces_the_last_commit() {
    let pond = with_one_file();
    pond.ok(&["commit", "-m", "one"]);
    pond.append("a", "2\n");
    pond.commit_all("tow");
    let (first, wrong) = (pond.id("HEAD~1"), pond.id("HEAD"));
    pond.write("forgotten", "x\n");
    pond.ok(&["add", "forgotten"]);
    pond.ok(&["commit", "--amend", "-m", "two"]);
    assert_eq!(pond.id("HEAD~1"), first);
    assert_ne!(pond.id("HEAD"), wrong);
    assert_eq!(pond.lines(&["log", "--format=%s"]), ["two", "one"]);
    assert_eq!(pond.ok(&["cat", "HEAD:forgotten"]), "x\n");
    assert_eq!(pond.id("@{1}"), wrong, "what was amended can still be named");
}

#[test]
fn nothing_to_commit_is_exit_code_1() {
    let pond = with_one_file();
    pond.ok(&["commit", "-m", "one"]);
    let head = pond.id("HEAD");
    let output = pond.run(&["commit", "-m", "two"]).expect_code(1);
    assert!(format!("{}{}", output.out(), output.err()).contains("nothing to commit"), "{output}");
    assert_eq!(pond.id("HEAD"), head);
    pond.write("untracked", "x");
    pond.run(&["commit", "-m", "two"]).expect_code(1);
    pond.ok(&["commit", "--allow-empty", "-m", "empty"]);
    assert_eq!(pond.id("HEAD~1"), head);
    assert_eq!(pond.id("HEAD^{tree}"), pond.id("HEAD~1^{tree}"));
}

#[test]
fn an_empty_message_aborts() {
    let pond = with_one_file();
    for message in ["", "  \n\t\n"] {
        let output = pond.run(&["commit", "-m", message]).expect_no_panic();
        assert!(matches!(output.code, 1 | 128) && output.err().contains("message"), "{output}");
    }
    assert_eq!(pond.status(), ["A  a"], "what was staged stays staged");
    pond.ok(&["commit", "-m", "one"]);
    assert_eq!(pond.history().len(), 1);
}

#[test]
fn what_a_stages_is_staged_no_longer_where_nothing_is_committed() {
    let pond = with_one_file();
    pond.write("b", "stays\n");
    let first = pond.commit_all("one");
    pond.append("a", "2\n");
    pond.fails(&["commit", "-a", "-m", ""], 1);
    assert_eq!(pond.status(), [" M a"]);
    pond.fails(&["commit", "-a"], 128).expect_says("editor");
    assert_eq!(pond.status(), [" M a"]);
    pond.ok(&["rm", "-f", "a"]);
    pond.commit_all("two");
    pond.ok(&["restore", "--staged", "-s", &first, "a"]);
    pond.fails(&["commit", "-am", "nothing"], 1);
    assert_eq!(pond.status(), ["AD a"]);
}

#[test]
fn trailers_stand_at_the_end() {
    let pond = with_one_file();
    pond.ok(&[
        "commit",
        "-m",
        "one",
        "--trailer",
        "Station: well-3",
        "--trailer",
        "Reviewed-by: Bo <bo@example.org>",
    ]);
    assert_eq!(body(&pond).trim_end(), "one\n\nStation: well-3\nReviewed-by: Bo <bo@example.org>");
}

#[test]
fn names_and_times_come_from_the_environment() {
    let mut pond = with_one_file();
    pond.set("POND_AUTHOR_NAME", "Grace Stream");
    pond.set("POND_AUTHOR_EMAIL", "grace@example.org");
    pond.set("POND_AUTHOR_DATE", "2025-12-24T18:00:00+01:00");
    pond.ok(&["commit", "-m", "one"]);
    let line = pond.lines(&["log", "-1", "--format=%an|%ae|%aI|%cn|%ct"]);
    assert_eq!(line, ["Grace Stream|grace@example.org|2025-12-24T18:00:00+01:00|Ada Field|1772352000"]);
}

#[test]
fn without_an_identity_a_commit_warns_and_succeeds() {
    let mut pond = with_one_file();
    for name in ["POND_AUTHOR_NAME", "POND_AUTHOR_EMAIL", "POND_COMMITTER_NAME", "POND_COMMITTER_EMAIL"] {
        pond.unset(name);
    }
    let output = pond.run(&["commit", "-m", "from cron"]).expect_code(0);
    assert_eq!(output.err().matches("warning").count(), 1, "{output}");
    assert!(pond.lines(&["log", "-1", "--format=%ae"])[0].contains('@'));
    pond.ok(&["config", "user.name", "Cron"]);
    pond.ok(&["config", "user.email", "cron@example.org"]);
    pond.append("a", "2\n");
    let output = pond.run(&["commit", "-a", "-m", "again"]).expect_code(0);
    assert_eq!(output.err().matches("warning").count(), 0, "{output}");
    assert_eq!(pond.lines(&["log", "-1", "--format=%an <%ae>"]), ["Cron <cron@example.org>"]);
}

#[test]
fn a_dry_run_with_all_names_what_tracked_files_have() {
    let pond = TestPond::new();
    for name in ["gone", "edited", "renamed", "same"] {
        pond.write(name, format!("{name}\n"));
    }
    pond.commit_all("First");
    pond.remove("gone");
    pond.append("edited", "more\n");
    pond.ok(&["mv", "renamed", "new name"]);
    pond.append("new name", "and changed\n");
    pond.write("untracked", "1\n");
    let before = pond.status();
    assert_eq!(
        pond.lines(&["commit", "--dry-run", "-a"]),
        ["modified edited", "deleted gone", "renamed new name"]
    );
    assert_eq!(pond.status(), before);
    assert_eq!(pond.lines(&["commit", "-n"]), ["renamed new name"]);
}

#[test]
fn a_commit_of_nothing_lists_what_there_is_instead() {
    let pond = with_one_file();
    pond.ok(&["commit", "-m", "one"]);
    pond.fails(&["commit", "-m", "two"], 1).expect_says("nothing to commit").expect_says("--allow-empty");
    pond.write("new file", "1\n");
    pond.write("dir/inner", "1\n");
    pond.fails(&["commit", "-m", "two"], 1)
        .expect_says("nothing added to commit but untracked files present:\n  dir/\n  new file\n")
        .expect_says("'pond add' tracks them");
    pond.fails(&["commit", "-a", "-m", "two"], 1).expect_says("untracked files present");
    pond.append("a", "2\n");
    pond.fails(&["commit", "-m", "two"], 1)
        .expect_says("no changes added to commit:\n  modified: a\nuntracked files:\n  dir/\n  new file\n");
    assert_eq!(pond.history().len(), 1);
}

#[test]
fn what_is_wrong_is_said_before_the_editor_is_started() {
    let mut pond = with_one_file();
    pond.ok(&["commit", "-m", "one"]);
    pond.set("POND_EDITOR", "sh -c 'touch started; false'");
    let amend = |pond: &TestPond, args: &[&str]| pond.run(&[&["commit", "--amend"], args].concat());
    amend(&pond, &["--author", "bad"]).expect_failure(128).expect_says("'bad' names no author");
    amend(&pond, &["--date", "garbage"]).expect_failure(129).expect_says("'garbage' is not a date");
    amend(&pond, &["--trailer", "bad"]).expect_failure(129).expect_says("'bad' is no trailer");
    pond.set("POND_COMMITTER_DATE", "garbage");
    amend(&pond, &[]).expect_failure(129).expect_says("POND_COMMITTER_DATE");
    assert!(!pond.exists("started"));
    pond.unset("POND_COMMITTER_DATE");
    amend(&pond, &[]).expect_failure(128).expect_says("the editor");
    assert!(pond.exists("started"));
}

#[test]
fn an_interrupt_in_the_editor_is_one_of_the_command() {
    let mut pond = TestPond::new();
    pond.write("a", "1\n");
    pond.ok(&["add", "a"]);
    let script = pond.beside("editor.sh");
    pond.set("POND_EDITOR", format!("sh {}", script.display()));
    // Ctrl-C reaches both of them; an editor may die of it, end as a shell does, or give up in its own way.
    for (editor, code) in [
        ("kill -INT $$", 130),
        ("exit 130", 130),
        ("kill -INT $PPID; exit 1", 130),
        ("kill -TERM $$", 128),
        ("exit 1", 128),
    ] {
        std::fs::write(&script, editor).expect("a file");
        pond.fails(&["commit"], code).expect_says("COMMIT_EDITMSG").expect_says("editor");
    }
    assert_eq!(pond.status(), ["A  a"]);
    // One that goes on has made use of it.
    std::fs::write(&script, "kill -INT $PPID; echo Kept > \"$1\"").expect("a file");
    pond.ok(&["commit"]);
    assert_eq!(pond.lines(&["log", "--format=%s"]), ["Kept"]);
}

#[test]
fn what_a_stages_is_not_staged_where_the_command_is_killed() {
    let mut pond = with_one_file();
    pond.write("b", "b\n");
    pond.write("c", "c\n");
    pond.commit_all("one");
    pond.append("a", "2\n");
    pond.remove("b");
    pond.append("c", "staged\n");
    pond.ok(&["add", "c"]);
    pond.append("c", "and changed\n");
    let status = pond.status();
    assert_eq!(status, [" M a", " D b", "MM c"]);
    let script = pond.beside("editor.sh");
    pond.set("POND_EDITOR", format!("sh {}", script.display()));
    // In the editor, while others look on, and there killed.
    std::fs::write(&script, "kill -KILL $PPID").expect("a file");
    assert_eq!(pond.run(&["commit", "-a"]).code, 128 + 9);
    assert_eq!(pond.status(), status);
    let look = format!("{} status --porcelain > \"$1\"", env!("CARGO_BIN_EXE_pond"));
    std::fs::write(&script, look).expect("a file");
    pond.ok(&["commit", "-a", "--cleanup=verbatim"]);
    assert_eq!(pond.ok(&["log", "-1", "--format=%B"]).trim_end(), status.join("\n"));
    assert_eq!(pond.status(), [""; 0]);
    pond.ok(&["reset", "--soft", "HEAD~1"]);
    assert_eq!(pond.status(), ["M  a", "D  b", "M  c"]);
}

#[test]
fn what_a_staged_is_committed_where_the_command_is_killed_after_that() {
    let (mut committed, mut not_committed) = (0, 0);
    for call in ["fsync", "renameat2", "rename"] {
        for number in 1..20 {
            let pond = with_one_file();
            pond.write("b", "b\n");
            let first = pond.commit_all("one");
            pond.append("a", "2\n");
            pond.remove("b");
            let fault = format!("{call}:signal=KILL:when={number}");
            let Some((output, is_killed)) = pond.run_with_fault(&["commit", "-qam", "two"], &fault) else {
                return;
            };
            if !is_killed {
                break;
            }
            let is_committed = pond.id("HEAD") != first;
            let expected: &[&str] = if is_committed { &[] } else { &[" M a", " D b"] };
            assert_eq!(pond.status(), expected, "{fault}\n{output}");
            committed += usize::from(is_committed);
            not_committed += usize::from(!is_committed);
            pond.run(&["commit", "-qam", "two"]).expect_code(i32::from(is_committed));
            assert_eq!(pond.lines(&["ls", "-r", "HEAD"]), ["a"], "{fault}");
            assert_eq!(pond.ok(&["cat", "HEAD:a"]), pond.read("a"), "{fault}");
            assert_eq!(pond.history().len(), 2, "{fault}");
            assert_eq!(pond.status(), [""; 0], "{fault}");
        }
    }
    assert!(committed > 1 && not_committed > 1, "{committed} and {not_committed}: this proves nothing");
}

#[test]
fn a_message_may_begin_as_an_option_does() {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    pond.ok(&["add", "."]);
    pond.ok(&["commit", "-m", "- a list", "-m", "--all of it"]);
    pond.run(&["log", "--format=%B"]).expect_code(0).expect_prints("- a list\n\n--all of it\n");
    pond.ok(&["tag", "-a", "v1", "-m", "-5 degrees"]);
    pond.write("a", "2\n");
    pond.ok(&["stash", "push", "-m", "-later"]);
    pond.run(&["stash", "list"]).expect_code(0).expect_prints("-later");
    pond.run(&["commit", "-m"]).expect_code(129);
    pond.run(&["--", "status"]).expect_code(129).expect_says("a command stands before '--'");
}
