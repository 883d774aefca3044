//! What a query may not do.

use std::fs;

use pond_query::QueryError;

use crate::support::TestPond;

#[test]
fn nothing_is_written() {
    let mut pond = TestPond::new();
    pond.commit("first", &[("a.csv", Some(b"n\n1\n"))]);
    let target = pond.dir.path().join("out.csv");
    let target = target.display();
    for sql in [
        "CREATE TABLE t AS SELECT 1".to_owned(),
        "CREATE VIEW v AS SELECT 1".to_owned(),
        "DROP TABLE commits".to_owned(),
        "INSERT INTO commits SELECT * FROM commits".to_owned(),
        "DELETE FROM commits".to_owned(),
        "UPDATE refs SET name = 'x'".to_owned(),
        "SET datafusion.execution.batch_size = 1".to_owned(),
        "PREPARE p AS SELECT 1".to_owned(),
        "EXPLAIN ANALYZE INSERT INTO commits SELECT * FROM commits".to_owned(),
        format!("COPY commits FROM '{target}'"),
        format!("EXPLAIN COPY (SELECT 1) TO '{target}'"),
        format!("COPY (INSERT INTO commits SELECT * FROM commits) TO '{target}'"),
        format!("CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '{target}'"),
    ] {
        let error = pond.error(&sql);
        assert!(matches!(error, QueryError::Writes(_)), "{sql}: {error:?}");
    }
    assert!(!pond.dir.path().join("out.csv").exists());
}

#[test]
fn nothing_outside_the_mirror_is_read() {
    let outside = tempfile::tempdir().expect("a directory");
    let secret = outside.path().join("secret.csv");
    fs::write(&secret, "n\n1\n").expect("written");
    let pond = TestPond::new();
    let mirror = pond.dir.path();
    std::os::unix::fs::symlink(&secret, mirror.join("link.csv")).expect("a link");
    std::os::unix::fs::symlink(outside.path(), mirror.join("dir")).expect("a link");
    for name in [
        secret.to_str().expect("text"),
        "../secret.csv",
        "a/../../secret.csv",
        "link.csv",
        "dir/secret.csv",
        "dir/*.csv",
        ".pond/config.csv",
    ] {
        let error = pond.error(&format!("FROM '{name}'"));
        assert!(matches!(error, QueryError::Outside(_)), "{name}: {error:?}");
    }
    let error = pond.error(&format!("FROM 'file://{}'", secret.display()));
    assert!(!matches!(error, QueryError::Writes(_)), "{error:?}");
    assert!(matches!(pond.error("FROM '*.csv'"), QueryError::NoFile(_)));
}

#[test]
fn functions_take_one_text() {
    let pond = TestPond::new();
    for sql in ["FROM versions()", "FROM versions(1)", "FROM files_at('a', 'b')", "FROM pages('x')"] {
        let error = pond.error(sql);
        assert!(matches!(error, QueryError::Arguments { .. }), "{sql}: {error:?}");
    }
}
