//! What a scan found, by path: each question costs a look-up, however much has changed.

use std::collections::HashMap;

use bstr::{BStr, BString};
use pond_objects::path::{above, is_below};
use pond_objects::{Kind, path_order};

use crate::scan::{HostChange, Scan, State};

/// The differences between the host and the index.
pub struct Differences<'a> {
    /// In order, as the scan has them.
    changes: &'a [HostChange],
    by_path: HashMap<&'a [u8], &'a HostChange>,
    /// Files, symlinks and special files of the host in no version.
    files: HashMap<&'a [u8], &'a BString>,
}

impl<'a> Differences<'a> {
    /// Those that `scan` found.
    pub fn of(scan: &'a Scan) -> Self {
        Self::new(&scan.changes)
    }

    fn new(changes: &'a [HostChange]) -> Self {
        debug_assert!(
            changes.is_sorted_by(|a, b| path_order(&a.path, &b.path).is_le()),
            "BUG: a scan's changes are in order"
        );
        let is_file = |change: &&HostChange| {
            is_special(change) || change.kind.is_some_and(Kind::is_blob) && change.state != State::Missing
        };
        Self {
            changes,
            by_path: changes.iter().map(|change| (change.path.as_slice(), change)).collect(),
            files: changes
                .iter()
                .filter(is_file)
                .map(|change| (change.path.as_slice(), &change.path))
                .collect(),
        }
    }

    /// The difference at a path.
    pub fn at(&self, path: &BStr) -> Option<&'a HostChange> {
        self.by_path.get(path.as_ref() as &[u8]).copied()
    }

    /// What is no directory, is in no version, and stands where `path` needs a directory.
    pub fn file_above(&self, path: &[u8]) -> Option<&'a BString> {
        above(path).find_map(|dir| self.files.get(dir).copied())
    }

    /// Whether something without content is at a path.
    pub fn is_special(&self, path: &BString) -> bool {
        self.by_path.get(path.as_slice()).is_some_and(|change| is_special(change))
    }

    /// The special files around a path that shall have a file or, with `is_dir`, a directory: at it, above it, and below it if
    /// it is no directory.
    pub fn special_around(&self, path: &BString, is_dir: bool) -> Vec<&'a HostChange> {
        let own = self.at(path.as_ref()).into_iter();
        let above = self.file_above(path).and_then(|above| self.at(above.as_ref()));
        let below = self.untracked_below(path).filter(|_| !is_dir);
        own.chain(above).chain(below).filter(|change| is_special(change)).collect()
    }

    /// Untracked files, symlinks and special files below a path.
    pub fn untracked_files_below<'p>(
        &self,
        path: &'p [u8],
    ) -> impl Iterator<Item = &'a BString> + use<'a, 'p> {
        let files = self.untracked_below(path).filter(|change| change.kind != Some(Kind::Directory));
        files.map(|change| &change.path)
    }

    /// Untracked empty directories below a path.
    pub fn empty_directories_below<'p>(
        &self,
        path: &'p [u8],
    ) -> impl Iterator<Item = &'a BString> + use<'a, 'p> {
        let is_empty = |change: &&HostChange| change.kind == Some(Kind::Directory) && !change.collapsed;
        self.untracked_below(path).filter(is_empty).map(|change| &change.path)
    }

    /// What is untracked below a path: files, symlinks, special files and empty directories.
    pub fn untracked_below<'p>(&self, path: &'p [u8]) -> impl Iterator<Item = &'a HostChange> + use<'a, 'p> {
        let start = self.changes.partition_point(|change| path_order(&change.path, path).is_le());
        let below = self.changes[start..].iter().take_while(move |change| is_below(&change.path, path));
        below.filter(|change| change.state == State::Untracked || is_special(change) && change.row.is_none())
    }
}

fn is_special(change: &HostChange) -> bool {
    matches!(change.state, State::Special(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(path: &str, state: State, kind: Kind) -> HostChange {
        HostChange {
            path: path.into(),
            state,
            row: None,
            kind: Some(kind),
            stat: None,
            id: None,
            collapsed: false,
        }
    }

    #[test]
    fn what_is_in_the_way() {
        let changes = [
            change("a", State::Untracked, Kind::File),
            change("d", State::Missing, Kind::File),
            change("d/e", State::Untracked, Kind::Directory),
            change("d/f", State::Untracked, Kind::Symlink),
            change("d/g", State::Modified, Kind::File),
            change("d/h/i", State::Untracked, Kind::File),
            change("d-", State::Untracked, Kind::File),
        ];
        let found = Differences::new(&changes);
        assert_eq!(found.at("d/g".into()).map(|change| change.state), Some(State::Modified));
        assert!(found.at("d/h".into()).is_none());
        assert_eq!(found.file_above(b"a/b/c").map(|path| path.as_slice()), Some(&b"a"[..]));
        assert_eq!(found.file_above(b"d/x"), None, "what is missing is in nobody's way");
        assert_eq!(found.file_above(b"a"), None);
        let below: Vec<&BString> = found.untracked_files_below(b"d").collect();
        assert_eq!(below, ["d/f", "d/h/i"]);
        assert_eq!(found.untracked_files_below(b"a").count(), 0);
    }
}
