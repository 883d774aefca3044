//! Earlier values of refs and of HEAD, read from the operations' views, newest first.

use std::collections::HashMap;

use pond_objects::{ObjectId, ReadError};
use pond_oplog::ReadonlyPond;
use pond_oplog::operation::Operation;
use pond_oplog::view::View;
use pond_refs::{Head, Previous, RefName};

/// The values that a ref had, the present one first, each with the operation that gave it. Operations that did not move it are skipped, and so are the times
/// when it did not exist.
pub(super) fn moves<'a>(
    snapshot: &'a ReadonlyPond,
    value: impl Fn(&View<'_>) -> Result<Option<ObjectId>, ReadError> + 'a,
) -> impl Iterator<Item = Result<(ObjectId, Operation), ReadError>> + 'a {
    // What was looked at last; it is a move if the operation before left another value.
    let mut pending: Option<(ObjectId, Operation)> = None;
    let mut views = views(snapshot);
    std::iter::from_fn(move || {
        loop {
            let seen = match views.next() {
                Some(Ok((operation, view))) => match value(&view) {
                    Ok(id) => id.map(|id| (id, operation)),
                    Err(error) => return Some(Err(error)),
                },
                Some(Err(error)) => return Some(Err(error)),
                None => return pending.take().map(Ok),
            };
            let value = seen.as_ref().map(|(id, _)| *id);
            let later = std::mem::replace(&mut pending, seen);
            if let Some(later) = later.filter(|(id, _)| Some(*id) != value) {
                return Some(Ok(later));
            }
        }
    })
}

/// What HEAD was on before it was switched, the latest first. A branch that was renamed since has its present name.
pub(super) fn switches<'a>(
    snapshot: &'a ReadonlyPond,
    mirror: &'a str,
) -> impl Iterator<Item = Result<Previous, ReadError>> + 'a {
    let mut later: Option<(Head, Operation, View<'a>)> = None;
    let mut names: HashMap<RefName, RefName> = HashMap::new();
    let mut views = views(snapshot);
    std::iter::from_fn(move || {
        loop {
            let found = views.next()?.and_then(|(operation, view)| Ok((view.head(mirror)?, operation, view)));
            let (head, operation, view) = match found {
                Ok(found) => found,
                Err(error) => return Some(Err(error)),
            };
            let Some((next, by, after)) = later.replace((head.clone(), operation, view.clone())) else {
                continue;
            };
            match renamed(&view, &after, &by) {
                Ok(None) => {}
                Ok(Some((old, new))) => {
                    let follows = (head.branch.as_ref(), next.branch.as_ref()) == (Some(&old), Some(&new));
                    let now = names.get(&new).unwrap_or(&new).clone();
                    names.insert(old, now);
                    if follows {
                        continue;
                    }
                }
                Err(error) => return Some(Err(error)),
            }
            if is_switch(&head, &next, &by)
                && let Some(previous) = previous(head, &names)
            {
                return Some(Ok(previous));
            }
        }
    })
}

/// The branch that an operation renamed, by itself or in taking back that it was: the old name and the new one.
fn renamed(
    before: &View<'_>,
    after: &View<'_>,
    by: &Operation,
) -> Result<Option<(RefName, RefName)>, ReadError> {
    if !["BRANCH", "UNDO", "REDO"].contains(&by.kind.as_str()) {
        return Ok(None);
    }
    let refs = after.moves_since(before)?.refs;
    let branches = || refs.iter().filter(|(name, ..)| name.is_branch());
    let gone = branches().find(|(_, _, new)| new.is_none());
    let moved = gone.and_then(|(_, old, _)| branches().find(|(_, _, new)| new.is_some() && new == old));
    Ok(gone.zip(moved).map(|((old, ..), (new, ..))| (old.clone(), new.clone())))
}

/// Whether an operation moved HEAD elsewhere, rather than what HEAD is on, or its name.
fn is_switch(before: &Head, after: &Head, by: &Operation) -> bool {
    match (&before.branch, &after.branch) {
        (None, None) => before.commit != after.commit && by.kind != "COMMIT",
        // That is the name of a branch without a commit.
        (Some(_), Some(_)) if by.kind == "BRANCH" => false,
        (before, after) => before != after,
    }
}

fn previous(head: Head, names: &HashMap<RefName, RefName>) -> Option<Previous> {
    match head.branch {
        Some(branch) => Some(Previous::Branch(names.get(&branch).cloned().unwrap_or(branch))),
        None => head.commit.map(Previous::Commit),
    }
}

/// The operations with the views that they left.
fn views(snapshot: &ReadonlyPond) -> impl Iterator<Item = Result<(Operation, View<'_>), ReadError>> {
    snapshot.operations().map(move |operation| {
        let (_, operation) = operation?;
        let view = View::at(snapshot.store(), operation.view);
        Ok((operation, view))
    })
}
