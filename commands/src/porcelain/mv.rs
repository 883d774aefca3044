//! `pond mv`: rename files and directories, in the mirror and in the next commit.

use std::ffi::OsString;

use bstr::BStr;
use pond_objects::escape;
use pond_workspace::Move;
use pond_workspace::mv::{self, Moved, MvError, MvRequest, Plan, There, Tracked, Unmovable};
use pond_workspace::{Purpose, open};
use serde_json::{Map, Value, json};

use crate::context::Context;
use crate::error::{Class, CommandError, Outcome, fatal, interrupted, usage};
use crate::ui::changes_json::insert_path;

/// Rename files and directories, in the mirror and in the next commit
///
/// The last argument is the new name, or a directory to move the others into. What was changed and not staged stays so. A
/// directory that loses its last file goes with it.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
A rename keeps the file's node id, so that 'pond log --follow' knows it by both names.

Examples:
  pond mv june.csv 2026-06.csv
  pond mv a.csv b.csv archive/
  pond mv -n old new           only say what would be renamed

Exit codes: 0; 3 some paths could not be renamed, the others were; 128; 129; 130.")]
pub(crate) struct MvArgs {
    /// What to rename, and the new name or directory
    #[arg(value_name = "PATH", required = true, num_args = 2..)]
    paths: Vec<OsString>,

    /// Replace a file that has the new name; its content is stored in the pond first
    #[arg(short, long)]
    force: bool,

    /// Only say what would be renamed
    #[arg(short = 'n', long)]
    dry_run: bool,

    /// Leave out what cannot be renamed
    #[arg(short = 'k')]
    skip_errors: bool,
}

pub(crate) fn run(ctx: &Context, args: MvArgs) -> Result<Outcome, CommandError> {
    let mut workspace = open(ctx.session()?, Purpose::Change)?;
    let (destination, sources) = args
        .paths
        .split_last()
        .filter(|(_, sources)| !sources.is_empty())
        .ok_or_else(|| usage("mv needs two paths"))?;
    let request = MvRequest { sources, destination, force: args.force, skip_errors: args.skip_errors };
    let Plan { moves, left_out } = mv::plan(&workspace, &request)?;
    for error in left_out {
        ctx.ui.status(format_args!("left out: {}", CommandError::from(error)));
    }
    let moved = match args.dry_run {
        true => Moved { renamed: moves, ..Moved::default() },
        false => mv::mv(&mut workspace, moves)?,
    };
    report(ctx, &args, &moved)?;
    if moved.failed.is_empty() {
        return Ok(Outcome::Done);
    }
    if moved.interrupted {
        return Err(interrupted("interrupted; what was renamed until then is staged"));
    }
    match moved.renamed.is_empty() {
        true => Err(fatal("nothing was renamed")),
        false => Ok(Outcome::Partial),
    }
}

impl From<MvError> for CommandError {
    fn from(error: MvError) -> Self {
        match error {
            MvError::Workspace(error) => error.into(),
            MvError::Destination(error) => error.into(),
            MvError::Source(error) => {
                Self::from(error).hint("nothing was renamed; -k leaves out what cannot be renamed")
            }
            MvError::NoDirectory(_) => fatal(&error).hint("nothing was renamed"),
        }
    }
}

impl From<Unmovable> for CommandError {
    fn from(error: Unmovable) -> Self {
        let this = Self::from_error(Class::Fatal, &error);
        match error {
            Unmovable::Workspace(error) => error.into(),
            Unmovable::Empty => usage(&error),
            Unmovable::Gone { tracked: Some(Tracked { from, to }), .. } => {
                let from = escape::plain(&from);
                match to.as_ref().map(|to| escape::plain(to)) {
                    Some(to) => this.hint(format_args!(
                        "if it was renamed to '{to}' already, by hand or by a command that was killed, 'pond add {from} {to}' stages that"
                    )),
                    None => this.hint(format_args!("it is tracked: 'pond restore {from}' brings it back")),
                }
            }
            Unmovable::InConflict { .. } => {
                this.hint("decide about it first: edit it, then 'pond add' says that it is decided")
            }
            Unmovable::OtherType(_) => this.hint("'pond add' stages it as it is"),
            Unmovable::Untracked(_) => this.hint("a plain mv renames it"),
            Unmovable::Exists { what: There::File, .. } => {
                this.hint("-f replaces it; its content is stored first")
            }
            Unmovable::Exists { what: There::SameFile, .. } => this.hint("-f replaces it"),
            _ => this,
        }
    }
}

fn report(ctx: &Context, args: &MvArgs, Moved { renamed, failed, .. }: &Moved) -> Result<(), CommandError> {
    for (moving, error) in failed {
        let (from, to) = (escape::quoted(&moving.from), escape::quoted(&moving.to));
        ctx.ui.error(format_args!("cannot rename {from} to {to}: {error}"));
    }
    if ctx.ui.is_json() {
        let row = |moving: &Move| {
            let mut row = Map::new();
            insert_path(&mut row, "from", BStr::new(&moving.from));
            insert_path(&mut row, "to", BStr::new(&moving.to));
            row
        };
        let failed = failed.iter().map(|(moving, error)| {
            let mut row = row(moving);
            row.insert("error".into(), error.as_str().into());
            Value::Object(row)
        });
        return ctx.ui.json(&json!({
            "renamed": renamed.iter().map(row).collect::<Vec<_>>(),
            "failed": failed.collect::<Vec<_>>(),
            "dry_run": args.dry_run,
        }));
    }
    if args.dry_run || ctx.ui.verbosity() > 0 {
        for moving in renamed {
            ctx.ui.say(format_args!(
                "Renaming {} to {}",
                escape::quoted(&moving.from),
                escape::quoted(&moving.to)
            ));
        }
    }
    Ok(())
}
