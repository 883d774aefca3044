//! A directory to work from: looking.

use bstr::BString;

use crate::error::FsError;
use crate::fs::FS;
use crate::fs::entries::List;
use crate::fs::glob::Glob;
use crate::fs::node::NodePath;
use crate::fs::resolve::{Last, joined};
use crate::fs::walk::Walk;

/// A directory to work from. Paths that it is given count from there; see [the rules](crate#paths).
#[derive(Clone)]
pub struct WD<'f, 'a> {
    pub(crate) fs: &'f FS<'a>,
    pub(crate) names: Vec<BString>,
}

impl<'f, 'a> WD<'f, 'a> {
    pub(crate) fn new(fs: &'f FS<'a>, names: Vec<BString>) -> Self {
        Self { fs, names }
    }

    /// Its path, in normal form.
    pub fn path(&self) -> BString {
        joined(&self.names)
    }

    /// What a path leads to, symlinks followed.
    ///
    /// # Errors
    /// [`FsError::NotFound`] and those of paths.
    pub fn get(&self, path: impl AsRef<[u8]>) -> Result<NodePath<'f, 'a>, FsError> {
        self.node(path.as_ref(), Last::Follow)
    }

    /// The entry that a path names: a symlink itself.
    ///
    /// # Errors
    /// [`FsError::NotFound`] and those of paths.
    pub fn entry(&self, path: impl AsRef<[u8]>) -> Result<NodePath<'f, 'a>, FsError> {
        self.node(path.as_ref(), Last::Keep)
    }

    fn node(&self, path: &[u8], last: Last) -> Result<NodePath<'f, 'a>, FsError> {
        self.fs.with(&self.names, path, last, |found| match &found.at {
            Some(at) => NodePath::new(self.fs, found.names.clone(), at),
            None => Err(FsError::NotFound(found.path())),
        })
    }

    /// Whether anything has the path, be it a symlink that leads nowhere.
    ///
    /// # Errors
    /// Those of paths. That a directory on the way is missing is none.
    pub fn exists(&self, path: impl AsRef<[u8]>) -> Result<bool, FsError> {
        match self.fs.with(&self.names, path.as_ref(), Last::Keep, |found| Ok(found.at.is_some())) {
            Err(FsError::NotFound(_) | FsError::NotADirectory(_)) => Ok(false),
            found => found,
        }
    }

    /// The directory that a path leads to, to work from.
    ///
    /// # Errors
    /// Those of [`WD::get`] and of [`NodePath::wd`].
    pub fn open(&self, path: impl AsRef<[u8]>) -> Result<Self, FsError> {
        self.get(path)?.wd()
    }

    /// The entries of a directory, in order of their names.
    ///
    /// # Errors
    /// Those of [`WD::open`].
    pub fn list(&self, path: impl AsRef<[u8]>) -> Result<List<'f, 'a>, FsError> {
        Ok(List::new(self.fs, self.open(path)?.names))
    }

    /// All that is below a directory, depth first, each directory before what is in it, in order of the names. Symlinks are
    /// not followed.
    ///
    /// # Errors
    /// Those of [`WD::open`].
    pub fn walk(&self, path: impl AsRef<[u8]>) -> Result<Walk<'f, 'a>, FsError> {
        Ok(Walk::new(self.fs, self.open(path)?.names))
    }

    /// What is below this directory whose path from here matches a pattern, in the order of [`WD::walk`]: `*`, `?` and
    /// brackets within a name, `**` for any number of directories ([`pond_objects::wildmatch`]). Directories that
    /// nothing below can match are not read. Symlinks are not followed.
    ///
    /// # Errors
    /// [`FsError::Pattern`].
    pub fn glob(&self, pattern: impl AsRef<[u8]>) -> Result<Glob<'f, 'a>, FsError> {
        Glob::new(self.fs, self.names.clone(), pattern.as_ref())
    }
}
