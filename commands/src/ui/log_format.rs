//! How commits are shown: git's formats by name, and templates of its placeholders.
//!
//! A [`LogPrinter`] writes entries one after the other, with what belongs between them, beside a graph if one is wanted.
//! Names and messages from a pond are escaped where a person reads them on a terminal (see [`Paint`]).

mod builtin;
mod decoration;
mod expand;
mod json;
mod pad;
mod reflog;
pub(crate) mod style;
pub(crate) mod subject;
mod template;

use std::io::{self, Write};

use pond_history::Stored;
use pond_objects::{Commit, ObjectId, Tag};

use super::columns::Columns;
use super::diff::Forms;
use super::paint::Paint;
use crate::error::{CommandError, fatal};
use crate::time::DateStyle;
use template::Template;

pub(crate) use decoration::Decoration;
pub(crate) use json::{commit_json, tag_json};
pub(crate) use reflog::Reflog;

/// A format by its name, or a template.
#[derive(Clone, Debug)]
pub(crate) enum LogFormat {
    Oneline,
    Short,
    Medium,
    Full,
    Fuller,
    Raw,
    /// A user's template. A terminated one ends each entry with a newline; the other stands between entries.
    Template {
        template: Template,
        terminated: bool,
        date: Option<DateStyle>,
    },
}

impl LogFormat {
    /// Reads what `--format` and `--pretty` take.
    pub(crate) fn parse(text: &str) -> Result<Self, CommandError> {
        let template = |text: &str, terminated, date| {
            let template = Template::parse(text);
            Self::Template { template, terminated, date }
        };
        Ok(match text {
            "oneline" => Self::Oneline,
            "short" => Self::Short,
            "medium" => Self::Medium,
            "full" => Self::Full,
            "fuller" => Self::Fuller,
            "raw" => Self::Raw,
            "reference" => template("%C(auto)%h (%s, %ad)", true, Some(DateStyle::Short)),
            _ => match (text.strip_prefix("format:"), text.strip_prefix("tformat:")) {
                (Some(text), _) => template(text, false, None),
                (_, Some(text)) => template(text, true, None),
                _ if text.contains('%') || text.is_empty() => template(text, true, None),
                _ => {
                    let hint = "oneline, short, medium, full, fuller, raw, reference and templates such as '%h %s' are known";
                    return Err(fatal(format_args!("no log format is called '{text}'")).hint(hint));
                }
            },
        })
    }

    /// Whether entries end with a newline of their own, without blank lines between them.
    fn is_terminated(&self) -> bool {
        match self {
            Self::Oneline => true,
            Self::Template { terminated, .. } => *terminated,
            _ => false,
        }
    }

    /// Whether entries say nothing of a commit but its id, its parents and when it was made.
    fn needs_only_link(&self) -> bool {
        matches!(self, Self::Template { template, .. } if template.needs_only_link())
    }

    /// Whether entries have no text at all: `--format=`.
    fn is_empty(&self) -> bool {
        matches!(self, Self::Template { template, .. } if template.is_empty())
    }
}

/// How entries are written.
pub(crate) struct LogStyle<'a> {
    pub(crate) format: LogFormat,
    /// `--date`; none for the format's own.
    pub(crate) date: Option<DateStyle>,
    /// The time now, for relative dates; seconds since 1970.
    pub(crate) now: i64,
    /// `--abbrev-commit`, and `--oneline`.
    pub(crate) abbreviate: bool,
    /// Digits of an id that tell it from others.
    pub(crate) short: &'a dyn Fn(&ObjectId) -> String,
    /// `-z`: what stands between entries, or ends them.
    pub(crate) end: u8,
    pub(crate) paint: Paint,
}

impl<'a> LogStyle<'a> {
    /// The style that `log` has without options.
    pub(crate) fn new(
        format: LogFormat,
        now: i64,
        paint: Paint,
        short: &'a dyn Fn(&ObjectId) -> String,
    ) -> Self {
        Self { format, date: None, now, abbreviate: false, short, end: b'\n', paint }
    }

    fn id(&self, id: &ObjectId) -> String {
        if self.abbreviate { (self.short)(id) } else { id.to_hex() }
    }

    fn date(&self, when: pond_objects::Timestamp) -> String {
        let own = match &self.format {
            LogFormat::Template { date, .. } => date.as_ref(),
            _ => None,
        };
        self.date.as_ref().or(own).unwrap_or(&DateStyle::Default).format(when, self.now)
    }
}

/// One commit to show.
#[derive(Clone, Copy)]
pub(crate) struct LogEntry<'a> {
    pub(crate) id: &'a ObjectId,
    pub(crate) commit: &'a Commit,
    /// In the order in which they are shown.
    pub(crate) decorations: &'a [Decoration],
    /// `%m`: `<`, `>`, or `-` for a boundary; shown in front of the id where not empty.
    pub(crate) mark: &'a str,
    /// The parent that it is compared with, where there are several.
    pub(crate) from: Option<&'a ObjectId>,
    /// The value of a ref that it is shown for.
    pub(crate) reflog: Option<&'a Reflog>,
    /// The operation that recorded it, where that is shown.
    pub(crate) stored: Option<&'a Stored>,
}

impl<'a> LogEntry<'a> {
    /// A commit without anything that is not its own.
    pub(crate) fn new(id: &'a ObjectId, commit: &'a Commit) -> Self {
        Self { id, commit, decorations: &[], mark: "", from: None, reflog: None, stored: None }
    }
}

/// Writes entries with what stands between them.
pub(crate) struct LogPrinter<'a> {
    style: LogStyle<'a>,
    any: bool,
    columns: Option<Columns<ObjectId>>,
    /// The row of the graph's commit is still to be written.
    is_ahead: bool,
}

impl<'a> LogPrinter<'a> {
    pub(crate) fn new(style: LogStyle<'a>) -> Self {
        Self { style, any: false, columns: None, is_ahead: false }
    }

    /// Whether entries say nothing of a commit but its id, its parents and when it was made.
    pub(crate) fn needs_only_link(&self) -> bool {
        self.style.format.needs_only_link()
    }

    /// Whether entries name their author and when it was, in a format with a name.
    pub(crate) fn shows_people(&self) -> bool {
        matches!(self.style.format, LogFormat::Medium | LogFormat::Full | LogFormat::Fuller)
    }

    /// Draws a graph beside all that is written from now on.
    pub(crate) fn draw(&mut self) {
        self.columns = Some(Columns::new(self.style.paint));
    }

    /// Goes on in the graph, if there is one, to the commit whose entry is written next, and to these parents of it.
    pub(crate) fn advance(&mut self, id: ObjectId, parents: &[ObjectId]) {
        if let Some(columns) = &mut self.columns {
            columns.advance(id, b'*', parents);
            self.is_ahead = true;
        }
    }

    /// Cells of the graph in front of what stands below an entry.
    pub(crate) fn indent(&self) -> usize {
        self.columns.as_ref().map_or(0, Columns::width)
    }

    /// Writes an annotated tag; what it names follows.
    pub(crate) fn tag(&mut self, out: &mut dyn Write, tag: &Tag) -> io::Result<()> {
        self.separate(out)?;
        let text = builtin::tag(tag, &self.style);
        self.below(out).write_all(&text)
    }

    /// Writes a commit. In a graph one that was written before stands below itself.
    pub(crate) fn entry(&mut self, out: &mut dyn Write, entry: &LogEntry<'_>) -> io::Result<()> {
        self.separate(out)?;
        let is_first = std::mem::replace(&mut self.is_ahead, false);
        if let Some(columns) = self.columns.as_mut().filter(|_| is_first) {
            columns.start(out)?;
        }
        let text = self.text(entry);
        self.below(out).write_all(&text)?;
        if let Some(columns) = self.columns.as_mut().filter(|_| is_first) {
            columns.finish(out)?;
        }
        let end = self.style.end;
        match &mut self.columns {
            Some(columns) if self.style.format.is_empty() => columns.end_line(out),
            _ if self.style.format.is_terminated() && !self.style.format.is_empty() => {
                self.below(out).write_all(&[end])
            }
            _ => Ok(()),
        }
    }

    /// A writer of what stands below an entry and belongs to it, such as changes.
    pub(crate) fn below<'w>(&'w mut self, out: &'w mut dyn Write) -> Box<dyn Write + 'w> {
        match &mut self.columns {
            Some(columns) => Box::new(columns.beside(out)),
            None => Box::new(out),
        }
    }

    fn separate(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if std::mem::replace(&mut self.any, true) && !self.style.format.is_terminated() {
            let end = self.style.end;
            self.below(out).write_all(&[end])?;
        }
        Ok(())
    }

    /// Writes what stands between a commit and its changes, which are those against all of its parents at once or against
    /// one. Not to be called where there are none to show.
    pub(crate) fn before_diff(
        &mut self,
        out: &mut dyn Write,
        forms: Forms,
        is_combined: bool,
    ) -> io::Result<()> {
        let is_oneline = matches!(self.style.format, LogFormat::Oneline) && !is_combined;
        if is_oneline || self.style.format.is_empty() {
            return Ok(());
        }
        let line: &[u8] = if forms.stat && forms.patch { b"---\n" } else { b"\n" };
        self.below(out).write_all(line)
    }

    /// The text of a commit alone; ends with a newline in formats of several lines.
    fn text(&self, entry: &LogEntry<'_>) -> Vec<u8> {
        match &self.style.format {
            LogFormat::Template { template, .. } => expand::expand(template, entry, &self.style),
            _ => builtin::render(entry, &self.style),
        }
    }
}

#[cfg(test)]
mod tests;
