//! The index or a staged pack is damaged or deleted: history stays readable, and nothing is lost that can be kept.

use std::fs;
use std::path::PathBuf;

use crate::harness::{TestPond, noise};

const INDEX: &str = "mirrors/main/index";

/// Two commits, and a content that is staged and nowhere else.
fn pond_with_a_staged_file() -> TestPond {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    pond.write("gone", "1\n");
    pond.commit_all("one");
    pond.write("a", "2\n");
    pond.remove("gone");
    pond.commit_all("two");
    pond.write("new", "staged\n");
    pond.ok(&["add", "new"]);
    pond.write("new", "written later\n");
    pond
}

fn damage(pond: &TestPond, how: &str) {
    let path = pond.dot_pond(INDEX);
    let mut bytes = fs::read(&path).expect("an index");
    match how {
        "flipped" => {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(&path, bytes)
        }
        "truncated" => fs::write(&path, &bytes[..bytes.len() / 2]),
        "empty" => fs::write(&path, b""),
        "a directory" => fs::remove_file(&path).and_then(|()| fs::create_dir(&path)),
        _ => fs::remove_file(&path),
    }
    .expect("damage is done");
}

fn staged_packs(pond: &TestPond) -> Vec<PathBuf> {
    let entries = fs::read_dir(pond.dot_pond("staging")).expect("the staging area");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut packs: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|end| end == "parquet")).collect();
    packs.sort();
    packs
}

#[test]
fn history_is_read_without_an_index() {
    for how in ["flipped", "truncated", "empty", "a directory", "deleted"] {
        let pond = pond_with_a_staged_file();
        let staged = pond.ok(&["rev-parse", ":new"]).trim().to_owned();
        damage(&pond, how);
        assert_eq!(pond.lines(&["log", "--format=%s"]), ["two", "one"], "{how}");
        assert_eq!(pond.lines(&["log", "--format=%s", "--", "gone"]), ["two", "one"], "{how}");
        assert_eq!(pond.lines(&["log", "--format=%s", "HEAD~1", "a"]), ["one"], "{how}");
        assert_eq!(pond.ok(&["cat", "HEAD~1:a"]), "1\n", "{how}");
        assert_eq!(pond.ok(&["cat", &staged]), "staged\n", "{how}: staged content is read by its id");
        assert_eq!(pond.lines(&["ls", "HEAD~1"]), ["a", "gone"], "{how}");
        assert_eq!(pond.lines(&["diff", "--name-only", "HEAD~1", "HEAD"]), ["a", "gone"], "{how}");
        pond.run(&["show", "HEAD"]).expect_code(0).expect_prints("+2");
        pond.ok(&["rev-parse", "HEAD"]);
        pond.ok(&["count-objects"]);
        pond.ok(&["cat-object", "-t", "HEAD"]);
        let laid_out = pond.lay_out("HEAD~1", "before");
        assert_eq!(fs::read_to_string(laid_out.join("gone")).expect("a file"), "1\n", "{how}");
    }
}

#[test]
fn an_index_that_cannot_be_read_is_made_anew_on_demand() {
    for how in ["flipped", "truncated", "empty", "a directory"] {
        let pond = pond_with_a_staged_file();
        let staged = pond.ok(&["rev-parse", ":new"]).trim().to_owned();
        let packs = staged_packs(&pond);
        damage(&pond, how);
        let needing: [&[&str]; 7] = [
            &["status"],
            &["add", "-A"],
            &["commit", "-m", "no"],
            &["diff"],
            &["diff", "--staged"],
            &["cat", ":a"],
            &["restore", "--staged", "a"],
        ];
        for args in needing {
            pond.fails(args, 128).expect_says("pond restore --staged :/");
        }
        pond.fails(&["maintenance", "--grace", "0s"], 128);
        assert_eq!(staged_packs(&pond), packs, "{how}");

        pond.run(&["restore", "--staged", ":/"]).expect_code(0).expect_says("index.damaged");
        assert_eq!(pond.status(), ["?? new"], "{how}");
        assert!(pond.dot_pond("mirrors/main/index.damaged").exists());
        pond.ok(&["maintenance", "--grace", "0s"]);
        assert_eq!(staged_packs(&pond), packs, "{how}: a pack that the lost index may have named stays");
        assert_eq!(pond.ok(&["cat", &staged]), "staged\n");
        pond.commit_all("three");
        assert_eq!(pond.ok(&["cat", "HEAD:new"]), "written later\n");
        assert_eq!(pond.ok(&["cat", &staged]), "staged\n", "{how}: now a version has it");

        // Again: what was kept before is not overwritten.
        pond.remove(".pond/mirrors/main/index");
        pond.write(".pond/mirrors/main/index", "nothing of the kind");
        pond.run(&["restore", "--staged", ":/"]).expect_code(0).expect_says("index.damaged-2");
        assert_eq!(pond.status(), [""; 0]);
    }
}

#[test]
fn before_the_first_commit_too() {
    let pond = TestPond::new();
    pond.write("a", "staged\n");
    pond.ok(&["add", "a"]);
    let staged = pond.ok(&["rev-parse", ":a"]).trim().to_owned();
    damage(&pond, "flipped");
    pond.ok(&["restore", "--staged", ":/"]);
    assert_eq!(pond.status(), ["?? a"]);
    assert_eq!(pond.ok(&["cat", &staged]), "staged\n");
    pond.commit_all("one");
    assert_eq!(pond.ok(&["cat", "HEAD:a"]), "staged\n");
}

#[test]
fn packs_of_a_deleted_index_stay() {
    let pond = pond_with_a_staged_file();
    let staged = pond.ok(&["rev-parse", ":new"]).trim().to_owned();
    damage(&pond, "deleted");
    pond.run(&["status"]).expect_code(0).expect_says("the index was missing");
    pond.ok(&["maintenance", "--grace", "0s"]);
    assert_eq!(pond.ok(&["cat", &staged]), "staged\n");
    pond.commit_all("three");
    assert_eq!(pond.ok(&["cat", &staged]), "staged\n");
}

/// A pack of the staging area is deleted or damaged.
fn lose(pack: &PathBuf, how: &str) {
    let bytes = fs::read(pack).expect("a pack");
    match how {
        "deleted" => fs::remove_file(pack),
        "truncated" => fs::write(pack, &bytes[..bytes.len() / 2]),
        _ => {
            let mut bytes = bytes;
            bytes[20] ^= 1;
            fs::write(pack, bytes)
        }
    }
    .expect("damage is done");
}

#[test]
fn add_stores_the_content_of_a_lost_pack_again() {
    for how in ["deleted", "truncated", "flipped"] {
        for lost_kind in ["data", "meta"] {
            let pond = TestPond::new();
            pond.write("small", "small\n");
            // Of several chunks, so that its manifest is in a pack of metadata.
            pond.write("large", noise(7, 300_000));
            pond.write("dir/other", "other\n");
            pond.ok(&["add", "-A"]);
            let copy = pond.copy_mirror("copy");
            let packs = staged_packs(&pond);
            let pack = packs.iter().find(|path| path.to_string_lossy().contains(lost_kind)).expect("a pack");
            lose(pack, how);

            let refused =
                pond.fails(&["commit", "-m", "no"], 128).expect_says("large").expect_says("pond add");
            assert!(
                refused.err().contains(&*pack.file_name().expect("a name").to_string_lossy()),
                "{refused}"
            );
            assert_eq!(refused.err().contains("small"), lost_kind == "data", "{refused}");

            // A part is not enough, and says so.
            if lost_kind == "data" {
                pond.run(&["add", "large"]).expect_code(0).expect_says("small");
                pond.fails(&["commit", "-m", "no"], 128).expect_says("small");
            }
            pond.run(&["add", "."]).expect_code(0).expect_says("stored the lost content");
            pond.ok(&["commit", "-m", "one"]);
            let laid_out = pond.lay_out("HEAD", "out");
            crate::same_tree::assert_same_tree(&copy, &laid_out);
            assert_eq!(pond.status(), [""; 0]);
            let kept = fs::read_dir(pond.dot_pond("staging")).expect("the staging area").count();
            assert_eq!(
                kept,
                usize::from(how != "deleted"),
                "{how}: a damaged pack is kept under another name"
            );
        }
    }
}

#[test]
fn what_cannot_be_stored_again_is_named_and_can_be_given_up() {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    pond.commit_all("one");
    pond.write("a", "staged\n");
    pond.write("b", "b\n");
    pond.ok(&["add", "-A"]);
    for pack in staged_packs(&pond) {
        lose(&pack, "deleted");
    }
    pond.write("a", "later\n");
    pond.fails(&["commit", "-m", "no"], 128).expect_says("restore --staged");
    pond.ok(&["add", "b"]);
    pond.fails(&["commit", "-m", "no"], 128).expect_says("\n  a");
    pond.ok(&["restore", "--staged", "a"]);
    pond.ok(&["commit", "-m", "two"]);
    assert_eq!(pond.ok(&["cat", "HEAD:a"]), "1\n");
    assert_eq!(pond.ok(&["cat", "HEAD:b"]), "b\n");
    assert_eq!(pond.status(), [" M a"]);
}

#[test]
fn commit_all_stores_lost_content_again() {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    pond.ok(&["add", "a"]);
    for pack in staged_packs(&pond) {
        lose(&pack, "deleted");
    }
    pond.ok(&["commit", "-a", "-m", "one"]);
    assert_eq!(pond.ok(&["cat", "HEAD:a"]), "1\n");
}
