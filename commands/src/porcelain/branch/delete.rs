//! `pond branch -d`.

use pond_history::short_id;
use pond_objects::{ObjectId, ObjectSource as _, escape};
use pond_refs::RefName;
use pond_workspace::branch::{self, Kept};
use pond_workspace::{Purpose, Workspace, open};

use crate::context::Context;
use crate::error::{CommandError, Outcome, usage};

/// Deletes what can be deleted, in one operation, and names the rest.
pub(super) fn run(
    ctx: &Context,
    names: &[String],
    remotes: bool,
    force: bool,
) -> Result<Outcome, CommandError> {
    if names.is_empty() {
        return Err(usage("which branch?").hint("'pond branch' lists them"));
    }
    let mut workspace = open(ctx.session()?, Purpose::LookAtTable)?;
    let found = branch::find(&workspace, names, remotes, force)?;
    for (text, kept) in &found.kept {
        match kept {
            Kept::NotFound => {
                let word = if remotes { "remote-tracking branch" } else { "branch" };
                ctx.ui.error(format_args!("{word} '{}' not found", escape::plain(text.as_bytes())));
            }
            Kept::InUse(error) => ctx.ui.error(error),
            Kept::NotMerged => {
                ctx.ui.error(format_args!("the branch '{text}' is not fully merged"));
                ctx.ui.hint(format_args!("'pond branch -D {text}' deletes it all the same"));
            }
        }
    }
    branch::delete(&mut workspace, &found)?;
    report(ctx, &workspace, &found.gone)?;
    Ok(if found.gone.len() == names.len() { Outcome::Done } else { Outcome::Nothing })
}

fn report(
    ctx: &Context,
    workspace: &Workspace<'_>,
    gone: &[(RefName, ObjectId)],
) -> Result<(), CommandError> {
    let ui = &ctx.ui;
    for (name, id) in gone {
        let (text, short) = (name.short(), short_id(workspace.store(), id));
        if ui.is_json() {
            ui.json_row(&serde_json::json!({ "deleted": text, "id": id.to_hex() }))?;
        } else if !ui.is_quiet() {
            let word = if name.is_branch() { "branch" } else { "remote-tracking branch" };
            ui.say(format_args!("Deleted {word} {} (was {short}).", escape::plain(text.as_bytes())));
            // Only what is in no other branch's history is hard to find again.
            if name.is_branch() && workspace.store().commit(id).is_ok() {
                ui.hint(format_args!("'pond branch {text} {short}' brings it back"));
            }
        }
    }
    Ok(())
}
