//! `pond sql`: ask queries of history and of files of any version.

mod answer;
mod profile;
mod statements;
mod target;

use std::fs;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::PathBuf;
use std::time::Instant;

use pond_objects::escape;
use pond_query::output::Format;

use self::answer::{Form, Printer};
use self::profile::Times;
use crate::context::Context;
use crate::error::{CommandError, Outcome, fatal, usage};
use crate::query::{Asker, Means};
use crate::text::size;

/// Ask SQL queries of history, and of files of any version
///
/// Tables of history are 'commits', 'changes', 'refs', 'operations', 'files' and files_at('REV'), 'nodes' and 'records'; DESCRIBE
/// lists the columns of one. A name in quotes is a file: 'data/x.csv' as it is now, 'REV:data/x.csv' as a revision has it,
/// ':data/x.csv' as it is staged, 'HEAD:sensors/**/*.csv' all that fit; versions('data/x.csv') is every version of a file. Files may be
/// CSV, TSV, JSON, JSON lines, Parquet and Arrow. Queries only read.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
On a terminal a table is cut to its width, and of many rows the first and the last are shown; a pipe gets everything. Several
statements have semicolons between them. '--json' is '--format json'.

Examples:
  pond sql 'SELECT short, subject, author_time FROM commits LIMIT 5'
  pond sql \"FROM 'HEAD~3:stations/weir.csv' LIMIT 5\"
  pond sql \"SELECT n.id, o.level, n.level FROM 'HEAD~1:a.csv' o JOIN 'a.csv' n ON n.id = o.id WHERE n.level <> o.level\"
  pond sql \"SELECT commit_time, count(*) FROM versions('a.csv') GROUP BY commit_time ORDER BY commit_time\"
  pond sql -p path=a.csv 'SELECT commit, change, size FROM changes WHERE path = $path'
  pond sql \"SUMMARIZE 'a.csv'\"
  pond sql -o all.parquet \"FROM 'HEAD:stations/*.csv'\"
  pond sql -f report.sql --format csv | less

Exit codes: 0; 128 for a query that is wrong or cannot be answered; 129; 130.")]
pub(crate) struct SqlArgs {
    /// Read the query from FILE
    #[arg(short, long, value_name = "FILE", conflicts_with = "query")]
    file: Option<PathBuf>,

    /// The form of the answer: table, csv, tsv, json, jsonl, parquet, arrow; default: table, with -o what FILE ends with
    #[arg(long, value_name = "FORMAT", value_parser = Form::parse)]
    format: Option<Form>,

    /// Write the answer to FILE, which is not there yet
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Replace FILE of -o, or of COPY ... TO, if it is there
    #[arg(long)]
    force: bool,

    /// The value of $NAME in the query (repeatable)
    #[arg(short, long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
    parameters: Vec<(String, String)>,

    /// Memory for rows; what does not fit goes to temporary files. Default: 384 MiB, or a quarter of the machine's if that is less
    #[arg(long, value_name = "SIZE", value_parser = memory)]
    max_memory: Option<usize>,

    /// Say on stderr what was read, and how long it took
    #[arg(long)]
    profile: bool,

    /// One statement or several, with semicolons between; '-' reads stdin
    #[arg(value_name = "QUERY")]
    query: Option<String>,
}

fn parameter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => {
            Ok((name.trim_start_matches('$').to_owned(), value.to_owned()))
        }
        _ => Err("it is written NAME=VALUE".to_owned()),
    }
}

fn memory(text: &str) -> Result<usize, String> {
    let bytes = size::parse(text).and_then(|bytes| usize::try_from(bytes).ok()).filter(|bytes| *bytes > 0);
    bytes.ok_or_else(|| "a size is written 256MB, 1GiB or 512k".to_owned())
}

pub(crate) fn run(ctx: &Context, args: SqlArgs) -> Result<Outcome, CommandError> {
    if args.file.is_none() && args.query.is_none() && io::stdin().is_terminal() {
        return Err(usage("there is no query").hint("pond sql 'SELECT * FROM commits LIMIT 5'"));
    }
    let text = text_of(&args)?;
    let statements = statements::split(&text);
    let printer = printer(ctx, &args, statements.len())?;
    let opened = Instant::now();
    let means =
        Means { index: statements::may_read_index(&text), max_memory: args.max_memory, threads: None };
    let asker = Asker::open(ctx, means)?;
    let mut times = Times::opened(opened);
    let mut result = Ok(());
    for statement in statements {
        let answered = printer.answer(&asker, statement.text, &args.parameters, &mut times);
        result = answered.map_err(|failed| failed.told_of(&text, statement.begin));
        if result.is_err() {
            break;
        }
    }
    if args.profile {
        profile::print(ctx, &asker.reads(), &times);
    }
    result.map(|()| Outcome::Done)
}

/// The text of the query.
fn text_of(args: &SqlArgs) -> Result<String, CommandError> {
    match (&args.file, &args.query) {
        (Some(path), _) if path.as_os_str() != "-" => fs::read_to_string(path).map_err(|error| {
            fatal(format_args!("cannot read the query in '{}'", escape::path(path))).because(&error)
        }),
        (None, Some(query)) if query != "-" => Ok(query.clone()),
        _ => {
            let mut text = String::new();
            io::stdin()
                .read_to_string(&mut text)
                .map_err(|error| fatal("cannot read the query from stdin").because(&error))?;
            Ok(text)
        }
    }
}

/// What prints the answers of so many statements.
fn printer<'a>(ctx: &'a Context, args: &'a SqlArgs, statements: usize) -> Result<Printer<'a>, CommandError> {
    if statements == 0 {
        return Err(usage("there is no query").hint("pond sql 'SELECT * FROM commits LIMIT 5'"));
    }
    let of_name = args.output.as_deref().and_then(|path| Format::of_path(&path.to_string_lossy()));
    let form = match (args.format, of_name) {
        (Some(form), _) => form,
        (None, Some(format)) => Form::File(format),
        (None, None) if ctx.ui.is_json() => Form::File(Format::Json),
        (None, None) => Form::Table,
    };
    if let Some(path) = &args.output {
        let shown = escape::path(path);
        if form == Form::Table {
            let error = usage(format_args!("'{shown}' ends in no format that can be written"));
            return Err(error.hint("--format csv, tsv, json, jsonl, parquet or arrow names one"));
        }
        if statements > 1 {
            return Err(usage(format_args!("{statements} statements do not fit in one file: -o takes one"))
                .hint("COPY (SELECT ...) TO 'FILE' names a file for each"));
        }
    }
    match form {
        Form::File(format @ (Format::Parquet | Format::Arrow)) if args.output.is_none() => {
            let word = format.word();
            if ctx.ui.is_terminal() {
                return Err(usage(format_args!("{word} is not for a terminal"))
                    .hint(format_args!("-o FILE.{word} writes it to a file, '| PROGRAM' to a program")));
            }
            if statements > 1 {
                return Err(usage(format_args!("{statements} answers do not fit in one {word} file")));
            }
        }
        _ => {}
    }
    Ok(Printer { ctx, form, output: args.output.as_deref(), force: args.force })
}
