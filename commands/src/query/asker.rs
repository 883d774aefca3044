//! One state of a pond, opened for queries, and the threads that work on them.
//!
//! A query runs on threads of its own and hands over its rows batch by batch. The command's own thread waits for them, and
//! looks now and then whether it was asked to stop: a query that computes for long is left behind.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::StreamExt as _;
use pond_mirror::index::Index;
use pond_objects::{PathEntry, Side};
use pond_query::{Options, OwnedHistory, QueryContext, QueryError, Reads, Staged};
use pond_workspace::{Purpose, Workspace, open};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{Failure, memory};
use crate::context::Context;
use crate::error::{CommandError, fatal};
use crate::interrupt;
use crate::time;
use crate::ui::progress::{Progress, Unit};

/// How often the command looks whether it was asked to stop.
const LOOK: Duration = Duration::from_millis(50);
/// Batches that wait to be taken.
const WAITING: usize = 2;

/// What queries may use.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Means {
    /// Whether they read the index, which takes time to open in a large mirror.
    pub(crate) index: bool,
    /// Bytes of memory; `None` for the usual.
    pub(crate) max_memory: Option<usize>,
}

/// Answers queries about one state of the pond.
pub(crate) struct Asker {
    /// `None` only while this is dropped.
    runtime: Option<Runtime>,
    context: Arc<QueryContext>,
}

impl Asker {
    /// Opens the pond as it is now.
    pub(crate) fn open(ctx: &Context, means: Means) -> Result<Self, CommandError> {
        let purpose = if means.index { Purpose::LookAtHistory } else { Purpose::LookAtTable };
        let workspace = open(ctx.session()?, purpose)?;
        let options = Options {
            max_memory: means.max_memory.unwrap_or_else(memory::usual),
            threads: workspace.threads()?,
            temporary: None,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(options.threads)
            .enable_all()
            .build()
            .map_err(|error| fatal("cannot start the threads of a query").because(&error))?;
        let entered = runtime.enter();
        let context = QueryContext::new(history(&workspace, means.index)?, &options)
            .map_err(|error| Failure::Query(error).told(""))?;
        drop(entered);
        Ok(Self { runtime: Some(runtime), context: Arc::new(context) })
    }

    /// Plans a query and begins it.
    pub(crate) fn ask(&self, ctx: &Context, text: &str) -> Result<Rows<'_>, Failure> {
        interrupt::install();
        let began = Instant::now();
        let (send, receive) = mpsc::channel(WAITING);
        let work = work(self.context.clone(), text.to_owned(), send);
        let mut rows = Rows {
            task: self.runtime().spawn(work),
            receive,
            schema: Arc::new(arrow::datatypes::Schema::empty()),
            asker: self,
            progress: Some(ctx.ui.progress("reading", Unit::Bytes)),
            counted: bytes_of(&self.reads()),
            planning: Duration::ZERO,
        };
        match rows.wait()? {
            Some(Part::Columns(schema)) => rows.schema = schema,
            _ => return Err(Failure::Ended),
        }
        rows.planning = began.elapsed();
        Ok(rows)
    }

    /// What was read so far.
    pub(crate) fn reads(&self) -> Reads {
        self.context.profile().reads()
    }

    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("BUG: the threads are there as long as this is")
    }
}

impl Drop for Asker {
    /// Waits for no query that was left behind.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What a query hands over.
enum Part {
    Columns(SchemaRef),
    Rows(RecordBatch),
}

async fn work(context: Arc<QueryContext>, text: String, send: mpsc::Sender<Result<Part, QueryError>>) {
    let mut answer = match context.sql(&text).await {
        Ok(answer) => answer,
        // Of all sends: nobody waits any more, which ends the query.
        Err(error) => return send.send(Err(error)).await.unwrap_or_default(),
    };
    if send.send(Ok(Part::Columns(answer.schema()))).await.is_err() {
        return;
    }
    while let Some(batch) = answer.next().await {
        let is_last = batch.is_err();
        if send.send(batch.map(Part::Rows)).await.is_err() || is_last {
            return;
        }
    }
}

/// The rows of an answer, as they come. The query ends with it.
pub(crate) struct Rows<'a> {
    task: JoinHandle<()>,
    receive: mpsc::Receiver<Result<Part, QueryError>>,
    schema: SchemaRef,
    asker: &'a Asker,
    progress: Option<Progress>,
    counted: u64,
    planning: Duration,
}

impl Rows<'_> {
    /// The columns.
    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// How long it took until the query began to run.
    pub(crate) fn planning(&self) -> Duration {
        self.planning
    }

    /// Takes the progress off the terminal: from here on rows are printed to it.
    pub(crate) fn begin_printing(&mut self) {
        self.progress = None;
    }

    /// The next rows; `None` after the last.
    pub(crate) fn next(&mut self) -> Result<Option<RecordBatch>, Failure> {
        match self.wait()? {
            None => Ok(None),
            Some(Part::Rows(batch)) => Ok(Some(batch)),
            Some(Part::Columns(_)) => Err(Failure::Ended),
        }
    }

    fn wait(&mut self) -> Result<Option<Part>, Failure> {
        loop {
            let waiting = async { timeout(LOOK, self.receive.recv()).await };
            let found = self.asker.runtime().block_on(waiting);
            if interrupt::interrupted() {
                return Err(Failure::Interrupted);
            }
            if let Some(progress) = &self.progress {
                let read = bytes_of(&self.asker.reads());
                progress.add(read - self.counted);
                self.counted = read;
            }
            match found {
                Err(_) => {}
                Ok(None) if self.has_panicked() => return Err(Failure::Ended),
                Ok(None) => return Ok(None),
                Ok(Some(part)) => return Ok(Some(part?)),
            }
        }
    }

    /// Whether the query ended without having said so. To be asked when nothing more comes.
    fn has_panicked(&mut self) -> bool {
        self.asker.runtime().block_on(&mut self.task).is_err()
    }
}

impl Drop for Rows<'_> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn bytes_of(reads: &Reads) -> u64 {
    reads.chunk_bytes + reads.host_bytes + reads.pack_bytes
}

/// The state that was opened, to be shared by threads.
fn history(workspace: &Workspace<'_>, index: bool) -> Result<OwnedHistory, CommandError> {
    let pond = workspace.pond().clone();
    let state = workspace.snapshot().state().clone();
    let snapshot = workspace.snapshot().moved_to(&pond, state, &workspace.staged()?);
    Ok(OwnedHistory {
        snapshot: Arc::new(snapshot),
        head: workspace.head().clone(),
        mirror_root: pond.mirror_root().to_owned(),
        directory: workspace.cwd()?,
        staged: index.then(|| staged(workspace)),
        now: Arc::new(time::checked_now),
        pond,
    })
}

/// The index, listed when a query asks for it. One that cannot be read is an error of that query only.
fn staged(workspace: &Workspace<'_>) -> Staged {
    let index: Result<Index, String> =
        workspace.need_index().cloned().map_err(|error| CommandError::from(error).one_line());
    Arc::new(move || {
        let entry =
            |path: &bstr::BStr, Side { kind, id, size }| PathEntry { path: path.into(), kind, id, size };
        let index = index.as_ref().map_err(Clone::clone)?;
        Ok(index.iter().filter_map(|row| Some(entry(row.path, row.row.staged?))).collect())
    })
}
