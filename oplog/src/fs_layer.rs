//! TinyFS over a pond: directories and contents of the table are read, and what is new is staged.
//!
//! Small contents and new directories wait in memory, where they can be read at once. They are packed when enough of them
//! wait, and by [`OplogLayer::finish`]; a large content is packed when it comes. The packs are in the staging area and nothing points
//! to them, until a transaction adopts them. A layer that is dropped before leaves packs that nobody names, which upkeep
//! removes like those of a killed command.

use std::cell::RefCell;
use std::collections::HashSet;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use bstr::{BStr, BString};
use bytes::Bytes;
use pond_objects::memory::MemoryObjects;
use pond_objects::page::{Body, Page};
use pond_objects::{Commit, Entry, Manifest, ObjectId, ObjectSource, ReadError, Side, read_blob};
use pond_tinyfs::{LayerError, PersistenceLayer, objects};

use crate::ingest::{Ingest, IngestError, StagedPacks};
use crate::pond::Pond;
use crate::row::MetaRow;
use crate::snapshot::ReadonlyPond;
use crate::store::{StagedPack, Store};

/// Contents of more bytes do not wait in memory.
const LARGEST_WAITING: u64 = 2 << 20;
/// Bytes that wait before they are packed.
const MOST_WAITING: usize = 32 << 20;

/// What one that waits takes besides its bytes.
const OVERHEAD: usize = 256;

/// The persistence layer over a pond. Whoever stores through it holds the mirror's lock, as everyone does who writes to the
/// staging area.
pub struct OplogLayer<'p> {
    pond: &'p Pond,
    threads: usize,
    /// Packs that were staged before.
    staged: Vec<StagedPack>,
    inner: RefCell<Inner>,
}

struct Inner {
    snapshot: ReadonlyPond,
    /// Packs of this layer.
    packs: Vec<StagedPack>,
    /// What waits, and every new page.
    new: MemoryObjects,
    contents: HashSet<ObjectId>,
    waiting: usize,
    pages: Vec<(ObjectId, Page)>,
}

impl Inner {
    fn objects(&self) -> Layered<'_> {
        Layered { new: &self.new, store: self.snapshot.store() }
    }

    /// The snapshot with all packs: those that were staged before, and this layer's.
    fn snapshot_again(&self, pond: &Pond, staged: &[StagedPack]) -> ReadonlyPond {
        let all: Vec<StagedPack> = staged.iter().chain(&self.packs).copied().collect();
        self.snapshot.moved_to(pond, self.snapshot.state().clone(), &all)
    }
}

impl<'p> OplogLayer<'p> {
    /// A layer over a state of a pond and what is staged besides. `threads` compress.
    pub fn new(pond: &'p Pond, snapshot: &ReadonlyPond, staged: &[StagedPack], threads: usize) -> Self {
        let inner = Inner {
            snapshot: snapshot.moved_to(pond, snapshot.state().clone(), staged),
            packs: Vec::new(),
            new: MemoryObjects::new(),
            contents: HashSet::new(),
            waiting: 0,
            pages: Vec::new(),
        };
        Self { pond, threads, staged: staged.to_vec(), inner: RefCell::new(inner) }
    }

    /// Packs all that waits, and gives the packs of everything that was stored, synced: a transaction has to adopt them. All of it can be
    /// read from a store over them.
    ///
    /// # Errors
    /// [`LayerError::Store`].
    pub fn finish(self) -> Result<Vec<StagedPack>, LayerError> {
        let mut inner = self.inner.borrow_mut();
        self.pack_waiting(&mut inner)?;
        let pages = std::mem::take(&mut inner.pages);
        if !pages.is_empty() {
            let rows = pages.iter().map(|(id, page)| MetaRow::page(*id, page)).collect();
            let packs = StagedPacks::of_rows(&self.pond.staging_dir(), rows).map_err(store_error)?;
            inner.packs.extend(packs.names());
        }
        Ok(std::mem::take(&mut inner.packs))
    }

    fn pack_waiting(&self, inner: &mut Inner) -> Result<(), LayerError> {
        if inner.contents.is_empty() {
            return Ok(());
        }
        let staging = self.pond.staging_dir();
        let packs = {
            let ingest = Ingest::new(inner.snapshot.store(), &staging).map_err(store_error)?;
            let stored = ingest.run_here(self.threads, |reader| {
                inner.contents.iter().try_for_each(|id| {
                    let content = read_blob(&inner.new, id)?;
                    reader.store(&content).map(drop).map_err(store_error)
                })
            });
            stored.map_err(store_error)??;
            ingest.finish().map_err(store_error)?
        };
        self.take(inner, &packs);
        inner.contents.clear();
        inner.waiting = 0;
        inner.new = MemoryObjects::new();
        for (id, page) in &inner.pages {
            inner.new.add_page(*id, page);
        }
        Ok(())
    }

    fn store_large(&self, size: u64, content: &mut dyn io::Read) -> Result<ObjectId, LayerError> {
        let staging = self.pond.staging_dir();
        // What is read may come from this layer: it must not be held meanwhile.
        let snapshot = self.inner.borrow().snapshot_again(self.pond, &self.staged);
        let ingest = Ingest::new(snapshot.store(), &staging).map_err(store_error)?;
        let stored = ingest.run_here(self.threads, |reader| reader.store_stream(size, content, &|_| ()));
        let stored = stored.map_err(store_error)?.map_err(|error| match error {
            IngestError::Read(error) => LayerError::Content(error),
            IngestError::Unstable => LayerError::Changed,
            error => store_error(error),
        })?;
        let packs = ingest.finish().map_err(store_error)?;
        self.take(&mut self.inner.borrow_mut(), &packs);
        Ok(stored.id)
    }

    /// Goes on with new packs.
    fn take(&self, inner: &mut Inner, packs: &StagedPacks) {
        inner.packs.extend(packs.names());
        inner.snapshot = inner.snapshot_again(self.pond, &self.staged);
    }
}

impl PersistenceLayer for OplogLayer<'_> {
    fn find(&self, directory: &ObjectId, name: &BStr) -> Result<Option<Entry>, LayerError> {
        objects::find(&self.inner.borrow().objects(), directory, name)
    }

    fn entries(&self, directory: &ObjectId, from: &BStr, most: usize) -> Result<Vec<Entry>, LayerError> {
        objects::entries(&self.inner.borrow().objects(), directory, from, most)
    }

    fn read(&self, content: &ObjectId, range: Range<u64>, out: &mut dyn io::Write) -> Result<(), LayerError> {
        objects::read(&self.inner.borrow().objects(), content, range, out)
    }

    fn store(&self, size: u64, content: &mut dyn io::Read) -> Result<ObjectId, LayerError> {
        if size > LARGEST_WAITING {
            return self.store_large(size, content);
        }
        let bytes = objects::read_whole(size, content)?;
        let mut inner = self.inner.borrow_mut();
        let id = ObjectId::of_content(&bytes);
        if inner.contents.insert(id) {
            inner.new.add_blob(&bytes);
            inner.waiting += bytes.len() + OVERHEAD;
        }
        if inner.waiting > MOST_WAITING {
            self.pack_waiting(&mut inner)?;
        }
        Ok(id)
    }

    fn store_directory(
        &self,
        base: Option<&ObjectId>,
        changes: Vec<(BString, Option<Entry>)>,
    ) -> Result<Side, LayerError> {
        let mut inner = self.inner.borrow_mut();
        let mut pages = Vec::new();
        let side =
            objects::edit(&inner.objects(), base, changes, &mut |id, page| pages.push((id, page.clone())))?;
        for (id, page) in pages {
            inner.new.add_page(id, &page);
            inner.pages.push((id, page));
        }
        Ok(side)
    }
}

/// What is new, before what the pond has.
struct Layered<'a> {
    new: &'a MemoryObjects,
    store: &'a Store,
}

impl ObjectSource for Layered<'_> {
    fn page(&self, body: Body, id: &ObjectId) -> Result<Arc<Page>, ReadError> {
        self.new.page(body, id).or_else(|_| self.store.page(body, id))
    }

    fn chunk(&self, id: &ObjectId) -> Result<Bytes, ReadError> {
        self.new.chunk(id).or_else(|_| self.store.chunk(id))
    }

    fn manifest(&self, blob: &ObjectId) -> Result<Option<Manifest>, ReadError> {
        match self.new.manifest(blob)? {
            Some(manifest) => Ok(Some(manifest)),
            None => self.store.manifest(blob),
        }
    }

    fn commit(&self, id: &ObjectId) -> Result<Commit, ReadError> {
        self.store.commit(id)
    }
}

fn store_error(error: IngestError) -> LayerError {
    LayerError::Store(Box::new(error))
}

#[cfg(test)]
mod tests;
