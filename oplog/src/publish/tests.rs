use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, PutMultipartOptions,
    PutPayload, PutResult, Result as StoreResult,
};

use super::*;
use crate::durable_local::DurableLocal;
use crate::log::tests::draft;
use crate::log::{Damage, entry_path};
use crate::state::Source;
use crate::state::tests::Table;

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

fn next(state: &TableState, who: &str) -> EntryDraft {
    draft(state.seq + 1, who)
}

#[test]
fn a_published_version_is_the_next_state() {
    let table = Table::new();
    let store = DurableLocal::new(&table.path()).expect("a store");
    let before = table.load().state;
    let published = run(publish(&store, &before, &next(&before, "ada"))).expect("published");
    let loaded = table.load();
    assert_eq!(loaded.source, Source::Forward);
    assert_eq!((loaded.state.version, loaded.state.digest), (published.version, published.digest));
    let again = run(publish(&store, &before, &next(&before, "ada"))).expect("recognised");
    assert_eq!(again, published);
    let error = run(publish(&store, &before, &next(&before, "bob"))).expect_err("behind");
    match error {
        PublishError::Behind { entries } => assert_eq!(entries[0].info.user, "ada"),
        error => panic!("{error}"),
    }
}

#[test]
fn of_many_publishers_each_version_has_one() {
    let table = Table::new();
    let each = 5;
    std::thread::scope(|scope| {
        for n in 0..8 {
            let table = &table;
            scope.spawn(move || {
                let store = DurableLocal::new(&table.path()).expect("a store");
                let who = format!("writer {n}");
                for _ in 0..each {
                    loop {
                        let state = table.load().state;
                        match run(publish(&store, &state, &next(&state, &who))) {
                            Ok(_) => break,
                            Err(PublishError::Behind { entries }) => assert!(!entries.is_empty()),
                            Err(error) => panic!("{error}"),
                        }
                    }
                }
            });
        }
    });
    std::fs::remove_dir_all(table.cache()).expect("deleted");
    let state = table.load().state;
    assert_eq!((state.version, state.seq), (8 * each, 8 * each as i64));
    let names = std::fs::read_dir(table.path().join(LOG_DIR)).expect("a directory");
    let names: BTreeSet<_> = names.map(|entry| entry.expect("an entry").file_name()).collect();
    assert_eq!(names, (0..=8 * each).map(|version| log::entry_name(version).into()).collect());
}

/// What goes wrong in a put.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    /// Nothing is written, and an error returned.
    Refuse,
    /// All is written, and an error returned.
    LoseAnswer,
    /// Another writer comes first, and then an error is returned.
    LoseRace,
}

/// A store whose next puts fail.
#[derive(Debug)]
struct Faulty {
    inner: DurableLocal,
    fault: Fault,
    left: AtomicUsize,
    rival: Bytes,
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Faulty")
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(&self, at: &Path, payload: PutPayload, options: PutOptions) -> StoreResult<PutResult> {
        let counted = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if counted.is_err() {
            return self.inner.put_opts(at, payload, options).await;
        }
        match self.fault {
            Fault::Refuse => {}
            Fault::LoseAnswer => drop(self.inner.put_opts(at, payload, options).await?),
            Fault::LoseRace => drop(self.inner.put_opts(at, self.rival.clone().into(), options).await?),
        }
        Err(object_store::Error::Generic { store: "Faulty", source: "a fault".into() })
    }

    async fn put_multipart_opts(
        &self,
        at: &Path,
        options: PutMultipartOptions,
    ) -> StoreResult<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(at, options).await
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> StoreResult<GetResult> {
        self.inner.get_opts(at, options).await
    }

    fn delete_stream(
        &self,
        at: BoxStream<'static, StoreResult<Path>>,
    ) -> BoxStream<'static, StoreResult<Path>> {
        self.inner.delete_stream(at)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, StoreResult<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> StoreResult<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> StoreResult<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

fn faulty(table: &Table, state: &TableState, fault: Fault, times: usize) -> Faulty {
    let rival = log::encode(&next(state, "bob"), Some(state.digest)).bytes;
    let inner = DurableLocal::new(&table.path()).expect("a store");
    Faulty { inner, fault, left: AtomicUsize::new(times), rival }
}

#[test]
fn a_lost_answer_is_a_success_once_it_is_durable() {
    let table = Table::new();
    let state = table.load().state;
    let store = faulty(&table, &state, Fault::LoseAnswer, 1);
    let published = run(publish(&store, &state, &next(&state, "ada"))).expect("published");
    assert_eq!(table.load().state.digest, published.digest);
    assert_eq!(crate::state::newest_version(&table.path()).expect("a log"), Some(1));

    let state = table.load().state;
    let store = faulty(&table, &state, Fault::LoseAnswer, 2);
    let error = run(publish(&store, &state, &next(&state, "ada"))).expect_err("not confirmed");
    assert!(matches!(error, PublishError::NotDurable { version: 2, .. }), "{error}");
}

#[test]
fn a_refused_put_publishes_nothing() {
    let table = Table::new();
    let state = table.load().state;
    let store = faulty(&table, &state, Fault::Refuse, 1);
    let error = run(publish(&store, &state, &next(&state, "ada"))).expect_err("refused");
    assert!(matches!(error, PublishError::Put { version: 1, .. }), "{error}");
    assert_eq!(table.load().state, state);
}

#[test]
fn a_rival_behind_an_error_is_seen() {
    let table = Table::new();
    let state = table.load().state;
    let store = faulty(&table, &state, Fault::LoseRace, 1);
    let error = run(publish(&store, &state, &next(&state, "ada"))).expect_err("behind");
    assert!(matches!(error, PublishError::Behind { entries } if entries[0].info.user == "bob"));
}

#[test]
fn damage_and_strangers_stop_it() {
    let table = Table::new();
    let state = table.load().state;
    let store = DurableLocal::new(&table.path()).expect("a store");
    std::fs::write(entry_path(&table.path(), 1), "").expect("written");
    let error = run(publish(&store, &state, &next(&state, "ada"))).expect_err("damaged");
    assert!(matches!(error, PublishError::Entry(LogError::Damaged { version: 1, why: Damage::Empty })));
    let entry = r#"{"commitInfo":{"operation":"WRITE"}}"#;
    std::fs::write(entry_path(&table.path(), 1), entry).expect("written");
    let error = run(publish(&store, &state, &next(&state, "ada"))).expect_err("foreign");
    assert!(matches!(error, PublishError::Entry(LogError::Foreign { version: 1, .. })));
}
