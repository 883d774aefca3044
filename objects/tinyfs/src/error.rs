//! Why something can't be done.

use bstr::BString;
use pond_objects::name::NameError;
use pond_objects::wildmatch::Malformed;
use pond_objects::{ReadError, escape};

use crate::layer::LayerError;

/// Why something can't be done. Nothing was changed. Paths are in normal form, as far as they could be read.
#[derive(Debug, thiserror::Error)]
pub enum FsError {
    /// Nothing is there.
    #[error("there is no '{}'", escape::plain(.0))]
    NotFound(BString),
    /// A directory is needed, and is none.
    #[error("'{}' is no directory", escape::plain(.0))]
    NotADirectory(BString),
    /// A file is needed, and it is a directory.
    #[error("'{}' is a directory", escape::plain(.0))]
    IsADirectory(BString),
    /// Something is there already.
    #[error("'{}' exists", escape::plain(.0))]
    Exists(BString),
    /// The directory is not empty.
    #[error("the directory '{}' is not empty", escape::plain(.0))]
    NotEmpty(BString),
    /// It leads out of the root: by `..`, or by a symlink, which then is what is named.
    #[error("'{}' leads out of the root", escape::plain(.0))]
    OutOfRoot(BString),
    /// More symlinks than are followed.
    #[error("too many symlinks on the way to '{}'", escape::plain(.0))]
    Loop(BString),
    /// No name can be so.
    #[error("'{}' can't be: {error}", escape::plain(path))]
    Name {
        /// The path.
        path: BString,
        /// What is wrong with the last name of it.
        error: NameError,
    },
    /// No symlink can have this target.
    #[error("the target of the symlink '{}' can't be: it is empty, too long or has a NUL byte", escape::plain(.0))]
    Target(BString),
    /// It is in a directory that is computed.
    #[error("'{}' is computed and can only be read", escape::plain(.0))]
    ReadOnly(BString),
    /// A directory that is computed can't be copied: what is in it can be.
    #[error("'{}' is computed and can't be copied as a whole", escape::plain(.0))]
    Computed(BString),
    /// A directory can't be moved or copied into itself.
    #[error("'{}' can't go into itself, as '{}'", escape::plain(from), escape::plain(to))]
    IntoItself {
        /// The directory.
        from: BString,
        /// The new path, which is in it.
        to: BString,
    },
    /// The root can't be removed, renamed or replaced.
    #[error("it is the root")]
    Root,
    /// The pattern matches nothing at all.
    #[error("the pattern '{}' can't be: {error}", escape::plain(pattern))]
    Pattern {
        /// The pattern.
        pattern: BString,
        /// What is wrong with it.
        error: Malformed,
    },
    /// What is below failed.
    #[error(transparent)]
    Layer(#[from] LayerError),
}

impl From<ReadError> for FsError {
    fn from(error: ReadError) -> Self {
        Self::Layer(error.into())
    }
}
