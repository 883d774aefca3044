//! `pond tail`: the last rows of tables in files.

use super::ends::{self, End, EndsArgs};
use crate::context::Context;
use crate::error::{CommandError, Outcome};

/// Show the last rows of tables in files of any version
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Files may be CSV, TSV, JSON, JSON lines, Parquet and Arrow; the end of the name says which. On a terminal a table is cut to its
width; a pipe gets everything. With --json the rows are objects. A pattern such as 'HEAD:stations/*.csv' joins files.
Of other texts, 'pond cat REV:PATH | tail' prints the last lines.

Examples:
  pond tail stations/weir.csv
  pond tail -n 3 HEAD~3:stations/weir.csv

Exit codes: 0; 128 for what is no table; 129.")]
pub(crate) struct TailArgs {
    #[command(flatten)]
    ends: EndsArgs,
}

pub(crate) fn run(ctx: &Context, args: TailArgs) -> Result<Outcome, CommandError> {
    ends::run(ctx, &args.ends, End::Last)
}
