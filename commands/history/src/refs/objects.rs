//! The objects that listed refs name.

use std::cell::RefCell;
use std::rc::Rc;

use pond_objects::page::Body;
use pond_objects::{Commit, ObjectId, ObjectSource as _, ReadError, Tag};
use pond_oplog::{RowType, Store};

use crate::content::blob_size;
use crate::refs::listed::Listed;

/// Reads objects of listed refs, one after the other.
pub struct Objects<'a> {
    store: &'a Store,
    /// The object read last: what is asked about a ref is asked at once.
    last: RefCell<Option<(ObjectId, Object)>>,
}

/// An object, as far as a list shows it.
#[derive(Debug, Clone)]
pub enum Object {
    /// A commit.
    Commit(Rc<Commit>),
    /// An annotated tag.
    Tag(Rc<Tag>),
    /// A tree or a file.
    Other,
}

impl Object {
    /// The message of a commit or tag.
    pub fn message(&self) -> Option<&[u8]> {
        match self {
            Self::Commit(commit) => Some(&commit.message),
            Self::Tag(tag) => Some(&tag.message),
            Self::Other => None,
        }
    }
}

impl<'a> Objects<'a> {
    /// Reads from this store.
    pub fn new(store: &'a Store) -> Self {
        Self { store, last: RefCell::default() }
    }

    /// The store.
    pub fn store(&self) -> &'a Store {
        self.store
    }

    /// What an object is.
    ///
    /// # Errors
    /// If the object is not there.
    pub fn type_of(&self, id: &ObjectId) -> Result<RowType, ReadError> {
        self.store.type_of(id).ok_or(ReadError::Missing { what: "object", id: *id })
    }

    /// An object.
    ///
    /// # Errors
    /// Those of reading it.
    pub fn get(&self, id: &ObjectId, row_type: RowType) -> Result<Object, ReadError> {
        if let Some((_, object)) = self.last.borrow().as_ref().filter(|(last, _)| last == id) {
            return Ok(object.clone());
        }
        let object = match row_type {
            RowType::Commit => Object::Commit(self.store.commit(id)?.into()),
            RowType::Tag => Object::Tag(self.store.tag(id)?.into()),
            _ => Object::Other,
        };
        *self.last.borrow_mut() = Some((*id, object.clone()));
        Ok(object)
    }

    /// What a ref names in the end, past tags.
    ///
    /// # Errors
    /// Those of reading the tags, and what they name.
    pub fn peeled(&self, one: &Listed) -> Result<(ObjectId, RowType), ReadError> {
        let mut id = one.id;
        loop {
            let row_type = self.type_of(&id)?;
            match self.get(&id, row_type)? {
                Object::Tag(tag) => id = tag.object,
                _ => return Ok((id, row_type)),
            }
        }
    }

    /// Bytes of an object.
    ///
    /// # Errors
    /// Those of reading it.
    pub fn size(&self, id: &ObjectId, row_type: RowType) -> Result<u64, ReadError> {
        Ok(match row_type {
            RowType::Commit => self.store.meta_content(id, row_type, "commit")?.len() as u64,
            RowType::Tag => self.store.meta_content(id, row_type, "tag")?.len() as u64,
            RowType::Page => self.store.page(Body::Tree, id)?.canonical().len() as u64,
            _ => blob_size(self.store, id)?,
        })
    }
}
