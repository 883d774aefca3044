//! `pond mv`: rename files and directories, in the mirror and in the next commit.

mod plan;

use pond_mirror::write::rename;
use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::time::Duration;

use bstr::{BStr, BString};
use pond_objects::node::{NodeTable, rebase_path};
use pond_objects::{Kind, ObjectSource as _};
use serde_json::{Map, Value, json};

use self::plan::Move;
use crate::context::Context;
use crate::error::{CommandError, Outcome, fatal, interrupted};
use crate::interrupt;
use crate::mirror::footprint::Footprint;
use crate::mirror::remove::remove_emptied;
use crate::mirror::save::{self, Saved, Victim};
use crate::mirror::stage::host_path;
use crate::ui::changes_json::insert_path;
use crate::workspace::{self, Purpose, Workspace};
use pond_mirror::host::stat::{Stat, now_ns};
use pond_mirror::index::{Base, Index, Row, Seen, Update, is_unchanged};
use pond_mirror::write::materialize::{Expected, Flush, Materializer, Options};
use pond_mirror::write::replaced::Replaced;
use pond_mirror::write::secure_dir::MirrorDir;
use pond_objects::escape;

/// Longer than the grain of the clock that files are stamped with: what is stamped before and looked at after it is
/// known to be at rest.
const REST: Duration = Duration::from_millis(25);

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
    let mut workspace = workspace::open(ctx.session()?, Purpose::Change)?;
    let (moves, skipped) = plan::plan(&workspace, &args)?;
    for error in &skipped {
        ctx.ui.status(format_args!("left out: {error}"));
    }
    let (mut done, mut failed) =
        if args.dry_run { (moves, Vec::new()) } else { possible(&workspace, moves)? };
    // What is refused is in no operation.
    if !args.dry_run && !done.is_empty() {
        let saved = announce(&mut workspace, &done)?;
        let (renamed, not_renamed, kept) = rename_all(ctx, &mut workspace, done, &saved)?;
        done = renamed;
        failed.extend(not_renamed);
        let updates = updates(&workspace, &done)?;
        if !updates.is_empty() {
            workspace.update_index(updates, &[])?;
        }
        // What took the place of a file in conflict decides about it.
        workspace.settle(&|path| done.iter().any(|moving| moving.to == *path))?;
        workspace.save_head()?;
        kept?;
    }
    report(ctx, &args, &done, &failed)?;
    if failed.is_empty() {
        return Ok(Outcome::Done);
    }
    if ctx.interrupted() {
        return Err(interrupted("interrupted; what was renamed until then is staged"));
    }
    match done.is_empty() {
        true => Err(fatal("nothing was renamed")),
        false => Ok(Outcome::Partial),
    }
}

/// The renames that the host allows, as far as that shows before, and the others with the reason.
fn possible(workspace: &Workspace<'_>, moves: Vec<Move>) -> Result<(Vec<Move>, Failed), CommandError> {
    let mirror = MirrorDir::open(workspace.pond.mirror_root())?;
    let (mut possible, mut failed) = (Vec::new(), Vec::new());
    for moving in moves {
        match rename::check(&mirror, &moving.rename()) {
            Ok(()) => possible.push(moving),
            Err(error) => failed.push((moving, CommandError::from(error).one_line())),
        }
    }
    Ok((possible, failed))
}

/// Publishes what is about to be done; the content of files that have to go is stored first where no commit has it.
fn announce(workspace: &mut Workspace<'_>, moves: &[Move]) -> Result<Saved, CommandError> {
    let mut victims = Vec::new();
    let replacing = moves.iter().filter(|moving| moving.replaces.is_some());
    // Taking the replacement back takes the content of both.
    let both =
        replacing.flat_map(|moving| [(&moving.to, moving.replaces), (&moving.from, Some(moving.stat))]);
    for (path, stat) in both.filter_map(|(path, stat)| Some((path, stat?))) {
        let row = workspace.index.row(path);
        let is_known = row.is_some_and(|row| is_unchanged(&row, &stat));
        let uncommitted = row.filter(|row| row.base_side() != row.staged && !row.intent);
        let content = uncommitted.and_then(|row| row.staged).filter(|side| side.kind.is_blob());
        if !is_known || content.is_some() {
            victims.push(Victim { path: path.clone(), content: content.filter(|_| is_known) });
        }
    }
    let saved = save::store(workspace, &victims)?;
    let footprint = footprint(workspace, moves, &saved);
    save::announce(workspace, "MV", &saved, &footprint)?;
    Ok(saved)
}

/// What the renames change.
fn footprint(workspace: &Workspace<'_>, moves: &[Move], saved: &Saved) -> Footprint {
    let index = &workspace.index;
    let staged = |path: &BString| index.row(path).and_then(|row| row.staged);
    let mut footprint = Footprint::default();
    let (mut gone, mut set) = (HashSet::new(), BTreeMap::new());
    for moving in moves {
        let mut is_renamed_back = true;
        for number in rows(index, moving) {
            let entry = index.entry(number);
            gone.insert(entry.path.to_owned());
            set.insert(rebase_path(entry.path, &moving.to, &moving.from), entry.row.staged);
        }
        if moving.replaces.is_some() {
            // Renaming alone would not bring it back: both names are recorded with their content.
            let on_host = |path: &BString| {
                let stored = saved.entries.iter().find(|(stored, _)| stored == path).map(|(_, side)| *side);
                stored.or_else(|| staged(path))
            };
            let (own, other) = (on_host(&moving.from), on_host(&moving.to));
            footprint.host.add(moving.to.clone(), other, own);
            footprint.host.add(moving.from.clone(), own, None);
            // Of two that are equal, the one that was replaced stays where it is.
            is_renamed_back = own != other;
        }
        if is_renamed_back {
            footprint.moved.push((moving.from.clone(), moving.to.clone()));
        }
    }
    for path in gone {
        set.entry(path).or_insert(None);
    }
    set.into_iter().for_each(|(path, new)| footprint.index.add(path.clone(), staged(&path), new));
    if let Some(before) = &index.header().pending {
        let mut after = before.clone();
        if !after.settle(&|path| moves.iter().any(|moving| moving.to == *path)).is_empty() {
            footprint.pending = Some([Some(before.clone()), after.unless_over()]);
        }
    }
    footprint
}

/// What was renamed, what was not with the reason, and whether what was replaced is kept for those who still write to it.
type Renamed = (Vec<Move>, Failed, Result<(), CommandError>);

/// What was not renamed, with the reason.
type Failed = Vec<(Move, String)>;

/// Does it. What was not renamed is where it was, as is what it would have replaced.
fn rename_all(
    ctx: &Context,
    workspace: &mut Workspace<'_>,
    moves: Vec<Move>,
    saved: &Saved,
) -> Result<Renamed, CommandError> {
    let root = workspace.pond.mirror_root().to_owned();
    let mirror = MirrorDir::open(&root)?;
    let replaced = Replaced::open(&workspace.pond.replaced_dir(), &root)?;
    let options = Options {
        flush: Flush::BeforeNaming,
        replaced: Some(&replaced),
        interrupted: &interrupt::interrupted,
    };
    let materializer = Materializer::new(MirrorDir::open(&root)?, workspace.store(), options);
    let is_replacing = moves.iter().any(|moving| moving.replaces.is_some());
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for moving in moves {
        let rename = || rename::rename(&mirror, &moving.rename());
        let result = match moving.replaces {
            _ if ctx.interrupted() => Err(interrupted("interrupted")),
            None => rename().map_err(CommandError::from),
            Some(stat) => {
                let read = saved.stats.iter().find(|(read, _)| *read == moving.to).map(|(_, stat)| *stat);
                let expected = Expected::file(&read.unwrap_or(stat));
                let replaced = materializer.supplant(moving.to.as_ref(), &expected, rename);
                replaced.map_err(|error| fatal(&error).because(&error))
            }
        };
        match result {
            Ok(()) => done.push(moving),
            Err(error) => failed.push((moving, error.one_line())),
        }
    }
    done.iter().for_each(|moving| remove_emptied(workspace, &mirror, &moving.from));
    let kept = match is_replacing {
        true => {
            let synced = materializer.sync().map_err(|error| {
                fatal("the files were renamed, but may not survive a power cut").because(&error)
            });
            drop(materializer);
            save::rescue(workspace, &replaced).map_err(CommandError::from).and(synced)
        }
        false => Ok(()),
    };
    Ok((done, failed, kept))
}

/// The rows of what is renamed, by their numbers.
fn rows<'i>(index: &'i Index, moving: &Move) -> impl Iterator<Item = usize> + use<'i> {
    let own = index.find(&moving.from).ok();
    let below = if moving.is_dir { index.range_of_dir(&moving.from) } else { 0..0 };
    own.into_iter().chain(below).filter(|number| index.is_live(*number))
}

/// Moves the rows of what was renamed.
fn updates(workspace: &Workspace<'_>, done: &[Move]) -> Result<BTreeMap<BString, Update>, CommandError> {
    let index = &workspace.index;
    let commit = workspace.head.commit.map(|id| workspace.store().commit(&id)).transpose()?;
    let nodes = NodeTable::load(workspace.store(), commit.as_ref().and_then(|commit| commit.nodes.as_ref()))?;
    if done.iter().any(|moving| !moving.is_dir) {
        std::thread::sleep(REST);
    }
    let (mut gone, mut set) = (HashSet::new(), BTreeMap::new());
    for moving in done {
        for number in rows(index, moving) {
            let entry = index.entry(number);
            let Some(side) = entry.row.staged else { continue };
            let to = rebase_path(entry.path, &moving.to, &moving.from);
            let seen = if moving.is_dir { entry.row.seen } else { seen_after(workspace, moving, &entry.row) };
            let there = index.row(&to);
            let mut row = there.map_or_else(|| Row::added(side, seen), |there| there.restaged(side, seen));
            row.intent = entry.row.intent;
            // What comes back to where it was needs no other id than its own.
            let node = entry.row.node.or_else(|| entry.row.base_side().map(|_| nodes.node(entry.path)));
            row.node = node.filter(|_| row.base != Base::Same && side.kind != Kind::Directory);
            gone.insert(entry.path.to_owned());
            set.insert(to, Update::Set(row));
        }
    }
    for path in gone {
        set.entry(path).or_insert(Update::Delete);
    }
    Ok(set)
}

/// The stat of a renamed file for its row: renaming changes the time of the last change of status, and nothing else.
fn seen_after(workspace: &Workspace<'_>, moving: &Move, row: &Row) -> Seen {
    let before = &moving.stat;
    let after = Stat::of(&host_path(workspace.pond.mirror_root(), &moving.to));
    match after {
        Ok(after)
            if is_unchanged(row, before)
                && (after.size, after.mtime_ns, after.inode)
                    == (before.size, before.mtime_ns, before.inode) =>
        {
            Seen::new(&after, now_ns())
        }
        _ => row.seen,
    }
}

fn report(
    ctx: &Context,
    args: &MvArgs,
    done: &[Move],
    failed: &[(Move, String)],
) -> Result<(), CommandError> {
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
            "renamed": done.iter().map(row).collect::<Vec<_>>(),
            "failed": failed.collect::<Vec<_>>(),
            "dry_run": args.dry_run,
        }));
    }
    if args.dry_run || ctx.ui.verbosity() > 0 {
        for moving in done {
            ctx.ui.say(format_args!(
                "Renaming {} to {}",
                escape::quoted(&moving.from),
                escape::quoted(&moving.to)
            ));
        }
    }
    Ok(())
}
