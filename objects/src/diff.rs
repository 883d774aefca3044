//! What changed between two trees.

use crate::change::{Change, Side};
use crate::id::ObjectId;
use crate::kind::Kind;
use crate::list;
use crate::name::join_path;
use crate::page::{Body, empty_tree};
use crate::source::{ObjectSource, ReadError};
use crate::tree::Entry;

/// The changes from `old` to `new` in path order, renames not yet found; `None` is a tree without entries.
///
/// Pages that both have are not read. `wanted` is asked for every path, and for every directory before it is entered.
///
/// # Errors
/// Those of reading the pages.
pub fn diff_trees(
    source: &dyn ObjectSource,
    old: Option<&ObjectId>,
    new: Option<&ObjectId>,
    wanted: &dyn Fn(&[u8], bool) -> bool,
) -> Result<Vec<Change>, ReadError> {
    Ok(Diff::run(source, old, new, wanted, usize::MAX)?.unwrap_or_default())
}

/// All changes from `old` to `new`, as [`diff_trees`] gives them; `None` if there are more than `most`. No more is read than
/// it takes to find that out.
///
/// # Errors
/// Those of reading the pages.
pub fn diff_trees_within(
    source: &dyn ObjectSource,
    old: Option<&ObjectId>,
    new: Option<&ObjectId>,
    most: usize,
) -> Result<Option<Vec<Change>>, ReadError> {
    Diff::run(source, old, new, &|_, _| true, most)
}

struct Diff<'a> {
    source: &'a dyn ObjectSource,
    wanted: &'a dyn Fn(&[u8], bool) -> bool,
    most: usize,
    changes: Vec<Change>,
}

/// Why a comparison ends early.
enum End {
    Failed(ReadError),
    /// There are more changes than are wanted.
    TooMany,
}

impl From<ReadError> for End {
    fn from(error: ReadError) -> Self {
        Self::Failed(error)
    }
}

impl<'a> Diff<'a> {
    fn run(
        source: &'a dyn ObjectSource,
        old: Option<&ObjectId>,
        new: Option<&ObjectId>,
        wanted: &'a dyn Fn(&[u8], bool) -> bool,
        most: usize,
    ) -> Result<Option<Vec<Change>>, ReadError> {
        let mut diff = Self { source, wanted, most, changes: Vec::new() };
        match diff.trees(b"", old, new) {
            Ok(()) => Ok(Some(diff.changes)),
            Err(End::TooMany) => Ok(None),
            Err(End::Failed(error)) => Err(error),
        }
    }

    fn trees(&mut self, prefix: &[u8], old: Option<&ObjectId>, new: Option<&ObjectId>) -> Result<(), End> {
        list::diff(self.source, Body::Tree, old, new, &mut |old, new| {
            self.entries(prefix, old.map(Entry::from_item), new.map(Entry::from_item))
        })
    }

    fn entries(&mut self, prefix: &[u8], old: Option<Entry>, new: Option<Entry>) -> Result<(), End> {
        let Some(name) = old.as_ref().or(new.as_ref()).map(|entry| &entry.name) else { return Ok(()) };
        let path = join_path(prefix, name);
        let directory =
            |entry: &Option<Entry>| entry.as_ref().filter(|e| e.kind == Kind::Directory).map(|e| e.id);
        let (old_tree, new_tree) = (directory(&old), directory(&new));
        if (self.wanted)(&path, false) {
            let old_side = self.shown(old.as_ref())?;
            let new_side = self.shown(new.as_ref())?;
            if old_side != new_side {
                if self.changes.len() == self.most {
                    return Err(End::TooMany);
                }
                self.changes.push(Change::at(path.clone(), old_side, new_side));
            }
        }
        if (old_tree.is_some() || new_tree.is_some()) && (self.wanted)(&path, true) {
            self.trees(&path, old_tree.as_ref(), new_tree.as_ref())?;
        }
        Ok(())
    }

    /// A side as it is listed: directories only where they are empty.
    fn shown(&self, entry: Option<&Entry>) -> Result<Option<Side>, ReadError> {
        Ok(entry.filter(|entry| entry.kind != Kind::Directory || entry.id == empty_tree()).map(Side::from))
    }
}
