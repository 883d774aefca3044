//! Files as tables.

use std::fs;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch};
use parquet::arrow::ArrowWriter;

use crate::support::{TestPond, ask, context, reads};
use pond_query::QueryError;

fn pond() -> TestPond {
    let mut pond = TestPond::new();
    let first: &[(&str, Option<&[u8]>)] = &[
        ("t.csv", Some(b"time,n\n2026-01-01T00:00:00,1\n2026-01-01T00:10:00,2\n")),
        ("sensors/site=a/x.csv", Some(b"n,note\n1,\"two\nlines\"\n")),
        ("sensors/site=b/y.csv", Some(b"n\n2.5\n")),
        ("log.ndjson", Some(b"{\"n\":1}\n{\"n\":2,\"who\":\"ada\"}\n")),
        ("list.json", Some(b"[{\"n\":1},{\"n\":5}]")),
        ("t.tsv", Some(b"a\tb\n1\t2\n")),
    ];
    pond.commit("first", first);
    pond.commit("second", &[("t.csv", Some(b"time,n,site\n2026-01-01T00:00:00,1,x\n"))]);
    pond
}

#[test]
fn files_of_versions_are_tables_in_their_formats() {
    let pond = pond();
    assert_eq!(pond.lines("SELECT sum(n) FROM 'HEAD~1:t.csv'"), ["3"]);
    assert_eq!(pond.lines("SELECT site FROM 'HEAD:t.csv'"), ["x"]);
    assert_eq!(pond.lines("SELECT n, who FROM 'HEAD:log.ndjson'"), ["1|-", "2|ada"]);
    assert_eq!(pond.lines("SELECT max(n) FROM 'HEAD:list.json'"), ["5"]);
    assert_eq!(pond.lines("SELECT a + b FROM 'main:t.tsv'"), ["3"]);
}

#[test]
fn duckdb_people_find_their_words() {
    let pond = pond();
    assert_eq!(pond.lines("FROM 'HEAD~1:t.csv' LIMIT 1"), ["2026-01-01T00:00:00|1"]);
    assert_eq!(pond.lines("DESCRIBE 'HEAD:t.tsv'"), ["a|Int64|YES", "b|Int64|YES"]);
    let summary = pond.query("SUMMARIZE 'HEAD~1:t.csv'");
    assert_eq!(summary.names[..4], ["column_name", "column_type", "min", "max"]);
    assert_eq!(summary.lines[1], "n|Int64|1|2|2|1.5|0.7071067811865476|1.0|1.5|2.0|2|0.0");
    let summary = pond.lines("SUMMARIZE SELECT who FROM 'HEAD:log.ndjson'");
    assert_eq!(summary, ["who|Utf8|ada|ada|1|-|-|-|-|-|1|50.0"]);
}

#[test]
fn wildcards_join_files_by_name_with_the_columns_of_their_directories() {
    let pond = pond();
    let sql = "SELECT n, note, site FROM 'HEAD:sensors/**/*.csv' ORDER BY site";
    assert_eq!(pond.lines(sql), ["1.0|two\nlines|a", "2.5|-|b"]);
    assert_eq!(pond.lines("SELECT count(*) FROM 'HEAD:sensors/**/*.csv' WHERE site = 'b'"), ["1"]);
    assert_eq!(pond.lines("SELECT sum(n) FROM 'HEAD:sensors/*/?.csv'"), ["3.5"]);
    assert!(matches!(pond.error("FROM 'HEAD:sensors/*.csv'"), QueryError::NoFile(_)));
}

#[test]
fn a_condition_on_a_directory_opens_no_other_file() {
    let mut pond = TestPond::new();
    let content = [&b"n\n"[..], &b"12345\n".repeat(20_000)].concat();
    pond.commit("first", &[("s/k=1/x.csv", Some(&content)), ("s/k=2/x.csv", Some(b"n\n7\n"))]);
    let context = pond.context();
    ask(&context, "SELECT n FROM 'HEAD:s/*/x.csv' WHERE k = 2").expect("rows");
    let read = reads(&context, "SELECT n FROM 'HEAD:s/*/x.csv' WHERE k = 2");
    let both = reads(&context, "SELECT n FROM 'HEAD:s/*/x.csv' WHERE k < 3");
    assert!(read.chunk_bytes + 80_000 <= both.chunk_bytes, "{read:?} {both:?}");
}

#[test]
fn the_mirror_and_the_index_are_read_as_they_are_now() {
    let pond = pond();
    fs::write(pond.dir.path().join("now.csv"), "n\n41\n").expect("written");
    assert_eq!(pond.lines("SELECT n + 1 FROM 'now.csv'"), ["42"]);
    assert_eq!(pond.lines("SELECT n FROM './*.csv'"), ["41"]);
    assert!(matches!(pond.error("FROM ':t.csv'"), QueryError::NoIndex(_)));
    let mut history = pond.history();
    let tree = pond.lines("SELECT tree FROM commits WHERE subject = 'first'")[0].clone();
    let head = pond.lines("SELECT tree FROM commits WHERE subject = 'second'")[0].parse().expect("an id");
    let (tree, snapshot) = (tree.parse().expect("an id"), history.snapshot.clone());
    history.staged = Some(Arc::new(move |stage| match stage {
        0 => Ok(pond_objects::tree::list(snapshot.store(), Some(&tree))?),
        2 => Ok(pond_objects::tree::list(snapshot.store(), Some(&head))?),
        _ => Ok(Vec::new()),
    }));
    let context = context(history);
    assert_eq!(ask(&context, "SELECT sum(n) FROM ':t.csv'").expect("rows").lines, ["3"]);
    assert_eq!(ask(&context, "SELECT count(*) FROM ':sensors/**'").expect("rows").lines, ["2"]);
    let sql = "SELECT o.site FROM ':2:t.csv' o JOIN ':0:t.csv' n USING (time, n)";
    assert_eq!(ask(&context, sql).expect("rows").lines, ["x"]);
    assert!(matches!(ask(&context, "FROM ':3:t.csv'"), Err(QueryError::NoFile(name)) if name == ":3:t.csv"));
}

#[test]
fn versions_put_the_commit_in_front_of_each_row() {
    let pond = pond();
    let rows = pond.query("SELECT * FROM versions('t.csv') ORDER BY commit_time, n");
    let names = ["commit_id", "commit_time", "commit_author", "commit_path", "time", "n", "site"];
    assert_eq!(rows.names, names);
    let [first, second] = [&pond.commits[0], &pond.commits[1]].map(|id| id.to_hex());
    let expected = [
        format!("{first}|2026-05-01T12:01:00Z|ada|t.csv|2026-01-01T00:00:00|1|-"),
        format!("{first}|2026-05-01T12:01:00Z|ada|t.csv|2026-01-01T00:10:00|2|-"),
        format!("{second}|2026-05-01T12:02:00Z|ada|t.csv|2026-01-01T00:00:00|1|x"),
    ];
    assert_eq!(rows.lines, expected);
    let sql = format!("SELECT count(*) FROM versions('t.csv') v WHERE v.commit_id = '{first}'");
    assert_eq!(pond.lines(&sql), ["2"]);
    assert!(matches!(pond.error("FROM versions('none.csv')"), QueryError::NoFile(_)));
}

#[test]
fn versions_go_through_renames() {
    let mut pond = TestPond::new();
    let content = b"n\n1\n2\n3\n";
    pond.commit("first", &[("old.csv", Some(content))]);
    pond.commit("rename", &[("old.csv", None), ("new.csv", Some(content))]);
    let sql = "SELECT DISTINCT commit_path FROM versions('new.csv') ORDER BY 1";
    assert_eq!(pond.lines(sql), ["new.csv", "old.csv"]);
}

fn wide(rows: usize) -> Vec<u8> {
    let column = |seed: usize| -> ArrayRef {
        let value = |row: usize| ((row * 31 + seed * 7919) as f64 * 0.618_033_988_7).sin();
        Arc::new((0..rows).map(value).collect::<Float64Array>())
    };
    let columns = (0..20).map(|seed| (format!("c{seed}"), column(seed)));
    let batch = RecordBatch::try_from_iter(columns).expect("a batch");
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).expect("a writer");
    writer.write(&batch).expect("written");
    writer.close().expect("closed");
    bytes
}

#[test]
fn two_columns_of_a_parquet_file_read_only_their_chunks() {
    let mut pond = TestPond::new();
    let bytes = wide(30_000);
    pond.commit("first", &[("wide.parquet", Some(&bytes))]);
    pond.commit("second", &[("wide.parquet", Some(&wide(10)))]);
    let context = pond.context();
    let read = reads(&context, "SELECT sum(c3), avg(c11) FROM 'HEAD~1:wide.parquet'");
    assert!(read.chunk_bytes < bytes.len() as u64 / 3, "{} of {}", read.chunk_bytes, bytes.len());
    let count = reads(&context, "SELECT count(*) FROM 'HEAD~1:wide.parquet'");
    assert!(count.chunk_bytes < bytes.len() as u64 / 10, "{} of {}", count.chunk_bytes, bytes.len());
}

#[test]
fn compressed_files_are_unpacked() {
    let pond = TestPond::new();
    // `printf 'n\n7\n' | gzip -n`
    let gzip = [31, 139, 8, 0, 0, 0, 0, 0, 2, 255, 203, 227, 50, 231, 2, 0, 208, 147, 248, 135, 4, 0, 0, 0];
    fs::write(pond.dir.path().join("x.csv.gz"), gzip).expect("written");
    let zstd = zstd::encode_all(&b"{\"n\":8}\n"[..], 1).expect("packed");
    fs::write(pond.dir.path().join("x.jsonl.zst"), zstd).expect("written");
    assert_eq!(pond.lines("SELECT n FROM 'x.csv.gz'"), ["7"]);
    assert_eq!(pond.lines("SELECT n FROM 'x.jsonl.zst'"), ["8"]);
}

#[test]
fn a_value_of_another_type_has_its_file_line_and_column() {
    let pond = TestPond::new();
    let path = pond.dir.path().join("long.csv");
    let rows = |bad: &str| format!("time,n,t\n{}{bad}\n7,8,9\n", "1,2,3\n".repeat(39_999));
    for (bad, message) in [
        ("1,2,none", "'long.csv', line 40001: 'none' in column 't' is no Int64, as the values before it are"),
        ("1,2", "'long.csv', line 40001: there are 3 columns, and 2 fields"),
        ("1,2,3,4", "'long.csv', line 40001: there are 3 columns, and 4 fields"),
    ] {
        fs::write(&path, rows(bad)).expect("written");
        for columns in ["t", "*", "sum(t)"] {
            let sql = format!("SELECT {columns} FROM 'long.csv'");
            assert_eq!(pond.error(&sql).to_string(), message, "{sql}");
        }
    }
    let lines = format!("{}{{\"n\":\"x\"}}\n", "{\"n\":1}\n".repeat(30_000));
    fs::write(pond.dir.path().join("long.jsonl"), lines).expect("written");
    let error = pond.error("SELECT sum(n) FROM 'long.jsonl'");
    assert!(error.to_string().contains("'long.jsonl'"), "{error:?}");
}

#[test]
fn what_is_no_table_is_named() {
    let pond = pond();
    fs::write(pond.dir.path().join("x.parquet"), "no parquet at all").expect("written");
    fs::write(pond.dir.path().join("x.bin"), "").expect("written");
    fs::write(pond.dir.path().join("empty.csv"), "").expect("written");
    assert!(matches!(pond.error("FROM 'x.parquet'"), QueryError::File { path, .. } if path == "x.parquet"));
    assert!(matches!(pond.error("FROM 'x.bin'"), QueryError::Format(_)));
    assert!(matches!(pond.error("FROM 'HEAD:sensors/'"), QueryError::NotAFile { .. }));
    assert!(matches!(pond.error("FROM 'nobody:t.csv'"), QueryError::Revision(_)));
    assert!(pond.error("FROM comits").to_string().contains("comits"));
    assert_eq!(pond.lines("SELECT count(*) FROM 'empty.csv'"), ["0"]);
}
