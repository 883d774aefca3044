//! Which files a side renamed: by their node ids, by equal content, by name and similar content, by similar content.
//!
//! The steps and thresholds are those of git's merge, except for node ids, and for its guess which of several files of one
//! name in a renamed directory belongs to which. Of files that are only similar, those are compared that matter: what the
//! other side changed, or what tells where a directory went into which the other side put something.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use bstr::{BStr, BString, ByteSlice};

use super::directories::is_below_any;
use super::state::{BASE, Merge, Place, other};
use crate::change::{Change, Side};
use crate::id::NodeId;
use crate::kind::Kind;
use crate::name::split_path;
use crate::rename::{RenameOptions, find_renames};
use crate::source::ReadError;

/// A file that one side renamed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rename {
    pub(super) side: usize,
    pub(super) from: BString,
    pub(super) to: BString,
}

impl<E: From<ReadError>> Merge<'_, E> {
    /// The renames of a side. `followed` are directories that one side removed, and in which the other side has new files.
    pub(super) fn find_side_renames(
        &mut self,
        side: usize,
        followed: &BTreeSet<BString>,
    ) -> Result<Vec<Rename>, ReadError> {
        let mut renames = self.renames_by_node(side);
        let Some(options) = self.options.renames else { return Ok(renames) };
        let mut deleted = self.paths.iter().filter(|(_, place)| place.has(BASE) && !place.has(side));
        if !deleted.any(|(path, _)| self.is_relevant(side, path, followed)) {
            return Ok(renames);
        }
        let known: HashSet<&BString> = renames.iter().flat_map(|rename| [&rename.from, &rename.to]).collect();
        let open = self.paths.iter().filter(|(path, place)| place.settled.is_none() && !known.contains(path));
        let changes: Vec<Change> = open.filter_map(|(path, place)| candidate(side, path, place)).collect();
        let mut search = Search { merge: self, error: None, found: Vec::new(), left: changes };
        search.join_all(RenameOptions { min_similarity: 100, ..options });
        search.left.retain(|change| change.old.is_none() || self.is_relevant(side, &change.path, followed));
        let mut has_skipped = false;
        if options.min_similarity < 100 && search.left.iter().any(|change| change.old.is_some()) {
            search.join_names(options);
            has_skipped = search.is_beyond(options);
            search.join_all(options);
        }
        let Search { error, found, .. } = search;
        error.map_or(Ok(()), Err)?;
        renames.extend(found.into_iter().map(|(from, to)| Rename { side, from, to }));
        self.has_skipped_renames |= has_skipped;
        Ok(renames)
    }

    /// Files whose node is at another path now. What stands at the old path, if anything, is another node.
    fn renames_by_node(&self, side: usize) -> Vec<Rename> {
        let Some(tables) = self.trees.nodes else { return Vec::new() };
        let open = || self.paths.iter().filter(|(_, place)| place.settled.is_none());
        let mut sources: HashMap<(NodeId, bool), &BString> = HashMap::new();
        for (path, place) in open() {
            let Some(base) = place.stages[BASE] else { continue };
            let node = tables[BASE].node(path);
            if !place.has(side) || tables[side].node(path) != node {
                sources.insert((node, base.kind == Kind::Symlink), path);
            }
        }
        if sources.is_empty() {
            return Vec::new();
        }
        let added = open().filter(|(_, place)| !place.has(BASE));
        let renames = added.filter_map(|(path, place)| {
            let new = place.stages[side]?;
            let from = sources.remove(&(tables[side].node(path), new.kind == Kind::Symlink))?;
            Some(Rename { side, from: from.clone(), to: path.clone() })
        });
        renames.collect()
    }

    /// Whether it matters where a file went that the side has no longer.
    fn is_relevant(&self, side: usize, path: &BString, followed: &BTreeSet<BString>) -> bool {
        let is_changed = self.paths.get(path).is_none_or(|place| place.equal != Some((BASE, other(side))));
        is_changed || is_below_any(path, followed)
    }
}

/// The directories that a path is in, the nearest first, without the root.
pub(super) fn ancestors(path: &[u8]) -> impl Iterator<Item = &BStr> {
    let parents = std::iter::successors(Some(split_path(path).0), |directory| Some(split_path(directory).0));
    parents.take_while(|directory| !directory.is_empty()).map(ByteSlice::as_bstr)
}

/// What a side deleted or added, where there is a content to compare.
fn candidate(side: usize, path: &BString, place: &Place) -> Option<Change> {
    let is_one_sided = place.has(BASE) != place.has(side);
    let is_filled =
        [BASE, side].iter().any(|version| place.stages[*version].is_some_and(|side| side.size > 0));
    (is_one_sided && is_filled).then(|| Change::at(path.clone(), place.stages[BASE], place.stages[side]))
}

struct Search<'a, 'm, E> {
    merge: &'a Merge<'m, E>,
    error: Option<ReadError>,
    found: Vec<(BString, BString)>,
    left: Vec<Change>,
}

impl<E: From<ReadError>> Search<'_, '_, E> {
    /// Joins all changes that fit.
    fn join_all(&mut self, options: RenameOptions) {
        let changes = std::mem::take(&mut self.left);
        self.left = self.join(changes, options);
    }

    /// Joins a deleted and an added file each that are the only ones of their name, and very similar.
    fn join_names(&mut self, options: RenameOptions) {
        let min_similarity = options.min_similarity + (100 - options.min_similarity) / 2;
        let pairs = self.unique_names();
        let changes = std::mem::take(&mut self.left).into_iter().map(|change| (change.path.clone(), change));
        let mut left: BTreeMap<BString, Change> = changes.collect();
        for (from, to) in pairs {
            let pair = [from, to].iter().filter_map(|path| left.remove(path)).collect();
            let rest = self.join(pair, RenameOptions { min_similarity, ..options });
            left.extend(rest.into_iter().map(|change| (change.path.clone(), change)));
        }
        self.left = left.into_values().collect();
    }

    /// Notes the renames among changes, and gives the others.
    fn join(&mut self, changes: Vec<Change>, options: RenameOptions) -> Vec<Change> {
        let mut content = |_: &BStr, side: &Side| match self.merge.read(&side.id) {
            Ok(content) => Some(content),
            Err(error) => {
                self.error.get_or_insert(error);
                None
            }
        };
        let (renamed, left): (Vec<_>, Vec<_>) = find_renames(changes, options, &mut content)
            .into_iter()
            .partition(|change| change.old_path.is_some());
        self.found.extend(renamed.into_iter().filter_map(|change| Some((change.old_path?, change.path))));
        left
    }

    /// Whether more files are left than may be compared with each other.
    fn is_beyond(&self, options: RenameOptions) -> bool {
        let is_compared = |side: &Side| side.kind.is_file() && (1..=options.max_size).contains(&side.size);
        let count = |is_source: bool| {
            let sides = self.left.iter().filter_map(|change| if is_source { change.old } else { change.new });
            sides.filter(is_compared).count()
        };
        let (sources, targets) = (count(true), count(false));
        sources > 0 && targets > 0 && sources.max(targets) > options.limit
    }

    /// The old and the new path of each name that one deleted and one added file have.
    fn unique_names(&self) -> Vec<(BString, BString)> {
        let names = |is_source: bool| {
            let mut names: HashMap<&[u8], Option<&BString>> = HashMap::new();
            for change in self.left.iter().filter(|change| change.old.is_some() == is_source) {
                let only = names.entry(split_path(&change.path).1);
                only.and_modify(|only| *only = None).or_insert(Some(&change.path));
            }
            names
        };
        let (sources, targets) = (names(true), names(false));
        let pair = |(name, from): (&&[u8], &Option<&BString>)| {
            let to = (*targets.get(name)?)?;
            Some(((*from)?.clone(), to.clone()))
        };
        let mut pairs: Vec<_> = sources.iter().filter_map(pair).collect();
        pairs.sort();
        pairs
    }
}
