//! Why a text names nothing.

use pond_objects::ReadError;
use pond_objects::escape::plain;
use pond_oplog::log::LogError;
use pond_refs::{ResolveError, RevisionError};

/// Why the pond could not answer.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// An object could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An entry of the table's log could not be read.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Why a text stands for no object, or a range for no commits.
#[derive(Debug, thiserror::Error)]
pub enum ResolveRevisionError {
    /// It is not written as a revision or a range.
    #[error(transparent)]
    Syntax(#[from] RevisionError),
    /// A revision stands for nothing.
    #[error("bad revision '{}'", plain(.revision.as_bytes()))]
    Revision {
        /// The revision.
        revision: String,
        /// What is wrong with it.
        source: ResolveError<LookupError>,
    },
    /// The commits that two histories share could not be found.
    #[error(transparent)]
    Read(#[from] ReadError),
}
