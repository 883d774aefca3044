//! `pond summarize`: what is in a table, column by column.

use std::ffi::OsString;
use std::io::Write as _;
use std::slice;

use arrow::array::{Array as _, AsArray as _};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use pond_objects::escape;

use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::query::tables::{collect, count, open_in_order, print_rows, quoted, schema};
use crate::query::{Asker, Failure};
use crate::text::size::{counted, span_words};

/// Summarize the columns of a table in a file of any version
///
/// Of each column: its type, smallest and largest value, how many values differ (about), mean, deviation and quartiles of numbers, how many
/// values there are, and the share of nulls. Of columns with times also the span, and the longest gap between neighbours.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Files may be CSV, TSV, JSON, JSON lines, Parquet and Arrow; the end of the name says which. A pattern joins files. With --json
the columns are objects, without spans and gaps.

Examples:
  pond summarize stations/weir.csv
  pond summarize 'HEAD~3:stations/*.csv'
  pond sql \"SUMMARIZE SELECT level FROM 'stations/weir.csv' WHERE level > 1\"

Exit codes: 0; 128 for what is no table; 129.")]
pub(crate) struct SummarizeArgs {
    /// PATH is the file in the mirror, REV:PATH a version of it, :PATH what is staged
    #[arg(value_name = "REV:PATH")]
    file: OsString,
}

pub(crate) fn run(ctx: &Context, args: SummarizeArgs) -> Result<Outcome, CommandError> {
    let name = quoted(&args.file)?;
    let asker = open_in_order(ctx, slice::from_ref(&args.file))?;
    summarize(ctx, &asker, &name).map_err(Failure::told)?;
    Ok(Outcome::Done)
}

fn summarize(ctx: &Context, asker: &Asker, name: &str) -> Result<(), Failure> {
    let summary = format!("SUMMARIZE {name}");
    print_rows(ctx, asker, &summary)?;
    if ctx.ui.is_json() {
        return Ok(());
    }
    let mut out = ctx.ui.out();
    writeln!(out, "\n{}", counted(count(ctx, asker, name)?, "row"))?;
    for column in times(ctx, asker, name)? {
        let Some(Span { whole, gap }) = span(ctx, asker, name, &column)? else { continue };
        write!(out, "{} spans {}", escape::plain(column.as_bytes()), span_words(whole))?;
        match gap {
            Some(Gap { seconds, from, to }) => {
                writeln!(out, "; its longest gap is {}, from {from} to {to}", span_words(seconds))?;
            }
            None => writeln!(out)?,
        }
    }
    Ok(())
}

/// The names of columns that hold times.
fn times(ctx: &Context, asker: &Asker, name: &str) -> Result<Vec<String>, Failure> {
    let schema = schema(ctx, asker, name)?;
    let is_time =
        |kind: &DataType| matches!(kind, DataType::Timestamp(..) | DataType::Date32 | DataType::Date64);
    let fields = schema.fields().iter().filter(|field| is_time(field.data_type()));
    Ok(fields.map(|field| field.name().clone()).collect())
}

/// The time that a column spans.
struct Span {
    /// In seconds.
    whole: f64,
    /// The longest time between two neighbours, and these.
    gap: Option<Gap>,
}

struct Gap {
    seconds: f64,
    from: String,
    to: String,
}

/// What a column of times spans; `None` if it has no value.
fn span(ctx: &Context, asker: &Asker, name: &str, column: &str) -> Result<Option<Span>, Failure> {
    let column = format!("\"{}\"", column.replace('"', "\"\""));
    let ends =
        format!("SELECT date_part('epoch', max({column})) - date_part('epoch', min({column})) FROM {name}");
    let Some([whole, ..]) = first_row(ctx, asker, &ends)? else { return Ok(None) };
    let gaps = format!(
        "SELECT date_part('epoch', now) - date_part('epoch', before) AS gap, before, now \
         FROM (SELECT {column} AS now, lag({column}) OVER (ORDER BY {column}) AS before FROM {name} WHERE {column} IS NOT NULL) \
         WHERE before IS NOT NULL ORDER BY gap DESC, before LIMIT 1"
    );
    let gap =
        first_row(ctx, asker, &gaps)?.map(|[seconds, from, to]| Gap { seconds: number(&seconds), from, to });
    Ok(Some(Span { whole: number(&whole), gap }))
}

fn number(text: &str) -> f64 {
    text.parse().unwrap_or_default()
}

/// The first three values of an answer's first row as texts; missing ones are empty. `None` if there is no row, or the first value is null.
fn first_row(ctx: &Context, asker: &Asker, text: &str) -> Result<Option<[String; 3]>, Failure> {
    let batches = collect(ctx, asker, text)?;
    let Some(batch) = batches.iter().find(|batch| batch.num_rows() > 0) else { return Ok(None) };
    let mut row = [const { String::new() }; 3];
    for (value, column) in row.iter_mut().zip(batch.columns()) {
        let column = cast(column, &DataType::Utf8)?;
        if column.is_valid(0) {
            *value = column.as_string::<i32>().value(0).to_owned();
        }
    }
    Ok(Some(row).filter(|row| !row[0].is_empty()))
}
