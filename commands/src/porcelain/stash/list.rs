//! `pond stash list`, `show`, `drop` and `clear`.

use std::ffi::OsStr;

use pond_history::diff::{Against, trees};
use pond_history::short_id;
use pond_objects::pathspec::Pathspecs;
use pond_objects::{ObjectId, ObjectSource as _, escape, path_order};
use pond_workspace::stash::{self, Stash};
use pond_workspace::{Purpose, open};
use serde_json::json;

use super::ListArgs;
use super::ShowArgs;
use super::find::find;
use crate::commit_output::CommitOutput;
use crate::comparison::stored_contents;
use crate::context::Context;
use crate::error::{CommandError, Outcome, usage};
use crate::revisions::take_count;
use crate::time::rfc3339;
use crate::ui::changes_json::change_json;
use crate::ui::diff::{Forms, count, write_diff};
use crate::ui::log_format::Reflog;

/// How a stash is listed without options.
const LINE: &str = "%C(yellow)%gd%C(reset): %gs";

pub(super) fn list(ctx: &Context, mut args: ListArgs) -> Result<Outcome, CommandError> {
    let limit = take_count(&mut args.count)?.or(args.max_count).unwrap_or(usize::MAX);
    if let Some(other) = args.count.first() {
        let other = escape::plain(other.as_encoded_bytes()).into_owned();
        return Err(
            usage(format_args!("unexpected argument '{other}'")).hint("'pond stash show STASH' shows one")
        );
    }
    let workspace = open(ctx.session()?, Purpose::LookAtTable)?;
    let store = workspace.store();
    let is_dated = args.format.names_dates();
    let format = args.format.or_template(LINE);
    let merges = args.merges.read(&args.diff, true, Forms::NONE, Against::First)?;
    let short = |id: &ObjectId| short_id(store, id);
    let mut output = CommitOutput::new(ctx, &workspace, &format, &args.diff, merges, &short)?;
    ctx.ui.page();
    let stack = workspace.snapshot().view().stashes()?;
    for (number, (seq, id)) in stack.into_iter().enumerate().skip(args.skip).take(limit) {
        let commit = store.commit(&id)?;
        let changes = output.changes(&commit, &Pathspecs::default(), &args.diff)?;
        if ctx.ui.is_json() {
            let mut row = json!({
                "stash": format!("stash@{{{number}}}"),
                "operation": seq,
                "commit": id.to_hex(),
                "base": commit.parents.first().map(ObjectId::to_hex),
                "message": escape::plain(commit.subject()),
                "time": rfc3339(commit.committer.when),
                "untracked": commit.parents.len() > 2,
            });
            if output.shows_changes() {
                row["changes"] = output.changes_json(&changes)?.into();
            }
            ctx.ui.json_row(&row)?;
            continue;
        }
        let who = (commit.committer.name.clone(), commit.committer.email.clone());
        let reflog = Reflog {
            name: "refs/stash".to_owned(),
            short: "stash".to_owned(),
            number,
            when: commit.committer.when,
            message: commit.subject().into(),
            who,
            is_dated,
        };
        output.print_logged(&id, &commit, &reflog, &changes)?;
    }
    Ok(Outcome::Done)
}

pub(super) fn show(ctx: &Context, args: &ShowArgs) -> Result<Outcome, CommandError> {
    let workspace = open(ctx.session()?, Purpose::LookAtTable)?;
    let stash = find(&workspace, args.stash.as_deref())?;
    let (store, everything) = (workspace.store(), Pathspecs::default());
    let request = args.diff.request()?;
    let trees = |old, new| trees(store, old, new, &everything, &request);
    let mut changes = match args.only_untracked {
        true => Vec::new(),
        false => trees(Some(&stash.base.tree), Some(&stash.commit.tree))?,
    };
    if (args.include_untracked || args.only_untracked)
        && let Some(untracked) = &stash.untracked
    {
        changes.extend(trees(None, Some(untracked))?);
        changes.sort_by(|a, b| path_order(&a.path, &b.path));
    }
    let stat = Forms { stat: true, ..Forms::NONE };
    let options = args.diff.options(&ctx.ui, stat)?;
    let short = |id: &ObjectId| short_id(store, id);
    let mut contents = stored_contents(store, &short);
    if ctx.ui.is_json() {
        for change in &changes {
            let counts = count(change, &mut contents, &options)?;
            ctx.ui.json_row(&change_json(change, counts))?;
        }
        return Ok(Outcome::Done);
    }
    ctx.ui.page();
    write_diff(&mut ctx.ui.out(), &changes, &mut contents, &options)?;
    Ok(Outcome::Done)
}

pub(super) fn drop_one(ctx: &Context, text: Option<&OsStr>) -> Result<Outcome, CommandError> {
    let mut workspace = open(ctx.session()?, Purpose::LookAtTable)?;
    let stash = find(&workspace, text)?;
    stash::drop_one(&mut workspace, &stash)?;
    tell_dropped(ctx, &stash);
    if ctx.ui.is_json() {
        ctx.ui.json(&json!({ "dropped": [{ "stash": stash.name, "commit": stash.id.to_hex() }] }))?;
    }
    Ok(Outcome::Done)
}

/// Says that a stash is gone.
pub(super) fn tell_dropped(ctx: &Context, stash: &Stash) {
    if !ctx.ui.is_quiet() && !ctx.ui.is_json() {
        ctx.ui.say(format_args!("Dropped {} ({})", stash.name, stash.id));
    }
}

pub(super) fn clear(ctx: &Context) -> Result<Outcome, CommandError> {
    let mut workspace = open(ctx.session()?, Purpose::LookAtTable)?;
    let dropped = stash::clear(&mut workspace)?;
    if ctx.ui.is_json() {
        let rows = dropped
            .iter()
            .enumerate()
            .map(|(number, id)| json!({ "stash": format!("stash@{{{number}}}"), "commit": id.to_hex() }));
        ctx.ui.json(&json!({ "dropped": rows.collect::<Vec<_>>() }))?;
    }
    Ok(Outcome::Done)
}
