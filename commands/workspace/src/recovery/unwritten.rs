//! Writes the files that a published operation says are changed and its command did not write, because it was killed or
//! interrupted, or because the system refused.
//!
//! A file is written only if the host still has what the command found, and the index still has what the command left. Anything else
//! was changed since and is left alone. So this can be repeated, however it ends.

use std::collections::{HashMap, HashSet};

use bstr::{BString, ByteSlice as _};
use pond_mirror::Target;
use pond_mirror::host::walk::host::HostDir;
use pond_mirror::index::Header;
use pond_mirror::scan::content::{self, Content};
use pond_mirror::scan::differences::Differences;
use pond_mirror::scan::{Scan, State};
use pond_mirror::stat::{Stat, now_ns};
use pond_mirror::write::rename::rename_back;
use pond_mirror::write::secure_dir::MirrorDir;
use pond_objects::path::{above, is_below};
use pond_objects::{Kind, Side, path_order};

use crate::error::WorkspaceError;
use crate::half_done::Due;
use crate::publish::due::left_to_rename;
use crate::publish::lay_out::{self, LaidOut};
use crate::publish::mirror_writer::MirrorWriter;
use crate::publish::remove::remove_emptied;
use crate::publish::save::Saved;
use crate::workspace::Workspace;

/// Writes what is left of the changes that operations made to the host's files; `index` are those that they made there. The
/// caller holds the mirror's lock.
///
/// # Errors
/// Those of looking at the mirror, before anything was written, and of writing the index. Files that could not be
/// written are no error: they are in [`LaidOut::failed`].
pub(crate) fn write(
    workspace: &mut Workspace<'_>,
    host: &[Due],
    index: &[Due],
) -> Result<LaidOut, WorkspaceError> {
    let scan = lay_out::look(workspace)?;
    let Left { targets, saved, unread, emptied } = left(workspace, host, index, &scan)?;
    let mut laid_out = LaidOut::default();
    if !targets.is_empty() {
        let writer = MirrorWriter::open(workspace)?;
        laid_out = lay_out::lay_out(workspace, &writer, &targets, &saved, &scan)?;
        // The caller writes the HEAD file when nothing is left to do.
        writer.finish(workspace, false)?;
    }
    laid_out.removed.retain(|path| !emptied.contains(path));
    for path in unread {
        laid_out.failed.push_reason(path, "it cannot be read, so nobody can tell whose content it has");
    }
    laid_out.show_failures(workspace);
    let mut updates = lay_out::updates(workspace, &targets, &laid_out);
    // What is not there is not in the index either, and what the operation did not stage is not staged by this.
    let sides: HashMap<&BString, Option<Side>> =
        targets.iter().map(|target| (&target.path, target.side)).collect();
    updates.retain(|path, _| {
        let row = workspace.index.row(path);
        row.is_some_and(|row| sides.get(path).is_none_or(|side| row.staged == *side))
    });
    let header: Header = workspace.index.header().clone();
    let builder = workspace.index.edit(updates, header, now_ns());
    workspace.save_index(builder)?;
    Ok(laid_out)
}

/// Where the host still is as operations found it, and what it shall have there: what [`write`] and [`rename`] would do.
///
/// # Errors
/// Those of looking at the mirror.
pub(crate) fn due(
    workspace: &Workspace<'_>,
    host: &[Due],
    index: &[Due],
    moved: &[(BString, BString)],
) -> Result<Vec<Target>, WorkspaceError> {
    let scan = lay_out::look(workspace)?;
    let Left { mut targets, emptied, .. } = left(workspace, host, index, &scan)?;
    targets.retain(|target| !emptied.contains(&target.path));
    for (from, to) in moved.iter().flat_map(|(from, to)| left_to_rename(workspace, from, to)) {
        let is_in = |path: &BString, dir: &BString| path == dir || is_below(path, dir);
        for change in &scan.changes {
            let side = change.row.and_then(|row| workspace.index.entry(row).row.staged);
            let is_due = match change.state {
                State::Missing => is_in(&change.path, &to),
                State::Untracked => is_in(&change.path, &from),
                _ => false,
            };
            if is_due {
                targets.push(Target { path: change.path.clone(), side });
            }
        }
    }
    targets.sort_by(|a, b| path_order(&a.path, &b.path));
    targets.dedup_by(|a, b| a.path == b.path);
    Ok(targets)
}

/// What of the renames that operations began was done by somebody else than they.
#[derive(Default)]
pub(crate) struct Renames {
    /// How many were done.
    pub(crate) done: usize,
    /// Those of which something is left.
    pub(crate) left: Vec<(BString, BString)>,
    /// The first that the system refused.
    pub(crate) refused: Option<WorkspaceError>,
}

/// Renames what operations did not come to rename, and is still to be renamed: see [`left_to_rename`].
///
/// # Errors
/// The mirror could not be opened. What the system refuses is no error: it is in [`Renames::refused`].
pub(crate) fn rename(
    workspace: &Workspace<'_>,
    moved: &[(BString, BString)],
    leaves_no_empty_directories: bool,
) -> Result<Renames, WorkspaceError> {
    let mut renames = Renames::default();
    if moved.is_empty() {
        return Ok(renames);
    }
    let root = workspace.pond.mirror_root();
    let mirror = MirrorDir::open(root).map_err(WorkspaceError::OpenMirror)?;
    for pair in moved {
        let mut is_left = false;
        for (from, to) in left_to_rename(workspace, &pair.0, &pair.1) {
            if let Err(source) = rename_back(&mirror, &from, &to) {
                is_left = true;
                renames.refused.get_or_insert(WorkspaceError::Rename { from, to, source });
                continue;
            }
            if leaves_no_empty_directories {
                remove_emptied(workspace, &mirror, &from);
            }
            renames.done += 1;
        }
        if is_left {
            renames.left.push(pair.clone());
        }
    }
    Ok(renames)
}

/// What operations left undone.
#[derive(Default)]
struct Left {
    /// The files that are as one of them found them.
    targets: Vec<Target>,
    /// Their stats, which say that they may be overwritten.
    saved: Saved,
    /// Directories that are empty since those which were in them are gone.
    emptied: HashSet<BString>,
    /// Files of which nobody can tell, since the system does not let us read them.
    unread: Vec<BString>,
}

fn left(
    workspace: &Workspace<'_>,
    changes: &[Due],
    index: &[Due],
    scan: &Scan,
) -> Result<Left, WorkspaceError> {
    let root = HostDir::open_root(workspace.pond.mirror_root()).map_err(WorkspaceError::ReadMirror)?;
    let host = Differences::of(scan);
    let (mut left, mut buffer) = (Left::default(), Vec::new());
    let index: HashMap<&BString, Option<Side>> = index.iter().map(|due| (&due.path, due.wanted)).collect();
    for Due { path, before, wanted } in changes {
        let row = workspace.index.row(path);
        let staged = row.and_then(|row| row.staged);
        let is_as_left = match index.get(path) {
            Some(wanted) => staged == *wanted,
            // Not staged by them: what counts is what they found in the mirror.
            None => true,
        };
        if !is_as_left {
            continue;
        }
        let found = host.at(path.as_bstr()).map(|found| (found.state, found.kind));
        let is_gone = found.map_or(staged.is_none(), |(state, _)| state == State::Missing);
        if is_gone && wanted.is_none() {
            // Its directory goes as it would have gone after it.
            if let Some(dir) = left_empty(&host, path).filter(|dir| left.emptied.insert((*dir).clone())) {
                left.targets.push(Target { path: dir.clone(), side: None });
            }
            continue;
        }
        let as_found = match found {
            // Else the host is as the index. A directory stays when the files go that are still in it.
            None => before.contains(&staged) || wanted.is_some_and(|wanted| wanted.kind == Kind::Directory),
            Some((State::Missing, _)) => before.contains(&None),
            Some((State::Held, _)) => {
                left.unread.push(path.clone());
                false
            }
            Some((State::Unstable, _) | (_, None)) => false,
            // What is in it has paths of its own.
            Some((_, Some(Kind::Directory))) => {
                before.iter().any(|side| side.is_none_or(|side| side.kind == Kind::Directory))
            }
            Some((_, Some(kind))) => match content::hash(&root, path, kind, &mut buffer) {
                Content::Read { id, stat, .. } if before.contains(&Some(side_of(&stat, kind, id))) => {
                    left.saved.stats.push((path.clone(), stat));
                    true
                }
                Content::Failed(_) => {
                    left.unread.push(path.clone());
                    false
                }
                _ => false,
            },
        };
        if as_found {
            left.targets.push(Target { path: path.clone(), side: *wanted });
        }
    }
    Ok(left)
}

/// The directory that a path was in, or one above, where it is there with nothing in it, and is not known.
fn left_empty<'a>(host: &Differences<'a>, path: &BString) -> Option<&'a BString> {
    let found = above(path).find_map(|dir| host.at(dir.into()))?;
    let is_empty = found.state == State::Untracked && found.kind == Some(Kind::Directory) && !found.collapsed;
    is_empty.then_some(&found.path)
}

fn side_of(stat: &Stat, kind: Kind, id: pond_objects::ObjectId) -> Side {
    Side { kind: stat.kind().unwrap_or(kind), id, size: stat.size }
}
