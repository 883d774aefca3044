//! The files, links and empty directories of one version.

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, Int64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use pond_objects::node::NodeTable;
use pond_objects::{NodeId, ObjectId, ObjectSource as _, PathEntry, tree};

use crate::error::QueryError;
use crate::history::{OwnedHistory, Version};
use crate::objects::{Found, walk_below};
use crate::readable;
use crate::rows::{Rows, Wanted};

#[derive(Debug)]
pub(crate) struct Files {
    history: Arc<OwnedHistory>,
    /// `None`: nothing is committed.
    version: Option<Version>,
    schema: SchemaRef,
}

pub(crate) struct Row {
    entry: PathEntry,
    /// The node and its part, if they are wanted and known.
    node: Option<(NodeId, NodeId)>,
}

impl Files {
    pub(crate) fn new(history: Arc<OwnedHistory>, version: Option<Version>) -> Self {
        let schema = Schema::new(vec![
            readable::text("path", false),
            Field::new("size", DataType::Int64, false),
            Field::new("mode", DataType::Int32, false),
            readable::text("kind", false),
            readable::text("id", false),
            readable::text("node", true),
            readable::text("part", true),
        ]);
        Self { history, version, schema: Arc::new(schema) }
    }

    /// Gives what a tree has at paths that fit the conditions.
    fn entries(
        &self,
        root: &ObjectId,
        wanted: &Wanted,
        give: &mut dyn FnMut(PathEntry) -> ControlFlow<()>,
    ) -> Result<(), QueryError> {
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
}

impl Rows for Files {
    type Row = Row;

    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn narrowing(&self) -> &'static [&'static str] {
        &["path"]
    }

    fn each(&self, wanted: &Wanted, give: &mut dyn FnMut(Row) -> ControlFlow<()>) -> Result<(), QueryError> {
        let Some(version) = &self.version else { return Ok(()) };
        let commit = version.commit.filter(|_| wanted.any_of(&["node", "part"]));
        let nodes = commit.map(|id| {
            let commit = self.history.store().commit(&id)?;
            NodeTable::load(self.history.store(), commit.nodes.as_ref())
        });
        let nodes = nodes.transpose()?;
        self.entries(&version.tree, wanted, &mut |entry| {
            let node = nodes.as_ref().map(|nodes| (nodes.node(&entry.path), nodes.part(&entry.path)));
            give(Row { entry, node })
        })
    }

    fn column(name: &str, rows: &[Row]) -> ArrayRef {
        let entries = || rows.iter().map(|row| &row.entry);
        match name {
            "path" => readable::texts(entries().map(|entry| readable::path(&entry.path))),
            "size" => Arc::new(Int64Array::from_iter_values(entries().map(|entry| entry.size as i64))),
            "mode" => Arc::new(Int32Array::from_iter_values(entries().map(|entry| entry.kind.mode() as i32))),
            "kind" => readable::texts(entries().map(|entry| readable::kind(entry.kind))),
            "node" => readable::some_texts(rows.iter().map(|row| row.node.map(|(node, _)| node.to_string()))),
            "part" => readable::some_texts(rows.iter().map(|row| row.node.map(|(_, part)| part.to_string()))),
            _ => readable::ids(entries().map(|entry| &entry.id)),
        }
    }
}
