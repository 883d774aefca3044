//! The working state.

mod change;
mod entries;
mod glob;
mod node;
mod resolve;
mod walk;
mod wd;

use std::cell::{Ref, RefCell};

use bstr::{BStr, BString};
use pond_objects::{Kind, ObjectId, Side};

use crate::dynamic::Dynamic;
use crate::error::FsError;
use crate::layer::PersistenceLayer;
use crate::state::Directory;

use self::resolve::{Last, Resolved};

pub use self::entries::{DirEntry, List};
pub use self::glob::Glob;
pub use self::node::{Node, NodePath, Reader};
pub use self::walk::{Walk, Walked};
pub use self::wd::WD;

/// A filesystem over a tree, that is changed in memory until [`FS::finish`] makes the next tree of it.
pub struct FS<'a> {
    layer: &'a dyn PersistenceLayer,
    root: RefCell<Directory>,
    mounted: Vec<(BString, Dynamic<'a>)>,
}

impl<'a> FS<'a> {
    /// A filesystem over the tree `root`, which the layer has; `None` is one without entries. Reads nothing.
    pub fn new(layer: &'a dyn PersistenceLayer, root: Option<ObjectId>) -> Self {
        // The size is of no use: what the root's size is, storing it tells.
        let side = root.map(|id| Side { kind: Kind::Directory, id, size: 0 });
        Self { layer, root: RefCell::new(Directory::over(side)), mounted: Vec::new() }
    }

    /// Gives a name of the root to a dynamic directory. What the tree has by this name can't be reached then.
    pub fn mount(&mut self, name: impl Into<BString>, directory: Dynamic<'a>) {
        self.mounted.push((name.into(), directory));
    }

    /// The root, to work from.
    pub fn root(&self) -> WD<'_, 'a> {
        WD::new(self, Vec::new())
    }

    /// The tree that the state is now, stored in the layer. The state goes on from there.
    ///
    /// # Errors
    /// Those of the layer. The state is as it was.
    pub fn finish(&self) -> Result<Side, FsError> {
        let side = self.state().store(self.layer)?;
        // Of a state without a base and without changes there is nothing to go on from.
        *self.root.borrow_mut() = Directory::over(Some(side));
        Ok(side)
    }

    pub(crate) fn layer(&self) -> &'a dyn PersistenceLayer {
        self.layer
    }

    pub(crate) fn state(&self) -> Ref<'_, Directory> {
        self.root.borrow()
    }

    pub(crate) fn mounted(&self, name: &BStr) -> Option<Dynamic<'a>> {
        self.mounted.iter().find(|(mounted, _)| mounted == name).map(|(_, directory)| directory.clone())
    }

    /// Whether the names lead into a dynamic directory.
    pub(crate) fn is_dynamic(&self, names: &[BString]) -> bool {
        names.first().is_some_and(|name| self.mounted(name.as_ref()).is_some())
    }

    /// What `then` makes of what a path leads to.
    pub(crate) fn with<T>(
        &self,
        start: &[BString],
        path: &[u8],
        last: Last,
        then: impl FnOnce(Resolved<'_, 'a>) -> Result<T, FsError>,
    ) -> Result<T, FsError> {
        let state = self.state();
        then(self.resolve(&state, start, path, last)?)
    }

    /// What `then` makes of the directory with these names, which is there, to be changed.
    pub(crate) fn change<T>(
        &self,
        names: &[BString],
        then: impl FnOnce(&mut Directory, &'a dyn PersistenceLayer) -> Result<T, FsError>,
    ) -> Result<T, FsError> {
        let mut state = self.root.borrow_mut();
        let mut directory = &mut *state;
        for name in names {
            let next = directory.enter(self.layer, name.as_ref())?;
            directory = next.ok_or_else(|| FsError::NotADirectory(resolve::joined(names)))?;
        }
        then(directory, self.layer)
    }
}
