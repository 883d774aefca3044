//! Directories that one side renamed, and files that the other side put into them: these go along.
//!
//! The rules are git's: a directory counts as renamed where the side has no files in it any more, and more of them went to
//! one directory than to any other. A file goes along only where its directory itself got a new file; what would then be in
//! the way of something stays where it is.

use std::collections::{BTreeMap, BTreeSet};

use bstr::{BStr, BString, ByteSlice};

use super::DirectoryRenames;
use super::message::{Message, MessageKind};
use super::similar::{Rename, ancestors};
use super::state::{BASE, Merge, OURS, Place, THEIRS, other};
use crate::change::Side;
use crate::name::{MAX_PATH, join_path, split_path};
use crate::source::ReadError;
use crate::tree;

/// Old places with the new ones.
pub(super) type Moves = BTreeMap<BString, BString>;

/// By the path that files would be moved to: those files, and whether that was told.
type Collisions = BTreeMap<BString, (Vec<BString>, bool)>;

impl<E: From<ReadError>> Merge<'_, E> {
    /// Directories of the base that a side has no longer, or emptied, in which the other side has new files.
    pub(super) fn removed_directories(&self, side: usize) -> Result<BTreeSet<BString>, ReadError> {
        let mut removed = BTreeSet::new();
        let mut seen = BTreeSet::new();
        for (path, _) in self.paths.iter().filter(|(_, place)| place.has_only(&[other(side)])) {
            let directory = split_path(path).0;
            if !directory.is_empty()
                && seen.insert(directory)
                && self.holds_files(BASE, directory)?
                && !self.holds_files(side, directory)?
            {
                removed.insert(directory.into());
            }
        }
        Ok(removed)
    }

    /// Where a side's renames say that its removed directories went: those of `removed`, and those below any of `followed`.
    pub(super) fn directory_moves(
        &mut self,
        side: usize,
        renames: &[Rename],
        removed: &BTreeSet<BString>,
        followed: &BTreeSet<BString>,
    ) -> Result<Moves, ReadError> {
        let mut counts: BTreeMap<&BStr, BTreeMap<&BStr, usize>> = BTreeMap::new();
        for rename in renames {
            for (at, (from, to)) in directory_pairs(&rename.from, &rename.to).into_iter().enumerate() {
                let is_removed = removed.contains(from);
                if !is_removed && (!is_below_any(from, followed) || self.holds_files(side, from)?) {
                    break;
                }
                if is_removed || at == 0 {
                    *counts.entry(from).or_default().entry(to).or_default() += 1;
                }
            }
        }
        let mut moves = Moves::new();
        let mut split = Vec::new();
        for (from, targets) in counts {
            let most = targets.values().copied().max().unwrap_or_default();
            let mut best = targets.iter().filter(|(_, count)| **count == most);
            match (best.next(), best.next()) {
                (Some((to, _)), None) => drop(moves.insert(from.into(), BString::from(*to))),
                _ => split.push(BString::from(from)),
            }
        }
        for directory in split {
            self.is_clean = false;
            let text = format!(
                "CONFLICT (directory rename split): Unclear where to rename {directory} to; it was renamed to \
                 multiple other directories, with no destination getting a majority of the files."
            );
            self.tell(Message::new(MessageKind::DirectorySplit, directory.as_bstr(), text));
        }
        Ok(moves)
    }

    /// Moves the files that go along with directories, and gives the renames as they are then.
    pub(super) fn move_along(
        &mut self,
        renames: [Vec<Rename>; 2],
        moves: &[Moves; 2],
    ) -> Result<Vec<Rename>, ReadError> {
        let mut collisions = [Collisions::new(), Collisions::new()];
        for side in [OURS, THEIRS] {
            for path in self.newcomers(side) {
                if let Some(to) = target(&path, &moves[other(side) - OURS]).map(|(_, _, to)| to) {
                    collisions[side - OURS].entry(to).or_default().0.push(path);
                }
            }
        }
        let mut all = Vec::new();
        for (side, side_renames) in [OURS, THEIRS].into_iter().zip(renames) {
            let mut sources: BTreeMap<BString, BString> =
                side_renames.into_iter().map(|rename| (rename.to, rename.from)).collect();
            for path in self.newcomers(side) {
                let from = sources.remove(&path);
                let to = self.target_of(side, &path, moves, &mut collisions)?;
                if let Some(to) = &to {
                    self.move_file(side, &path, to, from.as_ref())?;
                }
                if let Some(from) = from {
                    all.push(Rename { side, from, to: to.unwrap_or(path) });
                }
            }
            all.extend(sources.into_iter().map(|(to, from)| Rename { side, from, to }));
        }
        Ok(all)
    }

    /// The files that a side has and the base has not.
    fn newcomers(&self, side: usize) -> Vec<BString> {
        let added = self.paths.iter().filter(|(_, place)| place.settled.is_none());
        added.filter(|(_, place)| !place.has(BASE) && place.has(side)).map(|(path, _)| path.clone()).collect()
    }

    /// Where a side's new file goes with its directory; `None` where it stays.
    fn target_of(
        &mut self,
        side: usize,
        path: &BString,
        moves: &[Moves; 2],
        collisions: &mut [Collisions; 2],
    ) -> Result<Option<BString>, ReadError> {
        if collisions[other(side) - OURS].contains_key(path) {
            return Ok(None);
        }
        let Some((old, new, to)) = target(path, &moves[other(side) - OURS]) else { return Ok(None) };
        if moves[side - OURS].contains_key(new) {
            let text = format!(
                "WARNING: Avoiding applying {old} -> {new} rename to {path}, because {new} itself was renamed."
            );
            self.tell(Message::new(MessageKind::DirectoryRerenamed, old, text).with(&[path.as_bstr(), new]));
            return Ok(None);
        }
        let is_in_way = self.is_in_way(side, to.as_bstr())? || to.len() > MAX_PATH;
        let (files, is_told) = collisions[side - OURS].entry(to.clone()).or_default();
        if !is_in_way && files.len() < 2 && !*is_told {
            return Ok(Some(to));
        }
        self.is_clean = false;
        if !std::mem::replace(is_told, true) {
            let list = files.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let (kind, text) = if is_in_way {
                let text = format!(
                    "CONFLICT (implicit dir rename): Existing file/dir at {to} in the way of implicit directory \
                     rename(s) putting the following path(s) there: {list}."
                );
                (MessageKind::DirectoryInWay, text)
            } else {
                let text = format!(
                    "CONFLICT (implicit dir rename): Cannot map more than one path to {to}; implicit directory \
                     renames tried to put these paths there: {list}"
                );
                (MessageKind::DirectoryCollision, text)
            };
            let files: Vec<&BStr> = files.iter().map(|file| file.as_bstr()).collect();
            let message = Message::new(kind, to.as_bstr(), text).with(&files);
            self.tell(message);
        }
        Ok(None)
    }

    fn is_in_way(&self, side: usize, path: &BStr) -> Result<bool, ReadError> {
        if self.has_directory(side, path)? {
            return Ok(true);
        }
        match self.paths.get(path) {
            Some(place) => Ok(place.settled.is_some() || place.has(side)),
            None => Ok(!self.moved.contains(path) && self.entry_kind(side, path)?.is_some()),
        }
    }

    /// Lets a file that all versions have be looked at again, where a directory may come to stand in its place.
    fn give_way(&mut self, path: &[u8]) -> Result<(), ReadError> {
        if let Some(place) = self.paths.get_mut(path.as_bstr()) {
            place.settled = None;
            return Ok(());
        }
        let Some(tree) = &self.trees.ours else { return Ok(()) };
        let Some(found) = tree::find(self.source, tree, path)?.filter(|entry| entry.kind.is_blob()) else {
            return Ok(());
        };
        // Neither side changed it.
        let side = Some(Side { kind: found.kind, id: found.id, size: found.size });
        self.ours.insert(path.into(), side);
        let place = Place { stages: [side; 3], equal: Some((BASE, OURS)), ..Place::default() };
        self.paths.insert(path.into(), place);
        Ok(())
    }

    /// Moves a side's new file with its directory, which is a conflict where the options say so.
    fn move_file(
        &mut self,
        side: usize,
        path: &BString,
        to: &BString,
        from: Option<&BString>,
    ) -> Result<(), ReadError> {
        let Some(place) = self.paths.remove(path) else { return Ok(()) };
        self.moved.insert(path.clone());
        for directory in ancestors(to) {
            self.give_way(directory)?;
            let mut is_there = self.paths.contains_key(directory);
            for version in [BASE, OURS, THEIRS] {
                is_there = is_there || self.entry_kind(version, directory)?.is_some();
            }
            if is_there {
                break;
            }
            self.made.entry(directory.into()).or_default()[side] = true;
        }
        let new = self.paths.entry(to.clone()).or_default();
        new.stages[side] = place.stages[side];
        new.origins[side] = Some(place.origin(side, path.as_bstr()).into());
        let is_conflict = self.options.directory_renames == DirectoryRenames::Conflict;
        new.is_path_conflict |= is_conflict;
        let (with_file, with_rename) = (self.label(side), self.label(other(side)));
        let text = match (is_conflict, from) {
            (true, None) => format!(
                "CONFLICT (file location): {path} added in {with_file} inside a directory that was renamed in \
                 {with_rename}, suggesting it should perhaps be moved to {to}."
            ),
            (true, Some(from)) => format!(
                "CONFLICT (file location): {from} renamed to {path} in {with_file}, inside a directory that was \
                 renamed in {with_rename}, suggesting it should perhaps be moved to {to}."
            ),
            (false, None) => format!(
                "Path updated: {path} added in {with_file} inside a directory that was renamed in {with_rename}; \
                 moving it to {to}."
            ),
            (false, Some(from)) => format!(
                "Path updated: {from} renamed to {path} in {with_file}, inside a directory that was renamed in \
                 {with_rename}; moving it to {to}."
            ),
        };
        let kind = if is_conflict { MessageKind::FileLocation } else { MessageKind::FileMoved };
        self.tell(Message::new(kind, to.as_bstr(), text).with(&[path.as_bstr()]));
        Ok(())
    }
}

/// The directories that a renamed file went from and to: its own, then those above as long as the names between agree.
fn directory_pairs<'a>(from: &'a BString, to: &'a BString) -> Vec<(&'a BStr, &'a BStr)> {
    let (mut from, mut to) = (split_path(from).0, split_path(to).0);
    let mut pairs = Vec::new();
    while !from.is_empty() {
        pairs.push((from.as_bstr(), to.as_bstr()));
        let ((from_above, from_name), (to_above, to_name)) = (split_path(from), split_path(to));
        if to.is_empty() || from_name != to_name {
            break;
        }
        (from, to) = (from_above, to_above);
    }
    pairs
}

/// The nearest renamed directory that a path is in, its new place, and the path there.
fn target<'a>(path: &BString, moves: &'a Moves) -> Option<(&'a BStr, &'a BStr, BString)> {
    let (old, new) = ancestors(path).find_map(|directory| moves.get_key_value(directory))?;
    let rest = &path[old.len() + 1..];
    Some((old.as_bstr(), new.as_bstr(), join_path(new, rest)))
}

/// Whether a path is below one of these directories.
pub(super) fn is_below_any(path: &[u8], directories: &BTreeSet<BString>) -> bool {
    !directories.is_empty() && ancestors(path).any(|directory| directories.contains(directory))
}

/// Forgets directories that both sides renamed.
pub(super) fn drop_common(moves: &mut [Moves; 2]) {
    let [ours, theirs] = moves;
    let common: Vec<BString> =
        ours.keys().filter(|directory| theirs.contains_key(*directory)).cloned().collect();
    for directory in common {
        ours.remove(&directory);
        theirs.remove(&directory);
    }
}
