//! `pond merge-base`: the newest commits that histories share.

use std::ffi::OsString;

use pond_objects::ObjectId;
use pond_workspace::{Purpose, open};
use serde_json::json;

use crate::context::Context;
use crate::error::{CommandError, Outcome, usage};
use crate::revisions;

/// Print the newest commits that histories share
///
/// Of two commits, the newest that both come from; of more, what the first shares with a merge of the others.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pond merge-base main calibration
  pond merge-base --all main calibration
  pond merge-base --is-ancestor v1 main && echo 'main has v1'

Exit codes: 0; 1 where nothing is shared, or with --is-ancestor where it is none; 128 for an unknown revision; 129.")]
pub(crate) struct MergeBaseArgs {
    /// Print all of them, where there are several that are no ancestors of each other
    #[arg(short, long)]
    all: bool,

    /// Print what all of the commits share
    #[arg(long, group = "mode")]
    octopus: bool,

    /// Print those of the commits that no other of them leads to
    #[arg(long, group = "mode")]
    independent: bool,

    /// Print nothing: exit with 0 if the first commit is in the history of the second, else with 1
    #[arg(long, group = "mode", conflicts_with = "all")]
    is_ancestor: bool,

    /// The commits
    #[arg(value_name = "COMMIT", required = true)]
    commits: Vec<OsString>,
}

pub(crate) fn run(ctx: &Context, args: MergeBaseArgs) -> Result<Outcome, CommandError> {
    let workspace = open(ctx.session()?, Purpose::LookAtTable)?;
    let commits: Vec<ObjectId> = args
        .commits
        .iter()
        .map(|text| Ok(revisions::resolve_found(&workspace, text)?.id))
        .collect::<Result<_, CommandError>>()?;
    let store = workspace.store();
    let bases = match commits.as_slice() {
        [one, other] if args.is_ancestor => {
            let found = pond_history::is_ancestor(store, *one, *other)?;
            if ctx.ui.is_json() {
                ctx.ui.json(&json!({ "is_ancestor": found }))?;
            }
            return Ok(if found { Outcome::Done } else { Outcome::Nothing });
        }
        _ if args.is_ancestor => return Err(usage("--is-ancestor takes exactly two commits")),
        all if args.independent => pond_history::independent(store, all)?,
        all if args.octopus => pond_history::octopus_bases(store, all)?,
        [_] => return Err(usage("merge-base takes two commits or more")),
        [one, others @ ..] => pond_history::bases_with_any(store, *one, others)?,
        [] => return Err(usage("merge-base takes two commits or more")),
    };
    let shown = if args.all || args.independent { bases.len() } else { bases.len().min(1) };
    for id in &bases[..shown] {
        match ctx.ui.is_json() {
            true => ctx.ui.json_row(&json!({ "commit": id.to_hex() }))?,
            false => ctx.ui.say(id),
        }
    }
    Ok(if bases.is_empty() { Outcome::Nothing } else { Outcome::Done })
}
