//! The columns of the oplog table: one list, from which the Delta schema, the Arrow schemas and the Parquet
//! schemas of both kinds of packs are made.
//!
//! `kind` is the partition column, so it is in no file. Data packs hold `type`, `id` and `content` only, and
//! there none of them is ever null: Delta readers read a file's missing columns as null, and a file's
//! required column as a nullable one.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use parquet::arrow::ArrowSchemaConverter;
use parquet::schema::types::{SchemaDescPtr, SchemaDescriptor};

/// A column's type, in the words of the Delta protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnType {
    String,
    Binary,
    Integer,
    Long,
    Timestamp,
}

impl ColumnType {
    const fn delta_name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Binary => "binary",
            Self::Integer => "integer",
            Self::Long => "long",
            Self::Timestamp => "timestamp",
        }
    }

    fn arrow_type(self) -> DataType {
        match self {
            Self::String => DataType::Utf8,
            Self::Binary => DataType::Binary,
            Self::Integer => DataType::Int32,
            Self::Long => DataType::Int64,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        }
    }
}

/// The name of the partition column.
pub const PARTITION_COLUMN: &str = "kind";

/// The columns of a meta pack, in order. Only `type` is never null.
pub(crate) const META_COLUMNS: [(&str, ColumnType); 15] = [
    ("type", ColumnType::String),
    ("id", ColumnType::Binary),
    ("seq", ColumnType::Long),
    ("timestamp", ColumnType::Timestamp),
    ("part_id", ColumnType::String),
    ("node_id", ColumnType::String),
    ("path", ColumnType::String),
    ("path_raw", ColumnType::Binary),
    ("old_path", ColumnType::String),
    ("change", ColumnType::String),
    ("mode", ColumnType::Integer),
    ("size", ColumnType::Long),
    ("mtime", ColumnType::Timestamp),
    ("old_id", ColumnType::Binary),
    ("content", ColumnType::Binary),
];

/// The columns of a data pack, in order.
pub(crate) const DATA_COLUMNS: [(&str, ColumnType); 3] =
    [("type", ColumnType::String), ("id", ColumnType::Binary), ("content", ColumnType::Binary)];

/// Which of the two partitions a pack belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PackKind {
    /// Chunks.
    Data,
    /// Everything else.
    Meta,
}

impl PackKind {
    /// The value of the partition column.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Meta => "meta",
        }
    }
}

/// The Arrow schema of data packs.
pub fn data_schema() -> Schema {
    Schema::new(DATA_COLUMNS.map(|(name, column)| Field::new(name, column.arrow_type(), false)).to_vec())
}

/// The Arrow schema of meta packs.
pub fn meta_schema() -> Schema {
    let field = |(name, column): (&str, ColumnType)| Field::new(name, column.arrow_type(), name != "type");
    Schema::new(META_COLUMNS.map(field).to_vec())
}

/// The table's schema as the Delta protocol writes it into `metaData.schemaString`.
pub fn delta_schema_string() -> String {
    let field = |name: &str, delta_type: &str, nullable: bool| {
        format!(r#"{{"name":"{name}","type":"{delta_type}","nullable":{nullable},"metadata":{{}}}}"#)
    };
    let mut fields = vec![field(PARTITION_COLUMN, "string", true)];
    for (name, column) in META_COLUMNS {
        fields.push(field(name, column.delta_name(), name != "type"));
    }
    format!(r#"{{"type":"struct","fields":[{}]}}"#, fields.join(","))
}

/// The Parquet schema of the packs of a kind.
pub(crate) fn parquet_schema(kind: PackKind) -> SchemaDescPtr {
    static DATA: LazyLock<SchemaDescPtr> = LazyLock::new(|| convert(&data_schema()));
    static META: LazyLock<SchemaDescPtr> = LazyLock::new(|| convert(&meta_schema()));
    match kind {
        PackKind::Data => DATA.clone(),
        PackKind::Meta => META.clone(),
    }
}

fn convert(schema: &Schema) -> SchemaDescPtr {
    let converter = ArrowSchemaConverter::new().schema_root("pond");
    let descriptor: SchemaDescriptor =
        converter.convert(schema).expect("BUG: every column type has a Parquet type");
    Arc::new(descriptor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delta_schema_names_every_column_once_with_the_partition_first() {
        let value: serde_json::Value = serde_json::from_str(&delta_schema_string()).expect("JSON");
        let fields = value["fields"].as_array().expect("fields");
        assert_eq!(fields.len(), 16);
        assert_eq!(fields[0]["name"], "kind");
        assert_eq!(fields[1]["nullable"], false);
        assert_eq!(fields[4]["type"], "timestamp");
    }

    #[test]
    fn parquet_columns_are_plain_byte_arrays_and_integers() {
        let meta = parquet_schema(PackKind::Meta);
        let types: Vec<String> = meta.columns().iter().map(|c| format!("{:?}", c.physical_type())).collect();
        assert_eq!(types[1], "BYTE_ARRAY");
        assert_eq!(types[3], "INT64");
        assert_eq!(types[10], "INT32");
        assert_eq!(parquet_schema(PackKind::Data).num_columns(), 3);
    }
}
