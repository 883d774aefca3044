//! Why a query gave no answer, as it is told.

use std::error::Error;
use std::io;

use pond_query::QueryError;
use pond_workspace::cause::Cause;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::error::{Class, CommandError, advice, fatal, interrupted};

/// Characters of a line of a query that are shown before what is wrong, and behind it.
const AROUND: usize = 60;

/// Why a query gave no answer, or only the beginning of one.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It is wrong, or met something that it cannot take.
    Query(QueryError),
    /// The answer could not be printed.
    Write(io::Error),
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

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

impl From<arrow::error::ArrowError> for Failure {
    fn from(error: arrow::error::ArrowError) -> Self {
        Self::Query(error.into())
    }
}

impl Failure {
    /// The error as the command's.
    pub(crate) fn told(self) -> CommandError {
        match self {
            Self::Query(error) => explained(error),
            Self::Write(error) => error.into(),
            Self::Interrupted => interrupted("interrupted; nothing was changed"),
            Self::Ended => fatal("the query ended without an answer"),
        }
    }

    /// The same with its place in the text that was typed, in which the statement begins at byte `begin`.
    pub(crate) fn told_of(self, text: &str, begin: usize) -> CommandError {
        let place = match &self {
            Self::Query(error) => error.place(),
            _ => None,
        };
        match place {
            Some(place) => self.told().at(shown_at(text, begin, place)),
            None => self.told(),
        }
    }
}

fn explained(error: QueryError) -> CommandError {
    match error {
        QueryError::Syntax(error) => error.into(),
        QueryError::Read(error) => error.into(),
        QueryError::Pack(error) => error.into(),
        error => {
            let this = CommandError::from_error(Class::Fatal, &error);
            match hint(&error) {
                Some(hint) => this.hint(hint),
                None => this,
            }
        }
    }
}

/// What to do about an error.
fn hint(error: &QueryError) -> Option<&'static str> {
    Some(match error {
        QueryError::Writes(_) => {
            "'-o FILE', or COPY (SELECT ...) TO 'FILE', writes an answer; 'pond help' lists what changes a pond"
        }
        QueryError::Outside(_) => {
            "a file is named from here, or as 'REV:PATH'; copy one from elsewhere to the mirror"
        }
        QueryError::NoFile(_) => {
            "a path counts from this directory; 'REV:PATH' names a file of a version, and 'pond ls -r REV' lists them"
        }
        QueryError::NoCommit => "'pond commit' makes the first; a file as it is now is named without 'REV:'",
        QueryError::Memory(_) => {
            "--max-memory SIZE gives it more; conditions, or fewer columns, let it need less"
        }
        QueryError::Parameter(_) => "-p NAME=VALUE gives $NAME a value",
        QueryError::Revision(_) => "'pond log' and 'pond branch' list what there is",
        QueryError::OutputFormat(_) => "--format FORMAT names one",
        error => return Cause::of_the_system(error as &(dyn Error + 'static)).map(advice),
    })
}

/// The line of a text with a mark below the place; both count from 1, from where the statement begins.
fn shown_at(text: &str, begin: usize, (line, column): (usize, usize)) -> String {
    let (before, statement) = text.split_at(begin);
    let first = before.rfind('\n').map_or(0, |end| end + 1);
    let (number, column) = match line {
        1 => (1 + before.matches('\n').count(), before[first..].chars().count() + column),
        line => (before.matches('\n').count() + line, column),
    };
    let text = if line == 1 { &text[first..] } else { statement };
    let Some(shown) = text.split('\n').nth(line - 1) else { return String::new() };
    let shown: Vec<char> = shown.trim_end_matches('\r').chars().collect();
    let at = (column - 1).min(shown.len());
    let (from, to) = (at.saturating_sub(AROUND), (at + AROUND).min(shown.len()));
    let visible = |c: &char| if *c == '\t' || c.is_control() || c.width().is_none() { ' ' } else { *c };
    let piece: String = shown[from..to].iter().map(visible).collect();
    let width = piece.chars().take(at - from).collect::<String>().width();
    let cut = if from > 0 { "..." } else { "" };
    let head = format!("line {number}: {cut}");
    format!("{head}{piece}\n{:1$}^", "", head.len() + width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_stands_below_the_place() {
        assert_eq!(shown_at("SELECT x", 0, (1, 8)), "line 1: SELECT x\n               ^");
        let text = "SELECT 1;\n  SELECT\n\ty, 日 FROM z";
        let begin = text.find("SELECT\n").expect("there");
        assert_eq!(shown_at(text, begin, (1, 1)), "line 2:   SELECT\n          ^");
        assert_eq!(shown_at(text, begin, (2, 7)), "line 3:  y, 日 FROM z\n               ^");
        assert_eq!(
            shown_at("SELECT 1; SELECT x", 10, (1, 8)),
            "line 1: SELECT 1; SELECT x\n                         ^"
        );
        assert_eq!(shown_at("SELECT", 0, (1, 7)), "line 1: SELECT\n              ^");
        let long = format!("{}x", "a".repeat(500));
        let shown = shown_at(&long, 0, (1, 501));
        assert!(
            shown.starts_with("line 1: ...aaaa") && shown.contains("ax\n") && shown.len() < 200,
            "{shown}"
        );
    }
}
