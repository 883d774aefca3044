//! Ids that agree everywhere, and nodes that stay themselves.

use std::fs;

use crate::harness::{TestPond, copy_tree, noise};
use crate::odd_names::odd_tree;

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
