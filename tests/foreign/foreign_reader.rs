//! What is promised to every other Delta reader: it opens the oplog, counts, queries, and gets content out.

use std::collections::BTreeMap;
use std::fs;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, UInt8Type};
use arrow::ipc::reader::StreamReader;
use serde_json::Value;

use crate::harness::{TestPond, noise, readings};
use crate::table::Table;

/// Three commits: five files, then an edit, then a rename and a deletion.
fn three_commits() -> TestPond {
    let pond = TestPond::new();
    pond.write("well-3/level.csv", readings(1, 0, 200));
    pond.write("notes.txt", "pump serviced\n");
    pond.write("large.bin", noise(2, 300_000));
    pond.write("doomed", "x");
    pond.write("old name", "the same content, under a name that changes\n");
    pond.commit_all("First readings");
    pond.append("notes.txt", "sensor swapped\n");
    pond.commit_all("Note the new sensor");
    pond.ok(&["mv", "old name", "new name"]);
    pond.ok(&["rm", "doomed"]);
    pond.ok(&["commit", "-m", "Tidy up"]);
    pond
}

#[test]
fn the_records_are_counted_by_type() {
    let pond = three_commits();
    let table = Table::open(&pond.mirror());
    let rows = table.texts("select type, count(*) from pond group by type");
    let counts: BTreeMap<String, u64> =
        rows.into_iter().map(|row| (row[0].clone(), row[1].parse().expect("a number"))).collect();
    assert_eq!(counts["commit"], 3, "{counts:?}");
    assert_eq!(counts["blob"], 1, "the only file of several chunks: {counts:?}");
    assert!(counts["op"] == 6, "init, three commits, mv and rm: {counts:?}");
    assert!(counts["chunk"] > 5 && counts["page"] >= 6, "{counts:?}");
    let changes = table.texts(
        "select path, change, old_path from pond where type = 'change' and seq > 0 order by seq, path",
    );
    let of_files: Vec<Vec<&str>> = changes
        .iter()
        .map(|row| row.iter().map(String::as_str).collect())
        .filter(|row: &Vec<&str>| row[0] != "well-3")
        .collect();
    let expected = [
        ["doomed", "added", "-"],
        ["large.bin", "added", "-"],
        ["notes.txt", "added", "-"],
        ["old name", "added", "-"],
        ["well-3/level.csv", "added", "-"],
        ["notes.txt", "modified", "-"],
        ["doomed", "deleted", "-"],
        ["new name", "renamed", "old name"],
    ];
    assert_eq!(of_files, expected);
}

#[test]
fn a_change_names_its_commit() {
    let pond = three_commits();
    // Compacted rows say it as well.
    for _ in 0..2 {
        let table = Table::open(&pond.mirror());
        let joined = table.texts(
            "select distinct encode(commit.id, 'hex'), change.path from pond change \
             join pond commit on change.content = commit.id and commit.type = 'commit' \
             where change.type = 'change' and change.seq = commit.seq",
        );
        let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        joined.iter().for_each(|row| found.entry(&row[0]).or_default().push(&row[1]));
        let all = table.texts("select count(*) from pond where type = 'change'");
        assert_eq!(all, [[joined.len().to_string()]], "none belongs to no commit");
        let history = pond.history();
        let mut newest = found[history[0].as_str()].clone();
        newest.sort_unstable();
        assert_eq!((newest, found.len()), (vec!["doomed", "new name"], 3));
        pond.ok(&["maintenance"]);
    }
}

#[test]
fn a_small_file_is_read_out_of_the_table() {
    let pond = three_commits();
    let table = Table::open(&pond.mirror());
    assert_eq!(read(&table, "Note the new sensor", "notes.txt"), b"pump serviced\nsensor swapped\n");
    assert_eq!(read(&table, "First readings", "notes.txt"), b"pump serviced\n");
    assert_eq!(read(&table, "First readings", "well-3/level.csv"), readings(1, 0, 200).as_bytes());
    assert_eq!(read(&table, "Tidy up", "large.bin"), noise(2, 300_000));
}

/// One row of a page: kind (0 above the leaves and in manifests), name, id.
type Row = (u8, Vec<u8>, String);

/// A file's bytes, found by commit message and path as FORMAT.md tells strangers to.
fn read(table: &Table, subject: &str, path: &str) -> Vec<u8> {
    let texts = table.bytes("select content from pond where type = 'commit'");
    let text = texts
        .into_iter()
        .map(|text| String::from_utf8(text).expect("text"))
        .find(|text| text.split_once("\n\n").is_some_and(|(_, message)| message.trim_end() == subject))
        .expect("the commit");
    let mut id = text.lines().next().and_then(|line| line.strip_prefix("tree ")).expect("a tree").to_owned();
    for name in path.split('/') {
        let entry = leaves(table, &id).into_iter().find(|row| row.1 == name.as_bytes()).expect("the entry");
        id = entry.2;
    }
    let manifest = table.bytes(&format!("select content from pond where type = 'blob' and id = X'{id}'"));
    let content: Vec<u8> = match manifest.first() {
        None => table.content("chunk", &id),
        Some(root) => {
            leaves(table, &hex(root)).iter().flat_map(|row| table.content("chunk", &row.2)).collect()
        }
    };
    assert_eq!(blake3::hash(&content).to_hex().to_string(), id, "a blob's id is its BLAKE3");
    content
}

fn leaves(table: &Table, page: &str) -> Vec<Row> {
    let stream = table.content("page", page);
    let mut reader = StreamReader::try_new(stream.as_slice(), None).expect("an Arrow IPC stream");
    let batch = reader.next().expect("a batch").expect("a batch");
    let rows = page_rows(&batch);
    if batch.column_by_name("count").is_none() {
        return rows;
    }
    rows.iter().flat_map(|(_, _, below)| leaves(table, below)).collect()
}

fn page_rows(batch: &RecordBatch) -> Vec<Row> {
    let bytes =
        |name: &str| batch.column_by_name(name).map(|column| cast(column, &DataType::Binary).expect("bytes"));
    let (ids, names) = (bytes("id").expect("ids"), bytes("name"));
    let kinds = batch.column_by_name("kind").map(|column| column.as_primitive::<UInt8Type>());
    (0..batch.num_rows())
        .map(|row| {
            let name =
                names.as_ref().map(|names| names.as_binary::<i32>().value(row).to_vec()).unwrap_or_default();
            (kinds.map_or(0, |kinds| kinds.value(row)), name, hex(ids.as_binary::<i32>().value(row)))
        })
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn history_has_one_readable_entry_per_operation() {
    let pond = three_commits();
    let table = Table::open(&pond.mirror());
    let history = table.history();
    assert_eq!(history.len() as u64, table.version() + 1);
    let commits: Vec<_> =
        history.iter().filter(|entry| entry.operation.as_deref() == Some("COMMIT")).collect();
    assert_eq!(commits.len(), 3, "{history:?}");
    for (entry, subject) in commits.iter().zip(["Tidy up", "Note the new sensor", "First readings"]) {
        let parameters = format!("{:?}", entry.operation_parameters.as_ref().expect("parameters"));
        assert!(parameters.contains(subject) && parameters.contains("main"), "{parameters}");
        assert!(
            entry.timestamp.is_some() && entry.user_name.as_ref().is_some_and(|name| !name.is_empty()),
            "{entry:?}"
        );
    }
}

#[test]
fn the_columns_are_those_of_the_format() {
    let pond = three_commits();
    let table = Table::open(&pond.mirror());
    let batch = table.query("select * from pond limit 1").remove(0);
    let schema = batch.schema();
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    let mut expected = [
        "kind",
        "type",
        "id",
        "seq",
        "timestamp",
        "part_id",
        "node_id",
        "path",
        "path_raw",
        "old_path",
        "change",
        "mode",
        "size",
        "mtime",
        "old_id",
        "content",
    ];
    let mut found = names.clone();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
    let kinds = table.texts("select distinct kind from pond order by kind");
    assert_eq!(kinds, [["data"], ["meta"]]);
    let wrong = table.texts("select count(*) from pond where (kind = 'data') <> (type = 'chunk')");
    assert_eq!(wrong, [["0"]], "data holds the chunks and nothing else");
}

#[test]
fn every_log_entry_stands_in_the_chain_and_every_file_under_its_digest() {
    let pond = three_commits();
    let oplog = pond.dot_pond("oplog");
    let mut previous: Option<String> = None;
    let mut files = 0;
    for version in 0..=Table::open(&pond.mirror()).version() {
        let entry =
            fs::read_to_string(oplog.join(format!("_delta_log/{version:020}.json"))).expect("a log entry");
        let first: Value = serde_json::from_str(entry.lines().next().expect("a line")).expect("JSON");
        let chain = &first["commitInfo"]["pond"];
        let digest = chain["digest"].as_str().expect("a digest");
        assert_eq!(entry.matches(digest).count(), 1);
        let blanked = entry.replace(digest, &"0".repeat(64));
        assert_eq!(blake3::hash(blanked.as_bytes()).to_hex().as_str(), digest, "version {version}");
        assert_eq!(chain["previous"].as_str().map(str::to_owned), previous, "version {version}");
        previous = Some(digest.to_owned());
        for line in entry.lines().skip(1) {
            let action: Value = serde_json::from_str(line).expect("JSON");
            let Some(path) = action["add"]["path"].as_str() else { continue };
            let path = path.replace("%3D", "=");
            let name = path
                .rsplit('/')
                .next()
                .and_then(|name| name.strip_suffix(".parquet"))
                .expect("a Parquet file");
            let bytes = fs::read(oplog.join(&path)).expect("the file that was added");
            assert_eq!(blake3::hash(&bytes).to_hex().as_str(), name);
            assert_eq!(action["add"]["size"].as_u64(), Some(bytes.len() as u64));
            files += 1;
        }
    }
    assert!(files >= 6, "three commits with content: {files}");
}
