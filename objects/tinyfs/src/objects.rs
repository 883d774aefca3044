//! What layers over an [`ObjectSource`] share.

use std::io;
use std::ops::Range;

use bstr::{BStr, BString};
use pond_objects::cursor::{self, Leaves};
use pond_objects::{Body, Entry, Kind, ObjectId, ObjectSource, Page, Side, copy_range, list};

use crate::layer::LayerError;

/// [`PersistenceLayer::find`](crate::PersistenceLayer::find).
///
/// # Errors
/// Those of reading the pages.
pub fn find(
    source: &dyn ObjectSource,
    directory: &ObjectId,
    name: &BStr,
) -> Result<Option<Entry>, LayerError> {
    Ok(cursor::find(source, Body::Tree, directory, name)?.map(Entry::from_item))
}

/// [`PersistenceLayer::entries`](crate::PersistenceLayer::entries).
///
/// # Errors
/// Those of reading the pages.
pub fn entries(
    source: &dyn ObjectSource,
    directory: &ObjectId,
    from: &BStr,
    most: usize,
) -> Result<Vec<Entry>, LayerError> {
    let leaves = Leaves::starting_at(source, Body::Tree, directory, from)?;
    leaves.take(most).map(|item| Ok(Entry::from_item(item?))).collect()
}

/// [`PersistenceLayer::read`](crate::PersistenceLayer::read).
///
/// # Errors
/// Those of reading the chunks, and of writing.
pub fn read(
    source: &dyn ObjectSource,
    content: &ObjectId,
    range: Range<u64>,
    out: &mut dyn io::Write,
) -> Result<(), LayerError> {
    Ok(copy_range(source, content, range, out)?)
}

/// [`PersistenceLayer::store_directory`](crate::PersistenceLayer::store_directory), each new page given to `sink`.
///
/// # Errors
/// Those of reading the pages.
pub fn edit(
    source: &dyn ObjectSource,
    base: Option<&ObjectId>,
    changes: Vec<(BString, Option<Entry>)>,
    sink: &mut dyn FnMut(ObjectId, &Page),
) -> Result<Side, LayerError> {
    let outcomes = changes.into_iter().map(|(name, entry)| (name, entry.map(Entry::into_item))).collect();
    let root = list::edit::<LayerError>(source, Body::Tree, base, outcomes, &mut |id, page| {
        sink(id, page);
        Ok(())
    })?;
    Ok(Side { kind: Kind::Directory, id: root.id, size: root.size })
}

/// Reads a content of `size` bytes whole.
///
/// # Errors
/// [`LayerError::Content`], and [`LayerError::Changed`] where it has another length.
pub fn read_whole(size: u64, content: &mut dyn io::Read) -> Result<Vec<u8>, LayerError> {
    use io::Read as _;

    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    content.take(size.saturating_add(1)).read_to_end(&mut bytes).map_err(LayerError::Content)?;
    if bytes.len() as u64 == size { Ok(bytes) } else { Err(LayerError::Changed) }
}
