//! `checkout --ours`, `restore --theirs`: one side's version of paths in conflict, written to the mirror.

use crate::context::Context;
use crate::text::list::paths_below;
use bstr::BString;
use pond_objects::PathEntry;

use crate::error::{CommandError, Outcome, conflict, fatal};
use crate::porcelain::restore::{Restore, restore};
use crate::workspace::Workspace;
use pond_mirror::index::pending::{Conflict, Which};
use pond_objects::escape;
use pond_objects::pathspec::Pathspecs;

/// Which side's version is wanted.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(super) struct SideArgs {
    /// While a merge or the like waits: write our version of files in conflict
    #[arg(long, conflicts_with_all = ["theirs", "merge", "conflict"])]
    ours: bool,

    /// While a merge or the like waits: write their version of files in conflict
    #[arg(long, conflicts_with_all = ["merge", "conflict"])]
    theirs: bool,
}

impl SideArgs {
    /// The side, where one was asked for.
    pub(super) fn which(self) -> Option<Which> {
        match (self.ours, self.theirs) {
            (true, _) => Some(Which::Ours),
            (_, true) => Some(Which::Theirs),
            _ => None,
        }
    }
}

/// Refuses paths in conflict: what is staged for them is no version.
pub(super) fn refuse_in_conflict(
    workspace: &Workspace<'_>,
    pathspecs: &Pathspecs,
) -> Result<(), CommandError> {
    let conflicts = workspace.index.header().pending.iter().flat_map(|pending| &pending.conflicts);
    let paths: Vec<BString> =
        conflicts.map(Conflict::path).filter(|path| pathspecs.matches(path, false)).collect();
    match paths.is_empty() {
        true => Ok(()),
        false => Err(conflict(format_args!("these paths are in conflict:{}", paths_below(&paths))).hint(
            "nothing was changed; --ours and --theirs take one side, -m writes the conflict anew, 'pond add PATH' says that one is decided",
        )),
    }
}

/// Writes one side's version of the paths; they stay in conflict until they are added.
pub(super) fn take_side(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    which: Which,
    pathspecs: &Pathspecs,
) -> Result<Outcome, CommandError> {
    let Some(pending) = &workspace.index.header().pending else {
        return Err(fatal("nothing is in conflict: --ours and --theirs choose a side while a merge waits"));
    };
    let mut source = Vec::new();
    for conflict in pending.conflicts.iter().filter(|conflict| pathspecs.matches(&conflict.path(), false)) {
        let path = conflict.path();
        let Some(side) = conflict.side(which) else {
            let whose = if which == Which::Ours { "our side" } else { "their side" };
            let shown = escape::plain(&path).into_owned();
            return Err(fatal(format_args!("{whose} does not have '{shown}'"))
                .hint(format_args!("nothing was changed; 'pond rm {shown}' decides that it goes")));
        };
        source.push(PathEntry { path, kind: side.kind, id: side.id, size: side.size });
    }
    restore(
        ctx,
        workspace,
        &Restore {
            pathspecs,
            source,
            index: false,
            files: true,
            keep_others: true,
            kind: "RESTORE",
            revision: None,
        },
    )
}
