//! Records with Arrow IPC as a table, and what happens where it is damaged.

use std::sync::Arc;

use pond_oplog::pack::write_meta_pack;
use pond_oplog::{MetaRow, PackKind, ReadonlyPond, RowType};
use pond_query::QueryError;

use crate::support::{TestPond, ask, context};

#[test]
fn pages_of_trees_are_rows() {
    let mut pond = TestPond::new();
    pond.commit("first", &[("a.csv", Some(b"n\n1\n")), ("data/b.csv", Some(b"n\n2\n"))]);
    let sql = "SELECT DISTINCT arrow_cast(name, 'Utf8'), kind, size FROM pages('tree') ORDER BY 1";
    assert_eq!(pond.lines(sql), ["a.csv|1|4", "b.csv|1|4", "data|4|4"]);
    let sql = "SELECT count(DISTINCT record) FROM pages('tree')";
    assert_eq!(pond.lines(sql), ["2"]);
    assert_eq!(pond.lines("SELECT count(*) FROM pages('manifest')"), ["0"]);
}

/// The context of a pond whose newest state has one more pack, with this row.
fn with_row(pond: &TestPond, row: MetaRow) -> pond_query::QueryContext {
    let mut pack = write_meta_pack(&pond.pond.staging_dir(), vec![row]).expect("a pack");
    let mut history = pond.history();
    let mut state = history.snapshot.state().clone();
    let digest = pack.digest;
    let path = pond.pond.table_dir().join(PackKind::Meta.pack_path(&digest));
    pack.persist(&path).expect("written");
    let size = std::fs::metadata(&path).expect("a file").len();
    let version_added = state.version;
    state.packs.push(pond_oplog::state::PackFile {
        kind: PackKind::Meta,
        digest,
        size,
        rows: 1,
        version_added,
    });
    history.snapshot = Arc::new(ReadonlyPond::at(&pond.pond, state, &[]));
    context(history)
}

#[test]
fn a_page_that_is_none_is_named() {
    let mut pond = TestPond::new();
    pond.commit("first", &[("a.csv", Some(b"n\n1\n"))]);
    for content in [&b""[..], b"PAR1", &[0xff; 64]] {
        let id = Some(pond_objects::ObjectId::of_content(b"page"));
        let content = Some(content.to_vec().into());
        let context = with_row(&pond, MetaRow { id, content, ..MetaRow::new(RowType::Page) });
        match ask(&context, "SELECT * FROM pages('tree')").map(|rows| rows.lines) {
            Err(QueryError::Stream { record, .. }) => {
                assert_eq!(record, pond_objects::ObjectId::of_content(b"page").to_hex());
            }
            other => panic!("{other:?}"),
        }
        // Whoever asks for something else is not kept from it.
        assert_eq!(ask(&context, "SELECT count(*) FROM commits").expect("rows").lines, ["1"]);
    }
}

#[test]
fn a_change_of_an_old_pond_belongs_to_the_commit_of_its_operation() {
    let mut pond = TestPond::new();
    let first = pond.commit("first", &[("a.csv", Some(b"n\n1\n"))]);
    pond.commit("second", &[("a.csv", Some(b"n\n2\n"))]);
    let (seq, path) = (Some(1), Some("old.csv".to_owned()));
    let context = with_row(&pond, MetaRow { seq, path, ..MetaRow::new(RowType::Change) });
    let rows = ask(&context, "SELECT commit, id FROM changes WHERE path = 'old.csv'").expect("rows");
    assert_eq!(rows.lines, [format!("{}|-", first.to_hex())]);
}
