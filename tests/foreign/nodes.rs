//! Node ids in the rows of the table.

use std::collections::BTreeMap;
use std::fs;

use crate::harness::TestPond;
use crate::table::Table;

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
fn a_commit_of_a_tree_records_what_changed_as_any_other() {
    let pond = TestPond::new();
    pond.write("d/level.csv", "1\n2\n3\n");
    pond.write("gone", "x\n");
    let first = pond.commit_all("one");
    pond.ok(&["mv", "d", "e"]);
    pond.ok(&["rm", "gone"]);
    pond.write("new", "n\n");
    let second = pond.commit_all("two");
    let tree = pond.id("HEAD^{tree}");
    let nodes = |revision: &str| {
        pond.ok(&["cat-object", "-p", revision])
            .lines()
            .find(|line| line.starts_with("nodes "))
            .map(str::to_owned)
    };
    let again = pond.run(&["commit-tree", &tree, "-p", &first, "-m", "again"]).expect_code(0).line();
    assert!(nodes(&again).is_some() && nodes(&again) == nodes(&second), "the same nodes have the same ids");
    let columns = "path, old_path, change, node_id, part_id, cast(mode as varchar), cast(mtime as varchar), encode(id, 'hex')";
    let table = Table::open(&pond.mirror());
    let rows = table.texts(&format!(
        "select cast(seq as varchar) as number, {columns} from pond where type = 'change' order by seq, path"
    ));
    let of = |from_end: usize| {
        let mut numbers: Vec<&String> = rows.iter().map(|row| &row[0]).collect();
        numbers.dedup();
        let number = numbers[numbers.len() - from_end];
        rows.iter().filter(|row| row[0] == *number).map(|row| &row[1..]).collect::<Vec<_>>()
    };
    assert_eq!(of(1), of(2), "the rows of both commits are the same");
    assert_eq!(of(1).len(), 3);
    pond.ok(&["update-ref", "refs/heads/main", &again]);
    assert_eq!(pond.lines(&["log", "--follow", "--format=%s", "e/level.csv"]), ["again", "one"]);
}
