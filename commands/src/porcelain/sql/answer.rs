//! Answers in the form that was asked for.

use std::path::Path;
use std::time::Instant;

use pond_objects::escape;
use pond_query::output::{Format, Options};
use pond_query::{Answer, Reply};

use super::profile::Times;
use super::target;
use crate::context::Context;
use crate::error::CommandError;
use crate::query::{Asker, Failure, Query, print_table};
use crate::text::size;

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Columns for people.
    Table,
    /// As in a file.
    File(Format),
}

impl Form {
    pub(super) fn parse(word: &str) -> Result<Self, String> {
        match word.to_ascii_lowercase().as_str() {
            "table" => Ok(Self::Table),
            word => Format::of_word(word)
                .map(Self::File)
                .ok_or_else(|| format!("known are table, {}", Format::ALL.map(Format::word).join(", "))),
        }
    }
}

/// Why an answer was not printed.
pub(super) enum Failed {
    /// The query failed.
    Query(Failure),
    /// Its file could not be written.
    File(CommandError),
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self::Query(failure)
    }
}

impl Failed {
    /// The error of the statement that begins at a byte of a text.
    pub(super) fn told_of(self, text: &str, begin: usize) -> CommandError {
        match self {
            Self::Query(failure) => failure.told_of(text, begin),
            Self::File(error) => error,
        }
    }
}

/// Prints answers, or writes them to files.
pub(super) struct Printer<'a> {
    pub(super) ctx: &'a Context,
    pub(super) form: Form,
    pub(super) output: Option<&'a Path>,
    pub(super) force: bool,
}

impl Printer<'_> {
    /// Asks a statement and prints its answer.
    pub(super) fn answer(
        &self,
        asker: &Asker,
        text: &str,
        parameters: &[(String, String)],
        times: &mut Times,
    ) -> Result<(), Failed> {
        let mut query = asker.query(self.ctx);
        let reply = query.plan(text, parameters);
        times.planning += query.planning();
        let began = Instant::now();
        let done = self.print(query, reply?);
        times.running += began.elapsed();
        times.rows += done?;
        Ok(())
    }

    fn print(&self, query: Query<'_>, reply: Reply) -> Result<u64, Failed> {
        let ui = &self.ctx.ui;
        match (reply, self.output, self.form) {
            (Reply::Copy(copy), None, _) => {
                self.write(query, copy.answer, copy.format, &copy.options, Path::new(&copy.target))
            }
            (Reply::Copy(copy), Some(path), _) => {
                self.write(query, copy.answer, copy.format, &copy.options, path)
            }
            (Reply::Rows(answer), Some(path), Form::File(format)) => {
                self.write(query, answer, format, &Options::default(), path)
            }
            (Reply::Rows(answer), _, Form::Table) => Ok(print_table(ui, query.rows(answer), true)?),
            (Reply::Rows(answer), None, Form::File(format)) => {
                Ok(query.print(answer, format, &mut ui.out())?)
            }
        }
    }

    fn write(
        &self,
        query: Query<'_>,
        answer: Answer,
        format: Format,
        options: &Options,
        path: &Path,
    ) -> Result<u64, Failed> {
        let target = target::Target::new(self.ctx, path, self.force).map_err(Failed::File)?;
        let sink = target.sink().map_err(Failed::File)?;
        let rows = query.write(answer, format, options, sink)?;
        target.finish().map_err(Failed::File)?;
        let shown = escape::path(path);
        self.ctx.ui.status(format_args!("wrote {} to '{shown}'", size::counted(rows, "row")));
        Ok(rows)
    }
}
