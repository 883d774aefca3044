//! Rows of an answer as cells of a table.

use arrow::array::{Array as _, RecordBatch};
use arrow::datatypes::{DataType, Schema};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use pond_objects::escape;

use crate::ui::color::Role;
use crate::ui::grid::Column;
use crate::ui::table::{Align, Cell};

/// The columns of a table with these fields: numbers stand on the right.
pub(crate) fn columns(schema: &Schema) -> Vec<Column> {
    let column = |name: &str, data_type: &DataType| Column {
        name: escape::plain(name.as_bytes()).into_owned(),
        align: if is_number(data_type) { Align::Right } else { Align::Left },
    };
    schema.fields().iter().map(|field| column(field.name(), field.data_type())).collect()
}

pub(crate) fn is_number(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_number(values),
        other => other.is_numeric(),
    }
}

/// Gives the cells of each row.
///
/// # Errors
/// Those of `each`, and of values that cannot be written.
pub(crate) fn each_row<E: From<ArrowError>>(
    batch: &RecordBatch,
    mut each: impl FnMut(Vec<Cell>) -> Result<(), E>,
) -> Result<(), E> {
    let options = FormatOptions::default().with_null("null");
    let formatters: Result<Vec<_>, _> =
        batch.columns().iter().map(|array| ArrayFormatter::try_new(array, &options)).collect();
    let formatters = formatters?;
    for row in 0..batch.num_rows() {
        let cell = |(array, formatter): (&arrow::array::ArrayRef, &ArrayFormatter<'_>)| {
            if array.is_null(row) {
                return Ok(Cell::new("null").role(Role::Dim));
            }
            let text = formatter.value(row).try_to_string()?;
            Ok(Cell::new(escape::prose(text.as_bytes())))
        };
        let cells: Result<Vec<Cell>, ArrowError> =
            batch.columns().iter().zip(&formatters).map(cell).collect();
        each(cells?)?;
    }
    Ok(())
}
