//! Removes the temporary files that killed commands left in the mirror, and that all other code passes over.
//!
//! A command makes them under the mirror's lock and removes them before it gives the lock back. So one that the holder of the lock
//! finds, older than its own, is of a dead command. Mostly it is a part of a version, or an old file that was to go; it can also be
//! another program's file that was replaced at the wrong moment. So content that the pond does not have is stored and named first,
//! and the file is removed like any other: its inode is kept for a program that still writes to it.

use bstr::{BStr, BString};
use pond_mirror::host::walk::host::HostDir;
use pond_mirror::host::walk::{Untracked, WalkOptions, walk};
use pond_mirror::scan::content::{self, Content};

use crate::error::WorkspaceError;
use crate::observer::{Event, Recovery};
use crate::publish::mirror_writer::MirrorWriter;
use crate::publish::remove::{Removal, remove};
use crate::publish::save::{self, Saved};
use crate::workspace::Workspace;

/// Takes away temporaries that a scan found, which was made under the lock that is still held, and gives how many and
/// their bytes. `is_settled` is as for [`MirrorWriter::finish`]. What is in the way of that is a warning only: the next command that finds them tries again.
pub(crate) fn sweep(
    workspace: &mut Workspace<'_>,
    temporaries: &[BString],
    is_settled: bool,
) -> (usize, u64) {
    if temporaries.is_empty() {
        return (0, 0);
    }
    store_and_remove(workspace, temporaries, is_settled).unwrap_or_else(|error| {
        workspace.session.tell(Event::Recovery(Recovery::LeftoversStay { error: &error }));
        (0, 0)
    })
}

/// The same for the whole mirror, what is ignored and all.
pub fn sweep_everything(workspace: &mut Workspace<'_>) -> Result<(usize, u64), WorkspaceError> {
    let ignore = workspace.ignore_nothing();
    let options = WalkOptions {
        ignore: &ignore,
        index: None,
        pathspecs: None,
        untracked: Untracked::All,
        ignored: false,
    };
    let found = walk(workspace.pond.mirror_root(), options)?;
    Ok(sweep(workspace, &found.temporaries, true))
}

fn store_and_remove(
    workspace: &mut Workspace<'_>,
    temporaries: &[BString],
    is_settled: bool,
) -> Result<(usize, u64), WorkspaceError> {
    let root = workspace.pond.mirror_root().to_owned();
    let (mut removals, unknown) = identify(workspace, &HostDir::open_root(&root)?, temporaries);
    let mut saved = Saved::default();
    if !unknown.is_empty() {
        let outcomes = save::read(workspace, &root, &unknown, &mut saved.packs)?;
        let stored = unknown.into_iter().zip(outcomes).filter_map(|(path, read)| Some((path, read.ok()?)));
        let (mut entries, mut stats) = (Vec::new(), Vec::new());
        for (path, staged) in stored {
            entries.push((path.clone(), staged.side()));
            stats.push(Removal { path, seen: Some(staged.stat) });
        }
        save::build(entries, &mut saved);
        removals.append(&mut stats);
    }
    if let Some(tree) = saved.tree {
        save::publish_rescued(workspace, &saved)?;
        if is_settled {
            workspace.save_head()?;
        }
        workspace.session.tell(Event::Recovery(Recovery::LeftoversStored {
            files: saved.entries.len() as u64,
            tree: &tree,
        }));
    }
    // A directory that the command had made for it goes, too.
    let index = workspace.index.clone();
    let is_untracked = |dir: &BStr| index.find(dir).is_err() && !index.any_live(index.range_of_dir(dir));
    let writer = MirrorWriter::open(workspace)?;
    let removed = remove(workspace, &writer, &removals, &is_untracked);
    writer.finish(workspace, is_settled)?;
    let removed = removed?.removed;
    let sizes = removals.iter().filter(|removal| removed.contains(&removal.path));
    let bytes = sizes.filter_map(|removal| removal.seen).map(|stat| stat.size).sum();
    Ok((removed.len(), bytes))
}

/// Those of which the pond has the content, or that have none; and the others. One that cannot be read, or is being
/// written to, is in neither.
fn identify(
    workspace: &Workspace<'_>,
    root: &HostDir,
    temporaries: &[BString],
) -> (Vec<Removal>, Vec<BString>) {
    let (mut known, mut unknown, mut buffer) = (Vec::new(), Vec::new(), Vec::new());
    for path in temporaries {
        let kind = root.stat_below(path).ok().and_then(|stat| stat.kind());
        let Some(kind) = kind.filter(|kind| kind.is_blob()) else { continue };
        match content::hash(root, path, kind, &mut buffer) {
            Content::Read { id, stat, .. } if stat.size == 0 || workspace.store().has_whole_blob(&id) => {
                known.push(Removal { path: path.clone(), seen: Some(stat) });
            }
            Content::Read { .. } => unknown.push(path.clone()),
            Content::Unstable | Content::Failed(_) => {}
        }
    }
    (known, unknown)
}
