//! The commands that scripts are built of.

use crate::harness::{TestPond, noise};

fn b3sum(content: &[u8]) -> String {
    blake3::hash(content).to_hex().to_string()
}

#[test]
fn a_blob_id_is_what_b3sum_prints() {
    let pond = TestPond::new();
    let large = noise(7, 3_000_000);
    pond.write("small", "hello\n");
    pond.write("large", &large);
    assert_eq!(pond.run(&["hash-object", "small"]).expect_code(0).line(), b3sum(b"hello\n"));
    assert_eq!(pond.run(&["hash-object", "large"]).expect_code(0).line(), b3sum(&large));
    pond.commit_all("both");
    assert_eq!(pond.id("HEAD:small"), b3sum(b"hello\n"));
    assert_eq!(pond.id("HEAD:large"), b3sum(&large));
}

#[test]
fn objects_can_be_looked_at() {
    let pond = TestPond::new();
    let large = noise(8, 3_000_000);
    pond.write("small", "hello\n");
    pond.write("large", &large);
    let commit = pond.commit_all("both");
    for (revision, kind) in [(commit.as_str(), "commit"), ("HEAD^{tree}", "tree"), ("HEAD:large", "blob")] {
        assert_eq!(pond.run(&["cat-object", "-t", revision]).expect_code(0).line(), kind);
    }
    assert_eq!(pond.run(&["cat-object", "-s", "HEAD:large"]).expect_code(0).line(), "3000000");
    assert_eq!(pond.run(&["cat-object", "-p", "HEAD:large"]).expect_code(0).stdout, large);
    let text = pond.ok(&["cat-object", "-p", "HEAD"]);
    assert!(
        text.starts_with(&format!("tree {}\n", pond.id("HEAD^{tree}")))
            && text.contains("author Ada Field <ada@example.org> 1772352000 +0000"),
        "{text}"
    );
}

#[test]
fn the_index_lists_its_entries() {
    let pond = TestPond::new();
    pond.write("dir/run", "x");
    pond.chmod("dir/run", 0o755);
    pond.write("plain", "y");
    pond.link("plain", "way");
    pond.ok(&["add", "-A"]);
    let listed = pond.lines(&["ls-files", "--stage"]);
    let wanted = [
        ("100755", b3sum(b"x"), "dir/run"),
        ("100644", b3sum(b"y"), "plain"),
        ("120000", b3sum(b"plain"), "way"),
    ];
    assert_eq!(listed, wanted.map(|(mode, id, path)| format!("{mode} {id} 0\t{path}")));
}

#[test]
fn prefixes_of_ids_are_enough() {
    let pond = TestPond::new();
    pond.write("a", "1");
    let commit = pond.commit_all("one");
    assert_eq!(pond.id(&commit[..12]), commit);
    assert_eq!(pond.id("@"), commit);
    assert_eq!(pond.id("main"), commit);
    pond.write("a", "2");
    pond.commit_all("two");
    assert_eq!(pond.id("HEAD^"), commit);
    assert_eq!(pond.id("@{1}"), commit);
    assert_eq!(pond.id("@{2026-03-01}"), pond.id("HEAD"));
}

/// Names as `ls` prints them, with or without a mark behind those of directories.
fn names(lines: &[String]) -> Vec<&str> {
    lines.iter().map(|line| line.trim_end_matches('/')).collect()
}

#[test]
fn ls_shows_a_directory_of_a_version() {
    let pond = TestPond::new();
    pond.write("a/b/c.txt", "1");
    pond.write("top.txt", "4711");
    pond.commit_all("one");
    assert_eq!(names(&pond.lines(&["ls"])), ["a", "top.txt"]);
    assert_eq!(names(&pond.lines(&["ls", "HEAD:a"])), ["b"]);
    assert!(pond.lines(&["ls", "-r"]).iter().any(|line| line.ends_with("a/b/c.txt")));
    let long = pond.ok(&["ls", "-l"]);
    assert!(long.lines().any(|line| line.contains("top.txt") && line.contains('4')), "{long}");
    let json = pond.ok(&["ls", "--json", "-r"]);
    let rows: Result<Vec<serde_json::Value>, _> =
        serde_json::Deserializer::from_str(&json).into_iter().collect();
    let rows = rows.expect("JSON");
    assert!(!rows.is_empty() && json.contains("a/b/c.txt"), "{json}");
    pond.ok(&["count-objects"]);
}

#[test]
fn versions_in_conflict_stand_in_the_order_of_paths() {
    let pond = TestPond::new();
    for name in ["a", "f", "z"] {
        pond.write(name, "1\n");
    }
    pond.commit_all("one");
    pond.ok(&["switch", "-c", "other"]);
    pond.write("f", "2\n");
    pond.commit_all("two");
    pond.ok(&["switch", "main"]);
    pond.write("f", "3\n");
    pond.commit_all("three");
    pond.fails(&["merge", "other"], 1);
    let of = |lines: Vec<String>| -> Vec<String> {
        lines.iter().filter_map(|line| Some(line.rsplit_once(' ')?.1.replace('\t', " "))).collect()
    };
    assert_eq!(of(pond.lines(&["ls-files", "-s"])), ["0 a", "1 f", "2 f", "3 f", "0 z"]);
    assert_eq!(of(pond.lines(&["ls-files", "-u"])), ["1 f", "2 f", "3 f"]);
    // Another file in its place is a decision, which can be taken back.
    pond.ok(&["mv", "-f", "a", "f"]);
    assert_eq!(pond.status(), ["D  a", "M  f"]);
    pond.ok(&["undo"]);
    assert_eq!(pond.status(), ["UU f"]);
    pond.ok(&["redo"]);
    assert_eq!(of(pond.lines(&["ls-files", "-s"])), ["0 f", "0 z"]);
}
