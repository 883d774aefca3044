//! Why an operation was not published.

use std::io;
use std::path::PathBuf;

use pond_objects::ReadError;
use pond_refs::{EditError, RefName};

use crate::log::LogError;
use crate::operation::OperationError;
use crate::pack::PackError;
use crate::publish::PublishError;
use crate::state::StateError;
use pond_durable::DurableError;

/// Why an operation was not published.
#[derive(Debug, thiserror::Error)]
pub enum TransactionError {
    /// A ref does not have the value that the operation counts on. Nothing has changed.
    #[error(transparent)]
    Ref(#[from] EditError<ReadError>),
    /// A new ref's name is the directory of another's, or below another's name. Nothing has changed.
    #[error("there cannot be both {name} and {other}")]
    Collision {
        /// The new ref.
        name: RefName,
        /// The one that is there.
        other: RefName,
    },
    /// Others were always first.
    #[error("the pond moved on {0} times while this was being published")]
    Busy(usize),
    /// A staged pack is gone or damaged. Nothing has changed.
    #[error("the staged pack '{name}' cannot be read")]
    Staged {
        /// Its name in the staging area.
        name: String,
        /// Why.
        #[source]
        error: PackError,
    },
    /// Content that the operation counts on was removed meanwhile: it must be staged again.
    #[error("content that was staged is no longer in the pond")]
    ContentGone,
    /// The log entry could not be put.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The state of the table could not be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// The new entry could not be read back.
    #[error(transparent)]
    Entry(#[from] LogError),
    /// The view could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A file of rows could not be written or read.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// The operation has no text.
    #[error(transparent)]
    Operation(#[from] OperationError),
    /// A file could not be made durable.
    #[error(transparent)]
    Durable(#[from] DurableError),
    /// A file could not be put in its place.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
}
