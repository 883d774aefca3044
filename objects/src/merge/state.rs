//! What a merge knows: every path that a side changed, with what each version has there.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use bstr::{BStr, BString, ByteSlice};

use super::content::NewContent;
use super::message::Message;
use super::text::Labels;
use super::{MergeOptions, Trees, Unmerged};
use crate::change::Side;
use crate::cursor::Leaves;
use crate::diff::diff_trees;
use crate::id::ObjectId;
use crate::kind::Kind;
use crate::page::Body;
use crate::source::{ObjectSource, ReadError};
use crate::tree::{self, Entry};

pub(super) const BASE: usize = 0;
pub(super) const OURS: usize = 1;
pub(super) const THEIRS: usize = 2;

/// The other of the two sides.
pub(super) const fn other(side: usize) -> usize {
    OURS + THEIRS - side
}

/// A path that at least one side changed.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    /// The file or symlink in the base, in ours and in theirs. Renames bring stages here from elsewhere.
    pub(super) stages: [Option<Side>; 3],
    /// Where a stage's file stands in its own tree, where that is another path.
    pub(super) origins: [Option<BString>; 3],
    /// Two versions that were equal here before renames were looked at.
    pub(super) equal: Option<(usize, usize)>,
    /// The path itself is in conflict, whatever becomes of the content.
    pub(super) is_path_conflict: bool,
    /// Whether a stage holds conflict markers, from a merge with another path.
    pub(super) has_markers: bool,
    /// What stands here in the end, where it was clear from the start.
    pub(super) settled: Option<Option<Side>>,
}

impl Place {
    fn new(stages: [Option<Side>; 3]) -> Self {
        let is_equal = |a: usize, b: usize| stages[a].is_some() && stages[a] == stages[b];
        let equal = [(BASE, OURS), (BASE, THEIRS), (OURS, THEIRS)].into_iter().find(|&(a, b)| is_equal(a, b));
        let mut place = Self { stages, equal, ..Self::default() };
        if stages.iter().all(Option::is_some) {
            place.settled = equal.map(|pair| place.stages[unlike(pair)]);
        }
        place
    }

    pub(super) fn has(&self, version: usize) -> bool {
        self.stages[version].is_some()
    }

    /// Whether it has a file in these versions, and in no other.
    pub(super) fn has_only(&self, versions: &[usize]) -> bool {
        (BASE..=THEIRS).all(|version| self.has(version) == versions.contains(&version))
    }

    /// Whether a side still has the file, and it is not one that the other side has deleted or moved.
    pub(super) fn is_left(&self) -> bool {
        match self.equal {
            Some((BASE, side)) if !self.is_path_conflict => self.has(other(side)),
            _ => self.has(OURS) || self.has(THEIRS),
        }
    }

    /// The path of a version's file in its own tree.
    pub(super) fn origin<'a>(&'a self, version: usize, path: &'a BStr) -> &'a BStr {
        self.origins[version].as_ref().map_or(path, |origin| origin.as_bstr())
    }
}

/// The version whose content is the merge of a place where two are equal.
pub(super) fn unlike(pair: (usize, usize)) -> usize {
    match pair {
        (BASE, OURS) => THEIRS,
        _ => OURS,
    }
}

/// A merge at work.
pub(super) struct Merge<'a, E> {
    pub(super) source: &'a dyn ObjectSource,
    pub(super) trees: &'a Trees<'a>,
    pub(super) labels: Labels<'a>,
    pub(super) options: &'a MergeOptions,
    /// 0 for the merge that was asked for, 1 and more for merges of its bases.
    pub(super) depth: usize,
    pub(super) sink: &'a mut dyn FnMut(ObjectId, NewContent) -> Result<(), E>,
    /// Merged contents that are merged again.
    pub(super) kept: HashMap<ObjectId, NewContent>,
    pub(super) paths: BTreeMap<BString, Place>,
    /// What ours has at each of the paths that the merge began with.
    pub(super) ours: HashMap<BString, Option<Side>>,
    /// Empty directories that a side has made or removed.
    pub(super) empty: BTreeSet<BString>,
    /// Directories that came about by moving files, with the side whose files they are.
    pub(super) made: BTreeMap<BString, [bool; 3]>,
    /// Paths whose files were moved away with their directory.
    pub(super) moved: BTreeSet<BString>,
    pub(super) results: BTreeMap<BString, Option<Side>>,
    pub(super) unmerged: Vec<Unmerged>,
    pub(super) messages: Vec<Message>,
    pub(super) is_clean: bool,
    pub(super) has_skipped_renames: bool,
}

impl<E: From<ReadError>> Merge<'_, E> {
    /// Finds the paths that changed; what neither side touched is not read.
    pub(super) fn collect(&mut self) -> Result<(), ReadError> {
        let base = self.trees.base.as_ref();
        let mut stages: BTreeMap<BString, [Option<Side>; 3]> = BTreeMap::new();
        for (side, tree) in [(OURS, &self.trees.ours), (THEIRS, &self.trees.theirs)] {
            for change in diff_trees(self.source, base, tree.as_ref(), &|_, _| true)? {
                let is_directory = |side: Option<Side>| side.is_some_and(|side| side.kind == Kind::Directory);
                if is_directory(change.old) || is_directory(change.new) {
                    self.empty.insert(change.path.clone());
                }
                let file = |side: Option<Side>| side.filter(|side| side.kind.is_blob());
                let old = file(change.old);
                stages.entry(change.path).or_insert([old; 3])[side] = file(change.new);
            }
        }
        for (path, stages) in stages.into_iter().filter(|(_, stages)| stages.iter().any(Option::is_some)) {
            self.ours.insert(path.clone(), stages[OURS]);
            self.paths.insert(path, Place::new(stages));
        }
        Ok(())
    }

    /// Whether a version has a directory at a path.
    pub(super) fn has_directory(&self, version: usize, path: &[u8]) -> Result<bool, ReadError> {
        if self.made.get(path.as_bstr()).is_some_and(|made| made[version]) {
            return Ok(true);
        }
        Ok(self.entry_kind(version, path)? == Some(Kind::Directory))
    }

    /// Whether a version has files in a directory, or below it: where one is empty, git has none.
    pub(super) fn holds_files(&self, version: usize, path: &[u8]) -> Result<bool, ReadError> {
        if self.made.get(path.as_bstr()).is_some_and(|made| made[version]) {
            return Ok(true);
        }
        let tree = [&self.trees.base, &self.trees.ours, &self.trees.theirs][version];
        let Some(tree) = tree else { return Ok(false) };
        let found = tree::find(self.source, tree, path)?;
        match found.filter(|entry| entry.kind == Kind::Directory) {
            Some(entry) => has_file(self.source, &entry.id),
            None => Ok(false),
        }
    }

    /// What kind of thing a version's tree has at a path.
    pub(super) fn entry_kind(&self, version: usize, path: &[u8]) -> Result<Option<Kind>, ReadError> {
        let tree = [&self.trees.base, &self.trees.ours, &self.trees.theirs][version];
        let Some(tree) = tree else { return Ok(None) };
        Ok(tree::find(self.source, tree, path)?.map(|entry| entry.kind))
    }

    /// The name of a side in messages.
    pub(super) fn label(&self, side: usize) -> &BStr {
        if side == OURS { self.labels.ours } else { self.labels.theirs }
    }

    /// Keeps a message, unless it is about a merge of bases.
    pub(super) fn tell(&mut self, message: Message) {
        if self.depth == 0 {
            self.messages.push(message);
        }
    }

    /// A path that nothing has: `path~label`, with a number where that is taken.
    pub(super) fn unique_path(&self, path: &BStr, side: usize) -> Result<BString, ReadError> {
        let label = self.label(side).replace("/", "_");
        let room = crate::name::MAX_NAME - "_4294967295".len();
        let (directory, name) = crate::name::split_path(path);
        let name = [name, b"~", &label].concat();
        let stem = crate::name::join_path(directory, &name[..name.len().min(room)]);
        let mut unique = stem.clone();
        for number in 0u32.. {
            let mut is_taken = self.paths.contains_key(&unique) || self.results.contains_key(&unique);
            for version in [BASE, OURS, THEIRS] {
                is_taken = is_taken || self.entry_kind(version, &unique)?.is_some();
            }
            if !is_taken {
                break;
            }
            unique = format!("_{number}").bytes().fold(stem.clone(), |mut path, byte| {
                path.push(byte);
                path
            });
        }
        Ok(unique)
    }
}

/// Whether there is a file or symlink in a tree. Reads no further than to the first.
fn has_file(source: &dyn ObjectSource, tree: &ObjectId) -> Result<bool, ReadError> {
    for item in Leaves::new(source, Body::Tree, tree)? {
        let entry = Entry::from_item(item?);
        if entry.kind != Kind::Directory || has_file(source, &entry.id)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The entries of a map that are below a directory.
pub(super) fn below<'a, T>(
    map: &'a BTreeMap<BString, T>,
    directory: &[u8],
) -> impl Iterator<Item = (&'a BString, &'a T)> {
    let bound = |end: u8| BString::from([directory, &[end]].concat());
    map.range((Bound::Included(bound(b'/')), Bound::Excluded(bound(b'/' + 1))))
}
