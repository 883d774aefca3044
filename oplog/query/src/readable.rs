//! Values as tables show them.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, TimeUnit};
use pond_objects::{Kind, ObjectId};

/// A path: bytes that are not UTF-8 as `\xNN`, as in the column `path` of the pond's own table.
pub(crate) fn path(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    for chunk in path.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

/// The word for what an entry of a tree is.
pub(crate) const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::File => "file",
        Kind::Executable => "executable",
        Kind::Symlink => "symlink",
        Kind::Directory => "directory",
        Kind::Ref => "ref",
    }
}

/// The type of all times: microseconds, UTC.
pub(crate) fn time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// A column of text.
pub(crate) fn text(name: &str, nullable: bool) -> Field {
    Field::new(name, DataType::Utf8, nullable)
}

/// A column of times.
pub(crate) fn time(name: &str, nullable: bool) -> Field {
    Field::new(name, time_type(), nullable)
}

/// Texts as a column.
pub(crate) fn texts<T: AsRef<str>>(values: impl Iterator<Item = T>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

/// Texts as a column that may lack some.
pub(crate) fn some_texts<T: AsRef<str>>(values: impl Iterator<Item = Option<T>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

/// Ids as a column.
pub(crate) fn ids<'a>(values: impl Iterator<Item = &'a ObjectId>) -> ArrayRef {
    texts(values.map(ObjectId::to_hex))
}

/// Times in microseconds since 1970 as a column.
pub(crate) fn times(values: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from_iter_values(values).with_timezone("UTC"))
}
