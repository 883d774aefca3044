//! Any revision as a directory, without laying it out.

use std::rc::Rc;

use bstr::{BStr, BString, ByteSlice as _};
use pond_history::History;
use pond_history::resolve::{self, ResolveRevisionError};
use pond_objects::name::join_path;
use pond_objects::{Kind, Side, tree};
use pond_refs::{Namespace, ResolveError, Revision};
use pond_tinyfs::{Dynamic, DynamicDirectory, DynamicNode, LayerError};

/// The name of the directory.
pub const REVISIONS: &str = "@";

/// The directory of revisions. It lists branches and tags, and has every revision that there is a way to write: `v1`, `HEAD~3`,
/// `@{2026-05-01}`. A `/` in the name of a branch makes a directory of its own; a revision comes before that.
pub struct Revisions<'w> {
    history: History<'w>,
    /// The names above, from the directory of revisions.
    above: BString,
}

impl<'w> Revisions<'w> {
    /// The revisions of a history.
    pub fn new(history: History<'w>) -> Self {
        Self { history, above: BString::default() }
    }

    /// What names of branches and tags have behind those above.
    fn rests(&self) -> Result<Vec<BString>, LayerError> {
        let view = self.history.snapshot.view();
        let mut rests = Vec::new();
        for namespace in [Namespace::Branch, Namespace::Tag] {
            for (name, _) in view.refs_of(namespace)? {
                let name = name.short().as_bytes();
                let rest = match self.above.is_empty() {
                    true => Some(name),
                    false => {
                        name.strip_prefix(self.above.as_slice()).and_then(|rest| rest.strip_prefix(b"/"))
                    }
                };
                rests.extend(rest.map(BString::from));
            }
        }
        Ok(rests)
    }

    fn revision(&self, text: &[u8]) -> Result<Option<Side>, LayerError> {
        let Ok(revision) = Revision::parse(text) else { return Ok(None) };
        match resolve::tree(self.history, &revision) {
            Ok(id) => {
                let size = tree::find(self.history.store(), &id, b"")?.map_or(0, |root| root.size);
                Ok(Some(Side { kind: Kind::Directory, id, size }))
            }
            Err(error @ ResolveRevisionError::Revision { source: ResolveError::Lookup(_), .. }) => {
                Err(LayerError::Store(Box::new(error)))
            }
            Err(_) => Ok(None),
        }
    }
}

impl<'w> DynamicDirectory<'w> for Revisions<'w> {
    fn find(&self, name: &BStr) -> Result<Option<DynamicNode<'w>>, LayerError> {
        let text = join_path(&self.above, name);
        if let Some(side) = self.revision(&text)? {
            return Ok(Some(DynamicNode::Stored(side)));
        }
        let begins =
            |rest: &BString| rest.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b"/"));
        let is_above = self.rests()?.iter().any(begins);
        Ok(is_above.then(|| {
            let below: Dynamic<'w> = Rc::new(Self { history: self.history, above: text });
            DynamicNode::Directory(below)
        }))
    }

    fn names(&self) -> Result<Vec<BString>, LayerError> {
        let first = |rest: BString| rest.split_str("/").next().unwrap_or_default().into();
        let mut names: Vec<BString> = self.rests()?.into_iter().map(first).collect();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }
}
