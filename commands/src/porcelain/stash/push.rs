//! `pond stash push`.

use pond_objects::escape;
use pond_workspace::stash::{self, Include, PushRequest, Pushed};
use pond_workspace::{Purpose, open};
use serde_json::json;

use super::PushOptions;
use crate::context::Context;
use crate::error::{CommandError, Outcome, interrupted};
use crate::porcelain::path_args::PathArgs;
use crate::porcelain::switch::go::add_files;

pub(super) fn run(ctx: &Context, options: &PushOptions, paths: &PathArgs) -> Result<Outcome, CommandError> {
    let mut workspace = open(ctx.session()?, Purpose::Change)?;
    workspace.need_mirror()?;
    let pathspecs = (!paths.is_empty()).then(|| paths.pathspecs(&workspace)).transpose()?;
    let request = PushRequest {
        pathspecs: pathspecs.as_ref(),
        untracked: match (options.all, options.include_untracked) {
            (true, _) => Include::All,
            (_, true) => Include::Untracked,
            _ => Include::No,
        },
        keep_index: options.keep_index,
    };
    let found = stash::find(&mut workspace, &request)?;
    for (path, error) in &found.missed {
        ctx.ui.error(format_args!("{}: {error}; what is there is not put aside", escape::quoted(path)));
    }
    let outcome = if found.missed.is_empty() { Outcome::Done } else { Outcome::Partial };
    if found.is_empty() {
        match ctx.ui.is_json() {
            true => ctx.ui.json(&json!({ "stash": null }))?,
            false if ctx.ui.is_quiet() || outcome == Outcome::Partial => {}
            false => ctx.ui.say("No local changes to save"),
        }
        return Ok(outcome);
    }
    let message = options.message.as_deref();
    let Pushed { id, message, laid_out } = stash::push(&mut workspace, &request, &found, message, ctx)?;
    if ctx.ui.is_json() {
        let mut document = json!({
            "stash": "stash@{0}",
            "commit": id.to_hex(),
            "message": escape::plain(&message),
        });
        add_files(&mut document, &laid_out);
        ctx.ui.json(&document)?;
    } else if !ctx.ui.is_quiet() {
        ctx.ui.say(format_args!("Saved working directory and index state {}", escape::plain(&message)));
    }
    if laid_out.interrupted {
        return Err(interrupted(
            "interrupted; the changes are in the stash, and the next command that changes the mirror takes them out of the other files",
        ));
    }
    Ok(if laid_out.failed.is_empty() { outcome } else { Outcome::Partial })
}
