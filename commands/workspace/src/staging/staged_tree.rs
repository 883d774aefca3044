//! Trees that are made of an index, before the pond has them.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use pond_mirror::index::Index;
use pond_objects::page::{Body, Page};
use pond_objects::{Commit, Manifest, ObjectId, ObjectSource, ReadError, tree};
use pond_oplog::Store;
use pond_oplog::transaction::Transaction;

use crate::staging::next_commit::staged_changes;

/// Pages that are new, and what the pond has.
pub(crate) struct NewPages<'a> {
    store: &'a Store,
    pages: HashMap<ObjectId, Arc<Page>>,
}

impl<'a> NewPages<'a> {
    /// None so far.
    pub(crate) fn new(store: &'a Store) -> Self {
        Self { store, pages: HashMap::new() }
    }

    /// The tree of what is staged. `base` is that of the commit which the index is based on.
    ///
    /// # Errors
    /// Those of reading its pages.
    pub(crate) fn add_tree_of(
        &mut self,
        index: &Index,
        base: Option<&ObjectId>,
    ) -> Result<ObjectId, ReadError> {
        let updates: Vec<tree::edit::Update> =
            staged_changes(index).map(|change| (change.path, change.new)).collect();
        let pages = &mut self.pages;
        let root = tree::edit::edit(self.store, base, &updates, &mut |id, page: &Page| {
            pages.insert(id, Arc::new(page.clone()));
            Ok::<_, ReadError>(())
        })?;
        Ok(root.id)
    }

    /// Adds a page.
    pub(crate) fn add(&mut self, id: ObjectId, page: &Page) {
        self.pages.insert(id, Arc::new(page.clone()));
    }

    /// The pages, for [`join`].
    pub(crate) fn into_pages(self) -> Vec<(ObjectId, Arc<Page>)> {
        self.pages.into_iter().collect()
    }
}

/// Makes pages part of an operation.
pub(crate) fn join(pages: &[(ObjectId, Arc<Page>)], transaction: &mut Transaction<'_>) {
    pages.iter().for_each(|(id, page)| transaction.add_page(*id, page));
}

impl ObjectSource for NewPages<'_> {
    fn page(&self, body: Body, id: &ObjectId) -> Result<Arc<Page>, ReadError> {
        match self.pages.get(id) {
            Some(page) => Ok(page.clone()),
            None => self.store.page(body, id),
        }
    }

    fn chunk(&self, id: &ObjectId) -> Result<Bytes, ReadError> {
        self.store.chunk(id)
    }

    fn manifest(&self, blob: &ObjectId) -> Result<Option<Manifest>, ReadError> {
        self.store.manifest(blob)
    }

    fn commit(&self, id: &ObjectId) -> Result<Commit, ReadError> {
        self.store.commit(id)
    }
}
