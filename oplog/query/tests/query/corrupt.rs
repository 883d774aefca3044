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

/// The context of a pond whose newest state has one more pack: with a page that holds these bytes.
fn with_page(pond: &TestPond, content: &[u8]) -> pond_query::QueryContext {
    let id = pond_objects::ObjectId::of_content(b"page");
    let row = MetaRow { id: Some(id), content: Some(content.to_vec().into()), ..MetaRow::new(RowType::Page) };
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
        let context = with_page(&pond, content);
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
