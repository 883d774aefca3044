//! What completion is told.

use crate::support::{TestPond, run};

#[test]
fn tables_columns_and_functions_have_names() {
    let mut pond = TestPond::new();
    pond.commit("first", &[("it's.csv", Some(b"time,n\n2026-01-01T00:00:00,1\n"))]);
    let context = pond.context();
    let tables = run(context.tables()).expect("tables");
    let names: Vec<_> = tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["changes", "commits", "files", "nodes", "operations", "records", "refs"]);
    let columns: Vec<_> = tables[2].columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(columns[..5], ["path", "size", "mode", "kind", "id"]);
    for table in ["HEAD:it's.csv", "FILES", "versions('it''s.csv')"] {
        let found = run(context.columns(table)).map(|columns| columns.last().cloned());
        match table {
            "FILES" => assert!(found.is_err(), "{found:?}"),
            _ => {
                let last = found.expect("columns").expect("one");
                assert_eq!(
                    (last.name.as_str(), last.data_type.as_str(), last.is_nullable),
                    ("n", "Int64", true)
                );
            }
        }
    }
    assert_eq!(context.profile().reads().rows, 0);
    let functions = context.functions();
    assert!(
        ["abs", "avg", "row_number", "versions"]
            .iter()
            .all(|name| functions.iter().any(|known| known == name))
    );
    assert!(context.keywords().contains(&"SELECT"));
}
