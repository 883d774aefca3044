//! Tags: light ones and those with a message.

use crate::harness::TestPond;

fn with_two_commits() -> TestPond {
    let pond = TestPond::new();
    pond.write("d/a", "1\n");
    pond.commit_all("one\n\nmore of it");
    pond.write("d/a", "2\n");
    pond.commit_all("two");
    pond
}

#[test]
fn a_tag_names_a_commit_a_directory_or_a_file() {
    let pond = with_two_commits();
    pond.ok(&["tag", "light", "HEAD~1"]);
    pond.ok(&["tag", "dir", "HEAD:d"]);
    pond.ok(&["tag", "file", "HEAD:d/a"]);
    assert_eq!(pond.id("light"), pond.id("HEAD~1"));
    assert_eq!(pond.id("file"), pond.id("HEAD:d/a"));
    assert_eq!(pond.lines(&["tag"]), ["dir", "file", "light"]);
    assert_eq!(pond.lines(&["tag", "-l", "[df]i*"]), ["dir", "file"]);
    assert_eq!(pond.lines(&["tag", "--contains", "HEAD~1"]), ["light"]);
    assert_eq!(pond.lines(&["tag", "--points-at", "HEAD~1"]), ["light"]);
    pond.fails(&["tag", "light"], 128).expect_says("already exists");
    let moved = pond.run(&["tag", "-f", "light", "HEAD"]).expect_code(0);
    assert_eq!(moved.out(), format!("Updated tag 'light' (was {})\n", &pond.id("HEAD~1")[..10]));
    pond.fails(&["tag", "bad name"], 128);
    pond.fails(&["tag", "x", "nowhere"], 128);
}

#[test]
fn a_message_makes_an_object_of_its_own() {
    let mut pond = with_two_commits();
    pond.ok(&["tag", "-a", "v1", "-m", "Season 1", "-m", "All wells.", "HEAD~1"]);
    let text = pond.ok(&["cat-object", "-p", "v1"]);
    let head =
        format!("object {}\ntype commit\ntag v1\ntagger Ada Field <ada@example.org> ", pond.id("HEAD~1"));
    assert!(text.starts_with(&head) && text.ends_with("\n\nSeason 1\n\nAll wells.\n"), "{text}");
    assert_eq!(pond.id("v1^{commit}"), pond.id("HEAD~1"));
    assert_eq!(pond.lines(&["tag", "-n"]), ["v1              Season 1"]);
    assert_eq!(pond.lines(&["tag", "-n3"]), ["v1              Season 1", "    ", "    All wells."]);
    pond.run_with_input(&["tag", "v2", "-F", "-"], b"# kept\nfrom stdin\n").expect_code(0);
    assert_eq!(
        pond.lines(&[
            "for-each-ref",
            "--format=%(refname:short) %(objecttype) %(*objecttype) %(contents:subject)"
        ]),
        ["main commit  two", "v1 tag commit Season 1", "v2 tag commit # kept from stdin"]
    );
    let editor = pond.beside("editor.sh");
    std::fs::write(&editor, "#!/bin/sh\nprintf 'Edited\\n# a comment\\n' > \"$1\"\n").expect("a file");
    pond.set("POND_EDITOR", format!("sh {}", editor.display()));
    pond.ok(&["tag", "-a", "v3"]);
    assert_eq!(pond.lines(&["tag", "-n", "v3"]), ["v3              Edited"]);
    pond.set("POND_EDITOR", "true");
    pond.run(&["tag", "-a", "v4"]).expect_failure(1).expect_says("empty");
    assert_eq!(pond.lines(&["tag", "--sort=-refname"]), ["v3", "v2", "v1"]);
}

#[test]
fn tags_are_deleted_and_can_be_made_again() {
    let pond = with_two_commits();
    pond.ok(&["tag", "v1", "-m", "one"]);
    let id = pond.id("v1");
    let deleted =
        pond.run(&["tag", "-d", "v1", "nowhere"]).expect_failure(1).expect_says("'nowhere' not found");
    assert_eq!(deleted.out(), format!("Deleted tag 'v1' (was {})\n", &id[..10]));
    assert_eq!(pond.ok(&["tag"]), "");
    pond.ok(&["tag", "v1", &id]);
    assert_eq!(pond.id("v1"), id);
    for number in 2..30 {
        pond.ok(&["tag", &format!("v{number}")]);
    }
    let all = pond.lines(&["tag"]);
    let args: Vec<&str> = ["tag", "-d"].into_iter().chain(all.iter().map(String::as_str)).collect();
    let deleted = pond.run(&args).expect_code(0).expect_says("'pond undo' brings them back");
    assert_eq!((deleted.lines().len(), deleted.err().lines().count()), (29, 1));
    let undone = pond.run(&["undo"]).expect_code(0).expect_says("  ... and 9 more");
    assert_eq!(undone.err().lines().count(), 22);
    assert_eq!(pond.lines(&["tag"]), all);
}

#[test]
fn version_numbers_sort_as_numbers() {
    let pond = with_two_commits();
    for name in ["v1.10", "v1.9", "v1.2", "v10"] {
        pond.ok(&["tag", name]);
    }
    assert_eq!(pond.lines(&["tag", "--sort=version:refname"]), ["v1.2", "v1.9", "v1.10", "v10"]);
    assert_eq!(pond.lines(&["tag", "--sort=-v:refname"])[0], "v10");
    assert_eq!(pond.lines(&["tag"])[0], "v1.10");
}
