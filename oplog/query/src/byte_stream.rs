//! Arrow IPC streams that stand in records, as one table of the rows in them.

use std::fmt;
use std::io::Cursor;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, RecordBatch, RecordBatchOptions, StringArray, new_null_array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::ipc;
use arrow::ipc::reader::StreamReader;
use async_trait::async_trait;
use bytes::Bytes;
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::{DataFusionError, Result as SqlResult};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};

use crate::error::QueryError;

/// The bytes of one record.
#[derive(Debug, Clone)]
pub struct NamedStream {
    /// What an error calls the record, and what the first column of its rows says.
    pub record: String,
    /// An Arrow IPC stream.
    pub bytes: Bytes,
}

/// The records whose streams make a table.
pub trait ByteStreams: fmt::Debug + Send + Sync + 'static {
    /// Gives one record after the other until `give` breaks off. Called from a thread that may wait, once for each scan.
    ///
    /// # Errors
    /// Those of reading records.
    fn each(&self, give: &mut dyn FnMut(NamedStream) -> ControlFlow<()>) -> Result<(), QueryError>;
}

/// A table of the rows in Arrow IPC streams. One stream is in memory at a time.
///
/// The first column, `record`, says which record a row is from; the others are those of the schema, found by name. A column that a
/// stream lacks is null if it may be, one that the schema lacks is passed over. A stream that is damaged, cut off, compressed or of
/// other types ends the query with [`QueryError::Stream`], which names the record.
#[derive(Debug)]
pub struct ByteStreamTable {
    schema: SchemaRef,
    streams: Arc<dyn ByteStreams>,
}

impl ByteStreamTable {
    /// The table of streams with these columns.
    pub fn new(columns: &Schema, streams: Arc<dyn ByteStreams>) -> Self {
        let record = Arc::new(Field::new("record", DataType::Utf8, false));
        let fields: Vec<_> = std::iter::once(record).chain(columns.fields().iter().cloned()).collect();
        Self { schema: Arc::new(Schema::new(fields)), streams }
    }
}

#[async_trait]
impl TableProvider for ByteStreamTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> SqlResult<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(columns) => Arc::new(self.schema.project(columns)?),
            None => self.schema.clone(),
        };
        let part = Part { schema: schema.clone(), streams: self.streams.clone() };
        Ok(Arc::new(StreamingTableExec::try_new(schema, vec![Arc::new(part)], None, [], false, limit)?))
    }
}

#[derive(Debug)]
struct Part {
    schema: SchemaRef,
    streams: Arc<dyn ByteStreams>,
}

impl PartitionStream for Part {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStreamBuilder::new(self.schema.clone(), 2);
        let (sender, schema, streams) = (builder.tx(), self.schema.clone(), self.streams.clone());
        builder.spawn_blocking(move || {
            let mut failed = None;
            streams.each(&mut |stream| {
                let sent = decode(&stream, &schema, &mut |batch| match sender.blocking_send(Ok(batch)) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                });
                sent.unwrap_or_else(|why| {
                    failed = Some(QueryError::Stream { record: stream.record, why });
                    ControlFlow::Break(())
                })
            })?;
            failed.map_or(Ok(()), |error| Err(DataFusionError::from(error)))
        });
        builder.build()
    }
}

/// Gives the batches of one stream with the columns of `schema`.
fn decode(
    stream: &NamedStream,
    schema: &SchemaRef,
    give: &mut dyn FnMut(RecordBatch) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, String> {
    check(&stream.bytes)?;
    // What is left that a hostile stream can do to Arrow's reader is to fail one of its assertions.
    let guarded = |work: &mut dyn FnMut() -> Result<Option<RecordBatch>, String>| {
        catch_unwind(AssertUnwindSafe(work))
            .unwrap_or_else(|_| Err("its parts contradict each other".to_owned()))
    };
    let mut reader = None;
    loop {
        let next = guarded(&mut || {
            if reader.is_none() {
                let opened = StreamReader::try_new(Cursor::new(&stream.bytes[..]), None);
                reader = Some(opened.map_err(|error| error.to_string())?);
            }
            let next = reader.as_mut().and_then(Iterator::next).transpose();
            let batch = next.map_err(|error| error.to_string())?;
            batch.map(|batch| columns_of(&batch, &stream.record, schema)).transpose()
        })?;
        let Some(batch) = next else { return Ok(ControlFlow::Continue(())) };
        if give(batch).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
}

fn columns_of(batch: &RecordBatch, record: &str, schema: &SchemaRef) -> Result<RecordBatch, String> {
    let rows = batch.num_rows();
    let column = |field: &Arc<Field>| -> Result<ArrayRef, String> {
        if field.name() == "record" {
            return Ok(Arc::new(StringArray::from_iter_values(std::iter::repeat_n(record, rows))));
        }
        match batch.column_by_name(field.name()) {
            Some(column) if column.data_type() == field.data_type() => Ok(column.clone()),
            Some(column) => Err(format!(
                "its column '{}' is {}, not {}",
                field.name(),
                column.data_type(),
                field.data_type()
            )),
            None if field.is_nullable() => Ok(new_null_array(field.data_type(), rows)),
            None => Err(format!("it has no column '{}'", field.name())),
        }
    };
    let columns = schema.fields().iter().map(column).collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema.clone(), columns, &options).map_err(|error| error.to_string())
}

/// Checks the frame of each message, so that no length in a stream makes Arrow take more memory than the stream has bytes.
fn check(mut stream: &[u8]) -> Result<(), String> {
    let cut = || "it is cut off".to_owned();
    loop {
        let (mut length, mut rest) = stream.split_first_chunk::<4>().ok_or_else(cut)?;
        if *length == [0xff; 4] {
            (length, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        }
        let length = u32::from_le_bytes(*length) as usize;
        if length == 0 {
            return if rest.is_empty() { Ok(()) } else { Err("something stands behind its end".to_owned()) };
        }
        let (metadata, rest) = rest.split_at_checked(length).ok_or_else(cut)?;
        let message = ipc::root_as_message(metadata).map_err(|error| error.to_string())?;
        if let Some(batch) = message.header_as_record_batch() {
            check_batch(batch, message.bodyLength())?;
        } else if message.header_as_schema().is_none() {
            return Err("it has a message that is neither a schema nor a batch".to_owned());
        }
        let body =
            usize::try_from(message.bodyLength()).ok().filter(|body| *body <= rest.len()).ok_or_else(cut)?;
        stream = &rest[body..];
    }
}

fn check_batch(batch: ipc::RecordBatch<'_>, body: i64) -> Result<(), String> {
    if batch.compression().is_some() {
        return Err("it is compressed".to_owned());
    }
    let is_inside = |buffer: &ipc::Buffer| {
        buffer.offset() >= 0
            && buffer.length() >= 0
            && buffer.offset().checked_add(buffer.length()).is_some_and(|end| end <= body)
    };
    if !batch.buffers().into_iter().flatten().all(is_inside) {
        return Err("a buffer lies beyond its bytes".to_owned());
    }
    // A bit of validity is the least that a row takes; a batch of null columns has none.
    let most = body.saturating_mul(8).max(1 << 20);
    let fits = |rows: i64| (0..=most).contains(&rows);
    if fits(batch.length()) && batch.nodes().into_iter().flatten().all(|node| fits(node.length())) {
        Ok(())
    } else {
        Err("it has more rows than bytes".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, UInt64Array};
    use arrow::ipc::writer::StreamWriter;

    use super::*;

    fn stream(column: ArrayRef, name: &str) -> Vec<u8> {
        let schema = Arc::new(Schema::new(vec![Field::new(name, column.data_type().clone(), true)]));
        let batch = RecordBatch::try_new(schema.clone(), vec![column]).expect("a batch");
        let mut bytes = Vec::new();
        let mut writer = StreamWriter::try_new(&mut bytes, &schema).expect("a writer");
        writer.write(&batch).and_then(|()| writer.finish()).expect("written");
        bytes
    }

    fn rows(bytes: &[u8], nullable: bool) -> Result<usize, String> {
        let fields =
            vec![Field::new("record", DataType::Utf8, false), Field::new("n", DataType::Int64, nullable)];
        let stream = NamedStream { record: "page x".to_owned(), bytes: Bytes::copy_from_slice(bytes) };
        let mut rows = 0;
        let whole = decode(&stream, &Arc::new(Schema::new(fields)), &mut |batch| {
            rows += batch.num_rows();
            ControlFlow::Continue(())
        });
        whole.map(|_| rows)
    }

    #[test]
    fn whole_streams_give_their_rows_and_others_an_error() {
        let good = stream(Arc::new(Int64Array::from(vec![1, 2, 3])), "n");
        assert_eq!(rows(&good, true), Ok(3));
        for end in 0..good.len() {
            assert!(rows(&good[..end], true).is_err(), "cut at {end}");
        }
        let foreign = stream(Arc::new(UInt64Array::from(vec![1])), "n");
        assert_eq!(rows(&foreign, true), Err("its column 'n' is UInt64, not Int64".to_owned()));
        let other = stream(Arc::new(Int64Array::from(vec![1])), "m");
        assert_eq!(rows(&other, true), Ok(1));
        assert_eq!(rows(&other, false), Err("it has no column 'n'".to_owned()));
        assert!(rows(b"PAR1 and so on", true).is_err());
    }

    #[test]
    fn no_changed_byte_breaks_more_than_its_stream() {
        let good = stream(Arc::new(Int64Array::from(vec![1, 2, 3])), "n");
        for at in 0..good.len() {
            for bit in [1, 0x80] {
                let mut bad = good.clone();
                bad[at] ^= bit;
                // It may still be a stream: of other values.
                let _ = rows(&bad, true);
            }
        }
    }
}
