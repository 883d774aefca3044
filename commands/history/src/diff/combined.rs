//! One result beside several versions that it was made of.

use bstr::BString;
use pond_objects::{Change, Side};

use crate::diff::letter::status_letter;

/// Most parents that a merge is compared with at once.
pub const MOST_PARENTS: usize = 64;

/// A path with what the parents have there, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Combined {
    /// Where it is.
    pub path: BString,
    /// What each parent has, at most [`MOST_PARENTS`]; `None` if it has nothing.
    pub parents: Vec<Option<Side>>,
    /// Of each parent: whether it has it by another name.
    pub renamed: Vec<bool>,
    /// What is there now.
    pub new: Option<Side>,
    /// Whether that is a file of the mirror: it is shown in any case, and without an id.
    pub is_in_mirror: bool,
}

impl Combined {
    /// The change from one of the parents.
    pub fn change(&self, parent: usize) -> Change {
        Change::at(self.path.clone(), self.parents[parent], self.new)
    }

    /// What each parent's side of it became: git's letters.
    pub fn letters(&self) -> String {
        let letter = |parent: usize| match self.renamed.get(parent) {
            Some(true) => 'R',
            _ => status_letter(&self.change(parent)),
        };
        (0..self.parents.len()).map(letter).collect()
    }

    /// Whether it is named even if no line is shown.
    pub fn is_named(&self) -> bool {
        self.changes_mode() || self.is_in_mirror
    }

    /// Whether lines are shown: git shows none of a file that is gone from the mirror, and those of one that a commit lacks.
    pub fn has_lines(&self) -> bool {
        self.new.is_some() || !self.is_in_mirror
    }

    /// Whether a parent has another kind or mode of file.
    pub fn changes_mode(&self) -> bool {
        let kind = self.new.map(|side| side.kind);
        self.parents.iter().any(|parent| parent.map(|side| side.kind) != kind)
    }
}
