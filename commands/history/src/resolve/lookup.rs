//! What a resolver of revisions asks of a pond.

use jiff::Timestamp;
use pond_objects::{Body, IdPrefix, ObjectId, ObjectSource, ReadError, Tagged};
use pond_oplog::log::{self, LogError};
use pond_oplog::operation::Operation;
use pond_oplog::row::RowType;
use pond_oplog::view::View;
use pond_oplog::{Pond, ReadonlyPond};
use pond_refs::{Candidate, Head, Lookup, ObjectKind, Previous, RefName, Tracked};
use regex::bytes::Regex;

use crate::history::History;
use crate::resolve::error::LookupError;
use crate::resolve::peel::peel;
use crate::resolve::reflog;
use crate::walk::{Walk, WalkOptions};

/// Candidates that a person would still read.
const MOST_CANDIDATES: usize = 40;

/// A history, as a resolver sees it.
pub(super) struct PondLookup<'a> {
    pond: &'a Pond,
    snapshot: &'a ReadonlyPond,
    head: &'a Head,
    mirror: &'a str,
}

impl<'a> PondLookup<'a> {
    /// What a history answers.
    pub(super) fn new(history: History<'a>) -> Self {
        let History { pond, snapshot, head, mirror, .. } = history;
        Self { pond, snapshot, head, mirror }
    }

    /// The values that a ref had, the present one first, each with the operation that gave it.
    pub(super) fn values(
        &self,
        of: &'a Tracked,
    ) -> impl Iterator<Item = Result<(ObjectId, Operation), ReadError>> + use<'a> {
        let (head, mirror) = (self.head, self.mirror);
        reflog::moves(self.snapshot, move |view| value(head, mirror, of, view))
    }

    /// A ref's value in a view, whatever it is tracked by.
    fn value(&self, of: &Tracked, view: &View<'_>) -> Result<Option<ObjectId>, ReadError> {
        value(self.head, self.mirror, of, view)
    }

    fn present(&self, of: &Tracked) -> Result<Option<ObjectId>, ReadError> {
        self.value(of, &self.snapshot.view())
    }

    fn kind_of_row(&self, id: &ObjectId, row_type: RowType) -> Option<ObjectKind> {
        match row_type {
            RowType::Commit => Some(ObjectKind::Commit),
            // Pages of manifests and of inner levels are no objects to a user.
            RowType::Page => self.snapshot.store().page(Body::Tree, id).is_ok().then_some(ObjectKind::Tree),
            RowType::Blob | RowType::Chunk => Some(ObjectKind::Blob),
            RowType::Tag => Some(ObjectKind::Tag),
            RowType::Change | RowType::Forgotten | RowType::Op => None,
        }
    }

    /// What an annotated tag names in the end; any other object itself.
    fn peeled(&self, id: ObjectId) -> Result<ObjectId, ReadError> {
        peel(self.snapshot.store(), id)
    }

    fn walk(&self, from: ObjectId) -> Result<Walk<'_>, ReadError> {
        Walk::new(self.snapshot.store(), &[from], &[], WalkOptions::default())
    }
}

impl Lookup for PondLookup<'_> {
    type Error = LookupError;

    fn reference(&self, name: &RefName) -> Result<Option<ObjectId>, LookupError> {
        Ok(self.snapshot.view().target(name)?)
    }

    fn kind(&self, id: &ObjectId) -> Result<ObjectKind, LookupError> {
        let store = self.snapshot.store();
        let known = store.type_of(id).and_then(|row_type| self.kind_of_row(id, row_type));
        Ok(known.ok_or(ReadError::Missing { what: "object", id: *id })?)
    }

    fn tagged(&self, tag: &ObjectId) -> Result<Candidate, LookupError> {
        let tag = self.snapshot.store().tag(tag)?;
        Ok(Candidate { id: tag.object, kind: kind_of_tagged(tag.kind) })
    }

    fn head(&self) -> Result<Option<ObjectId>, LookupError> {
        Ok(self.head.commit)
    }

    fn objects(&self, prefix: &IdPrefix) -> Result<Vec<Candidate>, LookupError> {
        let rows = self.snapshot.store().matching(prefix).into_iter();
        let known =
            rows.filter_map(|(id, row_type)| Some(Candidate { id, kind: self.kind_of_row(&id, row_type)? }));
        Ok(known.take(MOST_CANDIDATES).collect())
    }

    fn parents(&self, commit: &ObjectId) -> Result<Vec<ObjectId>, LookupError> {
        Ok(self.snapshot.store().link(commit)?.parents)
    }

    fn tree(&self, commit: &ObjectId) -> Result<ObjectId, LookupError> {
        Ok(self.snapshot.store().commit(commit)?.tree)
    }

    fn entry(&self, of: &Tracked, n: u64) -> Result<Option<ObjectId>, LookupError> {
        let present = self.present(of)?;
        // A ref that was deleted has no present value, but had others before.
        let skipped = if present.is_some() { n } else { n.saturating_sub(1) };
        match (n, usize::try_from(skipped)) {
            (0, _) => Ok(present),
            (_, Ok(skipped)) => {
                let mut values = reflog::moves(self.snapshot, |view| self.value(of, view));
                Ok(values.nth(skipped).transpose()?.map(|(id, _)| id))
            }
            (_, Err(_)) => Ok(None),
        }
    }

    fn at_date(&self, of: &Tracked, moment: Timestamp) -> Result<Option<ObjectId>, LookupError> {
        let Some(from) = self.present(of)? else { return Ok(None) };
        let from = self.peeled(from)?;
        for found in self.walk(from)? {
            let (id, link) = found?;
            if link.seconds <= moment.as_second() {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    fn at_operation(&self, of: &Tracked, number: u64) -> Result<Option<ObjectId>, LookupError> {
        let Ok(number) = i64::try_from(number) else { return Ok(None) };
        if number > self.snapshot.state().seq {
            return Ok(None);
        }
        for operation in self.snapshot.operations() {
            let (_, operation) = operation?;
            if operation.seq <= number {
                return Ok(self.value(of, &View::at(self.snapshot.store(), operation.view))?);
            }
        }
        Ok(None)
    }

    fn at_delta(&self, of: Option<&Tracked>, version: u64) -> Result<Option<ObjectId>, LookupError> {
        if version > self.snapshot.state().version {
            return Ok(None);
        }
        let entry = match log::read_entry(&self.pond.table_dir(), version) {
            Ok((entry, _)) => entry,
            Err(LogError::Missing { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let view = View::at(self.snapshot.store(), entry.pond.view);
        if let Some(of) = of {
            return Ok(self.value(of, &view)?);
        }
        let head = view.head(self.mirror)?.commit;
        let mut newest: Option<(i64, bool, ObjectId)> = None;
        for id in view.refs()?.into_iter().map(|(_, id)| id).chain(head) {
            let id = self.peeled(id)?;
            if self.snapshot.store().type_of(&id) != Some(RowType::Commit) {
                continue;
            }
            let time = self.snapshot.store().link(&id)?.seconds;
            newest = newest.max(Some((time, Some(id) == head, id)));
        }
        Ok(newest.map(|(_, _, id)| id))
    }

    fn previous(&self, n: u32) -> Result<Option<Previous>, LookupError> {
        let mut switches = reflog::switches(self.snapshot, self.mirror);
        let wanted = usize::try_from(n).ok().and_then(|n| n.checked_sub(1)).and_then(|n| switches.nth(n));
        Ok(wanted.transpose()?)
    }

    fn stash(&self, n: u64) -> Result<Option<ObjectId>, LookupError> {
        let stack = self.snapshot.view().stashes()?;
        Ok(usize::try_from(n).ok().and_then(|n| stack.get(n)).map(|(_, id)| *id))
    }

    fn search(&self, from: &ObjectId, text: &str) -> Result<Option<ObjectId>, LookupError> {
        // What is no pattern is looked for as it is.
        let pattern = Regex::new(text).or_else(|_| Regex::new(&regex::escape(text))).ok();
        let Some(pattern) = pattern else { return Ok(None) };
        for found in self.walk(*from)? {
            let id = found?.0;
            if pattern.is_match(&self.snapshot.store().commit(&id)?.message) {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }
}

fn value(head: &Head, mirror: &str, of: &Tracked, view: &View<'_>) -> Result<Option<ObjectId>, ReadError> {
    match (of, &head.branch) {
        (Tracked::Ref(name), _) | (Tracked::Current, Some(name)) => view.target(name),
        (Tracked::Head, _) | (Tracked::Current, None) => Ok(view.head(mirror)?.commit),
    }
}

/// What an annotated tag names, as revisions tell objects apart.
fn kind_of_tagged(kind: Tagged) -> ObjectKind {
    match kind {
        Tagged::Commit => ObjectKind::Commit,
        Tagged::Tree => ObjectKind::Tree,
        Tagged::Blob => ObjectKind::Blob,
        Tagged::Tag => ObjectKind::Tag,
    }
}
