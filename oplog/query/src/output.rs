//! Answers as files: delimited text, JSON, Parquet, Arrow.

mod columns;
mod format;
mod options;
mod sink;
mod writer;

use std::io::Write;

use futures::StreamExt as _;

use crate::answer::Answer;
use crate::error::QueryError;

pub use format::Format;
pub use options::{Compression, Options};

use columns::Columns;
use sink::Sink;
use writer::Writer;

/// Writes the rows of an answer, batch by batch: of Parquet one row group is in memory, of the other formats one batch. Returns how many
/// rows there were. Whoever drops the future ends the query.
///
/// Columns that a format cannot hold are written as text: lists, structures and maps in delimited files, intervals in Parquet. In all formats
/// but delimited ones the second column of a name gets `_1` behind it, and so on.
///
/// # Errors
/// Those of the query, and [`QueryError::Output`] with what the system said if the sink fails. What was written until then is no whole
/// file.
pub async fn write(
    mut answer: Answer,
    format: Format,
    options: &Options,
    sink: impl Write + Send,
) -> Result<u64, QueryError> {
    let columns = Columns::new(&answer.schema(), format);
    let mut sink = Sink::new(sink);
    let written = write_to(&mut answer, &columns, format, options, &mut sink).await;
    match (written, sink.into_error()) {
        (_, Some(error)) => Err(QueryError::Output(error)),
        (written, None) => written,
    }
}

async fn write_to<W: Write + Send>(
    answer: &mut Answer,
    columns: &Columns,
    format: Format,
    options: &Options,
    sink: &mut Sink<W>,
) -> Result<u64, QueryError> {
    let mut writer = Writer::new(&columns.schema, format, options, sink)?;
    let mut rows = 0;
    while let Some(batch) = answer.next().await {
        let batch = columns.of(&batch?)?;
        rows += batch.num_rows() as u64;
        writer.write(&batch)?;
    }
    writer.finish()?;
    Ok(rows)
}
