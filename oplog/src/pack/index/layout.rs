//! Where the sections of an index are, and which of them are known to be whole.

use std::sync::atomic::{AtomicU64, Ordering};

use super::ENDS;
use crate::sorted_ids::{BUCKETS, ENDS_SIZE, ID_SIZE};

/// Bytes of a change.
pub(super) const CHANGE: usize = 32;
/// Bytes of an operation.
pub(super) const OPERATION: usize = 16;

/// From so many objects on each bucket has a checksum of its own. Fewer are checked at once faster than a file is opened,
/// and 2 KB of checksums would be most of a small file.
const PARTED_FROM: usize = 4096;
/// From so many objects on the ends of the buckets stand in the head. Of fewer they would be most of the file, and are found
/// without as fast.
const BUCKETS_FROM: usize = 256;

/// Where the sections of an index begin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// Where the ends of buckets end, if there are any, and the checksum of what is behind the ids.
    pub(super) tail_sum: usize,
    /// The checksum of the head.
    pub(super) head_sum: usize,
    /// Where the head ends.
    pub(super) head: usize,
    /// Checksums of ids: one, or one for each bucket.
    pub(super) parts: usize,
    pub(super) ids: usize,
    pub(super) row_groups: usize,
    pub(super) rows: usize,
    pub(super) types: usize,
    pub(super) changes: usize,
    pub(super) operations: usize,
    pub(super) end: usize,
}

impl Layout {
    /// `None` where so many entries have no room in memory, or in a bucket's end.
    pub(super) fn new(objects: usize, changes: usize, operations: usize) -> Option<Self> {
        u32::try_from(objects).ok()?;
        let parts = if objects < PARTED_FROM { 1 } else { BUCKETS };
        let tail_sum = ENDS + if objects < BUCKETS_FROM { 0 } else { ENDS_SIZE };
        let (head_sum, head) = (tail_sum + 8, tail_sum + 16);
        let ids = head + 8 * parts;
        let row_groups = objects.checked_mul(ID_SIZE)?.checked_add(ids)?;
        let rows = objects.checked_mul(4)?.checked_add(row_groups)?;
        let types = objects.checked_mul(4)?.checked_add(rows)?;
        let changes_at = types.checked_add(objects)?.checked_next_multiple_of(8)?;
        let operations_at = changes.checked_mul(CHANGE)?.checked_add(changes_at)?;
        let end = operations.checked_mul(OPERATION)?.checked_add(operations_at)?;
        Some(Self {
            tail_sum,
            head_sum,
            head,
            parts,
            ids,
            row_groups,
            rows,
            types,
            changes: changes_at,
            operations: operations_at,
            end,
        })
    }
}

/// Which parts of an index were found to be whole: a bit for each bucket, and one for what is behind them.
#[derive(Debug, Default)]
pub(super) struct Checked([AtomicU64; BUCKETS / 64 + 1]);

impl Checked {
    pub(super) fn everything() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(u64::MAX)))
    }

    // Whoever misses that another thread has checked a part checks it again.
    pub(super) fn has(&self, part: usize) -> bool {
        self.0[part / 64].load(Ordering::Relaxed) & (1 << (part % 64)) != 0
    }

    pub(super) fn add(&self, part: usize) {
        self.0[part / 64].fetch_or(1 << (part % 64), Ordering::Relaxed);
    }
}
