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
    value: impl Fn(&View) -> Option<ObjectId> + 'a,
) -> impl Iterator<Item = Result<(ObjectId, Operation), ReadError>> + 'a {
    // What was looked at last; it is a move if the operation before left another value.
    let mut pending: Option<(ObjectId, Operation)> = None;
    let mut views = views(snapshot);
    std::iter::from_fn(move || {
        loop {
            let seen = match views.next() {
                Some(Ok((operation, view))) => value(&view).map(|id| (id, operation)),
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
            let (operation, view) = match views.next()? {
                Ok(found) => found,
                Err(error) => return Some(Err(error)),
            };
            let head = view.head(mirror);
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

/// The operations with the views that they left; a view is read once where several left the same.
fn views(snapshot: &ReadonlyPond) -> impl Iterator<Item = Result<(Operation, View), ReadError>> + '_ {
    let mut last: Option<(ObjectId, View)> = None;
    snapshot.operations().map(move |operation| {
        let (_, operation) = operation?;
        let view = match last.take().filter(|(id, _)| *id == operation.view) {
            Some((_, view)) => view,
            None => View::load(snapshot.store(), &operation.view)?,
        };
        last = Some((operation.view, view.clone()));
        Ok((operation, view))
    })
}
