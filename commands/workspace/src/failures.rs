//! Paths that a deed could not bring to their version, and why.

use std::collections::HashSet;
use std::error::Error;

use bstr::BString;
use pond_mirror::write::materialize::MaterializeError;

use crate::cause::Cause;
use crate::error::in_one_line;

/// What failed, path by path.
#[derive(Debug, Default)]
pub struct Failures {
    /// The paths, with the reasons.
    pub paths: Vec<(BString, String)>,
    /// The same paths, to be found.
    known: HashSet<BString>,
    /// Those among them that nothing is wrong with, but that the command was told to stop before it came to them.
    interrupted: HashSet<BString>,
    causes: Vec<Cause>,
}

impl Failures {
    /// Notes an error with its causes.
    pub fn push(&mut self, path: BString, error: &(dyn Error + 'static)) {
        self.causes.extend(Cause::of(error).filter(|cause| !self.causes.contains(cause)));
        self.add(path, in_one_line(error));
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
    pub fn is_interrupted(&self) -> bool {
        !self.interrupted.is_empty()
    }

    /// Notes a reason for which there is no error.
    pub(crate) fn push_reason(&mut self, path: BString, reason: &str) {
        self.add(path, reason.to_owned());
    }

    fn add(&mut self, path: BString, reason: String) {
        self.known.insert(path.clone());
        self.paths.push((path, reason));
    }

    /// Whether the path failed.
    pub fn contains(&self, path: &BString) -> bool {
        self.known.contains(path)
    }

    /// Whether nothing failed.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// The paths with the reasons, but for those that an interruption left out.
    pub fn named(&self) -> impl Iterator<Item = &(BString, String)> {
        self.paths.iter().filter(|(path, _)| !self.interrupted.contains(path))
    }

    /// How many paths an interruption left out.
    pub fn interrupted(&self) -> usize {
        self.interrupted.len()
    }

    /// What stands behind them, each cause once.
    pub fn causes(&self) -> &[Cause] {
        &self.causes
    }
}
