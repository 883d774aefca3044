//! What the manifest of a blob says of one that begins with the same bytes: all its chunks but the last.

use crate::id::ObjectId;
use crate::page::{Body, Item, Page};
use crate::paginate::Paginator;
use crate::source::{Manifest, ObjectSource, ReadError};

/// The beginning of a manifest: its pages and chunks as far as they are the same in each blob that begins with this one and
/// is cut by the same chunker. Where it was read, only the last page of each level was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beginning {
    /// Whole pages, as items of a level, from the top down; then chunks.
    items: Vec<(u8, Item)>,
    /// The last chunk, which may be longer in another blob.
    pub last: ObjectId,
    /// Its bytes.
    pub last_size: u64,
    /// Where it begins: bytes of the chunks before it.
    pub end: u64,
}

impl Beginning {
    /// The beginning of a manifest.
    ///
    /// # Errors
    /// Those of reading its pages.
    pub fn read(source: &dyn ObjectSource, manifest: &Manifest) -> Result<Option<Self>, ReadError> {
        let (mut items, mut end) = (Vec::new(), 0);
        let mut id = manifest.root;
        loop {
            let page = source.page(Body::Manifest, &id)?;
            let Some((last, before)) = page.items.split_last() else { return Ok(None) };
            items.extend(before.iter().map(|item| (page.level, item.clone())));
            end += before.iter().map(|item| item.size).sum::<u64>();
            if page.level == 0 {
                return Ok(Some(Self { items, last: last.id, last_size: last.size, end }));
            }
            id = last.id;
        }
    }

    /// Chunks before the last.
    pub fn chunks(&self) -> u64 {
        self.items.iter().map(|(_, item)| item.count).sum()
    }

    /// Puts it into an empty manifest.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn put_into<S, E>(&self, manifest: &mut Paginator<S>) -> Result<(), E>
    where
        S: FnMut(ObjectId, &Page) -> Result<(), E>,
    {
        for (level, item) in &self.items {
            let refused = manifest.push_page(*level, item.clone())?;
            debug_assert!(refused.is_none(), "BUG: pages come from the top down");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryObjects;
    use crate::paginate::paginate;

    fn chunk(number: u64) -> Item {
        let id = ObjectId::of_content(&number.to_le_bytes());
        Item { name: Default::default(), kind: None, id, size: 8_000 + number, count: 1 }
    }

    #[test]
    fn a_manifest_goes_on_where_a_shorter_one_ended() {
        for (before, after) in [(1, 1), (1, 2), (2, 3), (17, 18), (150, 151), (2_000, 2_001), (4_000, 9_000)]
        {
            let mut objects = MemoryObjects::default();
            let (root, pages) = paginate(Body::Manifest, (0..before).map(chunk));
            for (id, page) in &pages {
                objects.add_page(*id, page);
            }
            let manifest = Manifest { size: root.size, root: root.id };
            let beginning = Beginning::read(&objects, &manifest).expect("readable").expect("chunks");
            assert_eq!((beginning.chunks(), beginning.last), (before - 1, chunk(before - 1).id));
            assert_eq!(beginning.end + beginning.last_size, root.size);
            let mut made = Vec::new();
            let mut paginator =
                Paginator::new(Body::Manifest, |id, page: &Page| -> Result<(), std::convert::Infallible> {
                    made.push((id, page.clone()));
                    Ok(())
                });
            let Ok(()) = beginning.put_into(&mut paginator);
            for number in before - 1..after {
                let Ok(()) = paginator.push(chunk(number));
            }
            let Ok(grown) = paginator.finish();
            let (whole, all) = paginate(Body::Manifest, (0..after).map(chunk));
            assert_eq!(grown, whole, "{before} and {after}");
            let known: Vec<_> = pages.iter().map(|(id, _)| id).collect();
            let is_there = |id| known.contains(&id) || made.iter().any(|(made, _)| made == id);
            assert!(all.iter().all(|(id, _)| is_there(id)), "{before} and {after}");
        }
    }
}
