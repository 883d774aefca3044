//! Picking one commit after the other.

use bstr::{BString, ByteSlice};
use pond_history::short_id;
use pond_mirror::index::pending::{Pending, Sequence};
use pond_mirror::index::pick_options::PickOptions;
use pond_objects::merge::{Labels, MergeOptions};
use pond_objects::{Commit, ObjectId, ObjectSource as _};

use super::message;
use super::save_pending;
use crate::error::{WorkspaceError, deed_error};
use crate::merged_trees::{self, Applied, MergedTrees, Then};
use crate::publish::rearrange::Record;
use crate::session::Signer;
use crate::workspace::Workspace;

/// Why a commit was not picked.
#[derive(Debug, thiserror::Error)]
pub enum PickError {
    /// HEAD has no commit.
    #[error("there is no commit yet to pick onto")]
    NoCommit,
    /// It changes nothing: what it brings, or takes out, is so already.
    #[error("{}", changes_nothing(*.doing, .short))]
    ChangesNothing {
        /// Whether it is picked or reverted.
        doing: Sequence,
        /// The commit.
        short: String,
    },
    /// It is a merge, and nobody said which parent counts.
    #[error("{0} is a merge: which of its parents is the main line?")]
    WhichParent(String),
    /// It has no parents, and one was asked for.
    #[error("{0} has no parent: -m can't be given for it")]
    NoParents(String),
    /// It has fewer parents.
    #[error("{short} has no parent {number}")]
    NoSuchParent {
        /// The commit.
        short: String,
        /// How many it has.
        parents: usize,
        /// The one that was asked for.
        number: usize,
    },
    /// What every deed can end with.
    #[error(transparent)]
    Workspace(WorkspaceError),
}

deed_error!(PickError);

/// Why a commit changes nothing when it is picked or reverted.
pub fn changes_nothing(doing: Sequence, short: &str) -> String {
    match doing {
        Sequence::Revert => {
            format!("reverting {short} changes nothing here: HEAD has nothing of what it brought")
        }
        _ => format!("{short} changes nothing here: HEAD has what it would bring"),
    }
}

/// Commits that are picked, one at each call of [`Picking::next`].
pub struct Picking {
    doing: Sequence,
    /// Those that are left, in order.
    left: Vec<ObjectId>,
    /// What was said about all of them.
    said: PickOptions,
    /// How trees are merged.
    options: MergeOptions,
    /// It is the only commit of its sequence. If it changes nothing, nothing is left waiting.
    is_alone: bool,
    /// A conflict or a decision that waits for a person stops the sequence.
    is_stopped: bool,
}

/// A commit that was picked.
pub struct Picked {
    /// Which one.
    pub id: ObjectId,
    /// Its id and its subject.
    pub name: BString,
    /// What came of it.
    pub became: Became,
    /// What was done.
    pub applied: Applied,
    /// Paths in conflict.
    pub conflicts: Vec<BString>,
}

/// What came of a commit that was picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// A commit, or, where that is wanted, what is staged.
    Whole,
    /// It changes nothing, and waits for a person.
    Nothing,
    /// It has conflicts, and waits for a person.
    Conflicts,
}

/// Commits that wait.
pub struct Left {
    /// How many.
    pub count: usize,
    /// The first, in short.
    pub next: String,
}

impl Picking {
    /// Begins with commits in the order in which they are picked.
    ///
    /// # Errors
    /// Something waits.
    pub fn begin(
        workspace: &Workspace<'_>,
        doing: Sequence,
        commits: Vec<ObjectId>,
        said: PickOptions,
        options: MergeOptions,
    ) -> Result<Self, WorkspaceError> {
        merged_trees::refuse_while_pending(workspace, doing.command())?;
        let is_alone = commits.len() == 1;
        Ok(Self { is_alone, ..Self::rest(doing, commits, said, options) })
    }

    /// Those that are left of a sequence.
    pub fn rest(doing: Sequence, left: Vec<ObjectId>, said: PickOptions, options: MergeOptions) -> Self {
        Self { doing, left, said, options, is_alone: false, is_stopped: false }
    }

    /// Whether its commits are only staged.
    pub fn is_staging(&self) -> bool {
        self.said.no_commit
    }

    /// How many commits are left.
    pub fn count(&self) -> usize {
        self.left.len()
    }

    /// The commits that wait to be picked; empty before the first was picked.
    pub fn left(&self, workspace: &Workspace<'_>) -> Option<Left> {
        let was_waiting = workspace.index.header().pending.is_some();
        let waits = was_waiting || workspace.session.first_operation().is_some();
        let next = self.left.first().filter(|_| waits)?;
        Some(Left { count: self.left.len(), next: short_id(workspace.store(), next) })
    }

    /// Picks the next commit; `None` if none is left, or if the last one waits for a decision.
    ///
    /// # Errors
    /// The commit and those behind it wait, unless it is the first of all. If its operation was published, it is picked.
    pub fn next(
        &mut self,
        workspace: &mut Workspace<'_>,
        signer: &dyn Signer,
    ) -> Result<Option<Picked>, PickError> {
        let Some(id) = self.left.first().copied().filter(|_| !self.is_stopped) else { return Ok(None) };
        let seq = workspace.snapshot.state().seq;
        let picked = self.pick(workspace, &id, signer);
        // Once its operation is published, it is picked, whatever failed then.
        if picked.is_ok() || workspace.snapshot.state().seq != seq {
            self.left.remove(0);
        }
        let waiting = workspace.index.header().pending.clone().filter(|_| picked.is_err());
        // Where the next commit could not even begin, it is the one to leave out.
        let noted = match waiting.filter(Pending::is_by_hand) {
            Some(waiting) => save_pending(workspace, Some(waiting.without_by_hand())),
            None => Ok(()),
        };
        let picked = picked?;
        noted?;
        let laid_out = &picked.applied.laid_out;
        self.is_stopped =
            picked.became != Became::Whole || laid_out.interrupted || !laid_out.failed.is_empty();
        Ok(Some(picked))
    }

    fn pick(
        &self,
        workspace: &mut Workspace<'_>,
        id: &ObjectId,
        signer: &dyn Signer,
    ) -> Result<Picked, PickError> {
        let Self { doing, said, .. } = self;
        if !said.no_commit {
            merged_trees::check_ready(workspace, doing.command())?;
        }
        let head = workspace.head.commit.ok_or(PickError::NoCommit)?;
        let store = workspace.store();
        let commit = store.commit(id)?;
        let short = short_id(store, id);
        let name = BString::from(format!("{short} ({})", commit.subject().as_bstr()));
        let combined = self.combine(workspace, &commit, &short, &name)?;
        let message = message::of(*doing, id, &commit, said, signer)?;
        merged_trees::tell(workspace, &combined.merged);
        let merged = &combined.merged;
        let is_empty = merged.is_clean && merged.updates.is_empty() && !said.allow_empty && !said.no_commit;
        let became = match (is_empty, merged.is_clean) {
            (true, _) if self.is_alone => return Err(PickError::ChangesNothing { doing: *doing, short }),
            (true, _) => Became::Nothing,
            (_, true) => Became::Whole,
            _ => Became::Conflicts,
        };
        let subject = message.lines().next().unwrap_or_default().to_str_lossy().into_owned();
        let then = match became {
            Became::Whole if !said.no_commit => {
                let committer = signer.committer().map_err(WorkspaceError::Caller)?;
                let author = match doing {
                    Sequence::CherryPick => commit.author.clone(),
                    _ => signer.author().map_err(WorkspaceError::Caller)?,
                };
                let record = Record { parents: vec![head], author, committer, message };
                Then::Commit(record, Pending::of_queue(*doing, &self.left[1..], said))
            }
            _ => Then::Stage(self.pending(became, id, message, &combined)),
        };
        let kind = doing.command().to_uppercase().replace('-', "_");
        let parameters = [("picked", id.to_hex()), ("message", subject)];
        let applied = merged_trees::apply(workspace, &kind, &parameters, &combined, then)?;
        let conflicts = combined.merged.unmerged.iter().map(|one| one.path.clone()).collect();
        Ok(Picked { id: *id, name, became, applied, conflicts })
    }

    /// What waits if this does not become a commit.
    fn pending(
        &self,
        became: Became,
        id: &ObjectId,
        mut message: BString,
        combined: &MergedTrees,
    ) -> Option<Pending> {
        let (doing, behind, unmerged) = (self.doing, &self.left[1..], &combined.merged.unmerged);
        match became {
            Became::Whole => Pending::of_queue(doing, behind, &self.said),
            Became::Conflicts if self.said.no_commit => {
                Some(Pending::new(Sequence::Conflicts, b"", unmerged))
            }
            Became::Nothing | Became::Conflicts => {
                message.extend_from_slice(&merged_trees::conflict_lines(unmerged));
                let pending = Pending::new(doing, &message, unmerged);
                Some(pending.with_commit(*id).with_queue(behind, &self.said))
            }
        }
    }

    /// Merges the commit's change, or its reversal, into what is staged.
    fn combine(
        &self,
        workspace: &mut Workspace<'_>,
        picked: &Commit,
        short: &str,
        name: &BString,
    ) -> Result<MergedTrees, PickError> {
        let parent = parent(workspace, short, picked, self.said.mainline)?;
        let before = BString::from(format!("parent of {name}"));
        let (base, theirs, labels) = match self.doing {
            Sequence::Revert => (Some(picked), parent.as_ref(), [name, &before]),
            _ => (parent.as_ref(), Some(picked), [&before, name]),
        };
        let labels = Labels { ours: "HEAD".into(), base: labels[0].as_bstr(), theirs: labels[1].as_bstr() };
        Ok(merged_trees::combine_change(workspace, [base, theirs], labels, &self.options)?)
    }
}

/// The version that a commit is compared with.
fn parent(
    workspace: &Workspace<'_>,
    short: &str,
    picked: &Commit,
    mainline: Option<usize>,
) -> Result<Option<Commit>, PickError> {
    let short = || short.to_owned();
    let parent = match (mainline, picked.parents.len()) {
        (None, 0 | 1) => picked.parents.first(),
        (None, _) => return Err(PickError::WhichParent(short())),
        (Some(_), 0) => return Err(PickError::NoParents(short())),
        (Some(number), parents) => {
            let parent = number.checked_sub(1).and_then(|at| picked.parents.get(at));
            Some(parent.ok_or_else(|| PickError::NoSuchParent { short: short(), parents, number })?)
        }
    };
    Ok(parent.map(|id| workspace.store().commit(id)).transpose()?)
}
