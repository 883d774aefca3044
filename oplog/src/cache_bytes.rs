//! Numbers and checksums in the binary files of the cache: numbers are little-endian; a checksum is the first 8 bytes of a
//! BLAKE3, read as a big-endian number.

use std::fs::File;
use std::path::Path;

use memmap2::Mmap;
use pond_durable::in_place::open_no_link;

/// Opens a file that is written whole before it gets its name, and that begins with `magic`, the number of a version and the
/// rest of a head of so many bytes; `None` where it is gone, is shorter or begins in another way.
#[allow(unsafe_code)]
pub(crate) fn open_mapped(path: &Path, magic: &[u8; 8], version: u32, head: usize) -> Option<Mmap> {
    // Not waited for: a pipe in its place would never answer.
    let file = open_no_link(File::options().read(true), path).ok()?;
    // SAFETY: the file is written whole before it gets this name, and never changed under it: it is only
    // deleted, which leaves this mapping as it is.
    let map = unsafe { Mmap::map(&file) }.ok()?;
    let is_known = map.len() >= head && map[..8] == *magic && map[8..12] == version.to_le_bytes();
    is_known.then_some(map)
}

/// The checksum of some parts of a file, one behind the other.
pub(crate) fn sum(parts: &[&[u8]]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    first_eight(hasher.finalize().as_bytes())
}

/// The beginning of a hash or an id as a number.
pub(crate) fn first_eight(bytes: &[u8; 32]) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *bytes;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// The number at an offset, which is within the bytes.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("BUG: four bytes"))
}

/// The same of eight bytes.
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("BUG: eight bytes"))
}
