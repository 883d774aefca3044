//! Values by name.

use pond_query::QueryError;

use crate::support::{Rows, TestPond, read, rows, run};

fn pond() -> TestPond {
    let mut pond = TestPond::new();
    let content = b"site,n,t,when\na,1,0.5,2026-01-01T00:00:00\n7,2,1.5,2026-01-02T00:00:00\n";
    pond.commit("first", &[("x.csv", Some(content))]);
    pond.commit("second", &[("x.csv", Some(b"site,n,t,when\n"))]);
    pond
}

fn ask(pond: &TestPond, sql: &str, parameters: &[(&str, &str)]) -> Result<Rows, QueryError> {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let parameters: Vec<_> = parameters.iter().map(pair).collect();
    let context = pond.context();
    run(async { read(rows(context.sql(sql, &parameters).await?)).await })
}

#[test]
fn a_value_has_the_type_of_its_place() {
    let pond = pond();
    let lines = |sql: &str, parameters: &[(&str, &str)]| {
        ask(&pond, sql, parameters).unwrap_or_else(|error| panic!("{sql}: {error}")).lines
    };
    assert_eq!(lines("SELECT n FROM 'HEAD~1:x.csv' WHERE site = $site", &[("site", "7")]), ["2"]);
    assert_eq!(lines("SELECT n FROM 'HEAD~1:x.csv' WHERE n > $n", &[("n", "1.5")]), ["2"]);
    assert_eq!(lines("SELECT n FROM 'HEAD~1:x.csv' WHERE n > $x OR t > $x", &[("x", "1")]), ["2"]);
    assert_eq!(
        lines("SELECT n FROM 'HEAD~1:x.csv' WHERE \"when\" < $d", &[("d", "2026-01-01T12:00:00")]),
        ["1"]
    );
    assert_eq!(
        lines(
            "SELECT n FROM 'HEAD~1:x.csv' WHERE site IN ($a, $b) LIMIT $l",
            &[("a", "a"), ("b", "b"), ("l", "1")]
        ),
        ["1"]
    );
    assert_eq!(
        lines(
            "SELECT $a + 1, $b, $c, arrow_typeof($d)",
            &[("a", "2"), ("b", "x"), ("c", "true"), ("d", "2.5")]
        ),
        ["3|x|true|Float64"]
    );
    assert_eq!(lines("SELECT $a || $b", &[("a", "x"), ("b", "y")]), ["xy"]);
    assert_eq!(lines("SELECT count(*) FROM commits WHERE subject = $1", &[("1", "first")]), ["1"]);
    assert_eq!(lines("SELECT count(*) FROM files_at($rev)", &[("rev", "HEAD~1")]), ["1"]);
    let sql = "SELECT (SELECT max(n) FROM versions($path) WHERE n < $n)";
    assert_eq!(lines(sql, &[("path", "x.csv"), ("n", "2")]), ["1"]);
    assert_eq!(
        lines("SUMMARIZE SELECT n FROM 'HEAD~1:x.csv' WHERE n = $n", &[("n", "2")])[0].split('|').nth(2),
        Some("2")
    );
}

#[test]
fn names_have_to_be_on_both_sides() {
    let pond = pond();
    let message = |sql: &str, parameters: &[(&str, &str)]| match ask(&pond, sql, parameters) {
        Err(QueryError::Parameter(message)) => message,
        Err(error) => panic!("{error:?}"),
        Ok(rows) => panic!("{:?}", rows.lines),
    };
    assert_eq!(message("SELECT $a", &[]), "the parameter $a has no value; no parameter is given");
    assert_eq!(message("SELECT $a", &[("b", "1")]), "the parameter $a has no value; given: $b");
    assert_eq!(message("SELECT $a", &[("a", "1"), ("b", "1")]), "the query has no parameter $b; it has $a");
    assert_eq!(message("SELECT 1", &[("b", "1")]), "the query has no parameter $b; it has none");
    assert_eq!(message("SELECT 1", &[("b", "1"), ("b", "2")]), "the parameter $b is given twice");
    let sql = "SELECT * FROM 'HEAD~1:x.csv' WHERE n = $n";
    assert_eq!(message(sql, &[("n", "x")]), "the parameter $n is 'x', which is no Int64");
}
