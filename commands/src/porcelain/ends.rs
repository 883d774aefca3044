//! What `head` and `tail` share: the first or the last rows of tables in files, in any version.

use std::ffi::OsString;
use std::io::Write as _;

use pond_objects::escape;

use crate::context::Context;
use crate::error::{CommandError, Outcome, usage};
use crate::query::Failure;
use crate::query::tables::{count, open_in_order, print_rows, quoted};
use crate::ui::color::Role;

/// Options of both.
#[derive(Debug, clap::Args)]
pub(super) struct EndsArgs {
    /// How many rows
    #[arg(short = 'n', long = "rows", value_name = "NUMBER", default_value_t = 10)]
    rows: u32,

    /// PATH is the file in the mirror, REV:PATH a version of it, :PATH what is staged
    #[arg(value_name = "REV:PATH", required = true)]
    files: Vec<OsString>,
}

/// Which rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    First,
    Last,
}

pub(super) fn run(ctx: &Context, args: &EndsArgs, end: End) -> Result<Outcome, CommandError> {
    let is_one = args.files.len() == 1;
    if !is_one && ctx.ui.is_json() {
        return Err(usage("--json takes one file: the rows of several are no one document"));
    }
    let names = args.files.iter().map(|file| quoted(file)).collect::<Result<Vec<_>, _>>()?;
    let asker = open_in_order(ctx, &args.files)?;
    for (number, (file, name)) in args.files.iter().zip(names).enumerate() {
        if !is_one {
            let title = format!("==> {} <==", escape::plain(file.as_encoded_bytes()));
            let between = if number > 0 { "\n" } else { "" };
            writeln!(ctx.ui.out(), "{between}{}", ctx.ui.paint(Role::Heading, title))?;
        }
        let text = match end {
            End::First => format!("SELECT * FROM {name} LIMIT {}", args.rows),
            End::Last => {
                let all = count(ctx, &asker, &name).map_err(Failure::told)?;
                format!(
                    "SELECT * FROM {name} LIMIT {} OFFSET {}",
                    args.rows,
                    all.saturating_sub(args.rows.into())
                )
            }
        };
        print_rows(ctx, &asker, &text).map_err(Failure::told)?;
    }
    Ok(Outcome::Done)
}
