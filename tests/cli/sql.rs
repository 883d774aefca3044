//! `pond sql`: questions about history and files, in every form of question and answer.

use std::fs;

use serde_json::Value;

use crate::harness::TestPond;

/// A pond with two versions of a table of fires, and one more that is not committed.
fn fires() -> TestPond {
    let pond = TestPond::new();
    pond.write("data/fires.csv", "id,name,acres\n1,Oak,2.5\n2,Elm,40\n");
    pond.write("data/sites.csv", "id,site\n1,north\n3,south\n");
    pond.commit_all("Two fires");
    pond.write("data/fires.csv", "id,name,acres\n1,Oak,12.5\n2,Elm,40\n3,,7\n");
    pond.commit_all("A third");
    pond.append("data/fires.csv", "4,Ash,1\n");
    pond
}

/// The answer as lines of CSV, without the heading.
#[track_caller]
fn rows(pond: &TestPond, query: &str) -> Vec<String> {
    let mut lines = pond.lines(&["sql", "--format", "csv", query]);
    lines.remove(0);
    lines
}

#[test]
fn history_is_tables() {
    let pond = fires();
    assert_eq!(rows(&pond, "SELECT subject FROM commits"), ["A third", "Two fires"]);
    let query = "SELECT subject, change, size FROM changes c JOIN commits m ON c.commit = m.id \
                 WHERE path = 'data/fires.csv' ORDER BY author_time";
    assert_eq!(rows(&pond, query), ["Two fires,added,33", "A third,modified,39"]);
    assert_eq!(rows(&pond, "SELECT short, kind FROM refs"), ["HEAD,head", "main,branch"]);
    assert_eq!(rows(&pond, "SELECT kind FROM operations ORDER BY seq"), ["INIT", "COMMIT", "COMMIT"]);
    assert_eq!(rows(&pond, "SELECT path FROM files_at('HEAD~1')"), ["data/fires.csv", "data/sites.csv"]);
}

#[test]
fn files_of_any_version_are_tables() {
    let pond = fires();
    let query = "SELECT n.name, o.acres, n.acres FROM 'HEAD~1:data/fires.csv' o JOIN 'HEAD:data/fires.csv' n ON o.id = n.id \
                 WHERE o.acres <> n.acres";
    assert_eq!(rows(&pond, query), ["Oak,2.5,12.5"]);
    let count = |name: &str| rows(&pond, &format!("SELECT count(*) FROM '{name}'"));
    assert_eq!(count("data/fires.csv"), ["4"]);
    assert_eq!(count(":data/fires.csv"), ["3"]);
    pond.ok(&["add", "data"]);
    assert_eq!(count(":data/fires.csv"), ["4"]);
    assert_eq!(count("HEAD~1:data/*.csv"), ["4"]);
    let query = "SELECT count(*) FROM versions('data/fires.csv') GROUP BY commit_time ORDER BY commit_time";
    assert_eq!(rows(&pond, query), ["2", "3"]);
    // From a directory below, a path counts from there.
    let below =
        pond.run_in(pond.path("data"), &["sql", "--format", "csv", "SELECT count(*) AS n FROM 'fires.csv'"]);
    assert_eq!(below.expect_code(0).out(), "n\n4\n");
}

#[test]
fn a_pipe_gets_an_aligned_table() {
    let pond = fires();
    let text = pond.ok(&["sql", "FROM 'HEAD:data/fires.csv' ORDER BY id"]);
    let expected =
        "id  name  acres\n 1  Oak    12.5\n 2  Elm    40.0\n 3  null    7.0\n(3 rows, 3 columns)\n";
    assert_eq!(text, expected);
    let text = pond.ok(&["-q", "sql", "SELECT value FROM generate_series(1, 3000) ORDER BY value"]);
    assert_eq!(text.lines().count(), 3001);
    let text = pond.ok(&["sql", "SELECT 'a' || chr(27) || '[2J' || chr(10) || 'b' AS x"]);
    assert_eq!(text.lines().nth(1), Some("a\\033[2J\\nb"));
    let plan = pond.ok(&["sql", "EXPLAIN SELECT count(*) FROM commits"]);
    assert!(plan.starts_with("logical plan\n  ") && plan.contains("\nphysical plan\n  "), "{plan}");
    assert!(!plan.contains("\\n"), "{plan}");
}

#[test]
fn every_form_of_answer() {
    let pond = fires();
    let query = "SELECT id, name FROM 'HEAD:data/fires.csv' ORDER BY id";
    let answer = |format: &str| pond.ok(&["sql", "--format", format, query]);
    assert_eq!(answer("csv"), "id,name\n1,Oak\n2,Elm\n3,\n");
    assert_eq!(answer("tsv"), "id\tname\n1\tOak\n2\tElm\n3\t\n");
    let names = |value: &Value| {
        value.as_array().expect("rows").iter().map(|row| row["id"].as_i64()).collect::<Vec<_>>()
    };
    let json: Value = serde_json::from_str(&answer("json")).expect("JSON");
    assert_eq!(names(&json), [Some(1), Some(2), Some(3)]);
    let json: Value = serde_json::from_str(&pond.ok(&["--json", "sql", query])).expect("JSON");
    assert_eq!(json[0]["name"], "Oak");
    assert_eq!(answer("jsonl").lines().count(), 3);
    for format in ["csv", "tsv", "json", "jsonl", "parquet", "arrow"] {
        let file = format!("out.{format}");
        pond.run(&["sql", "-o", &file, query]).expect_code(0).expect_says("wrote 3 rows");
        assert_eq!(rows(&pond, &format!("SELECT sum(id) FROM '{file}'")), ["6"], "{format}");
        pond.fails(&["sql", "-o", &file, query], 128).expect_says("--force");
        pond.ok(&["sql", "--force", "-o", &file, "SELECT 7 AS id"]);
        assert_eq!(rows(&pond, &format!("SELECT sum(id) FROM '{file}'")), ["7"], "{format}");
    }
    assert!(pond.run(&["sql", "--format", "parquet", query]).expect_code(0).stdout.starts_with(b"PAR1"));
    pond.fails(&["sql", "-o", "out", query], 129).expect_says("--format");
    pond.fails(&["sql", "-o", ".pond/x.csv", query], 128).expect_says("inside the pond");
    pond.fails(&["sql", "--format", "xml", query], 129).expect_says("known are table, csv");
    // What failed leaves nothing behind.
    pond.fails(&["sql", "-o", "bad.csv", "SELECT x FROM commits"], 128);
    let names =
        fs::read_dir(pond.mirror()).expect("the mirror").map(|entry| entry.expect("an entry").file_name());
    assert!(!names.into_iter().any(|name| name.to_string_lossy().contains("bad") || name.to_string_lossy().contains("pond-sql")));
    pond.ok(&["sql", "COPY (SELECT 1 AS one) TO 'copied.csv'"]);
    assert_eq!(pond.read("copied.csv"), "one\n1\n");
}

#[test]
fn a_query_comes_from_a_file_or_stdin_with_parameters() {
    let pond = fires();
    fs::write(pond.beside("query.sql"), "-- two; of them\nSELECT 1 AS a;\nSELECT ';' AS b;\n")
        .expect("a file");
    let file = pond.beside("query.sql");
    let text = pond.ok(&["sql", "--format", "csv", "-f", file.to_str().expect("text")]);
    assert_eq!(text, "a\n1\nb\n;\n");
    let output = pond.run_with_input(&["sql", "--format", "csv"], b"SELECT 2 AS x");
    assert_eq!(output.expect_code(0).out(), "x\n2\n");
    let output = pond.run_with_input(&["sql", "--format", "csv", "-"], b"SELECT 3 AS x;");
    assert_eq!(output.expect_code(0).out(), "x\n3\n");
    pond.run_with_input(&["sql"], b" -- nothing\n").expect_failure(129).expect_says("no query");
    let query = "SELECT count(*) FROM changes WHERE path = $path AND size > $size";
    let args = ["sql", "-q", "--format", "csv", "-p", "path=data/fires.csv", "-p", "size=33", query];
    assert_eq!(pond.lines(&args)[1], "1");
    pond.fails(&["sql", query], 128).expect_says("-p NAME=VALUE");
    pond.fails(&["sql", "-p", "path", query], 129).expect_says("NAME=VALUE");
    pond.fails(&["sql", "-o", "x.csv", "SELECT 1; SELECT 2"], 129).expect_says("one file");
}

#[test]
fn an_error_shows_its_place() {
    let pond = fires();
    let output = pond.fails(&["sql", "SELECT 1;\nSELECT nme FROM 'data/fires.csv'"], 128);
    let lines: Vec<String> = output.err().lines().map(str::to_owned).collect();
    let at = lines.iter().position(|line| line == "line 2: SELECT nme FROM 'data/fires.csv'");
    let at = at.unwrap_or_else(|| panic!("no line\n{output}"));
    assert_eq!(lines[at + 1], "               ^", "{output}");
    assert!(lines[0].starts_with("fatal: "), "{output}");
    pond.fails(&["sql", "SELEC 1"], 128).expect_says("line 1: SELEC 1\n        ^");
    let json = pond.fails(&["--json", "sql", "SELEC 1"], 128);
    let json: Value = serde_json::from_str(json.err().trim()).expect("JSON");
    assert_eq!(json["place"], "line 1: SELEC 1\n        ^");
}

#[test]
fn queries_only_read() {
    let pond = fires();
    let before = (pond.history(), pond.status());
    for query in
        ["DROP TABLE commits", "INSERT INTO commits VALUES (1)", "CREATE TABLE x AS SELECT 1", "SET a.b = 1"]
    {
        pond.fails(&["sql", query], 128);
    }
    pond.fails(&["sql", "FROM '../secret.csv'"], 128);
    pond.fails(&["sql", "FROM 'HEAD:nothing.csv'"], 128).expect_says("no file");
    pond.fails(&["sql", "FROM 'HEAD~9:data/fires.csv'"], 128);
    assert_eq!((pond.history(), pond.status()), before);
    let sort = "SELECT value FROM generate_series(1, 300000) ORDER BY value % 7";
    pond.fails(&["sql", "--max-memory", "1k", sort], 128).expect_says("--max-memory");
    pond.fails(&["sql", "--max-memory", "much", "SELECT 1"], 129).expect_says("256MB");
}

#[test]
fn a_pond_without_commits_has_tables() {
    let pond = TestPond::new();
    assert_eq!(pond.ok(&["sql", "SELECT id FROM commits"]), "id\n(0 rows, 1 column)\n");
    pond.fails(&["sql", "FROM 'HEAD:a.csv'"], 128);
    pond.write("a.csv", "x\n1\n");
    assert_eq!(rows(&pond, "SELECT sum(x) FROM 'a.csv'"), ["1"]);
    // Without the files that say where the mirror stands.
    pond.commit_all("one");
    fs::remove_dir_all(pond.dot_pond("mirrors")).expect("the mirror's own files");
    assert_eq!(rows(&pond, "SELECT sum(x) FROM 'HEAD:a.csv'"), ["1"]);
    TestPond::without_pond().fails(&["sql", "SELECT 1"], 128).expect_says("not in a pond");
}

#[test]
fn a_profile_says_what_was_read() {
    let pond = fires();
    let output = pond.run(&["sql", "--profile", "SELECT sum(id) FROM 'HEAD:data/fires.csv'"]).expect_code(0);
    assert!(output.err().contains("chunk") && output.err().contains("gave 1 row"), "{output}");
    assert!(output.err().contains("planning"), "{output}");
}

#[test]
fn a_reader_may_leave() {
    let pond = fires();
    let script = "\"$0\" sql 'SELECT value FROM generate_series(1, 3000000)' | head -n 2; \
                  \"$0\" sql --format csv 'SELECT value FROM generate_series(1, 3000000)' | head -n 2";
    let mut command = std::process::Command::new("sh");
    let described = pond.command(&["sql"]);
    let variables = described.get_envs().filter_map(|(name, value)| Some((name, value?)));
    command.env_clear().envs(variables).current_dir(pond.mirror());
    let output = command.args(["-c", script]).arg(crate::harness::program()).output().expect("a shell");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 4);
}
