//! What several operations changed, one after the other, as if one had.

use std::collections::BTreeMap;

use bstr::BString;
use pond_objects::Change;

use super::ViewChange;
use crate::publish::footprint::Recorded;

/// What two operations changed of the view, the earlier first.
pub(crate) fn views(earlier: ViewChange, later: ViewChange) -> ViewChange {
    let head = match (earlier.head, later.head) {
        (Some((before, _)), Some((_, after))) => Some((before, after)),
        (one, other) => one.or(other),
    };
    ViewChange {
        refs: values(earlier.refs, later.refs),
        stashes: values(earlier.stashes, later.stashes),
        head: head.filter(|(before, after)| before != after),
    }
}

/// What two operations changed in the mirror, the earlier first.
pub(crate) fn recorded(earlier: Recorded, later: Recorded) -> Recorded {
    let pending = match (earlier.pending, later.pending) {
        (Some([before, _]), Some([_, after])) => Some([before, after]),
        (one, other) => one.or(other),
    };
    Recorded {
        host: changes(earlier.host, later.host),
        index: changes(earlier.index, later.index),
        moved: [earlier.moved, later.moved].concat(),
        in_conflict: [earlier.in_conflict, later.in_conflict].concat(),
        pending,
    }
}

/// A name with its values before and after.
type Moved<K, V> = (K, Option<V>, Option<V>);

fn values<K: Ord, V: PartialEq>(earlier: Vec<Moved<K, V>>, later: Vec<Moved<K, V>>) -> Vec<Moved<K, V>> {
    let mut all: BTreeMap<K, (Option<V>, Option<V>)> = BTreeMap::new();
    for (name, before, after) in earlier.into_iter().chain(later) {
        all.entry(name).or_insert((before, None)).1 = after;
    }
    let moved = all.into_iter().filter(|(_, (before, after))| before != after);
    moved.map(|(name, (before, after))| (name, before, after)).collect()
}

/// Also of paths that came back to what they were: the host may not have followed.
fn changes(earlier: Vec<Change>, later: Vec<Change>) -> Vec<Change> {
    let mut all: BTreeMap<BString, Change> = BTreeMap::new();
    for change in earlier.into_iter().chain(later) {
        match all.get_mut(&change.path) {
            Some(known) => known.new = change.new,
            None => drop(all.insert(change.path.clone(), change)),
        }
    }
    all.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_in_between_is_forgotten() {
        let moved = values(
            vec![("a", None, Some(1)), ("b", Some(1), Some(2))],
            vec![("a", Some(1), Some(3)), ("b", Some(2), Some(1)), ("c", Some(5), None)],
        );
        assert_eq!(moved, [("a", None, Some(3)), ("c", Some(5), None)]);
    }
}
