//! `pond rm`: remove files from the mirror and from the next commit.

use std::collections::{BTreeMap, HashMap, HashSet};

use bstr::{BStr, BString, ByteSlice as _};
use pond_objects::{Kind, Side};

use crate::context::Context;
use crate::error::{CommandError, Outcome, conflict, fatal, usage};
use crate::mirror::footprint::Footprint;
use crate::mirror::remove::{Removal, Removed, remove, stat_of_row};
use crate::mirror::save::{self, Saved, Victim};
use crate::porcelain::path_args::{self, PathArgs};
use crate::porcelain::removal_report;
use crate::workspace::{self, Purpose, Workspace};
use pond_mirror::host::stat::Stat;
use pond_mirror::host::walk::Untracked;
use pond_mirror::index::pending::Conflict;
use pond_mirror::index::{Row, Update};
use pond_mirror::scan::{Hashing, HostChange, Scan, ScanOptions, State, scan};
use pond_objects::escape;
use pond_objects::pathspec::Pathspecs;

/// Remove files from the mirror and from the next commit
///
/// A file whose content is in no commit is not removed without -f. With -f such content is stored in the pond first. Of a
/// path in conflict 'rm' decides that it goes, and stores what the file holds.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pond rm old.csv
  pond rm -r raw/                a directory with all that is tracked in it
  pond rm --cached big.bin       no longer track it, leave the file alone
  pond rm -n '*.tmp'             only say what would be removed

Exit codes: 0; 1 a file has content that is in no commit, nothing was removed; 3 some files could not be removed, the
others were; 128; 129; 130.")]
pub(crate) struct RmArgs {
    #[command(flatten)]
    paths: PathArgs,

    /// Leave the files on the host, only take them out of the next commit
    #[arg(long)]
    cached: bool,

    /// Also directories, with all that is tracked in them
    #[arg(short)]
    recursive: bool,

    /// Also files whose content is in no commit
    #[arg(short, long)]
    force: bool,

    /// Only say what would be removed
    #[arg(short = 'n', long)]
    dry_run: bool,

    /// A path that matches nothing is no error
    #[arg(long)]
    ignore_unmatch: bool,
}

/// A tracked path that shall go.
struct Target<'a> {
    path: BString,
    row: Row,
    /// How the host differs, if it does.
    change: Option<&'a HostChange>,
    /// It is in conflict: that it goes is a decision.
    is_unmerged: bool,
    /// The host's stat where nothing differs.
    stat: Option<Stat>,
}

impl Target<'_> {
    fn is(&self, state: State) -> bool {
        self.change.is_some_and(|change| change.state == state)
    }

    /// What is staged is not what the last commit has.
    fn is_staged(&self) -> bool {
        self.row.base_side() != self.row.staged
    }

    /// The host has something else than what is staged.
    fn is_changed(&self) -> bool {
        self.change.is_some() && !self.is(State::Missing) && !self.is(State::Held)
    }
}

pub(crate) fn run(ctx: &Context, args: RmArgs) -> Result<Outcome, CommandError> {
    if args.paths.is_empty() {
        return Err(usage("rm needs paths"));
    }
    let mut workspace = workspace::open(ctx.session()?, Purpose::Change)?;
    let pathspecs = args.paths.pathspecs(&workspace)?;
    let unmerged = unmerged(&workspace, &pathspecs);
    let rows = select(&workspace, &args, &pathspecs)?;
    let ignore = workspace.ignore()?;
    let options = ScanOptions {
        ignore: &ignore,
        pathspecs: Some(&pathspecs),
        untracked: Untracked::No,
        ignored: false,
        hashing: Hashing::SameSize,
    };
    let scan = scan(workspace.pond.mirror_root(), &workspace.index, options)?;
    let targets = targets(&workspace, &scan, &rows, &unmerged);
    if !args.force {
        refuse_uncommitted(&targets, args.cached)?;
    }
    let is_row = |path: &BString| targets.iter().any(|target| target.path == *path);
    let mut without_file: Vec<BString> = unmerged.iter().filter(|path| !is_row(path)).cloned().collect();
    without_file.sort();
    if args.dry_run {
        let paths = targets.into_iter().map(|target| target.path).chain(without_file).collect();
        return report(ctx, &args, &Removed { removed: paths, ..Removed::default() });
    }
    let saved = save_uncommitted(&mut workspace, &targets, &unmerged, args.cached)?;
    let mut removed = match args.cached {
        true => Removed {
            removed: targets.iter().map(|target| target.path.clone()).collect(),
            ..Removed::default()
        },
        false => remove_from_host(&mut workspace, &targets, &saved)?,
    };
    let updates: BTreeMap<BString, Update> =
        removed.removed.iter().map(|path| (path.clone(), Update::Delete)).collect();
    let gone: HashSet<BString> = updates.keys().chain(&without_file).cloned().collect();
    if !updates.is_empty() {
        workspace.update_index(updates, &[])?;
    }
    workspace.settle(&|path| gone.contains(path))?;
    workspace.save_head()?;
    removed.removed.extend(without_file);
    report(ctx, &args, &removed)
}

/// The paths in conflict that are meant, whether or not there is a file.
fn unmerged(workspace: &Workspace<'_>, pathspecs: &Pathspecs) -> HashSet<BString> {
    let conflicts = workspace.index.header().pending.iter().flat_map(|pending| &pending.conflicts);
    conflicts.map(Conflict::path).filter(|path| pathspecs.matches(path, false)).collect()
}

/// The numbers of the rows that are meant.
fn select(
    workspace: &Workspace<'_>,
    args: &RmArgs,
    pathspecs: &Pathspecs,
) -> Result<Vec<usize>, CommandError> {
    let index = &workspace.index;
    let is_meant = |number: &usize| {
        let is_dir = || index.entry(*number).staged.is_some_and(|side| side.kind == Kind::Directory);
        index.is_live(*number) && pathspecs.matches(index.path(*number), is_dir())
    };
    let rows: Vec<usize> = (0..index.len()).filter(is_meant).collect();
    if let Some(unmatched) = pathspecs.unmatched().first().filter(|_| !args.ignore_unmatch) {
        let error =
            fatal(format_args!("pathspec '{}' did not match any tracked file", escape::plain(unmatched)));
        return Err(match was_removed(workspace, unmatched)? {
            true => {
                error.hint("it is removed already, and the next commit will not have it: see 'pond status'")
            }
            false => error.hint("nothing was removed; 'pond ls-files' lists what is tracked"),
        });
    }
    let mut directories = pathspecs.literal_paths().filter(|path| index.any_live(index.range_of_dir(path)));
    if let Some(directory) = directories.next().filter(|_| !args.recursive) {
        let shown = if directory.is_empty() { ".".into() } else { escape::plain(directory) };
        return Err(fatal(format_args!("'{shown}' is a directory; it is removed only with -r"))
            .hint("nothing was removed"));
    }
    Ok(rows)
}

/// Whether a pathspec names what the last commit has and the next one will not have.
fn was_removed(workspace: &Workspace<'_>, given: &BStr) -> Result<bool, CommandError> {
    let Ok(given) = given.to_os_str() else { return Ok(false) };
    let pathspecs = path_args::parse(workspace, &[given.to_owned()])?;
    let index = &workspace.index;
    Ok((0..index.len()).any(|at| !index.is_live(at) && pathspecs.matches(index.path(at), false)))
}

fn targets<'a>(
    workspace: &Workspace<'_>,
    scan: &'a Scan,
    rows: &[usize],
    unmerged: &HashSet<BString>,
) -> Vec<Target<'a>> {
    let changes: HashMap<usize, &HostChange> =
        scan.changes.iter().filter_map(|change| Some((change.row?, change))).collect();
    let refreshed: HashMap<usize, _> = scan.refreshed.iter().copied().collect();
    let target = |number: &usize| {
        let entry = workspace.index.entry(*number);
        let seen = refreshed.get(number).unwrap_or(&entry.row.seen);
        Target {
            path: entry.path.to_owned(),
            row: entry.row,
            change: changes.get(number).copied(),
            is_unmerged: unmerged.contains(&BString::from(entry.path)),
            stat: stat_of_row(&entry.row, seen),
        }
    };
    rows.iter().map(target).collect()
}

/// Refuses as git does, and names the files.
fn refuse_uncommitted(targets: &[Target<'_>], cached: bool) -> Result<(), CommandError> {
    let list = |is_meant: &dyn Fn(&Target<'_>) -> bool| -> String {
        let at_risk = targets.iter().filter(|target| !target.is(State::Missing) && !target.is_unmerged);
        let meant = at_risk.filter(|target| is_meant(target));
        meant.map(|target| format!("\n  {}", escape::quoted(&target.path))).collect()
    };
    let both = list(&|target| target.is_staged() && target.is_changed());
    let staged = list(&|target| !cached && target.is_staged() && !target.is_changed());
    let changed = list(&|target| !cached && target.is_changed() && !target.is_staged());
    let reasons = [
        (both, "what is staged is neither in the last commit nor in the file:"),
        (staged, "what is staged is not in the last commit:"),
        (changed, "the file was changed, and the change is not staged:"),
    ];
    let text: Vec<String> = reasons
        .into_iter()
        .filter(|(list, _)| !list.is_empty())
        .map(|(list, reason)| format!("{reason}{list}"))
        .collect();
    if text.is_empty() {
        return Ok(());
    }
    let error = conflict(format_args!("nothing was removed; {}", text.join("\n")));
    Err(match cached {
        true => error.hint("-f takes them out of the next commit all the same"),
        false => error.hint(
            "--cached leaves the files alone; -f removes them, and stores their content in the pond first",
        ),
    })
}

/// Stores what is in no commit and would be gone.
fn save_uncommitted(
    workspace: &mut Workspace<'_>,
    targets: &[Target<'_>],
    unmerged: &HashSet<BString>,
    cached: bool,
) -> Result<Saved, CommandError> {
    let is_read = |target: &&Target<'_>| {
        !cached
            && target.is_changed()
            && target.change.is_some_and(|change| change.kind.is_some_and(Kind::is_blob))
    };
    let on_host =
        targets.iter().filter(is_read).map(|target| Victim { path: target.path.clone(), content: None });
    // What is staged stays on the host with --cached, unless the host has something else.
    let is_lost = |target: &&Target<'_>| {
        target.is_staged()
            && !target.row.intent
            && (!cached || target.is_changed() || target.is(State::Missing))
    };
    let staged = targets.iter().filter(is_lost).filter_map(|target| {
        let content = target.row.staged.filter(|side| side.kind.is_blob())?;
        Some(Victim { path: target.path.clone(), content: Some(content) })
    });
    let mut victims: Vec<Victim> = on_host.collect();
    let read: HashSet<BString> = victims.iter().map(|victim| victim.path.clone()).collect();
    // What is staged of a file that has something else is named by the operation: a tree has one content at a path.
    victims.extend(staged.filter(|victim| !read.contains(&victim.path)));
    let saved = save::store(workspace, &victims)?;
    workspace.session.check_interrupt("nothing was removed")?;
    let mut footprint = Footprint::default();
    let stored: HashMap<&BString, Side> = saved.entries.iter().map(|(path, side)| (path, *side)).collect();
    for target in targets {
        footprint.index.add(target.path.clone(), target.row.staged, None);
        if !cached && !target.is(State::Missing) && !target.is(State::Held) {
            let found = match target.change {
                Some(change) if change.kind == Some(Kind::Directory) => Some(Side::empty_directory()),
                _ => stored.get(&target.path).copied().or(target.row.staged),
            };
            footprint.host.add(target.path.clone(), found, None);
        }
    }
    if let Some(before) = &workspace.index.header().pending {
        let mut after = before.clone();
        after.settle(&|path| unmerged.contains(path));
        footprint.pending = Some([Some(before.clone()), after.unless_over()]);
    }
    save::announce(workspace, "RM", &saved, &footprint)?;
    Ok(saved)
}

fn remove_from_host(
    workspace: &mut Workspace<'_>,
    targets: &[Target<'_>],
    saved: &Saved,
) -> Result<Removed, CommandError> {
    let stats: HashMap<&BString, Stat> = saved.stats.iter().map(|(path, stat)| (path, *stat)).collect();
    let (mut removals, mut gone, mut held) = (Vec::new(), Vec::new(), Vec::new());
    for target in targets {
        if target.is(State::Missing) {
            gone.push(target.path.clone());
        } else if target.is(State::Held) {
            held.push((target.path.clone(), "it could not be looked at".to_owned()));
        } else {
            let seen = match target.change {
                Some(change) if change.kind == Some(Kind::Directory) => None,
                Some(change) => stats.get(&target.path).copied().or(change.stat),
                None => target.stat,
            };
            removals.push(Removal { path: target.path.clone(), seen });
        }
    }
    let mut removed = remove(workspace, &removals, &|_: &BStr| true)?;
    removed.removed.append(&mut gone);
    removed.failed.append(&mut held);
    Ok(removed)
}

fn report(ctx: &Context, args: &RmArgs, removed: &Removed) -> Result<Outcome, CommandError> {
    let line = |path: &BString| format!("rm '{}'", escape::plain(path));
    let is_said = !ctx.ui.is_quiet();
    let flags = [("cached", args.cached), ("dry_run", args.dry_run)];
    removal_report::report(&ctx.ui, removed, &flags, is_said.then_some(&line))
}
