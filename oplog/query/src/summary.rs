//! `SUMMARIZE`: what the columns of a query hold, one row for each.

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use datafusion::common::Column;
use datafusion::dataframe::DataFrame;
use datafusion::error::Result as SqlResult;
use datafusion::functions_aggregate::expr_fn::{
    approx_distinct, approx_percentile_cont, avg, count, max, min, stddev,
};
use datafusion::logical_expr::{Expr, cast as cast_expr, lit};

/// The columns of a summary that are texts.
const TEXTS: [&str; 7] = ["min", "max", "avg", "std", "q25", "q50", "q75"];

/// The columns of a summary.
pub(crate) fn schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let mut fields = vec![text("column_name"), text("column_type"), text("min"), text("max")];
    fields.push(Field::new("approx_unique", DataType::Int64, true));
    fields.extend(["avg", "std", "q25", "q50", "q75"].map(text));
    fields.push(Field::new("count", DataType::Int64, true));
    fields.push(Field::new("null_percentage", DataType::Float64, true));
    Arc::new(Schema::new(fields))
}

/// What is computed of a column under a name; `None` where its type has no such thing.
fn computed(name: &str, column: &Expr, data_type: &DataType) -> Option<Expr> {
    let is_number = data_type.is_numeric();
    let quantile = |at: f64| {
        is_number.then(|| {
            approx_percentile_cont(
                cast_expr(column.clone(), DataType::Float64).sort(true, false),
                lit(at),
                None,
            )
        })
    };
    let text = |expr: Expr| cast_expr(expr, DataType::Utf8);
    Some(match name {
        "count" => count(column.clone()),
        _ if data_type.is_nested() || data_type.is_null() => return None,
        "min" => text(min(column.clone())),
        "max" => text(max(column.clone())),
        "approx_unique" => cast_expr(approx_distinct(text(column.clone())), DataType::Int64),
        "avg" if is_number => text(avg(column.clone())),
        "std" if is_number => text(stddev(column.clone())),
        "q25" => text(quantile(0.25)?),
        "q50" => text(quantile(0.5)?),
        "q75" => text(quantile(0.75)?),
        _ => return None,
    })
}

/// The summary of the rows of a query, which is run once.
pub(crate) async fn of(rows: DataFrame) -> SqlResult<RecordBatch> {
    let columns: Vec<(String, DataType)> = {
        let fields = rows.schema().fields().iter();
        fields.map(|field| (field.name().clone(), field.data_type().clone())).collect()
    };
    let parts: Vec<&str> = TEXTS.into_iter().chain(["approx_unique", "count"]).collect();
    let mut wanted = vec![count(lit(1_i64)).alias("rows")];
    for (at, (name, data_type)) in columns.iter().enumerate() {
        let column = Expr::Column(Column::new_unqualified(name.clone()));
        let computed = parts.iter().filter_map(|part| Some((part, computed(part, &column, data_type)?)));
        wanted.extend(computed.map(|(part, expr)| expr.alias(format!("{part} {at}"))));
    }
    let rows = rows.aggregate(Vec::new(), wanted)?;
    let columns_found = rows.schema().inner().clone();
    let found = arrow::compute::concat_batches(&columns_found, &rows.collect().await?)?;
    let value = |part: &str, at: usize| found.column_by_name(&format!("{part} {at}"));
    let number = |array: &ArrayRef| -> SqlResult<Option<i64>> {
        let array = cast(array, &DataType::Int64)?;
        Ok(array.is_valid(0).then(|| array.as_primitive::<Int64Type>().value(0)))
    };
    let total = found.column_by_name("rows").map(number).transpose()?.flatten().unwrap_or_default();
    let texts = |part: &str| -> SqlResult<ArrayRef> {
        let text = |at: usize| -> SqlResult<Option<String>> {
            let Some(array) = value(part, at) else { return Ok(None) };
            let array = cast(array, &DataType::Utf8)?;
            Ok(array.is_valid(0).then(|| array.as_string::<i32>().value(0).to_owned()))
        };
        Ok(Arc::new((0..columns.len()).map(text).collect::<SqlResult<StringArray>>()?))
    };
    let numbers = |part: &str| -> SqlResult<Int64Array> {
        let numbers = (0..columns.len()).map(|at| Ok(value(part, at).map(number).transpose()?.flatten()));
        numbers.collect::<SqlResult<Int64Array>>()
    };
    let counts = numbers("count")?;
    let share = |count: Option<i64>| Some(100.0 * (total - count?) as f64 / total.max(1) as f64);
    let nulls: Float64Array = counts.iter().map(share).collect();
    let arrays: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(columns.iter().map(|(name, _)| name))),
        Arc::new(StringArray::from_iter_values(columns.iter().map(|(_, data_type)| data_type.to_string()))),
        texts("min")?,
        texts("max")?,
        Arc::new(numbers("approx_unique")?),
        texts("avg")?,
        texts("std")?,
        texts("q25")?,
        texts("q50")?,
        texts("q75")?,
        Arc::new(counts),
        Arc::new(nulls),
    ];
    Ok(RecordBatch::try_new(schema(), arrays)?)
}
