//! One file through its renames, on every line of history by itself.
//!
//! A file keeps its node id when it is renamed. Where a commit adds the file that is followed, the one of the parent with
//! the same node id is followed from there; without one, the one that has most of the content.

use std::collections::HashMap;

use bstr::{BString, ByteSlice as _};
use pond_objects::node::NodeTable;
use pond_objects::rename::{RenameOptions, find_renames};
use pond_objects::{Change, Commit, NodeId, ObjectId, ObjectSource, ReadError, Side, diff, read_blob, tree};
use pond_oplog::Store;

use crate::walk::Touched;

/// The file, at the path that it has on each line of history.
///
/// A commit is asked about the paths under which its children have the file: a rename on one side of a merge is none on the
/// other. So children have to come before their parents.
pub struct Follow<'a> {
    store: &'a Store,
    /// What is known of each path that was asked about.
    touched: HashMap<BString, Touched<'a>>,
    /// What commits are asked about that no other leads to.
    first: Asked,
    /// What the commits to come are asked about.
    asked: HashMap<ObjectId, Vec<Asked>>,
}

/// A path at which the file may be.
#[derive(Debug, Clone)]
struct Asked {
    path: BString,
    /// Known from the newest commit on this line that touched it.
    node: Option<NodeId>,
}

/// What a parent has of the file.
struct Before {
    side: Option<Side>,
    /// The change from it, where it has the file at another path.
    renamed: Option<Change>,
}

impl<'a> Follow<'a> {
    /// Follows the file that the newest commits have at `path`.
    pub fn new(store: &'a Store, path: BString) -> Self {
        let first = Asked { path, node: None };
        Self { store, touched: HashMap::new(), first, asked: HashMap::new() }
    }

    /// Whether it is known, without a look at trees, that a commit left the file as it is in all of its parents: these are asked in its
    /// place then.
    ///
    /// # Errors
    /// Those of reading commits and trees.
    pub fn passes(&mut self, id: &ObjectId, parents: &[ObjectId]) -> Result<bool, ReadError> {
        let asked = self.asked.get(id).map_or(std::slice::from_ref(&self.first), Vec::as_slice);
        for Asked { path, .. } in asked {
            let at_path = || Touched::at(self.store, path.clone());
            if self.touched.entry(path.clone()).or_insert_with(at_path).takes(id)? {
                return Ok(false);
            }
        }
        let asked = self.asked.remove(id).unwrap_or_else(|| vec![self.first.clone()]);
        for parent in parents {
            asked.iter().for_each(|asked| self.ask(*parent, asked.clone()));
        }
        Ok(true)
    }

    /// What a commit did to the file; nothing if it did not touch it. The parents are asked about the file in turn.
    ///
    /// # Errors
    /// Those of reading commits, trees and contents.
    pub fn step(&mut self, id: &ObjectId, commit: &Commit) -> Result<Vec<Change>, ReadError> {
        let store = self.store;
        let asked = self.asked.remove(id).unwrap_or_else(|| vec![self.first.clone()]);
        let parents: Vec<Commit> =
            commit.parents.iter().map(|id| store.commit(id)).collect::<Result<_, _>>()?;
        let mut changes = Vec::new();
        for asked in asked {
            changes.extend(self.step_at(store, commit, &parents, asked)?);
        }
        Ok(changes)
    }

    /// The same of the file at one path; the parents are asked about it in turn.
    fn step_at(
        &mut self,
        store: &Store,
        commit: &Commit,
        parents: &[Commit],
        mut asked: Asked,
    ) -> Result<Option<Change>, ReadError> {
        let new = side_at(store, &commit.tree, &asked.path)?;
        let olds = parents.iter().map(|parent| side_at(store, &parent.tree, &asked.path));
        let olds = olds.collect::<Result<Vec<_>, _>>()?;
        if !parents.is_empty() && olds.iter().all(|old| *old == new) {
            commit.parents.iter().for_each(|id| self.ask(*id, asked.clone()));
            return Ok(None);
        }
        // Another file may have had this path before, or has it now: it has another node id.
        let new = asked.same_node(store, commit, new)?;
        let mut before = Vec::with_capacity(parents.len());
        for (parent, old) in parents.iter().zip(olds) {
            let side = if old == new { old } else { asked.same_node(store, parent, old)? };
            before.push(Before { side, renamed: None });
        }
        // Where one parent of a merge has the file, only the same node is the file in another.
        let by_content = before.iter().all(|before| before.side.is_none());
        for ((id, parent), before) in commit.parents.iter().zip(parents).zip(&mut before) {
            if let (None, Some(_)) = (before.side, new)
                && let Some(renamed) = asked.origin(store, parent, commit, by_content)?
            {
                // One that was found by its content had an id of its own.
                self.ask(*id, Asked { path: renamed.source_path().clone(), node: None });
                *before = Before { side: renamed.old, renamed: Some(renamed) };
            } else {
                self.ask(*id, asked.clone());
            }
        }
        // A merge that took the file from one parent, under whichever name, did nothing to it.
        if parents.len() > 1 && before.iter().any(|before| before.side == new) {
            return Ok(None);
        }
        let Before { side: old, renamed } =
            before.into_iter().next().unwrap_or(Before { side: None, renamed: None });
        let change = renamed.unwrap_or_else(|| Change::at(asked.path, old, new));
        Ok((old.is_some() || new.is_some()).then_some(change))
    }

    fn ask(&mut self, commit: ObjectId, asked: Asked) {
        let known = self.asked.entry(commit).or_default();
        match known.iter_mut().find(|known| known.path == asked.path) {
            Some(known) => known.node = known.node.or(asked.node),
            None => known.push(asked),
        }
    }
}

impl Asked {
    /// The side of a commit, if it is the file that is followed.
    fn same_node(
        &mut self,
        store: &Store,
        commit: &Commit,
        side: Option<Side>,
    ) -> Result<Option<Side>, ReadError> {
        let Some(side) = side else { return Ok(None) };
        let node = NodeTable::load(store, commit.nodes.as_ref())?.node(&self.path);
        Ok((*self.node.get_or_insert(node) == node).then_some(side))
    }

    /// Where the file was before a commit that has it at a new path; found by its content if that is allowed.
    fn origin(
        &self,
        store: &Store,
        parent: &Commit,
        commit: &Commit,
        by_content: bool,
    ) -> Result<Option<Change>, ReadError> {
        let changes = diff::diff_trees(store, Some(&parent.tree), Some(&commit.tree), &|_, _| true)?;
        let node = NodeTable::load(store, commit.nodes.as_ref())?.node(&self.path);
        let before = NodeTable::load(store, parent.nodes.as_ref())?;
        let gone = changes.iter().find(|change| change.new.is_none() && before.node(&change.path) == node);
        let renamed = match gone {
            Some(gone) => {
                let new = changes.iter().find(|change| change.path == self.path);
                let same = new.is_some_and(|new| new.new.map(|side| side.id) == gone.old.map(|side| side.id));
                let similarity =
                    if same { Some(100) } else { similarity(store, &changes, &self.path, &gone.path) };
                new.map(|new| Change {
                    old: gone.old,
                    old_path: Some(gone.path.clone()),
                    similarity,
                    ..new.clone()
                })
            }
            None if by_content => {
                let found = find_renames(changes, RenameOptions::default(), &mut |_, side| {
                    read_blob(store, &side.id).ok()
                });
                found.into_iter().find(|change| change.path == self.path && change.old_path.is_some())
            }
            None => None,
        };
        Ok(renamed)
    }
}

/// How similar two files are that are known to be one, in percent.
fn similarity(store: &Store, changes: &[Change], new: &BString, old: &BString) -> Option<u8> {
    let pair: Vec<Change> =
        changes.iter().filter(|change| change.path == *new || change.path == *old).cloned().collect();
    let options = RenameOptions { min_similarity: 0, ..RenameOptions::default() };
    let found = find_renames(pair, options, &mut |_, side| read_blob(store, &side.id).ok());
    found.into_iter().find_map(|change| change.similarity).or(Some(0))
}

fn side_at(store: &Store, root: &ObjectId, path: &BString) -> Result<Option<Side>, ReadError> {
    let found = tree::find(store, root, path.as_bytes())?;
    Ok(found.filter(|entry| entry.kind.is_blob()).as_ref().map(Side::from))
}
