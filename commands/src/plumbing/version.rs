//! `pond version`: what this program is.

use serde::Serialize;

use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::version;

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
    pub(crate) const OWN: Self =
        Self { version: version::VERSION, commit: version::COMMIT, target: version::TARGET };
}

pub(crate) fn run(ctx: &Context, _args: VersionArgs) -> Result<Outcome, CommandError> {
    if ctx.ui.is_json() {
        ctx.ui.json(&Version::OWN)?;
        return Ok(Outcome::Done);
    }
    ctx.ui.say(version::version_line());
    if ctx.ui.verbosity() > 0 {
        ctx.ui.say(format_args!("target {}", version::TARGET));
        ctx.ui.say(format_args!("commit {}", version::COMMIT.unwrap_or("unknown")));
    }
    Ok(Outcome::Done)
}
