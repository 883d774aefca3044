//! Pages: the nodes of the Merkle trees in which trees, views, node tables and manifests are kept.
//!
//! A page holds items in order. In a leaf (level 0) an item is an entry; above, it stands for a page
//! of the level below. The id of a page covers its canonical bytes, which hold the ids of the pages
//! below, so equal lists of entries have equal root ids (see [`crate::paginate`] for where pages end).

mod ipc;

use bstr::{BString, ByteSlice};

use crate::id::ObjectId;
use crate::kind::Kind;
use crate::name::{self, NameError};

/// What a page belongs to: it decides which names and kinds its entries may have, and is part of its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Body {
    /// A directory version.
    Tree,
    /// The refs that an operation left.
    View,
    /// Node ids that can't be derived: path, and the id in the size's place.
    Nodes,
    /// The chunks of a blob, in order.
    Manifest,
}

impl Body {
    /// The word in the encodings.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tree => "tree",
            Self::View => "view",
            Self::Nodes => "nodes",
            Self::Manifest => "manifest",
        }
    }

    /// The body that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Tree, Self::View, Self::Nodes, Self::Manifest].into_iter().find(|body| body.word() == word)
    }

    const fn context(self) -> &'static str {
        match self {
            Self::Tree => "pond v1 tree page",
            Self::View => "pond v1 view page",
            Self::Nodes => "pond v1 nodes page",
            Self::Manifest => "pond v1 manifest page",
        }
    }

    /// Whether entries have names; a manifest's have not.
    pub const fn is_named(self) -> bool {
        !matches!(self, Self::Manifest)
    }
}

/// Most items of a page.
pub const MAX_ITEMS: usize = 1024;
/// Levels of a page tree; [`MAX_ITEMS`] to this power is beyond any directory.
pub const MAX_LEVEL: u8 = 12;

/// One entry of a leaf, or one page of the level below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The entry's name; in an inner page the last name below; empty in manifests.
    pub name: BString,
    /// The entry's kind; `None` in inner pages and manifests.
    pub kind: Option<Kind>,
    /// The entry's id; in an inner page the id of the page below.
    pub id: ObjectId,
    /// Bytes of the content: of a file, of everything below a directory or a page, of a chunk.
    pub size: u64,
    /// Entries below: 1 in a leaf.
    pub count: u64,
}

/// One page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// What it belongs to.
    pub body: Body,
    /// 0 for a leaf.
    pub level: u8,
    /// The items, in order.
    pub items: Vec<Item>,
}

/// Why bytes are not a page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// Not an Arrow IPC stream of a page's columns.
    #[error("not a page: {0}")]
    Encoding(String),
    /// It is a page, but not the one that was asked for.
    #[error("the page's content does not match its id")]
    Mismatch,
    /// A name that can't be.
    #[error("entry {name:?}: {error}")]
    Name {
        /// The name.
        name: BString,
        /// What is wrong with it.
        error: NameError,
    },
    /// Items out of order, of a kind that does not belong, or counts that can't be.
    #[error("the page's items can't be: {0}")]
    Items(&'static str),
}

impl Page {
    /// The id: BLAKE3 `derive_key` over the canonical bytes.
    pub fn id(&self) -> ObjectId {
        ObjectId::derived(self.body.context(), &self.canonical())
    }

    /// The canonical bytes: format 1, level, number of items (u32), then each item: kind, length of the name (u16),
    /// name, id, size (u64) and, above the leaves, count (u64). Numbers are little-endian.
    pub fn canonical(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(6 + self.items.len() * 64);
        bytes.extend([1, self.level]);
        bytes.extend((self.items.len() as u32).to_le_bytes());
        for item in &self.items {
            bytes.push(item.kind.map_or(0, Kind::number));
            bytes.extend((item.name.len() as u16).to_le_bytes());
            bytes.extend_from_slice(&item.name);
            bytes.extend(item.id.as_bytes());
            bytes.extend(item.size.to_le_bytes());
            if self.level > 0 {
                bytes.extend(item.count.to_le_bytes());
            }
        }
        bytes
    }

    /// The Arrow IPC stream in which the page is stored.
    pub fn encode(&self) -> Vec<u8> {
        ipc::encode(self)
    }

    /// The page with this id and body in a stored stream.
    ///
    /// # Errors
    /// Anything that [`Page::encode`] could not have written, and a page with another id.
    pub fn decode(body: Body, id: &ObjectId, stream: &[u8]) -> Result<Self, PageError> {
        let page = ipc::decode(stream)?;
        if page.body != body || page.id() != *id {
            return Err(PageError::Mismatch);
        }
        page.validate()?;
        Ok(page)
    }

    /// What a stored stream says that it is. Nothing is checked beyond what reading it needs, its id least of all: good for
    /// laying pages out, never for reading objects.
    ///
    /// # Errors
    /// [`PageError::Encoding`] and [`PageError::Items`].
    pub fn decode_unverified(stream: &[u8]) -> Result<Self, PageError> {
        ipc::decode(stream)
    }

    /// Bytes of all content below.
    pub fn size(&self) -> u64 {
        self.items.iter().map(|item| item.size).fold(0, u64::saturating_add)
    }

    /// Entries below.
    pub fn count(&self) -> u64 {
        self.items.iter().map(|item| item.count).fold(0, u64::saturating_add)
    }

    /// Where the name is, or in an inner page the item below which it would be.
    pub fn position(&self, name: &[u8]) -> Result<usize, usize> {
        self.items.binary_search_by(|item| item.name.as_bytes().cmp(name))
    }

    fn validate(&self) -> Result<(), PageError> {
        if self.items.len() > MAX_ITEMS || self.level > MAX_LEVEL {
            return Err(PageError::Items("too many"));
        }
        // One item is enough: the last page of a level may have no more.
        if self.level > 0 && self.items.is_empty() {
            return Err(PageError::Items("an inner page of none"));
        }
        if self.body.is_named() && !self.items.is_sorted_by(|a, b| a.name < b.name) {
            return Err(PageError::Items("not in order"));
        }
        self.items.iter().try_for_each(|item| self.validate_item(item))
    }

    fn validate_item(&self, item: &Item) -> Result<(), PageError> {
        let checked = match self.body {
            Body::Tree => name::check_name(&item.name),
            Body::View | Body::Nodes => name::check_path(&item.name),
            Body::Manifest if item.name.is_empty() => Ok(()),
            Body::Manifest => return Err(PageError::Items("a name in a manifest")),
        };
        checked.map_err(|error| PageError::Name { name: item.name.clone(), error })?;
        let kind_fits = match (self.level, self.body, item.kind) {
            (0, Body::Tree, Some(kind)) => kind != Kind::Ref,
            (0, Body::View, Some(kind)) => matches!(kind, Kind::Ref | Kind::Directory),
            (0, Body::Nodes, Some(_)) | (0, Body::Manifest, None) | (1.., _, None) => true,
            _ => false,
        };
        if !kind_fits {
            return Err(PageError::Items("a kind that does not belong"));
        }
        if self.level == 0 && item.count != 1 || item.count == 0 {
            return Err(PageError::Items("a count that can't be"));
        }
        Ok(())
    }
}

/// The id of the tree of an empty directory.
pub fn empty_tree() -> ObjectId {
    Page { body: Body::Tree, level: 0, items: Vec::new() }.id()
}
