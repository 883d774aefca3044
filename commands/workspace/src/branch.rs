//! Making, renaming, copying and deleting branches.

use pond_objects::{ObjectId, escape};
use pond_refs::{Expected, RefEdit, RefName};

use crate::error::{WorkspaceError, deed_error};
use crate::refs::{self, Moves};
use crate::workspace::Workspace;

/// Why no branch was made or renamed.
#[derive(Debug, thiserror::Error)]
pub enum BranchError {
    /// The name is taken.
    #[error("a branch named '{}' already exists", escape::plain(.0.short().as_bytes()))]
    Taken(RefName),
    /// A mirror is on the branch: its index would be based on another commit.
    #[error("cannot {verb} the branch '{}': {user} is on it", escape::plain(.name.short().as_bytes()))]
    InUse {
        /// The branch.
        name: RefName,
        /// What was to be done to it.
        verb: &'static str,
        /// Who is on it.
        user: User,
    },
    /// HEAD is on no branch, and none was named.
    #[error("HEAD is on no branch")]
    NoBranch,
    /// There is no such branch.
    #[error("no branch named '{}'", escape::plain(.0.short().as_bytes()))]
    NotFound(RefName),
    /// What every deed can end with.
    #[error(transparent)]
    Workspace(WorkspaceError),
}

deed_error!(BranchError);

/// Who is on a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum User {
    /// This mirror.
    Head,
    /// Another one.
    Mirror(String),
}

impl std::fmt::Display for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Head => f.write_str("HEAD"),
            Self::Mirror(id) => write!(f, "the mirror '{}'", escape::plain(id.as_bytes())),
        }
    }
}

impl User {
    fn of(workspace: &Workspace<'_>, mirror: &str) -> Self {
        match mirror == workspace.session.mirror {
            true => Self::Head,
            false => Self::Mirror(mirror.to_owned()),
        }
    }
}

/// Refuses to touch a branch that some mirror is on.
fn refuse_in_use(workspace: &Workspace<'_>, name: &RefName, verb: &'static str) -> Result<(), BranchError> {
    match refs::branches_in_use(workspace)?.get(name) {
        None => Ok(()),
        Some(mirror) => {
            Err(BranchError::InUse { name: name.clone(), verb, user: User::of(workspace, mirror) })
        }
    }
}

/// Refuses a name that a new branch cannot have. With `force` another branch may have it.
///
/// # Errors
/// It is taken, or some mirror is on that branch.
pub fn check_name(workspace: &Workspace<'_>, name: &RefName, force: bool) -> Result<(), BranchError> {
    if workspace.snapshot.view().target(name)?.is_some() && !force {
        return Err(BranchError::Taken(name.clone()));
    }
    refuse_in_use(workspace, name, "move")
}

/// Makes a branch at a commit, or moves it there; HEAD stays where it is.
///
/// # Errors
/// Nothing was changed.
pub fn make(
    workspace: &mut Workspace<'_>,
    name: RefName,
    commit: ObjectId,
    force: bool,
) -> Result<(), BranchError> {
    check_name(workspace, &name, force)?;
    let expected = if force { Expected::Any } else { Expected::MustNotExist };
    let parameters = [("branch", name.short().to_owned())];
    let moves = Moves::of(vec![RefEdit { name, expected, new: Some(commit) }]);
    refs::publish(workspace, "BRANCH", &parameters, moves, |_| ())?;
    Ok(())
}

/// A branch that gets another name, or a second one.
pub struct RenameRequest {
    /// The branch; `None` is the one that HEAD is on.
    pub old: Option<RefName>,
    /// The name.
    pub new: RefName,
    /// Whether it keeps the old name, too.
    pub copies: bool,
    /// Whether it may take the place of another branch.
    pub force: bool,
}

/// Gives a branch another name, or a second one. Mirrors that are on a renamed branch are on it still. The caller has opened
/// the pond with [`refs::open`].
///
/// # Errors
/// Nothing was changed.
pub fn rename(workspace: &mut Workspace<'_>, request: RenameRequest) -> Result<(), BranchError> {
    let RenameRequest { old, new, copies, force } = request;
    let old = old.or_else(|| workspace.head.branch.clone()).ok_or(BranchError::NoBranch)?;
    let target = workspace.snapshot.view().target(&old)?;
    let is_unborn = target.is_none() && workspace.head.branch.as_ref() == Some(&old);
    if target.is_none() && (copies || !is_unborn) {
        return Err(BranchError::NotFound(old));
    }
    if new == old {
        return Ok(());
    }
    if workspace.snapshot.view().target(&new)?.is_some() {
        if !force {
            return Err(BranchError::Taken(new));
        }
        refuse_in_use(workspace, &new, "replace")?;
    }
    let verb = if copies { "copied" } else { "renamed" };
    let parameters = [(verb, old.short().to_owned()), ("branch", new.short().to_owned())];
    let expected = if force { Expected::Any } else { Expected::MustNotExist };
    let mut moves = Moves::default();
    if let Some(id) = target {
        if !copies {
            moves.edits.push(RefEdit { name: old.clone(), expected: Expected::MustBe(id), new: None });
        }
        moves.edits.push(RefEdit { name: new.clone(), expected, new: target });
    }
    if !copies {
        moves.renamed = Some((old, new));
    }
    refs::publish(workspace, "BRANCH", &parameters, moves, |_| ())?;
    Ok(())
}

/// What was found of branches that are to be deleted.
#[derive(Default)]
pub struct ToDelete {
    /// Those that can be, each with where it is.
    pub gone: Vec<(RefName, ObjectId)>,
    /// The others, as they were named, with the reason.
    pub kept: Vec<(String, Kept)>,
}

/// Why a branch is not deleted.
pub enum Kept {
    /// There is none of that name.
    NotFound,
    /// A mirror is on it.
    InUse(BranchError),
    /// HEAD does not have everything that it has.
    NotMerged,
}

/// Finds the branches to delete; of other ponds with `remotes`. With `force` those, too, whose commits HEAD does not have.
///
/// # Errors
/// Those of reading refs and commits.
pub fn find(
    workspace: &Workspace<'_>,
    names: &[String],
    remotes: bool,
    force: bool,
) -> Result<ToDelete, BranchError> {
    let in_use = refs::branches_in_use(workspace)?;
    let mut found = ToDelete::default();
    for text in names {
        let name = RefName::new(&format!("{}/{text}", if remotes { "remotes" } else { "heads" }));
        let target = match &name {
            Ok(name) => workspace.snapshot.view().target(name)?.map(|id| (name, id)),
            Err(_) => None,
        };
        let kept = match target {
            None => Kept::NotFound,
            Some((name, id)) => match in_use.get(name) {
                Some(mirror) => Kept::InUse(BranchError::InUse {
                    name: name.clone(),
                    verb: "delete",
                    user: User::of(workspace, mirror),
                }),
                None if !force && !remotes && !is_merged(workspace, id)? => Kept::NotMerged,
                None => {
                    if found.gone.iter().all(|(other, _)| other != name) {
                        found.gone.push((name.clone(), id));
                    }
                    continue;
                }
            },
        };
        found.kept.push((text.clone(), kept));
    }
    Ok(found)
}

/// Whether HEAD has everything that a branch at this commit has.
fn is_merged(workspace: &Workspace<'_>, id: ObjectId) -> Result<bool, BranchError> {
    match workspace.head.commit {
        Some(head) => Ok(pond_history::is_ancestor(workspace.store(), id, head)?),
        None => Ok(false),
    }
}

/// Deletes what was found, in one operation.
///
/// # Errors
/// Nothing was changed.
pub fn delete(workspace: &mut Workspace<'_>, found: &ToDelete) -> Result<(), BranchError> {
    refs::delete(workspace, "BRANCH", &found.gone)?;
    Ok(())
}
