//! The newest commits that two histories share.

use std::collections::{BinaryHeap, HashMap};

use pond_objects::{ObjectId, ObjectSource, ReadError};

const LEFT: u8 = 1;
const RIGHT: u8 = 2;
const BOTH: u8 = LEFT | RIGHT;
/// Reachable from a common commit that was found.
const STALE: u8 = 4;

/// The common ancestors of two commits that are no ancestors of another common one; none for unrelated histories.
///
/// # Errors
/// Those of reading the commits.
pub(crate) fn merge_bases(
    source: &dyn ObjectSource,
    left: ObjectId,
    right: ObjectId,
) -> Result<Vec<ObjectId>, ReadError> {
    if left == right {
        return Ok(vec![left]);
    }
    let (candidates, marks) = common(source, left, right)?;
    // A clock that was wrong can have hidden that one leads to another.
    let mut bases = Vec::new();
    for id in candidates.into_iter().filter(|id| marks[id] & STALE == 0) {
        let mut is_older = false;
        for other in &bases {
            is_older |= is_ancestor(source, &id, other)?;
        }
        if !is_older {
            bases.push(id);
        }
    }
    Ok(bases)
}

/// Paints both histories from their tips until all that is left to look at is shared and known to be.
fn common(
    source: &dyn ObjectSource,
    left: ObjectId,
    right: ObjectId,
) -> Result<(Vec<ObjectId>, HashMap<ObjectId, u8>), ReadError> {
    let mut marks: HashMap<ObjectId, u8> = HashMap::from([(left, LEFT), (right, RIGHT)]);
    let mut queue = BinaryHeap::new();
    for id in [left, right] {
        queue.push((source.commit(&id)?.committer.when.seconds, id));
    }
    let mut candidates = Vec::new();
    while queue.iter().any(|(_, id)| marks[id] & STALE == 0) {
        let Some((_, id)) = queue.pop() else { break };
        let mut mark = marks[&id];
        if mark & BOTH == BOTH && mark & STALE == 0 {
            if !candidates.contains(&id) {
                candidates.push(id);
            }
            mark |= STALE;
        }
        for parent in source.commit(&id)?.parents {
            let known = marks.entry(parent).or_default();
            if *known | mark != *known {
                *known |= mark;
                queue.push((source.commit(&parent)?.committer.when.seconds, parent));
            }
        }
    }
    Ok((candidates, marks))
}

fn is_ancestor(source: &dyn ObjectSource, ancestor: &ObjectId, of: &ObjectId) -> Result<bool, ReadError> {
    let mut next = vec![*of];
    let mut seen = std::collections::HashSet::from([*of]);
    while let Some(id) = next.pop() {
        if id == *ancestor {
            return Ok(true);
        }
        next.extend(source.commit(&id)?.parents.into_iter().filter(|parent| seen.insert(*parent)));
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pond_objects::memory::MemoryObjects;
    use pond_objects::{Commit, Signature, Timestamp};

    fn commit(objects: &mut MemoryObjects, seconds: i64, parents: &[ObjectId]) -> ObjectId {
        let when = Timestamp { seconds, offset_minutes: 0 };
        let author = Signature { name: "A".into(), email: "a@b".into(), when };
        objects.add_commit(Commit {
            tree: ObjectId::ZERO,
            parents: parents.to_vec(),
            author: author.clone(),
            committer: author,
            nodes: None,
            extra: Vec::new(),
            message: "m\n".into(),
        })
    }

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
}
