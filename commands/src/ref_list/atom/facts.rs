//! What fields are read from.

use pond_objects::{Commit, ObjectId, ObjectSource as _, ReadError, Signature, Tag};
use pond_oplog::RowType;

use super::{Listed, Who, person, subject};
use crate::error::CommandError;
use crate::workspace::Workspace;

/// Reads objects of listed refs.
pub(crate) struct Facts<'a> {
    workspace: &'a Workspace<'a>,
    now: i64,
    /// The object read last: the fields of a ref follow each other.
    last: std::cell::RefCell<Option<(ObjectId, Object)>>,
}

/// An object, as far as fields tell of it.
#[derive(Debug, Clone)]
pub(super) enum Object {
    Commit(std::rc::Rc<Commit>),
    Tag(std::rc::Rc<Tag>),
    Other,
}

impl Object {
    pub(super) fn message(&self) -> Option<&[u8]> {
        match self {
            Self::Commit(commit) => Some(&commit.message),
            Self::Tag(tag) => Some(&tag.message),
            Self::Other => None,
        }
    }
}

impl<'a> Facts<'a> {
    pub(in crate::ref_list) fn new(workspace: &'a Workspace<'_>, now: i64) -> Self {
        Self { workspace, now, last: std::cell::RefCell::default() }
    }

    /// The pond.
    pub(crate) fn workspace(&self) -> &'a Workspace<'a> {
        self.workspace
    }

    /// The present, in seconds since 1970.
    pub(super) fn now(&self) -> i64 {
        self.now
    }

    /// Whether HEAD is on this branch, or is this.
    pub(crate) fn is_head(&self, one: &Listed) -> bool {
        match &one.name {
            Some(name) => self.workspace.head.branch.as_ref() == Some(name),
            None => true,
        }
    }

    /// What an object is.
    pub(crate) fn type_of(&self, id: &ObjectId) -> Result<RowType, CommandError> {
        let found = self.workspace.store().type_of(id);
        Ok(found.ok_or(ReadError::Missing { what: "object", id: *id })?)
    }

    /// What a ref names in the end, past tags.
    pub(crate) fn peeled(&self, one: &Listed) -> Result<(ObjectId, RowType), CommandError> {
        let mut id = one.id;
        loop {
            match self.object(&id, self.type_of(&id)?)? {
                Object::Tag(tag) => id = tag.object,
                _ => return Ok((id, self.type_of(&id)?)),
            }
        }
    }

    /// The tagger or committer of what a ref names.
    pub(crate) fn creator(&self, one: &Listed) -> Result<Option<Signature>, CommandError> {
        let object = self.object(&one.id, self.type_of(&one.id)?)?;
        Ok(person(&object, Who::Creator).cloned())
    }

    /// The first paragraph of the message of what a ref names.
    pub(crate) fn subject(&self, one: &Listed) -> Result<Vec<u8>, CommandError> {
        let object = self.object(&one.id, self.type_of(&one.id)?)?;
        Ok(object.message().map(subject::subject).unwrap_or_default())
    }

    /// Bytes of an object.
    pub(super) fn size(&self, id: &ObjectId, row_type: RowType) -> Result<u64, CommandError> {
        let store = self.workspace.store();
        Ok(match row_type {
            RowType::Commit => store.meta_content(id, row_type, "commit")?.len() as u64,
            RowType::Tag => store.meta_content(id, row_type, "tag")?.len() as u64,
            RowType::Page => store.page(pond_objects::page::Body::Tree, id)?.canonical().len() as u64,
            _ => pond_history::blob_size(store, id)?,
        })
    }

    /// An object.
    pub(super) fn object(&self, id: &ObjectId, row_type: RowType) -> Result<Object, CommandError> {
        if let Some((_, object)) = self.last.borrow().as_ref().filter(|(last, _)| last == id) {
            return Ok(object.clone());
        }
        let store = self.workspace.store();
        let object = match row_type {
            RowType::Commit => Object::Commit(store.commit(id)?.into()),
            RowType::Tag => Object::Tag(store.tag(id)?.into()),
            _ => Object::Other,
        };
        *self.last.borrow_mut() = Some((*id, object.clone()));
        Ok(object)
    }
}
