//! Changes a tree at some paths: what the changes do not touch is neither read nor built again.
//!
//! The result is what [`TreeBuilder`](super::TreeBuilder) makes from the changed listing, page for page. A directory of
//! a million entries in which one changes costs the page with that entry, those above it, and at most the few until
//! the next place where both versions end a page.

use bstr::{BString, ByteSlice};

use crate::change::Side;
use crate::cursor;
use crate::id::ObjectId;
use crate::kind::Kind;
use crate::list;
use crate::name::{join_path, path_order};
use crate::page::{Body, Item, Page, empty_tree};
use crate::paginate::Root;
use crate::source::{ObjectSource, ReadError};

/// What is to stand at a path from now on; `None` where nothing is.
///
/// What stood at the path is gone in either case, with all that was below it. A directory comes with all that the tree of
/// its id holds; [`empty_tree`] and size 0 make an empty one.
pub type Update = (BString, Option<Side>);

/// The tree `root` (`None`: without entries) with updates applied, each page that is new given to the sink, those below
/// before those above.
///
/// The updates come in [path order](crate::path_order), each path once. Those of a directory take effect before those
/// below it; a file that stands where updates need a directory is replaced by it. A directory in which nothing is left
/// vanishes, unless an update puts an empty one there; the root stays.
///
/// # Errors
/// Those of reading pages, and the sink's.
///
/// # Panics
/// Where the updates are out of order, or put something below a file that they put there as well.
pub fn edit<E: From<ReadError>>(
    source: &dyn ObjectSource,
    root: Option<&ObjectId>,
    updates: &[Update],
    sink: &mut dyn FnMut(ObjectId, &Page) -> Result<(), E>,
) -> Result<Root, E> {
    let ordered = updates.windows(2).all(|pair| path_order(&pair[0].0, &pair[1].0).is_lt());
    assert!(ordered, "BUG: updates of a tree out of order");
    Edit { source, sink }.directory(b"", root, updates)
}

struct Edit<'a, E> {
    source: &'a dyn ObjectSource,
    sink: &'a mut dyn FnMut(ObjectId, &Page) -> Result<(), E>,
}

impl<E: From<ReadError>> Edit<'_, E> {
    /// The directory at `path` with the updates below it, which all begin with `path`.
    fn directory(&mut self, path: &[u8], old: Option<&ObjectId>, updates: &[Update]) -> Result<Root, E> {
        let skip = if path.is_empty() { 0 } else { path.len() + 1 };
        let mut outcomes = Vec::new();
        let mut rest = updates;
        while let Some((first, _)) = rest.first() {
            let name = first[skip..].split_str("/").next().unwrap_or_default();
            let count =
                rest.iter().take_while(|(path, _)| path[skip..].split_str("/").next() == Some(name)).count();
            let (of_entry, behind) = rest.split_at(count);
            outcomes.push((name.into(), self.entry(&join_path(path, name), name, old, of_entry)?));
            rest = behind;
        }
        list::edit(self.source, Body::Tree, old, outcomes, &mut *self.sink)
    }

    /// The entry `name` at `path` after the updates of it and of what is below.
    fn entry(
        &mut self,
        path: &[u8],
        name: &[u8],
        directory: Option<&ObjectId>,
        updates: &[Update],
    ) -> Result<Option<Item>, E> {
        let (own, below) = match updates {
            [(at, side), below @ ..] if at == path => (Some(*side), below),
            _ => (None, updates),
        };
        let Some(own) = own else { return self.inner(path, name, directory, below) };
        let tree = own.filter(|side| side.kind == Kind::Directory).map(|side| side.id);
        let is_file = own.is_some() && tree.is_none();
        let is_barren = below.iter().all(|(_, side)| side.is_none());
        assert!(!is_file || is_barren, "BUG: an update puts something below a file");
        if is_file || below.is_empty() && tree != Some(empty_tree()) {
            return Ok(own.map(|side| item(name, side)));
        }
        let filled = tree.filter(|tree| *tree != empty_tree());
        let root = self.directory(path, filled.as_ref(), below)?;
        let is_wanted = own.is_some() || root.count > 0;
        Ok(is_wanted.then(|| item(name, directory_side(root))))
    }

    /// The entry `name` at `path` of which only what is below is updated.
    fn inner(
        &mut self,
        path: &[u8],
        name: &[u8],
        directory: Option<&ObjectId>,
        below: &[Update],
    ) -> Result<Option<Item>, E> {
        let find = |tree| cursor::find(self.source, Body::Tree, tree, name);
        let old = directory.map(find).transpose()?.flatten();
        let tree = old.as_ref().filter(|item| item.kind == Some(Kind::Directory)).map(|item| item.id);
        let root = self.directory(path, tree.as_ref(), below)?;
        if root.count == 0 {
            // An empty directory stays where it was one, and a file where nothing came below it.
            return Ok(old.filter(|old| tree.is_none() || old.id == root.id));
        }
        Ok(Some(item(name, directory_side(root))))
    }
}

fn directory_side(root: Root) -> Side {
    Side { kind: Kind::Directory, id: root.id, size: root.size }
}

fn item(name: &[u8], side: Side) -> Item {
    Item { name: name.into(), kind: Some(side.kind), id: side.id, size: side.size, count: 1 }
}
