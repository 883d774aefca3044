use std::path::PathBuf;

use super::*;
use crate::log::tests::{draft, id, remove};
use crate::log::{EntryDraft, encode, entry_path};

/// A table with a log and no packs.
pub(crate) struct Table {
    pub(crate) dir: tempfile::TempDir,
}

impl Table {
    pub(crate) fn new() -> Self {
        let table = Self { dir: tempfile::tempdir().expect("a directory") };
        pond_durable::create_dir_all(&table.path().join(log::LOG_DIR)).expect("created");
        table.put(0, &draft(0, "ada"), None);
        table
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join("oplog")
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.dir.path().join("cache")
    }

    pub(crate) fn load(&self) -> Loaded {
        load(&self.path(), &self.cache()).expect("a state")
    }

    fn put(&self, version: u64, draft: &EntryDraft, previous: Option<ObjectId>) {
        pond_durable::put_new(&entry_path(&self.path(), version), &encode(draft, previous).bytes)
            .expect("put");
    }

    /// Appends an operation.
    fn grow(&self, who: &str) -> TableState {
        let state = load(&self.path(), &self.dir.path().join("no cache")).expect("a state").state;
        std::fs::remove_dir_all(self.dir.path().join("no cache")).expect("deleted");
        self.put(state.version + 1, &draft(state.seq + 1, who), Some(state.digest));
        state
    }
}

#[test]
fn the_cache_goes_forward() {
    let table = Table::new();
    assert_eq!(table.load().source, Source::Log);
    assert_eq!(table.load().source, Source::Cache);
    table.grow("ada");
    table.grow("ada");
    let forward = table.load();
    assert_eq!((forward.source, forward.state.version, forward.state.seq), (Source::Forward, 2, 2));
    assert_eq!(forward.state.packs.len(), 6);
    assert_eq!(table.load(), Loaded { source: Source::Cache, ..forward.clone() });
    std::fs::remove_dir_all(table.cache()).expect("deleted");
    assert_eq!(table.load(), Loaded { source: Source::Log, ..forward });
}

#[test]
fn a_damaged_cache_is_none() {
    let table = Table::new();
    let file = table.cache().join("state");
    table.load();
    let good = std::fs::read(&file).expect("a cache");
    for bad in [&b""[..], &[0; 500], &good[..good.len() - 1], &[b" ", &good[..]].concat()] {
        std::fs::write(&file, bad).expect("written");
        assert_eq!(table.load().source, Source::Log);
        assert_eq!(table.load().source, Source::Cache);
    }
    // A cache that cannot be written does not matter.
    std::fs::remove_dir_all(table.cache()).expect("deleted");
    std::fs::write(table.cache(), "in the way").expect("written");
    assert_eq!(table.load().source, Source::Log);
}

#[test]
fn maintenance_moves_packs_and_no_operation() {
    let table = Table::new();
    table.grow("ada");
    let before = table.load().state;
    let mut merge = draft(before.seq, "ada");
    merge.info.operation = "MAINTENANCE".to_owned();
    merge.refs.clear();
    merge.adds = vec![log::tests::add("data merged")];
    merge.removes = vec![remove("data 0 ada"), remove("data 1 ada"), remove("data nobody")];
    table.put(2, &merge, Some(before.digest));
    let state = table.load().state;
    assert_eq!((state.seq, state.operation, state.view), (before.seq, before.operation, before.view));
    let data: Vec<_> = state.packs.iter().filter(|p| p.kind == PackKind::Data).map(|p| p.digest).collect();
    assert_eq!(data, [id("data merged")]);
    assert_eq!((state.packs.len(), state.removed.len()), (3, 3));
    assert_eq!(state.removed.iter().next().expect("one").version_removed, 2);
    table.grow("ada");
    assert_eq!(table.load().state.seq, 2);
}

#[test]
fn a_copied_table_keeps_its_cache_and_a_replaced_one_does_not() {
    let table = Table::new();
    table.grow("ada");
    table.load();
    let newest = entry_path(&table.path(), 1);
    let bytes = std::fs::read(&newest).expect("an entry");
    std::fs::remove_file(&newest).expect("deleted");
    std::fs::write(&newest, &bytes).expect("written");
    assert_eq!(table.load().source, Source::Cache);
    assert_eq!(table.load().source, Source::Cache);

    std::fs::remove_file(&newest).expect("deleted");
    table.grow("eve");
    table.grow("eve");
    let replaced = table.load();
    assert_eq!((replaced.source, replaced.state.version), (Source::ReplacedLog, 2));
    assert_eq!(table.load().source, Source::Cache);
}

#[test]
fn a_shorter_log_is_an_error_until_the_cache_is_deleted() {
    let table = Table::new();
    table.grow("ada");
    table.load();
    std::fs::remove_file(entry_path(&table.path(), 1)).expect("deleted");
    let error = load(&table.path(), &table.cache()).expect_err("rewound");
    assert!(matches!(error, StateError::HistoryRewound { known: 1, newest: Some(0) }), "{error}");
    std::fs::remove_dir_all(table.cache()).expect("deleted");
    assert_eq!(table.load().state.version, 0);
}

#[test]
fn a_broken_chain_is_never_a_state() {
    for broken in 0..5 {
        let table = Table::new();
        let state = table.grow("ada");
        let first = table.load().state;
        let mut next = draft(2, "ada");
        let mut previous = first.digest;
        match broken {
            0 => previous = state.digest,
            1 => next.seq = 3,
            2 => next.operation = first.operation,
            3 => next.metadata = draft(0, "eve").metadata,
            _ => {}
        }
        table.put(2, &next, Some(previous));
        let loaded = load(&table.path(), &table.cache());
        match broken {
            4 => assert!(loaded.is_ok()),
            _ => assert!(matches!(loaded, Err(StateError::Chain { version: 2, .. })), "{broken}"),
        }
    }
}

#[test]
fn empty_entries_and_gaps_are_damage() {
    let table = Table::new();
    table.load();
    std::fs::write(entry_path(&table.path(), 1), "").expect("written");
    let error = load(&table.path(), &table.cache()).expect_err("damaged");
    assert!(matches!(error, StateError::Log(LogError::Damaged { version: 1, .. })), "{error}");
    std::fs::remove_file(entry_path(&table.path(), 1)).expect("deleted");
    std::fs::write(entry_path(&table.path(), 2), "").expect("written");
    std::fs::remove_dir_all(table.cache()).expect("deleted");
    let error = load(&table.path(), &table.cache()).expect_err("a gap");
    assert!(matches!(error, StateError::Log(LogError::Missing { version: 1, .. })), "{error}");
}
