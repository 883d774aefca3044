//! Ranges of stored files: only the chunks that they touch are read.

use std::ops::Range;

use pond_objects::page::{Body, Page};
use pond_objects::{ObjectId, ObjectSource, ReadError};

use crate::profile::Profile;

/// Appends a range of a blob's bytes to `out`. Each chunk is verified; the whole is not, since it is not read.
pub(super) fn read_range(
    source: &dyn ObjectSource,
    id: &ObjectId,
    range: Range<u64>,
    profile: &Profile,
    out: &mut Vec<u8>,
) -> Result<(), ReadError> {
    if range.is_empty() {
        return Ok(());
    }
    let end = out.len() as u64 + (range.end - range.start);
    let mut reading = Reading { source, blob: id, range, profile, out };
    match source.manifest(id)? {
        None => reading.chunk(id, 0, None)?,
        Some(manifest) => {
            let root = source.page(Body::Manifest, &manifest.root)?;
            reading.page(&root, 0)?;
        }
    }
    if out.len() as u64 == end { Ok(()) } else { Err(ReadError::Damaged { what: "blob", id: *id }) }
}

struct Reading<'a> {
    source: &'a dyn ObjectSource,
    blob: &'a ObjectId,
    range: Range<u64>,
    profile: &'a Profile,
    out: &'a mut Vec<u8>,
}

impl Reading<'_> {
    /// Reads what a page of the manifest, whose first byte is at `start`, has of the range.
    fn page(&mut self, page: &Page, mut start: u64) -> Result<(), ReadError> {
        for item in &page.items {
            let end = start.saturating_add(item.size);
            if start >= self.range.end {
                break;
            }
            if end > self.range.start {
                if page.level == 0 {
                    self.chunk(&item.id, start, Some(item.size))?;
                } else {
                    let below = self.source.page(Body::Manifest, &item.id)?;
                    if below.level + 1 != page.level {
                        return Err(ReadError::Damaged { what: "page", id: item.id });
                    }
                    self.page(&below, start)?;
                }
            }
            start = end;
        }
        Ok(())
    }

    fn chunk(&mut self, id: &ObjectId, start: u64, size: Option<u64>) -> Result<(), ReadError> {
        let chunk = self.source.chunk(id)?;
        if size.is_some_and(|size| size != chunk.len() as u64) {
            return Err(ReadError::Damaged { what: "blob", id: *self.blob });
        }
        self.profile.chunk(chunk.len());
        let within = |at: u64| at.saturating_sub(start).min(chunk.len() as u64) as usize;
        self.out.extend_from_slice(&chunk[within(self.range.start)..within(self.range.end)]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use pond_objects::memory::MemoryObjects;

    use super::*;

    #[test]
    fn ranges_read_only_the_chunks_that_they_touch() {
        let bytes: Vec<u8> =
            (0..1_000_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        let mut objects = MemoryObjects::default();
        let id = objects.add_blob(&bytes);
        for range in [0..0, 0..10, 1_999_990..2_000_010, 3_999_999..4_000_000, 0..4_000_000] {
            let (profile, mut out) = (Profile::default(), Vec::new());
            read_range(&objects, &id, range.clone(), &profile, &mut out).expect("it is there");
            assert_eq!(out, bytes[range.start as usize..range.end as usize]);
            let read = profile.reads().chunk_bytes;
            assert!(read <= (range.end - range.start) + 2 * 262_144, "{read} bytes for {range:?}");
        }
        let beyond = read_range(&objects, &id, 3_999_999..4_000_001, &Profile::default(), &mut Vec::new());
        assert!(matches!(beyond, Err(ReadError::Damaged { .. })));
    }
}
