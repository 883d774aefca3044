//! What a command can end with, and how an error is shown.
//!
//! Errors are typed where they arise. Here, once, they get a class (which decides the exit code) and hints.
//! A message says what was tried, on what, and why it failed; a hint says what to do next.

mod fs;
mod history;
mod library;
mod workspace;

use std::error::Error;
use std::fmt;
use std::io;
use std::path::Path;

use pond_objects::escape;
use serde::Serialize;

use crate::config::ConfigError;
use crate::config::write::WriteError;

pub(crate) use library::advice;
pub(crate) use workspace::{ADD_AGAIN, UNSTAGE, advice_on, left_undone_in_one_line, stays_of};

/// How a command ended when it did not fail. `main` turns it into the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Everything asked for was done: 0.
    Done,
    /// There was nothing to do or to find, and the caller should notice (nothing to commit, no such key): 1.
    Nothing,
    /// Differences were found, and the command was asked to say so by its exit code: 1.
    Differences,
    /// Some of it was done; what was not has been named on stderr: 3.
    Partial,
    /// The exit code of another program, run in pond's place.
    #[cfg_attr(unix, allow(dead_code, reason = "there the other program replaces this one"))]
    Exit(u8),
}

impl Outcome {
    /// The process's exit code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Nothing | Self::Differences => 1,
            Self::Partial => 3,
            Self::Exit(code) => code,
        }
    }
}

/// The class of an error; it decides the exit code and the word in front of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Class {
    /// The command could not do its work: 128.
    Fatal,
    /// The command line is wrong: 129.
    Usage,
    /// There was nothing to do, and that deserves words: 1.
    Nothing,
    /// Conflicts stand in the way: 1.
    Conflict,
    /// Part of the work was done: 3.
    Partial,
    /// The user or the system asked to stop: 130.
    Interrupted,
}

impl Class {
    /// The process's exit code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Fatal => 128,
            Self::Usage => 129,
            Self::Nothing | Self::Conflict => 1,
            Self::Partial => 3,
            Self::Interrupted => 130,
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Fatal => "fatal",
            _ => "error",
        }
    }
}

/// How a hint ends that only holds as long as nothing was published.
const RUN_AGAIN: &str = ", then run the command again";

/// A hint of a command that has published what it does: done again, it would be done twice.
pub(crate) fn hint_after_publishing(hint: &str) -> &str {
    hint.strip_suffix(RUN_AGAIN).unwrap_or(hint)
}

/// A failed command: its class, its message with the causes behind it, and hints.
#[derive(Clone, Debug)]
pub(crate) struct CommandError {
    class: Class,
    message: String,
    causes: Vec<String>,
    /// Of text that is wrong, the line with a mark below it.
    place: String,
    hints: Vec<String>,
    broken_pipe: bool,
}

impl CommandError {
    /// An error of `class` without causes.
    pub(crate) fn new(class: Class, message: impl fmt::Display) -> Self {
        Self {
            class,
            message: message.to_string(),
            causes: Vec::new(),
            place: String::new(),
            hints: Vec::new(),
            broken_pipe: false,
        }
    }

    /// An error of `class` whose message and causes are those of `error`.
    pub(crate) fn from_error(class: Class, error: &(dyn Error + 'static)) -> Self {
        let mut this = Self::new(class, error);
        this.add_causes(Some(error));
        // The first link is the message itself.
        if !this.causes.is_empty() {
            this.causes.remove(0);
        }
        this
    }

    /// Shows where in what was typed it is wrong: lines of text, a mark below.
    pub(crate) fn at(mut self, place: String) -> Self {
        self.place = place;
        self
    }

    /// Adds what to do next.
    pub(crate) fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hints.push(hint.to_string());
        self
    }

    /// The same of a command that has published an operation before it failed: done again, it would be done twice.
    pub(crate) fn after_publishing(mut self, seq: i64, taken_back_by: &str) -> Self {
        for hint in &mut self.hints {
            hint.truncate(hint_after_publishing(hint).len());
        }
        self.hint(format_args!(
            "operation {seq} was made before that: 'pond op show {seq}' and 'pond status' tell what is done, 'pond {taken_back_by}' takes it back"
        ))
    }

    /// Puts what was being tried in front; the message so far becomes its first cause.
    pub(crate) fn context(mut self, message: impl fmt::Display) -> Self {
        let cause = std::mem::replace(&mut self.message, message.to_string());
        if !cause.is_empty() {
            self.causes.insert(0, cause);
        }
        self
    }

    /// Adds an error as the reason.
    pub(crate) fn because(mut self, error: &(dyn Error + 'static)) -> Self {
        self.add_causes(Some(error));
        self
    }

    /// The message without its causes.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The class that decides the exit code.
    pub(crate) fn class(&self) -> Class {
        self.class
    }

    /// Whether the reader of a pipe that was written to has gone away. `run` ends quietly then, if it was stdout.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        self.broken_pipe
    }

    fn add_causes(&mut self, mut next: Option<&(dyn Error + 'static)>) {
        while let Some(error) = next {
            if error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe) {
                self.broken_pipe = true;
            }
            self.causes.push(error.to_string());
            next = error.source();
        }
    }

    /// The message with its causes on one line. A cause that the text before it already ends with is left out:
    /// many libraries print their source in their own message.
    pub(crate) fn one_line(&self) -> String {
        let mut text = self.message.clone();
        for cause in &self.causes {
            if !text.ends_with(cause.as_str()) {
                text.push_str(": ");
                text.push_str(cause);
            }
        }
        text
    }

    /// For people: `fatal: ...`, then a `hint:` line for each hint. Ends with a newline, holds no control characters.
    pub(crate) fn render_human(&self, paint: impl Fn(&str) -> String) -> String {
        let mut text = String::new();
        let label = self.class.label();
        text.push_str(&format!("{} {}\n", paint(label), escape::message(&self.one_line())));
        if !self.place.is_empty() {
            text.push_str(&format!("{}\n", escape::message(&self.place)));
        }
        for line in self.hints.iter().flat_map(|hint| hint.lines()) {
            text.push_str(&format!("{} {}\n", paint("hint"), escape::message(line)));
        }
        text
    }

    /// For programs: one JSON document on one line.
    pub(crate) fn render_json(&self) -> String {
        let mut document = serde_json::json!({
            "level": "error",
            "class": self.class,
            "exit_code": self.class.code(),
            "message": self.message,
            "causes": self.causes,
            "hints": self.hints,
        });
        if !self.place.is_empty() {
            document["place"] = self.place.as_str().into();
        }
        format!("{document}\n")
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.one_line())
    }
}

impl Error for CommandError {}

/// The command could not do its work: exit code 128.
pub(crate) fn fatal(message: impl fmt::Display) -> CommandError {
    CommandError::new(Class::Fatal, message)
}

/// The command line is wrong in a way that only the command could see: exit code 129.
pub(crate) fn usage(message: impl fmt::Display) -> CommandError {
    CommandError::new(Class::Usage, message)
}

/// There was nothing to do: exit code 1.
pub(crate) fn nothing(message: impl fmt::Display) -> CommandError {
    CommandError::new(Class::Nothing, message)
}

/// Something of the user's stands in the way: exit code 1.
pub(crate) fn conflict(message: impl fmt::Display) -> CommandError {
    CommandError::new(Class::Conflict, message)
}

/// Part of the work was done; the message says which: exit code 3.
pub(crate) fn partial(message: impl fmt::Display) -> CommandError {
    CommandError::new(Class::Partial, message)
}

/// Stopped on request; the message says what was and what was not done: exit code 130.
pub(crate) fn interrupted(message: impl fmt::Display) -> CommandError {
    CommandError::new(Class::Interrupted, message)
}

impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> Self {
        Self::from_error(Class::Fatal, &error)
    }
}

// ---------------------------------------------------------------------------------------------------------
// Classification of the libraries' typed errors: one `impl From<pond_...::...Error> for CommandError` each.
// Match the variants that the user can do something about, give them a class and a hint; for the rest use
// `CommandError::from_error(Class::Fatal, &error)`.
// ---------------------------------------------------------------------------------------------------------

impl From<ConfigError> for CommandError {
    fn from(error: ConfigError) -> Self {
        let this = Self::from_error(Class::Fatal, &error);
        match error {
            ConfigError::Unreadable { .. } => this.context("cannot use the configuration"),
            ConfigError::Syntax { ref path, .. } | ConfigError::NotText { ref path } => {
                let is_of_pond = Path::new(path).parent().is_some_and(|dir| dir.ends_with(".pond"));
                let this = this.context("cannot use the configuration");
                match is_of_pond {
                    true => this.hint(library::POND_SETTINGS),
                    false => this.hint("correct the file: it is TOML, as in [user] and name = 'Ada'"),
                }
            }
            ConfigError::BadType { .. } => {
                this.hint("values are texts, numbers, true or false; 'pond config --known' lists the keys")
            }
            ConfigError::BadValue { .. } => {
                this.hint("'pond config --known' lists the keys with what they take")
            }
            ConfigError::MissingVariable { variable, .. } => {
                this.hint(format_args!("set {variable} in the environment"))
            }
            _ => this,
        }
    }
}

impl From<WriteError> for CommandError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Config(error) => error.into(),
            other => Self::from_error(Class::Fatal, &other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read the index")]
    struct Outer(#[source] io::Error);

    #[test]
    fn what_was_published_is_not_to_be_done_again() {
        let error =
            fatal("cannot write 'a'").hint("the disk is full: free some space, then run the command again");
        let text = error.clone().after_publishing(7, "redo").render_human(|label| format!("{label}:"));
        assert!(text.contains("'pond redo' takes it back"), "{text}");
        let text = error.after_publishing(7, "undo").render_human(|label| format!("{label}:"));
        assert!(
            text.contains("free some space\n") && text.contains("operation 7 was made before that"),
            "{text}"
        );
        assert!(!text.contains("again"), "{text}");
    }

    #[test]
    fn the_chain_is_one_line_and_the_hints_follow() {
        let error = CommandError::from_error(Class::Fatal, &Outer(io::Error::other("bad\x1b[2J")))
            .context("cannot add 'a'")
            .hint("try again");
        let text = error.render_human(|label| format!("{label}:"));
        assert_eq!(text, "fatal: cannot add 'a': cannot read the index: bad\\033[2J\nhint: try again\n");
        assert_eq!(error.class().code(), 128);
    }

    #[test]
    fn a_broken_pipe_is_seen_through_the_chain() {
        let error = CommandError::from_error(
            Class::Fatal,
            &Outer(io::Error::new(io::ErrorKind::BrokenPipe, "Broken pipe")),
        );
        assert!(error.is_broken_pipe());
    }

    #[test]
    fn json_is_one_line() {
        let text = usage("no such thing").hint("look").render_json();
        assert_eq!(text.lines().count(), 1);
        let value: serde_json::Value = serde_json::from_str(&text).expect("our own JSON");
        assert_eq!(value["exit_code"], 129);
        assert_eq!(value["class"], "usage");
    }
}
