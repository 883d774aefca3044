//! Finds what is to be taken back: the operations of commands that were typed in this mirror and still count.
//!
//! Most commands are one operation. Where one is several, each but the first names the first: they are found together,
//! so that what was typed at once is taken back at once.

use std::collections::HashSet;

use pond_mirror::index::pending::Pending;
use pond_objects::ObjectId;
use pond_oplog::operation::Operation;

use super::UNDOES;
use crate::error::WorkspaceError;
use crate::publish::transact::{CONTINUES, MIRROR};
use crate::workspace::Workspace;

/// An operation with its id.
pub type FoundOperation = (ObjectId, Operation);

/// Whether the command was typed in this mirror.
fn is_typed_here(workspace: &Workspace<'_>, operation: &Operation) -> bool {
    operation.note(MIRROR) == Some(&workspace.session.mirror)
}

/// The numbers of the operations that this one took back, the newest first.
pub fn undone_by(operation: &Operation) -> Vec<i64> {
    let numbers = operation.note(UNDOES).unwrap_or_default().split(' ');
    numbers.filter_map(|number| number.parse().ok()).collect()
}

/// The number of the operation with which the same command began.
pub fn continued_by(operation: &Operation) -> Option<i64> {
    operation.note(CONTINUES)?.parse().ok()
}

/// The number of the first operation of the command that an operation is of.
fn command_of((_, operation): &FoundOperation) -> i64 {
    continued_by(operation).unwrap_or(operation.seq)
}

/// The operations of this mirror that still count, newest first: those that were not taken back.
fn counting<'w>(
    workspace: &'w Workspace<'_>,
) -> impl Iterator<Item = Result<FoundOperation, WorkspaceError>> + use<'w> {
    let mut undone = HashSet::new();
    typed_here(workspace).filter_map(move |found| {
        let found = match found {
            Ok(found) => found,
            Err(error) => return Some(Err(error)),
        };
        if undone.remove(&found.1.seq) {
            return None;
        }
        undone.extend(undone_by(&found.1));
        Some(Ok(found))
    })
}

fn typed_here<'w>(
    workspace: &'w Workspace<'_>,
) -> impl Iterator<Item = Result<FoundOperation, WorkspaceError>> + use<'w> {
    let operations = workspace.snapshot.operations().map(|found| found.map_err(WorkspaceError::from));
    operations
        .filter(|found| found.as_ref().map_or(true, |(_, operation)| is_typed_here(workspace, operation)))
}

/// Puts operations together that are of one command; the order stays.
pub(crate) fn by_command(found: Vec<FoundOperation>) -> Vec<Vec<FoundOperation>> {
    let mut commands: Vec<Vec<FoundOperation>> = Vec::new();
    for one in found {
        match commands.last_mut() {
            Some(command) if command.iter().all(|other| command_of(other) == command_of(&one)) => {
                command.push(one);
            }
            _ => commands.push(vec![one]),
        }
    }
    commands
}

/// The operations of the command that is the first in the list, and of no other.
fn first_command(
    found: impl Iterator<Item = Result<FoundOperation, WorkspaceError>>,
) -> Result<Vec<FoundOperation>, WorkspaceError> {
    let mut command: Vec<FoundOperation> = Vec::new();
    for one in found {
        let one = one?;
        if command.first().is_some_and(|first| command_of(first) != command_of(&one)) {
            break;
        }
        command.push(one);
    }
    Ok(command)
}

/// The command that `undo` takes back: the last one that was not taken back yet. Its operations, newest first.
pub fn last(workspace: &Workspace<'_>) -> Result<Vec<FoundOperation>, WorkspaceError> {
    let is_undo = |(_, operation): &FoundOperation| !undone_by(operation).is_empty();
    first_command(counting(workspace).filter(|found| found.as_ref().map_or(true, |found| !is_undo(found))))
}

/// What has to be taken back to come to what an operation left, newest first. What was done and taken back since is
/// left out; what was taken back since and done before is done again.
pub(crate) fn counting_after(
    workspace: &Workspace<'_>,
    seq: i64,
) -> Result<Vec<FoundOperation>, WorkspaceError> {
    let mut wanted = Vec::new();
    let mut undone = HashSet::new();
    for found in typed_here(workspace) {
        let found = found?;
        if found.1.seq <= seq {
            break;
        }
        if undone.remove(&found.1.seq) {
            continue;
        }
        let numbers = undone_by(&found.1);
        if !numbers.is_empty() && numbers.iter().all(|number| *number > seq) {
            undone.extend(numbers);
        } else {
            // Of what it took back, that which was done later counts again then, and comes after it in this list.
            wanted.push(found);
        }
    }
    Ok(wanted)
}

/// What waits before and after an operation, where it changed that.
fn pends((_, operation): &FoundOperation) -> Option<[Option<Pending>; 2]> {
    if !undone_by(operation).is_empty() {
        return None;
    }
    let text = |name| operation.note(name).map(Pending::from_json);
    Some([text("pending-before")?, text("pending-after")?])
}

/// The operations that led to a commit that waits for a person, newest first: those since the one that began to pick it.
pub(crate) fn beginning_of_pending(
    workspace: &Workspace<'_>,
    waiting: &Pending,
) -> Result<Vec<FoundOperation>, WorkspaceError> {
    let mut wanted = Vec::new();
    for found in counting(workspace) {
        let found = found?;
        let Some([before, after]) = pends(&found) else { continue };
        let is_same = |pending: Option<Pending>| {
            pending
                .is_some_and(|pending| (pending.doing, pending.commit()) == (waiting.doing, waiting.commit()))
        };
        if !is_same(after) {
            break;
        }
        wanted.push(found);
        if !is_same(before) {
            break;
        }
    }
    Ok(wanted)
}

/// The same of the whole sequence of commits that is picked: from the command on that began it, with all that those did
/// which went on with it.
pub(crate) fn beginning_of_sequence(
    workspace: &Workspace<'_>,
) -> Result<Vec<FoundOperation>, WorkspaceError> {
    let mut wanted: Vec<FoundOperation> = Vec::new();
    let mut counting = counting(workspace).peekable();
    while let Some(first) = counting.next().transpose()? {
        let number = command_of(&first);
        let mut command = vec![first];
        while let Some(found) =
            counting.next_if(|found| found.as_ref().is_ok_and(|found| command_of(found) == number))
        {
            command.push(found?);
        }
        let changes: Vec<[Option<Pending>; 2]> = command.iter().filter_map(pends).collect();
        let (Some([_, after]), Some([before, _])) = (changes.first(), changes.last()) else { continue };
        if after.is_none() && wanted.is_empty() {
            break;
        }
        wanted.append(&mut command);
        if before.is_none() {
            break;
        }
    }
    Ok(wanted)
}

/// The takings back that `redo` takes back: those of the last command, unless another was typed since. Newest first.
pub(crate) fn last_taken_back(workspace: &Workspace<'_>) -> Result<Vec<FoundOperation>, WorkspaceError> {
    let is_redo = |(_, operation): &FoundOperation| operation.kind == "REDO";
    let found = first_command(
        counting(workspace).filter(|found| found.as_ref().map_or(true, |found| !is_redo(found))),
    )?;
    let is_undo = found.iter().all(|(_, operation)| operation.kind == "UNDO");
    Ok(if is_undo { found } else { Vec::new() })
}

/// The operation with a number; `None` if there is none.
pub fn by_number(workspace: &Workspace<'_>, seq: i64) -> Result<Option<FoundOperation>, WorkspaceError> {
    for found in workspace.snapshot.operations() {
        let (id, operation) = found?;
        if operation.seq <= seq {
            return Ok((operation.seq == seq).then_some((id, operation)));
        }
    }
    Ok(None)
}
