//! Puts an index on another base commit: what is staged stays, what it is compared with changes.

use std::iter::Peekable;

use pond_objects::{ObjectId, PathEntry, ReadError, path_order, tree};
use pond_oplog::Store;

use super::index::{Base, Header, Index, IndexBuilder, Row, Side};
use super::stat::now_ns;

/// The index with the same staged content on the commit with this tree; `None` is a commit without entries.
pub(crate) fn onto(
    index: &Index,
    store: &Store,
    tree: Option<&ObjectId>,
    header: Header,
) -> Result<IndexBuilder, ReadError> {
    let mut entries = Vec::new();
    if let Some(tree) = tree {
        tree::walk(store, tree, b"", &mut |entry| -> Result<(), ReadError> {
            entries.push(entry);
            Ok(())
        })?;
    }
    let mut builder = IndexBuilder::new(header, now_ns());
    let mut base = entries.into_iter().peekable();
    for entry in index.iter() {
        while let Some(gone) = next_before(&mut base, entry.path) {
            push_tombstone(&mut builder, &gone);
        }
        let side = base.next_if(|base| base.path == entry.path).as_ref().map(side_of);
        let row = entry.row;
        let rebased = match (row.staged, side) {
            (None, None) => continue,
            (None, Some(side)) => Row { base: Base::Other(side), ..row },
            (Some(_), None) => Row { base: Base::Nothing, ..row },
            (Some(staged), Some(side)) if staged == side => Row { base: Base::Same, node: None, ..row },
            (Some(_), Some(side)) => Row { base: Base::Other(side), ..row },
        };
        builder.push(entry.path, &rebased);
    }
    for gone in base {
        push_tombstone(&mut builder, &gone);
    }
    Ok(builder)
}

/// The index on a commit of exactly what is staged.
pub(crate) fn onto_itself(index: &Index, header: Header) -> IndexBuilder {
    let mut builder = IndexBuilder::new(header, now_ns());
    for entry in index.iter().filter(|entry| entry.row.staged.is_some()) {
        let base = if entry.row.intent { Base::Nothing } else { Base::Same };
        builder.push(entry.path, &Row { base, node: None, ..entry.row });
    }
    builder
}

/// A tree's entry as the index has it.
pub(crate) fn side_of(entry: &PathEntry) -> Side {
    Side { kind: entry.kind, id: entry.id, size: entry.size }
}

fn next_before(base: &mut Peekable<impl Iterator<Item = PathEntry>>, path: &[u8]) -> Option<PathEntry> {
    base.next_if(|entry| path_order(&entry.path, path).is_lt())
}

fn push_tombstone(builder: &mut IndexBuilder, gone: &PathEntry) {
    let row = Row::unchanged(side_of(gone), super::index::Seen::NEVER);
    if let Some(tombstone) = row.deleted() {
        builder.push(&gone.path, &tombstone);
    }
}
