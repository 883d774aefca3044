//! Records with Arrow IPC as a table, and what happens where it is damaged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use pond_objects::cursor::Leaves;
use pond_objects::page::Body;
use pond_objects::{Entry, Kind, ObjectSource as _};
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

/// Every entry of every directory of every version: name, kind and size, as the objects list them.
fn entries(pond: &TestPond) -> BTreeSet<(String, u8, u64)> {
    let snapshot = pond.history().snapshot;
    let store = snapshot.store();
    let (mut left, mut found) = (Vec::new(), BTreeSet::new());
    for commit in &pond.commits {
        left.push(store.commit(commit).expect("a commit").tree);
    }
    let mut seen = BTreeSet::new();
    while let Some(tree) = left.pop() {
        if !seen.insert(tree) {
            continue;
        }
        for item in Leaves::new(store, Body::Tree, &tree).expect("a tree") {
            let entry = Entry::from_item(item.expect("an item"));
            let kind = entry.kind as u8;
            found.insert((format!("{} {}", entry.name, entry.id), kind, entry.size));
            if entry.kind == Kind::Directory {
                left.push(entry.id);
            }
        }
    }
    found
}

#[test]
fn the_pages_of_a_random_history_have_every_entry_of_every_tree() {
    let (mut pond, mut seed) = (TestPond::new(), 0x2545_f491_4f6c_dd1d_u64);
    let mut below = |end: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 11) % end
    };
    for version in 0..12 {
        let changes: Vec<(String, Option<Vec<u8>>)> = (0..=below(60))
            .map(|_| {
                let path = format!("d{}/e{}/f{}", below(4), below(3), below(400));
                let content = (below(5) > 0).then(|| format!("{version} {}", below(1000)).into_bytes());
                (path, content)
            })
            .collect();
        let changes: BTreeMap<_, _> = changes.into_iter().collect();
        let changes: Vec<(&str, Option<&[u8]>)> =
            changes.iter().map(|(path, content)| (path.as_str(), content.as_deref())).collect();
        pond.commit("a version", &changes);
    }
    // Several pages to a tree.
    let many: Vec<String> = (0..9000).map(|number| format!("many/{number:06}")).collect();
    let many: Vec<(&str, Option<&[u8]>)> =
        many.iter().map(|path| (path.as_str(), Some(path.as_bytes()))).collect();
    pond.commit("many", &many);
    let sql = "SELECT DISTINCT arrow_cast(name, 'Utf8') || ' ' || encode(arrow_cast(id, 'Binary'), 'hex'), kind, size \
        FROM pages('tree') WHERE count IS NULL";
    let found: BTreeSet<_> = pond
        .lines(sql)
        .iter()
        .map(|line| {
            let mut parts = line.rsplitn(3, '|');
            let mut next = || parts.next().expect("three columns");
            let (size, kind) = (next().parse().expect("a number"), next().parse().expect("a number"));
            (next().to_owned(), kind, size)
        })
        .collect();
    let expected = entries(&pond);
    assert!(expected.len() > 9000);
    assert!(found == expected, "{} rows, {} entries", found.len(), expected.len());
    assert!(pond.lines("SELECT count(*) FROM pages('tree') WHERE count IS NOT NULL") != ["0"]);
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
