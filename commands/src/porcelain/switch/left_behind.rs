//! Commits that are on no branch any more when HEAD leaves them.

use pond_history::short_id;
use pond_objects::{ObjectId, ObjectSource as _, escape};
use pond_workspace::Workspace;
use pond_workspace::switch::left_behind;

use crate::context::Context;
use crate::error::CommandError;

/// Commits that are named.
const NAMED: usize = 4;

/// Says what a detached HEAD left at `old`: commits that nothing else leads to, or where it was.
pub(super) fn tell(ctx: &Context, workspace: &Workspace<'_>, old: ObjectId) -> Result<(), CommandError> {
    let ui = &ctx.ui;
    if ui.is_quiet() {
        return Ok(());
    }
    let lost = left_behind(workspace, old)?;
    let line = |id: &ObjectId| -> Result<String, CommandError> {
        let commit = workspace.store().commit(id)?;
        Ok(format!("{} {}", short_id(workspace.store(), id), escape::plain(commit.subject())))
    };
    let Some(newest) = lost.first() else {
        ui.status(format_args!("Previous HEAD position was {}", line(&old)?));
        return Ok(());
    };
    let (count, them) = match lost.len() {
        1 => ("1 commit".to_owned(), "it"),
        many => (format!("{many} commits"), "them"),
    };
    let named: Vec<String> = lost
        .iter()
        .take(NAMED)
        .map(|id| Ok(format!("\n  {}", line(id)?)))
        .collect::<Result<_, CommandError>>()?;
    let more = lost.len().saturating_sub(NAMED);
    let rest = (more > 0).then(|| format!("\n ... and {more} more"));
    let list: String = named.into_iter().chain(rest).collect();
    ui.warn(format_args!("you are leaving {count} behind, not connected to any of your branches:{list}"));
    let id = short_id(workspace.store(), newest);
    ui.hint(format_args!("'pond branch NAME {id}' keeps {them}, on a branch of that name"));
    Ok(())
}
