//! `pond reset`: move the branch, and with it what is staged and the files, or only what is staged of some paths.

use std::ffi::OsString;

use pond_history::short_id;
use pond_mirror::index::pending::Pending;
use pond_objects::{ObjectSource as _, escape};
use pond_workspace::Carried;
use pond_workspace::reset::{Done, Mode, ResetError, reset, unstage, unstaged};
use pond_workspace::{Purpose, Workspace, open};

use crate::context::Context;
use crate::error::{CommandError, Outcome, advice_on, fatal, interrupted};
use crate::porcelain::switch::go::{add_files, carried_line, carried_rows, head_json};
use crate::revisions::{self, split_arguments};
use crate::text::list::paths_below;
use crate::text::size;
use crate::ui::changes_json::path_rows;

/// Move the branch to a commit, and what is staged and the files with it
///
/// Without a revision it is HEAD that what is staged, and with --hard the files, are brought back to. With paths, only what is
/// staged of them is, and the branch stays. Whatever it does, 'pond undo' takes back.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
                 moves the branch   what is staged   the files
  --soft         yes                stays            stay
  --mixed        yes                as the commit    stay (the default)
  --hard         yes                as the commit    as the commit; what they were is stored in the pond first
  --keep         yes                as the commit    as the commit, but for changes in files that both commits have

Untracked files stay, but for those in the way of --hard, which are stored too.

Examples:
  pond reset                      take everything out of the next commit
  pond reset -- sensors/          some paths
  pond reset --soft HEAD~2        the last two commits as one: 'pond commit' makes it
  pond reset --hard v1.0          the branch and the mirror as they were at v1.0
  pond undo                       and back

Exit codes: 0; 1 with --keep: changes that are not committed are in the way, nothing was changed; 3 some files could
not be written; 128; 129; 130.")]
pub(crate) struct ResetArgs {
    /// Move the branch only
    #[arg(long, overrides_with_all = ["mixed", "hard", "keep"])]
    soft: bool,

    /// And what is staged (the default)
    #[arg(long, overrides_with_all = ["soft", "hard", "keep"])]
    mixed: bool,

    /// And the files, whatever was changed in them
    #[arg(long, overrides_with_all = ["soft", "mixed", "keep"])]
    hard: bool,

    /// And the files, where nothing was changed in them
    #[arg(long, overrides_with_all = ["soft", "mixed", "hard"])]
    keep: bool,

    /// A revision; then paths
    #[arg(value_name = "REV|PATH")]
    what: Vec<OsString>,

    /// Paths
    #[arg(last = true, value_name = "PATH")]
    paths: Vec<OsString>,
}

impl ResetArgs {
    fn mode(&self) -> Mode {
        match () {
            () if self.soft => Mode::Soft,
            () if self.hard => Mode::Hard,
            () if self.keep => Mode::Keep,
            () => Mode::Mixed,
        }
    }
}

pub(crate) fn run(ctx: &Context, args: ResetArgs) -> Result<Outcome, CommandError> {
    let mut workspace = open(ctx.session()?, Purpose::Overwrite)?;
    workspace.need_mirror()?;
    let arguments = split_arguments(&workspace, &args.what, &args.paths, ctx.ends_with_dashes())?;
    let revision = match arguments.revisions.as_slice() {
        [] => None,
        [one] => Some(one.as_os_str()),
        [_, other, ..] => {
            return Err(fatal(format_args!(
                "'{}' is a revision: reset takes one, and then paths",
                escape::plain(other.as_encoded_bytes())
            ))
            .hint("nothing was changed; paths stand behind '--'"));
        }
    };
    let mode = args.mode();
    if arguments.paths.is_empty() {
        let commit = revision.map(|text| revisions::resolve_found(&workspace, text)).transpose()?;
        let done = reset(&mut workspace, mode, commit.map(|found| found.id))?;
        tell_what_is_given_up(ctx, done.given_up.as_ref());
        return report(ctx, &mut workspace, mode, &done);
    }
    if mode != Mode::Mixed {
        return Err(fatal(format_args!("cannot do {} reset with paths", mode.word()))
            .hint("'pond restore -s REV -S -W PATH' brings paths to a version, staged and on the host"));
    }
    if args.mixed {
        ctx.ui.warn("--mixed with paths is deprecated; use 'pond reset -- PATHS' instead");
    }
    let tree = match revision {
        Some(text) => Some(revisions::resolve_tree(&workspace, text)?),
        None => workspace.head_tree()?,
    };
    let done = unstage(&mut workspace, tree.as_ref(), &arguments.pathspecs)?;
    report(ctx, &mut workspace, mode, &done)
}

impl From<ResetError> for CommandError {
    fn from(error: ResetError) -> Self {
        match error {
            ResetError::Workspace(error) => error.into(),
            ResetError::Waiting { sequence, .. } => fatal(&error).hint(advice_on(sequence)),
        }
    }
}

/// Says that commits which were still to be picked are forgotten with what waited.
fn tell_what_is_given_up(ctx: &Context, given_up: Option<&Pending>) {
    let Some(given_up) = given_up.filter(|given_up| !given_up.queue().is_empty()) else { return };
    let left = size::counted(given_up.queue().len() as u64, "commit");
    let command = given_up.doing.command();
    ctx.ui.warn(format_args!("the {command} that was under way had {left} left, which are given up"));
    ctx.ui.hint("'pond undo' brings all of it back");
}

fn report(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    mode: Mode,
    done: &Done,
) -> Result<Outcome, CommandError> {
    let ui = &ctx.ui;
    let is_told = ui.is_json() || !ui.is_quiet();
    let unstaged = match mode {
        Mode::Mixed if is_told => unstaged(workspace)?,
        _ => Carried::default(),
    };
    if ui.is_json() {
        let mut document = head_json(workspace.head());
        document["before"] = head_json(&done.before);
        document["mode"] = mode.word().into();
        document["staged"] = path_rows(&done.staged).into();
        document["settled"] = path_rows(&done.settled).into();
        document["unstaged"] = carried_rows(&unstaged).into();
        add_files(&mut document, &done.laid_out);
        ui.json(&document)?;
    } else if !ui.is_quiet() {
        if !done.settled.is_empty() {
            ui.status(format_args!("in conflict no longer:{}", paths_below(&done.settled)));
        }
        if !unstaged.is_empty() {
            ui.say("Unstaged changes after reset:");
            unstaged.iter().for_each(|(letter, path)| ui.say(carried_line(*letter, path)));
        }
        if let (Mode::Hard, Some(id)) = (mode, workspace.head().commit) {
            let commit = workspace.store().commit(&id)?;
            let subject = escape::plain(commit.subject());
            ui.say(format_args!("HEAD is now at {} {subject}", short_id(workspace.store(), &id)));
        }
    }
    if done.laid_out.interrupted {
        return Err(interrupted(
            "interrupted; HEAD has moved, and the next command that changes the mirror writes the files that are missing",
        ));
    }
    Ok(if done.laid_out.failed.is_empty() { Outcome::Done } else { Outcome::Partial })
}
