//! Ranges: sets of commits.

use pond_objects::ObjectId;
use pond_refs::{Found, Range, RefName, Revision};

use crate::history::History;
use crate::resolve::error::ResolveRevisionError;
use crate::resolve::revision;
use crate::walk::merge_bases;

/// Commits as `A..B` and its kin name them: what is reachable from `include`, without what is from `exclude`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitSet {
    /// Where to begin.
    pub include: Vec<ObjectId>,
    /// What is left out, with all that it follows.
    pub exclude: Vec<ObjectId>,
    /// Short names that could have meant several refs, in the order in which they were met.
    pub ambiguous: Vec<Ambiguity>,
}

/// A short name that several refs have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ambiguity {
    /// The ref that was taken.
    pub taken: RefName,
    /// The first of the others.
    pub other: RefName,
}

impl Ambiguity {
    /// The ambiguity of a name that was resolved; `None` if it has none.
    pub fn of(found: &Found) -> Option<Self> {
        let (taken, other) = found.reference.as_ref().zip(found.shadowed.first())?;
        Some(Self { taken: taken.clone(), other: other.clone() })
    }
}

impl CommitSet {
    /// Adds the commits of a range.
    ///
    /// # Errors
    /// If one of its ends names no commit, or commits cannot be read. Names that were resolved before that stay among the
    /// [ambiguous](Self::ambiguous) ones.
    pub fn add(&mut self, history: History<'_>, range: &Range) -> Result<(), ResolveRevisionError> {
        let mut commit = |revision: &Revision| -> Result<ObjectId, ResolveRevisionError> {
            let found = revision::commit(history, revision)?;
            self.ambiguous.extend(Ambiguity::of(&found));
            Ok(found.id)
        };
        match range {
            Range::Reachable(revision) => {
                let id = commit(revision)?;
                self.include.push(id);
            }
            Range::Exclude(revision) => {
                let id = commit(revision)?;
                self.exclude.push(id);
            }
            Range::Between { from, to } => {
                let (from, to) = (commit(from)?, commit(to)?);
                self.exclude.push(from);
                self.include.push(to);
            }
            Range::Symmetric { left, right } => {
                let (left, right) = (commit(left)?, commit(right)?);
                self.exclude.extend(merge_bases(history.store(), left, right)?);
                self.include.extend([left, right]);
            }
        }
        Ok(())
    }
}
