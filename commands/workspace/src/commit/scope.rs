//! What of the mirror and of what is staged a commit takes.

use bstr::BStr;
use pond_mirror::index::{Index, Row};
use pond_objects::pathspec::Pathspecs;

use super::CommitError;
use crate::staging::next_commit::staged_only;
use crate::workspace::Workspace;

/// What a commit takes.
#[derive(Debug)]
pub enum Scope {
    /// What is staged.
    Staged,
    /// That, after all that is tracked was staged.
    All,
    /// That, after these paths were staged.
    Include(Pathspecs),
    /// These paths as they are in the mirror; what else is staged stays so.
    Only(Pathspecs),
    /// Nothing of the mirror: the commit before with another message.
    Nothing,
}

impl Scope {
    /// Refuses paths that are not tracked, and to commit in part what is committed whole.
    pub fn check(&self, workspace: &Workspace<'_>) -> Result<(), CommitError> {
        let Some(pathspecs) = self.pathspecs() else { return Ok(()) };
        let waiting = workspace.index.header().pending.as_ref().filter(|pending| pending.waits());
        if let (Self::Only(_), Some(waiting)) = (self, waiting) {
            return Err(CommitError::InPart(waiting.doing));
        }
        for entry in workspace.index.iter() {
            takes(pathspecs, entry.path, &entry.row);
        }
        pathspecs.unmatched().first().map_or(Ok(()), |given| Err(CommitError::NoMatch((*given).to_owned())))
    }

    /// Whether something of the mirror is staged first.
    pub fn stages(&self) -> bool {
        !matches!(self, Self::Staged | Self::Nothing)
    }

    /// The paths that are staged first; all that is tracked where there are none.
    pub fn pathspecs(&self) -> Option<&Pathspecs> {
        match self {
            Self::Include(pathspecs) | Self::Only(pathspecs) => Some(pathspecs),
            Self::Staged | Self::All | Self::Nothing => None,
        }
    }

    /// Whether something that is staged may be left out.
    pub(crate) fn is_partial(&self) -> bool {
        matches!(self, Self::Only(_) | Self::Nothing)
    }

    /// What is staged, without what the commit leaves out.
    pub fn index(&self, index: &Index) -> Index {
        match self {
            Self::Staged | Self::All | Self::Include(_) => index.clone(),
            Self::Only(pathspecs) => staged_only(index, &|path, row| takes(pathspecs, path, row)),
            Self::Nothing => staged_only(index, &|_, _| false),
        }
    }
}

fn takes(pathspecs: &Pathspecs, path: &BStr, row: &Row) -> bool {
    let is_dir = row.staged.or(row.base_side()).is_some_and(|side| !side.kind.is_blob());
    pathspecs.matches(path, is_dir)
}
