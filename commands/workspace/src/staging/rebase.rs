//! Puts an index on another base commit: what is staged stays, what it is compared with changes.

use std::collections::{BTreeMap, HashSet};
use std::iter::Peekable;
use std::path::PathBuf;

use bstr::BString;
use pond_mirror::index::{
    Base, Bases, EntryRef, Header, Index, IndexBuilder, Row, Seen, SortedUpdates, Update,
};
use pond_mirror::stat::now_ns;
use pond_objects::diff::diff_trees;
use pond_objects::{ObjectId, ObjectSource as _, PathEntry, ReadError, Side, path_order, tree};
use pond_oplog::Store;

/// The index with the same staged content on the commit with this tree; `None` is a commit without entries.
pub(crate) fn onto(
    index: &Index,
    store: &Store,
    tree: Option<&ObjectId>,
    header: Header,
) -> Result<IndexBuilder, ReadError> {
    let entries = tree::list(store, tree)?;
    let mut builder = IndexBuilder::new(header, now_ns());
    let mut base = entries.into_iter().peekable();
    for entry in index.iter() {
        while let Some(gone) = next_before(&mut base, entry.path) {
            push_tombstone(&mut builder, &gone);
        }
        let side = base.next_if(|base| base.path == entry.path).as_ref().map(Side::from);
        if let Some(rebased) = entry.row.on(side) {
            builder.push(entry.path, &rebased);
        }
    }
    for gone in base {
        push_tombstone(&mut builder, &gone);
    }
    Ok(builder)
}

/// The tree of the commit that an index is based on; `None` before the first.
pub(crate) fn base_tree(index: &Index, store: &Store) -> Result<Option<ObjectId>, ReadError> {
    Ok(index.header().base.map(|id| store.commit(&id)).transpose()?.map(|commit| commit.tree))
}

/// The index with `updates`, on the commit with this tree: the same as [`onto`] after them, for an index whose own base is
/// known. Only what differs between the two trees, or is updated, is looked at. `file` is where it is saved at once.
pub(crate) fn across(
    index: &Index,
    updates: BTreeMap<BString, Update>,
    store: &Store,
    tree: Option<&ObjectId>,
    header: Header,
    file: Option<PathBuf>,
) -> Result<IndexBuilder, ReadError> {
    let old = base_tree(index, store)?;
    // What an update says of the base is not taken for true.
    let mut sides: BTreeMap<BString, Option<Side>> =
        updates.keys().map(|path| (path.clone(), index.row(path).and_then(|row| row.base_side()))).collect();
    let changes = diff_trees(store, old.as_ref(), tree, &|_, _| true)?;
    sides.extend(changes.into_iter().map(|change| (change.path, change.new)));
    let updates = SortedUpdates::from(updates);
    Ok(index.edit_with(&updates, Bases::from(sides), header, now_ns(), file))
}

/// The index after HEAD moved to the commit with this tree and the command that moved it did not write the index: what was
/// staged stays, and what was as in the commit before is as in this one. Gives also how many paths are another
/// content now, of which the host may have either.
pub(crate) fn catch_up(
    index: &Index,
    store: &Store,
    tree: Option<&ObjectId>,
    header: Header,
) -> Result<(IndexBuilder, usize), ReadError> {
    let entries = tree::list(store, tree)?;
    let mut moved = 0;
    let mut updates = BTreeMap::new();
    for entry in &entries {
        let row = index.row(&entry.path);
        let side = Side::from(entry);
        if row.is_none_or(|row| row.base == Base::Same && row.staged != Some(side)) {
            moved += 1;
            updates.insert(entry.path.clone(), Update::Set(Row::unchanged(side, Seen::NEVER)));
        }
    }
    let kept: HashSet<&BString> = entries.iter().map(|entry| &entry.path).collect();
    for entry in index.iter().filter(|entry| entry.row.base == Base::Same) {
        let path = entry.path.to_owned();
        if !kept.contains(&path) {
            moved += 1;
            updates.insert(path, Update::Forget);
        }
    }
    let index = index.edit(updates, header.clone(), now_ns()).finish();
    Ok((onto(&index, store, tree, header)?, moved))
}

/// The index on a commit of exactly what is staged.
pub(crate) fn onto_itself(index: &Index, header: Header) -> IndexBuilder {
    let differs = |entry: &EntryRef<'_>| entry.row.committed() != Some(entry.row);
    let few = index.len() / 8;
    if index.iter().filter(differs).nth(few).is_none() {
        let update = |entry: EntryRef<'_>| {
            (entry.path.into(), entry.row.committed().map_or(Update::Forget, Update::Set))
        };
        return index.edit(index.iter().filter(differs).map(update).collect(), header, now_ns());
    }
    index.committed(header, now_ns())
}

fn next_before(base: &mut Peekable<impl Iterator<Item = PathEntry>>, path: &[u8]) -> Option<PathEntry> {
    base.next_if(|entry| path_order(&entry.path, path).is_lt())
}

fn push_tombstone(builder: &mut IndexBuilder, gone: &PathEntry) {
    let row = Row::unchanged(gone.into(), pond_mirror::index::Seen::NEVER);
    if let Some(tombstone) = row.deleted() {
        builder.push(&gone.path, &tombstone);
    }
}
