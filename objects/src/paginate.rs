//! Cuts a list of entries into pages, level by level.
//!
//! A page ends behind an item whose hash says so, once it holds some items, and always when it holds many. The hash is that
//! of the item's name alone (in manifests: the chunk id; above the leaves of a manifest: the page id), so a change touches the
//! page that it is in, the pages above, and at most the few until the next cut that both versions share. Each level looks at
//! other bytes of the hash. The method is that of prolly trees (Noms, Dolt), with the minimum of content-defined chunking.
//!
//! Pages of names have about 190 items, pages of manifests 31: nearly every new version of a file is an append or a change at
//! one place, and stores one page of each level again, of ids that no codec makes smaller. With 8 items a page the levels
//! above cost what the leaves save, with 64 twice as much is stored for an append, whatever the size of the file.

use crate::id::ObjectId;
use crate::page::{Body, Item, MAX_ITEMS, MAX_LEVEL, Page};

/// Where the pages of a body end.
struct Cuts {
    /// The least items of a page that does not end its level.
    least: usize,
    /// The most.
    most: usize,
    /// An item whose 16 bits are below this ends its page.
    below: u16,
}

impl Cuts {
    const fn of(body: Body) -> Self {
        match body {
            // One in 160.
            Body::Tree | Body::View | Body::Nodes => Self { least: 32, most: MAX_ITEMS, below: 409 },
            // One in 16.
            Body::Manifest => Self { least: 16, most: 128, below: 4096 },
        }
    }
}

/// The root of a finished page tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Root {
    /// Id of the root page.
    pub id: ObjectId,
    /// Bytes of all content below.
    pub size: u64,
    /// Entries below.
    pub count: u64,
}

/// Builds the pages of one list of entries, pushed in order.
///
/// Every page is handed to the sink once it is complete, those below before those above.
pub struct Paginator<S> {
    body: Body,
    cuts: Cuts,
    levels: Vec<Vec<Item>>,
    sink: S,
}

impl<S, E> Paginator<S>
where
    S: FnMut(ObjectId, &Page) -> Result<(), E>,
{
    /// A paginator of an empty list.
    pub fn new(body: Body, sink: S) -> Self {
        Self { body, cuts: Cuts::of(body), levels: vec![Vec::new()], sink }
    }

    /// Adds the next entry. Names must come in ascending order.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn push(&mut self, item: Item) -> Result<(), E> {
        debug_assert!(
            !self.body.is_named() || self.levels[0].last().is_none_or(|last| last.name < item.name),
            "BUG: entries out of order"
        );
        self.push_at(0, item)
    }

    /// Adds a finished page of an older list, which stands in that list as `item` on a page of `level`, without reading it.
    ///
    /// Gives the item back where the page can't be taken as it is: entries before it are not yet on a page, so that pages
    /// may end elsewhere now. The list that it comes from must have been cut by a paginator too, and where the page is its
    /// level's last, nothing may follow.
    ///
    /// # Errors
    /// Those of the sink.
    pub(crate) fn push_page(&mut self, level: u8, item: Item) -> Result<Option<Item>, E> {
        let level = usize::from(level);
        if self.levels.iter().take(level).any(|items| !items.is_empty()) {
            return Ok(Some(item));
        }
        while self.levels.len() < level {
            self.levels.push(Vec::new());
        }
        self.push_at(level, item)?;
        Ok(None)
    }

    fn push_at(&mut self, level: usize, item: Item) -> Result<(), E> {
        if self.levels.len() == level {
            self.levels.push(Vec::new());
        }
        let ends = cut_bits(self.body, level, &item) < self.cuts.below;
        let items = &mut self.levels[level];
        items.push(item);
        if items.len() >= self.cuts.most || ends && items.len() >= self.cuts.least {
            self.flush(level)?;
        }
        Ok(())
    }

    fn flush(&mut self, level: usize) -> Result<(), E> {
        assert!(level < usize::from(MAX_LEVEL), "BUG: a page tree deeper than any list");
        let items = std::mem::take(&mut self.levels[level]);
        let above = self.emit(level, items)?;
        self.push_at(level + 1, above)
    }

    fn emit(&mut self, level: usize, items: Vec<Item>) -> Result<Item, E> {
        let page = Page { body: self.body, level: level as u8, items };
        let id = page.id();
        (self.sink)(id, &page)?;
        let (size, count) = (page.size(), page.count());
        let name = page.items.into_iter().next_back().map(|last| last.name).unwrap_or_default();
        Ok(Item { name, kind: None, id, size, count })
    }

    /// Completes the pages and gives the root. An empty list is one empty page.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn finish(mut self) -> Result<Root, E> {
        let mut level = 0;
        loop {
            let is_top = level + 1 == self.levels.len();
            if is_top {
                let mut items = std::mem::take(&mut self.levels[level]);
                let root = match items.pop() {
                    Some(only) if level > 0 && items.is_empty() => only,
                    last => {
                        items.extend(last);
                        self.emit(level, items)?
                    }
                };
                return Ok(Root { id: root.id, size: root.size, count: root.count });
            }
            if !self.levels[level].is_empty() {
                self.flush(level)?;
            }
            level += 1;
        }
    }
}

/// The bits of an item's hash that a level looks at.
fn cut_bits(body: Body, level: usize, item: &Item) -> u16 {
    let hashed;
    let hash = if body.is_named() {
        hashed = ObjectId::of_content(&item.name);
        hashed.as_bytes()
    } else {
        item.id.as_bytes()
    };
    let at = level * 2 % 32;
    u16::from_le_bytes([hash[at], hash[at + 1]])
}

/// What is stored for a list that is already in memory: its root, and every page.
pub fn paginate(body: Body, items: impl IntoIterator<Item = Item>) -> (Root, Vec<(ObjectId, Page)>) {
    let mut pages = Vec::new();
    let mut paginator = Paginator::new(body, |id, page: &Page| -> Result<(), std::convert::Infallible> {
        pages.push((id, page.clone()));
        Ok(())
    });
    for item in items {
        let Ok(()) = paginator.push(item);
    }
    let Ok(root) = paginator.finish();
    (root, pages)
}
