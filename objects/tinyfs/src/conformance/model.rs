//! The plainest filesystem: a map from paths to what is there.

use std::collections::BTreeMap;
use std::convert::Infallible;

use bstr::BString;
use pond_objects::path::is_below;
use pond_objects::tree::TreeBuilder;
use pond_objects::{Kind, ObjectId, Page, path_order};

/// What has a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Thing {
    File(Vec<u8>, bool),
    Symlink(Vec<u8>),
    Directory,
}

/// Paths in normal form; the root is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Model {
    pub(super) things: BTreeMap<BString, Thing>,
}

impl Model {
    pub(super) fn is_directory(&self, path: &[u8]) -> bool {
        path.is_empty() || self.things.get(path) == Some(&Thing::Directory)
    }

    /// Whether something new can have the path.
    pub(super) fn is_free(&self, path: &[u8]) -> bool {
        self.is_directory(pond_objects::path::parent(path)) && !self.things.contains_key(path)
    }

    pub(super) fn below(&self, path: &[u8]) -> Vec<(BString, Thing)> {
        let below = self.things.iter().filter(|(at, _)| at.as_slice() == path || is_below(at, path));
        below.map(|(at, thing)| (at.clone(), thing.clone())).collect()
    }

    pub(super) fn remove(&mut self, path: &[u8]) {
        self.things.retain(|at, _| at.as_slice() != path && !is_below(at, path));
    }

    pub(super) fn copy(&mut self, from: &[u8], to: &[u8]) {
        for (path, thing) in self.below(from) {
            let path = [to, &path[from.len()..]].concat();
            self.things.insert(path.into(), thing);
        }
    }

    /// The tree that `add` would make of a host directory with all this.
    pub(super) fn tree(&self) -> ObjectId {
        let mut builder = TreeBuilder::new(|_, _: &Page| Ok::<_, Infallible>(()));
        let mut things: Vec<_> = self.things.iter().collect();
        things.sort_by(|(a, _), (b, _)| path_order(a, b));
        for (at, (path, thing)) in things.iter().enumerate() {
            let is_filled = things.get(at + 1).is_some_and(|(next, _)| is_below(next, path));
            let (kind, content) = match thing {
                Thing::Directory if is_filled => continue,
                Thing::Directory => (Kind::Directory, &[][..]),
                Thing::Symlink(target) => (Kind::Symlink, target.as_slice()),
                Thing::File(content, true) => (Kind::Executable, content.as_slice()),
                Thing::File(content, false) => (Kind::File, content.as_slice()),
            };
            let Ok(()) =
                builder.push(path.as_ref(), kind, ObjectId::of_content(content), content.len() as u64);
        }
        let Ok(root) = builder.finish();
        root.id
    }
}
