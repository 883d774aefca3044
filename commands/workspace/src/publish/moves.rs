//! Renames of tracked files and directories: on the host, and of their rows in the index.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use bstr::BString;
use pond_mirror::index::{Base, Index, Row, Seen, Update, is_unchanged};
use pond_mirror::stat::{Stat, now_ns};
use pond_mirror::write::materialize::{Expected, Materializer};
use pond_mirror::write::rename::{self, Rename};
use pond_objects::node::{NodeTable, rebase_path};
use pond_objects::{Kind, ObjectSource as _};

use crate::error::{WorkspaceError, in_one_line};
use crate::publish::footprint::Footprint;
use crate::publish::mirror_writer::MirrorWriter;
use crate::publish::remove::remove_emptied;
use crate::publish::save::Saved;
use crate::staging::stage::host_path;
use crate::workspace::Workspace;

/// Longer than the grain of the clock that files are stamped with: what is stamped before and looked at after it is
/// known to be at rest.
const REST: Duration = Duration::from_millis(25);

/// One rename, paths from the mirror's root.
#[derive(Debug, Clone)]
pub struct Move {
    /// The name that it has.
    pub from: BString,
    /// The new name.
    pub to: BString,
    /// Whether it is a directory.
    pub is_dir: bool,
    /// What is at `from`.
    pub stat: Stat,
    /// What is at `to` and has to go first.
    pub replaces: Option<Stat>,
    /// `to` is another way to write `from`, on a host that ignores case.
    pub same_file: bool,
}

impl Move {
    /// What is done on the host.
    pub fn rename(&self) -> Rename<'_> {
        Rename { from: &self.from, to: &self.to, is_dir: self.is_dir, same_file: self.same_file }
    }
}

/// What was not renamed, with the reason.
pub(crate) type NotRenamed = Vec<(Move, String)>;

/// What was renamed.
#[derive(Debug, Default)]
pub(crate) struct Renamed {
    /// What has its new name.
    pub done: Vec<Move>,
    /// What was not renamed, with the reason.
    pub failed: NotRenamed,
    /// Why the names may be the old ones after a power cut.
    pub not_durable: Option<WorkspaceError>,
}

/// Adds what the renames change.
pub(crate) fn touch(workspace: &Workspace<'_>, moves: &[Move], saved: &Saved, footprint: &mut Footprint) {
    let index = &workspace.index;
    let staged = |path: &BString| index.row(path).and_then(|row| row.staged);
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
}

/// Renames. If one fails, both the file and what it would have replaced stay where they were.
pub(crate) fn rename_all(
    workspace: &Workspace<'_>,
    writer: &MirrorWriter,
    moves: Vec<Move>,
    saved: &Saved,
) -> Result<Renamed, WorkspaceError> {
    if moves.is_empty() {
        return Ok(Renamed::default());
    }
    let session = workspace.session;
    let mirror = writer.directory()?;
    let interrupted = || session.is_interrupted();
    let options = writer.options(&interrupted);
    let materializer = Materializer::new(writer.directory()?, workspace.store(), options);
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
    let synced = if is_replacing { materializer.sync() } else { Ok(()) };
    Ok(Renamed { done, failed, not_durable: synced.map_err(WorkspaceError::RenamesNotDurable).err() })
}

/// The rows of what is renamed, by their numbers.
fn rows<'i>(index: &'i Index, moving: &Move) -> impl Iterator<Item = usize> + use<'i> {
    let own = index.find(&moving.from).ok();
    let below = if moving.is_dir { index.range_of_dir(&moving.from) } else { 0..0 };
    own.into_iter().chain(below).filter(|number| index.is_live(*number))
}

/// Moves the rows of what was renamed.
pub(crate) fn updates(
    workspace: &Workspace<'_>,
    done: &[Move],
) -> Result<BTreeMap<BString, Update>, WorkspaceError> {
    if done.is_empty() {
        return Ok(BTreeMap::new());
    }
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
