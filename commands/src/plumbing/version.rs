//! `pond version`: what this program is.

use serde::Serialize;

use crate::cli;
use crate::context::Context;
use crate::error::{CommandError, Outcome};

/// Print the version, and with -v the platform and the commit it was built from
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pond version -v
  pond version --json

Exit codes: 0.")]
pub(crate) struct VersionArgs {}

/// The facts, as `--json` prints them.
#[derive(Serialize)]
pub(crate) struct Version {
    version: &'static str,
    commit: Option<&'static str>,
    target: &'static str,
}

impl Version {
    /// Those of this program.
    pub(crate) const OWN: Self = Self { version: cli::VERSION, commit: cli::COMMIT, target: cli::TARGET };
}

pub(crate) fn run(ctx: &Context, _args: VersionArgs) -> Result<Outcome, CommandError> {
    if ctx.ui.is_json() {
        ctx.ui.json(&Version::OWN)?;
        return Ok(Outcome::Done);
    }
    ctx.ui.say(cli::version_line());
    if ctx.ui.verbosity() > 0 {
        ctx.ui.say(format_args!("target {}", cli::TARGET));
        ctx.ui.say(format_args!("commit {}", cli::COMMIT.unwrap_or("unknown")));
    }
    Ok(Outcome::Done)
}
