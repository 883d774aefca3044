//! Numbers and checksums in the binary files of the cache: numbers are little-endian; a checksum is the first 8 bytes of a
//! BLAKE3, read as a big-endian number.

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
