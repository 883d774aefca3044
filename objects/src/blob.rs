//! Reading blobs whole or as a stream, verified chunk by chunk and as a whole.

use std::io;
use std::ops::Range;

use crate::cursor::Leaves;
use crate::id::ObjectId;
use crate::page::{Body, Page};
use crate::source::{ObjectSource, ReadError};

/// Why a blob was not copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Its content can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The other side can't be written.
    #[error("cannot write the content")]
    Write(#[source] io::Error),
}

/// Writes a blob's bytes to `out`, one chunk in memory at a time, and gives their number.
///
/// # Errors
/// [`CopyError::Read`] also where the whole does not hash to `id`: what was written until then is to be discarded.
pub fn copy_blob(
    source: &dyn ObjectSource,
    id: &ObjectId,
    out: &mut dyn io::Write,
) -> Result<u64, CopyError> {
    let Some(manifest) = source.manifest(id)? else {
        let chunk = source.chunk(id)?;
        out.write_all(&chunk).map_err(CopyError::Write)?;
        return Ok(chunk.len() as u64);
    };
    let mut whole = blake3::Hasher::new();
    let mut written = 0;
    for item in Leaves::new(source, Body::Manifest, &manifest.root)? {
        let item = item?;
        let chunk = source.chunk(&item.id)?;
        if chunk.len() as u64 != item.size {
            return Err(ReadError::Damaged { what: "blob", id: *id }.into());
        }
        whole.update(&chunk);
        out.write_all(&chunk).map_err(CopyError::Write)?;
        written += item.size;
    }
    if whole.finalize().as_bytes() != id.as_bytes() || written != manifest.size {
        return Err(ReadError::Damaged { what: "blob", id: *id }.into());
    }
    Ok(written)
}

/// A blob's bytes, whole in memory.
///
/// # Errors
/// Those of the source.
pub fn read_blob(source: &dyn ObjectSource, id: &ObjectId) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    match copy_blob(source, id, &mut bytes) {
        Ok(_) => Ok(bytes),
        Err(CopyError::Read(error)) => Err(error),
        Err(CopyError::Write(_)) => unreachable!("BUG: writing to memory does not fail"),
    }
}

/// Writes a range of a blob's bytes to `out`, one chunk in memory at a time. Only the chunks that the range touches, and the
/// pages of the manifest above them, are read. Each chunk is verified; the whole is not, since it is not read.
///
/// # Errors
/// [`CopyError::Read`] also where the blob ends before the range does.
pub fn copy_range(
    source: &dyn ObjectSource,
    id: &ObjectId,
    range: Range<u64>,
    out: &mut dyn io::Write,
) -> Result<(), CopyError> {
    if range.is_empty() {
        return Ok(());
    }
    let wanted = range.end - range.start;
    let mut reading = RangeReading { source, blob: id, range, written: 0, out };
    match source.manifest(id)? {
        None => reading.chunk(id, 0, None)?,
        Some(manifest) => {
            let root = source.page(Body::Manifest, &manifest.root)?;
            reading.page(&root, 0)?;
        }
    }
    if reading.written == wanted { Ok(()) } else { Err(ReadError::Damaged { what: "blob", id: *id }.into()) }
}

struct RangeReading<'a> {
    source: &'a dyn ObjectSource,
    blob: &'a ObjectId,
    range: Range<u64>,
    written: u64,
    out: &'a mut dyn io::Write,
}

impl RangeReading<'_> {
    /// Copies what a page of the manifest, whose first byte is at `start`, has of the range.
    fn page(&mut self, page: &Page, mut start: u64) -> Result<(), CopyError> {
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
                        return Err(ReadError::Damaged { what: "page", id: item.id }.into());
                    }
                    self.page(&below, start)?;
                }
            }
            start = end;
        }
        Ok(())
    }

    fn chunk(&mut self, id: &ObjectId, start: u64, size: Option<u64>) -> Result<(), CopyError> {
        let chunk = self.source.chunk(id)?;
        if size.is_some_and(|size| size != chunk.len() as u64) {
            return Err(ReadError::Damaged { what: "blob", id: *self.blob }.into());
        }
        let within = |at: u64| at.saturating_sub(start).min(chunk.len() as u64) as usize;
        let part = &chunk[within(self.range.start)..within(self.range.end)];
        self.written += part.len() as u64;
        self.out.write_all(part).map_err(CopyError::Write)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryObjects;

    #[test]
    fn ranges_are_slices() {
        let bytes: Vec<u8> =
            (0..1_000_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        let mut objects = MemoryObjects::default();
        let id = objects.add_blob(&bytes);
        for range in [0..0, 0..10, 1_999_990..2_000_010, 3_999_999..4_000_000, 0..4_000_000] {
            let mut out = Vec::new();
            copy_range(&objects, &id, range.clone(), &mut out).expect("it is there");
            assert_eq!(out, bytes[range.start as usize..range.end as usize]);
        }
        let beyond = copy_range(&objects, &id, 3_999_999..4_000_001, &mut Vec::new());
        assert!(matches!(beyond, Err(CopyError::Read(ReadError::Damaged { .. }))));
    }
}
