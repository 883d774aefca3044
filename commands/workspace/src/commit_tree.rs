//! A commit made of a tree that is stored already, with everything else that a commit brings: the node ids of what was
//! renamed, and a change row for each file against the first parent. What the index gives to `pond commit`, two trees
//! give here.

use std::cell::RefCell;
use std::collections::HashMap;

use bstr::BString;
use pond_objects::node::NodeTable;
use pond_objects::rename::{RenameOptions, find_renames};
use pond_objects::{
    Change, Commit, ObjectId, ObjectSource, ReadError, Signature, diff, path_order, read_blob, tree,
};
use pond_oplog::transaction::Transaction;
use pond_oplog::{Store, TableState};

use crate::error::WorkspaceError;
use crate::publish::transact;
use crate::staging::next_commit::change_rows;
use crate::workspace::Workspace;

/// A commit before it has its node table.
pub struct NewCommitOfTree {
    /// The directory version, which is stored.
    pub tree: ObjectId,
    /// What it follows.
    pub parents: Vec<ObjectId>,
    /// Who made the change.
    pub author: Signature,
    /// Who makes the commit.
    pub committer: Signature,
    /// The message, as it is kept.
    pub message: BString,
}

/// Stores the commit, which no branch gets, and gives its id and the state of the table that has it.
///
/// # Errors
/// Those of reading the trees, and of the table. Nothing was changed.
pub fn commit_tree(
    workspace: &mut Workspace<'_>,
    new: NewCommitOfTree,
) -> Result<(ObjectId, TableState), WorkspaceError> {
    let subject = new.message.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let parameters = [("message", String::from_utf8_lossy(subject).into_owned())];
    let doing = workspace.session.doing("COMMIT_TREE", &parameters)?;
    let mut transaction = Transaction::new(&workspace.pond, &workspace.snapshot, doing);
    let id = new.add_to(&mut transaction, workspace.store())?;
    workspace.session.check_interrupt("nothing was committed")?;
    // It moves nothing, so that `undo` has nothing to take back.
    let state = transact::publish(workspace, transaction)?.state;
    workspace.refresh(state.clone())?;
    Ok((id, state))
}

/// A commit of a tree that is complete, and not yet part of an operation.
pub(crate) struct PreparedCommit {
    pub(crate) id: ObjectId,
    commit: Commit,
    /// Made again, it is the same object: its change rows are there already.
    is_new: bool,
    changes: Vec<Change>,
    old_nodes: NodeTable,
    new_nodes: NodeTable,
    mtimes: HashMap<BString, i64>,
}

impl PreparedCommit {
    /// Adds the commit to a transaction.
    pub(crate) fn add_to(&self, transaction: &mut Transaction<'_>) {
        if let Some((_, pages)) = self.new_nodes.store() {
            pages.iter().for_each(|(id, page)| transaction.add_page(*id, page));
        }
        let id = transaction.add_commit(&self.commit);
        if self.is_new {
            let rows = change_rows(&self.changes, &self.old_nodes, &self.new_nodes, &self.mtimes);
            transaction.add_changes(&id, rows);
        }
    }

    /// How many paths it changes.
    pub(crate) fn changed(&self) -> usize {
        self.changes.len()
    }
}

impl NewCommitOfTree {
    /// Adds the commit to a transaction, and gives its id.
    ///
    /// # Errors
    /// Those of reading the trees.
    pub(crate) fn add_to(
        self,
        transaction: &mut Transaction<'_>,
        store: &Store,
    ) -> Result<ObjectId, WorkspaceError> {
        let prepared = self.prepare(store)?;
        prepared.add_to(transaction);
        Ok(prepared.id)
    }

    /// Completes the commit.
    ///
    /// # Errors
    /// Those of reading the trees.
    pub(crate) fn prepare(self, store: &Store) -> Result<PreparedCommit, WorkspaceError> {
        let parent = self.parents.first().map(|id| store.commit(id)).transpose()?;
        let old_nodes = NodeTable::load(store, parent.as_ref().and_then(|parent| parent.nodes.as_ref()))?;
        let old_tree = parent.as_ref().map(|parent| parent.tree);
        let changes = changes(store, old_tree.as_ref(), &self.tree)?;
        let new_nodes = next_nodes(store, old_tree.as_ref(), &self.tree, &old_nodes, &changes)?;
        let commit = Commit {
            tree: self.tree,
            parents: self.parents,
            author: self.author,
            committer: self.committer,
            nodes: new_nodes.store().map(|(root, _)| root.id),
            extra: Vec::new(),
            message: self.message,
        };
        let id = commit.id();
        let is_new = !store.has_meta(&id, pond_oplog::RowType::Commit);
        let mtimes = if is_new { mtimes(store, &changes) } else { HashMap::new() };
        Ok(PreparedCommit { id, commit, is_new, changes, old_nodes, new_nodes, mtimes })
    }
}

/// What the tree changes against the parent's, in path order, renames found.
fn changes(store: &Store, old: Option<&ObjectId>, new: &ObjectId) -> Result<Vec<Change>, ReadError> {
    let mut changes = diff::diff_trees(store, old, Some(new), &|_, _| true)?;
    changes.sort_by(|a, b| path_order(&a.path, &b.path));
    Ok(find_renames(changes, RenameOptions::default(), &mut |_, side| read_blob(store, &side.id).ok()))
}

fn next_nodes(
    store: &Store,
    old: Option<&ObjectId>,
    new: &ObjectId,
    base: &NodeTable,
    changes: &[Change],
) -> Result<NodeTable, ReadError> {
    if base.is_empty() && changes.iter().all(|change| change.old_path.is_none()) {
        return Ok(base.clone());
    }
    // The table asks for paths one by one, and takes no error for an answer.
    let failed = RefCell::new(None);
    let has = |root: Option<&ObjectId>, path: &[u8]| match root.map(|root| tree::find(store, root, path)) {
        Some(Ok(found)) => found.is_some(),
        Some(Err(error)) => {
            failed.borrow_mut().get_or_insert(error);
            false
        }
        None => false,
    };
    let next = base.next(changes, &|path| has(old, path), &|path| has(Some(new), path));
    match failed.into_inner() {
        Some(error) => Err(error),
        None => Ok(next),
    }
}

/// The times that files had when the pond last saw them with this content.
pub(crate) fn mtimes(store: &Store, changes: &[Change]) -> HashMap<BString, i64> {
    let sides = changes.iter().filter_map(|change| Some((&change.path, change.new?)));
    let found = sides.filter_map(|(path, side)| Some((path.clone(), store.mtime(path, &side.id, i64::MAX)?)));
    found.collect()
}
