//! Answers as files.

use std::fs;
use std::io;

use pond_objects::ObjectId;
use pond_objects::chunker::Chunker;
use pond_query::output::{self, Format, Options};
use pond_query::{QueryError, Reply};

use crate::support::{TestPond, rows, run};

/// What an answer is in a format.
fn written(pond: &TestPond, sql: &str, format: Format, options: &Options) -> (u64, Vec<u8>) {
    let (context, mut bytes) = (pond.context(), Vec::new());
    let rows = run(async {
        let answer = rows(context.sql(sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error}")));
        output::write(answer, format, options, &mut bytes).await
    });
    (rows.unwrap_or_else(|error| panic!("{sql}: {error}")), bytes)
}

fn text(pond: &TestPond, sql: &str, format: Format, options: &Options) -> String {
    String::from_utf8(written(pond, sql, format, options).1).expect("text")
}

const VALUES: &str = "SELECT * FROM (VALUES (1, 'a,\"b\"', TIMESTAMP '2026-05-01T12:00:00'), (2, NULL, NULL)) AS v(n, \"the text\", t)";

#[test]
fn text_formats_are_as_other_programs_write_them() {
    let pond = TestPond::new();
    let text = |sql: &str, format| text(&pond, sql, format, &Options::default());
    let csv = "n,the text,t\n1,\"a,\"\"b\"\"\",2026-05-01T12:00:00\n2,,\n";
    assert_eq!(text(VALUES, Format::Csv), csv);
    let tsv = "n\tthe text\tt\n1\t\"a,\"\"b\"\"\"\t2026-05-01T12:00:00\n2\t\t\n";
    assert_eq!(text(VALUES, Format::Tsv), tsv);
    let lines = "{\"n\":1,\"the text\":\"a,\\\"b\\\"\",\"t\":\"2026-05-01T12:00:00\"}\n{\"n\":2,\"the text\":null,\"t\":null}\n";
    assert_eq!(text(VALUES, Format::JsonLines), lines);
    let array = format!("[{}]\n", lines.trim_end().replace('\n', ","));
    assert_eq!(text(VALUES, Format::Json), array);
    let none = "SELECT 1 AS n WHERE false";
    let formats = [Format::Csv, Format::Json, Format::JsonLines];
    assert_eq!(formats.map(|format| text(none, format)), ["n\n", "[]\n", ""]);
    let twice = "SELECT * FROM (SELECT 1 AS n) a CROSS JOIN (SELECT 2 AS n) b";
    assert_eq!(text(twice, Format::JsonLines), "{\"n\":1,\"n_1\":2}\n");
    assert_eq!(text(twice, Format::Csv), "n,n\n1,2\n");
    assert_eq!(text("SELECT [1, 2] AS l, X'00ff' AS b", Format::Csv), "l,b\n\"[1, 2]\",00ff\n");
}

#[test]
fn options_say_how_text_is_delimited() {
    let pond = TestPond::new();
    let options =
        Options { header: false, delimiter: Some(b';'), null: "NA".to_owned(), ..Options::default() };
    assert_eq!(
        text(&pond, VALUES, Format::Csv, &options),
        "1;\"a,\"\"b\"\"\";2026-05-01T12:00:00\n2;NA;NA\n"
    );
}

#[test]
fn what_is_written_can_be_read_again() {
    let mut pond = TestPond::new();
    pond.commit("first", &[("x.csv", Some(b"n\n1\n"))]);
    let sql = "SELECT value AS n, 'x' || value AS t, value * 0.5 AS f, value % 2 = 0 AS b FROM generate_series(1, 20000)";
    for format in Format::ALL {
        let (rows, bytes) = written(&pond, sql, format, &Options::default());
        assert_eq!(rows, 20_000);
        let name = format!("x.{}", format.word());
        fs::write(pond.dir.path().join(&name), bytes).expect("written");
        let read =
            format!("SELECT count(*), sum(n), max(t), sum(f), count(*) FILTER (WHERE b) FROM '{name}'");
        assert_eq!(pond.lines(&read), ["20000|200010000|x9999|100005000.0|10000"], "{format:?}");
    }
    for table in ["changes", "commits", "files", "nodes", "operations", "records", "refs", "pages('tree')"] {
        for format in Format::ALL {
            let (rows, _) = written(&pond, &format!("SELECT * FROM {table}"), format, &Options::default());
            assert!(rows > 0, "{table}");
        }
    }
    let (rows, _) = written(&pond, "SELECT INTERVAL '1 day' AS i", Format::Parquet, &Options::default());
    assert_eq!(rows, 1);
}

/// How many bytes of the second of two texts are in chunks that the first has not.
fn new_bytes(old: &[u8], new: &[u8]) -> usize {
    let chunks = |bytes: &[u8]| -> Vec<(ObjectId, usize)> {
        let chunker = Chunker::for_size(bytes.len() as u64);
        chunker.chunks(bytes).map(|chunk| (ObjectId::of_content(chunk), chunk.len())).collect()
    };
    let old = chunks(old);
    chunks(new).into_iter().filter(|chunk| !old.contains(chunk)).map(|(_, length)| length).sum()
}

#[test]
fn a_changed_row_changes_little_of_a_parquet_file() {
    let pond = TestPond::new();
    let rows = |condition: &str| {
        let sql = format!(
            "SELECT value AS n, sin(value * 12.9898) AS x, cos(value * 78.233) AS y, 'site ' || (value * 7919 % 1000) AS site \
            FROM generate_series(1, 200000) WHERE {condition} ORDER BY n"
        );
        written(&pond, &sql, Format::Parquet, &Options::default()).1
    };
    let (old, new) = (rows("true"), rows("value <> 77777"));
    let changed = new_bytes(&old, &new);
    assert!(changed < new.len() / 4, "{changed} of {}", new.len());
}

#[test]
fn a_copy_says_where_its_rows_go() {
    let mut pond = TestPond::new();
    pond.commit("first", &[("data/x.csv", Some(b"n\n1\n2\n"))]);
    let (context, mut bytes) = (pond.context(), Vec::new());
    run(async {
        let reply =
            context.sql("COPY 'HEAD:data/x.csv' TO 'out/y.txt' (FORMAT csv, HEADER false)", &[]).await;
        let Reply::Copy(copy) = reply.expect("a reply") else { panic!("rows") };
        assert_eq!((copy.target.as_str(), copy.format), ("out/y.txt", Format::Csv));
        output::write(copy.answer, copy.format, &copy.options, &mut bytes).await.expect("written")
    });
    assert_eq!(bytes, b"1\n2\n");
    assert!(!pond.dir.path().join("out").exists());
}

/// Takes some bytes, and then no more.
struct Full(usize);

impl io::Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_sink_that_fails_ends_the_query_with_its_error() {
    let pond = TestPond::new();
    let context = pond.context();
    let sql = "SELECT value, sin(value) FROM generate_series(1, 10000000)";
    for format in Format::ALL.into_iter().filter(|format| *format != Format::Parquet) {
        let result = run(async {
            let answer = rows(context.sql(sql, &[]).await.expect("an answer"));
            output::write(answer, format, &Options::default(), Full(1000)).await
        });
        match result {
            Err(QueryError::Output(error)) => assert_eq!(error.kind(), io::ErrorKind::BrokenPipe),
            other => panic!("{format:?}: {other:?}"),
        }
    }
}
