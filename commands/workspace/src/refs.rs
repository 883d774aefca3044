//! Moving refs: one operation for all the edits of a command, and what follows from them for the mirror's HEAD.
//!
//! HEAD follows the branch that it is on, as in git: the index and the files stay, so that what the branch was moved
//! over shows as staged. The mirror's lock is held only where HEAD is concerned; everything else waits for nobody.

use std::collections::BTreeMap;

use pond_mirror::index::Header;
use pond_objects::ObjectId;
use pond_oplog::RowType;
use pond_oplog::transaction::{Published, Transaction};
use pond_refs::Head;
use pond_refs::{Expected, RefEdit, RefName, apply_edits};

use crate::error::WorkspaceError;
use crate::open::{self, Purpose};
use crate::publish::transact;
use crate::session::Session;
use crate::staging::rebase;
use crate::workspace::Workspace;

/// Opens the pond for moving refs: with the mirror's lock if `touches` says that its HEAD is concerned.
pub fn open<'s>(
    session: &'s Session,
    touches: impl Fn(&Head) -> bool,
) -> Result<Workspace<'s>, WorkspaceError> {
    let workspace = open::open(session, Purpose::LookAtTable)?;
    if touches(&workspace.head) { open::open(session, Purpose::Change) } else { Ok(workspace) }
}

/// Whether a mirror that stands here is on one of the branches.
pub fn is_on<'n>(head: &Head, mut names: impl Iterator<Item = &'n RefName>) -> bool {
    head.branch.as_ref().is_some_and(|branch| names.any(|name| name == branch))
}

/// What a command does to refs.
#[derive(Debug, Default)]
pub struct Moves {
    /// The refs.
    pub edits: Vec<RefEdit>,
    /// Where the mirror's HEAD itself goes; none: it follows its branch.
    pub head: Option<Head>,
    /// A branch and its new name: every mirror that is on the one goes to the other.
    pub renamed: Option<(RefName, RefName)>,
}

impl Moves {
    /// Edits of refs alone.
    pub fn of(edits: Vec<RefEdit>) -> Self {
        Self { edits, ..Self::default() }
    }

    /// Where HEAD is afterwards; `None` if it stays.
    fn next_head(&self, head: &Head) -> Option<Head> {
        let branch = head.branch.as_ref();
        let after = match (&self.head, &self.renamed) {
            (Some(head), _) => head.clone(),
            (None, Some((from, to))) if branch == Some(from) => {
                Head { branch: Some(to.clone()), ..head.clone() }
            }
            _ => match self.edits.iter().find(|edit| Some(&edit.name) == branch) {
                Some(edit) => Head { commit: edit.new, ..head.clone() },
                None => return None,
            },
        };
        (after != *head).then_some(after)
    }
}

/// Publishes the moves, if there is anything to move; `extend` adds what the operation brings besides.
///
/// # Errors
/// An expectation that is not met; then nothing has changed.
pub fn publish(
    workspace: &mut Workspace<'_>,
    kind: &str,
    parameters: &[(&str, String)],
    moves: Moves,
    extend: impl FnOnce(&mut Transaction<'_>),
) -> Result<Option<Published>, WorkspaceError> {
    let view = workspace.snapshot.view();
    let changes = apply_edits(&moves.edits, |name| view.target(name))?;
    let head = moves.next_head(&workspace.head);
    if changes.is_empty() && head.is_none() && moves.renamed.is_none() {
        return Ok(None);
    }
    let has_moved = head.is_some();
    let (head, published) = transact::operation(workspace, kind, parameters, |transaction| {
        extend(transaction);
        moves.edits.into_iter().for_each(|edit| transaction.edit_ref(edit));
        if let Some((from, to)) = moves.renamed {
            transaction.rename_in_heads(from, to);
        }
        Ok(head.unwrap_or_else(|| workspace.head.clone()))
    })?;
    let before = workspace.head.commit;
    workspace.go_on(head, &published)?;
    if has_moved {
        follow(workspace, before, &published)?;
    }
    Ok(Some(published))
}

/// Deletes refs, each of which must still be where it was found.
///
/// # Errors
/// As [`publish`].
pub fn delete(
    workspace: &mut Workspace<'_>,
    kind: &str,
    refs: &[(RefName, ObjectId)],
) -> Result<Option<Published>, WorkspaceError> {
    let edit = |(name, id): &(RefName, ObjectId)| RefEdit {
        name: name.clone(),
        expected: Expected::MustBe(*id),
        new: None,
    };
    let deleted: Vec<&str> = refs.iter().map(|(name, _)| name.short()).collect();
    let parameters = [("deleted", deleted.join(" "))];
    publish(workspace, kind, &parameters, Moves::of(refs.iter().map(edit).collect()), |_| ())
}

/// Puts the index on the commit that HEAD is at now, if it was at another one `before`. What is staged stays, and differs from it.
fn follow(
    workspace: &mut Workspace<'_>,
    before: Option<ObjectId>,
    published: &Published,
) -> Result<(), WorkspaceError> {
    if workspace.head.commit != before {
        let tree = workspace.head_tree()?;
        let header = Header {
            base: workspace.head.commit,
            delta_version: Some(published.state.version),
            ..workspace.index.header().clone()
        };
        let builder = rebase::across(
            &workspace.index,
            BTreeMap::new(),
            workspace.store(),
            tree.as_ref(),
            header,
            workspace.index_file(),
        )?;
        workspace.save_index(builder)?;
    }
    workspace.save_head()
}

/// Whether a branch can be at an object: commits only.
pub(crate) fn check_target(
    workspace: &Workspace<'_>,
    name: &RefName,
    id: &ObjectId,
) -> Result<(), WorkspaceError> {
    let found = workspace.store().type_of(id);
    let word = match found {
        Some(RowType::Commit) => return Ok(()),
        Some(RowType::Tag | RowType::Page | RowType::Blob | RowType::Chunk) if !name.is_branch() => {
            return Ok(());
        }
        Some(RowType::Tag) => "a tag",
        Some(RowType::Page) => "a tree",
        Some(RowType::Blob | RowType::Chunk) => "a file's content",
        _ => return Err(WorkspaceError::NoTarget { name: name.clone(), id: *id }),
    };
    Err(WorkspaceError::NotACommit { name: name.clone(), id: *id, word })
}

/// The mirrors on each branch: the branch, and the mirrors' ids.
pub(crate) fn branches_in_use(
    workspace: &Workspace<'_>,
) -> Result<BTreeMap<RefName, String>, WorkspaceError> {
    let mut used: BTreeMap<RefName, String> = BTreeMap::new();
    for (mirror, head) in workspace.snapshot.view().mirrors()? {
        if let Some(branch) = head.branch {
            used.entry(branch).or_insert(mirror);
        }
    }
    Ok(used)
}
