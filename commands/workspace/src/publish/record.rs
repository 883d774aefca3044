//! Makes a commit of an index: its tree, node table and change rows go into a transaction with it.

use bstr::BString;
use pond_mirror::index::Index;
use pond_objects::node::NodeTable;
use pond_objects::{Commit, ObjectId, Signature};
use pond_oplog::transaction::Transaction;

use crate::staging::next_commit::{self, MtimeOf, StagedChanges, StagedRows};

/// A commit before it has its tree.
pub(crate) struct NewCommit<'a> {
    /// What it holds, as compared with its first parent.
    pub(crate) index: &'a Index,
    /// The nodes of the first parent.
    pub(crate) nodes: &'a NodeTable,
    /// What changes against the first parent, renames found.
    pub(crate) changes: &'a StagedChanges<'a>,
    /// When each changed file was last modified.
    pub(crate) mtime: MtimeOf<'a>,
    /// What it follows.
    pub(crate) parents: Vec<ObjectId>,
    /// Who made the change.
    pub(crate) author: Signature,
    /// Who makes the commit.
    pub(crate) committer: Signature,
    /// Headers of other versions.
    pub(crate) extra: Vec<(String, BString)>,
    /// The message.
    pub(crate) message: BString,
}

impl<'a> NewCommit<'a> {
    /// Adds the commit, with all that it needs but the content of files.
    pub(crate) fn add_to(self, transaction: &mut Transaction<'a>) -> (ObjectId, Commit) {
        let nodes = next_commit::next_nodes(self.nodes, self.changes);
        let nodes_root = nodes.store().map(|(root, pages)| {
            pages.iter().for_each(|(id, page)| transaction.add_page(*id, page));
            root.id
        });
        let tree = next_commit::build_tree(self.index, &mut |id, page| transaction.add_page(id, page));
        let commit = Commit {
            tree,
            parents: self.parents,
            author: self.author,
            committer: self.committer,
            nodes: nodes_root,
            extra: self.extra,
            message: self.message,
        };
        let id = transaction.add_commit(&commit);
        transaction.add_changes(&id, StagedRows::new(self.changes, self.nodes, nodes, self.mtime));
        (id, commit)
    }
}
