//! The next commit: the tree that the index stands for, and what changed against its base.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use bstr::{BStr, BString, ByteSlice};
use pond_mirror::index::{EntryRef, Index, Row, Seen, Update};
use pond_mirror::stat::now_ns;
use pond_objects::node::NodeTable;
use pond_objects::page::Page;
use pond_objects::path::above;
use pond_objects::rename::{RenameOptions, find_renames};
use pond_objects::tree::TreeBuilder;
use pond_objects::{Change, Kind, NodeId, ObjectId, Side, read_blob};
use pond_oplog::{ChangeKind, ChangeRows, MetaRow, RowType, Store};

/// Why there are no pages to add: building a tree in memory does not fail.
type Never = std::convert::Infallible;

/// The tree of what is staged; its pages go to `sink`.
pub(crate) fn build_tree(index: &Index, sink: &mut dyn FnMut(ObjectId, &Page)) -> ObjectId {
    let mut builder = TreeBuilder::new(|id, page: &Page| -> Result<(), Never> {
        sink(id, page);
        Ok(())
    });
    for entry in index.iter() {
        if let Some(side) = entry.row.staged.filter(|_| !entry.row.intent) {
            let Ok(()) = builder.push(entry.path, side.kind, side.id, side.size);
        }
    }
    let Ok(root) = builder.finish();
    root.id
}

/// The index with what is staged at the paths that are meant, and as its base commit elsewhere. A file or an empty directory
/// of that commit which cannot stand beside what is meant stays out, too.
pub(crate) fn staged_only(index: &Index, is_meant: &dyn Fn(&BStr, &Row) -> bool) -> Index {
    let meant = index.iter().filter(|entry| entry.row.staged.is_some() && is_meant(entry.path, &entry.row));
    let needed: HashSet<&[u8]> = meant.flat_map(|entry| above(entry.path)).collect();
    let mut updates = BTreeMap::new();
    for entry in index.iter().filter(|entry| entry.row.intent || entry.row.staged != entry.row.base_side()) {
        if is_meant(entry.path, &entry.row) || needed.contains(entry.path as &[u8]) {
            continue;
        }
        let update = match entry.row.base_side() {
            Some(side) => Update::Set(Row::unchanged(side, Seen::NEVER)),
            None => Update::Forget,
        };
        updates.insert(entry.path.to_owned(), update);
    }
    index.edit(updates, index.header().clone(), now_ns()).finish()
}

/// The changes from the base commit to what is staged, in path order, renames not found.
pub(crate) fn staged_changes(index: &Index) -> impl Iterator<Item = Change> + '_ {
    index.iter().filter_map(|entry| staged_change(&entry))
}

fn staged_change(entry: &EntryRef<'_>) -> Option<Change> {
    let (old, new) = (entry.row.base_side(), entry.row.staged);
    let differs = old != new && !entry.row.intent;
    differs.then(|| Change::at(entry.path.to_owned(), old, new))
}

/// The same with renames: those that `mv` recorded, then those found by content. Each is made when it is asked for: a first
/// commit of a million files has as many.
#[derive(Debug)]
pub struct StagedChanges<'a> {
    index: &'a Index,
    /// The renames, by the path that each led to.
    renamed: HashMap<BString, Change>,
    /// The paths that they came from.
    gone: HashSet<BString>,
}

impl<'a> StagedChanges<'a> {
    /// Those of an index. `base` has the nodes of the commit that it is based on.
    pub fn find(index: &'a Index, base: &NodeTable, store: &Store) -> Self {
        let mut found = Self { index, renamed: HashMap::new(), gone: HashSet::new() };
        let is_gone = |row: Row| row.staged.is_none() && row.base_side().is_some();
        // A rename is a deletion and an addition.
        if !(0..index.len()).any(|number| !index.is_live(number) && is_gone(index.entry(number).row)) {
            return found;
        }
        let one_sided = staged_changes(index).filter(|change| change.old.is_none() != change.new.is_none());
        let changes = join_recorded(one_sided.collect(), index, base);
        let content = &mut |_: &BStr, side: &Side| read_blob(store, &side.id).ok();
        for change in find_renames(changes, RenameOptions::default(), content) {
            if let Some(from) = &change.old_path {
                found.gone.insert(from.clone());
                found.renamed.insert(change.path.clone(), change);
            }
        }
        found
    }

    /// All of them, in path order.
    pub fn iter(&self) -> impl Iterator<Item = Change> + '_ {
        self.index.iter().filter_map(|entry| self.at(&entry))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// The change at a row.
    fn at(&self, entry: &EntryRef<'_>) -> Option<Change> {
        let change = staged_change(entry).filter(|change| !self.gone.contains(&change.path))?;
        Some(self.renamed.get(&change.path).cloned().unwrap_or(change))
    }
}

/// Joins an addition whose node id `mv` carried over with the deletion of that node.
fn join_recorded(changes: Vec<Change>, index: &Index, base: &NodeTable) -> Vec<Change> {
    let node_of = |change: &Change| index.row(&change.path).and_then(|row| row.node);
    let moved: HashMap<NodeId, BString> = changes
        .iter()
        .filter(|change| change.old.is_none())
        .filter_map(|change| Some((node_of(change)?, change.path.clone())))
        .collect();
    if moved.is_empty() {
        return changes;
    }
    let mut from = HashMap::new();
    for change in changes.iter().filter(|change| change.new.is_none()) {
        if let Some(to) = moved.get(&base.node(&change.path)) {
            from.insert(to.clone(), change.clone());
        }
    }
    let gone: HashSet<BString> = from.values().map(|change| change.path.clone()).collect();
    let mut joined: Vec<Change> = changes.into_iter().filter(|change| !gone.contains(&change.path)).collect();
    for change in &mut joined {
        if let Some(old) = from.remove(&change.path) {
            change.old = old.old;
            change.old_path = Some(old.path);
        }
    }
    joined
}

/// The node table of the next tree. `base` is that of the commit which the index is based on.
pub fn next_nodes(base: &NodeTable, changes: &StagedChanges<'_>) -> NodeTable {
    match changes.renamed.is_empty() && base.is_empty() {
        true => base.clone(),
        false => nodes_after(changes.index, base, &changes.iter().collect::<Vec<_>>()),
    }
}

/// The same where renames are not looked for.
pub(crate) fn next_nodes_without_renames(index: &Index, base: &NodeTable) -> NodeTable {
    next_nodes(base, &StagedChanges { index, renamed: HashMap::new(), gone: HashSet::new() })
}

fn nodes_after(index: &Index, base: &NodeTable, changes: &[Change]) -> NodeTable {
    let (mut old, mut new) = (HashSet::new(), HashSet::new());
    for entry in index.iter() {
        if entry.row.base_side().is_some() {
            add_with_parents(&mut old, entry.path);
        }
        if entry.row.staged.is_some() {
            add_with_parents(&mut new, entry.path);
        }
    }
    base.next(changes, &|path| old.contains(path), &|path| new.contains(path))
}

fn add_with_parents<'a>(paths: &mut HashSet<&'a [u8]>, path: &'a [u8]) {
    let mut end = path.len();
    while paths.insert(&path[..end]) {
        match path[..end].rfind_byte(b'/') {
            Some(slash) => end = slash,
            None => return,
        }
    }
}

/// The rows that record what is staged for any reader of the table.
pub(crate) struct StagedRows<'a> {
    /// The changes.
    changes: &'a StagedChanges<'a>,
    /// The rows of the index that have one.
    rows: Vec<u32>,
    old_nodes: &'a NodeTable,
    new_nodes: NodeTable,
    mtime: MtimeOf<'a>,
}

/// When the file of a row was last modified, in microseconds.
pub(crate) type MtimeOf<'a> = &'a dyn Fn(&EntryRef<'_>) -> Option<i64>;

impl<'a> StagedRows<'a> {
    /// The rows of these changes, which lead from one table of nodes to another.
    pub(crate) fn new(
        changes: &'a StagedChanges<'a>,
        old_nodes: &'a NodeTable,
        new_nodes: NodeTable,
        mtime: MtimeOf<'a>,
    ) -> Self {
        let number = |number| u32::try_from(number).expect("BUG: an index has less than 2^32 rows");
        let rows = changes.index.iter().zip(0..).filter(|(entry, _)| changes.at(entry).is_some());
        let rows = rows.map(|(_, at): (_, usize)| number(at)).collect();
        Self { changes, rows, old_nodes, new_nodes, mtime }
    }

    fn entry(&self, number: usize) -> EntryRef<'a> {
        self.changes.index.entry(self.rows[number] as usize)
    }
}

impl std::fmt::Debug for StagedRows<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} changes", self.rows.len())
    }
}

impl ChangeRows for StagedRows<'_> {
    fn count(&self) -> usize {
        self.rows.len()
    }

    fn paths(&self, number: usize) -> (Cow<'_, str>, Cow<'_, [u8]>) {
        let path: &'_ [u8] = self.changes.index.path(self.rows[number] as usize);
        let text = std::str::from_utf8(path).map_or_else(|_| readable(path).into(), Cow::from);
        (text, path.into())
    }

    fn row(&self, number: usize) -> MetaRow {
        let entry = self.entry(number);
        let change = self.changes.at(&entry).expect("BUG: the row was listed since it has a change");
        let mtime = change.new.and_then(|_| (self.mtime)(&entry));
        change_row(&change, self.old_nodes, &self.new_nodes, mtime)
    }
}

/// The same rows of changes that are in memory.
pub(crate) fn change_rows(
    changes: &[Change],
    old_nodes: &NodeTable,
    new_nodes: &NodeTable,
    mtimes: &HashMap<BString, i64>,
) -> Vec<MetaRow> {
    let mtime = |change: &Change| change.new.and_then(|_| mtimes.get(&change.path).copied());
    changes.iter().map(|change| change_row(change, old_nodes, new_nodes, mtime(change))).collect()
}

fn change_row(change: &Change, old_nodes: &NodeTable, new_nodes: &NodeTable, mtime: Option<i64>) -> MetaRow {
    let (node, part): (NodeId, NodeId) = match change.new {
        Some(_) => (new_nodes.node(&change.path), new_nodes.part(&change.path)),
        None => (old_nodes.node(&change.path), old_nodes.part(&change.path)),
    };
    let size = |side: Side| i64::try_from(side.size).unwrap_or(i64::MAX);
    let side = change.new.or(change.old);
    MetaRow {
        id: change.new.map(|side| side.id),
        old_id: change.old.map(|side| side.id),
        part_id: Some(part),
        node_id: Some(node),
        path: Some(readable(&change.path)),
        path_raw: Some(change.path.to_vec()),
        old_path: change.old_path.as_ref().map(|path| readable(path)),
        change: Some(change_kind(change)),
        mode: side.and_then(|side| i32::try_from(side.kind.mode()).ok()),
        size: side.map(size),
        mtime,
        ..MetaRow::new(RowType::Change)
    }
}

fn change_kind(change: &Change) -> ChangeKind {
    match (&change.old, &change.new) {
        _ if change.old_path.is_some() => ChangeKind::Renamed,
        (None, _) => ChangeKind::Added,
        (_, None) => ChangeKind::Deleted,
        (Some(old), Some(new)) if old.id == new.id && is_file(old.kind) && is_file(new.kind) => {
            ChangeKind::Mode
        }
        _ => ChangeKind::Modified,
    }
}

fn is_file(kind: Kind) -> bool {
    kind.is_file()
}

/// A path as a table shows it: bytes that are not UTF-8 as `\xNN`.
fn readable(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    for chunk in path.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}
