//! The columns of an answer in a form that a format can hold.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::output::Format;

/// How columns are changed before they are written.
pub(super) struct Columns {
    /// The columns as they are written.
    pub(super) schema: SchemaRef,
    /// Which of them are made text.
    as_text: Vec<bool>,
}

impl Columns {
    pub(super) fn new(schema: &Schema, format: Format) -> Self {
        let is_delimited = matches!(format, Format::Csv | Format::Tsv);
        let mut names = HashSet::new();
        let mut as_text = Vec::with_capacity(schema.fields().len());
        let fields = schema.fields().iter().map(|field| {
            let is_text = match format {
                Format::Csv | Format::Tsv => field.data_type().is_nested(),
                Format::Parquet => matches!(field.data_type(), DataType::Interval(_)),
                Format::Json | Format::JsonLines | Format::Arrow => false,
            };
            as_text.push(is_text);
            let data_type = if is_text { DataType::Utf8 } else { field.data_type().clone() };
            let name = if is_delimited { field.name().clone() } else { unused(field.name(), &mut names) };
            Field::new(name, data_type, field.is_nullable())
        });
        let fields: Vec<Field> = fields.collect();
        Self { schema: Arc::new(Schema::new(fields)), as_text }
    }

    /// A batch with these columns.
    pub(super) fn of(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let columns = batch.columns().iter().zip(&self.as_text);
        let columns =
            columns.map(|(column, is_text)| if *is_text { text(column) } else { Ok(column.clone()) });
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(
            self.schema.clone(),
            columns.collect::<Result<Vec<_>, _>>()?,
            &options,
        )
    }
}

/// The name, with a number behind it if a column before has it.
fn unused(name: &str, names: &mut HashSet<String>) -> String {
    let numbered = (1..).map(|number| format!("{name}_{number}"));
    let mut candidates = std::iter::once(name.to_owned()).chain(numbered);
    let found =
        candidates.find(|candidate| !names.contains(candidate)).expect("BUG: there is always a next number");
    names.insert(found.clone());
    found
}

fn text(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(column.as_ref(), &options)?;
    let mut texts = StringBuilder::new();
    for row in 0..column.len() {
        texts.append_option(column.is_valid(row).then(|| formatter.value(row).to_string()));
    }
    Ok(Arc::new(texts.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_columns_have_one_name() {
        let fields = ["id", "id", "id_1", "id"].map(|name| Field::new(name, DataType::Int64, true));
        let columns = Columns::new(&Schema::new(fields.to_vec()), Format::Json);
        let names: Vec<_> = columns.schema.fields().iter().map(|field| field.name().as_str()).collect();
        assert_eq!(names, ["id", "id_1", "id_1_1", "id_2"]);
    }
}
