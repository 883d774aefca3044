//! Paths on the command line, wherever it is run.

use std::fs;
use std::os::unix::fs::symlink;

use crate::harness::{Output, TestPond};

fn with_a_commit() -> TestPond {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    pond.write("d/b", "b\n");
    pond.commit_all("First");
    pond
}

#[test]
fn an_absolute_path_may_lead_through_a_link_to_the_mirror() {
    let pond = with_a_commit();
    let link = pond.beside("link");
    symlink(pond.mirror(), &link).expect("a link");
    pond.write("d/new", "1\n");
    pond.write("other", "1\n");
    let run = |args: &[&str]| pond.run_in(link.join("d"), args).expect_code(0);
    let text = |name: &str| link.join(name).into_os_string().into_string().expect("text");
    run(&["add", &text("d/new")]);
    assert_eq!(pond.status(), ["A  d/new", "?? other"]);
    run(&["add", &text("d/../../link/other")]);
    assert_eq!(pond.status(), ["A  d/new", "A  other"]);
    run(&["commit", "-m", "Second"]);
    assert_eq!(run(&["log", "--format=%s", "--follow", &text("other")]).line(), "Second");
    assert_eq!(run(&["ls-files", "--full-name", &text("")]).lines().len(), 4);
    let outside = pond.beside("elsewhere").into_os_string().into_string().expect("text");
    pond.fails(&["add", &outside], 128).expect_says("outside of the mirror");
}

#[test]
fn what_is_beyond_a_link_is_not_staged() {
    let pond = with_a_commit();
    fs::rename(pond.path("d"), pond.path("real")).expect("renamed");
    pond.link("real", "d");
    let before = pond.status();
    for path in ["d/b", "d/", "d/*", "d/none"] {
        pond.fails(&["add", path], 128).expect_says(&format!("pathspec '{path}' is beyond a symbolic link"));
    }
    assert_eq!(pond.status(), before);
    pond.ok(&["add", "d"]);
    assert_eq!(pond.status(), ["A  d", "D  d/b", "?? real/"]);
}

#[test]
fn commands_on_the_mirror_are_refused_inside_the_pond() {
    let pond = with_a_commit();
    pond.write("a", "2\n");
    let run = |args: &[&str]| -> Output { pond.run_in(pond.dot_pond(""), args) };
    for args in [
        &["add", "-A"][..],
        &["add"],
        &["status"],
        &["commit", "-a", "-m", "x"],
        &["checkout", "main"],
        &["diff"],
        &["clean", "-n"],
        &["restore", "."],
    ] {
        run(args).expect_failure(128).expect_says("inside .pond").expect_says("hint: run it from");
    }
    assert_eq!(pond.status(), [" M a"]);
    for args in [&["log"][..], &["diff", "--cached"], &["diff", "HEAD", "HEAD"], &["maintenance"]] {
        run(args).expect_code(0);
    }
}

#[test]
fn errors_name_what_was_typed() {
    let pond = with_a_commit();
    for args in [&["mv", "a", ".."][..], &["mv", "..", "a"], &["add", ".."], &["check-ignore", ".."]] {
        let output = pond.fails(args, 128).expect_says("'..' is outside of the mirror");
        assert!(!output.err().contains(":("), "{output}");
    }
    pond.fails(&["restore", "none"], 128).expect_says("did not match any tracked file");
    pond.fails(&["checkout", "--", "none"], 128).expect_says("did not match any tracked file");
    pond.fails(&["restore", "--staged", "none"], 128).expect_says("did not match any file of 'HEAD'");
    pond.fails(&["restore", "-s", "@{0}", "none"], 128)
        .expect_says("did not match any file of '@{0}'")
        .expect_says("'pond ls -r @{0}'");
}

#[test]
fn the_similarity_of_renames_is_written_as_in_git() {
    let pond = TestPond::new();
    let lines = |count: usize| (0..count).map(|number| format!("{number}\n")).collect::<String>();
    pond.write("old", lines(100));
    pond.commit_all("First");
    pond.remove("old");
    pond.write("new", lines(85));
    pond.commit_all("Second");
    let found = |option: &str| pond.lines(&["diff", "--name-status", option, "HEAD~1", "HEAD"]).len() == 1;
    for (option, is_rename) in [
        ("-M", true),
        ("-M5", true),
        ("-M50%", true),
        ("-M8", true),
        ("-M90%", false),
        ("-M9", false),
        ("-M.9", false),
        ("--find-renames=90%", false),
        ("-M100%", false),
    ] {
        assert_eq!(found(option), is_rename, "{option}");
    }
    assert_eq!(pond.lines(&["log", "-M90%", "-1", "--format=%s", "--name-status"]).len(), 4);
    pond.fails(&["diff", "-M9x"], 129).expect_says("'9x' is no percentage");
    pond.fails(&["status", "-M90%"], 129).expect_says("unexpected argument '-M'");
    pond.ok(&["-c", "alias.d=diff -M90%", "d", "HEAD~1"]);
}
