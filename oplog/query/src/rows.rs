//! Tables whose rows are made one by one: from commits, refs, operations, trees.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::{DataFusionError, Result as SqlResult};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use tokio::sync::mpsc::Sender;

use crate::error::QueryError;
use crate::filter::{Conditions, narrowing};
use crate::profile::Profile;

/// Rows of the first batch, so that a small limit is met soon, and of the largest.
const FIRST_BATCH: usize = 32;
const LARGEST_BATCH: usize = 8192;

/// What is wanted of a table.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// Conditions on columns that the table narrows by.
    pub(crate) conditions: Conditions,
    columns: Vec<String>,
    /// Where the rows go; `None` before it begins.
    sender: Option<Sender<SqlResult<RecordBatch>>>,
}

impl Wanted {
    /// Whether one of these columns is read.
    pub(crate) fn any_of(&self, names: &[&str]) -> bool {
        self.columns.iter().any(|column| names.contains(&column.as_str()))
    }

    /// Whether nobody waits for rows any more. A walk that may pass over many rows has to ask.
    pub(crate) fn is_over(&self) -> bool {
        self.sender.as_ref().is_some_and(Sender::is_closed)
    }
}

/// How the rows of one table are made.
pub(crate) trait Rows: fmt::Debug + Send + Sync + 'static {
    /// One row.
    type Row: Send;

    /// The columns.
    fn schema(&self) -> SchemaRef;

    /// The columns by whose conditions fewer rows are made.
    fn narrowing(&self) -> &'static [&'static str];

    /// Gives the rows, in the table's order, until `give` breaks off. Those that the conditions exclude may be left out, and what no
    /// wanted column shows may stay empty.
    fn each(
        &self,
        wanted: &Wanted,
        give: &mut dyn FnMut(Self::Row) -> ControlFlow<()>,
    ) -> Result<(), QueryError>;

    /// A column of rows.
    fn column(name: &str, rows: &[Self::Row]) -> ArrayRef;
}

/// A table of rows.
#[derive(Debug)]
pub(crate) struct RowTable<T> {
    rows: Arc<T>,
    profile: Arc<Profile>,
}

impl<T: Rows> RowTable<T> {
    pub(crate) fn new(rows: T, profile: Arc<Profile>) -> Self {
        Self { rows: Arc::new(rows), profile }
    }
}

#[async_trait]
impl<T: Rows> TableProvider for RowTable<T> {
    fn schema(&self) -> SchemaRef {
        self.rows.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> SqlResult<Vec<TableProviderFilterPushDown>> {
        Ok(narrowing(filters, |column| self.rows.narrowing().contains(&column)))
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> SqlResult<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(columns) => Arc::new(self.rows.schema().project(columns)?),
            None => self.rows.schema(),
        };
        let columns = schema.fields().iter().map(|field| field.name().clone()).collect();
        let wanted = Wanted { conditions: Conditions::new(filters), columns, sender: None };
        let part =
            Part { rows: self.rows.clone(), profile: self.profile.clone(), schema: schema.clone(), wanted };
        let exec = StreamingTableExec::try_new(schema, vec![Arc::new(part)], None, [], false, limit)?;
        Ok(Arc::new(exec))
    }
}

/// A scan.
#[derive(Debug)]
struct Part<T> {
    rows: Arc<T>,
    profile: Arc<Profile>,
    schema: SchemaRef,
    wanted: Wanted,
}

impl<T: Rows> PartitionStream for Part<T> {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStreamBuilder::new(self.schema.clone(), 2);
        let sender = builder.tx();
        let (rows, profile) = (self.rows.clone(), self.profile.clone());
        let schema = self.schema.clone();
        let wanted = Wanted { sender: Some(sender.clone()), ..self.wanted.clone() };
        builder.spawn_blocking(move || {
            let (mut ready, mut most) = (Vec::new(), FIRST_BATCH);
            let mut failed = None;
            // A receiver that is gone wants no more.
            let mut send = |ready: &mut Vec<T::Row>| {
                profile.rows(ready.len());
                match batch::<T>(&schema, ready) {
                    Ok(batch) => match sender.blocking_send(Ok(batch)) {
                        Ok(()) => ControlFlow::Continue(()),
                        Err(_) => ControlFlow::Break(()),
                    },
                    Err(error) => {
                        failed = Some(error);
                        ControlFlow::Break(())
                    }
                }
            };
            let done = rows.each(&wanted, &mut |row| {
                ready.push(row);
                if ready.len() < most {
                    return ControlFlow::Continue(());
                }
                most = LARGEST_BATCH.min(2 * most);
                let flow = send(&mut ready);
                ready.clear();
                flow
            });
            if !ready.is_empty() {
                let _ = send(&mut ready);
            }
            failed.map_or(Ok(()), Err)?;
            done.map_err(DataFusionError::from)
        });
        builder.build()
    }
}

fn batch<T: Rows>(schema: &Arc<Schema>, rows: &[T::Row]) -> SqlResult<RecordBatch> {
    let columns = schema.fields().iter().map(|field| T::column(field.name(), rows)).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    Ok(RecordBatch::try_new_with_options(schema.clone(), columns, &options)?)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    use arrow::datatypes::{DataType, Field};
    use futures::StreamExt as _;

    use super::*;

    /// Gives one batch, and then looks for rows for ever.
    #[derive(Debug)]
    struct Endless {
        ended: Mutex<SyncSender<()>>,
    }

    impl Rows for Endless {
        type Row = i64;

        fn schema(&self) -> SchemaRef {
            Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]))
        }

        fn narrowing(&self) -> &'static [&'static str] {
            &[]
        }

        fn each(
            &self,
            wanted: &Wanted,
            give: &mut dyn FnMut(i64) -> ControlFlow<()>,
        ) -> Result<(), QueryError> {
            for row in 0..FIRST_BATCH as i64 {
                if give(row).is_break() {
                    break;
                }
            }
            while !wanted.is_over() {
                std::thread::yield_now();
            }
            let ended = self.ended.lock().expect("not poisoned");
            ended.send(()).expect("somebody waits");
            Ok(())
        }

        fn column(_: &str, rows: &[i64]) -> ArrayRef {
            Arc::new(arrow::array::Int64Array::from(rows.to_vec()))
        }
    }

    #[test]
    fn who_drops_an_answer_ends_the_walk() {
        let (ended, end): (_, Receiver<()>) = sync_channel(1);
        let rows = Arc::new(Endless { ended: Mutex::new(ended) });
        let wanted =
            Wanted { conditions: Conditions::default(), columns: vec!["n".to_owned()], sender: None };
        let part = Part { schema: rows.schema(), rows, profile: Arc::default(), wanted };
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let batch = runtime.block_on(async { part.execute(Arc::default()).next().await });
        assert_eq!(batch.expect("a batch").expect("rows").num_rows(), FIRST_BATCH);
        end.recv().expect("the walk ends");
    }
}
