//! What an interrupted command left undone: it published an operation and did not write all of it to the mirror.

use bstr::BString;
use pond_mirror::index::pending::Sequence;
use pond_objects::Side;

use crate::session::taken_back_by;

/// What a command that ended half way may have left.
pub(crate) struct HalfDone {
    /// How many files may be at the previous version.
    pub files: usize,
    /// What it records of the host's files, by path.
    pub host: Vec<Due>,
    /// What it records of the index, likewise.
    pub index: Vec<Due>,
    /// What it renames in the mirror, in this order.
    pub moved: Vec<(BString, BString)>,
    /// The command that goes on with what waits, where nobody has to decide anything first.
    pub going_on: Option<Sequence>,
    /// The kind of its operation, the newest if there are several.
    pub kind: String,
    /// The number of the last operation of which nothing is left to do.
    pub follows: Option<i64>,
}

impl HalfDone {
    /// The command that takes it back.
    pub(crate) fn taken_back_by(&self) -> &'static str {
        taken_back_by(&self.kind)
    }

    /// Whether nothing is left to do.
    pub(crate) fn is_over(&self) -> bool {
        self.host.is_empty() && self.moved.is_empty()
    }

    /// Counts what is left.
    pub(crate) fn count(&mut self) {
        self.files = self.host.len() + self.moved.len();
    }
}

/// A command that ended before it had brought the HEAD file to its operation, and what became of what it left.
pub(crate) struct Ended {
    /// The kind of the operation.
    pub kind: String,
    /// Whether all of it is done now.
    pub is_whole: bool,
}

/// What became of a command that ended half way, once the next one opened the pond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HalfWay {
    /// All of it is done.
    Finished,
    /// Some of it still cannot be done.
    Left,
}

/// A path that operations changed, and that may not be as they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Due {
    /// The path from the mirror's root.
    pub path: BString,
    /// What may be there instead: what one of them found, or left for the next.
    pub before: Vec<Option<Side>>,
    /// What shall be there.
    pub wanted: Option<Side>,
}
