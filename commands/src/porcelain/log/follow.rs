//! `--follow`: one file through its renames.
//!
//! A file keeps its node id when it is renamed. Where a commit adds the file that is followed, the one of the parent with
//! the same node id is followed from there; without one, the one that has most of the content.

use std::ffi::OsStr;

use bstr::{BString, ByteSlice as _};
use pond_objects::node::NodeTable;
use pond_objects::rename::{RenameOptions, find_renames};
use pond_objects::{
    Change, Commit, Kind, NodeId, ObjectId, ObjectSource, ReadError, Side, diff, read_blob, tree,
};
use pond_oplog::Store;

use crate::error::{CommandError, usage};
use crate::revisions::path_from_root;
use crate::ui::escape;
use crate::workspace::Workspace;

/// The file, at the path that it has in the commits to come.
pub(super) struct Follow {
    path: BString,
    /// Known from the newest commit that touched it.
    node: Option<NodeId>,
}

impl Follow {
    /// Follows what the user calls `given`.
    pub(super) fn new(workspace: &Workspace<'_>, given: &OsStr) -> Result<Self, CommandError> {
        let path = path_from_root(workspace, given)?;
        let root = workspace.head_tree()?;
        let found = root.map(|root| tree::find(workspace.store(), &root, &path)).transpose()?.flatten();
        if path.is_empty() || found.is_some_and(|entry| entry.kind == Kind::Directory) {
            let given = escape::plain(given.as_encoded_bytes());
            return Err(usage(format_args!("--follow takes one file, and '{given}' is a directory"))
                .hint(format_args!("'pond log -- {given}' shows the commits that changed anything in it")));
        }
        Ok(Self { path, node: None })
    }

    /// What a commit did to the file; nothing where it did not touch it.
    pub(super) fn step(&mut self, store: &Store, commit: &Commit) -> Result<Vec<Change>, CommandError> {
        let parents: Vec<Commit> =
            commit.parents.iter().map(|id| store.commit(id)).collect::<Result<_, _>>()?;
        let new = side_at(store, &commit.tree, &self.path)?;
        let mut olds = Vec::with_capacity(parents.len());
        for parent in &parents {
            let old = side_at(store, &parent.tree, &self.path)?;
            // A merge that took the file from one parent did nothing to it.
            if old == new {
                return Ok(Vec::new());
            }
            olds.push(old);
        }
        // Another file may have had this path before, or has it now: it has another node id.
        let new = self.same_node(store, commit, new)?;
        let old = match parents.first().zip(olds.first()) {
            Some((parent, old)) => self.same_node(store, parent, *old)?,
            None => None,
        };
        if old.is_none() && new.is_none() {
            return Ok(Vec::new());
        }
        let mut change = Change::at(self.path.clone(), old, new);
        if let (None, Some(_), Some(parent)) = (old, new, parents.first())
            && let Some(renamed) = self.origin(store, parent, commit)?
        {
            self.path = renamed.source_path().clone();
            // One that was found by its content had an id of its own.
            self.node = None;
            change = renamed;
        }
        Ok(vec![change])
    }

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

    /// Where the file was before a commit that has it at a new path.
    fn origin(&self, store: &Store, parent: &Commit, commit: &Commit) -> Result<Option<Change>, ReadError> {
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
            None => {
                let found = find_renames(changes, RenameOptions::default(), &mut |_, side| {
                    read_blob(store, &side.id).ok()
                });
                found.into_iter().find(|change| change.path == self.path && change.old_path.is_some())
            }
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
