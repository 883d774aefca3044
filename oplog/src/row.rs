//! Rows of the oplog table as values: what a row is, where it stands in a pack, and the typed columns of a
//! row of a meta pack.

use std::borrow::Cow;

use bytes::Bytes;
use pond_objects::{NodeId, ObjectId, Page};

/// What a row records; the column `type`. Declared in the order of their names, which is the order of the
/// rows in a meta pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum RowType {
    /// A file's content of more than one chunk: its size and the root page of its manifest.
    Blob = 1,
    /// In a commit, a node was added, modified, renamed, deleted or changed its mode.
    Change = 2,
    /// A piece of a file's content.
    Chunk = 3,
    /// A commit's text.
    Commit = 4,
    /// An object that was given up on purpose.
    Forgotten = 5,
    /// An operation's text.
    Op = 6,
    /// A page of a tree, manifest, view or node table.
    Page = 7,
    /// A tag's text.
    Tag = 8,
}

impl RowType {
    /// Every type, in the order of their names.
    pub const ALL: [Self; 8] = [
        Self::Blob,
        Self::Change,
        Self::Chunk,
        Self::Commit,
        Self::Forgotten,
        Self::Op,
        Self::Page,
        Self::Tag,
    ];

    /// The text in the column `type`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blob => "blob",
            Self::Change => "change",
            Self::Chunk => "chunk",
            Self::Commit => "commit",
            Self::Forgotten => "forgotten",
            Self::Op => "op",
            Self::Page => "page",
            Self::Tag => "tag",
        }
    }

    /// The type with this text.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|row_type| row_type.name().as_bytes() == name)
    }

    /// The number in a pack's index.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The type with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|row_type| row_type.number() == number)
    }
}

/// What happened to a node; the column `change` of change rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// The node is new.
    Added,
    /// Its content is another.
    Modified,
    /// It is found at another path, with the same content or another.
    Renamed,
    /// It is gone.
    Deleted,
    /// Only its mode is another.
    Mode,
}

impl ChangeKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Added, Self::Modified, Self::Renamed, Self::Deleted, Self::Mode];

    /// The text in the column `change`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Modified => "modified",
            Self::Renamed => "renamed",
            Self::Deleted => "deleted",
            Self::Mode => "mode",
        }
    }

    /// The kind with this text.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|change| change.name().as_bytes() == name)
    }
}

/// Where a row stands in its pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The Parquet row group, from 0.
    pub row_group: u32,
    /// The row within the row group, from 0.
    pub row: u32,
    /// What the row records.
    pub row_type: RowType,
}

/// A row of a meta pack. Which fields are set depends on [`MetaRow::row_type`]; see FORMAT.md.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetaRow {
    /// What the row records.
    pub row_type: RowType,
    /// The object; in change rows the new blob.
    pub id: Option<ObjectId>,
    /// The number of the operation that wrote the row.
    pub seq: Option<i64>,
    /// When it was written: microseconds since 1970, UTC.
    pub timestamp: Option<i64>,
    /// The directory node that the changed node belongs to.
    pub part_id: Option<NodeId>,
    /// The changed node.
    pub node_id: Option<NodeId>,
    /// Its path as text, escaped where it is not UTF-8.
    pub path: Option<String>,
    /// Its path as bytes.
    pub path_raw: Option<Vec<u8>>,
    /// The path that it was renamed from, as text.
    pub old_path: Option<String>,
    /// What happened to it.
    pub change: Option<ChangeKind>,
    /// Its mode, as git's.
    pub mode: Option<i32>,
    /// Bytes of its content, or of the blob.
    pub size: Option<i64>,
    /// The file's modification time: microseconds since 1970, UTC.
    pub mtime: Option<i64>,
    /// The blob before.
    pub old_id: Option<ObjectId>,
    /// An object's stored form; in change rows the id of the commit.
    pub content: Option<Bytes>,
}

impl MetaRow {
    /// A row of this type with nothing else set.
    pub const fn new(row_type: RowType) -> Self {
        Self {
            row_type,
            id: None,
            seq: None,
            timestamp: None,
            part_id: None,
            node_id: None,
            path: None,
            path_raw: None,
            old_path: None,
            change: None,
            mode: None,
            size: None,
            mtime: None,
            old_id: None,
            content: None,
        }
    }

    /// The row of a page.
    pub fn page(id: ObjectId, page: &Page) -> Self {
        Self { id: Some(id), content: Some(Bytes::from(page.encode())), ..Self::new(RowType::Page) }
    }
}

/// The change rows of one commit, in any order, each made when it is written: a commit of a million files has as many. What all
/// of them have in common (operation, time, commit) is filled in by the transaction.
pub trait ChangeRows: std::fmt::Debug {
    /// How many there are.
    fn count(&self) -> usize;
    /// [`MetaRow::path`] of the row with this number, and [`MetaRow::path_raw`].
    fn paths(&self, number: usize) -> (Cow<'_, str>, Cow<'_, [u8]>);
    /// The row with this number.
    fn row(&self, number: usize) -> MetaRow;
}

impl ChangeRows for Vec<MetaRow> {
    fn count(&self) -> usize {
        self.len()
    }

    fn paths(&self, number: usize) -> (Cow<'_, str>, Cow<'_, [u8]>) {
        let row = &self[number];
        (row.path.as_deref().unwrap_or_default().into(), row.path_raw.as_deref().unwrap_or_default().into())
    }

    fn row(&self, number: usize) -> MetaRow {
        self[number].clone()
    }
}
