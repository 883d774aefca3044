//! What a commit stages first.

use crate::context::Context;
use bstr::{BStr, BString};

use crate::deeds::add::{AddRequest, add};
use crate::error::{CommandError, partial};
use crate::mirror::footprint::Touched;
use crate::workspace::Workspace;
use pond_mirror::index::Index;
use pond_objects::escape;
use pond_objects::pathspec::Pathspecs;

/// What was staged first.
#[derive(Default)]
pub(super) struct Tracked {
    /// What that changed in the index.
    pub(super) staged: Touched,
    /// Paths that could not be staged, with the reason.
    pub(super) failed: Vec<(BString, String)>,
}

/// Stages what is tracked, as far as it can be read; all of the paths that are named.
pub(super) fn stage_tracked(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    pathspecs: Option<&Pathspecs>,
) -> Result<Tracked, CommandError> {
    let before = workspace.index.clone();
    let request = AddRequest { pathspecs, update_only: true, force: false, dry_run: false, names: true };
    let added = add(workspace, &request)?;
    for (path, error) in &added.failed {
        ctx.ui.error(format_args!("{}: {error}", escape::quoted(path)));
    }
    let side = |index: &Index, path: &BStr| index.row(path).and_then(|row| row.staged);
    let mut staged = Touched::default();
    for path in added.added.iter().chain(added.removed.iter()) {
        staged.add(path, side(&before, path), side(&workspace.index, path));
    }
    if pathspecs.is_some() && !added.failed.is_empty() {
        return Err(partial("some files could not be staged; nothing was committed")
            .hint("'pond commit' without -a or paths commits what is staged"));
    }
    Ok(Tracked { staged, failed: added.failed })
}
