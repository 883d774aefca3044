//! What changed between two trees.

use bstr::BString;

use crate::id::ObjectId;
use crate::kind::Kind;
use crate::list;
use crate::name::join_path;
use crate::page::Body;
use crate::source::{ObjectSource, ReadError};
use crate::tree::{self, Entry, PathEntry};

/// What stands at a path on one side of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Side {
    /// What it is.
    pub kind: Kind,
    /// Id of its content.
    pub id: ObjectId,
    /// Bytes of its content.
    pub size: u64,
}

/// One file, symlink or empty directory that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where it is; where it was, if it is gone.
    pub path: BString,
    /// What was there; `None` where it is new.
    pub old: Option<Side>,
    /// What is there; `None` where it is gone.
    pub new: Option<Side>,
    /// Where it was before, if it was renamed.
    pub old_path: Option<BString>,
    /// Of a renamed one: how much of the content is the same, in percent.
    pub similarity: Option<u8>,
}

impl Change {
    /// A change of what is at one path.
    pub fn at(path: BString, old: Option<Side>, new: Option<Side>) -> Self {
        Self { path, old, new, old_path: None, similarity: None }
    }

    /// Where it was: the path itself unless it was renamed.
    pub fn source_path(&self) -> &BString {
        self.old_path.as_ref().unwrap_or(&self.path)
    }
}

impl Side {
    /// That of an empty directory.
    pub fn empty_directory() -> Self {
        Self { kind: Kind::Directory, id: crate::tree::empty_tree(), size: 0 }
    }
}

impl From<&Entry> for Side {
    fn from(entry: &Entry) -> Self {
        Self { kind: entry.kind, id: entry.id, size: entry.size }
    }
}

impl From<&PathEntry> for Side {
    fn from(entry: &PathEntry) -> Self {
        Self { kind: entry.kind, id: entry.id, size: entry.size }
    }
}

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
        Ok(entry
            .filter(|entry| entry.kind != Kind::Directory || entry.id == tree::empty_tree())
            .map(Side::from))
    }
}
