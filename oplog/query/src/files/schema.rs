//! One set of columns for files that differ: the union by name.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use datafusion::logical_expr::type_coercion::binary::type_union_resolution;

/// The columns of all schemas in the order in which they come, each with a type that holds the values of all.
pub(super) fn union<'s>(schemas: impl IntoIterator<Item = &'s Schema>) -> Vec<FieldRef> {
    let mut columns: Vec<(String, Vec<DataType>)> = Vec::new();
    for field in schemas.into_iter().flat_map(Schema::fields) {
        match columns.iter_mut().find(|(name, _)| name == field.name()) {
            Some((_, types)) if types.contains(field.data_type()) => {}
            Some((_, types)) => types.push(field.data_type().clone()),
            None => columns.push((field.name().clone(), vec![field.data_type().clone()])),
        }
    }
    let field = |(name, types): (String, Vec<DataType>)| Arc::new(Field::new(name, common(&types), true));
    columns.into_iter().map(field).collect()
}

/// A type that holds the values of all: text where nothing else does.
fn common(types: &[DataType]) -> DataType {
    // A column without a value in the rows that were looked at says nothing.
    let known: Vec<DataType> = types.iter().filter(|known| **known != DataType::Null).cloned().collect();
    match known.as_slice() {
        [] => DataType::Utf8,
        [one] => one.clone(),
        // DataFusion would take a text for a number, as it does in comparisons.
        many if many.iter().any(DataType::is_string) && !many.iter().all(DataType::is_string) => {
            DataType::Utf8
        }
        many => type_union_resolution(many).unwrap_or(DataType::Utf8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_joined_by_name_and_types_widened() {
        let schema = |fields: &[(&str, DataType)]| {
            Schema::new(
                fields.iter().map(|(name, of)| Field::new(*name, of.clone(), true)).collect::<Vec<_>>(),
            )
        };
        let old = schema(&[("time", DataType::Int64), ("t", DataType::Int64), ("note", DataType::Null)]);
        let new = schema(&[("t", DataType::Float64), ("time", DataType::Utf8), ("site", DataType::Boolean)]);
        let union = union([&old, &new]);
        let found: Vec<_> = union.iter().map(|field| (field.name().as_str(), field.data_type())).collect();
        let expected = [
            ("time", &DataType::Utf8),
            ("t", &DataType::Float64),
            ("note", &DataType::Utf8),
            ("site", &DataType::Boolean),
        ];
        assert_eq!(found, expected);
    }
}
