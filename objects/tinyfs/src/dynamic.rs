//! Directories that are computed.

use std::rc::Rc;

use bstr::{BStr, BString};
use bytes::Bytes;
use pond_objects::{Kind, Side};

use crate::layer::LayerError;

/// A directory whose entries are computed when somebody looks. It can only be read.
pub trait DynamicDirectory<'a> {
    /// What has a name; `None` if nothing has. It need not be among [`DynamicDirectory::names`].
    ///
    /// # Errors
    /// [`LayerError`] of what it is computed from.
    fn find(&self, name: &BStr) -> Result<Option<DynamicNode<'a>>, LayerError>;

    /// The names that are listed, in order, each once.
    ///
    /// # Errors
    /// [`LayerError`] of what it is computed from.
    fn names(&self) -> Result<Vec<BString>, LayerError>;
}

/// A dynamic directory that several own.
pub type Dynamic<'a> = Rc<dyn DynamicDirectory<'a> + 'a>;

/// What a dynamic directory has under a name.
#[derive(Clone)]
pub enum DynamicNode<'a> {
    /// Something that the layer has: a file, a symlink, or a directory with all that is in it.
    Stored(Side),
    /// Another dynamic directory.
    Directory(Dynamic<'a>),
    /// A file, or a symlink with its target, whose content is computed.
    Content(Kind, Bytes),
}
