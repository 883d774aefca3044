//! The layer in memory.

use std::cell::RefCell;
use std::io;
use std::ops::Range;

use bstr::{BStr, BString};
use pond_objects::memory::MemoryObjects;
use pond_objects::{Entry, ObjectId, Side};

use crate::layer::{LayerError, PersistenceLayer};
use crate::objects;

/// Keeps everything in memory.
#[derive(Debug, Default)]
pub struct MemoryLayer {
    objects: RefCell<MemoryObjects>,
}

impl MemoryLayer {
    /// A layer that has nothing yet.
    pub fn new() -> Self {
        Self::default()
    }
}

impl PersistenceLayer for MemoryLayer {
    fn find(&self, directory: &ObjectId, name: &BStr) -> Result<Option<Entry>, LayerError> {
        objects::find(&*self.objects.borrow(), directory, name)
    }

    fn entries(&self, directory: &ObjectId, from: &BStr, most: usize) -> Result<Vec<Entry>, LayerError> {
        objects::entries(&*self.objects.borrow(), directory, from, most)
    }

    fn read(&self, content: &ObjectId, range: Range<u64>, out: &mut dyn io::Write) -> Result<(), LayerError> {
        objects::read(&*self.objects.borrow(), content, range, out)
    }

    fn store(&self, size: u64, content: &mut dyn io::Read) -> Result<ObjectId, LayerError> {
        // What is read may come from this layer.
        let bytes = objects::read_whole(size, content)?;
        Ok(self.objects.borrow_mut().add_blob(&bytes))
    }

    fn store_directory(
        &self,
        base: Option<&ObjectId>,
        changes: Vec<(BString, Option<Entry>)>,
    ) -> Result<Side, LayerError> {
        let mut pages = Vec::new();
        let side = objects::edit(&*self.objects.borrow(), base, changes, &mut |id, page| {
            pages.push((id, page.clone()));
        })?;
        let mut objects = self.objects.borrow_mut();
        pages.iter().for_each(|(id, page)| objects.add_page(*id, page));
        Ok(side)
    }
}
