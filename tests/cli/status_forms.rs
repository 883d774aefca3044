//! The forms of `status`, and that it never lies.

use std::fs::File;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::harness::TestPond;

/// One entry of each kind.
fn busy() -> TestPond {
    let pond = TestPond::new();
    for name in ["deleted", "edited", "old name", "staged deletion"] {
        pond.write(name, format!("the content of {name}\n").repeat(20));
    }
    pond.commit_all("one");
    pond.write("edited", "x\n");
    pond.remove("deleted");
    pond.ok(&["rm", "-q", "staged deletion"]);
    pond.ok(&["mv", "old name", "new name"]);
    pond.write("added", "1\n");
    pond.ok(&["add", "added"]);
    pond.write("loose", "1\n");
    pond.write("dir/loose", "1\n");
    pond
}

#[test]
fn porcelain_is_gits() {
    let pond = busy();
    let mut lines = pond.status();
    lines.sort();
    let mut expected = vec![
        "A  added",
        " D deleted",
        "?? dir/",
        " M edited",
        "?? loose",
        "R  \"old name\" -> \"new name\"",
        "D  \"staged deletion\"",
    ];
    expected.sort_unstable();
    assert_eq!(lines, expected);
}

#[test]
fn z_ends_entries_with_nul_and_quotes_nothing() {
    let pond = busy();
    let output = pond.run(&["status", "--porcelain", "-z"]).expect_code(0);
    assert!(output.stdout.ends_with(b"\0") && !output.stdout.contains(&b'\n'), "{output}");
    let text = output.out();
    let entries: Vec<&str> = text.trim_end_matches('\0').split('\0').collect();
    let rename = entries.iter().position(|entry| *entry == "R  new name").expect("the rename");
    assert_eq!(entries[rename + 1], "old name", "-z puts the new name first");
    for entry in ["A  added", " D deleted", " M edited", "D  staged deletion", "?? loose", "?? dir/"] {
        assert!(entries.contains(&entry), "{entry:?} in {entries:?}");
    }
    assert_eq!(entries.len(), 8);
}

#[test]
fn short_and_long_forms_name_everything() {
    let pond = busy();
    for args in [&["status", "-s"][..], &["status"]] {
        let text = pond.ok(args);
        for name in ["added", "deleted", "edited", "new name", "staged deletion", "loose"] {
            assert!(text.contains(name), "{name:?} in\n{text}");
        }
    }
    assert!(pond.ok(&["status"]).contains("main"), "the branch is named");
}

#[test]
fn json_holds_every_path() {
    let pond = busy();
    let text = pond.ok(&["status", "--json"]);
    let document: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let mut strings = Vec::new();
    collect(&document, &mut strings);
    for name in ["added", "deleted", "edited", "new name", "old name", "staged deletion", "loose", "main"] {
        assert!(strings.iter().any(|found| found == name), "{name:?} in {document:#}");
    }
}

fn collect(value: &Value, strings: &mut Vec<String>) {
    match value {
        Value::String(text) => strings.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, strings)),
        Value::Object(fields) => fields.values().for_each(|item| collect(item, strings)),
        _ => {}
    }
}

#[test]
fn untracked_files_are_listed_as_wished() {
    let pond = busy();
    let all = pond.lines(&["status", "--porcelain", "-uall"]);
    assert!(all.contains(&"?? dir/loose".to_owned()), "{all:?}");
    let none = pond.lines(&["status", "--porcelain", "-uno"]);
    assert!(!none.iter().any(|line| line.starts_with("??")) && none.len() == 5, "{none:?}");
}

#[test]
fn an_edit_of_the_same_size_in_the_same_instant_is_seen() {
    let pond = TestPond::new();
    for round in 0..20 {
        pond.write("racy", format!("{round:04}a"));
        pond.commit_all("first");
        pond.write("racy", format!("{round:04}b"));
        assert_eq!(pond.status(), [" M racy"], "round {round}");
    }
}

#[test]
fn an_edit_that_keeps_size_and_mtime_is_seen() {
    let pond = TestPond::new();
    let hour_ago = SystemTime::now() - Duration::from_secs(3_600);
    let set =
        || File::options().write(true).open(pond.path("a")).and_then(|file| file.set_modified(hour_ago));
    pond.write("a", "one");
    set().expect("a time is set");
    pond.commit_all("one");
    pond.write("a", "two");
    set().expect("a time is set");
    assert_eq!(pond.status(), [" M a"], "the change time tells");
}

#[test]
fn a_touched_file_is_not_a_change() {
    let pond = TestPond::new();
    pond.write("a", "one");
    pond.commit_all("one");
    let file = File::options().write(true).open(pond.path("a"));
    file.and_then(|file| file.set_modified(SystemTime::now() + Duration::from_secs(60)))
        .expect("a time is set");
    assert_eq!(pond.status(), [""; 0]);
    pond.ok(&["diff", "--exit-code"]);
}

#[test]
fn the_executable_bit_is_a_change() {
    let pond = TestPond::new();
    pond.write("run", "#!/bin/sh\n");
    pond.commit_all("one");
    pond.chmod("run", 0o755);
    assert_eq!(pond.status(), [" M run"]);
    pond.commit_all("two");
    pond.ok(&["checkout", "HEAD~1", "--", "run"]);
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(pond.path("run")).expect("metadata"));
    assert_eq!(mode & 0o111, 0);
}

#[test]
fn the_current_directory_is_a_dot() {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    pond.commit_all("First");
    pond.mkdir("empty");
    pond.write("new/inner/b", "1\n");
    let short = |directory: &str| pond.run_in(pond.path(directory), &["status", "-s"]).expect_code(0).lines();
    assert_eq!(short("empty"), ["?? ./", "?? ../new/"]);
    assert_eq!(short("new"), ["?? ../empty/", "?? ./"]);
    assert_eq!(short("new/inner"), ["?? ../../empty/", "?? ../"]);
    pond.run_in(pond.path("empty"), &["status"]).expect_code(0).expect_prints("\t./\n");
    assert_eq!(pond.lines(&["ls-files", "-o"]), ["empty/", "new/inner/b"]);
    assert_eq!(pond.run_in(pond.path("empty"), &["ls-files", "-o"]).expect_code(0).lines(), ["./"]);
}

#[test]
fn ignored_paths_are_listed_as_git_lists_them() {
    let pond = TestPond::new();
    pond.write(".pondignore", "*.o\nbuild/\n");
    pond.write("tracked/a", "1\n");
    pond.commit_all("First");
    for name in [
        "build/a",
        "build/deep/b",
        "only/x.o",
        "only/deep/y.o",
        "mixed/new",
        "mixed/x.o",
        "mixed/only/z.o",
        "tracked/x.o",
        "tracked/only/x.o",
    ] {
        pond.write(name, "");
    }
    let ignored = |args: &[&str]| {
        let lines = pond.lines(&[&["status", "-s"], args].concat());
        let ignored = lines.iter().filter_map(|line| line.strip_prefix("!! ")).map(str::to_owned);
        ignored.collect::<Vec<_>>().join(" ")
    };
    let collapsed = "build/ mixed/only/ mixed/x.o only/ tracked/only/ tracked/x.o";
    assert_eq!(ignored(&["--ignored"]), collapsed);
    assert_eq!(ignored(&["--ignored=traditional", "-unormal"]), collapsed);
    let matching = "build/ mixed/only/z.o mixed/x.o only/deep/y.o only/x.o tracked/only/x.o tracked/x.o";
    assert_eq!(ignored(&["--ignored=matching"]), matching);
    assert_eq!(ignored(&["--ignored=matching", "-uall"]), matching);
    let files =
        "build/a build/deep/b mixed/only/z.o mixed/x.o only/deep/y.o only/x.o tracked/only/x.o tracked/x.o";
    assert_eq!(ignored(&["--ignored", "-uall"]), files);
    assert_eq!(ignored(&["--ignored", "-uall", "build/deep"]), "build/deep/b");
    assert_eq!(ignored(&["--ignored", "only/deep"]), "only/deep/");
    assert_eq!(ignored(&["--ignored=no"]), "");
    assert_eq!(ignored(&["--ignored", "-uno"]), "");
    pond.fails(&["status", "--ignored=matching", "-uno"], 129);
}
