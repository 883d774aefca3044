//! `pond stash apply`, `pop` and `branch`.

use std::ffi::OsStr;

use bstr::BString;
use pond_objects::escape;
use pond_workspace::LaidOut;
use pond_workspace::stash::{self, ApplyRequest, Stash};
use pond_workspace::{Purpose, Workspace, open};
use serde_json::json;

use super::ApplyArgs;
use super::find::find;
use super::list::tell_dropped;
use crate::context::Context;
use crate::error::{CommandError, Outcome, interrupted};
use crate::porcelain::status;
use crate::porcelain::switch::go::{add_files, head_json};
use crate::porcelain::switch::new_name;
use crate::ui::changes_json::path_rows;

pub(super) fn run(ctx: &Context, args: &ApplyArgs, pop: bool) -> Result<Outcome, CommandError> {
    let mut workspace = open(ctx.session()?, Purpose::Change)?;
    workspace.need_mirror()?;
    let stash = find(&workspace, args.stash.as_deref())?;
    let request = ApplyRequest { pop, index: args.index };
    let applied = stash::apply(&mut workspace, &stash, request)?;
    if !applied.is_clean && args.index {
        ctx.ui.warn("what was staged is not staged again, since there are conflicts");
    }
    let outcome = finish(ctx, workspace, &stash, applied.is_dropped, &applied.laid_out, &applied.conflicts)?;
    if applied.is_clean {
        return Ok(outcome);
    }
    if pop {
        ctx.ui.status("The stash entry is kept in case you need it again.");
    }
    ctx.ui.hint("'pond add PATH' says that one is decided; 'pond undo' takes the stash out again");
    Ok(if outcome == Outcome::Done { Outcome::Differences } else { outcome })
}

/// Says what is there now, and that the stash was dropped.
fn finish(
    ctx: &Context,
    workspace: Workspace<'_>,
    stash: &Stash,
    dropped: bool,
    laid_out: &LaidOut,
    conflicts: &[BString],
) -> Result<Outcome, CommandError> {
    let mut document = json!({
        "stash": stash.name,
        "commit": stash.id.to_hex(),
        "dropped": dropped,
        "conflicts": path_rows(conflicts),
        "head": head_json(workspace.head()),
    });
    // Whoever reads the mirror's state next needs no lock, and may save what it learns.
    drop(workspace);
    let mut outcome = Outcome::Done;
    if ctx.ui.is_json() {
        add_files(&mut document, laid_out);
        ctx.ui.json(&document)?;
    } else if !ctx.ui.is_quiet() {
        outcome = status::show(ctx)?;
    }
    if dropped {
        tell_dropped(ctx, stash);
    }
    if laid_out.interrupted {
        return Err(interrupted(
            "interrupted; the next command that changes the mirror writes the files that are missing; 'pond undo' takes back what was written, and brings the stash back",
        ));
    }
    Ok(if laid_out.failed.is_empty() { outcome } else { Outcome::Partial })
}

pub(super) fn branch(ctx: &Context, name: &OsStr, text: Option<&OsStr>) -> Result<Outcome, CommandError> {
    let mut workspace = open(ctx.session()?, Purpose::Change)?;
    workspace.need_mirror()?;
    let stash = find(&workspace, text)?;
    let name = new_name(name)?;
    let laid_out = stash::branch(&mut workspace, &stash, name.clone())?;
    ctx.ui.status(format_args!("Switched to a new branch '{}'", escape::plain(name.short().as_bytes())));
    let is_dropped = stash.seq.is_some();
    finish(ctx, workspace, &stash, is_dropped, &laid_out, &[])
}
