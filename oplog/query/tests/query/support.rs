//! A pond with commits, and queries of it as text.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::TryStreamExt as _;
use jiff::tz::TimeZone;
use pond_objects::node::NodeTable;
use pond_objects::tree::TreeBuilder;
use pond_objects::{Commit, Kind, ObjectId, Page, Signature, Timestamp, path_order};
use pond_oplog::durable_local::DurableLocal;
use pond_oplog::ingest::Ingest;
use pond_oplog::init::{FirstOperation, publish};
use pond_oplog::transaction::{Doing, Transaction};
use pond_oplog::view::{Head, MAIN_MIRROR};
use pond_oplog::{ChangeKind, MetaRow, PackKind, Pond, ReadonlyPond, RowType, StagedPack};
use pond_query::{Answer, Options, OwnedHistory, QueryContext, QueryError, Reply};
use pond_refs::{Expected, RefEdit, RefName};

/// 2026-05-01T12:00:00Z.
const BEGINNING: i64 = 1_777_636_800;

pub(crate) struct TestPond {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) pond: Pond,
    pub(crate) commits: Vec<ObjectId>,
    files: BTreeMap<String, (ObjectId, u64)>,
}

/// The rows of an answer, one line each, and what was read for them.
pub(crate) struct Rows {
    pub(crate) names: Vec<String>,
    pub(crate) lines: Vec<String>,
}

fn doing(kind: &str, time: i64) -> Doing {
    Doing {
        kind: kind.to_owned(),
        user: "ada".to_owned(),
        host: "board".to_owned(),
        command: format!("pond {}", kind.to_lowercase()),
        time: time * 1_000_000,
        parameters: BTreeMap::new(),
    }
}

pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(2).build().expect("a runtime").block_on(future)
}

fn main_branch() -> RefName {
    RefName::branch("main").expect("a name")
}

impl TestPond {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let unborn = Pond::prepare(dir.path(), None).expect("prepared");
        let head = Head { branch: Some(main_branch()), commit: None };
        let first = FirstOperation { doing: doing("INIT", BEGINNING), head };
        let pond = publish(unborn, &first).expect("a pond");
        Self { dir, pond, commits: Vec::new(), files: BTreeMap::new() }
    }

    /// Commits contents of files on top of HEAD; `None` removes one.
    pub(crate) fn commit(&mut self, message: &str, changes: &[(&str, Option<&[u8]>)]) -> ObjectId {
        let staged = self.stage(changes);
        let base = ReadonlyPond::open(&self.pond, &staged).expect("a state");
        let time = BEGINNING + 60 * (self.commits.len() as i64 + 1);
        let mut transaction = Transaction::new(&self.pond, &base, doing("COMMIT", time));
        transaction.adopt(&staged);
        let tree = self.tree(|id, page| transaction.add_page(id, page));
        let parent = self.commits.last().copied();
        let when = Timestamp { seconds: time, offset_minutes: 120 };
        let who = |name: &str| Signature { name: name.into(), email: format!("{name}@example.org"), when };
        let commit = Commit {
            tree,
            parents: parent.into_iter().collect(),
            author: who("ada"),
            committer: who("bob"),
            nodes: None,
            extra: Vec::new(),
            message: format!("{message}\n\nMore of it.\n").into(),
        };
        let id = transaction.add_commit(&commit);
        transaction.add_changes(&id, self.change_rows(changes, time));
        let (name, new) = (main_branch(), Some(id));
        transaction.edit_ref(RefEdit { name: name.clone(), expected: Expected::Any, new });
        transaction.set_head(MAIN_MIRROR, Head { branch: Some(name), commit: new });
        let table = DurableLocal::new(&self.pond.table_dir()).expect("a table");
        run(transaction.publish(&table)).expect("published");
        self.commits.push(id);
        id
    }

    fn stage(&mut self, changes: &[(&str, Option<&[u8]>)]) -> Vec<StagedPack> {
        let base = ReadonlyPond::open(&self.pond, &[]).expect("a state");
        let staging = self.pond.staging_dir();
        let ingest = Ingest::new(base.store(), &staging).expect("an ingest");
        let contents: Vec<(&str, &[u8])> =
            changes.iter().filter_map(|(path, content)| Some((*path, (*content)?))).collect();
        let stored = ingest.run(vec![contents], 1, |reader, contents| {
            let store = |(path, content): (&str, &[u8])| {
                let stored = reader.store(content).expect("stored");
                (path.to_owned(), (stored.id, stored.size))
            };
            contents.into_iter().map(store).collect::<Vec<_>>()
        });
        let stored = stored.expect("ingested").into_iter().flatten();
        let stored: Vec<_> = stored.collect();
        let packs = ingest.finish().expect("packs");
        for (path, _) in changes {
            self.files.remove(*path);
        }
        self.files.extend(stored);
        let pack = |digest: Option<ObjectId>, kind| digest.map(|digest| StagedPack { digest, kind });
        [pack(packs.data, PackKind::Data), pack(packs.meta, PackKind::Meta)].into_iter().flatten().collect()
    }

    fn tree(&self, mut add: impl FnMut(ObjectId, &Page)) -> ObjectId {
        let mut files: Vec<_> = self.files.iter().collect();
        files.sort_by(|a, b| path_order(a.0.as_bytes(), b.0.as_bytes()));
        let mut builder = TreeBuilder::new(|id, page: &Page| -> Result<(), std::convert::Infallible> {
            add(id, page);
            Ok(())
        });
        for (path, (id, size)) in files {
            builder.push(path.as_str().into(), Kind::File, *id, *size).expect("pushed");
        }
        builder.finish().expect("a tree").id
    }

    fn change_rows(&self, changes: &[(&str, Option<&[u8]>)], time: i64) -> Vec<MetaRow> {
        let nodes = NodeTable::default();
        let row = |(path, content): &(&str, Option<&[u8]>)| MetaRow {
            id: self.files.get(*path).map(|(id, _)| *id),
            part_id: Some(nodes.part(path.as_bytes())),
            node_id: Some(nodes.node(path.as_bytes())),
            path: Some((*path).to_owned()),
            path_raw: Some(path.as_bytes().to_vec()),
            change: Some(if content.is_some() { ChangeKind::Modified } else { ChangeKind::Deleted }),
            mode: Some(Kind::File.mode() as i32),
            size: content.map(|content| content.len() as i64),
            mtime: content.is_some().then_some(time * 1_000_000),
            ..MetaRow::new(RowType::Change)
        };
        changes.iter().map(row).collect()
    }

    /// The state as it is now, for queries.
    pub(crate) fn history(&self) -> OwnedHistory {
        let snapshot = ReadonlyPond::open(&self.pond, &[]).expect("a state");
        let head = snapshot.view().head(MAIN_MIRROR).expect("a head");
        OwnedHistory {
            pond: self.pond.clone(),
            snapshot: Arc::new(snapshot),
            head,
            mirror_root: self.dir.path().to_owned(),
            directory: Default::default(),
            staged: None,
            now: Arc::new(|| jiff::Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC)),
        }
    }

    pub(crate) fn context(&self) -> QueryContext {
        context(self.history())
    }

    pub(crate) fn query(&self, sql: &str) -> Rows {
        ask(&self.context(), sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"))
    }

    /// The lines of an answer.
    pub(crate) fn lines(&self, sql: &str) -> Vec<String> {
        self.query(sql).lines
    }

    pub(crate) fn error(&self, sql: &str) -> QueryError {
        match ask(&self.context(), sql) {
            Ok(rows) => panic!("{sql}: {:?}", rows.lines),
            Err(error) => error,
        }
    }
}

pub(crate) fn context(history: OwnedHistory) -> QueryContext {
    let options = Options { max_memory: 64 << 20, threads: 2, temporary: None };
    QueryContext::new(history, &options).expect("a context")
}

/// The rows that a context answers.
pub(crate) fn ask(context: &QueryContext, sql: &str) -> Result<Rows, QueryError> {
    run(async {
        let answer = rows(context.sql(sql, &[]).await?);
        read(answer).await
    })
}

/// The answer of a statement that asks for rows.
pub(crate) fn rows(reply: Reply) -> Answer {
    match reply {
        Reply::Rows(answer) => answer,
        Reply::Copy(copy) => panic!("{copy:?}"),
    }
}

/// All rows of an answer.
pub(crate) async fn read(answer: Answer) -> Result<Rows, QueryError> {
    let names = answer.schema().fields().iter().map(|field| field.name().clone()).collect();
    let batches: Vec<_> = answer.try_collect().await?;
    let mut lines = Vec::new();
    for batch in batches {
        let options = FormatOptions::default().with_null("-");
        let columns = batch.columns().iter();
        let columns: Vec<_> = columns
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options).expect("a formatter"))
            .collect();
        lines.extend((0..batch.num_rows()).map(|row| {
            let values: Vec<String> = columns.iter().map(|column| column.value(row).to_string()).collect();
            values.join("|")
        }));
    }
    Ok(Rows { names, lines })
}

/// What a query reads.
pub(crate) fn reads(context: &QueryContext, sql: &str) -> pond_query::Reads {
    let before = context.profile().reads();
    ask(context, sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let after = context.profile().reads();
    pond_query::Reads {
        chunks: after.chunks - before.chunks,
        chunk_bytes: after.chunk_bytes - before.chunk_bytes,
        host_bytes: after.host_bytes - before.host_bytes,
        pack_bytes: after.pack_bytes - before.pack_bytes,
        packs: after.packs,
        rows: after.rows - before.rows,
    }
}
