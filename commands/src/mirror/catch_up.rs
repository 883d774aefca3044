//! Brings the index to where operations left it that were published, and whose command did not live to write it.
//!
//! Such an operation tells what it changed of the index. Where it does not, because the index is older than that or was
//! put there by somebody, what is as in the commit before is taken to be as in the new one.

use std::collections::BTreeMap;

use bstr::BString;
use pond_objects::{Change, ObjectSource as _, ReadError};
use pond_oplog::operation::Operation;
use pond_oplog::view::{MAIN_MIRROR, View};
use pond_oplog::{ReadonlyPond, Store};

use super::footprint::Recorded;
use super::index::{Header, Index, IndexBuilder, Row, Seen, Side, Update};
use super::pending::{Doing, Pending};
use super::rebase;
use super::stat::now_ns;

/// What a command left that did not live to end.
pub(crate) struct CaughtUp {
    /// The index, brought up to date; none where it is so already.
    pub(crate) builder: Option<IndexBuilder>,
    /// How many files the host may have either as they were before or as the command left them.
    pub(crate) unsure: usize,
    /// What it says that it changes of the host's files, each path once.
    pub(crate) host: Vec<Change>,
    /// What it says that it changes of the index, likewise.
    pub(crate) index: Vec<Change>,
    /// The command that writes these files when it goes on.
    pub(crate) going_on: Option<Doing>,
}

/// The index as the operations after number `seq` left it, the last that this mirror's files HEAD and index are known to
/// follow; none where they follow it.
///
/// # Errors
/// Those of reading operations, views and trees.
pub(crate) fn catch_up(
    snapshot: &ReadonlyPond,
    index: &Index,
    seq: Option<i64>,
) -> Result<Option<CaughtUp>, ReadError> {
    let store = snapshot.store();
    let head = snapshot.view().head(MAIN_MIRROR)?.commit;
    let is_behind = index.header().base != head;
    let operations = match seq {
        Some(seq) => since(snapshot, seq)?,
        None if is_behind => newest(snapshot)?,
        None => Vec::new(),
    };
    let recorded = operations.iter().map(|operation| Recorded::of(operation, store));
    let recorded = recorded.collect::<Result<Vec<_>, _>>()?;
    let updates = updates(index, &recorded);
    let host = composed(&recorded, |one| &one.host);
    let staged = composed(&recorded, |one| &one.index);
    let unsure = host.len();
    let pending = pending(index, &recorded);
    let pending = if unsure > 0 { pending.map(Pending::with_files_due) } else { pending };
    let files_due = pending.as_ref().filter(|pending| pending.are_files_due());
    let going_on = files_due.map(|pending| pending.doing);
    if !is_behind && updates.is_empty() && pending == index.header().pending {
        return Ok((unsure > 0).then_some(CaughtUp { builder: None, unsure, host, index: staged, going_on }));
    }
    let tree = head.map(|id| store.commit(&id)).transpose()?.map(|commit| commit.tree);
    let header = Header { base: head, pending, ..index.header().clone() };
    if is_behind && (index.is_empty() || !begins_at_base(store, index, &operations)?) {
        let (builder, moved) = rebase::catch_up(index, store, tree.as_ref(), header)?;
        let unsure = if host.is_empty() { moved } else { unsure };
        return Ok(Some(CaughtUp { builder: Some(builder), unsure, host, index: staged, going_on }));
    }
    let edited = index.edit(updates, header.clone(), now_ns()).finish();
    let builder = Some(rebase::onto(&edited, store, tree.as_ref(), header)?);
    Ok(Some(CaughtUp { builder, unsure, host, index: staged, going_on }))
}

/// The operations of this mirror's commands after a number, the oldest first.
fn since(snapshot: &ReadonlyPond, seq: i64) -> Result<Vec<Operation>, ReadError> {
    let mut found = Vec::new();
    for operation in snapshot.operations() {
        let (_, operation) = operation?;
        if operation.seq <= seq {
            break;
        }
        if operation.note("mirror") == Some(MAIN_MIRROR) {
            found.push(operation);
        }
    }
    found.reverse();
    Ok(found)
}

/// The newest operation, where it is of one of this mirror's commands.
fn newest(snapshot: &ReadonlyPond) -> Result<Vec<Operation>, ReadError> {
    let newest = snapshot.operations().next().transpose()?.map(|(_, operation)| operation);
    Ok(newest.into_iter().filter(|operation| operation.note("mirror") == Some(MAIN_MIRROR)).collect())
}

/// What the operations, the oldest first, change of one kind: what the first found, and what the last leaves.
fn composed(recorded: &[Recorded], of: fn(&Recorded) -> &Vec<Change>) -> Vec<Change> {
    let mut changes: BTreeMap<&BString, Change> = BTreeMap::new();
    for change in recorded.iter().flat_map(of) {
        changes
            .entry(&change.path)
            .and_modify(|known| known.new = change.new)
            .or_insert_with(|| change.clone());
    }
    changes.into_values().collect()
}

/// Whether the index is based on the commit on which the first of the operations found HEAD.
fn begins_at_base(store: &Store, index: &Index, operations: &[Operation]) -> Result<bool, ReadError> {
    let Some(parent) = operations.first().and_then(|first| first.parent) else { return Ok(false) };
    let before = View::at(store, store.operation(&parent)?.view);
    Ok(before.head(MAIN_MIRROR)?.commit == index.header().base)
}

/// What waits for a person after the operations.
fn pending(index: &Index, recorded: &[Recorded]) -> Option<Pending> {
    let last = recorded.iter().rev().find_map(|one| one.pending.as_ref());
    last.map_or_else(|| index.header().pending.clone(), |[_, after]| after.clone())
}

/// What the operations changed in the index and it does not show.
fn updates(index: &Index, recorded: &[Recorded]) -> BTreeMap<BString, Update> {
    let mut staged: BTreeMap<BString, Option<Side>> = BTreeMap::new();
    let row = |path: &BString| index.find(path).ok().map(|at| index.entry(at).row);
    for change in recorded.iter().flat_map(|one| &one.index) {
        let [old, new] = [change.old, change.new]
            .map(|side| side.map(|side| Side { kind: side.kind, id: side.id, size: side.size }));
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
