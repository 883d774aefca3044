//! Walking the entries of a page tree in order.

use std::sync::Arc;

use crate::id::ObjectId;
use crate::page::{Body, Item, Page};
use crate::source::{ObjectSource, ReadError};

/// A position in a page tree. It stands on an item of any level: on an inner item, all entries below it come next.
pub(crate) struct Cursor<'a> {
    source: &'a dyn ObjectSource,
    body: Body,
    stack: Vec<(Arc<Page>, usize)>,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(source: &'a dyn ObjectSource, body: Body, root: &ObjectId) -> Result<Self, ReadError> {
        let mut cursor = Self { source, body, stack: vec![(source.page(body, root)?, 0)] };
        cursor.settle();
        Ok(cursor)
    }

    /// A cursor on the first entry whose name is not below `name`.
    fn seek(
        source: &'a dyn ObjectSource,
        body: Body,
        root: &ObjectId,
        name: &[u8],
    ) -> Result<Self, ReadError> {
        let mut cursor = Self { source, body, stack: vec![(source.page(body, root)?, 0)] };
        loop {
            let Some((page, at)) = cursor.stack.last_mut() else { return Ok(cursor) };
            let (Ok(found) | Err(found)) = page.position(name);
            *at = found;
            if page.level == 0 || *at == page.items.len() {
                cursor.settle();
                return Ok(cursor);
            }
            cursor.enter()?;
        }
    }

    /// The item that the cursor stands on, and the level of its page; `None` at the end.
    pub(crate) fn item(&self) -> Option<(&Item, u8)> {
        self.stack.last().map(|(page, at)| (&page.items[*at], page.level))
    }

    /// Steps over the item and all that is below it.
    pub(crate) fn skip(&mut self) {
        if let Some((_, at)) = self.stack.last_mut() {
            *at += 1;
        }
        self.settle();
    }

    /// Steps down into an inner item.
    pub(crate) fn enter(&mut self) -> Result<(), ReadError> {
        let Some((page, at)) = self.stack.last_mut() else { return Ok(()) };
        let (id, level) = (page.items[*at].id, page.level);
        *at += 1;
        let below = self.source.page(self.body, &id)?;
        if below.level + 1 != level {
            return Err(ReadError::Damaged { what: "page", id });
        }
        self.stack.push((below, 0));
        self.settle();
        Ok(())
    }

    fn settle(&mut self) {
        while self.stack.last().is_some_and(|(page, at)| *at >= page.items.len()) {
            self.stack.pop();
        }
    }
}

/// The leaf items of a page tree, in order.
pub struct Leaves<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Leaves<'a> {
    /// The items below `root`.
    ///
    /// # Errors
    /// Those of reading the root page; later ones come as items, and end the walk.
    pub fn new(source: &'a dyn ObjectSource, body: Body, root: &ObjectId) -> Result<Self, ReadError> {
        Ok(Self { cursor: Cursor::new(source, body, root)? })
    }

    /// The items below `root` from the first on whose name is not below `name`.
    ///
    /// # Errors
    /// Those of reading the pages on the way there; later ones come as items, and end the walk.
    pub fn starting_at(
        source: &'a dyn ObjectSource,
        body: Body,
        root: &ObjectId,
        name: &[u8],
    ) -> Result<Self, ReadError> {
        Ok(Self { cursor: Cursor::seek(source, body, root, name)? })
    }
}

impl Iterator for Leaves<'_> {
    type Item = Result<Item, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (item, level) = self.cursor.item()?;
            if level == 0 {
                let item = item.clone();
                self.cursor.skip();
                return Some(Ok(item));
            }
            if let Err(error) = self.cursor.enter() {
                self.cursor.stack.clear();
                return Some(Err(error));
            }
        }
    }
}

/// The entry with a name, found in one page of each level.
///
/// # Errors
/// Those of reading the pages.
pub fn find(
    source: &dyn ObjectSource,
    body: Body,
    root: &ObjectId,
    name: &[u8],
) -> Result<Option<Item>, ReadError> {
    let mut page = source.page(body, root)?;
    loop {
        let found = page.position(name);
        if page.level == 0 {
            return Ok(found.ok().map(|at| page.items[at].clone()));
        }
        let (Ok(at) | Err(at)) = found;
        let Some(item) = page.items.get(at) else { return Ok(None) };
        let below = source.page(body, &item.id)?;
        if below.level + 1 != page.level {
            return Err(ReadError::Damaged { what: "page", id: item.id });
        }
        page = below;
    }
}
