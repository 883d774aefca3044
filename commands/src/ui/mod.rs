//! What the user sees. Results go to stdout; messages and progress to stderr.
//!
//! A command that only reads writes through [`Ui::out`] and passes write errors on with `?`: `run` ends quietly
//! when nobody reads any more. A command that changes something reports through [`Ui::say`], which cannot fail,
//! so that a closed pipe never leaves the work half done.

pub(crate) mod changes_json;
pub(crate) mod color;
pub(crate) mod columns;
pub(crate) mod diff;
pub(crate) mod graph;
pub(crate) mod grid;
mod json;
pub(crate) mod log_format;
mod output;
pub(crate) mod pager;
pub(crate) mod paint;
pub(crate) mod progress;
pub(crate) mod shell;
pub(crate) mod table;

use std::fmt;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};

use pond_objects::escape;

use crate::error::CommandError;
use color::{ColorMode, Painted, Role};
use progress::{Progress, Unit};

pub(crate) use output::Out;

/// What the command line and the configuration say about output.
#[derive(Clone, Debug, Default)]
pub(crate) struct UiSettings {
    pub(crate) color: ColorMode,
    pub(crate) quiet: bool,
    pub(crate) verbose: u8,
    pub(crate) json: bool,
    /// The pager's command line; none for no pager.
    pub(crate) pager: Option<String>,
}

/// The terminal, or whatever stands in its place. May be used from several threads.
pub(crate) struct Ui {
    settings: UiSettings,
    color_out: bool,
    color_err: bool,
    out_is_terminal: bool,
    err_is_terminal: bool,
    in_is_terminal: bool,
    sink: Mutex<output::Sink>,
    visible: progress::Visible,
}

impl Ui {
    /// The process's own stdout and stderr.
    pub(crate) fn new(settings: UiSettings) -> Self {
        Self {
            color_out: !settings.json && settings.color.applies_to(&io::stdout()),
            color_err: settings.color.applies_to(&io::stderr()),
            out_is_terminal: io::stdout().is_terminal(),
            err_is_terminal: io::stderr().is_terminal(),
            in_is_terminal: io::stdin().is_terminal(),
            sink: Mutex::new(output::Sink::new()),
            visible: progress::Visible::default(),
            settings,
        }
    }

    /// `-q`: no status messages, no progress; commands leave out what is not asked for.
    pub(crate) fn is_quiet(&self) -> bool {
        self.settings.quiet
    }

    /// How many `-v` were given.
    pub(crate) fn verbosity(&self) -> u8 {
        self.settings.verbose
    }

    /// `--json`: print documents instead of text.
    pub(crate) fn is_json(&self) -> bool {
        self.settings.json
    }

    /// Whether results are read by a person (a pager counts).
    pub(crate) fn is_terminal(&self) -> bool {
        self.out_is_terminal
    }

    /// Whether results are coloured.
    pub(crate) fn has_color(&self) -> bool {
        self.color_out
    }

    /// The width of the terminal in columns; 80 if there is none.
    pub(crate) fn width(&self) -> usize {
        terminal_width().unwrap_or(80)
    }

    /// Text for stdout in a role's colour, or plainly.
    pub(crate) fn paint<T: fmt::Display>(&self, role: Role, text: T) -> Painted<T> {
        Painted { text, style: self.color_out.then(|| role.style()) }
    }

    /// Puts a pager behind stdout, if it is a terminal and a pager is wanted. Call before the first output.
    pub(crate) fn page(&self) {
        let Some(line) = self.settings.pager.as_deref() else { return };
        if !self.out_is_terminal || self.settings.json {
            return;
        }
        let started = self.sink().start_pager(line);
        if let Err(error) = started
            && !(pager::is_default(line) && error.kind() == io::ErrorKind::NotFound)
        {
            self.warn(format_args!("cannot run the pager '{line}': {error}"));
        }
    }

    /// Standard output, locked and buffered: for commands that only read. Do not print messages while holding it.
    pub(crate) fn out(&self) -> Out<'_> {
        Out { sink: self.sink() }
    }

    /// Prints a line of results, from a command that must go on whoever reads. A write error other than a closed
    /// pipe is reported when the command ends.
    pub(crate) fn say(&self, line: impl fmt::Display) {
        let text = format!("{line}\n");
        let mut sink = self.sink();
        let flush = self.out_is_terminal && !sink.is_paging();
        if flush && self.visible.is_shown() {
            self.visible.suspend(|| sink.write_quietly(text.as_bytes(), flush));
        } else {
            sink.write_quietly(text.as_bytes(), flush);
        }
    }

    /// Prints a table to stdout.
    pub(crate) fn table(&self, table: &table::Table) -> Result<(), CommandError> {
        table.write(&mut self.out(), self.color_out)?;
        Ok(())
    }

    /// A line about what is going on, on stderr; not with `-q`.
    pub(crate) fn status(&self, line: impl fmt::Display) {
        if !self.settings.quiet {
            self.message(None, &line.to_string());
        }
    }

    /// `warning: ...` on stderr, always.
    pub(crate) fn warn(&self, line: impl fmt::Display) {
        self.message(Some("warning"), &line.to_string());
    }

    /// `error: ...` on stderr, always: about one path of many. The command goes on and ends with `Outcome::Partial`.
    pub(crate) fn error(&self, line: impl fmt::Display) {
        self.message(Some("error"), &line.to_string());
    }

    /// `hint: ...` on stderr; not with `-q`.
    pub(crate) fn hint(&self, line: impl fmt::Display) {
        if !self.settings.quiet {
            self.message(Some("hint"), &line.to_string());
        }
    }

    /// Whether somebody is there to be asked: never with `-q` or `--json`, and never in a pipe.
    pub(crate) fn can_ask(&self) -> bool {
        self.in_is_terminal && self.err_is_terminal && !self.settings.quiet && !self.settings.json
    }

    /// Asks a question to be answered with yes or no; anything but a yes is a no. Only where [`Ui::can_ask`] says so.
    pub(crate) fn ask(&self, question: &str) -> bool {
        self.write_err(&format!("{} [y/N] ", escape::message(question)));
        let mut answer = String::new();
        let is_read = io::stdin().lock().read_line(&mut answer).is_ok();
        is_read && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
    }

    /// Progress of work that may take more than a second.
    pub(crate) fn progress(&self, label: &str, unit: Unit) -> Progress {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        if self.settings.quiet || !self.err_is_terminal || dumb {
            return Progress::silent();
        }
        Progress::start(label, unit, self.visible.clone())
    }

    /// Shows a failed command.
    pub(crate) fn show_error(&self, error: &CommandError) {
        let text = if self.settings.json {
            error.render_json()
        } else {
            error.render_human(|label| self.label(label))
        };
        self.write_err(&text);
    }

    /// Flushes stdout and waits for the pager. Nothing is printed after it but errors.
    pub(crate) fn finish(&self) -> io::Result<()> {
        self.sink().finish()
    }

    /// Whether a write to stdout failed because nobody reads.
    pub(crate) fn is_closed(&self) -> bool {
        self.sink().is_closed()
    }

    fn message(&self, level: Option<&str>, text: &str) {
        if self.settings.json {
            let level = level.unwrap_or("status");
            return self.write_err(&format!("{}\n", serde_json::json!({ "level": level, "message": text })));
        }
        let mut lines = String::new();
        for line in escape::message(text).lines() {
            if let Some(level) = level {
                lines.push_str(&self.label(level));
                lines.push(' ');
            }
            lines.push_str(line);
            lines.push('\n');
        }
        self.write_err(&lines);
    }

    fn label(&self, level: &str) -> String {
        let role = match level {
            "warning" => Role::Warning,
            "hint" => Role::Hint,
            _ => Role::Error,
        };
        let style = self.color_err.then(|| role.style());
        Painted { text: format_args!("{level}:"), style }.to_string()
    }

    /// Writes to stderr. That it cannot be written to cannot be said anywhere.
    fn write_err(&self, text: &str) {
        // What was printed before appears before; unless the caller holds stdout, and then the order is theirs.
        if self.out_is_terminal
            && let Ok(mut sink) = self.sink.try_lock()
        {
            sink.write_quietly(b"", true);
        }
        self.visible.suspend(|| {
            let mut stderr = io::stderr().lock();
            let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
        });
    }

    fn sink(&self) -> std::sync::MutexGuard<'_, output::Sink> {
        self.sink.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(unix)]
fn terminal_width() -> Option<usize> {
    let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    columns
        .or_else(|| rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| usize::from(size.ws_col)))
        .filter(|columns| *columns > 0)
}

#[cfg(not(unix))]
fn terminal_width() -> Option<usize> {
    std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok()).filter(|columns| *columns > 0)
}
