//! What `show` says of the operation that recorded a commit.

use serde_json::Value;

use crate::harness::TestPond;

fn shown(pond: &TestPond, revision: &str) -> Value {
    serde_json::from_str(&pond.ok(&["--json", "show", "-s", revision])).expect("JSON")
}

#[test]
fn a_commit_is_shown_with_its_operation_before_and_after_maintenance() {
    let pond = TestPond::new();
    for number in 1..=4 {
        pond.write("a", format!("{number}\n"));
        pond.commit_all(&number.to_string());
        pond.ok(&["branch", &format!("b{number}")]);
    }
    let revisions = ["HEAD~3", "HEAD~2", "HEAD~1", "HEAD"];
    let before = revisions.map(|revision| shown(&pond, revision));
    let operations: Vec<i64> =
        before.iter().map(|commit| commit["operation"].as_i64().expect("a number")).collect();
    assert_eq!(operations, [1, 3, 5, 7], "every second is a branch");
    for (commit, operation) in before.iter().zip(operations) {
        assert_eq!(commit["delta_version"], operation, "nothing was merged yet");
        // The commit, its operation, a change, a page of the tree and one of the view.
        assert_eq!(commit["stored"]["metadata"]["files"], 1);
        assert_eq!(commit["stored"]["contents"]["records"], 1);
        let kind = pond.ok(&["op", "show", &operation.to_string()]);
        assert!(kind.contains("kind:    COMMIT"), "{kind}");
    }
    pond.ok(&["maintenance"]);
    assert_eq!(revisions.map(|revision| shown(&pond, revision)), before, "merging packs is no operation");
    pond.write("a", "5\n");
    pond.commit_all("5");
    let newest = shown(&pond, "HEAD");
    let [operation, version] =
        ["operation", "delta_version"].map(|name| newest[name].as_i64().expect("a number"));
    assert!(operation == 9 && version > operation, "{newest}: maintenance is a version of its own");
}

#[test]
fn the_operation_stands_below_the_date_and_in_no_other_format() {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    pond.commit_all("one");
    let text = pond.ok(&["show", "-s"]);
    let line = text.lines().nth(3).expect("a fourth line");
    assert!(line.starts_with("Stored: operation 1, Delta version 1: metadata 1 file, "), "{text}");
    assert!(line.contains("; contents 1 file, 1 record, "), "{text}");
    for args in [
        &["show", "-s", "--oneline"][..],
        &["show", "-s", "--format=%H"],
        &["show", "--format=raw"],
        &["log"],
    ] {
        assert!(!pond.ok(args).contains("Stored:"), "{args:?}");
    }
}
