//! What fields are read from.

use pond_history::refs::{Listed, Objects};
use pond_objects::Signature;
use pond_workspace::Workspace;

use super::Who;
use super::person;
use super::subject;
use crate::error::CommandError;

/// What is known of listed refs.
pub(crate) struct Facts<'a> {
    workspace: &'a Workspace<'a>,
    objects: Objects<'a>,
    now: i64,
}

impl<'a> Facts<'a> {
    pub(in crate::ref_list) fn new(workspace: &'a Workspace<'_>, now: i64) -> Self {
        Self { workspace, objects: Objects::new(workspace.store()), now }
    }

    /// The pond.
    pub(crate) fn workspace(&self) -> &'a Workspace<'a> {
        self.workspace
    }

    /// What the refs name.
    pub(crate) fn objects(&self) -> &Objects<'a> {
        &self.objects
    }

    /// The present, in seconds since 1970.
    pub(super) fn now(&self) -> i64 {
        self.now
    }

    /// Whether HEAD is on this branch, or is this.
    pub(crate) fn is_head(&self, one: &Listed) -> bool {
        match &one.name {
            Some(name) => self.workspace.head().branch.as_ref() == Some(name),
            None => true,
        }
    }

    /// The tagger or committer of what a ref names.
    pub(crate) fn creator(&self, one: &Listed) -> Result<Option<Signature>, CommandError> {
        let object = self.objects.get(&one.id, self.objects.type_of(&one.id)?)?;
        Ok(person(&object, Who::Creator).cloned())
    }

    /// The first paragraph of the message of what a ref names.
    pub(crate) fn subject(&self, one: &Listed) -> Result<Vec<u8>, CommandError> {
        let object = self.objects.get(&one.id, self.objects.type_of(&one.id)?)?;
        Ok(object.message().map(subject::subject).unwrap_or_default())
    }
}
