//! What changed between two trees.

use std::cmp::Ordering;

use bstr::BString;

use crate::cursor::Cursor;
use crate::id::ObjectId;
use crate::kind::Kind;
use crate::name::join_path;
use crate::page::{Body, Item};
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
    let mut diff = Diff { source, wanted, changes: Vec::new() };
    diff.trees(b"", old, new)?;
    Ok(diff.changes)
}

struct Diff<'a> {
    source: &'a dyn ObjectSource,
    wanted: &'a dyn Fn(&[u8], bool) -> bool,
    changes: Vec<Change>,
}

impl Diff<'_> {
    fn trees(
        &mut self,
        prefix: &[u8],
        old: Option<&ObjectId>,
        new: Option<&ObjectId>,
    ) -> Result<(), ReadError> {
        if old == new {
            return Ok(());
        }
        let open =
            |root: Option<&ObjectId>| root.map(|id| Cursor::new(self.source, Body::Tree, id)).transpose();
        let (mut old, mut new) = (open(old)?, open(new)?);
        loop {
            let (left, right) = (item(&old), item(&new));
            match (left, right) {
                (None, None) => return Ok(()),
                (Some((a, _)), Some((b, _))) if a == b => {
                    advance(&mut old);
                    advance(&mut new);
                }
                (Some((_, level)), other) if level > 0 && other.is_none_or(|(_, other)| level >= other) => {
                    enter(&mut old)?;
                }
                (_, Some((_, level))) if level > 0 => enter(&mut new)?,
                (Some((_, 1..)), _) => enter(&mut old)?,
                (Some((a, _)), Some((b, _))) => {
                    let (a, b) = (a.clone(), b.clone());
                    let order = a.name.cmp(&b.name);
                    if order != Ordering::Greater {
                        advance(&mut old);
                    }
                    if order != Ordering::Less {
                        advance(&mut new);
                    }
                    let left = (order != Ordering::Greater).then(|| Entry::from_item(a));
                    let right = (order != Ordering::Less).then(|| Entry::from_item(b));
                    self.entries(prefix, left, right)?;
                }
                (Some((a, _)), None) => {
                    let a = Entry::from_item(a.clone());
                    advance(&mut old);
                    self.entries(prefix, Some(a), None)?;
                }
                (None, Some((b, _))) => {
                    let b = Entry::from_item(b.clone());
                    advance(&mut new);
                    self.entries(prefix, None, Some(b))?;
                }
            }
        }
    }

    fn entries(&mut self, prefix: &[u8], old: Option<Entry>, new: Option<Entry>) -> Result<(), ReadError> {
        let Some(name) = old.as_ref().or(new.as_ref()).map(|entry| &entry.name) else { return Ok(()) };
        let path = join_path(prefix, name);
        let directory =
            |entry: &Option<Entry>| entry.as_ref().filter(|e| e.kind == Kind::Directory).map(|e| e.id);
        let (old_tree, new_tree) = (directory(&old), directory(&new));
        if (self.wanted)(&path, false) {
            let old_side = self.shown(old.as_ref())?;
            let new_side = self.shown(new.as_ref())?;
            if old_side != new_side {
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

fn item<'a>(cursor: &'a Option<Cursor<'_>>) -> Option<(&'a Item, u8)> {
    cursor.as_ref().and_then(Cursor::item)
}

fn advance(cursor: &mut Option<Cursor<'_>>) {
    if let Some(cursor) = cursor {
        cursor.skip();
    }
}

fn enter(cursor: &mut Option<Cursor<'_>>) -> Result<(), ReadError> {
    cursor.as_mut().map_or(Ok(()), Cursor::enter)
}
