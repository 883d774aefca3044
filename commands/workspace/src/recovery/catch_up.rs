//! Brings the index up to date with operations that were published by a command that was killed before it wrote the index.
//!
//! Such an operation records what it changed in the index. If it does not (the index is older, or somebody replaced it), rows that
//! equal the commit before take the version of the new commit.
//!
//! The index may be ahead of the file HEAD, which names the last operation whose files are all written too.

use std::collections::BTreeMap;

use bstr::BString;
use pond_mirror::index::pending::{Pending, Sequence};
use pond_mirror::index::{Header, Index, IndexBuilder, Row, Seen, Update};
use pond_mirror::stat::now_ns;
use pond_objects::path::is_below;
use pond_objects::{Change, ObjectSource as _, ReadError, Side};
use pond_oplog::operation::Operation;
use pond_oplog::view::View;
use pond_oplog::{ReadonlyPond, Store};

use crate::half_done::Due;
use crate::publish::footprint::Recorded;
use crate::staging::rebase;

/// What a killed command left.
pub(crate) struct CaughtUp {
    /// The index, brought up to date; `None` if it is so already.
    pub(crate) builder: Option<IndexBuilder>,
    /// How many files of the host may be at the previous version.
    pub(crate) unsure: usize,
    /// What it says that it changes of the host's files, each path once.
    pub(crate) host: Vec<Due>,
    /// What it says that it changes of the index, likewise.
    pub(crate) index: Vec<Due>,
    /// What it renames of them, in this order.
    pub(crate) moved: Vec<(BString, BString)>,
    /// The command that goes on with what waits, where nobody has to decide anything first.
    pub(crate) going_on: Option<Sequence>,
    /// The kind of the newest operation among them; empty where there is none.
    pub(crate) kind: String,
    /// The number before that of the first.
    pub(crate) follows: Option<i64>,
}

/// The index as the operations after number `seq` left it. The files HEAD and index of this mirror are known to follow `seq`; if they
/// follow the newest operation, this is `None`. If `seq` is not known, `may_be_any` says that the newest may be half done even though
/// the index is as it left it.
///
/// # Errors
/// Those of reading operations, views and trees.
pub(crate) fn catch_up(
    snapshot: &ReadonlyPond,
    mirror: &str,
    index: &Index,
    seq: Option<i64>,
    may_be_any: bool,
) -> Result<Option<CaughtUp>, ReadError> {
    let store = snapshot.store();
    let head = snapshot.view().head(mirror)?.commit;
    let is_behind = index.header().base != head;
    let operations = match seq {
        Some(seq) => since(snapshot, mirror, seq)?,
        None if is_behind || may_be_any => newest(snapshot, mirror)?,
        None => Vec::new(),
    };
    let recorded = operations.iter().map(|operation| Recorded::of(operation, store));
    let recorded = recorded.collect::<Result<Vec<_>, _>>()?;
    let mut host = composed(&recorded, |one| &one.host);
    let staged = composed(&recorded, |one| &one.index);
    let pending = pending(index, &recorded);
    let going_on = pending.as_ref().filter(|pending| pending.is_between()).map(|pending| pending.doing);
    let kind = operations.last().map(|newest| newest.kind.clone()).unwrap_or_default();
    let follows = operations.first().map(|first| first.seq - 1);
    let moved: Vec<_> = recorded.iter().flat_map(|one| one.moved.iter().cloned()).collect();
    // What was renamed away is no longer there, and what comes in its place not yet.
    for due in host.iter_mut().filter(|due| due.wanted.is_some() && !due.before.contains(&None)) {
        if moved.iter().any(|(from, _)| *from == due.path || is_below(&due.path, from)) {
            due.before.push(None);
        }
    }
    let unsure = host.len() + moved.len();
    let mut caught_up =
        CaughtUp { builder: None, unsure, host, index: staged, moved, going_on, kind, follows };
    // The index may have followed some of them.
    let first = if is_behind { first_from_base(store, mirror, index, &operations)? } else { Some(0) };
    let updates = updates(index, &recorded[first.unwrap_or(0)..]);
    if !is_behind && updates.is_empty() && pending == index.header().pending {
        return Ok((!operations.is_empty()).then_some(caught_up));
    }
    let tree = head.map(|id| store.commit(&id)).transpose()?.map(|commit| commit.tree);
    let header = Header { base: head, pending, ..index.header().clone() };
    if is_behind && (index.is_empty() || first.is_none()) {
        let (builder, moved) = rebase::catch_up(index, store, tree.as_ref(), header)?;
        if caught_up.host.is_empty() {
            caught_up.unsure = moved;
        }
        return Ok(Some(CaughtUp { builder: Some(builder), ..caught_up }));
    }
    let edited = index.edit(updates, header.clone(), now_ns()).finish();
    let builder = Some(rebase::onto(&edited, store, tree.as_ref(), header)?);
    Ok(Some(CaughtUp { builder, ..caught_up }))
}

/// The operations of this mirror's commands after a number, the oldest first.
fn since(snapshot: &ReadonlyPond, mirror: &str, seq: i64) -> Result<Vec<Operation>, ReadError> {
    let mut found = Vec::new();
    for operation in snapshot.operations() {
        let (_, operation) = operation?;
        if operation.seq <= seq {
            break;
        }
        if operation.note("mirror") == Some(mirror) {
            found.push(operation);
        }
    }
    found.reverse();
    Ok(found)
}

/// The newest operation, where it is of one of this mirror's commands.
fn newest(snapshot: &ReadonlyPond, mirror: &str) -> Result<Vec<Operation>, ReadError> {
    let newest = snapshot.operations().next().transpose()?.map(|(_, operation)| operation);
    Ok(newest.into_iter().filter(|operation| operation.note("mirror") == Some(mirror)).collect())
}

/// What the operations, the oldest first, change of one kind.
fn composed(recorded: &[Recorded], of: fn(&Recorded) -> &Vec<Change>) -> Vec<Due> {
    let mut paths: BTreeMap<&BString, Due> = BTreeMap::new();
    for change in recorded.iter().flat_map(of) {
        let [old, new] = sides(change);
        let due = paths.entry(&change.path).or_insert_with(|| Due {
            path: change.path.clone(),
            before: Vec::new(),
            wanted: new,
        });
        due.before.extend([old, due.wanted]);
        due.wanted = new;
    }
    let mut all: Vec<Due> = paths.into_values().collect();
    for due in &mut all {
        due.before.retain(|side| *side != due.wanted);
        due.before.dedup();
    }
    all
}

/// The first of the operations that found HEAD at the commit on which the index is based.
fn first_from_base(
    store: &Store,
    mirror: &str,
    index: &Index,
    operations: &[Operation],
) -> Result<Option<usize>, ReadError> {
    for (at, operation) in operations.iter().enumerate() {
        let Some(parent) = operation.parent else { continue };
        let before = View::at(store, store.operation(&parent)?.view);
        if before.head(mirror)?.commit == index.header().base {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

fn sides(change: &Change) -> [Option<Side>; 2] {
    [change.old, change.new]
}

/// What waits for a person after the operations.
fn pending(index: &Index, recorded: &[Recorded]) -> Option<Pending> {
    let last = recorded.iter().rev().find_map(|one| one.pending.as_ref());
    last.map_or_else(|| index.header().pending.clone(), |[_, after]| after.clone())
}

/// What the operations changed in the index and it does not show.
fn updates(index: &Index, recorded: &[Recorded]) -> BTreeMap<BString, Update> {
    let mut staged: BTreeMap<BString, Option<Side>> = BTreeMap::new();
    let row = |path: &BString| index.row(path);
    for change in recorded.iter().flat_map(|one| &one.index) {
        let [old, new] = sides(change);
        let now = staged.get(&change.path).copied();
        if now.unwrap_or_else(|| row(&change.path).and_then(|row| row.staged)) == old {
            staged.insert(change.path.clone(), new);
        }
    }
    let update = |(path, side): (BString, Option<Side>)| {
        let update = match (side, row(&path)) {
            (None, _) => Update::Delete,
            (Some(side), Some(row)) => Update::Set(row.restaged(side, Seen::NEVER)),
            (Some(side), None) => Update::Set(Row::added(side, Seen::NEVER)),
        };
        (path, update)
    };
    staged.into_iter().map(update).collect()
}
