//! Why a query has no answer.

use datafusion::error::DataFusionError;
use pond_history::resolve::{LookupError, ResolveRevisionError};
use pond_objects::ReadError;
use pond_oplog::pack::PackError;
use pond_refs::RevisionError;

/// Why a query has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// It would change something.
    #[error("{0}: queries only read")]
    Writes(String),
    /// A file's name leads out of the mirror.
    #[error("'{0}' is not in the mirror: queries read nothing else")]
    Outside(String),
    /// No file has the name, or fits the pattern.
    #[error("there is no file '{0}'")]
    NoFile(String),
    /// What has the name is no file.
    #[error("'{name}' is {what}, not a file")]
    NotAFile {
        /// The name.
        name: String,
        /// What it is.
        what: &'static str,
    },
    /// The end of the name says nothing of a format that can be read.
    #[error(
        "'{0}' is in no format that queries read: csv, tsv, json, jsonl, ndjson, parquet, arrow; all but the last two also as .gz and .zst"
    )]
    Format(String),
    /// The pattern is none.
    #[error("'{pattern}' is no pattern: {source}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        source: pond_objects::wildmatch::Malformed,
    },
    /// A file is not what the end of its name says, or is damaged.
    #[error("cannot read '{path}' as a table")]
    File {
        /// Its path.
        path: String,
        /// What is wrong with it.
        source: Box<QueryError>,
    },
    /// The caller gave no index.
    #[error("'{0}': the index is not part of this query")]
    NoIndex(String),
    /// A table function was called with something else than one text.
    #[error("{function} takes {takes}")]
    Arguments {
        /// The function.
        function: &'static str,
        /// What it takes.
        takes: &'static str,
    },
    /// There is no commit yet.
    #[error("HEAD names no commit yet")]
    NoCommit,
    /// A record holds bytes that are no Arrow IPC stream of the table's columns.
    #[error("{record} holds no Arrow IPC stream of this table: {why}")]
    Stream {
        /// The record.
        record: String,
        /// What is wrong with it.
        why: String,
    },
    /// A name is not written as `REVISION:PATH`.
    #[error(transparent)]
    Syntax(#[from] RevisionError),
    /// A revision names nothing.
    #[error(transparent)]
    Revision(#[from] ResolveRevisionError),
    /// The pond could not answer.
    #[error(transparent)]
    Lookup(#[from] LookupError),
    /// An object could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A pack could not be read.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// A file of the mirror could not be read.
    #[error("cannot read '{path}'")]
    Host {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The index could not be read.
    #[error("cannot read the index")]
    Index(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The query is wrong, too large for its memory, or met data that it cannot take.
    #[error("{0}")]
    Sql(#[source] Box<DataFusionError>),
}

impl From<DataFusionError> for QueryError {
    /// Of an error of this crate that went through DataFusion, that one.
    fn from(error: DataFusionError) -> Self {
        match error {
            DataFusionError::External(inner) => match inner.downcast::<Self>() {
                Ok(own) => *own,
                Err(inner) => Self::Sql(Box::new(DataFusionError::External(inner))),
            },
            DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => Self::from(*inner),
            error => Self::Sql(Box::new(error)),
        }
    }
}

impl From<QueryError> for DataFusionError {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Sql(inner) => *inner,
            error => Self::External(Box::new(error)),
        }
    }
}

impl From<arrow::error::ArrowError> for QueryError {
    fn from(error: arrow::error::ArrowError) -> Self {
        Self::from(DataFusionError::from(error))
    }
}

/// A task that was running elsewhere.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, QueryError> + Send + 'static,
) -> Result<T, QueryError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(QueryError::Sql(Box::new(DataFusionError::ExecutionJoin(Box::new(error))))),
    }
}
