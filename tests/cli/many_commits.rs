//! A history long enough to be compacted on its way: nothing of it may change.

use std::collections::BTreeSet;
use std::fs;

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
