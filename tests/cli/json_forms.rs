//! `--json`: a document from every command that has facts to tell, whatever it says on stderr.

use serde_json::Value;

use crate::harness::TestPond;

/// Runs a command with `--json` and gives its one document.
#[track_caller]
fn document(pond: &TestPond, args: &[&str], code: i32) -> Value {
    let output = pond.run(&[&["--json"], args].concat()).expect_code(code);
    let parsed = serde_json::from_slice(&output.stdout);
    for line in output.err().lines() {
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}\n{output}"));
    }
    parsed.unwrap_or_else(|error| panic!("{error}\n{output}"))
}

fn paths(value: &Value) -> Vec<&str> {
    let rows = value.as_array().expect("a list");
    rows.iter().map(|row| row["path"].as_str().expect("a path")).collect()
}

fn with_two_commits() -> TestPond {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    pond.commit_all("One");
    pond.write("a", "2\n");
    pond.write("d/b", "b\n");
    pond.commit_all("Two");
    pond
}

#[test]
fn init_says_whether_it_made_the_pond() {
    let pond = TestPond::without_pond();
    for created in [true, false] {
        let document = document(&pond, &["init"], 0);
        assert_eq!(document["created"], created);
        assert_eq!(document["pond"], pond.dot_pond("").to_str().expect("text").trim_end_matches('/'));
    }
}

#[test]
fn restore_names_what_it_wrote_removed_and_staged() {
    let pond = with_two_commits();
    pond.remove("a");
    let report = document(&pond, &["restore", "a"], 0);
    assert_eq!(paths(&report["written"]), ["a"]);
    let report = document(&pond, &["restore", "-s", "HEAD~1", "-S", "-W", "."], 0);
    assert_eq!((paths(&report["written"]), paths(&report["removed"])), (vec!["a"], vec!["d/b"]));
    assert_eq!(paths(&report["staged"]), ["a", "d/b"]);
    let report = document(&pond, &["restore", "--staged", "."], 0);
    assert_eq!(paths(&report["staged"]), ["a", "d/b"]);
    assert!(paths(&report["failed"]).is_empty() && paths(&report["written"]).is_empty());
}

#[test]
fn a_version_laid_out_elsewhere_is_listed() {
    let pond = with_two_commits();
    let out = pond.beside("out");
    let report = document(&pond, &["restore", "--to", out.to_str().expect("text")], 0);
    assert_eq!(report["directory"], out.to_str().expect("text"));
    assert_eq!(paths(&report["written"]), ["a", "d/b"]);
}

#[test]
fn checkout_says_where_head_was_and_is() {
    let pond = with_two_commits();
    let (first, second) = (pond.id("HEAD~1"), pond.id("HEAD"));
    let report = document(&pond, &["checkout", "HEAD~1"], 0);
    assert_eq!((&report["commit"], &report["before"]["commit"]), (&first.into(), &second.into()));
    assert_eq!((&report["branch"], &report["before"]["branch"]), (&Value::Null, &"main".into()));
    assert_eq!(report["detached"], true);
    assert_eq!((paths(&report["written"]), paths(&report["removed"])), (vec!["a"], vec!["d/b"]));
    let report = document(&pond, &["checkout", "main", "--", "d/b"], 0);
    assert_eq!((paths(&report["written"]), paths(&report["staged"])), (vec!["d/b"], vec!["d/b"]));
}

#[test]
fn a_dry_commit_lists_its_changes() {
    let pond = with_two_commits();
    let empty = document(&pond, &["commit", "-n"], 1);
    assert_eq!(empty["files_changed"], 0);
    pond.write("a", "3\n");
    let report = document(&pond, &["commit", "--dry-run", "-a"], 0);
    assert_eq!(paths(&report["changes"]), ["a"]);
    assert_eq!(report["parents"], Value::from(vec![pond.id("HEAD")]));
}

#[test]
fn rev_parse_tells_places_and_names() {
    let pond = with_two_commits();
    let report = document(
        &pond,
        &["-C", "d", "rev-parse", "--show-toplevel", "--pond-dir", "--show-prefix", "--is-inside-pond"],
        0,
    );
    let root = pond.mirror().canonicalize().expect("the mirror");
    assert_eq!(report["toplevel"], root.to_str().expect("text"));
    assert_eq!(report["pond_dir"], root.join(".pond").to_str().expect("text"));
    assert_eq!((&report["prefix"], &report["inside_pond"]), (&"d/".into(), &true.into()));
    let report = document(&pond, &["rev-parse", "--abbrev-ref", "HEAD"], 0);
    assert_eq!((&report["revision"], &report["ref"]), (&"HEAD".into(), &"main".into()));
}

#[test]
fn what_writes_files_and_settings_says_which() {
    let pond = TestPond::new();
    let man = pond.beside("man");
    let report = document(&pond, &["man", man.to_str().expect("text")], 0);
    let pages = std::fs::read_dir(&man).expect("pages").count();
    assert_eq!(report["pages"], pages);
    let report = document(&pond, &["config", "user.name", "Ada"], 0);
    assert_eq!((&report["scope"], &report["value"]), (&"pond".into(), &"Ada".into()));
    assert_eq!(document(&pond, &["config", "--unset", "user.name"], 0)["removed"], true);
    assert_eq!(document(&pond, &["config", "--unset", "user.name"], 1)["removed"], false);
    assert!(paths(&document(&pond, &["add"], 1)["added"]).is_empty());
}

#[test]
fn the_version_is_a_document_however_it_is_asked_for() {
    let pond = TestPond::without_pond();
    let document = document(&pond, &["version"], 0);
    assert_eq!(document["version"], env!("CARGO_PKG_VERSION"));
    for args in [["--json", "--version"], ["--version", "--json"], ["-V", "--json"]] {
        let printed: Value = serde_json::from_str(&pond.ok(&args)).expect("a document");
        assert_eq!(printed, document, "{args:?}");
    }
    assert_eq!(pond.ok(&["--version"]), pond.ok(&["version"]));
}
