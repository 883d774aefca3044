//! Where objects are read from.

use std::sync::Arc;

use bytes::Bytes;

use crate::commit::{Commit, Link};
use crate::headers::TextError;
use crate::id::ObjectId;
use crate::page::{Body, Page, PageError};

/// A blob of more than one chunk: its size, and the root page of the manifest that lists the chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manifest {
    /// Bytes of the blob.
    pub size: u64,
    /// The manifest's root page.
    pub root: ObjectId,
}

/// Why an object can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Nothing with this id is there.
    #[error("{what} {id} is missing")]
    Missing {
        /// What it should have been: chunk, page, commit.
        what: &'static str,
        /// Its id.
        id: ObjectId,
    },
    /// The stored bytes do not hash to the id.
    #[error("{what} {id} is damaged: its content does not match its id")]
    Damaged {
        /// What it should have been.
        what: &'static str,
        /// Its id.
        id: ObjectId,
    },
    /// The stored bytes are not a page.
    #[error("page {id} is damaged")]
    Page {
        /// Its id.
        id: ObjectId,
        /// What is wrong with it.
        #[source]
        error: PageError,
    },
    /// The stored bytes are not a commit.
    #[error("commit {id} is damaged")]
    Commit {
        /// Its id.
        id: ObjectId,
        /// What is wrong with it.
        #[source]
        error: TextError,
    },
    /// The stored bytes are not a tag.
    #[error("tag {id} is damaged")]
    Tag {
        /// Its id.
        id: ObjectId,
        /// What is wrong with it.
        #[source]
        error: TextError,
    },
    /// The storage below failed.
    #[error("cannot read {what} {id}")]
    Storage {
        /// What was read.
        what: &'static str,
        /// Its id.
        id: ObjectId,
        /// Why it failed.
        #[source]
        error: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Reads objects by id. Whatever is returned was verified against its id.
///
/// Implementations are [`crate::memory::MemoryObjects`] and the oplog's store. All functions may be called from several
/// threads; none changes anything. An object that was once found stays readable for the life of the source.
pub trait ObjectSource: Sync {
    /// The page with this id.
    ///
    /// # Errors
    /// [`ReadError::Missing`] where there is none, [`ReadError::Page`] where its bytes are not a valid page of
    /// this body and id, [`ReadError::Storage`] where reading fails.
    fn page(&self, body: Body, id: &ObjectId) -> Result<Arc<Page>, ReadError>;

    /// A chunk's bytes.
    ///
    /// # Errors
    /// [`ReadError::Missing`], [`ReadError::Damaged`], [`ReadError::Storage`].
    fn chunk(&self, id: &ObjectId) -> Result<Bytes, ReadError>;

    /// The manifest of a blob of more than one chunk; `None` for a blob that is one chunk, and for one that is not there.
    ///
    /// # Errors
    /// [`ReadError::Storage`].
    fn manifest(&self, blob: &ObjectId) -> Result<Option<Manifest>, ReadError>;

    /// The commit with this id.
    ///
    /// # Errors
    /// [`ReadError::Missing`], [`ReadError::Commit`], [`ReadError::Damaged`], [`ReadError::Storage`].
    fn commit(&self, id: &ObjectId) -> Result<Commit, ReadError>;

    /// The place in history of the commit with this id. A source may know it without reading the commit.
    ///
    /// # Errors
    /// Those of [`ObjectSource::commit`], where it is read.
    fn link(&self, id: &ObjectId) -> Result<Link, ReadError> {
        Ok(self.commit(id)?.link())
    }
}
