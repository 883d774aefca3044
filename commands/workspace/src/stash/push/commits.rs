//! The commits that a stash is.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use bstr::{BString, ByteSlice as _};
use pond_history::short_id;
use pond_mirror::index::{Index, Seen, Update};
use pond_mirror::scan::differences::Differences;
use pond_mirror::scan::{Scan, State};
use pond_mirror::stat::now_ns;
use pond_objects::node::NodeTable;
use pond_objects::page::Page;
use pond_objects::path::above;
use pond_objects::tree::{TreeBuilder, empty_tree};
use pond_objects::{Commit, Kind, ObjectId, ObjectSource as _, Side, Signature, path_order};
use pond_oplog::transaction::{StashEdit, Transaction};

use super::StashError;
use super::taken::Taken;
use crate::error::WorkspaceError;
use crate::session::Signer;
use crate::staging::next_commit::{next_nodes_without_renames, staged_only};
use crate::staging::staged_tree::{NewPages, join};
use crate::workspace::Workspace;

/// The commits that a stash is.
pub(crate) struct Commits {
    index: Commit,
    untracked: Option<Commit>,
    pub files: Commit,
    /// What it is called in lists.
    pub subject: BString,
    pages: Vec<(ObjectId, Arc<Page>)>,
}

impl Commits {
    pub(crate) fn make(
        signer: &dyn Signer,
        workspace: &Workspace<'_>,
        head: ObjectId,
        scan: &Scan,
        taken: &Taken,
        stored: &HashMap<&BString, Side>,
        message: Option<&str>,
    ) -> Result<Self, StashError> {
        let store = workspace.store();
        let base = store.commit(&head)?;
        let nodes = NodeTable::load(store, base.nodes.as_ref())?;
        let branch = workspace.head.branch.as_ref().map_or("(no branch)", |branch| branch.short());
        let at: BString = format!("{branch}: {} {}", short_id(store, &head), base.subject().as_bstr()).into();
        let subject = match message {
            Some(message) => BString::from(format!("On {branch}: {message}")),
            None => [&b"WIP on "[..], &at].concat().into(),
        };
        let (author, committer) = (
            signer.author().map_err(WorkspaceError::Caller)?,
            signer.committer().map_err(WorkspaceError::Caller)?,
        );
        let mut pages = NewPages::new(store);
        let mut commit = |index: Option<&Index>, tree, parents, message: &[u8]| {
            let nodes = index.map(|index| next_nodes_without_renames(index, &nodes));
            let nodes = nodes.and_then(|nodes| nodes.store());
            let nodes = nodes.map(|(root, new)| {
                new.iter().for_each(|(id, page)| pages.add(*id, page));
                root.id
            });
            make_commit(tree, parents, nodes, [&author, &committer], message)
        };
        let index = of_paths(workspace, taken);
        let files = of_files(workspace, &index, scan, taken, stored);
        let mut trees = NewPages::new(store);
        let index_tree = trees.add_tree_of(&index, Some(&base.tree))?;
        let files_tree = trees.add_tree_of(&files, Some(&base.tree))?;
        let untracked_tree = untracked_tree(taken, stored, &mut trees);
        let staged = commit(Some(&index), index_tree, vec![head], &[b"index on ", &at[..]].concat());
        let untracked = untracked_tree
            .map(|tree| commit(None, tree, Vec::new(), &[b"untracked files on ", &at[..]].concat()));
        let mut parents = vec![head, staged.id()];
        parents.extend(untracked.as_ref().map(Commit::id));
        let files = commit(Some(&files), files_tree, parents, &subject);
        let mut all = trees.into_pages();
        all.extend(pages.into_pages());
        Ok(Self { index: staged, untracked, files, subject, pages: all })
    }

    pub(crate) fn join(&self, transaction: &mut Transaction<'_>) {
        join(&self.pages, transaction);
        transaction.add_commit(&self.index);
        if let Some(untracked) = &self.untracked {
            transaction.add_commit(untracked);
        }
        let id = transaction.add_commit(&self.files);
        transaction.edit_stash(StashEdit::Push(id));
    }
}

fn make_commit(
    tree: ObjectId,
    parents: Vec<ObjectId>,
    nodes: Option<ObjectId>,
    [author, committer]: [&Signature; 2],
    message: &[u8],
) -> Commit {
    let message = [message, b"\n"].concat().into();
    let (author, committer) = (author.clone(), committer.clone());
    Commit { tree, parents, author, committer, nodes, extra: Vec::new(), message }
}

/// The index with what is staged at the paths that are taken, and nothing else.
fn of_paths(workspace: &Workspace<'_>, taken: &Taken) -> Index {
    let meant: HashSet<&[u8]> = taken.rows.iter().map(|(path, _)| path.as_slice()).collect();
    staged_only(&workspace.index, &|path, _| meant.contains(path as &[u8]))
}

/// The same with what the host has at the paths.
fn of_files(
    workspace: &Workspace<'_>,
    index: &Index,
    scan: &Scan,
    taken: &Taken,
    stored: &HashMap<&BString, Side>,
) -> Index {
    let host = Differences::of(scan);
    let untracked: HashSet<&[u8]> = taken.untracked.iter().map(|(path, _)| path.as_slice()).collect();
    let is_displaced = |path: &BString| {
        above(path).any(|dir| untracked.contains(dir))
            || host.untracked_below(path).any(|change| untracked.contains(change.path.as_slice()))
    };
    let mut updates = BTreeMap::new();
    for (path, row) in &taken.rows {
        let Some(change) = host.at(path.as_ref()) else { continue };
        let side = match (change.state, change.kind) {
            (State::Held | State::Special(_), _) => continue,
            // What is staged and was never in a commit is nowhere else, unless something that is put aside has its place.
            (State::Missing, _) if row.base_side().is_none() && !row.intent && !is_displaced(path) => {
                continue;
            }
            (State::Missing, _) => None,
            (_, Some(Kind::Directory)) => Some(Side { kind: Kind::Directory, id: empty_tree(), size: 0 }),
            // It vanished while it was read.
            _ => stored.get(path).copied(),
        };
        let update = match side {
            None => Update::Delete,
            Some(side) => Update::Set(row.restaged(side, Seen::NEVER)),
        };
        updates.insert(path.clone(), update);
    }
    index.edit(updates, workspace.index.header().clone(), now_ns()).finish()
}

/// The tree of what is not tracked; `None` if there is nothing.
fn untracked_tree(
    taken: &Taken,
    stored: &HashMap<&BString, Side>,
    pages: &mut NewPages<'_>,
) -> Option<ObjectId> {
    let side = |path: &BString, kind: Kind| match kind {
        Kind::Directory => Some(Side { kind, id: empty_tree(), size: 0 }),
        _ => stored.get(path).copied(),
    };
    let found = taken.untracked.iter();
    let mut entries: Vec<(&BString, Side)> =
        found.filter_map(|(path, kind)| Some((path, side(path, *kind)?))).collect();
    if entries.is_empty() {
        return None;
    }
    entries.sort_by(|a, b| path_order(a.0, b.0));
    let mut builder = TreeBuilder::new(|id, page: &Page| -> Result<(), std::convert::Infallible> {
        pages.add(id, page);
        Ok(())
    });
    for (path, side) in entries {
        let Ok(()) = builder.push(path.as_bstr(), side.kind, side.id, side.size);
    }
    let Ok(root) = builder.finish();
    Some(root.id)
}
