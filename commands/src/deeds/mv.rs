//! Renaming files and directories, in the mirror and in the next commit.

mod plan;

use std::collections::{BTreeMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::time::Duration;

use bstr::BString;
use pond_mirror::host::stat::{Stat, now_ns};
use pond_mirror::index::{Base, Index, Row, Seen, Update, is_unchanged};
use pond_mirror::write::materialize::{Expected, Flush, MaterializeError, Materializer, Options};
use pond_mirror::write::rename;
use pond_mirror::write::replaced::Replaced;
use pond_mirror::write::secure_dir::MirrorDir;
use pond_objects::escape;
use pond_objects::node::{NodeTable, rebase_path};
use pond_objects::{Kind, ObjectSource as _};

use crate::mirror::footprint::Footprint;
use crate::mirror::remove::remove_emptied;
use crate::mirror::save::{self, Saved, Victim};
use crate::mirror::stage::host_path;
use crate::workspace::{Workspace, WorkspaceError, deed_error, in_one_line};
pub(crate) use plan::{Move, Plan, There, Tracked, Unmovable, plan};

/// Longer than the grain of the clock that files are stamped with: what is stamped before and looked at after it is
/// known to be at rest.
const REST: Duration = Duration::from_millis(25);

/// What is to be renamed. Paths are as they are written in the current directory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MvRequest<'a> {
    /// What.
    pub(crate) sources: &'a [OsString],
    /// The new name, or a directory to move it into.
    pub(crate) destination: &'a OsStr,
    /// Replace a file that has the new name; its content is stored first.
    pub(crate) force: bool,
    /// Leave out what cannot be renamed.
    pub(crate) skip_errors: bool,
}

/// What was renamed.
#[derive(Debug, Default)]
pub(crate) struct Moved {
    /// What has its new name.
    pub(crate) renamed: Vec<Move>,
    /// What was not renamed, with the reason.
    pub(crate) failed: Vec<(Move, String)>,
    /// Whether the caller asked to stop.
    pub(crate) interrupted: bool,
}

/// Why nothing was renamed, unless a variant says otherwise.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MvError {
    /// The new name cannot be used.
    #[error(transparent)]
    Destination(Unmovable),
    /// A path cannot be renamed.
    #[error(transparent)]
    Source(Unmovable),
    /// Several files need a directory to be moved into.
    #[error("'{}' is no directory to move several files into", escape::plain(.0))]
    NoDirectory(BString),
    /// The files were renamed, but the system did not say that this is on the disk.
    #[error("the files were renamed, but may not survive a power cut")]
    NotDurable(#[source] MaterializeError),
    /// What every deed can end with.
    #[error(transparent)]
    Workspace(WorkspaceError),
}

deed_error!(MvError);

/// Renames what was planned, and stages that. The caller holds the mirror's lock.
///
/// # Errors
/// Before the operation is published nothing was changed. What the host refuses is no error: it is in [`Moved::failed`].
pub(crate) fn mv(workspace: &mut Workspace<'_>, moves: Vec<Move>) -> Result<Moved, MvError> {
    // What is refused is in no operation.
    let (possible, mut failed) = possible(workspace, moves)?;
    if possible.is_empty() {
        let interrupted = workspace.session.is_interrupted();
        return Ok(Moved { renamed: possible, failed, interrupted });
    }
    let saved = announce(workspace, &possible)?;
    let (renamed, not_renamed, kept) = rename_all(workspace, possible, &saved)?;
    failed.extend(not_renamed);
    let updates = updates(workspace, &renamed)?;
    if !updates.is_empty() {
        workspace.update_index(updates, &[])?;
    }
    // What took the place of a file in conflict decides about it.
    workspace.settle(&|path| renamed.iter().any(|moving| moving.to == *path))?;
    workspace.save_head()?;
    kept?;
    Ok(Moved { renamed, failed, interrupted: workspace.session.is_interrupted() })
}

/// The renames that the host allows, as far as that shows before, and the others with the reason.
fn possible(workspace: &Workspace<'_>, moves: Vec<Move>) -> Result<(Vec<Move>, Failed), WorkspaceError> {
    let mirror = MirrorDir::open(workspace.pond.mirror_root())?;
    let (mut possible, mut failed) = (Vec::new(), Vec::new());
    for moving in moves {
        match rename::check(&mirror, &moving.rename()) {
            Ok(()) => possible.push(moving),
            Err(error) => failed.push((moving, in_one_line(&error))),
        }
    }
    Ok((possible, failed))
}

/// Publishes what is about to be done; the content of files that have to go is stored first where no commit has it.
fn announce(workspace: &mut Workspace<'_>, moves: &[Move]) -> Result<Saved, WorkspaceError> {
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
type Renamed = (Vec<Move>, Failed, Result<(), MvError>);

/// What was not renamed, with the reason.
type Failed = Vec<(Move, String)>;

/// Renames. What was not renamed is where it was, as is what it would have replaced.
fn rename_all(
    workspace: &mut Workspace<'_>,
    moves: Vec<Move>,
    saved: &Saved,
) -> Result<Renamed, WorkspaceError> {
    let session = workspace.session;
    let root = workspace.pond.mirror_root().to_owned();
    let mirror = MirrorDir::open(&root)?;
    let replaced = Replaced::open(&workspace.pond.replaced_dir(), &root)?;
    let options = Options {
        flush: Flush::BeforeNaming,
        replaced: Some(&replaced),
        interrupted: &|| session.is_interrupted(),
    };
    let materializer = Materializer::new(MirrorDir::open(&root)?, workspace.store(), options);
    let is_replacing = moves.iter().any(|moving| moving.replaces.is_some());
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for moving in moves {
        let rename = || rename::rename(&mirror, &moving.rename());
        let result = match moving.replaces {
            _ if session.is_interrupted() => Err("interrupted".to_owned()),
            None => rename().map_err(|error| in_one_line(&error)),
            Some(stat) => {
                let read = saved.stats.iter().find(|(read, _)| *read == moving.to).map(|(_, stat)| *stat);
                let expected = Expected::file(&read.unwrap_or(stat));
                let replaced = materializer.supplant(moving.to.as_ref(), &expected, rename);
                replaced.map_err(|error| in_one_line(&error))
            }
        };
        match result {
            Ok(()) => done.push(moving),
            Err(error) => failed.push((moving, error)),
        }
    }
    done.iter().for_each(|moving| remove_emptied(workspace, &mirror, &moving.from));
    let kept = match is_replacing {
        true => {
            let synced = materializer.sync().map_err(MvError::NotDurable);
            drop(materializer);
            save::rescue(workspace, &replaced).map_err(MvError::Workspace).and(synced)
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
fn updates(workspace: &Workspace<'_>, done: &[Move]) -> Result<BTreeMap<BString, Update>, WorkspaceError> {
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
