//! The tables of history.

use pond_query::{Options, QueryContext, QueryError};

use crate::support::{TestPond, ask, context, reads};

fn pond() -> TestPond {
    let mut pond = TestPond::new();
    pond.commit("first", &[("a.csv", Some(b"n\n1\n")), ("data/b.csv", Some(b"n\n2\n"))]);
    pond.commit("second", &[("a.csv", Some(b"n\n10\n"))]);
    pond.commit("third", &[("data/b.csv", None), ("data/c.csv", Some(b"n\n3\n"))]);
    pond
}

#[test]
fn commits_come_newest_first_with_all_that_they_say() {
    let pond = pond();
    let ids: Vec<String> = pond.commits.iter().rev().map(|id| id.to_hex()).collect();
    assert_eq!(pond.lines("SELECT id FROM commits"), ids);
    let sql = "SELECT short, subject, author_name, committer_email, author_time, author_zone, cardinality(parents) \
        FROM commits WHERE subject = 'second'";
    let short = pond.commits[1].short();
    let expected = format!("{short}|second|ada|bob@example.org|2026-05-01T12:02:00Z|120|1");
    assert_eq!(pond.lines(sql), [expected]);
    assert_eq!(pond.lines("SELECT count(*) FROM commits"), ["3"]);
    assert_eq!(pond.lines("SELECT message FROM commits LIMIT 1"), ["third\n\nMore of it.\n"]);
}

#[test]
fn conditions_on_commits_read_no_others() {
    let pond = pond();
    let context = pond.context();
    let id = pond.commits[1].to_hex();
    assert_eq!(reads(&context, &format!("SELECT message FROM commits WHERE id = '{id}'")).rows, 1);
    let since = "SELECT id FROM commits WHERE committer_time >= TIMESTAMP '2026-05-01T12:02:00Z'";
    let read = reads(&context, since);
    assert_eq!(read.rows, 2);
}

#[test]
fn changes_name_the_commit_and_the_file() {
    let pond = pond();
    let sql = "SELECT path, change, size, mode, mtime FROM changes c JOIN commits o ON c.commit = o.id \
        WHERE o.subject = 'third' ORDER BY path";
    let expected = ["data/b.csv|deleted|-|33188|-", "data/c.csv|modified|4|33188|2026-05-01T12:03:00Z"];
    assert_eq!(pond.lines(sql), expected);
    let short = pond.commits[0].to_hex();
    let sql = format!("SELECT path FROM changes WHERE commit = '{short}' ORDER BY path");
    assert_eq!(pond.lines(&sql), ["a.csv", "data/b.csv"]);
    let sql = "SELECT commit FROM changes WHERE path = 'a.csv' ORDER BY recorded DESC";
    assert_eq!(pond.lines(sql), [pond.commits[1].to_hex(), pond.commits[0].to_hex()]);
    assert_eq!(pond.lines("SELECT count(*) FROM changes WHERE id = old_id"), ["0"]);
}

#[test]
fn changes_of_one_commit_open_one_pack() {
    let pond = pond();
    let context = pond.context();
    let sql = format!("SELECT path FROM changes WHERE commit = '{}'", pond.commits[0].to_hex());
    assert_eq!(reads(&context, &sql).packs, 1);
    let all = pond.context();
    assert_eq!(reads(&all, "SELECT path FROM changes").packs, 4);
}

#[test]
fn refs_and_operations_are_listed() {
    let pond = pond();
    let tip = pond.commits[2].to_hex();
    let expected = [format!("HEAD|head|{tip}|refs/heads/main"), format!("refs/heads/main|branch|{tip}|-")];
    assert_eq!(pond.lines("SELECT name, kind, commit, symbolic FROM refs"), expected);
    let sql = "SELECT seq, kind, user, command FROM operations ORDER BY seq";
    let expected = ["0|INIT|ada|pond init", "1|COMMIT|ada|pond commit", "2|COMMIT|ada|pond commit"];
    assert_eq!(pond.lines(sql)[..3], expected);
    let context = pond.context();
    assert_eq!(reads(&context, "SELECT id FROM operations WHERE seq >= 3").rows, 1);
}

#[test]
fn files_are_those_of_head_or_of_a_revision() {
    let pond = pond();
    let sql = "SELECT path, size, mode, kind FROM files";
    assert_eq!(pond.lines(sql), ["a.csv|5|33188|file", "data/c.csv|4|33188|file"]);
    assert_eq!(pond.lines("SELECT path FROM files_at('HEAD~2') WHERE path LIKE 'data/%'"), ["data/b.csv"]);
    let context = pond.context();
    assert_eq!(reads(&context, "SELECT id FROM files WHERE path = 'data/c.csv'").rows, 1);
    let sql = "SELECT n.path FROM files f JOIN files_at('HEAD~1') AS n USING (id)";
    assert_eq!(pond.lines(sql), ["a.csv"]);
}

#[test]
fn files_have_the_ids_of_nodes() {
    let pond = pond();
    let sql = "SELECT f.path FROM files f JOIN nodes n USING (node, part, path) ORDER BY 1";
    assert_eq!(pond.lines(sql), ["a.csv", "data/c.csv"]);
    let changed = "SELECT count(*) FROM files_at('HEAD~2') f JOIN changes c ON f.node = c.node AND f.part = c.part \
        WHERE f.path = 'data/b.csv'";
    assert_eq!(pond.lines(changed), ["2"]);
    let tree = pond.lines("SELECT tree FROM commits LIMIT 1")[0].clone();
    let sql = format!("SELECT path, node, part FROM files_at('{tree}') WHERE path = 'a.csv'");
    assert_eq!(pond.lines(&sql), ["a.csv|-|-"]);
}

#[test]
fn tables_and_plans_can_be_shown() {
    let pond = pond();
    let tables = pond.lines("SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'");
    assert_eq!(tables, ["changes", "commits", "files", "nodes", "operations", "records", "refs"]);
    let plan = pond.lines("EXPLAIN SELECT path FROM changes WHERE path = 'a.csv'").join("\n");
    assert!(plan.contains("pruning_predicate=path_null_count"), "{plan}");
}

#[test]
fn nodes_have_their_directories() {
    let pond = pond();
    let rows = pond.lines("SELECT path, kind, part FROM nodes");
    assert_eq!(rows[1].split('|').nth(1), Some("directory"));
    assert_eq!(rows.len(), 3);
    let sql = "SELECT count(*) FROM nodes d JOIN nodes f ON f.part = d.node WHERE d.path = 'data'";
    assert_eq!(pond.lines(sql), ["1"]);
}

#[test]
fn records_are_the_rows_of_the_table() {
    let pond = pond();
    let sql = "SELECT kind, type, count(*) FROM records WHERE type IN ('commit', 'chunk', 'op') GROUP BY 1, 2 ORDER BY 2";
    assert_eq!(pond.lines(sql), ["data|chunk|4", "meta|commit|3", "meta|op|4"]);
    let names = pond.query("SELECT * FROM records LIMIT 1").names;
    assert_eq!((names[0].as_str(), names[15].as_str()), ("kind", "content"));
    let context = pond.context();
    assert_eq!(reads(&context, "SELECT content FROM records WHERE type = 'chunk'").packs, 3);
}

#[test]
fn a_pond_without_commits_has_tables_too() {
    let pond = TestPond::new();
    let context = context(pond.history());
    for table in ["commits", "changes", "files", "nodes"] {
        let rows = ask(&context, &format!("SELECT * FROM {table}")).expect("rows");
        assert_eq!(rows.lines, [""; 0], "{table}");
    }
    assert_eq!(pond.lines("SELECT name, target FROM refs"), ["HEAD|-"]);
}

#[test]
fn what_does_not_fit_into_memory_is_spilled() {
    let pond = TestPond::new();
    let temporary = tempfile::tempdir().expect("a directory");
    let options = Options { max_memory: 12 << 20, threads: 1, temporary: Some(temporary.path().to_owned()) };
    let context = QueryContext::new(pond.history(), &options).expect("a context");
    let sql = "SELECT value % 1000 AS k, value FROM generate_series(1, 1500000) ORDER BY k DESC, value";
    let rows = ask(&context, sql).expect("rows").lines;
    assert_eq!((rows.len(), rows[0].as_str()), (1_500_000, "999|999"));
}

#[test]
fn a_join_that_does_not_fit_into_memory_says_so() {
    let pond = TestPond::new();
    let options = Options { max_memory: 32 << 20, threads: 2, temporary: None };
    let context = QueryContext::new(pond.history(), &options).expect("a context");
    let wide = "(SELECT repeat('x', 200) || value AS t FROM generate_series(1, 500000))";
    let sql = format!("SELECT * FROM {wide} a CROSS JOIN {wide} b");
    match ask(&context, &sql).map(|rows| rows.lines) {
        Err(QueryError::Memory(error)) => {
            assert_eq!(error.limit, 32 << 20);
            let expected = "the query needs more memory than the 32 MiB that it may have: a join holds all rows of one of its sides; \
                raise the limit, or let it hold fewer rows";
            assert_eq!(error.to_string(), expected);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_nested_loop_puts_into_files_what_does_not_fit_into_memory() {
    let pond = TestPond::new();
    let options = Options { max_memory: 6 << 20, threads: 2, temporary: None };
    let context = QueryContext::new(pond.history(), &options).expect("a context");
    let wide = "(SELECT value || repeat('x', 4000) AS t FROM generate_series(1, 2000))";
    let sql = format!("SELECT count(*) FROM {wide} a JOIN {wide} b ON a.t < b.t");
    assert_eq!(ask(&context, &sql).expect("rows").lines, ["1999000"]);
}

/// Rows of the left side that nothing, or something, matches are given once, though each thread of the right side sees its part only.
#[test]
fn outer_and_semi_joins_that_do_not_fit_into_memory_give_the_same_rows() {
    let pond = TestPond::new();
    let wide = "(SELECT value || repeat('x', 4000) AS t FROM generate_series(1, 2000))";
    for (sql, expected) in [
        (format!("SELECT count(*) FROM {wide} a LEFT JOIN {wide} b ON a.t < b.t"), "1999001"),
        (format!("SELECT count(*) FROM {wide} a FULL JOIN {wide} b ON a.t < b.t"), "1999002"),
        (
            format!("SELECT count(*) FROM {wide} a WHERE EXISTS (SELECT 1 FROM {wide} b WHERE a.t < b.t)"),
            "1999",
        ),
        (
            format!(
                "SELECT count(*) FROM {wide} a WHERE NOT EXISTS (SELECT 1 FROM {wide} b WHERE a.t < b.t)"
            ),
            "1",
        ),
    ] {
        for max_memory in [6 << 20, 256 << 20] {
            let options = Options { max_memory, threads: 4, temporary: None };
            let context = QueryContext::new(pond.history(), &options).expect("a context");
            assert_eq!(ask(&context, &sql).expect("rows").lines, [expected], "{max_memory}: {sql}");
        }
    }
}
