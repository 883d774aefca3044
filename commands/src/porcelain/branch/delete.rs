//! `pond branch -d`.

use pond_history::short_id;
use pond_objects::{ObjectId, ObjectSource as _};
use pond_refs::{Expected, RefEdit, RefName};

use super::used;
use crate::context::Context;
use crate::error::{CommandError, Outcome, usage};
use crate::ref_update::{self, Moves};
use crate::workspace::{self, Purpose, Workspace};
use pond_objects::escape;

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
    let mut workspace = workspace::open(ctx.session()?, Purpose::LookAtTable)?;
    let in_use = ref_update::branches_in_use(&workspace)?;
    let mut gone: Vec<(RefName, ObjectId)> = Vec::new();
    for text in names {
        let name = match remotes {
            true => RefName::new(&format!("remotes/{text}")),
            false => RefName::new(&format!("heads/{text}")),
        };
        let found = match &name {
            Ok(name) => workspace.snapshot.view().target(name)?.map(|id| (name, id)),
            Err(_) => None,
        };
        let Some((name, id)) = found else {
            let word = if remotes { "remote-tracking branch" } else { "branch" };
            ctx.ui.error(format_args!("{word} '{}' not found", escape::plain(text.as_bytes())));
            continue;
        };
        if let Some(mirror) = in_use.get(name) {
            ctx.ui.error(used(&workspace, name, mirror, "delete").message());
            continue;
        }
        if !force && !remotes && !is_merged(&workspace, id)? {
            ctx.ui.error(format_args!("the branch '{text}' is not fully merged"));
            ctx.ui.hint(format_args!("'pond branch -D {text}' deletes it all the same"));
            continue;
        }
        if gone.iter().all(|(other, _)| other != name) {
            gone.push((name.clone(), id));
        }
    }
    let edits: Vec<RefEdit> = gone
        .iter()
        .map(|(name, id)| RefEdit { name: name.clone(), expected: Expected::MustBe(*id), new: None })
        .collect();
    let deleted: Vec<&str> = gone.iter().map(|(name, _)| name.short()).collect();
    let parameters = [("deleted", deleted.join(" "))];
    if !edits.is_empty() {
        ref_update::publish(&mut workspace, "BRANCH", &parameters, Moves::of(edits), |_| ())?;
    }
    report(ctx, &workspace, &gone)?;
    Ok(if gone.len() == names.len() { Outcome::Done } else { Outcome::Nothing })
}

/// Whether HEAD has everything that a branch at this commit has.
fn is_merged(workspace: &Workspace<'_>, id: ObjectId) -> Result<bool, CommandError> {
    match workspace.head.commit {
        Some(head) => Ok(pond_history::is_ancestor(workspace.store(), id, head)?),
        None => Ok(false),
    }
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
