//! `pond sql`: ask queries of history and of files of any version.

mod print;
mod statements;

use std::fs;
use std::io::{self, Read as _};
use std::path::PathBuf;

use pond_objects::escape;

use crate::context::Context;
use crate::error::{CommandError, Outcome, fatal, usage};
use crate::query::{Asker, Means};

/// Ask SQL queries of history, and of files of any version
///
/// Tables are 'commits', 'changes', 'refs', 'operations', 'files', 'nodes' and 'records', and every file in quotes.
#[derive(Debug, clap::Args)]
pub(crate) struct SqlArgs {
    /// Read the query from FILE
    #[arg(short, long, value_name = "FILE", conflicts_with = "query")]
    file: Option<PathBuf>,

    /// One statement or several, with semicolons between; '-' reads stdin
    #[arg(value_name = "QUERY")]
    query: Option<String>,
}

pub(crate) fn run(ctx: &Context, args: SqlArgs) -> Result<Outcome, CommandError> {
    let text = text_of(&args)?;
    let statements = statements::split(&text);
    if statements.is_empty() {
        return Err(usage("there is no query").hint("pond sql 'SELECT * FROM commits LIMIT 5'"));
    }
    let index = ["':", "\":"].iter().any(|name| text.contains(name));
    let asker = Asker::open(ctx, Means { index, ..Means::default() })?;
    for statement in statements {
        print::answer(ctx, &asker, statement.text)?;
    }
    Ok(Outcome::Done)
}

/// The text of the query.
fn text_of(args: &SqlArgs) -> Result<String, CommandError> {
    match (&args.file, &args.query) {
        (Some(path), _) if path.as_os_str() != "-" => fs::read_to_string(path).map_err(|error| {
            fatal(format_args!("cannot read the query of '{}'", escape::path(path))).because(&error)
        }),
        (None, Some(query)) if query != "-" => Ok(query.clone()),
        _ => {
            let mut text = String::new();
            io::stdin()
                .read_to_string(&mut text)
                .map_err(|error| fatal("cannot read the query of stdin").because(&error))?;
            Ok(text)
        }
    }
}
