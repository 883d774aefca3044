//! What a query that is wrong says, and where.

use pond_query::QueryError;

use crate::support::TestPond;

#[test]
fn errors_name_what_there_is_and_where_they_are() {
    let mut pond = TestPond::new();
    pond.commit("first", &[("x.csv", Some(b"time,temperature,Site\n1,2.5,a\n"))]);
    let (mut found, mut expected) = (Vec::new(), Vec::new());
    for (sql, message, place) in [
        (
            "SELECT time,\n  temprature FROM 'HEAD:x.csv'",
            "column 'temprature' does not exist; there is 'temperature'",
            Some((2, 3)),
        ),
        ("SELECT site FROM 'HEAD:x.csv'", "column 'site' does not exist; there is \"Site\"", Some((1, 8))),
        (
            "SELECT 1 FROM commits c JOIN refs r ON c.id = r.comit",
            "column 'comit' does not exist in 'r'; there is 'commit'",
            Some((1, 47)),
        ),
        (
            "SELECT * FROM commits c JOIN refs r ON c.id = commit WHERE short = 'x'",
            "column 'short' is in more than one table; say which, as in t.short",
            Some((1, 60)),
        ),
        ("SELECT * FROM comits", "there is no table 'comits'; there is 'commits'", Some((1, 15))),
        ("SELECT summ(size) FROM files", "there is no function 'summ'; there is 'sum'", Some((1, 8))),
        (
            "FROM nothing('x')",
            "there is no table function 'nothing'; there are 'files_at', 'versions', 'pages', 'generate_series', 'range'",
            None,
        ),
        ("SELECT 1 +\n", "expected an expression, found the end", Some((1, 11))),
        ("SELEC 1", "expected an SQL statement, found: SELEC", Some((1, 1))),
        ("SELECT 'x", "Unterminated string literal", Some((1, 8))),
        ("SELECT (1", "expected ), found the end", Some((1, 10))),
        (
            "SUMMARIZE SELECT\n nothing FROM refs",
            "column 'nothing' does not exist; there are 'name', 'short', 'kind', 'target', 'commit', 'symbolic'",
            Some((2, 2)),
        ),
        (
            "COPY (SELECT\n x FROM refs) TO 'x.csv'",
            "column 'x' does not exist; there are 'name', 'short', 'kind', 'target', 'commit', 'symbolic'",
            Some((2, 2)),
        ),
    ] {
        let error = pond.error(sql);
        found.push((sql, error.to_string(), error.place()));
        expected.push((sql, message.to_owned(), place));
    }
    assert_eq!(found, expected);
}

#[test]
fn errors_of_values_have_no_names_of_parts() {
    let pond = TestPond::new();
    for (sql, message) in [
        ("SELECT 1 / (value - 1) FROM generate_series(1, 2)", "division by zero"),
        ("SELECT CAST('x' AS INT)", "Cannot cast string 'x' to value of Int32 type"),
        ("SELECT CAST(name AS INT) FROM refs", "Cannot cast string 'HEAD' to value of Int32 type"),
    ] {
        let error = pond.error(sql);
        assert!(matches!(error, QueryError::Sql { .. }), "{error:?}");
        assert_eq!(error.to_string(), message, "{sql}");
    }
}
