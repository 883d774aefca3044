//! Every operation, the newest first.

use std::ops::{Bound, ControlFlow, RangeBounds as _};
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use pond_objects::ObjectId;
use pond_oplog::Operation;

use crate::error::QueryError;
use crate::history::OwnedHistory;
use crate::readable;
use crate::rows::{Rows, Wanted};

#[derive(Debug)]
pub(crate) struct Operations {
    history: Arc<OwnedHistory>,
    schema: SchemaRef,
}

pub(crate) struct Row {
    id: ObjectId,
    operation: Operation,
}

impl Operations {
    pub(crate) fn new(history: Arc<OwnedHistory>) -> Self {
        let schema = Schema::new(vec![
            Field::new("seq", DataType::Int64, false),
            readable::text("id", false),
            readable::text("parent", true),
            readable::text("kind", false),
            readable::time("time", false),
            readable::text("user", false),
            readable::text("host", false),
            readable::text("command", false),
            readable::text("view", false),
        ]);
        Self { history, schema: Arc::new(schema) }
    }
}

impl Rows for Operations {
    type Row = Row;

    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn narrowing(&self) -> &'static [&'static str] {
        &["seq"]
    }

    fn each(&self, wanted: &Wanted, give: &mut dyn FnMut(Row) -> ControlFlow<()>) -> Result<(), QueryError> {
        let range = wanted.conditions.range("seq");
        for found in self.history.snapshot.operations() {
            let (id, operation) = found?;
            if wanted.is_over() {
                break;
            }
            // Numbers only fall from here.
            if matches!(range.0, Bound::Included(least) if operation.seq < least) {
                break;
            }
            if range.contains(&operation.seq) && give(Row { id, operation }).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn column(name: &str, rows: &[Row]) -> ArrayRef {
        let all = || rows.iter().map(|row| &row.operation);
        match name {
            "seq" => Arc::new(Int64Array::from_iter_values(all().map(|operation| operation.seq))),
            "id" => readable::ids(rows.iter().map(|row| &row.id)),
            "parent" => readable::some_texts(all().map(|operation| operation.parent.map(|id| id.to_hex()))),
            "kind" => readable::texts(all().map(|operation| &operation.kind)),
            "time" => readable::times(all().map(|operation| operation.time)),
            "user" => readable::texts(all().map(|operation| &operation.user)),
            "host" => readable::texts(all().map(|operation| &operation.host)),
            "command" => readable::texts(all().map(|operation| &operation.command)),
            _ => readable::ids(all().map(|operation| &operation.view)),
        }
    }
}
