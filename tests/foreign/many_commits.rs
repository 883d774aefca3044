//! A history long enough to be compacted on its way: nothing of it may change.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::{TestPond, readings};
use crate::same_tree::assert_same_tree;
use crate::table::Table;

const COMMITS: usize = 40;

/// Every row of a version of the table, as one digest over the sorted rows.
fn everything(table: &Table) -> (usize, String) {
    let columns = "type, encode(id, 'hex'), cast(seq as varchar), cast(timestamp as varchar), part_id, node_id, path, \
                   encode(path_raw, 'hex'), old_path, change, cast(mode as varchar), cast(size as varchar), \
                   cast(mtime as varchar), encode(old_id, 'hex'), encode(content, 'hex')";
    let rows: BTreeSet<String> =
        table.texts(&format!("select {columns} from pond")).into_iter().map(|row| row.join("|")).collect();
    let mut hasher = blake3::Hasher::new();
    rows.iter().for_each(|row| {
        hasher.update(row.as_bytes());
        hasher.update(b"\n");
    });
    (rows.len(), hasher.finalize().to_hex().to_string())
}

/// The Delta versions that removed files, as compaction does.
fn compactions(pond: &TestPond) -> Vec<u64> {
    let log = pond.dot_pond("oplog/_delta_log");
    let newest = Table::open(&pond.mirror()).version();
    let removes = |version: &u64| {
        let entry = fs::read_to_string(log.join(format!("{version:020}.json"))).expect("a log entry");
        entry.lines().any(|line| serde_json::from_str::<Value>(line).expect("JSON").get("remove").is_some())
    };
    (1..=newest).filter(removes).collect()
}

#[test]
fn compaction_changes_nothing_that_can_be_read() {
    let pond = TestPond::new();
    pond.write("steady/notes.txt", "never changes\n");
    let mut versions = Vec::new();
    for number in 0..COMMITS {
        pond.append("level.csv", &readings(5, number * 20, number * 20 + 20));
        pond.write(format!("days/{number:02}.csv"), readings(6, number, number + 30));
        let id = pond.commit_all(&format!("Day {number}"));
        versions.push((id, pond.copy_mirror(&format!("kept-{number}"))));
    }
    let compactions = compactions(&pond);
    assert!(!compactions.is_empty(), "{COMMITS} commits without a compaction: this test proves nothing");
    for version in compactions {
        let before = everything(&Table::open_version(&pond.mirror(), version - 1));
        let after = everything(&Table::open_version(&pond.mirror(), version));
        assert!(before.0 > COMMITS / 2, "{} rows", before.0);
        assert_eq!(before, after, "compaction at version {version} changed rows");
    }
    let history: Vec<String> = versions.iter().rev().map(|(id, _)| id.clone()).collect();
    assert_eq!(pond.history(), history, "nothing is renamed in pond's history");
    for (number, (id, kept)) in versions.iter().enumerate() {
        assert_same_tree(kept, &pond.lay_out(id, &format!("out-{number}")));
    }
    let counted =
        Table::open(&pond.mirror()).texts("select count(distinct id) from pond where type = 'commit'");
    assert_eq!(counted, [[COMMITS.to_string()]]);
}

#[test]
fn the_cache_can_be_deleted_at_any_time() {
    let pond = TestPond::new();
    for number in 0..5 {
        pond.append("level.csv", &readings(7, number * 20, number * 20 + 20));
        pond.commit_all(&format!("Day {number}"));
        fs::remove_dir_all(pond.dot_pond("cache")).expect("a cache was there");
    }
    assert_eq!(pond.history().len(), 5);
    assert_eq!(pond.status(), [""; 0]);
    assert_eq!(pond.ok(&["cat", "HEAD:level.csv"]), pond.read("level.csv"));
    assert_eq!(pond.ok(&["cat", "HEAD~4:level.csv"]), readings(7, 0, 20));
}

#[test]
fn the_cached_index_of_another_pack_is_not_believed() {
    let pond = TestPond::new();
    for number in 0..4 {
        pond.append("level.csv", &readings(8, number * 20, number * 20 + 20));
        pond.commit_all(&format!("Day {number}"));
    }
    let history = pond.history();
    let indexes = || -> Vec<_> {
        let entries = fs::read_dir(pond.dot_pond("cache/packs")).expect("a cache");
        let files = entries.map(|entry| entry.expect("an entry").path());
        let mut files: Vec<_> = files.map(|path| (fs::read(&path).expect("an index"), path)).collect();
        files.sort_by(|a, b| a.1.cmp(&b.1));
        files
    };
    let before = indexes();
    assert!(before.len() > 4, "{} packs", before.len());
    for (_, path) in &before {
        fs::write(path, &before[0].0).expect("written");
    }
    assert_eq!(pond.history(), history);
    assert_eq!(pond.ok(&["cat", "HEAD:level.csv"]), pond.read("level.csv"));
    assert_eq!(pond.ok(&["cat", "HEAD~3:level.csv"]), readings(8, 0, 20));
    pond.write("level.csv", readings(8, 0, 20));
    pond.commit_all("Back to day 0");
    let after = indexes();
    assert!(before.iter().all(|index| after.contains(index)), "they are made again");
}

#[test]
fn commands_that_commit_nothing_leave_few_packs_too() {
    let pond = TestPond::new();
    pond.write("a", "1\n");
    pond.commit_all("one");
    pond.ok(&["branch", "other"]);
    for number in 0..40 {
        pond.ok(&["switch", "-q", if number % 2 == 0 { "other" } else { "main" }]);
    }
    let count = pond.lines(&["count-objects", "-v"]);
    let packs = count.iter().find_map(|line| line.strip_prefix("meta-packs: ")).expect("a count");
    assert!(packs.parse::<usize>().expect("a number") < 40, "{count:?}");
    assert_eq!(pond.lines(&["op", "log", "--oneline"]).len(), pond_operations(&count));
}

fn pond_operations(count: &[String]) -> usize {
    let number = count.iter().find_map(|line| line.strip_prefix("operations: ")).expect("a count");
    number.parse().expect("a number")
}

/// The numbers of `count-objects -v` by their names.
fn counts(pond: &TestPond) -> BTreeMap<String, u64> {
    let line = |line: String| {
        let (name, number) = line.split_once(": ").expect("a name and a number");
        (name.to_owned(), number.parse().expect("a number"))
    };
    pond.lines(&["count-objects", "-v"]).into_iter().map(line).collect()
}

fn files_in(directory: &Path) -> usize {
    fs::read_dir(directory).expect("a directory").count()
}

#[test]
fn replaced_packs_go_once_nobody_can_be_reading_them() {
    let mut pond = TestPond::new();
    let append = |pond: &TestPond, number: usize| {
        pond.append("level.csv", &readings(9, number, number + 1));
        pond.ok(&["commit", "-q", "-a", "-m", "one line"]);
    };
    pond.write("level.csv", readings(9, 0, 1));
    pond.commit_all("first");
    pond.set("POND_NOW", "2026-05-01T12:00:00Z");
    (1..80).for_each(|number| append(&pond, number));
    let within = counts(&pond);
    assert!(within["waiting-packs"] > 100 && within["dead-packs"] == 0, "{within:?}");

    pond.set("POND_NOW", "2026-05-01T14:00:00Z");
    let after = counts(&pond);
    assert_eq!((after["waiting-packs"], after["dead-packs"]), (0, within["waiting-packs"]), "{after:?}");
    assert_eq!(after["dead-size"], within["waiting-size"]);
    // Any command that publishes, and no upkeep by hand.
    append(&pond, 80);
    let swept = counts(&pond);
    assert_eq!((swept["waiting-packs"], swept["dead-packs"], swept["dead-size"]), (0, 0, 0), "{swept:?}");
    let [data, meta] = ["data", "meta"].map(|kind| files_in(&pond.dot_pond(&format!("oplog/kind={kind}"))));
    assert_eq!((data as u64, meta as u64), (swept["data-packs"], swept["meta-packs"]));
    assert!(files_in(&pond.dot_pond("cache/packs")) <= data + meta, "indexes of packs that are gone go too");
    assert_eq!(pond.history().len(), 81);
    assert_eq!(pond.ok(&["cat", "HEAD:level.csv"]), pond.read("level.csv"));
    assert_eq!(pond.ok(&["cat", "HEAD~80:level.csv"]), readings(9, 0, 1));
}

#[test]
fn a_pack_that_a_killed_command_left_in_the_table_is_no_loss() {
    let pond = TestPond::new();
    pond.write("level.csv", readings(10, 0, 3000));
    pond.ok(&["add", "level.csv"]);
    // As a commit does that is killed before it publishes.
    let staged = fs::read_dir(pond.dot_pond("staging")).expect("a directory");
    let mut paths = staged.map(|entry| entry.expect("an entry").path());
    let data = paths.find(|path| path.to_string_lossy().ends_with(".data.parquet"));
    let data = data.expect("a staged pack");
    let name = data.file_name().expect("a name").to_string_lossy().replace(".data.", ".");
    let moved = pond.dot_pond("oplog/kind=data").join(name);
    fs::rename(&data, &moved).expect("renamed");
    pond.write("level.csv", "something else since\n");
    let counted = counts(&pond);
    assert_eq!((counted["waiting-packs"], counted["dead-packs"]), (1, 0), "{counted:?}");
    pond.ok(&["maintenance", "--grace", "0s"]);
    assert!(moved.exists(), "the index names it");
    pond.ok(&["commit", "-q", "-m", "what was staged"]);
    assert_eq!(pond.ok(&["cat", "HEAD:level.csv"]), readings(10, 0, 3000));
    assert_eq!(counts(&pond)["waiting-packs"], 0);
}
