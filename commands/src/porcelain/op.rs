//! `pond op`: the operations of the pond.

use std::ffi::OsString;

use pond_objects::escape;
use pond_oplog::operation::Operation;
use pond_workspace::Recorded;
use pond_workspace::take_back::{self, FoundOperation, ViewChange, view_change};
use pond_workspace::{Purpose, Workspace, open};
use serde_json::{Value, json};

use crate::context::Context;
use crate::error::{CommandError, Outcome, fatal, usage};
use crate::operation_output::{moves, moves_json, when};
use crate::time::{DateStyle, rfc3339};
use crate::ui::changes_json::change_json;
use crate::ui::color::Role;

/// List what was done in this pond, or show one operation
///
/// Every command that changed refs, HEAD or files is one operation, or several that belong together, such as a
/// 'cherry-pick' of several commits: those say from which one they go on. So is what pond does by itself. 'undo' takes the
/// last command back that was typed here; '@{op N}' is HEAD as operation N left it.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pond op log
  pond op log -n 20
  pond op show          the last one
  pond op show 12
  pond undo --to 12     back to what operation 12 left

Exit codes: 0; 128 for an operation that is not there; 129.")]
pub(crate) struct OpArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List operations, the newest first: who, when, the command, what moved
    Log {
        /// List N operations at most; -N does the same
        #[arg(short = 'n', long, value_name = "N")]
        max_count: Option<usize>,

        /// One line each, without what moved
        #[arg(long)]
        oneline: bool,

        #[arg(value_name = "-N", allow_negative_numbers = true, hide = true)]
        count: Option<OsString>,
    },
    /// Show one operation, with the files that it touched; default: the newest
    Show {
        /// Its number, as 'pond op log' lists it
        #[arg(value_name = "N")]
        number: Option<i64>,
    },
}

pub(crate) fn run(ctx: &Context, args: OpArgs) -> Result<Outcome, CommandError> {
    let workspace = open(ctx.session()?, Purpose::LookAtTable)?;
    match args.what {
        What::Log { max_count, oneline, count } => {
            let given = count.map(|text| parse_count(&text)).transpose()?;
            log(ctx, &workspace, given.or(max_count).unwrap_or(usize::MAX), oneline)
        }
        What::Show { number } => {
            let number = number.unwrap_or(workspace.snapshot().state().seq);
            match take_back::by_number(&workspace, number)? {
                Some(found) => show(ctx, &workspace, &found),
                None => {
                    Err(fatal(format_args!("there is no operation {number}"))
                        .hint("'pond op log' lists them"))
                }
            }
        }
    }
}

fn parse_count(text: &OsString) -> Result<usize, CommandError> {
    let count = text.to_str().and_then(|text| text.strip_prefix('-')).and_then(|digits| digits.parse().ok());
    count.ok_or_else(|| {
        usage(format_args!("'{}' is no number of operations", escape::plain(text.as_encoded_bytes())))
    })
}

fn log(
    ctx: &Context,
    workspace: &Workspace<'_>,
    limit: usize,
    oneline: bool,
) -> Result<Outcome, CommandError> {
    let ui = &ctx.ui;
    ui.page();
    let width = workspace.snapshot().state().seq.to_string().len();
    for found in workspace.snapshot().operations().take(limit) {
        let (id, operation) = found?;
        if ui.is_json() {
            ui.json_row(&document(&(id, operation.clone()), &view_change(workspace, &operation)?))?;
            continue;
        }
        ui.say(format_args!(
            "{} {} {} {}",
            ui.paint(Role::CommitId, format!("{:>width$}", operation.seq)),
            DateStyle::Iso.format(when(&operation), 0),
            ui.paint(
                Role::Dim,
                format!(
                    "{}@{}",
                    escape::plain(operation.user.as_bytes()),
                    escape::plain(operation.host.as_bytes())
                )
            ),
            command(&operation),
        ));
        if !oneline {
            for line in moves(ui, &view_change(workspace, &operation)?) {
                ui.say(format_args!("{:width$}   {line}", ""));
            }
        }
    }
    Ok(Outcome::Done)
}

/// The command line, and with which operation it began if that is another.
fn command(operation: &Operation) -> String {
    let line = escape::plain(operation.command.as_bytes());
    match take_back::continued_by(operation) {
        Some(first) => format!("{line} (goes on from {first})"),
        None => line.into_owned(),
    }
}

fn document((id, operation): &FoundOperation, change: &ViewChange) -> Value {
    json!({
        "operation": operation.seq,
        "id": id.to_hex(),
        "parent": operation.parent.map(|id| id.to_hex()),
        "view": operation.view.to_hex(),
        "kind": operation.kind,
        "time": rfc3339(when(operation)),
        "user": operation.user,
        "host": operation.host,
        "command": operation.command,
        "mirror": operation.note("mirror"),
        "continues": take_back::continued_by(operation),
        "undoes": take_back::undone_by(operation),
        "moved": moves_json(change),
    })
}

fn show(ctx: &Context, workspace: &Workspace<'_>, found: &FoundOperation) -> Result<Outcome, CommandError> {
    let (id, operation) = found;
    let ui = &ctx.ui;
    let change = view_change(workspace, operation)?;
    let recorded = Recorded::of(operation, workspace.store())?;
    if ui.is_json() {
        let mut document = document(found, &change);
        let list = |changes: &[pond_objects::Change]| -> Value {
            changes.iter().map(|change| change_json(change, None)).collect()
        };
        document["host"] = list(&recorded.host);
        document["index"] = list(&recorded.index);
        ui.json(&document)?;
        return Ok(Outcome::Done);
    }
    ui.page();
    ui.say(ui.paint(Role::CommitId, format!("operation {}", operation.seq)));
    for (label, value) in facts(id, operation) {
        ui.say(format_args!("{:<9}{value}", format!("{label}:")));
    }
    for line in moves(ui, &change) {
        ui.say(format_args!("{:<9}{line}", "moved:"));
    }
    for (from, to) in &recorded.moved {
        ui.say(format_args!("{:<9}{} to {}", "renamed:", escape::quoted(from), escape::quoted(to)));
    }
    for (label, changes) in [("host:", &recorded.host), ("index:", &recorded.index)] {
        for change in changes {
            let letter = match (&change.old, &change.new) {
                (None, _) => 'A',
                (_, None) => 'D',
                _ => 'M',
            };
            ui.say(format_args!("{label:<9}{letter} {}", escape::quoted(&change.path)));
        }
    }
    Ok(Outcome::Done)
}

fn facts(id: &pond_objects::ObjectId, operation: &Operation) -> Vec<(&'static str, String)> {
    let plain = |text: &str| escape::plain(text.as_bytes()).into_owned();
    let mut facts = vec![
        ("id", id.to_hex()),
        ("kind", operation.kind.clone()),
        ("by", format!("{}@{}", plain(&operation.user), plain(&operation.host))),
        ("at", DateStyle::Iso.format(when(operation), 0)),
        ("command", plain(&operation.command)),
    ];
    let first = take_back::continued_by(operation);
    facts.extend(first.map(|first| ("goes on", format!("from operation {first}"))));
    let undone = take_back::undone_by(operation);
    facts.extend(undone.iter().map(|number| ("undoes", format!("operation {number}"))));
    facts
}
