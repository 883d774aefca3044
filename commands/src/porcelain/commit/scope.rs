//! What of the mirror and of what is staged a commit takes.

use bstr::BStr;

use super::CommitArgs;
use crate::error::{CommandError, fatal, usage};
use crate::mirror::next_commit::staged_only;
use crate::workspace::Workspace;
use pond_mirror::index::{Index, Row};
use pond_objects::escape;
use pond_objects::pathspec::Pathspecs;

/// What a commit takes.
pub(super) enum Scope {
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
    /// As the command line has it.
    ///
    /// # Errors
    /// Options that contradict each other, paths that are not tracked, and that a merge or the like waits to be committed whole.
    pub(super) fn of(workspace: &Workspace<'_>, args: &CommitArgs) -> Result<Self, CommandError> {
        if args.paths.is_empty() {
            return match (args.all, args.include, args.only) {
                (_, true, _) => Err(usage("--include needs paths")),
                (true, _, true) => Err(usage("--only and -a exclude each other")),
                (_, _, true) if !args.amend => Err(usage("--only needs paths, or --amend")),
                (_, _, true) => Ok(Self::Nothing),
                (all, ..) => Ok(if all { Self::All } else { Self::Staged }),
            };
        }
        if args.all {
            return Err(usage("paths and -a exclude each other").hint("-a stages all that is tracked"));
        }
        let pathspecs = args.paths.pathspecs(workspace)?;
        if !args.include {
            refuse_during_a_merge(workspace)?;
        }
        refuse_unmatched(workspace, &pathspecs)?;
        Ok(if args.include { Self::Include(pathspecs) } else { Self::Only(pathspecs) })
    }

    /// Whether something of the mirror is staged first.
    pub(super) fn stages(&self) -> bool {
        !matches!(self, Self::Staged | Self::Nothing)
    }

    /// The paths that are staged first; all that is tracked where there are none.
    pub(super) fn pathspecs(&self) -> Option<&Pathspecs> {
        match self {
            Self::Include(pathspecs) | Self::Only(pathspecs) => Some(pathspecs),
            Self::Staged | Self::All | Self::Nothing => None,
        }
    }

    /// Whether something that is staged may be left out.
    pub(super) fn is_partial(&self) -> bool {
        matches!(self, Self::Only(_) | Self::Nothing)
    }

    /// What is staged, without what the commit leaves out.
    pub(super) fn index(&self, index: &Index) -> Index {
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

fn refuse_during_a_merge(workspace: &Workspace<'_>) -> Result<(), CommandError> {
    let waiting = workspace.index.header().pending.as_ref().filter(|pending| pending.waits());
    waiting.map_or(Ok(()), |waiting| {
        Err(fatal(format_args!("{}: it cannot be committed in part", waiting.doing.matter())).hint(
            "nothing was committed; 'pond commit' without paths commits all of it, -i stages the paths first",
        ))
    })
}

fn refuse_unmatched(workspace: &Workspace<'_>, pathspecs: &Pathspecs) -> Result<(), CommandError> {
    for entry in workspace.index.iter() {
        takes(pathspecs, entry.path, &entry.row);
    }
    pathspecs.unmatched().first().map_or(Ok(()), |given| {
        Err(fatal(format_args!("pathspec '{}' did not match any tracked file", escape::plain(given)))
            .hint("nothing was committed; 'pond add' tracks a new file"))
    })
}
