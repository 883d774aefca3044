//! What a command changes in its mirror: of each file that it touches, and of each row of the index, what was there
//! before and what is there after it.
//!
//! It is recorded in the command's operation as pairs of trees that hold the touched paths only, so that `undo` can take
//! the command back, and can tell whether somebody changed a file since.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bstr::{BStr, BString, ByteSlice};
use pond_mirror::Target;
use pond_mirror::index::Index;
use pond_mirror::index::pending::{Conflict, Pending, escape, unescape};
use pond_mirror::scan::displaced::displaced;
use pond_objects::page::Page;
use pond_objects::tree::TreeBuilder;
use pond_objects::{Change, ObjectId, ReadError, Side, diff, path_order};
use pond_oplog::operation::Operation;
use pond_oplog::transaction::Transaction;
use pond_oplog::{StagedPack, Store};

use crate::error::WorkspaceError;
use crate::staging::staged_packs;
use crate::workspace::Workspace;

const HOST: [&str; 2] = ["host-before", "host-after"];
const INDEX: [&str; 2] = ["index-before", "index-after"];
const MOVED: &str = "moved";
const IN_CONFLICT: &str = "in-conflict";
const PENDING: [&str; 2] = ["pending-before", "pending-after"];

/// What was and what will be there.
type Pair = (Option<Side>, Option<Side>);

/// The paths that a command touches, each with what was and what will be there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched {
    paths: BTreeMap<BString, Pair>,
    /// The trees of all of it, where those of two commits say the same.
    whole: Option<[Option<ObjectId>; 2]>,
}

impl Touched {
    /// What differs between two trees that the pond has.
    pub fn between(before: Option<ObjectId>, after: Option<ObjectId>) -> Self {
        Self { paths: BTreeMap::new(), whole: Some([before, after]) }
    }

    /// Adds a path.
    pub fn add(&mut self, path: impl Into<BString>, before: Option<Side>, after: Option<Side>) {
        if before != after {
            self.paths.insert(path.into(), (before, after));
        }
    }

    /// Takes a path out.
    pub fn remove(&mut self, path: &BString) {
        self.paths.remove(path);
    }

    /// The same with the rows that an index gives up for them.
    fn with_displaced(&self, index: &Index) -> Cow<'_, Self> {
        // Where a file was, there is no other above or below.
        let is_new = |(_, pair): &(&BString, &Pair)| !pair.0.is_some_and(|side| side.kind.is_blob());
        let target = |(path, pair): (&BString, &Pair)| Target { path: path.clone(), side: pair.1 };
        let targets: Vec<Target> = self.paths.iter().filter(is_new).map(target).collect();
        let displaced = displaced(index, &targets);
        if displaced.is_empty() {
            return Cow::Borrowed(self);
        }
        let mut all = self.clone();
        for (path, side) in displaced {
            all.paths.entry(path).or_insert((Some(side), None));
        }
        Cow::Owned(all)
    }

    /// Whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty() && self.whole.is_none_or(|[before, after]| before == after)
    }

    /// Notes the two trees under these names.
    fn join(&self, names: [&str; 2], transaction: &mut Transaction<'_>) {
        if self.is_empty() {
            return;
        }
        let trees = self.whole.unwrap_or_else(|| {
            let mut sides: Vec<_> = self.paths.iter().collect();
            sides.sort_by(|(a, _), (b, _)| path_order(a, b));
            let tree = |of: fn(&Pair) -> Option<Side>, transaction: &mut Transaction<'_>| {
                let entries = sides.iter().filter_map(|(path, pair)| Some((path.as_bstr(), of(pair)?)));
                partial_tree(entries, transaction)
            };
            [tree(|pair| pair.0, transaction), tree(|pair| pair.1, transaction)]
        });
        for (name, tree) in names.into_iter().zip(trees) {
            if let Some(tree) = tree {
                transaction.note(name, tree.to_hex());
            }
        }
    }
}

/// A tree of these entries, which are in order; `None` if there are none.
fn partial_tree<'a>(
    entries: impl Iterator<Item = (&'a BStr, Side)>,
    transaction: &mut Transaction<'_>,
) -> Option<ObjectId> {
    let mut entries = entries.peekable();
    entries.peek()?;
    let mut builder = TreeBuilder::new(|id, page: &Page| -> Result<(), std::convert::Infallible> {
        transaction.add_page(id, page);
        Ok(())
    });
    for (path, side) in entries {
        let Ok(()) = builder.push(path, side.kind, side.id, side.size);
    }
    let Ok(root) = builder.finish();
    Some(root.id)
}

/// All that a command changes in its mirror.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Footprint {
    /// The host's files.
    pub host: Touched,
    /// The index.
    pub index: Touched,
    /// Files and directories that are renamed as they are, from and to.
    pub moved: Vec<(BString, BString)>,
    /// What waits for a person before it and after it, where that changes.
    pub pending: Option<[Option<Pending>; 2]>,
}

impl Footprint {
    /// Whether nothing is changed.
    pub(crate) fn is_empty(&self) -> bool {
        let pends = self.pending.as_ref().is_some_and(|[before, after]| before != after);
        self.host.is_empty() && self.index.is_empty() && self.moved.is_empty() && !pends
    }

    /// Makes it part of an operation. Content that is only staged becomes the pond's own: the index may name it no longer.
    pub(crate) fn join(
        &self,
        workspace: &Workspace<'_>,
        transaction: &mut Transaction<'_>,
    ) -> Result<(), WorkspaceError> {
        let is_only_staged = |path: &BString| {
            let row = workspace.index.row(path);
            row.is_some_and(|row| row.staged.is_some() && row.staged != row.base_side())
        };
        if self.host.paths.keys().chain(self.index.paths.keys()).any(is_only_staged) {
            // What is lost can be given up, but not kept.
            let packs = workspace.staged()?;
            let lost = staged_packs::flawed(&workspace.pond, &packs);
            let is_lost = |pack: &StagedPack| lost.iter().any(|flawed| flawed.pack == *pack);
            let kept: Vec<StagedPack> = packs.into_iter().filter(|pack| !is_lost(pack)).collect();
            transaction.adopt(&kept);
        }
        self.host.join(HOST, transaction);
        self.index.with_displaced(&workspace.index).join(INDEX, transaction);
        if !self.moved.is_empty() {
            let pairs: Vec<[String; 2]> =
                self.moved.iter().map(|(from, to)| [escape(from), escape(to)]).collect();
            let text = serde_json::to_string(&pairs).expect("BUG: pairs of text are JSON");
            transaction.note(MOVED, text);
        }
        if let Some(both) = self.pending.as_ref().filter(|[before, after]| before != after) {
            for (name, pending) in PENDING.into_iter().zip(both) {
                transaction.note(name, pending.as_ref().map_or_else(String::new, Pending::to_json));
            }
        } else if let Some(pending) = &workspace.index.header().pending {
            let paths = pending.conflicts.iter().map(Conflict::path);
            let paths: Vec<String> =
                paths.filter(|path| self.host.paths.contains_key(path)).map(|path| escape(&path)).collect();
            if !paths.is_empty() {
                let text = serde_json::to_string(&paths).expect("BUG: a list of text is JSON");
                transaction.note(IN_CONFLICT, text);
            }
        }
        Ok(())
    }
}

/// What an operation says that its command changed.
#[derive(Debug, Default)]
pub struct Recorded {
    /// Files of the host, in path order: `old` was there before.
    pub host: Vec<Change>,
    /// Rows of the index, likewise.
    pub index: Vec<Change>,
    /// Renames of files and directories, in the order in which they were made.
    pub moved: Vec<(BString, BString)>,
    /// Files of the host that were in conflict, before it and after it.
    pub in_conflict: Vec<BString>,
    /// What waited for a person before it and after it, where that changed.
    pub pending: Option<[Option<Pending>; 2]>,
}

impl Recorded {
    /// Reads it.
    ///
    /// # Errors
    /// Those of reading the trees; and where a newer pond says of what waits something that this one does not know.
    pub fn of(operation: &Operation, store: &Store) -> Result<Self, ReadError> {
        let changes = |names: [&str; 2]| {
            let [before, after] =
                names.map(|name| operation.note(name).and_then(|id| id.parse::<ObjectId>().ok()));
            diff::diff_trees(store, before.as_ref(), after.as_ref(), &|_, _| true)
        };
        let pairs =
            operation.note(MOVED).and_then(|text| serde_json::from_str::<Vec<[String; 2]>>(text).ok());
        let moved = pairs.into_iter().flatten().map(|[from, to]| (unescape(&from), unescape(&to)));
        let in_conflict =
            operation.note(IN_CONFLICT).and_then(|text| serde_json::from_str::<Vec<String>>(text).ok());
        let in_conflict = in_conflict.into_iter().flatten().map(|path| unescape(&path)).collect();
        let pending = |name| operation.note(name).map(|text| waiting(operation, text)).transpose();
        let [before, after] = PENDING.map(pending);
        let pending = match (before?, after?) {
            (Some(before), Some(after)) => Some([before, after]),
            _ => None,
        };
        let (host, index) = (changes(HOST)?, changes(INDEX)?);
        Ok(Self { host, index, moved: moved.collect(), in_conflict, pending })
    }
}

/// What an operation says of what waits; an empty text: nothing does.
fn waiting(operation: &Operation, text: &str) -> Result<Option<Pending>, ReadError> {
    let pending = Some(text).filter(|text| !text.is_empty()).map(Pending::from_json);
    pending.map(|pending| pending.ok_or_else(|| unknown(operation))).transpose()
}

fn unknown(operation: &Operation) -> ReadError {
    let text = operation.encode().expect("BUG: an operation that was read has a text");
    let error = "this operation's pending merge was written by a newer pond; update this program";
    ReadError::Storage { what: "operation", id: Operation::id_of(text), error: error.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_is_not_touched() {
        let side = Some(Side { kind: pond_objects::Kind::File, id: ObjectId::ZERO, size: 0 });
        let mut touched = Touched::default();
        touched.add("same", side, side);
        touched.add("neither", None, None);
        assert!(touched.is_empty());
        touched.add("new", None, side);
        assert!(!touched.is_empty());
        assert!(Touched::between(Some(ObjectId::ZERO), Some(ObjectId::ZERO)).is_empty());
    }
    #[test]
    fn what_a_newer_pond_has_waiting_is_refused() {
        let operation = Operation {
            seq: 1,
            parent: None,
            view: ObjectId::ZERO,
            time: 0,
            kind: "REVERT".to_owned(),
            user: "ada".to_owned(),
            host: "field".to_owned(),
            command: "pond revert HEAD".to_owned(),
            extra: Vec::new(),
        };
        assert_eq!(waiting(&operation, "").expect("nothing"), None);
        let text = r#"{"doing":"revert","message":"","#;
        assert!(waiting(&operation, &format!(r#"{text}"queue":[]}}"#)).expect("known").is_some());
        let refused = waiting(&operation, &format!(r#"{text}"queued":[]}}"#)).expect_err("unknown");
        assert!(refused.to_string().starts_with("cannot read operation"), "{refused}");
    }
}
