//! Objects in memory: for tests, and for trees that are built before they are stored.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::chunker::Chunker;
use crate::commit::Commit;
use crate::id::ObjectId;
use crate::large::Piece;
use crate::page::{Body, Item, Page};
use crate::paginate::paginate;
use crate::source::{Manifest, ObjectSource, ReadError};

/// A set of objects.
#[derive(Debug, Default)]
pub struct MemoryObjects {
    pages: HashMap<ObjectId, Arc<Page>>,
    chunks: HashMap<ObjectId, Bytes>,
    manifests: HashMap<ObjectId, Manifest>,
    commits: HashMap<ObjectId, Commit>,
}

impl MemoryObjects {
    /// No objects.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a page.
    pub fn add_page(&mut self, id: ObjectId, page: &Page) {
        self.pages.entry(id).or_insert_with(|| Arc::new(page.clone()));
    }

    /// Adds a blob's content, chunked as it would be stored, and gives its id.
    pub fn add_blob(&mut self, content: &[u8]) -> ObjectId {
        let id = ObjectId::of_content(content);
        let chunker = Chunker::for_size(content.len() as u64);
        let mut items = Vec::new();
        for chunk in chunker.chunks(content) {
            let chunk_id = ObjectId::of_content(chunk);
            self.chunks.insert(chunk_id, Bytes::copy_from_slice(chunk));
            items.push(Item {
                name: "".into(),
                kind: None,
                id: chunk_id,
                size: chunk.len() as u64,
                count: 1,
            });
        }
        if items.is_empty() {
            self.chunks.insert(id, Bytes::new());
        }
        if items.len() > 1 {
            let (root, pages) = paginate(Body::Manifest, items);
            pages.iter().for_each(|(id, page)| self.add_page(*id, page));
            self.manifests.insert(id, Manifest { size: root.size, root: root.id });
        }
        id
    }

    /// Adds the manifest of a blob whose chunks are elsewhere.
    pub fn add_manifest(&mut self, blob: ObjectId, pieces: &[Piece]) {
        let mut start = 0;
        let items = pieces.iter().map(|piece| {
            let size = piece.end - start;
            start = piece.end;
            Item { name: "".into(), kind: None, id: piece.id, size, count: 1 }
        });
        let (root, pages) = paginate(Body::Manifest, items);
        pages.iter().for_each(|(id, page)| self.add_page(*id, page));
        self.manifests.insert(blob, Manifest { size: root.size, root: root.id });
    }

    /// Adds a commit and gives its id.
    pub fn add_commit(&mut self, commit: Commit) -> ObjectId {
        let id = commit.id();
        self.commits.insert(id, commit);
        id
    }
}

impl ObjectSource for MemoryObjects {
    fn page(&self, body: Body, id: &ObjectId) -> Result<Arc<Page>, ReadError> {
        let page = self.pages.get(id).filter(|page| page.body == body);
        page.cloned().ok_or(ReadError::Missing { what: "page", id: *id })
    }

    fn chunk(&self, id: &ObjectId) -> Result<Bytes, ReadError> {
        self.chunks.get(id).cloned().ok_or(ReadError::Missing { what: "chunk", id: *id })
    }

    fn manifest(&self, blob: &ObjectId) -> Result<Option<Manifest>, ReadError> {
        Ok(self.manifests.get(blob).copied())
    }

    fn commit(&self, id: &ObjectId) -> Result<Commit, ReadError> {
        self.commits.get(id).cloned().ok_or(ReadError::Missing { what: "commit", id: *id })
    }
}
