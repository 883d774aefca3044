//! Sorted ids as files of the cache keep them: first the ends of the 256 buckets of ids with the same first byte, which a few
//! ids can do without, then, at some other place of the file, the ids themselves, 32 bytes each.
//!
//! An id is found in its bucket near where its next bytes say. A table is a view of bytes that stay where they are: memory, or a map of a
//! file.

use std::cmp::Ordering;
use std::ops::Range;

use pond_objects::{IdPrefix, ObjectId};

use crate::cache_bytes::{first_eight, u32_at};

/// One bucket for each first byte.
pub(crate) const BUCKETS: usize = 256;
/// Bytes of the ends of all buckets: a little-endian u32 each.
pub(crate) const ENDS_SIZE: usize = 4 * BUCKETS;
/// Bytes of an id.
pub(crate) const ID_SIZE: usize = 32;
/// How far from where an id is expected it is looked for first.
const FIRST_STEP: usize = 4;

/// A table of ids.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SortedIds<'a> {
    ends: &'a [u8],
    ids: &'a [u8],
}

impl<'a> SortedIds<'a> {
    /// The table of these bytes, whose lengths fit: [`ENDS_SIZE`] or none, and a multiple of [`ID_SIZE`].
    pub(crate) fn new(ends: &'a [u8], ids: &'a [u8]) -> Self {
        let is_table = [0, ENDS_SIZE].contains(&ends.len()) && ids.len().is_multiple_of(ID_SIZE);
        debug_assert!(is_table, "BUG: no table of ids");
        Self { ends, ids }
    }

    /// The ends of the buckets of ids that are sorted already. There are fewer than 2^32.
    pub(crate) fn ends_of<'i>(ids: impl Iterator<Item = &'i ObjectId>) -> [u8; ENDS_SIZE] {
        let mut counts = [0_u32; BUCKETS];
        ids.for_each(|id| counts[usize::from(id.as_bytes()[0])] += 1);
        let mut ends = [0; ENDS_SIZE];
        let mut end = 0;
        for (bucket, count) in counts.iter().enumerate() {
            end += count;
            ends[4 * bucket..][..4].copy_from_slice(&end.to_le_bytes());
        }
        ends
    }

    /// Whether the buckets follow each other and hold all ids: what nothing below relies on unchecked, if bytes come from
    /// a file.
    pub(crate) fn is_whole(&self) -> bool {
        if self.ends.is_empty() {
            return true;
        }
        let ends = (0..BUCKETS).map(|bucket| self.end(bucket));
        ends.clone().is_sorted() && ends.max() == Some(self.ids.len() / ID_SIZE)
    }

    fn end(&self, bucket: usize) -> usize {
        u32_at(self.ends, 4 * bucket) as usize
    }

    /// The places of the ids that begin with `byte`; without buckets, of all.
    pub(crate) fn bucket(&self, byte: u8) -> Range<usize> {
        if self.ends.is_empty() {
            return 0..self.ids.len() / ID_SIZE;
        }
        let bucket = usize::from(byte);
        if bucket == 0 { 0..self.end(0) } else { self.end(bucket - 1)..self.end(bucket) }
    }

    fn bytes(&self, at: usize) -> &'a [u8] {
        &self.ids[ID_SIZE * at..][..ID_SIZE]
    }

    /// The id at a place.
    pub(crate) fn get(&self, at: usize) -> ObjectId {
        ObjectId::from_slice(self.bytes(at)).expect("BUG: an id has 32 bytes")
    }

    /// The first place in `range`, a bucket, whose id is not below `id`.
    ///
    /// Ids are spread evenly, so that the bytes of one tell about where it stands: from there on steps that grow find a
    /// short piece around the place, which is halved. Few lines of memory are read for that.
    fn find(&self, range: Range<usize>, id: &ObjectId) -> usize {
        let id = id.as_bytes();
        // The first bytes decide, but for ids that are nearly the same.
        let first = first_eight(id);
        let reached = |at: usize| {
            let bytes = self.bytes(at);
            match u64::from_be_bytes(bytes[..8].try_into().expect("BUG: eight bytes")).cmp(&first) {
                Ordering::Equal => bytes >= &id[..],
                order => order.is_gt(),
            }
        };
        // In a bucket all first bytes are the same.
        let next = usize::from(!self.ends.is_empty());
        let share = u64::from(u32::from_be_bytes([id[next], id[next + 1], id[next + 2], id[next + 3]]));
        let guess = range.start + ((range.len() as u64 * share) >> 32) as usize;
        let (mut low, mut high) = (range.start, range.end);
        let mut step = FIRST_STEP;
        if guess < high && reached(guess) {
            high = guess;
            while high - low > step {
                if !reached(high - step) {
                    low = high - step;
                    break;
                }
                high -= step;
                step *= 2;
            }
        } else {
            low = guess;
            while high - low > step {
                if reached(low + step) {
                    high = low + step;
                    break;
                }
                low += step;
                step *= 2;
            }
        }
        low + first_from(high - low, |at| reached(low + at))
    }

    /// The place of an id.
    pub(crate) fn position(&self, id: &ObjectId) -> Option<usize> {
        let range = self.bucket(id.as_bytes()[0]);
        let at = self.find(range.clone(), id);
        (at < range.end && self.bytes(at) == &id.as_bytes()[..]).then_some(at)
    }

    /// The ids that begin with `prefix`, in order, with their places.
    pub(crate) fn matching(self, prefix: &IdPrefix) -> impl Iterator<Item = (usize, ObjectId)> + use<'a, '_> {
        let range = self.bucket(prefix.lowest().as_bytes()[0]);
        let first = self.find(range.clone(), prefix.lowest());
        (first..range.end).map(move |at| (at, self.get(at))).take_while(|(_, id)| prefix.matches(id))
    }
}

/// The first number below `count` from which on `reached` holds, or `count`.
pub(crate) fn first_from(count: usize, reached: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if reached(middle) { high = middle } else { low = middle + 1 }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_found_and_no_other() {
        let mut ids: Vec<ObjectId> = (0..1000_u32).map(|n| ObjectId::of_content(&n.to_le_bytes())).collect();
        ids.sort_unstable();
        let ends = SortedIds::ends_of(ids.iter());
        let bytes: Vec<u8> = ids.iter().flat_map(|id| *id.as_bytes()).collect();
        let table = SortedIds::new(&ends, &bytes);
        assert!(table.is_whole());
        for (at, id) in ids.iter().enumerate() {
            assert_eq!(table.position(id), Some(at));
            assert_eq!(table.get(at), *id);
            let prefix: IdPrefix = id.to_hex()[..6].parse().expect("a prefix");
            assert!(table.matching(&prefix).any(|found| found == (at, *id)));
        }
        assert_eq!(table.position(&ObjectId::of_content(b"another")), None);
        // A few do without buckets.
        let few = SortedIds::new(&[], &bytes[..ID_SIZE * 100]);
        assert!(few.is_whole());
        for (at, id) in ids.iter().enumerate() {
            assert_eq!(few.position(id), (at < 100).then_some(at));
            let prefix: IdPrefix = id.to_hex()[..6].parse().expect("a prefix");
            assert_eq!(few.matching(&prefix).any(|found| found == (at, *id)), at < 100);
        }
        assert_eq!(SortedIds::new(&[], &[]).position(&ids[0]), None);
        // Ids that are not spread at all, as nobody makes them, are found all the same.
        let mut crowded = [[7; ID_SIZE]; 100];
        crowded.iter_mut().zip(0..).for_each(|(id, n)| id[31] = 2 * n);
        let crowded = crowded.map(|bytes| ObjectId::from_slice(&bytes).expect("32 bytes"));
        let ends = SortedIds::ends_of(crowded.iter());
        let bytes: Vec<u8> = crowded.iter().flat_map(|id| *id.as_bytes()).collect();
        let table = SortedIds::new(&ends, &bytes);
        for (at, id) in crowded.iter().enumerate() {
            assert_eq!(table.position(id), Some(at));
            let mut beside = *id.as_bytes();
            beside[31] += 1;
            assert_eq!(table.position(&ObjectId::from_slice(&beside).expect("32 bytes")), None);
        }
        assert_eq!(table.position(&ObjectId::ZERO), None);
        assert!(!SortedIds::new(&ends, &bytes[..320]).is_whole());
        assert!(!SortedIds::new(&[7; ENDS_SIZE], &bytes).is_whole());
    }
}
