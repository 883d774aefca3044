//! `pond clean`: remove what is not tracked.

use pond_mirror::scan::ignored;
use std::collections::HashMap;

use bstr::{BStr, BString};
use pond_objects::{Kind, Side, path_order};

use crate::context::Context;
use crate::error::{CommandError, Outcome, fatal};
use crate::mirror::footprint::Footprint;
use crate::mirror::leftovers;
use crate::mirror::remove::{Removal, Removed, remove};
use crate::mirror::save::{self, Victim};
use crate::mirror::stage::host_path;
use crate::porcelain::path_args::PathArgs;
use crate::porcelain::removal_report;
use crate::workspace::{self, Purpose, Workspace};
use pond_mirror::host::stat::Stat;
use pond_mirror::host::walk::Untracked;
use pond_mirror::host::walk::host::HostDir;
use pond_mirror::scan::displaced::is_empty_directory;
use pond_mirror::scan::{Hashing, Scan, ScanOptions, State, scan};
use pond_objects::escape;
use pond_objects::path::{parent, relative};
use pond_objects::pathspec::Pathspecs;

/// Remove files that are not tracked
///
/// Only here and below, unless paths are named. What is removed is stored in the pond first. Ponds and git repositories
/// within the mirror are left alone.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Without -f nothing is removed: -n shows what would be.

Examples:
  pond clean -n -d
  pond clean -f scratch/
  pond clean -f :/         in the whole mirror, wherever the current directory is
  pond clean -f -d -x      ignored files too: only what is tracked stays

Exit codes: 0; 3 some paths could not be removed, the others were; 128; 129; 130.")]
pub(crate) struct CleanArgs {
    #[command(flatten)]
    paths: PathArgs,

    /// Remove
    #[arg(short, long)]
    force: bool,

    /// Only say what would be removed
    #[arg(short = 'n', long)]
    dry_run: bool,

    /// Also in directories that have nothing tracked, and those directories; so it is where paths are named
    #[arg(short)]
    directories: bool,

    /// Also ignored files
    #[arg(short = 'x')]
    ignored_too: bool,

    /// Only ignored files
    #[arg(short = 'X', conflicts_with = "ignored_too")]
    only_ignored: bool,
}

pub(crate) fn run(ctx: &Context, args: CleanArgs) -> Result<Outcome, CommandError> {
    if !args.force && !args.dry_run {
        return Err(
            fatal("clean removes files only with -f").hint("'pond clean -n' shows what would be removed")
        );
    }
    let mut workspace = if args.dry_run {
        workspace::open(ctx.session()?, Purpose::Look)?
    } else {
        workspace::open(ctx.session()?, Purpose::Overwrite)?
    };
    let found = find(ctx, &workspace, &args, scope(&workspace, &args)?.as_ref())?;
    let partial = say_what_stays(ctx, &found.scan);
    let removed = match args.dry_run {
        true => Removed {
            removed: found.candidates.into_iter().map(|candidate| candidate.path).collect(),
            ..Removed::default()
        },
        false => {
            let removed = clean(&mut workspace, &found.candidates)?;
            leftovers::sweep(&mut workspace, &found.scan.temporaries);
            removed
        }
    };
    let outcome = report(ctx, &workspace, &args, &removed)?;
    Ok(if partial { Outcome::Partial } else { outcome })
}

/// The paths that are meant: without any, what is here and below; nothing for the whole mirror.
fn scope(workspace: &Workspace<'_>, args: &CleanArgs) -> Result<Option<Pathspecs>, CommandError> {
    let is_root = args.paths.is_empty() && workspace.cwd()?.is_empty();
    (!is_root).then(|| args.paths.pathspecs_from_here(workspace)).transpose()
}

/// A path that is not tracked.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Candidate {
    path: BString,
    /// An empty directory.
    is_dir: bool,
}

/// What is to be removed.
struct Found {
    candidates: Vec<Candidate>,
    /// The scan that found it, for what it could not look at.
    scan: Scan,
}

fn find(
    ctx: &Context,
    workspace: &Workspace<'_>,
    args: &CleanArgs,
    scope: Option<&Pathspecs>,
) -> Result<Found, CommandError> {
    let deep = args.directories || !args.paths.is_empty();
    let ignore = workspace.ignore()?;
    let options = ScanOptions {
        ignore: &ignore,
        pathspecs: scope,
        untracked: if deep { Untracked::All } else { Untracked::Normal },
        ignored: args.ignored_too || args.only_ignored,
        hashing: Hashing::Never,
    };
    let root = workspace.pond.mirror_root();
    let mut scan = scan(root, &workspace.index, options)?;
    let is_in_tracked = |path: &[u8]| {
        let dir = parent(path);
        dir.is_empty() || workspace.is_tracked(dir)
    };
    let ignored = ignored::expand(&HostDir::open_root(root)?, &mut scan, scope, deep, &is_in_tracked);
    let mut candidates: Vec<Candidate> =
        ignored.into_iter().map(|ignored| Candidate { path: ignored.path, is_dir: ignored.is_dir }).collect();
    if !args.only_ignored {
        let untracked = std::mem::take(&mut scan.changes).into_iter().filter(|change| {
            let is_dir = change.kind == Some(Kind::Directory);
            change.state == State::Untracked && !change.collapsed && (deep || !is_dir)
        });
        candidates.extend(
            untracked
                .map(|change| Candidate { is_dir: change.kind == Some(Kind::Directory), path: change.path }),
        );
    }
    let repositories = Repositories::default();
    candidates.retain(|candidate| !repositories.hold(workspace, &candidate.path));
    candidates.sort_by(|a, b| path_order(&a.path, &b.path));
    for path in repositories.found.into_inner().into_iter().filter(|(_, is)| *is).map(|(path, _)| path) {
        ctx.ui.status(format_args!("left alone: {} is a git repository", escape::quoted(&path)));
    }
    Ok(Found { candidates, scan })
}

/// Git repositories below directories that hold nothing tracked: somebody else looks after these files.
#[derive(Default)]
struct Repositories {
    found: std::cell::RefCell<HashMap<BString, bool>>,
}

impl Repositories {
    fn hold(&self, workspace: &Workspace<'_>, path: &[u8]) -> bool {
        let mut dir = parent(path);
        while !dir.is_empty() {
            let known = self.found.borrow().get(BStr::new(dir)).copied();
            let is_repository = known.unwrap_or_else(|| {
                let git = host_path(workspace.pond.mirror_root(), dir).join(".git");
                let is = git.symlink_metadata().is_ok() && !workspace.is_tracked(dir);
                self.found.borrow_mut().insert(dir.into(), is);
                is
            });
            if is_repository {
                return true;
            }
            dir = parent(dir);
        }
        false
    }
}

fn clean(workspace: &mut Workspace<'_>, candidates: &[Candidate]) -> Result<Removed, CommandError> {
    let files = candidates.iter().filter(|candidate| !candidate.is_dir);
    let victims: Vec<Victim> =
        files.map(|candidate| Victim { path: candidate.path.clone(), content: None }).collect();
    let saved = save::store(workspace, &victims)?;
    workspace.session.check_interrupt("nothing was removed")?;
    let mut footprint = Footprint::default();
    saved.entries.iter().for_each(|(path, side)| footprint.host.add(path.clone(), Some(*side), None));
    let directory = Side::empty_directory();
    for candidate in candidates.iter().filter(|candidate| candidate.is_dir) {
        footprint.host.add(candidate.path.clone(), Some(directory), None);
    }
    save::publish(workspace, "CLEAN", &saved, &footprint)?;
    let stats: HashMap<&BString, Stat> = saved.stats.iter().map(|(path, stat)| (path, *stat)).collect();
    let removal = |candidate: &Candidate| {
        let seen = stats.get(&candidate.path).copied();
        // Without a stat it was gone when it was to be saved; whatever is there now was not saved.
        (candidate.is_dir || seen.is_some()).then(|| Removal { path: candidate.path.clone(), seen })
    };
    let removals: Vec<Removal> = candidates.iter().filter_map(removal).collect();
    let index = workspace.index.clone();
    // Also one whose tracked files are gone: nobody has it as an empty one.
    Ok(remove(workspace, &removals, &|dir| !is_empty_directory(&index, dir))?)
}

/// Reports what was not looked at, and whether that is an error.
fn say_what_stays(ctx: &Context, scan: &Scan) -> bool {
    for (path, error) in &scan.unreadable {
        ctx.ui.error(format_args!("cannot look at {}: {error}", escape::quoted(path)));
    }
    for path in &scan.nested {
        ctx.ui.status(format_args!("left alone: {} is a pond of its own", escape::quoted(path)));
    }
    for (path, word) in &scan.special {
        ctx.ui.status(format_args!("left alone: {} is a {word}", escape::quoted(path)));
    }
    !scan.unreadable.is_empty()
}

fn report(
    ctx: &Context,
    workspace: &Workspace<'_>,
    args: &CleanArgs,
    removed: &Removed,
) -> Result<Outcome, CommandError> {
    let ui = &ctx.ui;
    let words = if args.dry_run { "Would remove" } else { "Removing" };
    let cwd = workspace.cwd()?;
    let line = |path: &BString| format!("{words} {}", escape::quoted(&relative(path, &cwd)));
    let is_said = !ui.is_quiet() || args.dry_run;
    removal_report::report(ui, removed, &[("dry_run", args.dry_run)], is_said.then_some(&line))
}
