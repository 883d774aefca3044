//! The answer to a query.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::execution::SendableRecordBatchStream;
use futures::Stream;

use crate::error::QueryError;

/// The rows of an answer, batch by batch. Nothing is computed before it is asked for; who drops it ends the query, its threads at the
/// next commit or part of a file that they look at. After an error there is nothing more.
pub struct Answer {
    /// `None` after a fault.
    stream: Option<SendableRecordBatchStream>,
    schema: SchemaRef,
    max_memory: usize,
}

impl Answer {
    /// The rows of a stream, which may hold as many bytes in memory.
    pub(crate) fn new(stream: SendableRecordBatchStream, max_memory: usize) -> Self {
        Self { schema: stream.schema(), stream: Some(stream), max_memory }
    }

    /// The columns.
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}

impl Stream for Answer {
    type Item = Result<RecordBatch, QueryError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let max_memory = self.max_memory;
        let Some(stream) = self.stream.as_mut() else { return Poll::Ready(None) };
        match catch_unwind(AssertUnwindSafe(|| stream.as_mut().poll_next(context))) {
            Ok(next) => {
                let error = |error| QueryError::from(error).with_limit(max_memory);
                next.map(|batch| batch.map(|batch| batch.map_err(error)))
            }
            Err(panic) => {
                self.stream = None;
                Poll::Ready(Some(Err(QueryError::of_panic(panic.as_ref()))))
            }
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("schema", &self.schema()).finish_non_exhaustive()
    }
}
