//! Lists of named entries as page trees: changing one at some names, comparing two.
//!
//! What a change does not touch is neither read nor built again, and what two lists share is not read either: in a list of
//! a million entries of which one changes, a few pages on each level are.

use std::cmp::Ordering;
use std::iter::Peekable;
use std::vec::IntoIter;

use bstr::BString;

use crate::cursor::Cursor;
use crate::id::ObjectId;
use crate::page::{Body, Item, Page};
use crate::paginate::{Paginator, Root};
use crate::source::{ObjectSource, ReadError};

/// What stands under a name from now on; `None` where nothing does.
pub type Outcome = (BString, Option<Item>);

/// The list `old` (`None`: without entries) with these outcomes, each page that is new or on the way to one given to the sink,
/// those below before those above.
///
/// The result is what [`Paginator`] makes of the changed list, page for page. The outcomes come in ascending order of their
/// names, each name once.
///
/// # Errors
/// Those of reading pages, and the sink's.
pub fn edit<E: From<ReadError>>(
    source: &dyn ObjectSource,
    body: Body,
    old: Option<&ObjectId>,
    outcomes: Vec<Outcome>,
    sink: &mut dyn FnMut(ObjectId, &Page) -> Result<(), E>,
) -> Result<Root, E> {
    debug_assert!(outcomes.is_sorted_by(|a, b| a.0 < b.0), "BUG: outcomes out of order");
    let mut pages = Paginator::new(body, sink);
    let mut outcomes = outcomes.into_iter().peekable();
    if let Some(old) = old {
        Merge { source, body, outcomes: &mut outcomes, pages: &mut pages }.page(old, true)?;
    }
    for item in outcomes.filter_map(|(_, item)| item) {
        pages.push(item)?;
    }
    pages.finish()
}

/// Pushes the entries of an old list with their outcomes.
struct Merge<'a, S> {
    source: &'a dyn ObjectSource,
    body: Body,
    outcomes: &'a mut Peekable<IntoIter<Outcome>>,
    pages: &'a mut Paginator<S>,
}

impl<S, E> Merge<'_, S>
where
    S: FnMut(ObjectId, &Page) -> Result<(), E>,
    E: From<ReadError>,
{
    /// What is below a page; `is_last` says that no page of its level comes behind.
    fn page(&mut self, id: &ObjectId, is_last: bool) -> Result<(), E> {
        let page = self.source.page(self.body, id)?;
        for (at, old) in page.items.iter().enumerate() {
            if page.level > 0 {
                self.below(page.level, old, is_last && at + 1 == page.items.len())?;
                continue;
            }
            while let Some((_, item)) = self.outcomes.next_if(|(name, _)| *name < old.name) {
                item.map_or(Ok(()), |item| self.pages.push(item))?;
            }
            match self.outcomes.next_if(|(name, _)| *name == old.name) {
                Some((_, item)) => item.map_or(Ok(()), |item| self.pages.push(item))?,
                None => self.pages.push(old.clone())?,
            }
        }
        Ok(())
    }

    /// What is below an item of an inner page: taken as it is where nothing touches it and pages end where they did.
    fn below(&mut self, level: u8, old: &Item, is_last: bool) -> Result<(), E> {
        let is_touched = self.outcomes.peek().is_some_and(|(name, _)| is_last || *name <= old.name);
        let left = if is_touched { Some(old.clone()) } else { self.pages.push_page(level, old.clone())? };
        left.map_or(Ok(()), |item| self.page(&item.id, is_last))
    }
}

/// Gives every name under which two lists (`None`: without entries) have not the same, in order, with what the old and the
/// new one have there.
///
/// # Errors
/// Those of reading the pages, and those of `visit`.
pub fn diff<E: From<ReadError>>(
    source: &dyn ObjectSource,
    body: Body,
    old: Option<&ObjectId>,
    new: Option<&ObjectId>,
    visit: &mut dyn FnMut(Option<Item>, Option<Item>) -> Result<(), E>,
) -> Result<(), E> {
    if old == new {
        return Ok(());
    }
    let open = |root: Option<&ObjectId>| root.map(|id| Cursor::new(source, body, id)).transpose();
    let (mut old, mut new) = (open(old)?, open(new)?);
    loop {
        match (item(&old), item(&new)) {
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
            (left, right) => {
                let order = match (left, right) {
                    (Some((a, _)), Some((b, _))) => a.name.cmp(&b.name),
                    (Some(_), None) => Ordering::Less,
                    _ => Ordering::Greater,
                };
                let left = left.filter(|_| order != Ordering::Greater).map(|(item, _)| item.clone());
                let right = right.filter(|_| order != Ordering::Less).map(|(item, _)| item.clone());
                if left.is_some() {
                    advance(&mut old);
                }
                if right.is_some() {
                    advance(&mut new);
                }
                visit(left, right)?;
            }
        }
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
