//! Trees: directory versions.

pub mod edit;

use bstr::{BStr, BString, ByteSlice};

use crate::change::Side;
use crate::cursor::{self, Leaves};
use crate::id::ObjectId;
use crate::kind::Kind;
use crate::name;
use crate::page::{Body, Item, Page};
use crate::paginate::{Paginator, Root};
use crate::source::{ObjectSource, ReadError};

pub use crate::page::empty_tree;

/// One entry of a directory version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name.
    pub name: BString,
    /// What it is.
    pub kind: Kind,
    /// A blob's id, or a tree's for a directory.
    pub id: ObjectId,
    /// Bytes of the content; of a directory, of all files below.
    pub size: u64,
}

/// An entry with its path from the tree's root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathEntry {
    /// Names joined by `/`.
    pub path: BString,
    /// What it is.
    pub kind: Kind,
    /// A blob's id, or a tree's for a directory.
    pub id: ObjectId,
    /// Bytes of the content.
    pub size: u64,
}

impl Entry {
    /// The entry in a leaf's item of a tree or a view.
    pub fn from_item(item: Item) -> Self {
        let kind = item.kind.expect("BUG: leaves of trees are validated to have kinds");
        Self { name: item.name, kind, id: item.id, size: item.size }
    }

    /// The leaf's item for the entry.
    pub fn into_item(self) -> Item {
        Item { name: self.name, kind: Some(self.kind), id: self.id, size: self.size, count: 1 }
    }
}

/// The entry at a path of a tree; `None` where nothing is. The empty path is the tree itself.
///
/// # Errors
/// Those of reading the pages.
pub fn find(source: &dyn ObjectSource, tree: &ObjectId, path: &[u8]) -> Result<Option<PathEntry>, ReadError> {
    if path.is_empty() {
        let page = source.page(Body::Tree, tree)?;
        return Ok(Some(PathEntry {
            path: path.into(),
            kind: Kind::Directory,
            id: *tree,
            size: page.size(),
        }));
    }
    let mut at = *tree;
    let mut names = path.split_str("/").peekable();
    while let Some(name) = names.next() {
        let Some(item) = cursor::find(source, Body::Tree, &at, name)? else { return Ok(None) };
        let entry = Entry::from_item(item);
        if names.peek().is_none() {
            return Ok(Some(PathEntry {
                path: path.into(),
                kind: entry.kind,
                id: entry.id,
                size: entry.size,
            }));
        }
        if entry.kind != Kind::Directory {
            return Ok(None);
        }
        at = entry.id;
    }
    Ok(None)
}

/// The entries of one directory version, in order.
///
/// # Errors
/// Those of reading the pages.
pub fn entries(source: &dyn ObjectSource, tree: &ObjectId) -> Result<Vec<Entry>, ReadError> {
    Leaves::new(source, Body::Tree, tree)?.map(|item| item.map(Entry::from_item)).collect()
}

/// Visits files, symlinks and empty directories of a tree in path order; `prefix` is put before their paths.
///
/// # Errors
/// Those of reading the pages, and the visitor's.
pub fn walk<E: From<ReadError>>(
    source: &dyn ObjectSource,
    tree: &ObjectId,
    prefix: &[u8],
    visit: &mut dyn FnMut(PathEntry) -> Result<(), E>,
) -> Result<(), E> {
    for item in Leaves::new(source, Body::Tree, tree)? {
        let entry = Entry::from_item(item?);
        let path = name::join_path(prefix, &entry.name);
        if entry.kind == Kind::Directory && !is_empty(source, &entry.id)? {
            if path.len() > name::MAX_PATH {
                return Err(ReadError::Damaged { what: "tree", id: entry.id }.into());
            }
            walk(source, &entry.id, &path, visit)?;
        } else {
            visit(PathEntry { path, kind: entry.kind, id: entry.id, size: entry.size })?;
        }
    }
    Ok(())
}

/// Everything that [`walk`] visits in a tree, in path order; nothing for no tree.
///
/// # Errors
/// Those of reading the pages.
pub fn list(source: &dyn ObjectSource, tree: Option<&ObjectId>) -> Result<Vec<PathEntry>, ReadError> {
    let mut entries = Vec::new();
    if let Some(tree) = tree {
        walk(source, tree, b"", &mut |entry| -> Result<(), ReadError> {
            entries.push(entry);
            Ok(())
        })?;
    }
    Ok(entries)
}

fn is_empty(source: &dyn ObjectSource, tree: &ObjectId) -> Result<bool, ReadError> {
    Ok(source.page(Body::Tree, tree)?.items.is_empty())
}

/// Builds a tree and all trees below from files, symlinks and empty directories, pushed in
/// [path order](crate::path_order).
pub struct TreeBuilder<S> {
    open: Vec<(BString, Vec<Item>)>,
    sink: S,
}

impl<S, E> TreeBuilder<S>
where
    S: FnMut(ObjectId, &Page) -> Result<(), E>,
{
    /// A builder of a tree without entries. Each page goes to the sink when it is complete; the same one may come twice.
    pub fn new(sink: S) -> Self {
        Self { open: vec![(BString::default(), Vec::new())], sink }
    }

    /// Adds what is at a path. The entry's id is ignored for an (empty) directory.
    ///
    /// # Errors
    /// Those of the sink.
    ///
    /// # Panics
    /// Where the path does not come after those before it, or lies below a file: nobody could read such a tree.
    pub fn push(&mut self, path: &BStr, kind: Kind, id: ObjectId, size: u64) -> Result<(), E> {
        let (directory, name) = name::split_path(path);
        self.leave_to(directory)?;
        self.enter(directory);
        if kind == Kind::Directory {
            self.open.push((path.to_owned(), Vec::new()));
        } else {
            self.add(Item { name: name.into(), kind: Some(kind), id, size, count: 1 });
        }
        Ok(())
    }

    /// Completes all trees and gives the root.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn finish(mut self) -> Result<Root, E> {
        self.leave_to(b"")?;
        let (_, items) = self.open.pop().expect("BUG: the root stays open");
        self.paginate(items)
    }

    fn add(&mut self, item: Item) {
        let items = &mut self.open.last_mut().expect("BUG: the root stays open").1;
        let is_next = items.last().is_none_or(|last| last.name < item.name);
        assert!(is_next, "BUG: what is pushed to a tree is in order, and nothing of it lies below a file");
        items.push(item);
    }

    fn leave_to(&mut self, directory: &[u8]) -> Result<(), E> {
        while self.open.len() > 1 && !self.open.last().is_some_and(|(open, _)| is_within(directory, open)) {
            let (path, items) = self.open.pop().expect("BUG: more than one is open");
            let root = self.paginate(items)?;
            let name = name::split_path(&path).1.into();
            let kind = Some(Kind::Directory);
            self.add(Item { name, kind, id: root.id, size: root.size, count: 1 });
        }
        Ok(())
    }

    fn enter(&mut self, directory: &[u8]) {
        let mut open = self.open.last().map_or(0, |(path, _)| path.len());
        while open < directory.len() {
            let from = if open == 0 { 0 } else { open + 1 };
            open = directory[from..].find_byte(b'/').map_or(directory.len(), |at| from + at);
            self.open.push((directory[..open].into(), Vec::new()));
        }
    }

    fn paginate(&mut self, items: Vec<Item>) -> Result<Root, E> {
        let mut paginator = Paginator::new(Body::Tree, &mut self.sink);
        for item in items {
            paginator.push(item)?;
        }
        paginator.finish()
    }
}

fn is_within(path: &[u8], directory: &[u8]) -> bool {
    path.strip_prefix(directory)
        .is_some_and(|rest| directory.is_empty() || rest.is_empty() || rest[0] == b'/')
}

impl From<&PathEntry> for Side {
    fn from(entry: &PathEntry) -> Self {
        Self { kind: entry.kind, id: entry.id, size: entry.size }
    }
}

impl From<&Entry> for Side {
    fn from(entry: &Entry) -> Self {
        Self { kind: entry.kind, id: entry.id, size: entry.size }
    }
}
