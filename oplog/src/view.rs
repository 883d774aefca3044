//! The view: every ref and every mirror's HEAD at an operation.
//!
//! It is kept as page trees of flat entries: `heads/NAME`, `tags/NAME` and `remotes/REMOTE/NAME` name commits;
//! `mirrors/ID/HEAD` is the commit that a mirror stands on, and `mirrors/ID/on/heads/NAME` (with no id) the branch that it
//! is on; `saved/SEQ` is a tree of host content that operation SEQ stored before it was overwritten; `stash/SEQ` is a
//! commit that operation SEQ put onto the stack of stashes.

use std::collections::BTreeMap;

use bstr::{BString, ByteSlice};
use pond_objects::cursor::Leaves;
use pond_objects::page::{Body, Item, Page};
use pond_objects::paginate::{Root, paginate};
use pond_objects::{Kind, ObjectId, ObjectSource, ReadError};
use pond_refs::RefName;

/// The mirror that `pond init` makes.
pub const MAIN_MIRROR: &str = "main";

/// Where a mirror stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Head {
    /// The branch that commits move; `None` when detached.
    pub branch: Option<RefName>,
    /// The commit; `None` before the first.
    pub commit: Option<ObjectId>,
}

/// The refs and heads that an operation left, in memory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct View {
    entries: BTreeMap<BString, (Kind, ObjectId)>,
}

impl View {
    /// The view with this root page.
    ///
    /// # Errors
    /// Those of reading the pages.
    pub fn load(source: &dyn ObjectSource, root: &ObjectId) -> Result<Self, ReadError> {
        let mut entries = BTreeMap::new();
        for item in Leaves::new(source, Body::View, root)? {
            let item = item?;
            let kind = item.kind.expect("BUG: leaves of views are validated to have kinds");
            entries.insert(item.name, (kind, item.id));
        }
        Ok(Self { entries })
    }

    /// The pages that store the view.
    pub fn store(&self) -> (Root, Vec<(ObjectId, Page)>) {
        let items = self.entries.iter().map(|(name, (kind, id))| Item {
            name: name.clone(),
            kind: Some(*kind),
            id: *id,
            size: 0,
            count: 1,
        });
        paginate(Body::View, items)
    }

    /// The commit or tag that a ref names.
    pub fn target(&self, name: &RefName) -> Option<ObjectId> {
        self.entries.get(name.as_str().as_bytes()).map(|(_, id)| *id)
    }

    /// Sets or, with `None`, deletes a ref.
    pub fn set_target(&mut self, name: &RefName, target: Option<ObjectId>) {
        self.set(name.as_str().into(), target.map(|id| (Kind::Ref, id)));
    }

    /// All refs in order of their names, those of mirrors left out.
    pub fn refs(&self) -> impl Iterator<Item = (RefName, ObjectId)> {
        let refs = self.entries.iter().filter(|(_, (kind, _))| *kind == Kind::Ref);
        refs.filter_map(|(name, (_, id))| Some((RefName::from_bytes(name).ok()?, *id)))
    }

    /// Where a mirror stands; the default for one that is not known.
    pub fn head(&self, mirror: &str) -> Head {
        let on = format!("mirrors/{mirror}/on/");
        let below = self.entries.range(BString::from(on.as_str())..);
        let branch = below.map(|(name, _)| name).next().and_then(|name| name.strip_prefix(on.as_bytes()));
        let branch = branch.and_then(|name| RefName::from_bytes(name).ok());
        let commit = self.entries.get(head_name(mirror).as_bytes()).map(|(_, id)| *id);
        Head { branch, commit }
    }

    /// Moves a mirror's HEAD.
    pub fn set_head(&mut self, mirror: &str, head: &Head) {
        let on = format!("mirrors/{mirror}/on/");
        self.entries.retain(|name, _| !name.starts_with(on.as_bytes()));
        if let Some(branch) = &head.branch {
            self.entries.insert(format!("{on}{branch}").into(), (Kind::Ref, ObjectId::ZERO));
        }
        self.set(head_name(mirror), head.commit.map(|id| (Kind::Ref, id)));
    }

    /// Every mirror with where it stands, in order of their ids.
    pub fn mirrors(&self) -> impl Iterator<Item = (&str, Head)> {
        let below = self.entries.range(BString::from("mirrors/")..).map(|(name, _)| name);
        let names = below.map_while(|name| name.strip_prefix(b"mirrors/")?.to_str().ok());
        let mut ids: Vec<&str> = names.filter_map(|name| name.split('/').next()).collect();
        ids.dedup();
        ids.into_iter().map(|id| (id, self.head(id)))
    }

    /// Puts every mirror that is on the branch `from` on the branch `to`, at the same commit.
    pub fn rename_in_heads(&mut self, from: &RefName, to: &RefName) {
        let on: Vec<(String, Head)> = self
            .mirrors()
            .filter(|(_, head)| head.branch.as_ref() == Some(from))
            .map(|(id, head)| (id.to_owned(), head))
            .collect();
        for (id, head) in on {
            self.set_head(&id, &Head { branch: Some(to.clone()), ..head });
        }
    }

    /// A ref beside which one called `name` cannot be: of `heads/a` and `heads/a/b` there is one at most. Here both could
    /// be stored; in git they could not, and every ref can be carried there.
    pub fn collision(&self, name: &RefName) -> Option<RefName> {
        let text = name.as_str();
        let slashes = text.match_indices('/').map(|(at, _)| &text[..at]);
        let above = slashes.rev().find(|above| self.entries.contains_key(above.as_bytes().as_bstr()));
        let prefix = format!("{text}/");
        let below = self.entries.range(BString::from(prefix.as_str())..).next().map(|(name, _)| name);
        let below = below.filter(|below| below.starts_with(prefix.as_bytes())).map(|below| below.as_bytes());
        above.map(str::as_bytes).or(below).and_then(|other| RefName::from_bytes(other).ok())
    }

    /// Names a tree of host content that operation `seq` stored before it was overwritten.
    pub fn set_saved(&mut self, seq: i64, tree: ObjectId) {
        self.set(format!("saved/{seq}").into(), Some((Kind::Directory, tree)));
    }

    /// The trees of host content that operations stored, with the operations' numbers.
    pub fn saved(&self) -> impl Iterator<Item = (i64, ObjectId)> {
        let named = self.entries.iter().filter(|(_, (kind, _))| *kind == Kind::Directory);
        named.filter_map(|(name, (_, id))| {
            let seq = name.strip_prefix(b"saved/")?.to_str().ok()?.parse().ok()?;
            Some((seq, *id))
        })
    }

    /// Sets or, with `None`, takes off the stash that operation `seq` made.
    pub fn set_stash(&mut self, seq: i64, commit: Option<ObjectId>) {
        self.set(format!("stash/{seq}").into(), commit.map(|id| (Kind::Ref, id)));
    }

    /// The stack of stashes, the newest first: the number of the operation that made each, and its commit.
    pub fn stashes(&self) -> Vec<(i64, ObjectId)> {
        let named = self.entries.iter().filter_map(|(name, (_, id))| {
            let seq = name.strip_prefix(b"stash/")?.to_str().ok()?.parse().ok()?;
            Some((seq, *id))
        });
        let mut found: Vec<(i64, ObjectId)> = named.collect();
        found.sort_unstable_by(|a, b| b.cmp(a));
        found
    }

    /// Every entry as it is stored: name and id.
    pub fn entries(&self) -> impl Iterator<Item = (&BString, ObjectId)> {
        self.entries.iter().map(|(name, (_, id))| (name, *id))
    }

    fn set(&mut self, name: BString, value: Option<(Kind, ObjectId)>) {
        match value {
            Some(value) => drop(self.entries.insert(name, value)),
            None => drop(self.entries.remove(&name)),
        }
    }
}

fn head_name(mirror: &str) -> BString {
    format!("mirrors/{mirror}/HEAD").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pond_objects::memory::MemoryObjects;

    #[test]
    fn a_view_is_read_back_as_it_was_stored() {
        let mut view = View::default();
        let main = RefName::branch("main").expect("a valid name");
        let head = Head { branch: Some(main.clone()), commit: None };
        view.set_head(MAIN_MIRROR, &head);
        assert_eq!(view.head(MAIN_MIRROR), head);
        let commit = ObjectId::of_content(b"commit");
        let head = Head { commit: Some(commit), ..head };
        view.set_head(MAIN_MIRROR, &head);
        view.set_target(&main, Some(commit));
        view.set_saved(7, ObjectId::of_content(b"tree"));
        let mut objects = MemoryObjects::new();
        let (root, pages) = view.store();
        pages.iter().for_each(|(id, page)| objects.add_page(*id, page));
        let loaded = View::load(&objects, &root.id).expect("all pages are there");
        assert_eq!(loaded, view);
        assert_eq!(loaded.head(MAIN_MIRROR), head);
        assert_eq!(loaded.refs().collect::<Vec<_>>(), [(main, commit)]);
        assert_eq!(loaded.saved().count(), 1);
        view.set_head(MAIN_MIRROR, &Head { branch: None, commit: Some(commit) });
        assert_eq!(view.head(MAIN_MIRROR).branch, None);
    }

    #[test]
    fn mirrors_follow_a_renamed_branch() {
        let [main, other, new] = ["main", "other", "new"].map(|name| RefName::branch(name).expect("a name"));
        let at = |branch: &RefName| Head { branch: Some(branch.clone()), commit: None };
        let mut view = View::default();
        for (mirror, branch) in [("a", &main), ("b", &other), ("main", &main)] {
            view.set_head(mirror, &at(branch));
        }
        view.rename_in_heads(&main, &new);
        let found: Vec<(&str, Head)> = view.mirrors().collect();
        assert_eq!(found, [("a", at(&new)), ("b", at(&other)), ("main", at(&new))]);
    }

    #[test]
    fn a_name_and_a_directory_of_names_collide() {
        let name = |text: &str| RefName::new(text).expect("a name");
        let mut view = View::default();
        view.set_target(&name("heads/a/b"), Some(ObjectId::ZERO));
        view.set_target(&name("heads/c"), Some(ObjectId::ZERO));
        for (text, other) in [
            ("heads/a", Some("heads/a/b")),
            ("heads/a/b/c", Some("heads/a/b")),
            ("heads/c/d/e", Some("heads/c")),
            ("heads/a/c", None),
            ("heads/a-b", None),
            ("heads/cc", None),
            ("tags/a", None),
        ] {
            assert_eq!(view.collision(&name(text)), other.map(name), "{text}");
        }
    }
}
