//! How commits that join histories are compared with their parents, and the changes that come of it.

use pond_objects::pathspec::Pathspecs;
use pond_objects::{Change, Commit, ObjectId, ObjectSource as _, ReadError};
use pond_oplog::Store;

use crate::diff::combined::{Combined, MOST_PARENTS};
use crate::diff::differing::Differing;
use crate::diff::merge::merge;
use crate::diff::request::DiffRequest;
use crate::diff::trees::trees;

/// What a merge is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// Nothing: its changes are not shown.
    Nothing,
    /// Its first parent.
    First,
    /// Each parent in turn.
    Each,
    /// All at once, without choices between two versions if `dense`.
    All {
        /// Whether such choices are left out.
        dense: bool,
    },
}

/// What is shown of merges, and of other commits.
#[derive(Clone, Copy, Debug)]
pub struct Merges {
    /// What merges are compared with.
    pub against: Against,
    /// Other commits are shown without changes.
    pub only_merges: bool,
}

/// The changes of a commit.
#[derive(Debug)]
pub enum CommitChanges {
    /// Against one parent, or none.
    Plain(Vec<Change>),
    /// Of a merge, against each parent that it differs from.
    Each(Vec<(ObjectId, Vec<Change>)>),
    /// Of a merge, against its first parent and against all at once.
    All {
        /// Against the first.
        against_first: Vec<Change>,
        /// Against all.
        combined: Vec<Combined>,
    },
}

impl CommitChanges {
    /// None.
    pub const NONE: Self = Self::Plain(Vec::new());

    /// Those against the first parent that it is compared with.
    pub fn of_first_parent(&self) -> &[Change] {
        match self {
            Self::Plain(changes) | Self::All { against_first: changes, .. } => changes,
            Self::Each(parents) => parents.first().map_or(&[], |(_, changes)| changes),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Plain(changes) => changes.is_empty(),
            Self::Each(parents) => parents.is_empty(),
            Self::All { against_first, combined } => against_first.is_empty() && combined.is_empty(),
        }
    }
}

impl Merges {
    /// Whether nothing is shown of a commit, whatever it changed.
    pub fn hides(&self, commit: &Commit) -> bool {
        match commit.parents.len() {
            0 | 1 => self.only_merges,
            _ => self.against == Against::Nothing,
        }
    }

    /// From which parents a merge has to differ to be shown. `first_parent`: histories are followed along first parents.
    pub fn differing(&self, first_parent: bool) -> Differing {
        match self.against {
            _ if first_parent => Differing::First,
            Against::First => Differing::First,
            Against::Each => Differing::Any,
            Against::Nothing | Against::All { .. } => Differing::All,
        }
    }

    /// What a commit changed.
    ///
    /// # Errors
    /// Those of reading the objects.
    pub fn changes(
        &self,
        store: &Store,
        commit: &Commit,
        pathspecs: &Pathspecs,
        request: &DiffRequest,
    ) -> Result<CommitChanges, ReadError> {
        if self.hides(commit) {
            return Ok(CommitChanges::NONE);
        }
        let tree = |id: &ObjectId| Ok::<_, ReadError>(store.commit(id)?.tree);
        let parents = commit.parents.iter().map(tree).collect::<Result<Vec<_>, _>>()?;
        let against = |old: Option<&ObjectId>| trees(store, old, Some(&commit.tree), pathspecs, request);
        match self.against {
            Against::Each if parents.len() > 1 => {
                let mut all = Vec::with_capacity(parents.len());
                for (id, tree) in commit.parents.iter().zip(&parents) {
                    all.push((*id, against(Some(tree))?));
                }
                all.retain(|(_, changes)| !changes.is_empty());
                Ok(CommitChanges::Each(all))
            }
            Against::All { .. } if (2..=MOST_PARENTS).contains(&parents.len()) => Ok(CommitChanges::All {
                against_first: against(parents.first())?,
                combined: merge(store, &parents, &commit.tree, pathspecs, request)?,
            }),
            _ => Ok(CommitChanges::Plain(against(parents.first())?)),
        }
    }
}
