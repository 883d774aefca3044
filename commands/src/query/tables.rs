//! Files as tables, for commands that take the names of files.

use std::ffi::{OsStr, OsString};

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::{Int64Type, SchemaRef};
use pond_objects::escape;
use pond_query::output::Format;
use pond_query::{Answer, Reply};

use super::{Asker, Failure, Means, Query, print_table};
use crate::context::Context;
use crate::error::{CommandError, usage};

/// The file's name as SQL has it: in quotes.
///
/// # Errors
/// It is not UTF-8, as SQL is.
pub(crate) fn quoted(name: &OsStr) -> Result<String, CommandError> {
    let name = name.to_str().ok_or_else(|| {
        usage(format_args!(
            "'{}' is not UTF-8: it cannot be read as a table",
            escape::plain(name.as_encoded_bytes())
        ))
    })?;
    Ok(format!("'{}'", name.replace('\'', "''")))
}

/// Opens the pond for queries of these files. One thread answers them, so that rows come in the order of the file.
pub(crate) fn open_in_order(ctx: &Context, names: &[OsString]) -> Result<Asker, CommandError> {
    let index = names.iter().any(|name| name.as_encoded_bytes().starts_with(b":"));
    Asker::open(ctx, Means { index, threads: Some(1), ..Means::default() })
}

/// Begins a statement that selects.
fn select<'a>(ctx: &Context, asker: &'a Asker, text: &str) -> Result<(Query<'a>, Answer), Failure> {
    let mut query = asker.query(ctx);
    match query.plan(text, &[])? {
        Reply::Rows(answer) => Ok((query, answer)),
        Reply::Copy(_) => unreachable!("BUG: the statement selects"),
    }
}

/// Prints the rows of a statement: a table that fits the terminal, all of it in a pipe; with --json an array of objects.
pub(crate) fn print_rows(ctx: &Context, asker: &Asker, text: &str) -> Result<(), Failure> {
    let (query, answer) = select(ctx, asker, text)?;
    match ctx.ui.is_json() {
        true => query.print(answer, Format::Json, &mut ctx.ui.out())?,
        false => print_table(&ctx.ui, query.rows(answer), false)?,
    };
    Ok(())
}

/// All rows of a statement that has few.
pub(crate) fn collect(ctx: &Context, asker: &Asker, text: &str) -> Result<Vec<RecordBatch>, Failure> {
    let (query, answer) = select(ctx, asker, text)?;
    let (mut rows, mut batches) = (query.rows(answer), Vec::new());
    while let Some(batch) = rows.next()? {
        batches.push(batch);
    }
    Ok(batches)
}

/// How many rows a table has.
pub(crate) fn count(ctx: &Context, asker: &Asker, name: &str) -> Result<u64, Failure> {
    let batches = collect(ctx, asker, &format!("SELECT count(*) FROM {name}"))?;
    let counts = batches.iter().filter_map(|batch| batch.column(0).as_primitive_opt::<Int64Type>());
    let count = counts.filter(|counts| !counts.is_empty()).map(|counts| counts.value(0)).next();
    Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
}

/// The columns of a table.
pub(crate) fn schema(ctx: &Context, asker: &Asker, name: &str) -> Result<SchemaRef, Failure> {
    select(ctx, asker, &format!("SELECT * FROM {name} LIMIT 0")).map(|(_, answer)| answer.schema())
}
