//! A pack in the cached state: a kind, a digest and three numbers.

use pond_objects::ObjectId;

use crate::cache_bytes::u64_at;
use crate::log::PackKind;

/// Bytes of a record; the numbers are little-endian.
pub(super) const RECORD: usize = 1 + ObjectId::LEN + 3 * 8;

pub(super) struct Record {
    pub(super) kind: u8,
    pub(super) digest: ObjectId,
    pub(super) numbers: [u64; 3],
}

impl Record {
    /// The record in [`RECORD`] bytes.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let at = 1 + ObjectId::LEN;
        Self {
            kind: bytes[0],
            digest: ObjectId::from_slice(&bytes[1..at]).expect("BUG: an id has 32 bytes"),
            numbers: [u64_at(bytes, at), u64_at(bytes, at + 8), u64_at(bytes, at + 16)],
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.push(self.kind);
        out.extend_from_slice(self.digest.as_bytes());
        self.numbers.iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
    }
}

pub(super) fn number_of(kind: PackKind) -> u8 {
    match kind {
        PackKind::Data => 0,
        PackKind::Meta => 1,
    }
}

pub(super) fn kind_of(number: u8) -> Option<PackKind> {
    [PackKind::Data, PackKind::Meta].into_iter().find(|kind| number_of(*kind) == number)
}
