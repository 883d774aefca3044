//! Where the bytes of one file are.

use std::path::PathBuf;

use bstr::BString;
use pond_objects::ObjectId;

/// What holds the bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// A stored file.
    Blob(ObjectId),
    /// A file of the mirror, as it is now.
    Host(PathBuf),
    /// A pack of the table.
    Pack(PathBuf),
}

/// A file that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Located {
    /// Its path in its version, or in the mirror.
    pub(crate) path: BString,
    /// What holds its bytes.
    pub(crate) content: Content,
    /// How many bytes.
    pub(crate) size: u64,
    /// When a file of the mirror was modified: microseconds since 1970. 0 for what never changes.
    pub(crate) modified: i64,
}
