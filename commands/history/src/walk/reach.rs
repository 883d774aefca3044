//! Which commits lead to which.

use std::collections::{HashMap, HashSet};

use pond_objects::{ObjectId, ObjectSource, ReadError};

use crate::walk::commits::{Walk, WalkOptions};
use crate::walk::merge_base::merge_bases;

/// Whether a commit is reachable from another; each is from itself.
///
/// # Errors
/// Those of reading the commits.
pub fn is_ancestor(source: &dyn ObjectSource, ancestor: ObjectId, of: ObjectId) -> Result<bool, ReadError> {
    Ok(merge_bases(source, ancestor, of)?.contains(&ancestor))
}

/// The commits that no other of them leads to, in their order, each once.
///
/// # Errors
/// Those of reading the commits.
pub fn independent(source: &dyn ObjectSource, commits: &[ObjectId]) -> Result<Vec<ObjectId>, ReadError> {
    let mut kept: Vec<ObjectId> = Vec::with_capacity(commits.len());
    for id in commits {
        if !kept.contains(id) {
            kept.push(*id);
        }
    }
    let mut at = 0;
    while at < kept.len() {
        let mut is_older = false;
        for (other_at, other) in kept.iter().enumerate() {
            is_older |= other_at != at && is_ancestor(source, kept[at], *other)?;
        }
        if is_older {
            kept.remove(at);
        } else {
            at += 1;
        }
    }
    Ok(kept)
}

/// The newest commits that are reachable from all of the commits.
///
/// # Errors
/// Those of reading the commits.
pub fn octopus_bases(source: &dyn ObjectSource, commits: &[ObjectId]) -> Result<Vec<ObjectId>, ReadError> {
    let Some((first, rest)) = commits.split_first() else { return Ok(Vec::new()) };
    let mut bases = vec![*first];
    for commit in rest {
        let mut next = Vec::new();
        for base in &bases {
            next.extend(merge_bases(source, *base, *commit)?);
        }
        bases = independent(source, &next)?;
    }
    newest_first(source, bases)
}

/// The newest commits that one commit shares with any of the others: with what a merge of the others would be.
///
/// # Errors
/// Those of reading the commits.
pub fn bases_with_any(
    source: &dyn ObjectSource,
    one: ObjectId,
    others: &[ObjectId],
) -> Result<Vec<ObjectId>, ReadError> {
    let mut bases = Vec::new();
    for other in others {
        bases.extend(merge_bases(source, one, *other)?);
    }
    let bases = if others.len() > 1 { independent(source, &bases)? } else { bases };
    newest_first(source, bases)
}

fn newest_first(source: &dyn ObjectSource, bases: Vec<ObjectId>) -> Result<Vec<ObjectId>, ReadError> {
    let mut dated = Vec::with_capacity(bases.len());
    for id in bases {
        dated.push((source.link(&id)?.seconds, id));
    }
    dated.sort_by_key(|(seconds, _)| std::cmp::Reverse(*seconds));
    Ok(dated.into_iter().map(|(_, id)| id).collect())
}

/// Tells of many commits whether they lead to one of some; what was found out is kept from one to the next, so that all
/// of them together read each commit once.
pub struct Leads<'a> {
    source: &'a dyn ObjectSource,
    known: HashMap<ObjectId, bool>,
}

impl<'a> Leads<'a> {
    /// Asks for these targets.
    pub fn new(source: &'a dyn ObjectSource, targets: &[ObjectId]) -> Self {
        Self { source, known: targets.iter().map(|id| (*id, true)).collect() }
    }

    /// Whether a commit leads to a target, or is one.
    ///
    /// # Errors
    /// Those of reading the commits.
    pub fn lead(&mut self, from: ObjectId) -> Result<bool, ReadError> {
        if let Some(known) = self.known.get(&from) {
            return Ok(*known);
        }
        // The way from `from` down; each commit with the parents that were not looked at yet.
        let mut way = vec![(from, self.source.link(&from)?.parents)];
        let mut open = HashSet::from([from]);
        while let Some((id, parents)) = way.last_mut() {
            let id = *id;
            match parents.first().copied().map(|parent| (parent, self.known.get(&parent).copied())) {
                Some((_, Some(true))) => {
                    self.known.extend(way.drain(..).map(|(id, _)| (id, true)));
                    return Ok(true);
                }
                Some((_, Some(false))) => drop(parents.remove(0)),
                Some((parent, None)) => {
                    parents.remove(0);
                    // A damaged history could lead back to itself.
                    if open.insert(parent) {
                        way.push((parent, self.source.link(&parent)?.parents));
                    }
                }
                None => {
                    self.known.insert(id, false);
                    way.pop();
                }
            }
        }
        Ok(false)
    }
}

/// Those of the commits that are not reachable from any of `from`. The history of `from` is read until the last one is
/// found; clocks decide nothing.
///
/// # Errors
/// Those of reading the commits.
pub fn not_reachable(
    source: &dyn ObjectSource,
    commits: &[ObjectId],
    from: &[ObjectId],
) -> Result<HashSet<ObjectId>, ReadError> {
    let mut missing: HashSet<ObjectId> = commits.iter().copied().collect();
    for id in from {
        missing.remove(id);
    }
    if missing.is_empty() {
        return Ok(missing);
    }
    for step in Walk::new(source, from, &[], WalkOptions::default())? {
        let (_, link) = step?;
        for parent in &link.parents {
            missing.remove(parent);
        }
        if missing.is_empty() {
            break;
        }
    }
    Ok(missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bstr::BString;
    use pond_objects::memory::MemoryObjects;
    use pond_objects::{Commit, Signature, Timestamp};

    /// A commit; the clock goes backwards, which must not matter.
    fn commit(objects: &mut MemoryObjects, name: &str, parents: &[ObjectId]) -> ObjectId {
        let when = Timestamp { seconds: 100, offset_minutes: 0 };
        let author = Signature { name: "A".into(), email: "a@b".into(), when };
        objects.add_commit(Commit {
            tree: ObjectId::ZERO,
            parents: parents.to_vec(),
            author: author.clone(),
            committer: author,
            nodes: None,
            extra: Vec::new(),
            message: BString::from(name),
        })
    }

    #[test]
    fn a_small_history_is_understood() {
        let mut objects = MemoryObjects::new();
        let root = commit(&mut objects, "root", &[]);
        let [a, b, c] = ["a", "b", "c"].map(|name| commit(&mut objects, name, &[root]));
        let merge = commit(&mut objects, "merge", &[a, b]);
        let far = commit(&mut objects, "far", &[]);
        let ok = |result: Result<Vec<ObjectId>, ReadError>| result.expect("all commits are there");
        assert!(is_ancestor(&objects, root, merge).expect("read"));
        assert!(is_ancestor(&objects, b, merge).expect("read"));
        assert!(!is_ancestor(&objects, c, merge).expect("read"));
        assert_eq!(ok(independent(&objects, &[a, merge, c, a, far, root])), [merge, c, far]);
        assert_eq!(ok(octopus_bases(&objects, &[merge, a, b])), [root]);
        assert_eq!(ok(octopus_bases(&objects, &[merge, a])), [a]);
        assert_eq!(ok(octopus_bases(&objects, &[merge, a, far])), []);
        assert_eq!(ok(bases_with_any(&objects, merge, &[c, b])), [b]);
        let mut leads = Leads::new(&objects, &[b]);
        let found = [merge, c, root, b, far].map(|id| leads.lead(id).expect("read"));
        assert_eq!(found, [true, false, false, true, false]);
        let outside = not_reachable(&objects, &[root, c, far, a], &[merge]).expect("read");
        assert_eq!(outside, HashSet::from([c, far]));
    }
}
