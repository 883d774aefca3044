//! Every node of HEAD: files, links and directories with the ids that they keep through renames.

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{Schema, SchemaRef};
use pond_objects::node::NodeTable;
use pond_objects::{NodeId, ObjectSource as _, PathEntry};

use crate::error::QueryError;
use crate::history::OwnedHistory;
use crate::objects::{Found, walk_below};
use crate::readable;
use crate::rows::{Rows, Wanted};

#[derive(Debug)]
pub(crate) struct Nodes {
    history: Arc<OwnedHistory>,
    schema: SchemaRef,
}

pub(crate) struct Row {
    node: NodeId,
    part: NodeId,
    entry: PathEntry,
}

impl Nodes {
    pub(crate) fn new(history: Arc<OwnedHistory>) -> Self {
        let schema = Schema::new(
            ["node", "part", "path", "kind", "id"].map(|name| readable::text(name, false)).to_vec(),
        );
        Self { history, schema: Arc::new(schema) }
    }
}

impl Rows for Nodes {
    type Row = Row;

    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn narrowing(&self) -> &'static [&'static str] {
        &["path"]
    }

    fn each(&self, wanted: &Wanted, give: &mut dyn FnMut(Row) -> ControlFlow<()>) -> Result<(), QueryError> {
        let Some(head) = &self.history.head.commit else { return Ok(()) };
        let store = self.history.store();
        let commit = store.commit(head)?;
        let table = NodeTable::load(store, commit.nodes.as_ref())?;
        let paths = wanted.conditions.texts("path").filter(|paths| paths.len() == 1);
        let prefix = match paths.and_then(|paths| paths.into_iter().next()) {
            Some(path) if !path.contains('\\') => path,
            _ => wanted.conditions.prefix("path"),
        };
        walk_below(store, &commit.tree, prefix.as_bytes(), &mut |found| {
            let (Found::Entry(entry) | Found::Directory(entry)) = found;
            give(Row { node: table.node(&entry.path), part: table.part(&entry.path), entry })
        })
    }

    fn column(name: &str, rows: &[Row]) -> ArrayRef {
        match name {
            "node" => readable::texts(rows.iter().map(|row| row.node.to_string())),
            "part" => readable::texts(rows.iter().map(|row| row.part.to_string())),
            "path" => readable::texts(rows.iter().map(|row| readable::path(&row.entry.path))),
            "kind" => readable::texts(rows.iter().map(|row| readable::kind(row.entry.kind))),
            _ => readable::ids(rows.iter().map(|row| &row.entry.id)),
        }
    }
}
