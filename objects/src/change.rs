//! What differs at a path.

use bstr::BString;

use crate::id::ObjectId;
use crate::kind::Kind;
use crate::page::empty_tree;

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
        Self { kind: Kind::Directory, id: empty_tree(), size: 0 }
    }
}
