//! `pond reflog`: the values that one ref had.

use std::ffi::OsString;

use pond_history::resolve::values;
use pond_history::short_id;
use pond_objects::escape;
use pond_refs::Tracked;
use pond_workspace::{Purpose, open};
use serde_json::json;

use crate::context::Context;
use crate::error::{CommandError, Outcome, fatal, usage};
use crate::operation_output::when;
use crate::revisions;
use crate::time::rfc3339;
use crate::ui::color::Role;

/// List the values that a ref had, the newest first
///
/// The short form of 'pond op log' for one ref; without one, for HEAD. Each line begins with the commit and the name by which
/// it can be called.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pond reflog
  pond reflog main
  pond diff main@{1} main

Exit codes: 0; 128 for an unknown ref; 129.")]
pub(crate) struct ReflogArgs {
    /// List N values at most
    #[arg(short = 'n', long, value_name = "N")]
    max_count: Option<usize>,

    /// The ref; default: HEAD. As in git, 'show' may stand before it
    #[arg(value_name = "REF", num_args = 0..=2)]
    words: Vec<OsString>,
}

/// The ref that is meant: 'show' alone is git's word for the command, not a ref.
fn reference(mut words: Vec<OsString>) -> Result<OsString, CommandError> {
    if words.first().is_some_and(|word| word == "show") {
        words.remove(0);
    }
    let mut words = words.into_iter();
    let name = words.next().unwrap_or_else(|| "HEAD".into());
    match words.next() {
        None => Ok(name),
        Some(other) => {
            Err(usage(format_args!("unexpected argument '{}'", escape::plain(other.as_encoded_bytes())))
                .hint("'pond reflog' lists the values of one ref"))
        }
    }
}

pub(crate) fn run(ctx: &Context, args: ReflogArgs) -> Result<Outcome, CommandError> {
    let workspace = open(ctx.session()?, Purpose::LookAtTable)?;
    let name = reference(args.words)?;
    let tracked = revisions::tracked(&workspace, &name)?;
    let shown = escape::plain(name.as_encoded_bytes()).into_owned();
    let ui = &ctx.ui;
    ui.page();
    let limit = args.max_count.unwrap_or(usize::MAX);
    let mut shown_any = false;
    for (number, found) in values(workspace.history(), &tracked).take(limit).enumerate() {
        let (id, operation) = found?;
        shown_any = true;
        if ui.is_json() {
            ui.json_row(&json!({
                "ref": shown,
                "entry": number,
                "id": id.to_hex(),
                "operation": operation.seq,
                "time": rfc3339(when(&operation)),
                "command": operation.command,
            }))?;
            continue;
        }
        let short = short_id(workspace.store(), &id);
        ui.say(format_args!(
            "{} {shown}@{{{number}}}: {}",
            ui.paint(Role::CommitId, short),
            escape::plain(operation.command.as_bytes())
        ));
    }
    // HEAD is there before its first commit, other refs are not.
    if !shown_any && limit > 0 && tracked != Tracked::Head {
        return Err(fatal(format_args!("there is no ref '{shown}', and there never was"))
            .hint("'pond op log' lists what was done"));
    }
    Ok(Outcome::Done)
}
