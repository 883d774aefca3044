//! The newest commits that two histories share.

use pond_objects::{ObjectId, ObjectSource, ReadError};

use crate::walk::frontier::{Frontier, Marks};

const LEFT: Marks = 1;
const RIGHT: Marks = 2;
const BOTH: Marks = LEFT | RIGHT;
/// Reachable from a common commit that was found.
const STALE: Marks = 4;
/// A common commit that was found.
const FOUND: Marks = 8;

/// The common ancestors of two commits that are no ancestors of another common one; none for unrelated histories.
///
/// # Errors
/// Those of reading the commits.
pub fn merge_bases(
    source: &dyn ObjectSource,
    left: ObjectId,
    right: ObjectId,
) -> Result<Vec<ObjectId>, ReadError> {
    if left == right {
        return Ok(vec![left]);
    }
    let found = common(source, left, right)?;
    let mut bases = Vec::new();
    for id in &found {
        // A clock that was wrong can have hidden that another leads to it, whichever was found first.
        let mut is_older = false;
        for other in found.iter().filter(|other| *other != id) {
            is_older |= is_ancestor(source, id, other)?;
        }
        if !is_older {
            bases.push(*id);
        }
    }
    Ok(bases)
}

/// Paints both histories from their tips until all that is left to look at is shared and known to be.
fn common(source: &dyn ObjectSource, left: ObjectId, right: ObjectId) -> Result<Vec<ObjectId>, ReadError> {
    let mut frontier = Frontier::new(source, STALE);
    frontier.add(left, LEFT)?;
    frontier.add(right, RIGHT)?;
    let mut found = Vec::new();
    while frontier.is_open() {
        let Some((id, marks, link)) = frontier.pop() else { break };
        let mut inherited = marks & (BOTH | STALE);
        if inherited == BOTH {
            if frontier.mark(id, FOUND) {
                found.push(id);
            }
            inherited |= STALE;
        }
        for parent in link.parents {
            frontier.add(parent, inherited)?;
        }
    }
    found.retain(|id| frontier.marks(id).is_some_and(|marks| marks & STALE == 0));
    Ok(found)
}

fn is_ancestor(source: &dyn ObjectSource, ancestor: &ObjectId, of: &ObjectId) -> Result<bool, ReadError> {
    let mut next = vec![*of];
    let mut seen = std::collections::HashSet::from([*of]);
    while let Some(id) = next.pop() {
        if id == *ancestor {
            return Ok(true);
        }
        next.extend(source.link(&id)?.parents.into_iter().filter(|parent| seen.insert(*parent)));
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::walk::frontier::tests::commit;
    use pond_objects::memory::MemoryObjects;

    #[test]
    fn the_nearest_common_commits() {
        let mut objects = MemoryObjects::new();
        let root = commit(&mut objects, 1, &[]);
        let fork = commit(&mut objects, 2, &[root]);
        let left = commit(&mut objects, 3, &[fork]);
        let right = commit(&mut objects, 4, &[fork]);
        let far = commit(&mut objects, 5, &[]);
        let bases = |a, b| merge_bases(&objects, a, b).expect("all commits are there");
        assert_eq!(bases(left, right), [fork]);
        assert_eq!(bases(left, fork), [fork]);
        assert_eq!(bases(root, right), [root]);
        assert_eq!(bases(left, left), [left]);
        assert_eq!(bases(left, far), []);
    }

    #[test]
    fn all_that_are_nearest() {
        let mut objects = MemoryObjects::new();
        let root = commit(&mut objects, 1, &[]);
        let (one, two) = (commit(&mut objects, 2, &[root]), commit(&mut objects, 3, &[root]));
        let (left, right) = (commit(&mut objects, 4, &[one, two]), commit(&mut objects, 5, &[two, one]));
        assert_eq!(merge_bases(&objects, left, right).expect("all commits are there"), [two, one]);
        // Of wrong clocks nothing follows.
        let late = commit(&mut objects, 100, &[one]);
        let (left, right) = (commit(&mut objects, 6, &[late, one]), commit(&mut objects, 7, &[one, late]));
        assert_eq!(merge_bases(&objects, left, right).expect("all commits are there"), [late]);
        // The way to the newer one leads over a clock that was early, so that the older one is found first.
        let between = commit(&mut objects, 101, &[root]);
        let newer = commit(&mut objects, 102, &[between]);
        let early = commit(&mut objects, 0, &[newer]);
        let (left, right) = (commit(&mut objects, 200, &[root, early]), commit(&mut objects, 201, &[newer]));
        assert_eq!(merge_bases(&objects, left, right).expect("all commits are there"), [newer]);
    }

    #[test]
    fn a_long_history() {
        let mut objects = MemoryObjects::new();
        let mut fork = commit(&mut objects, 0, &[]);
        for seconds in 1..1000 {
            let side = commit(&mut objects, seconds, &[fork]);
            fork = commit(&mut objects, seconds, &[fork, side]);
        }
        let (mut left, mut right) = (fork, fork);
        for seconds in 1000..2000 {
            left = commit(&mut objects, seconds, &[left]);
            right = commit(&mut objects, seconds + 500, &[right]);
        }
        assert_eq!(merge_bases(&objects, left, right).expect("all commits are there"), [fork]);
    }
}
