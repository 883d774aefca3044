//! Finds uncommitted files that a command would overwrite, and paths that it cannot read.

use std::collections::HashSet;

use bstr::BString;
use pond_mirror::Target;
use pond_mirror::scan::differences::Differences;
use pond_mirror::scan::{Scan, State};
use pond_objects::Kind;
use pond_objects::path::above;

use crate::cause::Cause;
use crate::error::{Overwriter, WorkspaceError};

/// Paths that would be overwritten or removed.
#[derive(Debug, Default)]
pub(crate) struct Obstacles {
    /// Tracked files with changes, staged or not.
    changed: Vec<BString>,
    /// Files in no version.
    untracked: Vec<BString>,
}

impl Obstacles {
    /// Adds a tracked file with changes.
    pub(crate) fn add_changed(&mut self, path: &BString) {
        self.changed.push(path.clone());
    }

    /// Adds a file that no version has.
    pub(crate) fn add_untracked(&mut self, path: &BString) {
        self.untracked.push(path.clone());
    }

    /// Adds what the host has in the way of a target, other than what the index has.
    pub(crate) fn add_of(&mut self, host: &Differences<'_>, target: &Target) {
        let change = host.at(target.path.as_ref());
        // An empty directory is no loss.
        let change = change.filter(|change| change.kind != Some(Kind::Directory));
        match change.map(|change| change.state) {
            None | Some(State::Missing) => {}
            Some(_) if change.is_some_and(|change| change.row.is_none()) => self.add_untracked(&target.path),
            Some(_) => self.add_changed(&target.path),
        }
        self.add_around(host, target);
    }

    /// Adds files in the place of directories that a target needs, and those in a directory in its own place.
    pub(crate) fn add_around(&mut self, host: &Differences<'_>, target: &Target) {
        let Some(side) = target.side else { return };
        if let Some(blocking) = host.file_above(&target.path) {
            match host.at(blocking.as_ref()).is_some_and(|change| change.row.is_none()) {
                true => self.add_untracked(blocking),
                false => self.add_changed(blocking),
            }
        }
        if side.kind.is_blob() {
            host.untracked_files_below(&target.path).for_each(|path| self.add_untracked(path));
        }
    }

    /// Refuses to go on if there are any.
    pub(crate) fn refuse(mut self, doing: Overwriter) -> Result<(), WorkspaceError> {
        for paths in [&mut self.changed, &mut self.untracked] {
            paths.sort();
            paths.dedup();
        }
        let Self { changed, untracked } = self;
        match changed.is_empty() && untracked.is_empty() {
            true => Ok(()),
            false => Err(WorkspaceError::Obstacles { changed, untracked, doing }),
        }
    }
}

/// Refuses if the system did not let us read what is at a target, around it or below it, or if a target is a file and a directory that
/// cannot be removed is in its place.
pub(crate) fn refuse_out_of_reach(scan: &Scan, targets: &[Target]) -> Result<(), WorkspaceError> {
    refuse_immovable(scan, targets)?;
    if scan.unreadable.is_empty() {
        return Ok(());
    }
    fn with_above(path: &BString) -> impl Iterator<Item = &[u8]> {
        std::iter::once(path.as_slice()).chain(above(path))
    }
    let meant: HashSet<&[u8]> = targets.iter().map(|target| target.path.as_slice()).collect();
    let around: HashSet<&[u8]> = targets.iter().flat_map(|target| with_above(&target.path)).collect();
    let is_meant =
        |path: &BString| around.contains(path.as_slice()) || with_above(path).any(|dir| meant.contains(dir));
    let unread: Vec<_> = scan.unreadable.iter().filter(|(path, _)| is_meant(path)).collect();
    let Some((_, first)) = unread.first() else { return Ok(()) };
    let cause = Cause::of(first);
    let paths = unread.iter().map(|(path, error)| (path.clone(), error.to_string())).collect();
    Err(WorkspaceError::OutOfReach { paths, cause })
}

/// Refuses where pond's own, git's own or special files are below a path that is to be a file.
fn refuse_immovable(scan: &Scan, targets: &[Target]) -> Result<(), WorkspaceError> {
    let special = scan.special.iter().map(|(path, _)| path);
    let mut immovable = scan.immovable.iter().chain(special).peekable();
    if immovable.peek().is_none() {
        return Ok(());
    }
    let is_file = |target: &&Target| target.side.is_some_and(|side| side.kind.is_blob());
    let files: HashSet<&[u8]> = targets.iter().filter(is_file).map(|target| target.path.as_slice()).collect();
    let mut paths: Vec<BString> =
        immovable.filter(|path| above(path).any(|dir| files.contains(dir))).cloned().collect();
    paths.sort();
    match paths.is_empty() {
        true => Ok(()),
        false => Err(WorkspaceError::Immovable { paths }),
    }
}
