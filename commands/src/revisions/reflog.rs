//! Earlier values of refs and of HEAD, read from the operations' views, newest first.

use pond_objects::{ObjectId, ReadError};
use pond_oplog::ReadonlyPond;
use pond_oplog::operation::Operation;
use pond_oplog::view::{Head, View};
use pond_refs::Previous;

/// The values that a ref had, the present one first, each with the operation that gave it. Operations that did not move it are skipped, and so are the times
/// when it did not exist.
pub(crate) fn moves<'a>(
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

/// What HEAD was on before it was switched, the latest first.
pub(crate) fn switches<'a>(
    snapshot: &'a ReadonlyPond,
    mirror: &'a str,
) -> impl Iterator<Item = Result<Previous, ReadError>> + 'a {
    let mut later: Option<(Head, Operation)> = None;
    let mut views = views(snapshot);
    std::iter::from_fn(move || {
        loop {
            let found = views.next()?.and_then(|(operation, view)| Ok((operation, view.head(mirror)?)));
            let (operation, head) = match found {
                Ok(found) => found,
                Err(error) => return Some(Err(error)),
            };
            let Some((next, by)) = later.replace((head.clone(), operation)) else { continue };
            if is_switch(&head, &next, &by)
                && let Some(previous) = previous(head)
            {
                return Some(Ok(previous));
            }
        }
    })
}

/// Whether an operation moved HEAD elsewhere, rather than what HEAD is on.
fn is_switch(before: &Head, after: &Head, by: &Operation) -> bool {
    match (&before.branch, &after.branch) {
        (None, None) => before.commit != after.commit && by.kind != "COMMIT",
        (before, after) => before != after,
    }
}

fn previous(head: Head) -> Option<Previous> {
    match head.branch {
        Some(branch) => Some(Previous::Branch(branch)),
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
