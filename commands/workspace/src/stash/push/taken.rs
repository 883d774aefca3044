//! The changes that a stash takes.

use std::collections::BTreeMap;

use bstr::BString;
use pond_mirror::Target;
use pond_mirror::host::walk::Untracked;
use pond_mirror::index::Row;
use pond_mirror::scan::differences::Differences;
use pond_mirror::scan::refused::refused;
use pond_mirror::scan::{Hashing, HostChange, Scan, ScanOptions, State, scan};
use pond_objects::path::is_below;
use pond_objects::pathspec::Pathspecs;
use pond_objects::{Kind, Side};

use super::Include;
use super::PushRequest;
use super::StashError;
use crate::add::warn_of_what_is_left_out;
use crate::publish::lay_out;
use crate::workspace::Workspace;

/// The changes that are put aside.
pub(crate) struct Taken {
    /// Tracked paths with changes, and their rows.
    pub rows: Vec<(BString, Row)>,
    /// Untracked files and empty directories.
    pub untracked: Vec<(BString, Kind)>,
    /// Whether what is staged stays.
    keep_index: bool,
}

impl Taken {
    /// What the mirror shall have at a path afterwards.
    fn wanted(&self, row: &Row) -> Option<Side> {
        match self.keep_index {
            true => row.staged.filter(|_| !row.intent),
            false => row.base_side(),
        }
    }

    /// What the index shall have.
    pub(crate) fn staged(&self) -> Vec<Target> {
        let rows = self.rows.iter().filter(|(_, row)| row.staged != row.base_side() || row.intent);
        rows.map(|(path, row)| Target { path: path.clone(), side: row.base_side() }).collect()
    }
}

/// The tracked paths that a pathspec takes, and that differ from HEAD in the index or on the host.
pub(crate) fn taken(
    workspace: &Workspace<'_>,
    scan: &Scan,
    request: &PushRequest<'_>,
    pathspecs: Option<&Pathspecs>,
) -> Taken {
    let host = Differences::of(scan);
    let mut rows = Vec::new();
    for entry in workspace.index.iter() {
        let row = entry.row;
        let side = row.staged.or(row.base_side());
        let is_dir = side.is_some_and(|side| side.kind == Kind::Directory);
        if pathspecs.is_some_and(|specs| !specs.matches(entry.path, is_dir)) {
            continue;
        }
        let state = host.at(entry.path).map(|change| change.state).filter(|state| *state != State::Held);
        if row.staged != row.base_side() || row.intent || state.is_some() {
            rows.push((entry.path.to_owned(), row));
        }
    }
    Taken { rows, untracked: Vec::new(), keep_index: request.keep_index }
}

/// Refuses to put aside what has no content: the file that is tracked there would come in its place, and nobody could bring
/// back what was there.
pub(crate) fn refuse_special(scan: &Scan, taken: &Taken) -> Result<(), StashError> {
    let host = Differences::of(scan);
    let special: Vec<BString> =
        taken.rows.iter().map(|(path, _)| path).filter(|path| host.is_special(path)).cloned().collect();
    match special.is_empty() {
        true => Ok(()),
        false => Err(StashError::Special(special)),
    }
}

/// What is not tracked and a pathspec takes. What the index knows, if only as deleted, is not among it.
pub(crate) fn untracked(
    workspace: &Workspace<'_>,
    request: &PushRequest<'_>,
    pathspecs: Option<&Pathspecs>,
    missed: &mut BTreeMap<BString, String>,
) -> Result<Vec<(BString, Kind)>, StashError> {
    let ignore =
        if request.untracked == Include::All { workspace.ignore_nothing() } else { workspace.ignore()? };
    let scan_options = ScanOptions {
        ignore: &ignore,
        pathspecs,
        untracked: Untracked::All,
        ignored: false,
        hashing: Hashing::Never,
    };
    let scan = scan(workspace.pond.mirror_root(), &workspace.index, scan_options)?;
    missed.extend(scan.unreadable.iter().map(|(path, error)| (path.clone(), error.to_string())));
    let refused = pathspecs.map(|specs| refused(specs, &scan)).unwrap_or_default();
    warn_of_what_is_left_out(workspace, &scan, &refused);
    missed.extend(refused);
    let found = scan.changes.iter().filter(|change| change.state == State::Untracked);
    // The directory of tracked files that are gone is there again with them.
    let is_unknown = |change: &&HostChange| {
        let is_again =
            change.kind == Some(Kind::Directory) && !workspace.index.range_of_dir(&change.path).is_empty();
        workspace.index.find(&change.path).is_err() && !is_again
    };
    let unknown = found.filter(is_unknown);
    Ok(unknown.filter_map(|change| Some((change.path.clone(), change.kind?))).collect())
}

/// What the mirror's files become.
pub(crate) fn files(workspace: &Workspace<'_>, scan: &Scan, taken: &Taken) -> Vec<Target> {
    let tracked: Vec<Target> =
        taken.rows.iter().map(|(path, row)| Target { path: path.clone(), side: taken.wanted(row) }).collect();
    let mut files = lay_out::changed_on_host(workspace, scan, &tracked);
    for (path, kind) in &taken.untracked {
        let is_needed = *kind == Kind::Directory
            && files.iter().any(|target| target.side.is_some() && is_below(&target.path, path));
        if !is_needed {
            files.push(Target { path: path.clone(), side: None });
        }
    }
    files
}
