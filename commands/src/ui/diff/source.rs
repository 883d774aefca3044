//! Where the contents that a diff compares come from.

use std::collections::{HashMap, HashSet};

use bstr::{BStr, BString};
use pond_objects::cursor::Leaves;
use pond_objects::large::{Absent, Stored, Text};
use pond_objects::{Body, Change, Kind, ObjectId, ObjectSource, ReadError, Side};

use crate::error::CommandError;

/// One of the two sides of a change, as the change names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OldOrNew {
    Old,
    New,
}

impl OldOrNew {
    /// The side's facts; `None` if there is nothing on it.
    pub(crate) fn of(self, change: &Change) -> Option<Side> {
        match self {
            Self::Old => change.old,
            Self::New => change.new,
        }
    }
}

/// What stands on one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SideContent {
    Absent,
    Bytes(Vec<u8>),
}

/// Both contents of a change, to be read piece by piece. What is absent is a text without bytes.
pub(crate) struct Texts<'a> {
    pub(crate) old: Box<dyn Text + 'a>,
    pub(crate) new: Box<dyn Text + 'a>,
}

/// How much of a new content is in chunks that the old one has too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shared {
    pub(crate) chunks: u64,
    pub(crate) total: u64,
    pub(crate) bytes: u64,
    pub(crate) total_bytes: u64,
}

impl Shared {
    /// Counts the chunks of `new`, ids with sizes, that `old` has too.
    pub(crate) fn between(old: &[(ObjectId, u64)], new: &[(ObjectId, u64)]) -> Self {
        let known: HashSet<&ObjectId> = old.iter().map(|(id, _)| id).collect();
        let mut shared = Self { chunks: 0, total: new.len() as u64, bytes: 0, total_bytes: 0 };
        for (id, size) in new {
            shared.total_bytes += size;
            if known.contains(id) {
                shared.chunks += 1;
                shared.bytes += size;
            }
        }
        shared
    }

    /// The shared bytes in percent, rounded down.
    pub(crate) fn percent(self) -> u64 {
        (u128::from(self.bytes) * 100).checked_div(u128::from(self.total_bytes)).unwrap_or(0) as u64
    }
}

/// Gives the contents of changes. Asked only for what is shown, and again for each form that needs it, so that
/// no more than one change is in memory.
pub(crate) trait Contents {
    /// The content of one side, in memory; not asked for a side that is absent, a directory, or larger than the limit.
    fn read(&mut self, change: &Change, which: OldOrNew) -> Result<SideContent, CommandError>;

    /// The contents of both sides, one of which at least is larger than the limit.
    fn texts(&self, change: &Change) -> Result<Texts<'_>, CommandError>;

    /// Chunks that both sides have; `None` if that is not known without chunking anew.
    fn shared(&self, change: &Change) -> Result<Option<Shared>, CommandError>;

    /// The digits of an id that tell it from the pond's others.
    fn short(&self, id: &ObjectId) -> String;

    /// What the old and the new place have at a path in conflict, whose change has no sides; of the index, which has
    /// several versions, nothing.
    fn unmerged_kinds(&self, _path: &BStr) -> [Option<Kind>; 2] {
        [None; 2]
    }
}

/// The contents of two trees in one store.
pub(crate) struct StoredContents<'a> {
    pub(crate) source: &'a dyn ObjectSource,
    pub(crate) short: &'a dyn Fn(&ObjectId) -> String,
    /// What the old tree has at paths in conflict.
    pub(crate) unmerged: HashMap<BString, Kind>,
}

impl Contents for StoredContents<'_> {
    fn read(&mut self, change: &Change, which: OldOrNew) -> Result<SideContent, CommandError> {
        match which.of(change) {
            None => Ok(SideContent::Absent),
            Some(side) => {
                let bytes = pond_objects::read_blob(self.source, &side.id).map_err(read_error)?;
                Ok(SideContent::Bytes(bytes))
            }
        }
    }

    fn texts(&self, change: &Change) -> Result<Texts<'_>, CommandError> {
        let text = |side| stored_text(self.source, side).map_err(read_error);
        Ok(Texts { old: text(change.old)?, new: text(change.new)? })
    }

    fn shared(&self, change: &Change) -> Result<Option<Shared>, CommandError> {
        match (change.old, change.new) {
            (Some(old), Some(new)) => shared_chunks(self.source, &old, &new).map(Some).map_err(read_error),
            _ => Ok(None),
        }
    }

    fn short(&self, id: &ObjectId) -> String {
        (self.short)(id)
    }

    fn unmerged_kinds(&self, path: &BStr) -> [Option<Kind>; 2] {
        [self.unmerged.get(path).copied(), None]
    }
}

fn read_error(error: ReadError) -> CommandError {
    CommandError::from_error(crate::error::Class::Fatal, &error)
}

/// A stored content as a text; one without bytes where there is none.
///
/// # Errors
/// Those of reading its manifest.
pub(crate) fn stored_text<'a>(
    source: &'a dyn ObjectSource,
    side: Option<Side>,
) -> Result<Box<dyn Text + 'a>, ReadError> {
    Ok(match side.filter(|side| side.kind.is_blob()) {
        Some(side) => Box::new(Stored::open(source, side.id, side.size)?),
        None => Box::new(Absent),
    })
}

/// Compares the chunks of two stored blobs; reads their manifests only.
///
/// # Errors
/// Those of reading the manifests.
pub(crate) fn shared_chunks(source: &dyn ObjectSource, old: &Side, new: &Side) -> Result<Shared, ReadError> {
    Ok(Shared::between(&stored_chunks(source, old)?, &stored_chunks(source, new)?))
}

/// Ids and sizes of a stored blob's chunks, in order.
///
/// # Errors
/// Those of reading the manifest.
fn stored_chunks(source: &dyn ObjectSource, side: &Side) -> Result<Vec<(ObjectId, u64)>, ReadError> {
    match source.manifest(&side.id)? {
        None => Ok(vec![(side.id, side.size)]),
        Some(manifest) => Leaves::new(source, Body::Manifest, &manifest.root)?
            .map(|item| item.map(|item| (item.id, item.size)))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pond_objects::Kind;
    use pond_objects::memory::MemoryObjects;

    #[test]
    fn an_append_shares_all_but_the_last_chunk() {
        let mut objects = MemoryObjects::new();
        let old: Vec<u8> = (0..60_000u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        let mut new = old.clone();
        new.extend_from_slice(b"one more line\n");
        let mut side = |content: &[u8]| Side {
            kind: Kind::File,
            id: objects.add_blob(content),
            size: content.len() as u64,
        };
        let (old, new) = (side(&old), side(&new));
        let shared = shared_chunks(&objects, &old, &new).expect("all there");
        assert!(shared.total > 2 && shared.chunks == shared.total - 1, "{shared:?}");
        assert_eq!(shared.total_bytes, new.size);
    }
}
