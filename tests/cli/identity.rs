//! Ids that agree everywhere, and nodes that stay themselves.

use std::collections::BTreeMap;
use std::fs;

use crate::harness::{TestPond, copy_tree, noise};
use crate::odd_names::odd_tree;
use crate::table::Table;

#[test]
fn equal_directories_have_equal_tree_ids() {
    let (one, two) = (TestPond::new(), TestPond::without_pond());
    odd_tree(&one);
    one.write("large.bin", noise(3, 5_000_000));
    copy_tree(&one.mirror(), &two.mirror());
    one.commit_all("in one go");
    for _ in 0..100 {
        two.tick();
    }
    two.ok(&["init", "-b", "elsewhere"]);
    let (late, stay) = (two.path("large.bin"), two.beside("large.bin"));
    fs::rename(&late, &stay).expect("renamed");
    two.write("passing", "not for long");
    two.commit_all("by detours");
    two.remove("passing");
    fs::rename(&stay, &late).expect("renamed");
    two.commit_all("and later");
    assert_eq!(one.id("HEAD^{tree}"), two.id("HEAD^{tree}"));
    assert_ne!(one.id("HEAD"), two.id("HEAD"));
    two.write("large.bin", noise(4, 5_000_000));
    two.commit_all("another content");
    assert_ne!(one.id("HEAD^{tree}"), two.id("HEAD^{tree}"), "ids depend on the content");
}

#[test]
fn a_renamed_directory_keeps_its_nodes() {
    let pond = TestPond::new();
    for number in 0..1_000 {
        pond.write(format!("old/sub{}/f{number:04}", number % 7), format!("content {number}\n"));
    }
    pond.commit_all("A thousand files");
    fs::rename(pond.path("old"), pond.path("new")).expect("renamed");
    pond.commit_all("Rename the directory");
    let table = Table::open(&pond.mirror());
    let nodes = |sql: &str| -> BTreeMap<String, String> {
        table.texts(sql).into_iter().map(|row| (row[0].clone(), row[1].clone())).collect()
    };
    let before =
        nodes("select substr(path, 5), node_id from pond where change = 'added' and path like 'old/%/f%'");
    let after =
        nodes("select substr(path, 5), node_id from pond where change = 'renamed' and path like 'new/%/f%'");
    assert_eq!(before.len(), 1_000);
    assert_eq!(after.len(), 1_000, "every file is a renamed one, none a new one");
    assert_eq!(before, after);
    let distinct: std::collections::BTreeSet<&String> = before.values().collect();
    assert_eq!(distinct.len(), 1_000, "each node has an id of its own");
    assert!(before.values().all(|id| id.len() == 16 && id.bytes().all(|digit| digit.is_ascii_hexdigit())));
}

#[test]
fn log_follows_a_file_through_its_renames() {
    let pond = TestPond::new();
    pond.write("a/data.csv", "1\n2\n3\n4\n5\n");
    pond.write("unrelated", "x\n");
    pond.commit_all("born");
    pond.ok(&["mv", "a/data.csv", "b.csv"]);
    pond.ok(&["commit", "-m", "moved"]);
    pond.append("b.csv", "6\n");
    pond.commit_all("grown");
    pond.append("unrelated", "y\n");
    pond.commit_all("beside the point");
    pond.write("a/data.csv", "an impostor of the old name\n");
    pond.commit_all("impostor");
    assert_eq!(pond.lines(&["log", "--format=%s", "--follow", "--", "b.csv"]), ["grown", "moved", "born"]);
    assert_eq!(pond.lines(&["log", "--format=%s", "--", "b.csv"]), ["grown", "moved"]);
    assert_eq!(pond.lines(&["log", "--format=%s", "--follow", "--", "a/data.csv"]), ["impostor"]);
}
