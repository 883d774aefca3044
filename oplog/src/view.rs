//! The view: every ref and every mirror's HEAD at an operation.
//!
//! It is kept as page trees of flat entries: `heads/NAME`, `tags/NAME` and `remotes/REMOTE/NAME` name commits;
//! `mirrors/ID/HEAD` is the commit that a mirror stands on, and `mirrors/ID/on/heads/NAME` (with no id) the branch that it
//! is on; `saved/SEQ` is a tree of host content that operation SEQ stored before it was overwritten; `stash/SEQ` is a
//! commit that operation SEQ put onto the stack of stashes.
//!
//! A look at one ref reads the pages on the way to it, and a changed ref makes those anew: neither costs more where there
//! are many. So do comparisons of two views, which read what differs.

use std::collections::BTreeMap;
use std::fmt;

use bstr::{BString, ByteSlice};
use pond_objects::cursor::{self, Leaves};
use pond_objects::page::{Body, Item, Page};
use pond_objects::paginate::Root;
use pond_objects::{Kind, ObjectId, ObjectSource, ReadError, list};
pub use pond_refs::Head;
use pond_refs::{Namespace, RefName};

/// The mirror that `pond init` makes.
pub const MAIN_MIRROR: &str = "main";

/// What an entry of a view holds.
type Value = (Kind, ObjectId);

/// The refs and heads that an operation left, and changes of them that are not stored yet.
#[derive(Clone)]
pub struct View<'a> {
    source: &'a dyn ObjectSource,
    /// None: nothing is stored.
    root: Option<ObjectId>,
    edits: BTreeMap<BString, Option<Value>>,
}

impl<'a> View<'a> {
    /// The view with this root page. Reads nothing.
    pub fn at(source: &'a dyn ObjectSource, root: ObjectId) -> Self {
        Self { source, root: Some(root), edits: BTreeMap::new() }
    }

    /// A view of nothing.
    pub fn empty(source: &'a dyn ObjectSource) -> Self {
        Self { source, root: None, edits: BTreeMap::new() }
    }

    /// The root page, and the pages that the changes made new, those below before those above.
    ///
    /// # Errors
    /// Those of reading the pages that change.
    pub fn store(&self) -> Result<(Root, Vec<(ObjectId, Page)>), ReadError> {
        let item = |name: &BString, (kind, id): Value| Item {
            name: name.clone(),
            kind: Some(kind),
            id,
            size: 0,
            count: 1,
        };
        let outcomes =
            self.edits.iter().map(|(name, value)| (name.clone(), value.map(|value| item(name, value))));
        let mut pages = Vec::new();
        let mut sink = |id, page: &Page| -> Result<(), ReadError> {
            pages.push((id, page.clone()));
            Ok(())
        };
        let root = list::edit(self.source, Body::View, self.root.as_ref(), outcomes.collect(), &mut sink)?;
        Ok((root, pages))
    }

    /// The commit or tag that a ref names.
    ///
    /// # Errors
    /// Those of reading pages, here and below.
    pub fn target(&self, name: &RefName) -> Result<Option<ObjectId>, ReadError> {
        Ok(self.get(name.as_str().as_bytes())?.map(|(_, id)| id))
    }

    /// Sets or, with `None`, deletes a ref.
    pub fn set_target(&mut self, name: &RefName, target: Option<ObjectId>) {
        self.set(name.as_str().into(), target.map(|id| (Kind::Ref, id)));
    }

    /// All refs in order of their names, those of mirrors left out.
    ///
    /// # Errors
    /// See [`View::target`].
    pub fn refs(&self) -> Result<Vec<(RefName, ObjectId)>, ReadError> {
        let mut found = Vec::new();
        // In the order of their prefixes.
        for namespace in [Namespace::Branch, Namespace::Remote, Namespace::Tag] {
            found.extend(self.refs_of(namespace)?);
        }
        Ok(found)
    }

    /// The refs of one namespace in order of their names.
    ///
    /// # Errors
    /// See [`View::target`].
    pub fn refs_of(&self, namespace: Namespace) -> Result<Vec<(RefName, ObjectId)>, ReadError> {
        let named = self.below(namespace.prefix())?.into_iter();
        Ok(named.filter_map(|(name, (_, id))| Some((RefName::from_bytes(&name).ok()?, id))).collect())
    }

    /// Where a mirror stands; the default for one that is not known.
    ///
    /// # Errors
    /// See [`View::target`].
    pub fn head(&self, mirror: &str) -> Result<Head, ReadError> {
        let on = on_prefix(mirror);
        let first = self.below(&on)?.into_iter().next();
        let branch = first.and_then(|(name, _)| RefName::from_bytes(name.strip_prefix(on.as_bytes())?).ok());
        let commit = self.get(&head_name(mirror))?.map(|(_, id)| id);
        Ok(Head { branch, commit })
    }

    /// Moves a mirror's HEAD.
    ///
    /// # Errors
    /// See [`View::target`].
    pub fn set_head(&mut self, mirror: &str, head: &Head) -> Result<(), ReadError> {
        let on = on_prefix(mirror);
        for (name, _) in self.below(&on)? {
            self.set(name, None);
        }
        if let Some(branch) = &head.branch {
            self.set(format!("{on}{branch}").into(), Some((Kind::Ref, ObjectId::ZERO)));
        }
        self.set(head_name(mirror), head.commit.map(|id| (Kind::Ref, id)));
        Ok(())
    }

    /// Every mirror with where it stands, in order of their ids.
    ///
    /// # Errors
    /// See [`View::target`].
    pub fn mirrors(&self) -> Result<Vec<(String, Head)>, ReadError> {
        const PREFIX: &str = "mirrors/";
        let named = self.below(PREFIX)?;
        let id = |name: &BString| Some(name[PREFIX.len()..].to_str().ok()?.split('/').next()?.to_owned());
        let mut ids: Vec<String> = named.iter().filter_map(|(name, _)| id(name)).collect();
        ids.dedup();
        ids.into_iter().map(|id| self.head(&id).map(|head| (id, head))).collect()
    }

    /// Puts every mirror that is on the branch `from` on the branch `to`, at the same commit.
    ///
    /// # Errors
    /// See [`View::target`].
    pub fn rename_in_heads(&mut self, from: &RefName, to: &RefName) -> Result<(), ReadError> {
        for (id, head) in self.mirrors()? {
            if head.branch.as_ref() == Some(from) {
                self.set_head(&id, &Head { branch: Some(to.clone()), ..head })?;
            }
        }
        Ok(())
    }

    /// A ref beside which one called `name` cannot be: of `heads/a` and `heads/a/b` there is one at most. Here both could
    /// be stored; in git they could not, and every ref can be carried there.
    ///
    /// # Errors
    /// See [`View::target`].
    pub fn collision(&self, name: &RefName) -> Result<Option<RefName>, ReadError> {
        let text = name.as_str();
        for (at, _) in text.rmatch_indices('/') {
            if self.get(&text.as_bytes()[..at])?.is_some() {
                return Ok(RefName::new(&text[..at]).ok());
            }
        }
        let below = self.below(&format!("{text}/"))?.into_iter().next();
        Ok(below.and_then(|(name, _)| RefName::from_bytes(&name).ok()))
    }

    /// Names a tree of host content that operation `seq` stored before it was overwritten.
    pub fn set_saved(&mut self, seq: i64, tree: ObjectId) {
        self.set(format!("saved/{seq}").into(), Some((Kind::Directory, tree)));
    }

    /// Sets or, with `None`, takes off the stash that operation `seq` made.
    pub fn set_stash(&mut self, seq: i64, commit: Option<ObjectId>) {
        self.set(format!("{STASH}{seq}").into(), commit.map(|id| (Kind::Ref, id)));
    }

    /// The stack of stashes, the newest first: the number of the operation that made each, and its commit.
    ///
    /// # Errors
    /// See [`View::target`].
    pub fn stashes(&self) -> Result<Vec<(i64, ObjectId)>, ReadError> {
        let named = self.below(STASH)?.into_iter();
        let mut found: Vec<_> =
            named.filter_map(|(name, (_, id))| Some((stash_number(&name)?, id))).collect();
        found.sort_unstable_by(|a, b| b.cmp(a));
        Ok(found)
    }

    /// The refs and stashes that this view, as it is stored, has otherwise than the one `before`. Heads of mirrors are not
    /// among them.
    ///
    /// # Errors
    /// See [`View::target`].
    pub fn moves_since(&self, before: &View<'_>) -> Result<Moves, ReadError> {
        debug_assert!(self.edits.is_empty() && before.edits.is_empty(), "BUG: views that are not stored");
        let mut moves = Moves::default();
        let mut visit = |old: Option<Item>, new: Option<Item>| -> Result<(), ReadError> {
            let [was, is] = [&old, &new].map(|item| item.as_ref().map(|item| item.id));
            let Some(name) = old.or(new).map(|item| item.name) else { return Ok(()) };
            if let Some(seq) = stash_number(&name) {
                moves.stashes.push((seq, was, is));
            } else if let Ok(name) = RefName::from_bytes(&name) {
                moves.refs.push((name, was, is));
            }
            Ok(())
        };
        list::diff(self.source, Body::View, before.root.as_ref(), self.root.as_ref(), &mut visit)?;
        moves.stashes.sort_unstable();
        Ok(moves)
    }

    fn get(&self, name: &[u8]) -> Result<Option<Value>, ReadError> {
        if let Some(edited) = self.edits.get(name.as_bstr()) {
            return Ok(*edited);
        }
        let Some(root) = &self.root else { return Ok(None) };
        Ok(cursor::find(self.source, Body::View, root, name)?.map(|item| value(&item)))
    }

    /// The entries whose names begin with `prefix`, in order.
    fn below(&self, prefix: &str) -> Result<Vec<(BString, Value)>, ReadError> {
        let mut found = Vec::new();
        if let Some(root) = &self.root {
            for item in Leaves::starting_at(self.source, Body::View, root, prefix.as_bytes())? {
                let item = item?;
                if !item.name.starts_with(prefix.as_bytes()) {
                    break;
                }
                if !self.edits.contains_key(&item.name) {
                    found.push((item.name.clone(), value(&item)));
                }
            }
        }
        let edited = self.edits.range(BString::from(prefix)..);
        let edited = edited.take_while(|(name, _)| name.starts_with(prefix.as_bytes()));
        let stored = found.len();
        found.extend(edited.filter_map(|(name, value)| Some((name.clone(), (*value)?))));
        if found.len() > stored {
            found.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        }
        Ok(found)
    }

    fn set(&mut self, name: BString, value: Option<Value>) {
        self.edits.insert(name, value);
    }
}

impl fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").field("root", &self.root).field("edits", &self.edits).finish_non_exhaustive()
    }
}

/// What is otherwise in a view than in another: names with the ids before and after.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moves {
    /// Refs in order of their names.
    pub refs: Vec<(RefName, Option<ObjectId>, Option<ObjectId>)>,
    /// Stashes by the numbers of the operations that made them, in order.
    pub stashes: Vec<(i64, Option<ObjectId>, Option<ObjectId>)>,
}

const STASH: &str = "stash/";

fn stash_number(name: &[u8]) -> Option<i64> {
    name.strip_prefix(STASH.as_bytes())?.to_str().ok()?.parse().ok()
}

fn value(item: &Item) -> Value {
    (item.kind.expect("BUG: leaves of views are validated to have kinds"), item.id)
}

fn on_prefix(mirror: &str) -> String {
    format!("mirrors/{mirror}/on/")
}

fn head_name(mirror: &str) -> BString {
    format!("mirrors/{mirror}/HEAD").into()
}

#[cfg(test)]
mod tests;
