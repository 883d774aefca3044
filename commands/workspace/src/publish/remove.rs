//! Removes files of the mirror whose content is in a commit or was saved before.
//!
//! A file that changed since it was seen stays. The inode of a removed file is kept, because a program may still write to it.

use std::collections::HashMap;

use bstr::{BStr, BString};
use pond_mirror::index::{Row, Seen};
use pond_mirror::scan::displaced::is_empty_directory;
use pond_mirror::stat::Stat;
use pond_mirror::write::materialize::{
    Done, Expected, MaterializeError, Materialized, Materializer, Want, WriteRequest,
};
use pond_mirror::write::secure_dir::MirrorDir;
use pond_objects::name::split_path;
use pond_objects::path::{above, is_below};
use pond_objects::{Kind, Side};

use crate::error::{WorkspaceError, in_one_line};
use crate::observer::Work;
use crate::publish::footprint::Touched;
use crate::publish::mirror_writer::MirrorWriter;
use crate::publish::save::Saved;
use crate::workspace::Workspace;

/// A path to be removed, with what was seen there.
#[derive(Debug, Clone)]
pub(crate) struct Removal {
    /// The path from the mirror's root.
    pub path: BString,
    /// A file's or symlink's stat; nothing for an empty directory.
    pub seen: Option<Stat>,
}

/// What became of them.
#[derive(Debug, Default)]
pub struct Removed {
    /// Paths that are gone now.
    pub removed: Vec<BString>,
    /// Paths that are still there, with the reason.
    pub failed: Vec<(BString, String)>,
    /// Whether the command was told to stop.
    pub interrupted: bool,
}

/// The stat of a file that did not change since the index was written, or since it was last read.
pub(crate) fn stat_of_row(row: &Row, seen: &Seen) -> Option<Stat> {
    let side = row.staged.filter(|side| side.kind != Kind::Directory)?;
    let Seen { mtime_ns, ctime_ns, inode, .. } = *seen;
    Some(Stat { size: side.size, mtime_ns, ctime_ns, inode, device: 0, mode: side.kind.mode() })
}

/// Adds what the removals change.
pub(crate) fn touch(workspace: &Workspace<'_>, removals: &[Removal], saved: &Saved, host: &mut Touched) {
    let stored: HashMap<&BString, Side> = saved.entries.iter().map(|(path, side)| (path, *side)).collect();
    for Removal { path, seen } in removals {
        let staged = || workspace.index.row(path).and_then(|row| row.staged);
        let found = match seen {
            None => Some(Side::empty_directory()),
            Some(_) => stored.get(path).copied().or_else(staged),
        };
        host.add(path.clone(), found, None);
    }
}

/// Removes the paths, and the directories that this leaves empty and that `may_go` names; never the current one.
pub(crate) fn remove(
    workspace: &Workspace<'_>,
    writer: &MirrorWriter,
    removals: &[Removal],
    may_go: &(dyn Fn(&BStr) -> bool + Sync),
) -> Result<Removed, WorkspaceError> {
    let mut removed = Removed::default();
    if removals.is_empty() {
        return Ok(removed);
    }
    let requests: Vec<WriteRequest> = removals.iter().map(request).collect();
    let cwd = workspace.cwd()?;
    let session = workspace.session;
    let progress = session.work(Work::Remove);
    let interrupted = || session.is_interrupted();
    let options = writer.options(&interrupted);
    let materializer = Materializer::new(writer.directory()?, workspace.store(), options);
    let may_go = |dir: &BStr| dir != cwd && !is_below(&cwd, dir) && may_go(dir);
    let on_done = |_: &WriteRequest, _: &Done| progress.add_file();
    let Materialized { results, stuck, synced } =
        materializer.materialize_all(&requests, workspace.threads()?, &may_go, &on_done);
    drop(progress);
    for (request, result) in requests.into_iter().zip(results) {
        match result {
            Ok(_) => removed.removed.push(request.path),
            Err(MaterializeError::Interrupted { .. }) => removed.interrupted = true,
            Err(error) => removed.failed.push((request.path, in_one_line(&error))),
        }
    }
    removed.failed.extend(stuck.into_iter().map(|(path, error)| (path, in_one_line(&error))));
    synced.map_err(WorkspaceError::RemovalNotDurable)?;
    Ok(removed)
}

/// Removes the directories that a renamed file or directory left empty, up to one that is tracked as an empty one or that the
/// user is in. Best effort: an empty directory more is no harm.
pub(crate) fn remove_emptied(workspace: &Workspace<'_>, mirror: &MirrorDir, renamed: &[u8]) {
    let Ok(cwd) = workspace.cwd() else { return };
    let stays = |dir: &[u8]| {
        dir == cwd.as_slice() || is_below(&cwd, dir) || is_empty_directory(&workspace.index, dir)
    };
    for dir in above(renamed).take_while(|dir| !stays(dir)) {
        let (parent, name) = split_path(dir);
        let Ok(parent) = mirror.directory(parent) else { return };
        if !parent.remove_empty(name).unwrap_or(false) {
            return;
        }
        let _ = parent.sync();
    }
}

fn request(removal: &Removal) -> WriteRequest {
    let expected = removal.seen.map_or(Expected::Absent, |seen| Expected::file(&seen));
    WriteRequest { path: removal.path.clone(), want: Want::Absent, expected }
}
