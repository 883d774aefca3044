//! One state of a pond, opened for queries, and the threads that work on them.
//!
//! A query runs on threads of its own and hands over its rows batch by batch. The command's own thread waits for them, and
//! looks now and then whether it was asked to stop: a query that computes for long is left behind.

use std::io::{self, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::task::{self, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::StreamExt as _;
use pond_query::output::{self, Format};
use pond_query::{Answer, Options, QueryContext, QueryError, Reads, Reply};
use pond_workspace::{Purpose, Workspace, open};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::{Failure, memory, state};
use crate::context::Context;
use crate::error::{CommandError, fatal};
use crate::interrupt;
use crate::ui::progress::{Progress, Unit};

/// How often the command looks whether it was asked to stop.
const LOOK: Duration = Duration::from_millis(50);
/// Batches, or pieces of text, that wait to be taken.
const WAITING: usize = 2;
/// Bytes of stack of each thread: plans of long statements are deep.
const STACK: usize = 8 << 20;
/// Bytes of a piece of text.
const PIECE: usize = 64 << 10;

/// What queries may use.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Means {
    /// Whether they read the index, which takes time to open in a large mirror.
    pub(crate) index: bool,
    /// Bytes of memory; `None` for the usual.
    pub(crate) max_memory: Option<usize>,
    /// Threads; `None` for the usual.
    pub(crate) threads: Option<usize>,
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
        Self::of(&open(ctx.session()?, purpose)?, means)
    }

    /// Queries of what is open.
    pub(crate) fn of(workspace: &Workspace<'_>, means: Means) -> Result<Self, CommandError> {
        let options = Options {
            max_memory: means.max_memory.unwrap_or_else(memory::usual),
            threads: means.threads.map_or_else(|| workspace.threads(), Ok)?,
            temporary: None,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(options.threads)
            .thread_stack_size(STACK)
            .enable_all()
            .build()
            .map_err(|error| fatal("cannot start the threads of a query").because(&error))?;
        let entered = runtime.enter();
        let context = QueryContext::new(state::history(workspace, means.index)?, &options)
            .map_err(|error| Failure::Query(error).told())?;
        drop(entered);
        Ok(Self { runtime: Some(runtime), context: Arc::new(context) })
    }

    /// Begins a query.
    pub(crate) fn query(&self, ctx: &Context) -> Query<'_> {
        interrupt::install();
        Query {
            asker: self,
            progress: Some(ctx.ui.progress("reading", Unit::Bytes)),
            counted: bytes_of(&self.reads()),
            planning: Duration::ZERO,
        }
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

/// A query under way.
pub(crate) struct Query<'a> {
    asker: &'a Asker,
    progress: Option<Progress>,
    counted: u64,
    planning: Duration,
}

impl<'a> Query<'a> {
    /// Plans a statement and begins it.
    pub(crate) fn plan(&mut self, text: &str, parameters: &[(String, String)]) -> Result<Reply, Failure> {
        let began = Instant::now();
        let (context, text, parameters) = (self.asker.context.clone(), text.to_owned(), parameters.to_vec());
        let task = Task(self.asker.runtime().spawn(async move { context.sql(&text, &parameters).await }));
        let reply = self.end(task);
        self.planning = began.elapsed();
        reply
    }

    /// How long planning took.
    pub(crate) fn planning(&self) -> Duration {
        self.planning
    }

    /// The rows of an answer.
    pub(crate) fn rows(self, mut answer: Answer) -> Rows<'a> {
        let (send, receive) = mpsc::channel(WAITING);
        let schema = answer.schema();
        let task = self.asker.runtime().spawn(async move {
            while let Some(batch) = answer.next().await {
                let is_last = batch.is_err();
                // Nobody waits any more, which ends the query.
                if send.send(batch).await.is_err() || is_last {
                    break;
                }
            }
            Ok(())
        });
        Rows { query: self, task: Task(task), receive, schema }
    }

    /// Writes an answer to a sink, and gives the number of rows.
    pub(crate) fn write(
        mut self,
        answer: Answer,
        format: Format,
        options: &output::Options,
        sink: impl Write + Send + 'static,
    ) -> Result<u64, Failure> {
        let options = options.clone();
        let work = async move { output::write(answer, format, &options, sink).await };
        let task = Task(self.asker.runtime().spawn(work));
        self.end(task)
    }

    /// The same to a sink of this thread.
    pub(crate) fn print(
        mut self,
        answer: Answer,
        format: Format,
        out: &mut dyn Write,
    ) -> Result<u64, Failure> {
        let (send, receive): (_, Receiver<Vec<u8>>) = sync_channel(WAITING);
        let work = async move {
            let mut pipe = Pipe { send, piece: Vec::new() };
            let rows = output::write(answer, format, &output::Options::default(), &mut pipe).await?;
            pipe.flush().map_err(QueryError::Output)?;
            Ok(rows)
        };
        let task = Task(self.asker.runtime().spawn(work));
        loop {
            let piece = receive.recv_timeout(LOOK);
            self.look()?;
            match piece {
                Ok(piece) => {
                    self.progress = None;
                    out.write_all(&piece).map_err(Failure::Write)?;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.end(task),
            }
        }
    }

    /// Waits for the end of some work.
    fn end<T>(&mut self, mut task: Task<T>) -> Result<T, Failure> {
        loop {
            let found = for_a_while(|context| Pin::new(&mut task.0).poll(context));
            self.look()?;
            if let Some(found) = found {
                // Who panicked has said so.
                return Ok(found.map_err(|_| Failure::Ended)??);
            }
        }
    }

    /// Looks whether to stop, and shows how far it is.
    fn look(&mut self) -> Result<(), Failure> {
        if interrupt::interrupted() {
            return Err(Failure::Interrupted);
        }
        if let Some(progress) = &self.progress {
            let read = bytes_of(&self.asker.reads());
            progress.add(read - self.counted);
            self.counted = read;
        }
        Ok(())
    }
}

/// Work on the other threads, which ends with this.
struct Task<T>(JoinHandle<Result<T, QueryError>>);

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The rows of an answer, as they come.
pub(crate) struct Rows<'a> {
    query: Query<'a>,
    task: Task<()>,
    receive: mpsc::Receiver<Result<RecordBatch, QueryError>>,
    schema: SchemaRef,
}

impl Rows<'_> {
    /// The columns.
    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Takes the progress off the terminal: from here on rows are printed to it.
    pub(crate) fn begin_printing(&mut self) {
        self.query.progress = None;
    }

    /// The next rows; `None` after the last.
    pub(crate) fn next(&mut self) -> Result<Option<RecordBatch>, Failure> {
        loop {
            let found = for_a_while(|context| self.receive.poll_recv(context));
            self.query.look()?;
            match found {
                None => {}
                Some(Some(batch)) => return Ok(Some(batch?)),
                Some(None) => {
                    let ended = self.query.asker.runtime().block_on(&mut self.task.0);
                    return ended.map_err(|_| Failure::Ended)?.map(|()| None).map_err(Failure::Query);
                }
            }
        }
    }
}

/// Waits for something, but not for long. The runtime's own clock is no help: it stands still while all threads compute.
fn for_a_while<T>(mut poll: impl FnMut(&mut task::Context<'_>) -> Poll<T>) -> Option<T> {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = task::Context::from_waker(&waker);
    if let Poll::Ready(found) = poll(&mut context) {
        return Some(found);
    }
    thread::park_timeout(LOOK);
    match poll(&mut context) {
        Poll::Ready(found) => Some(found),
        Poll::Pending => None,
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Hands text over to the thread that prints it.
struct Pipe {
    send: SyncSender<Vec<u8>>,
    piece: Vec<u8>,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE { self.flush().map(|()| bytes.len()) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        let piece = std::mem::take(&mut self.piece);
        self.send.send(piece).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

fn bytes_of(reads: &Reads) -> u64 {
    reads.chunk_bytes + reads.host_bytes + reads.pack_bytes
}
