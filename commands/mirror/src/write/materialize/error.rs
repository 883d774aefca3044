//! Why a path of the mirror is not as it was wanted.

use std::io;

use bstr::{BStr, BString};
use pond_objects::name::NameError;
use pond_objects::{CopyError, ReadError};
use rustix::io::Errno;

use crate::write::secure_dir::DirError;

/// Why one path was not written or removed. The host holds what it held before, but for [`Self::PutAside`] and
/// for missing parents of the path, which may have been made.
#[derive(Debug, thiserror::Error)]
pub enum MaterializeError {
    /// The path may not stand in a tree.
    #[error("the path `{path}` is refused: {error}")]
    Refused {
        /// The path from the root.
        path: BString,
        /// What was said.
        error: NameError,
    },
    /// Something that pond must not remove stands there: a directory that is not empty, a device, or, in
    /// place of one of the parents, a file or a symlink.
    #[error("`{path}` is in the way")]
    InTheWay {
        /// The path from the root.
        path: BString,
    },
    /// What is on the host is not what the caller saw there.
    #[error("`{path}` changed meanwhile")]
    ChangedMeanwhile {
        /// The path from the root.
        path: BString,
    },
    /// The host's file system cannot hold a file of this name or size.
    #[error("`{path}` cannot exist on this file system")]
    Impossible {
        /// The path from the root.
        path: BString,
        /// What was said.
        #[source]
        error: io::Error,
    },
    /// No space is left.
    #[error("no space is left for `{path}`")]
    DiskFull {
        /// The path from the root.
        path: BString,
        /// What was said.
        #[source]
        error: io::Error,
    },
    /// The content can't be read from the pond.
    #[error("cannot read the content of `{path}`")]
    Read {
        /// The path from the root.
        path: BString,
        /// What was said.
        #[source]
        error: ReadError,
    },
    /// The tree states another size than the content has.
    #[error("the content of `{path}` is not of the {size} bytes that its tree states")]
    Size {
        /// The path from the root.
        path: BString,
        /// Bytes that were expected.
        size: u64,
    },
    /// The command was asked to stop before this path was done.
    #[error("interrupted before `{path}`")]
    Interrupted {
        /// The path from the root.
        path: BString,
    },
    /// What would be replaced can't be kept for programs that still write to it.
    #[error("cannot keep the old `{path}` in .pond/replaced")]
    Keep {
        /// The path from the root.
        path: BString,
        /// What was said.
        #[source]
        error: io::Error,
    },
    /// The host refuses.
    #[error("cannot {doing} `{path}`")]
    Host {
        /// What was tried.
        doing: &'static str,
        /// The path from the root.
        path: BString,
        /// What was said.
        #[source]
        error: io::Error,
    },
    /// The file was put aside to be removed, that failed or it turned out to be another one, and it cannot be put back.
    #[error("`{path}` could not be removed, nor put back: what was there is now `{aside}` beside it")]
    PutAside {
        /// The path from the root.
        path: BString,
        /// Where it is kept.
        aside: String,
    },
}

impl MaterializeError {
    /// Sorts an error of the host by what it means for the rest of the work.
    pub fn host(doing: &'static str, path: &BStr, error: io::Error) -> Self {
        let path = path.to_owned();
        match Errno::from_io_error(&error) {
            Some(Errno::NOSPC | Errno::DQUOT) => Self::DiskFull { path, error },
            Some(Errno::NAMETOOLONG | Errno::ILSEQ | Errno::INVAL | Errno::FBIG) => {
                Self::Impossible { path, error }
            }
            _ => Self::Host { doing, path, error },
        }
    }

    /// The same for the directory that shall hold `path`.
    pub fn directory(path: &BStr, error: DirError) -> Self {
        match error {
            DirError::InTheWay { path } => Self::InTheWay { path },
            DirError::Missing { .. } => Self::ChangedMeanwhile { path: path.to_owned() },
            DirError::Host { path, error } => Self::host("open or make the directory", path.as_ref(), error),
        }
    }

    /// The same for a blob that was being copied.
    pub(super) fn copy(path: &BStr, error: CopyError) -> Self {
        match error {
            CopyError::Read(error) => Self::Read { path: path.to_owned(), error },
            CopyError::Write(error) => Self::host("write", path, error),
        }
    }
}
