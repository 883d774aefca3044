//! The state of a pond that queries are asked of.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use bstr::BString;
use jiff::Zoned;
use pond_history::{History, peel};
use pond_objects::{ObjectId, ObjectSource as _, PathEntry, ReadError};
use pond_oplog::{Pond, ReadonlyPond, RowType, Store};
use pond_refs::{Head, Revision};

use crate::error::QueryError;

/// The clock with its zone, for revisions that name a date.
pub type Now = Arc<dyn Fn() -> Zoned + Send + Sync>;

/// What the index has, in path order, as one of its stages: 0 the files, links and empty directories of the next commit; 1, 2 and 3 what
/// files in conflict are on the common base, on ours and on the other side, as far as they are there. It is asked once for each name of
/// the index in a query.
pub type Staged =
    Arc<dyn Fn(u8) -> Result<Vec<PathEntry>, Box<dyn std::error::Error + Send + Sync>> + Send + Sync>;

/// One state of a pond, seen from one of its mirrors: what [`History`] borrows, owned and shared by threads.
#[derive(Clone)]
pub struct OwnedHistory {
    /// The pond.
    pub pond: Pond,
    /// The state. For queries of the index it was opened with the index's staged packs.
    pub snapshot: Arc<ReadonlyPond>,
    /// Where the mirror stands.
    pub head: Head,
    /// The directory of the mirror whose files are read as they are now.
    pub mirror_root: PathBuf,
    /// Where paths begin that are not from the root: a normal path in the mirror, empty for its root.
    pub directory: BString,
    /// The index, for names such as `:data/x.csv`.
    pub staged: Option<Staged>,
    /// The clock.
    pub now: Now,
}

impl fmt::Debug for OwnedHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedHistory")
            .field("pond", &self.pond)
            .field("head", &self.head)
            .finish_non_exhaustive()
    }
}

/// One version of the directory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Version {
    pub(crate) tree: ObjectId,
    /// The commit that has it; `None` of a tree that was named by itself.
    pub(crate) commit: Option<ObjectId>,
}

impl OwnedHistory {
    /// The same for the functions of the history crate.
    pub(crate) fn view(&self) -> History<'_> {
        let now: &dyn Fn() -> Zoned = &*self.now;
        History {
            pond: &self.pond,
            snapshot: &self.snapshot,
            mirror: self.pond.mirror_id(),
            head: &self.head,
            now,
        }
    }

    pub(crate) fn store(&self) -> &Store {
        self.snapshot.store()
    }

    /// The tree that a revision names.
    pub(crate) fn tree_of(&self, revision: &Revision) -> Result<ObjectId, QueryError> {
        Ok(pond_history::resolve::tree(self.view(), revision)?)
    }

    /// The version that a revision names.
    pub(crate) fn version_of(&self, revision: &Revision) -> Result<Version, QueryError> {
        match pond_history::resolve::commit(self.view(), revision) {
            Ok(found) => self.version_at(found.id),
            // It may be a tree; what else is wrong with it is said of that.
            Err(_) => Ok(Version { tree: self.tree_of(revision)?, commit: None }),
        }
    }

    /// The version of HEAD; `None` before the first commit.
    pub(crate) fn head_version(&self) -> Result<Option<Version>, QueryError> {
        self.head.commit.map(|id| self.version_at(id)).transpose()
    }

    fn version_at(&self, commit: ObjectId) -> Result<Version, QueryError> {
        Ok(Version { tree: self.store().commit(&commit)?.tree, commit: Some(commit) })
    }

    /// Every commit that a ref, a stash or a mirror's HEAD names.
    pub(crate) fn tips(&self) -> Result<Vec<ObjectId>, ReadError> {
        let view = self.snapshot.view();
        let mut named: Vec<ObjectId> = self.head.commit.into_iter().collect();
        named.extend(view.mirrors()?.into_iter().filter_map(|(_, head)| head.commit));
        named.extend(view.refs()?.into_iter().map(|(_, id)| id));
        named.extend(view.stashes()?.into_iter().map(|(_, id)| id));
        let mut tips = Vec::with_capacity(named.len());
        for id in named {
            let id = peel(self.store(), id)?;
            if self.store().type_of(&id) == Some(RowType::Commit) && !tips.contains(&id) {
                tips.push(id);
            }
        }
        Ok(tips)
    }
}
