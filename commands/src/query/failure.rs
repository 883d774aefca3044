//! Why a query gave no answer, as it is told.

use pond_query::QueryError;

use crate::error::{Class, CommandError, fatal, interrupted};

/// Why a query gave no answer, or only the beginning of one.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It is wrong, or met something that it cannot take.
    Query(QueryError),
    /// The command was asked to stop.
    Interrupted,
    /// A defect of the program, which has been printed.
    Ended,
}

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Self {
        Self::Query(error)
    }
}

impl Failure {
    /// The error as the command's, `text` being the query.
    pub(crate) fn told(self, _text: &str) -> CommandError {
        match self {
            Self::Query(error) => CommandError::from_error(Class::Fatal, &error),
            Self::Interrupted => interrupted("interrupted; nothing was changed"),
            Self::Ended => fatal("the query ended without an answer"),
        }
    }
}
