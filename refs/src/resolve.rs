//! From a revision to the object that it stands for.
//!
//! A [`Resolver`] knows the rules and nothing of storage; what exists it asks of a [`Lookup`]. A name is
//! tried in this order, and the first that exists is taken:
//!
//! 1. the ref of exactly this full name, with or without `refs/`;
//! 2. the tag `tags/NAME`; 3. the branch `heads/NAME`;
//! 4. the remote branch `remotes/NAME`; 5. the remote's own HEAD, `remotes/NAME/HEAD`;
//! 6. the object whose id begins with NAME, where that is 4 to 64 hex digits;
//! 7. the commit whose id begins with DIGITS, where NAME is what `describe` prints: `TAG-N-gDIGITS`.
//!
//! `stash` and `stash@{n}` are the stashes, where no ref is called so.
//!
//! So a branch called `deadbeef` hides an id, as in git; a whole id is never taken for a ref. Where a prefix
//! is that of several objects and only one of them is of the kind that is wanted, that one is meant.

mod error;
mod lookup;

use jiff::Zoned;
use pond_objects::{IdPrefix, ObjectId};

use crate::date::{DayTime, parse_date};
use crate::ref_name::{Namespace, RefName};
use crate::revision::{At, Base, Peel, Revision, Step};

pub use error::ResolveError;
pub use lookup::{Candidate, Lookup, ObjectKind, Previous, Tracked};

/// What a revision stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The object.
    pub id: ObjectId,
    /// What it is.
    pub kind: ObjectKind,
    /// The ref that the revision names, where it is a ref's present value and no step was taken from there.
    pub reference: Option<RefName>,
    /// Other refs that the same short name could have meant, for a warning.
    pub shadowed: Vec<RefName>,
}

impl Found {
    fn object(id: ObjectId, kind: ObjectKind) -> Self {
        Self { id, kind, reference: None, shadowed: Vec::new() }
    }
}

/// Finds what revisions stand for.
pub struct Resolver<'a, L: Lookup + ?Sized> {
    lookup: &'a L,
    now: &'a Zoned,
}

/// Which objects may be meant by the beginning of an id.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Anything,
    Commit,
    /// A tree, or a commit for the tree that it has.
    Tree,
}

impl Wanted {
    fn allows(self, kind: ObjectKind) -> bool {
        match self {
            Self::Anything => true,
            Self::Commit => matches!(kind, ObjectKind::Commit | ObjectKind::Tag),
            Self::Tree => kind != ObjectKind::Blob,
        }
    }
}

type Result<T, L> = std::result::Result<T, ResolveError<<L as Lookup>::Error>>;

impl<'a, L: Lookup + ?Sized> Resolver<'a, L> {
    /// A resolver of what `lookup` knows; approximate dates count from `now`, in its zone.
    pub fn new(lookup: &'a L, now: &'a Zoned) -> Self {
        Self { lookup, now }
    }

    /// The object that a revision stands for, whatever it is.
    pub fn object(&self, revision: &Revision) -> Result<Found, L> {
        self.resolve(revision, Wanted::Anything)
    }

    /// The commit that a revision stands for.
    ///
    /// # Errors
    ///
    /// [`ResolveError::Kind`] for a tree or a blob, and what any resolution may fail with. A tag stands for what it names.
    pub fn commit(&self, revision: &Revision) -> Result<Found, L> {
        let found = self.peel(self.resolve(revision, Wanted::Commit)?)?;
        match found.kind {
            ObjectKind::Commit => Ok(found),
            _ => Err(kind_error(revision.to_string(), &found, ObjectKind::Commit)),
        }
    }

    /// The tree that a revision stands for: a tree, or that of a commit.
    ///
    /// # Errors
    ///
    /// [`ResolveError::Kind`] for a blob, and what any resolution may fail with.
    pub fn tree(&self, revision: &Revision) -> Result<ObjectId, L> {
        let found = self.peel(self.resolve(revision, Wanted::Tree)?)?;
        self.tree_of(&found, || revision.to_string())
    }

    fn resolve(&self, revision: &Revision, wanted: Wanted) -> Result<Found, L> {
        let first = match revision.steps.first() {
            None | Some(Step::Peel(Peel::Any)) => wanted,
            Some(Step::Peel(Peel::Tree)) => Wanted::Tree,
            Some(_) => Wanted::Commit,
        };
        let mut found = self.base(&revision.base, first)?;
        for (done, step) in revision.steps.iter().enumerate() {
            // What the message of an error calls the object that the step begins at.
            let from = || {
                Revision { base: revision.base.clone(), steps: revision.steps[..done].to_vec() }.to_string()
            };
            let peeled = self.peel(found)?;
            let (id, kind) = self.step(step, &peeled, from)?;
            found = Found::object(id, kind);
        }
        Ok(found)
    }

    /// What an annotated tag names in the end; any other object itself.
    fn peel(&self, mut found: Found) -> Result<Found, L> {
        while found.kind == ObjectKind::Tag {
            let tagged = self.lookup.tagged(&found.id)?;
            (found.id, found.kind) = (tagged.id, tagged.kind);
        }
        Ok(found)
    }

    fn step(
        &self,
        step: &Step,
        found: &Found,
        from: impl Fn() -> String,
    ) -> Result<(ObjectId, ObjectKind), L> {
        if let Step::Peel(Peel::Any) = step {
            return Ok((found.id, found.kind));
        }
        if let Step::Peel(Peel::Tree) = step {
            return Ok((self.tree_of(found, from)?, ObjectKind::Tree));
        }
        if found.kind != ObjectKind::Commit {
            return Err(kind_error(from(), found, ObjectKind::Commit));
        }
        let id = match step {
            Step::Parent(0) => found.id,
            Step::Parent(n) => self.parent(found.id, *n, &from)?,
            Step::Ancestor(n) => {
                let mut id = found.id;
                for taken in 0..*n {
                    let reached =
                        || if taken == 0 { from() } else { format!("{}{}", from(), Step::Ancestor(taken)) };
                    id = self.parent(id, 1, &reached)?;
                }
                id
            }
            Step::Peel(Peel::Message(text)) => self
                .lookup
                .search(&found.id, text)?
                .ok_or_else(|| ResolveError::NoMessage { revision: from(), text: text.clone() })?,
            Step::Peel(Peel::Commit | Peel::Any | Peel::Tree) => found.id,
        };
        Ok((id, ObjectKind::Commit))
    }

    fn parent(&self, commit: ObjectId, n: u32, from: &impl Fn() -> String) -> Result<ObjectId, L> {
        let parents = self.lookup.parents(&commit)?;
        let wanted = usize::try_from(n).ok().and_then(|n| n.checked_sub(1)).and_then(|at| parents.get(at));
        wanted.copied().ok_or_else(|| ResolveError::NoParent {
            revision: from(),
            commit,
            wanted: n,
            parents: parents.len(),
        })
    }

    fn tree_of(&self, found: &Found, from: impl Fn() -> String) -> Result<ObjectId, L> {
        match found.kind {
            ObjectKind::Tree => Ok(found.id),
            ObjectKind::Commit => Ok(self.lookup.tree(&found.id)?),
            ObjectKind::Blob | ObjectKind::Tag => Err(kind_error(from(), found, ObjectKind::Tree)),
        }
    }

    fn base(&self, base: &Base, wanted: Wanted) -> Result<Found, L> {
        match base {
            Base::Head => {
                let id = self.lookup.head()?.ok_or(ResolveError::Unborn)?;
                Ok(Found::object(id, ObjectKind::Commit))
            }
            Base::Id(id) => self.by_prefix(&id.to_hex(), wanted)?.ok_or_else(|| unknown(&id.to_hex())),
            Base::Name(name) => {
                if let Some(found) = self.by_ref(name)? {
                    return Ok(found);
                }
                if is_stack(name)
                    && let Some(id) = self.lookup.stash(0)?
                {
                    return Ok(Found::object(id, ObjectKind::Commit));
                }
                if let Some(found) = self.by_prefix(name, wanted)? {
                    return Ok(found);
                }
                let described =
                    described(name).map(|id| self.by_prefix(id, Wanted::Commit)).transpose()?.flatten();
                let commit = described.filter(|found| found.kind == ObjectKind::Commit);
                commit.ok_or_else(|| unknown(name))
            }
            Base::Reflog { reference: Some(name), at: At::Entry(n) }
                if is_stack(name) && self.by_ref(name)?.is_none() =>
            {
                let id = self.lookup.stash(*n)?;
                let id = id.ok_or_else(|| ResolveError::NoValue { revision: base.to_string() })?;
                Ok(Found::object(id, ObjectKind::Commit))
            }
            Base::Reflog { reference, at } => {
                let tracked = self.tracked(reference.as_deref())?;
                let id = self.earlier(base, tracked, at)?;
                Ok(Found::object(id, self.lookup.kind(&id)?))
            }
            Base::Previous(n) => match self.lookup.previous(*n)?.ok_or(ResolveError::NoPrevious(*n))? {
                Previous::Commit(id) => Ok(Found::object(id, ObjectKind::Commit)),
                Previous::Branch(name) => match self.lookup.reference(&name)? {
                    Some(id) => Ok(Found { reference: Some(name), ..Found::object(id, ObjectKind::Commit) }),
                    None => Err(ResolveError::PreviousGone { n: *n, name }),
                },
            },
        }
    }

    /// The first ref of the order above, with those that it hides.
    fn by_ref(&self, name: &str) -> Result<Option<Found>, L> {
        let mut first: Option<Found> = None;
        for candidate in full_names(name) {
            if let Some(id) = self.lookup.reference(&candidate)? {
                match &mut first {
                    Some(found) => found.shadowed.push(candidate),
                    None => {
                        // Only tags name other things than commits.
                        let kind = match candidate.is_branch() {
                            true => ObjectKind::Commit,
                            false => self.lookup.kind(&id)?,
                        };
                        first = Some(Found { reference: Some(candidate), ..Found::object(id, kind) });
                    }
                }
            }
        }
        Ok(first)
    }

    fn by_prefix(&self, text: &str, wanted: Wanted) -> Result<Option<Found>, L> {
        let Ok(prefix) = text.parse::<IdPrefix>() else { return Ok(None) };
        let all = self.lookup.objects(&prefix)?;
        let fitting: Vec<Candidate> =
            all.iter().copied().filter(|object| wanted.allows(object.kind)).collect();
        // With none of the wanted kind, the error about the kind says more than "unknown" would.
        let candidates = if fitting.is_empty() { all } else { fitting };
        match candidates.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(Found::object(one.id, one.kind))),
            _ => Err(ResolveError::Ambiguous { prefix: text.to_owned(), candidates }),
        }
    }

    fn tracked(&self, reference: Option<&str>) -> Result<Option<Tracked>, L> {
        let Some(name) = reference else { return Ok(None) };
        if name == "HEAD" {
            return Ok(Some(Tracked::Head));
        }
        if let Some(Found { reference: Some(reference), .. }) = self.by_ref(name)? {
            return Ok(Some(Tracked::Ref(reference)));
        }
        // A branch that was deleted still has the values that it had.
        let full = RefName::new(name).or_else(|_| RefName::branch(name)).map_err(|_| unknown(name))?;
        Ok(Some(Tracked::Ref(full)))
    }

    fn earlier(&self, base: &Base, tracked: Option<Tracked>, at: &At) -> Result<ObjectId, L> {
        let found = match at {
            At::Entry(n) => self.lookup.entry(&tracked.unwrap_or(Tracked::Current), *n)?,
            At::Date(text) => {
                let moment = parse_date(text, self.now, DayTime::End).map_err(ResolveError::Date)?;
                self.lookup.at_date(&tracked.unwrap_or(Tracked::Current), moment)?
            }
            At::Operation(number) => self.lookup.at_operation(&tracked.unwrap_or(Tracked::Head), *number)?,
            At::Delta(version) => self.lookup.at_delta(tracked.as_ref(), *version)?,
        };
        found.ok_or_else(|| ResolveError::NoValue { revision: base.to_string() })
    }
}

/// The full names that a short one may stand for, in the order in which they are tried.
pub fn full_names(name: &str) -> impl Iterator<Item = RefName> {
    let in_namespace = |namespace: Namespace, end: &str| format!("{}{name}{end}", namespace.prefix());
    [
        name.to_owned(),
        in_namespace(Namespace::Tag, ""),
        in_namespace(Namespace::Branch, ""),
        in_namespace(Namespace::Remote, ""),
        in_namespace(Namespace::Remote, "/HEAD"),
    ]
    .into_iter()
    .filter_map(|full| RefName::new(&full).ok())
}

/// The digits of the id in what `describe` prints.
fn described(name: &str) -> Option<&str> {
    let (before, digits) = name.rsplit_once("-g")?;
    let (tag, count) = before.rsplit_once('-')?;
    let is_count = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
    (is_count && !tag.is_empty()).then_some(digits)
}

/// Whether a name is that of the stack of stashes.
fn is_stack(name: &str) -> bool {
    matches!(name, "stash" | "refs/stash")
}

fn unknown<E: std::error::Error + 'static>(name: &str) -> ResolveError<E> {
    ResolveError::Unknown { name: name.to_owned() }
}

fn kind_error<E: std::error::Error + 'static>(
    revision: String,
    found: &Found,
    wanted: ObjectKind,
) -> ResolveError<E> {
    ResolveError::Kind { revision, id: found.id, kind: found.kind, wanted }
}

#[cfg(test)]
mod tests;
