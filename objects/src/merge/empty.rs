//! Empty directories, which pond has versions of and git has not.
//!
//! A directory is kept or removed by the usual rule: where the sides differ, the one that differs from the base wins. So one
//! that a side made stays, one that a side removed goes, and one that both have stays even where the merge takes away the
//! last file in it.

use std::collections::{BTreeMap, BTreeSet};

use bstr::{BString, ByteSlice};

use super::similar::ancestors;
use super::state::{BASE, Merge, OURS, THEIRS, below};
use crate::change::Side;
use crate::cursor::Leaves;
use crate::kind::Kind;
use crate::name::join_path;
use crate::page::Body;
use crate::page::empty_tree;
use crate::source::ReadError;
use crate::tree::{self, Entry, edit::Update};

impl<E: From<ReadError>> Merge<'_, E> {
    /// The empty directories of either side that the merge keeps.
    pub(super) fn kept_directories(&self) -> Result<BTreeSet<BString>, ReadError> {
        let mut kept = BTreeSet::new();
        for path in &self.empty {
            if self.is_directory_wanted(path)? {
                kept.insert(path.clone());
            }
        }
        Ok(kept)
    }

    fn is_directory_wanted(&self, path: &BString) -> Result<bool, ReadError> {
        let [base, ours, theirs] = [BASE, OURS, THEIRS].map(|version| self.entry_kind(version, path));
        let [base, ours, theirs] = [base?, ours?, theirs?].map(|kind| kind == Some(Kind::Directory));
        Ok(if ours == theirs || theirs == base { ours } else { theirs })
    }

    /// The results against what ours has, with the directories that become empty, stay empty or vanish; in path order.
    pub(super) fn updates(&self) -> Result<Vec<Update>, ReadError> {
        let mut updates: Vec<Update> = Vec::new();
        for (path, result) in &self.results {
            if *result != self.ours.get(path).copied().flatten() {
                updates.push((path.clone(), *result));
            }
        }
        let is_moved =
            |(path, side): &(&BString, &Option<Side>)| side.is_some() && !self.results.contains_key(*path);
        updates.extend(self.ours.iter().filter(is_moved).map(|(path, _)| (path.clone(), None)));
        let removed = updates.iter().filter(|(_, side)| side.is_none()).map(|(path, _)| path);
        let inner: Vec<&BString> = removed.chain(&self.empty).collect();
        let mut directories: BTreeSet<BString> =
            inner.into_iter().flat_map(|path| ancestors(path)).map(BString::from).collect();
        directories.extend(self.empty.iter().cloned());
        let mut known: BTreeMap<BString, Option<Side>> = updates.iter().cloned().collect();
        for path in directories.iter().rev() {
            let is_file =
                |path: &[u8]| self.results.get(path.as_bstr()).is_some_and(|result| result.is_some());
            if is_file(path)
                || ancestors(path).any(|directory| is_file(directory))
                || self.is_filled(path, &known)?
            {
                continue;
            }
            let is_wanted = self.is_directory_wanted(path)?;
            let old = self.trees.ours.map(|ours| tree::find(self.source, &ours, path)).transpose()?.flatten();
            let old = old.filter(|old| old.kind == Kind::Directory).map(|old| old.id);
            let empty = empty_tree();
            let new = is_wanted.then_some(Side { kind: Kind::Directory, id: empty, size: 0 });
            if is_wanted != (old == Some(empty)) {
                known.insert(path.clone(), new);
            }
        }
        let mut updates: Vec<Update> = known.into_iter().collect();
        updates.sort_by(|a, b| crate::path_order(&a.0, &b.0));
        Ok(updates)
    }

    /// Whether anything is left, or new, in a directory of ours.
    fn is_filled(
        &self,
        directory: &BString,
        known: &BTreeMap<BString, Option<Side>>,
    ) -> Result<bool, ReadError> {
        if below(known, directory).any(|(_, side)| side.is_some()) {
            return Ok(true);
        }
        let Some(ours) = &self.trees.ours else { return Ok(false) };
        let Some(entry) = tree::find(self.source, ours, directory)? else { return Ok(false) };
        if entry.kind != Kind::Directory {
            return Ok(false);
        }
        for item in Leaves::new(self.source, Body::Tree, &entry.id)? {
            let entry = Entry::from_item(item?);
            let path = join_path(directory, &entry.name);
            let is_left = match known.get(&path) {
                Some(side) => side.is_some(),
                None if entry.kind != Kind::Directory || below(known, &path).next().is_none() => true,
                None => self.is_filled(&path, known)?,
            };
            if is_left {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
