use std::collections::BTreeMap;

use futures::TryStreamExt as _;
use pond_oplog::log::{AddFile, EntryDraft, EntryInfo, RemoveFile, TableMetadata, encode};
use pond_oplog::publish::publish;
use pond_oplog::state::{self, Loaded};

use super::*;

/// A Delta schema that is enough for a stranger to open the table.
const SCHEMA: &str = r#"{"type":"struct","fields":[{"name":"kind","type":"string","nullable":true,"metadata":{}},{"name":"type","type":"string","nullable":false,"metadata":{}},{"name":"id","type":"binary","nullable":true,"metadata":{}}]}"#;
const TIME: i64 = 1_777_636_800_000;

fn id(text: &str) -> ObjectId {
    ObjectId::of_content(text.as_bytes())
}

/// A table with a log whose packs do not exist.
struct Table {
    dir: tempfile::TempDir,
}

impl Table {
    fn new() -> Self {
        let table = Self { dir: tempfile::tempdir().expect("a directory") };
        pond_durable::create_dir_all(&table.path().join(LOG_DIR)).expect("created");
        let entry = encode(&draft(0), None);
        pond_durable::put_new(&entry_path(&table.path(), 0), &entry.bytes).expect("put");
        table
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("oplog")
    }

    fn load(&self) -> Loaded {
        state::load(&self.path(), &self.dir.path().join("cache")).expect("a state")
    }
}

/// Operation `seq`, which adds two packs; number 0 is an INIT with the metadata.
fn draft(seq: i64) -> EntryDraft {
    let operation = id(&format!("operation {seq}"));
    let pack = |kind, name: &str| AddFile {
        kind,
        digest: id(&format!("{name} {seq}")),
        size: 1000,
        modification_time: TIME,
        data_change: true,
        rows: 7,
    };
    EntryDraft {
        info: EntryInfo {
            operation: if seq == 0 { "INIT" } else { "COMMIT" }.to_owned(),
            parameters: BTreeMap::new(),
            user: "ada".to_owned(),
            timestamp: TIME + seq,
        },
        operation,
        seq,
        view: id(&format!("view {seq}")),
        refs: BTreeMap::new(),
        adds: vec![pack(PackKind::Meta, "meta"), pack(PackKind::Data, "data")],
        removes: Vec::new(),
        metadata: (seq == 0).then(|| TableMetadata::new(&operation, SCHEMA.to_owned(), TIME)),
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime").block_on(future)
}

fn grow(table: &Table, message: &str) {
    let state = table.load().state;
    let store = DurableLocal::new(&table.path()).expect("a store");
    let mut draft = draft(state.seq + 1);
    draft.info.parameters.insert("message".to_owned(), message.to_owned());
    if state.version == 2 {
        draft.removes.push(RemoveFile {
            kind: PackKind::Data,
            digest: id("data 0"),
            deletion_timestamp: TIME,
            data_change: true,
        });
    }
    run(publish(&store, &state, &draft)).expect("published");
}

async fn plain_open(table: &Table) -> DeltaTable {
    let url = Url::from_directory_path(table.path()).expect("a path");
    deltalake::open_table(url).await.expect("a table")
}

#[test]
fn a_stranger_opens_the_table_and_reads_its_history() {
    let table = Table::new();
    for n in 1..5 {
        grow(&table, &format!("change {n}"));
    }
    let state = table.load().state;
    run(async {
        let opened = plain_open(&table).await;
        assert_eq!(opened.version(), Some(4));
        assert_eq!(packs_of(&opened).expect("packs").len(), state.packs.len());
        assert!(!packs_of(&opened).expect("packs").contains(&(PackKind::Data, id("data 0"))));
        let history: Vec<_> = opened.history(None).try_collect().await.expect("a history");
        assert_eq!(history.len(), 5);
        let newest = &history[0];
        assert_eq!(newest.operation.as_deref(), Some("COMMIT"));
        assert_eq!(newest.user_name.as_deref(), Some("ada"));
        assert_eq!(newest.info["pond"]["operation"], state.operation.to_hex());
        let parameters = newest.operation_parameters.as_ref().expect("parameters");
        assert_eq!(parameters["message"], "change 4");
    });
}

#[test]
fn checkpoints_are_written_and_read_by_others() {
    let table = Table::new();
    for version in 1..=3 {
        grow(&table, "x");
        let state = table.load().state;
        run(write_checkpoint(&table.path(), &state)).expect("a checkpoint");
        assert_eq!(last_checkpoint(&table.path()), Some(version));
    }
    assert!(!checkpoint_path(&table.path(), 1).exists());
    assert!(checkpoint_path(&table.path(), 2).exists());
    let state = table.load().state;
    // An entry that only the checkpoint has shows that strangers read it.
    fs::remove_file(entry_path(&table.path(), 1)).expect("deleted");
    let opened = run(plain_open(&table));
    assert_eq!(opened.version(), Some(state.version));
    assert_eq!(packs_of(&opened).expect("packs").len(), state.packs.len());
    assert!(!is_due(&table.path(), 102));
    assert!(is_due(&table.path(), 103));
}

#[test]
fn a_checkpoint_that_says_something_else_does_not_stay() {
    let table = Table::new();
    grow(&table, "x");
    let mut state = table.load().state;
    state.packs.pop();
    let error = run(write_checkpoint(&table.path(), &state)).expect_err("a mismatch");
    assert!(matches!(error, CheckpointError::Mismatch { version: 1 }), "{error}");
    assert!(!checkpoint_path(&table.path(), 1).exists());
    assert_eq!(run(plain_open(&table)).version(), Some(1));
}

#[test]
fn a_bad_checkpoint_is_mended_by_the_next() {
    for damage in ["deleted", "another's"] {
        let table = Table::new();
        grow(&table, "x");
        assert!(run(write_checkpoint(&table.path(), &table.load().state)).expect("a checkpoint"));
        assert!(!run(write_checkpoint(&table.path(), &table.load().state)).expect("it is there"));
        grow(&table, "y");
        assert!(run(write_checkpoint(&table.path(), &table.load().state)).expect("a checkpoint"));
        let newest = checkpoint_path(&table.path(), 2);
        match damage {
            "deleted" => fs::remove_file(newest).expect("deleted"),
            _ => drop(fs::copy(checkpoint_path(&table.path(), 1), newest).expect("copied")),
        }
        for _ in 0..2 {
            let state = table.load().state;
            run(write_checkpoint(&table.path(), &state)).expect("a checkpoint");
            let opened = run(plain_open(&table));
            assert_eq!(packs_of(&opened).expect("packs").len(), state.packs.len(), "{damage}");
            grow(&table, "z");
        }
    }
}

#[test]
fn old_checkpoints_become_sparse() {
    let mut versions = BTreeSet::new();
    for version in (100..=3400).step_by(100) {
        versions.insert(version);
        for gone in superfluous(&versions) {
            versions.remove(&gone);
        }
    }
    assert_eq!(versions.into_iter().collect::<Vec<_>>(), [900, 1900, 2900, 3300, 3400]);
}
