//! `pond add`: stage what the host has.

use bstr::BString;
use pond_objects::escape;
use pond_workspace::add::{AddError, AddRequest, Added, add};
use pond_workspace::{Purpose, open};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::context::Context;
use crate::error::{CommandError, Outcome, fatal};
use crate::porcelain::path_args::PathArgs;
use crate::text::list::paths_below;
use crate::ui::changes_json::{failed_rows, path_rows};

/// Stage files for the next commit
///
/// Reads what is new or changed in the mirror, stores it in the pond, and notes it in the index. Files that are
/// gone from the host will be gone from the next commit too. Ignored files are left out (see 'pond check-ignore').
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
A file that only grows while it is read, such as a log, is staged as it was when it was opened; a text up to the end of
its last complete line. A file that changes in another way is read again, and left out with an error if it never comes
to rest.
Special files, '.git', '.pond' and directories with a pond of their own cannot be staged: left out with a warning, or, where
they are named, with an error. What is tracked below a directory stays so when a pond is made in it.

Examples:
  pond add .               everything below the current directory
  pond add -A              everything in the mirror
  pond add '*.csv' ':!raw' by pattern, some left out
  pond add -n .            only say what would be staged

Exit codes: 0; 1 nothing was named, or only what is ignored; 3 some paths could not be staged, the others were; 128; 129; 130.")]
pub(crate) struct AddArgs {
    #[command(flatten)]
    paths: PathArgs,

    /// Stage the whole mirror, wherever the current directory is
    #[arg(short = 'A', long)]
    all: bool,

    /// Stage only what is tracked: modified and deleted files
    #[arg(short, long, conflicts_with = "all")]
    update: bool,

    /// Only say what would be done
    #[arg(short = 'n', long)]
    dry_run: bool,

    /// Stage ignored files too, and the deletion of all files
    #[arg(short, long)]
    force: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    added: Vec<Map<String, Value>>,
    removed: Vec<Map<String, Value>>,
    failed: Vec<Map<String, Value>>,
    stored_bytes: u64,
    dry_run: bool,
}

pub(crate) fn run(ctx: &Context, args: AddArgs) -> Result<Outcome, CommandError> {
    let mut workspace = open(ctx.session()?, Purpose::Change)?;
    workspace.need_mirror()?;
    if args.paths.is_empty() && !args.all && !args.update {
        ctx.ui.status("nothing specified, nothing added");
        ctx.ui.hint("'pond add .' stages what is below here, 'pond add -A' the whole mirror");
        show(ctx, &args, &Added::default())?;
        return Ok(Outcome::Nothing);
    }
    let named = (!args.paths.is_empty()).then(|| args.paths.pathspecs(&workspace)).transpose()?;
    let request = AddRequest {
        pathspecs: named.as_ref(),
        update_only: args.update,
        force: args.force,
        dry_run: args.dry_run,
        names: ctx.ui.is_json() || ctx.ui.verbosity() > 0,
    };
    let added = add(&mut workspace, &request)?;
    say_what_is_ignored(ctx, &added.ignored);
    show(ctx, &args, &added)?;
    match added.failed.is_empty() {
        true if !added.ignored.is_empty() => Ok(Outcome::Nothing),
        true => Ok(Outcome::Done),
        false => Ok(Outcome::Partial),
    }
}

impl From<AddError> for CommandError {
    fn from(error: AddError) -> Self {
        match error {
            AddError::Workspace(error) => error.into(),
            AddError::EmptyMirror => fatal(&error)
                .hint("if its file system is not mounted, mount it; 'pond restore .' brings the files back")
                .hint("if they were deleted on purpose: 'pond add -A -f' stages that"),
            AddError::NoMatch(_) => {
                fatal(&error).hint("nothing was staged; 'pond status' lists what is there")
            }
            AddError::BeyondSymlink(_) => fatal(&error)
                .hint("nothing was staged; a link is versioned as a link: add it by its own name"),
        }
    }
}

fn say_what_is_ignored(ctx: &Context, ignored: &[BString]) {
    if !ignored.is_empty() {
        ctx.ui.error(format_args!("these paths are ignored:{}", paths_below(ignored)));
        ctx.ui.hint("-f stages them all the same; 'pond check-ignore -v PATH' says which rule it is");
    }
}

fn show(ctx: &Context, args: &AddArgs, added: &Added) -> Result<(), CommandError> {
    for (path, error) in &added.failed {
        ctx.ui.error(format_args!("{}: {error}", escape::quoted(path)));
    }
    if ctx.ui.is_json() {
        return ctx.ui.json(&Report {
            added: path_rows(added.added.iter()),
            removed: path_rows(added.removed.iter()),
            failed: failed_rows(&added.failed),
            stored_bytes: added.stored,
            dry_run: args.dry_run,
        });
    }
    if args.dry_run || ctx.ui.verbosity() > 0 {
        for path in added.added.iter() {
            ctx.ui.say(format_args!("add {}", escape::quoted(path)));
        }
        for path in added.removed.iter() {
            ctx.ui.say(format_args!("remove {}", escape::quoted(path)));
        }
    }
    Ok(())
}
