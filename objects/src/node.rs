//! Node ids: what a file or directory keeps through versions and renames.
//!
//! A node's id is derived from its parent's and its name. Only exceptions are stored, in the table that a
//! commit's `nodes` header names: nodes that were renamed keep the id of their old place, and a node that comes
//! to a place whose derived id a moved node still has gets one derived with a counter. Below a renamed
//! directory nothing needs an entry, since children derive from their parent's id.

use std::collections::{BTreeMap, HashMap, HashSet};

use bstr::BString;

use crate::change::Change;
use crate::cursor::Leaves;
use crate::id::{NodeId, ObjectId};
use crate::kind::Kind;
use crate::name::{join_path, path_order, split_path};
use crate::page::{Body, Item, Page};
use crate::paginate::{Root, paginate};
use crate::source::{ObjectSource, ReadError};

const CONTEXT: &str = "pond v1 node";

/// The node id of every tree's root.
pub const ROOT: NodeId = NodeId(0);

/// The id of the node that is called `name` below `parent`; `counter` is 0 but where that id is taken.
pub fn derive(parent: NodeId, name: &[u8], counter: u32) -> NodeId {
    let mut bytes = Vec::with_capacity(12 + name.len());
    bytes.extend(parent.0.to_be_bytes());
    bytes.extend(counter.to_be_bytes());
    bytes.extend_from_slice(name);
    let hash = blake3::derive_key(CONTEXT, &bytes);
    NodeId(u64::from_be_bytes(hash[..8].try_into().expect("BUG: a hash has eight bytes")))
}

/// The nodes of one tree: derived, but for the exceptions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeTable {
    exceptions: BTreeMap<BString, NodeId>,
}

impl NodeTable {
    /// The table that a commit names; without one, nothing is an exception.
    ///
    /// # Errors
    /// Those of reading the pages.
    pub fn load(source: &dyn ObjectSource, root: Option<&ObjectId>) -> Result<Self, ReadError> {
        let Some(root) = root else { return Ok(Self::default()) };
        let mut exceptions = BTreeMap::new();
        for item in Leaves::new(source, Body::Nodes, root)? {
            let item = item?;
            exceptions.insert(item.name, NodeId(item.size));
        }
        Ok(Self { exceptions })
    }

    /// The pages that store the table; `None` where nothing is an exception.
    pub fn store(&self) -> Option<(Root, Vec<(ObjectId, Page)>)> {
        let items = self.exceptions.iter().map(|(path, node)| Item {
            name: path.clone(),
            kind: Some(Kind::File),
            id: ObjectId::ZERO,
            size: node.0,
            count: 1,
        });
        (!self.exceptions.is_empty()).then(|| paginate(Body::Nodes, items))
    }

    /// The node id of what is at a path; the empty path is the root.
    pub fn node(&self, path: &[u8]) -> NodeId {
        if path.is_empty() {
            return ROOT;
        }
        if let Some(node) = self.exceptions.get(path) {
            return *node;
        }
        let (parent, name) = split_path(path);
        derive(self.node(parent), name, 0)
    }

    /// The part of a node: the directory that it is in.
    pub fn part(&self, path: &[u8]) -> NodeId {
        self.node(split_path(path).0)
    }

    /// Number of stored exceptions.
    pub fn len(&self) -> usize {
        self.exceptions.len()
    }

    /// Whether every id is derived.
    pub fn is_empty(&self) -> bool {
        self.exceptions.is_empty()
    }

    /// The table of the next tree.
    ///
    /// `changes` lead to it from this table's tree, renames found; `old_has` and `new_has` tell whether a path, of a
    /// file or a directory, is in the old and in the new tree.
    pub fn next(
        &self,
        changes: &[Change],
        old_has: &dyn Fn(&[u8]) -> bool,
        new_has: &dyn Fn(&[u8]) -> bool,
    ) -> Self {
        let mut next = Self {
            exceptions: self
                .exceptions
                .iter()
                .filter(|(path, _)| new_has(path))
                .map(|(p, n)| (p.clone(), *n))
                .collect(),
        };
        for (to, from) in renamed_directories(changes, old_has, new_has) {
            next.place(&to, self.node(&from));
        }
        for change in changes {
            if let Some(from) = &change.old_path {
                next.place(&change.path, self.node(from));
            }
        }
        next.resolve_collisions(changes, old_has);
        next
    }

    fn place(&mut self, path: &BString, node: NodeId) {
        self.exceptions.remove(path);
        if self.node(path) != node {
            self.exceptions.insert(path.clone(), node);
        }
    }

    /// Gives new nodes whose derived id a moved node has another one.
    fn resolve_collisions(&mut self, changes: &[Change], old_has: &dyn Fn(&[u8]) -> bool) {
        if self.exceptions.is_empty() {
            return;
        }
        let mut taken: HashMap<NodeId, BString> =
            self.exceptions.iter().map(|(p, n)| (*n, p.clone())).collect();
        let mut seen = HashSet::new();
        for change in changes.iter().filter(|change| change.old.is_none() && change.new.is_some()) {
            for path in ancestors_and_self(&change.path) {
                if !seen.insert(path.to_vec()) || old_has(path) || self.exceptions.contains_key(path) {
                    continue;
                }
                let (parent, name) = split_path(path);
                let parent = self.node(parent);
                let free =
                    (0..).map(|counter| derive(parent, name, counter)).find(|id| !taken.contains_key(id));
                let node = free.expect("BUG: counters do not run out");
                self.place(&path.into(), node);
                if self.exceptions.contains_key(path) {
                    taken.insert(node, path.into());
                }
            }
        }
    }
}

fn ancestors_and_self(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let inner = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(move |(at, _)| &path[..at]);
    inner.chain(std::iter::once(path))
}

/// Directories that are new, with the vanished ones that most of their renamed files came from.
fn renamed_directories(
    changes: &[Change],
    old_has: &dyn Fn(&[u8]) -> bool,
    new_has: &dyn Fn(&[u8]) -> bool,
) -> Vec<(BString, BString)> {
    let mut votes: BTreeMap<BString, BTreeMap<BString, usize>> = BTreeMap::new();
    for change in changes {
        let Some(from) = &change.old_path else { continue };
        let (mut from, mut to) = (from.as_slice(), change.path.as_slice());
        loop {
            let ((from_dir, from_name), (to_dir, to_name)) = (split_path(from), split_path(to));
            if from_name != to_name || from_dir.is_empty() || to_dir.is_empty() || from_dir == to_dir {
                break;
            }
            *votes.entry(to_dir.into()).or_default().entry(from_dir.into()).or_default() += 1;
            (from, to) = (from_dir, to_dir);
        }
    }
    let mut used = HashSet::new();
    let mut found = Vec::new();
    for (to, candidates) in votes {
        let mut candidates: Vec<_> = candidates.into_iter().collect();
        candidates.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| path_order(&a.0, &b.0)));
        let from =
            candidates.into_iter().map(|(from, _)| from).find(|from| !new_has(from) && !used.contains(from));
        if let Some(from) = from.filter(|_| !old_has(&to)) {
            used.insert(from.clone());
            found.push((to, from));
        }
    }
    found.sort_by(|a, b| path_order(&a.0, &b.0));
    found
}

/// The path of a directory's former place for each of its paths.
///
/// # Panics
/// Never; a path outside of `to` is given back as it is.
pub fn rebase_path(path: &[u8], from: &[u8], to: &[u8]) -> BString {
    match path.strip_prefix(to) {
        Some([]) => from.into(),
        Some(rest) if rest[0] == b'/' => join_path(from, &rest[1..]),
        _ => path.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Side;

    const SIDE: Side = Side { kind: Kind::File, id: ObjectId::ZERO, size: 1 };

    fn rename(from: &str, to: &str) -> Change {
        let mut change = Change::at(to.into(), Some(SIDE), Some(SIDE));
        change.old_path = Some(from.into());
        change
    }

    fn has<'a>(paths: &'a [&'a str]) -> impl Fn(&[u8]) -> bool + 'a {
        move |path| paths.iter().any(|have| ancestors_and_self(have.as_bytes()).any(|part| part == path))
    }

    #[test]
    fn derived_ids_are_pinned() {
        assert_eq!(derive(ROOT, b"data", 0).to_string(), PINNED);
        assert_ne!(derive(ROOT, b"data", 0), derive(ROOT, b"data", 1));
    }

    const PINNED: &str = "6bebc53f8671e8d6";

    #[test]
    fn a_renamed_directory_is_one_exception_and_children_keep_their_ids() {
        let old = ["d/a", "d/b", "d/s/c"];
        let new = ["e/a", "e/b", "e/s/c"];
        let changes = [rename("d/a", "e/a"), rename("d/b", "e/b"), rename("d/s/c", "e/s/c")];
        let before = NodeTable::default();
        let after = before.next(&changes, &has(&old), &has(&new));
        assert_eq!(after.len(), 1);
        for (o, n) in old.iter().zip(new) {
            assert_eq!(before.node(o.as_bytes()), after.node(n.as_bytes()));
        }
        let back = [rename("e/a", "d/a"), rename("e/b", "d/b"), rename("e/s/c", "d/s/c")];
        assert!(after.next(&back, &has(&new), &has(&old)).is_empty());
    }

    #[test]
    fn a_newcomer_does_not_take_the_id_of_a_moved_node() {
        let before = NodeTable::default();
        let moved = before.next(&[rename("a", "b")], &has(&["a"]), &has(&["b"]));
        assert_eq!(moved.node(b"b"), before.node(b"a"));
        let again = [Change::at("a".into(), None, Some(SIDE))];
        let both = moved.next(&again, &has(&["b"]), &has(&["a", "b"]));
        assert_ne!(both.node(b"a"), both.node(b"b"));
        assert_eq!(both.node(b"b"), before.node(b"a"));
        let gone = both.next(&[Change::at("b".into(), Some(SIDE), None)], &has(&["a", "b"]), &has(&["a"]));
        assert_eq!(gone.node(b"a"), both.node(b"a"), "the newcomer keeps its id");
    }
}
