//! Which refs are meant, by what they name and by history.

use pond_objects::{ObjectId, ReadError};
use pond_oplog::RowType;

use crate::refs::listed::Listed;
use crate::refs::objects::Objects;
use crate::walk::{Leads, not_reachable};

/// What a ref must or must not have to do with commits; an empty list asks nothing.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Its history has one of these.
    pub contains: Vec<ObjectId>,
    /// Its history has none of these.
    pub no_contains: Vec<ObjectId>,
    /// It is in the history of one of these.
    pub merged: Vec<ObjectId>,
    /// It is in the history of none of these.
    pub no_merged: Vec<ObjectId>,
    /// It names one of these, by itself or through tags.
    pub points_at: Vec<ObjectId>,
}

impl Selection {
    /// Takes out what is not meant.
    ///
    /// # Errors
    /// Those of reading tags and commits.
    pub fn apply(&self, objects: &Objects<'_>, refs: &mut Vec<Listed>) -> Result<(), ReadError> {
        let store = objects.store();
        if !self.points_at.is_empty() {
            keep(refs, |one| self.is_pointed_at(objects, one))?;
        }
        let by_history = [&self.contains, &self.no_contains, &self.merged, &self.no_merged];
        if by_history.iter().all(|commits| commits.is_empty()) {
            return Ok(());
        }
        keep(refs, |one| Ok(objects.peeled(one)?.1 == RowType::Commit))?;
        for (commits, wanted) in [(&self.contains, true), (&self.no_contains, false)] {
            if !commits.is_empty() {
                let mut leads = Leads::new(store, commits);
                keep(refs, |one| Ok(leads.lead(objects.peeled(one)?.0)? == wanted))?;
            }
        }
        for (commits, wanted) in [(&self.merged, true), (&self.no_merged, false)] {
            if !commits.is_empty() {
                let tips: Result<Vec<ObjectId>, ReadError> =
                    refs.iter().map(|one| Ok(objects.peeled(one)?.0)).collect();
                let outside = not_reachable(store, &tips?, commits)?;
                keep(refs, |one| Ok(outside.contains(&objects.peeled(one)?.0) != wanted))?;
            }
        }
        Ok(())
    }

    /// Whether a ref names one of the objects, by itself or through tags.
    fn is_pointed_at(&self, objects: &Objects<'_>, one: &Listed) -> Result<bool, ReadError> {
        let store = objects.store();
        let mut id = one.id;
        loop {
            if self.points_at.contains(&id) {
                return Ok(true);
            }
            if store.type_of(&id) != Some(RowType::Tag) {
                return Ok(false);
            }
            id = store.tag(&id)?.object;
        }
    }
}

/// As `Vec::retain`, with a condition that may fail.
fn keep(
    refs: &mut Vec<Listed>,
    mut condition: impl FnMut(&Listed) -> Result<bool, ReadError>,
) -> Result<(), ReadError> {
    let mut failed = None;
    refs.retain(|one| {
        failed.is_none()
            && condition(one).unwrap_or_else(|error| {
                failed = Some(error);
                false
            })
    });
    failed.map_or(Ok(()), Err)
}
