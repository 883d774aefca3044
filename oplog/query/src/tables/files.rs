//! The files, links and empty directories of one version.

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, Int64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use pond_objects::{ObjectId, PathEntry, tree};

use crate::error::QueryError;
use crate::history::OwnedHistory;
use crate::objects::{Found, walk_below};
use crate::readable;
use crate::rows::{Rows, Wanted};

#[derive(Debug)]
pub(crate) struct Files {
    history: Arc<OwnedHistory>,
    /// `None`: nothing is committed.
    tree: Option<ObjectId>,
    schema: SchemaRef,
}

impl Files {
    pub(crate) fn new(history: Arc<OwnedHistory>, tree: Option<ObjectId>) -> Self {
        let schema = Schema::new(vec![
            readable::text("path", false),
            Field::new("size", DataType::Int64, false),
            Field::new("mode", DataType::Int32, false),
            readable::text("kind", false),
            readable::text("id", false),
        ]);
        Self { history, tree, schema: Arc::new(schema) }
    }
}

impl Rows for Files {
    type Row = PathEntry;

    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn narrowing(&self) -> &'static [&'static str] {
        &["path"]
    }

    fn each(
        &self,
        wanted: &Wanted,
        give: &mut dyn FnMut(PathEntry) -> ControlFlow<()>,
    ) -> Result<(), QueryError> {
        let Some(root) = &self.tree else { return Ok(()) };
        let store = self.history.store();
        // An escaped byte may stand for one that is not UTF-8: such a path is found by a look at all.
        let named =
            wanted.conditions.texts("path").filter(|paths| paths.iter().all(|path| !path.contains('\\')));
        if let Some(paths) = named {
            for path in paths.iter().filter(|path| !path.is_empty()) {
                let found = tree::find(store, root, path.as_bytes())?;
                let shown = found.filter(|entry| entry.kind.is_blob() || entry.id == tree::empty_tree());
                if shown.is_some_and(|entry| give(entry).is_break()) {
                    break;
                }
            }
            return Ok(());
        }
        let prefix = wanted.conditions.prefix("path");
        walk_below(store, root, prefix.as_bytes(), &mut |found| match found {
            Found::Entry(entry) => give(entry),
            Found::Directory(_) => ControlFlow::Continue(()),
        })
    }

    fn column(name: &str, rows: &[PathEntry]) -> ArrayRef {
        match name {
            "path" => readable::texts(rows.iter().map(|row| readable::path(&row.path))),
            "size" => Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.size as i64))),
            "mode" => Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| row.kind.mode() as i32))),
            "kind" => readable::texts(rows.iter().map(|row| readable::kind(row.kind))),
            _ => readable::ids(rows.iter().map(|row| &row.id)),
        }
    }
}
