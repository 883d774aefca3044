//! Paths that a command could not bring to their version, and what can be done about it.

use std::collections::HashSet;
use std::error::Error;

use bstr::BString;

use super::materialize::MaterializeError;
use crate::error::{advice, hint_after_publishing};
use crate::ui::size::counted;
use crate::workspace::Workspace;
use pond_objects::escape;

/// Paths that are named, each in a line; the others are counted. A full disk fails for thousands.
const NAMED: usize = 50;

/// What failed, path by path, and advice that is given once, however many paths it is about.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    /// The paths, with the reasons.
    pub(crate) paths: Vec<(BString, String)>,
    /// The same paths, to be found.
    known: HashSet<BString>,
    /// Those among them that nothing is wrong with, but that the command was told to stop before it came to them.
    interrupted: HashSet<BString>,
    advice: Vec<&'static str>,
}

impl Failures {
    /// Notes an error with its causes.
    pub(crate) fn push(&mut self, path: BString, error: &(dyn Error + 'static)) {
        let advice = advice(error).filter(|advice| !self.advice.contains(advice));
        self.advice.extend(advice);
        self.add(path, describe(error));
    }

    /// The same of what became of a path; one that an interruption left out is counted, not named.
    pub(crate) fn push_outcome(&mut self, path: BString, error: &MaterializeError) {
        match error {
            MaterializeError::Interrupted { .. } => {
                self.interrupted.insert(path.clone());
                self.add(path, "interrupted".to_owned());
            }
            error => self.push(path, error),
        }
    }

    /// Whether the command was told to stop before it had come to all paths.
    pub(crate) fn is_interrupted(&self) -> bool {
        !self.interrupted.is_empty()
    }

    /// Notes a reason for which there is no error and no advice.
    pub(crate) fn push_reason(&mut self, path: BString, reason: &str) {
        self.add(path, reason.to_owned());
    }

    fn add(&mut self, path: BString, reason: String) {
        self.known.insert(path.clone());
        self.paths.push((path, reason));
    }

    /// Whether the path failed.
    pub(crate) fn contains(&self, path: &BString) -> bool {
        self.known.contains(path)
    }

    /// Whether nothing failed.
    pub(crate) fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// Reports them on stderr.
    pub(crate) fn show(&self, workspace: &Workspace<'_>) {
        self.show_paths(workspace);
        self.advice.iter().for_each(|advice| workspace.ctx.ui.hint(advice));
    }

    /// The same of a command that is not to run again: they are due, and the next one writes them. `command` takes it back.
    pub(crate) fn show_due(&self, workspace: &Workspace<'_>, command: &str) {
        let ui = &workspace.ctx.ui;
        self.show_paths(workspace);
        self.advice.iter().for_each(|advice| ui.hint(hint_after_publishing(advice)));
        if !self.is_empty() {
            ui.hint(format_args!(
                "the next command that changes the mirror does the rest; 'pond {command}' takes this one back"
            ));
        }
    }

    fn show_paths(&self, workspace: &Workspace<'_>) {
        let ui = &workspace.ctx.ui;
        let mut failed = self.paths.iter().filter(|(path, _)| !self.interrupted.contains(path));
        for (path, error) in failed.by_ref().take(NAMED) {
            ui.error(format_args!("{}: {error}", escape::quoted(path)));
        }
        match failed.count() {
            0 => {}
            more => ui.error(format_args!("and {} more", counted(more as u64, "path"))),
        }
        match self.interrupted.len() {
            0 => {}
            1 => ui.error("interrupted: 1 file was not written"),
            many => ui.error(format_args!("interrupted: {} were not written", counted(many as u64, "file"))),
        }
    }
}

/// An error and its causes in one line. What a message ends with already is not said again.
fn describe(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}
