//! What contents take: as files, and in the packs.

use std::collections::HashSet;

use pond_history::{Walk, WalkOptions};
use pond_objects::cursor::Leaves;
use pond_objects::diff::diff_trees;
use pond_objects::{Body, ObjectId, ObjectSource as _, ReadError};
use pond_oplog::Store;

/// Counts the bytes that contents take in packs, each chunk once.
pub struct Usage<'s> {
    store: &'s Store,
    seen: HashSet<[u8; 16]>,
}

impl<'s> Usage<'s> {
    /// Nothing is counted yet.
    pub fn new(store: &'s Store) -> Self {
        Self { store, seen: HashSet::new() }
    }

    /// The bytes that the chunks of a content of `size` bytes take, as far as they were not counted before. No chunk is read.
    ///
    /// # Errors
    /// Those of reading its manifest, and the packs' own lists.
    pub fn add(&mut self, content: &ObjectId, size: u64) -> Result<u64, ReadError> {
        if !self.is_new(content) {
            return Ok(0);
        }
        let Some(manifest) = self.store.manifest(content)? else {
            return self.store.stored_len(content, size);
        };
        let mut stored = 0;
        for item in Leaves::new(self.store, Body::Manifest, &manifest.root)? {
            let item = item?;
            if self.is_new(&item.id) {
                stored += self.store.stored_len(&item.id, item.size)?;
            }
        }
        Ok(stored)
    }

    fn is_new(&mut self, id: &ObjectId) -> bool {
        let mut short = [0; 16];
        short.copy_from_slice(&id.as_bytes()[..16]);
        self.seen.insert(short)
    }
}

/// What one version adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionUsage {
    /// The commit.
    pub commit: ObjectId,
    /// Bytes of all files of the version.
    pub size: u64,
    /// Bytes in packs of chunks that no version before has.
    pub stored: u64,
}

/// What each commit of a history added, the newest first: in the order of the history, the oldest counted first.
///
/// # Errors
/// Those of reading it.
pub fn usage_of_versions(store: &Store, tip: ObjectId) -> Result<Vec<VersionUsage>, ReadError> {
    let walk = Walk::new(store, &[tip], &[], WalkOptions::default())?;
    let commits: Vec<ObjectId> = walk.map(|found| Ok(found?.0)).collect::<Result<_, ReadError>>()?;
    let mut usage = Usage::new(store);
    let mut versions = Vec::with_capacity(commits.len());
    for id in commits.into_iter().rev() {
        let commit = store.commit(&id)?;
        let parent = commit.parents.first().map(|parent| store.commit(parent)).transpose()?;
        let changes =
            diff_trees(store, parent.map(|parent| parent.tree).as_ref(), Some(&commit.tree), &|_, _| true)?;
        let mut stored = 0;
        for side in changes.iter().filter_map(|change| change.new).filter(|side| side.kind.is_blob()) {
            stored += usage.add(&side.id, side.size)?;
        }
        let size = store.page(Body::Tree, &commit.tree)?.size();
        versions.push(VersionUsage { commit: id, size, stored });
    }
    versions.reverse();
    Ok(versions)
}
