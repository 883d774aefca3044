//! Rows of the index that become others.

use bstr::BString;
use pond_mirror::Target;
use pond_mirror::index::{Row, Seen, Update};
use pond_objects::Side;

use crate::publish::footprint::Touched;
use crate::workspace::Workspace;

/// What of the index changes when the targets are reached.
pub(crate) fn touched_index(workspace: &Workspace<'_>, targets: &[Target]) -> Touched {
    let mut touched = Touched::default();
    for target in targets {
        let row = workspace.index.row(&target.path);
        touched.add(target.path.clone(), row.and_then(|row| row.staged), target.side);
    }
    touched
}

/// The index row for a path whose staged content becomes `side`, with the host's stat where it is known.
pub(crate) fn restaged(workspace: &Workspace<'_>, path: &BString, side: Option<Side>, seen: Seen) -> Update {
    let old = workspace.index.row(path);
    match (side, old) {
        (None, _) => Update::Delete,
        (Some(side), Some(old)) => Update::Set(old.restaged(side, seen)),
        (Some(side), None) => Update::Set(Row::added(side, seen)),
    }
}
