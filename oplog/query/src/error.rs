//! Why a query has no answer.

mod message;
mod nearest;

use std::fmt;

use datafusion::error::DataFusionError;
use pond_history::resolve::{LookupError, ResolveRevisionError};
use pond_objects::ReadError;
use pond_oplog::pack::PackError;
use pond_refs::RevisionError;

/// Why a query has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The text is no statement.
    #[error("{what}")]
    Grammar {
        /// What is wrong with it.
        what: String,
        /// Line and column, from 1; columns are characters.
        place: (usize, usize),
    },
    /// A parameter is missing, unknown or of another type: says which.
    #[error("{0}")]
    Parameter(String),
    /// The end of the name of a file that is to be written says no format.
    #[error(
        "'{0}' ends in no format that can be written: csv, tsv, json, jsonl, ndjson, parquet, arrow; name one"
    )]
    OutputFormat(String),
    /// The answer could not be written.
    #[error("cannot write the answer")]
    Output(#[source] std::io::Error),
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
    /// A value of a delimited file is not of the type that its column has by the rows that were looked at.
    #[error(
        "'{path}', line {line}: '{value}' in column '{column}' is no {data_type}, as the values before it are"
    )]
    Value {
        /// The file.
        path: String,
        /// The line, from 1, if no field of the file has a line's end in it.
        line: u64,
        /// The name of the column.
        column: String,
        /// What stands there.
        value: String,
        /// What was expected.
        data_type: String,
    },
    /// A line of a delimited file has more or fewer fields than there are names.
    #[error("'{path}', line {line}: there are {expected} columns, and {found} fields")]
    Fields {
        /// The file.
        path: String,
        /// The line, likewise.
        line: u64,
        /// How many columns the file has.
        expected: u64,
        /// How many fields the line has: a number, or `more than` one.
        found: String,
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
    /// The query holds more rows than fit into its memory, and cannot put them into files.
    #[error("{0}")]
    Memory(TooLarge),
    /// A part of the query panicked: a fault of this program, or of DataFusion.
    #[error("the query met a fault of the program: {0}")]
    Fault(String),
    /// The query is wrong, or met data that it cannot take.
    #[error("{}", message::of(error))]
    Sql {
        /// What DataFusion says.
        error: Box<DataFusionError>,
        /// Line and column in the text, as of [`QueryError::place`].
        place: Option<(usize, usize)>,
    },
}

/// A query that needs more memory than it may have.
#[derive(Debug)]
pub struct TooLarge {
    /// Bytes that it may have: [`Options::max_memory`](crate::Options::max_memory).
    pub limit: usize,
    detail: String,
}

impl TooLarge {
    fn new(detail: String) -> Self {
        Self { limit: 0, detail }
    }
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (limit, holder) = (self.limit >> 20, message::holder(&self.detail));
        write!(
            f,
            "the query needs more memory than the {limit} MiB that it may have: {holder}; raise the limit, or let it hold fewer rows"
        )
    }
}

impl QueryError {
    /// Where in the text of the query it is wrong: line and column, both from 1, a column being a character. `None` if that is not known,
    /// or the text is not what is wrong.
    pub fn place(&self) -> Option<(usize, usize)> {
        match self {
            Self::Grammar { place, .. } => Some(*place),
            Self::Sql { place, .. } => *place,
            _ => None,
        }
    }

    pub(crate) fn grammar(what: impl Into<String>, place: (usize, usize)) -> Self {
        Self::Grammar { what: what.into(), place }
    }

    /// What several parts of a query were told.
    fn of_shared(error: &std::sync::Arc<DataFusionError>, place: Option<(usize, usize)>) -> Self {
        match error.find_root() {
            DataFusionError::ResourcesExhausted(detail) => Self::Memory(TooLarge::new(detail.clone())),
            _ => Self::Sql { error: Box::new(DataFusionError::Shared(error.clone())), place },
        }
    }

    /// The error that a panic stands for.
    pub(crate) fn of_panic(panic: &(dyn std::any::Any + Send)) -> Self {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Self::Fault(text.unwrap_or_else(|| "it does not say which".to_owned()))
    }

    /// The same with the bytes of memory that the query may have.
    pub(crate) fn with_limit(mut self, bytes: usize) -> Self {
        if let Self::Memory(error) = &mut self {
            error.limit = bytes;
        }
        self
    }

    /// The same, at this place if none is known.
    pub(crate) fn or_at(mut self, otherwise: (usize, usize)) -> Self {
        if let Self::Sql { place, .. } = &mut self {
            place.get_or_insert(otherwise);
        }
        self
    }
}

impl From<DataFusionError> for QueryError {
    /// Of an error of this crate that went through DataFusion, that one.
    fn from(error: DataFusionError) -> Self {
        let place = message::place(&error);
        match error {
            DataFusionError::External(inner) => match inner.downcast::<Self>() {
                Ok(own) => *own,
                Err(inner) => Self::Sql { error: Box::new(DataFusionError::External(inner)), place },
            },
            DataFusionError::ResourcesExhausted(detail) => Self::Memory(TooLarge::new(detail)),
            DataFusionError::ExecutionJoin(error) => match error.try_into_panic() {
                Ok(panic) => Self::of_panic(panic.as_ref()),
                Err(error) => {
                    Self::Sql { error: Box::new(DataFusionError::ExecutionJoin(Box::new(error))), place }
                }
            },
            DataFusionError::Shared(inner) => match std::sync::Arc::try_unwrap(inner) {
                Ok(inner) => Self::from(inner),
                Err(inner) => Self::of_shared(&inner, place),
            },
            DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => {
                let mut inner = Self::from(*inner);
                if let (Self::Sql { place: known, .. }, Some(_)) = (&mut inner, place) {
                    *known = place;
                }
                inner
            }
            error => Self::Sql { error: Box::new(error), place },
        }
    }
}

impl From<QueryError> for DataFusionError {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Sql { error, .. } => *error,
            QueryError::Memory(error) => Self::ResourcesExhausted(error.detail),
            error => Self::External(Box::new(error)),
        }
    }
}

impl From<arrow::error::ArrowError> for QueryError {
    fn from(error: arrow::error::ArrowError) -> Self {
        Self::from(DataFusionError::from(error))
    }
}

impl From<datafusion::parquet::errors::ParquetError> for QueryError {
    fn from(error: datafusion::parquet::errors::ParquetError) -> Self {
        Self::from(DataFusionError::from(error))
    }
}

/// A task that was running elsewhere.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, QueryError> + Send + 'static,
) -> Result<T, QueryError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(DataFusionError::ExecutionJoin(Box::new(error)).into()),
    }
}
