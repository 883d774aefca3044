//! Kinds of changes, and git's letters for them.

use pond_objects::{Change, Kind};

/// Git's letter for a kind of change; a path in conflict is a change without sides.
pub fn status_letter(change: &Change) -> char {
    match (&change.old, &change.new) {
        (None, None) => 'U',
        (None, _) => 'A',
        (_, None) => 'D',
        _ if change.old_path.is_some() => 'R',
        (Some(old), Some(new)) if is_type_change(old.kind, new.kind) => 'T',
        _ => 'M',
    }
}

/// Whether one is a file, say, and the other a symlink. A file that becomes executable only changes its mode.
pub fn is_type_change(old: Kind, new: Kind) -> bool {
    old != new && !(old.is_file() && new.is_file())
}

/// Whether it is a path in conflict: a change without sides.
pub fn is_unmerged(change: &Change) -> bool {
    change.old.is_none() && change.new.is_none()
}
