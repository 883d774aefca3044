//! Packs that were removed lately, as the cache keeps them: they may be a thousand, nearly no command asks for them, and all
//! carry them along.

use std::fmt;

use bytes::Bytes;

use super::RemovedPack;
use super::record::{RECORD, Record, kind_of, number_of};

/// Added to the kind of a pack whose rows left the table with it.
const GONE: u8 = 0x80;

/// A list of removed packs in the order of their removal. To copy it costs nothing.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RemovedPacks {
    records: Bytes,
}

impl RemovedPacks {
    /// The list in these records; `None` if they hold none.
    pub(super) fn from_records(records: Bytes) -> Option<Self> {
        let is_known = |record: &[u8]| kind_of(record[0] & !GONE).is_some();
        let is_whole = records.len().is_multiple_of(RECORD) && records.chunks_exact(RECORD).all(is_known);
        is_whole.then_some(Self { records })
    }

    pub(super) fn records(&self) -> &[u8] {
        &self.records
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.records.len() / RECORD
    }

    /// Whether it holds as many as are remembered, so that there may be more.
    pub fn is_full(&self) -> bool {
        self.len() >= super::REMOVED_LIMIT
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = RemovedPack> + '_ {
        self.records.chunks_exact(RECORD).map(|record| {
            let Record { kind, digest, numbers: [version_removed, time, _] } = Record::read(record);
            RemovedPack {
                kind: kind_of(kind & !GONE).expect("BUG: the kinds were checked"),
                digest,
                version_removed,
                removed_at: time as i64,
                data_change: kind & GONE != 0,
            }
        })
    }

    /// Takes those off for which `keep` says no, adds others, and leaves the newest `limit`.
    pub(super) fn change(
        &mut self,
        keep: impl Fn(&RemovedPack) -> bool,
        more: impl Iterator<Item = RemovedPack>,
        limit: usize,
    ) {
        let mut more = more.peekable();
        if more.peek().is_none() && self.iter().all(|pack| keep(&pack)) {
            return;
        }
        let mut records = Vec::with_capacity(self.records.len());
        for pack in self.iter().filter(keep).chain(more) {
            let kind = number_of(pack.kind) | if pack.data_change { GONE } else { 0 };
            let numbers = [pack.version_removed, pack.removed_at as u64, 0];
            Record { kind, digest: pack.digest, numbers }.write(&mut records);
        }
        let excess = (records.len() / RECORD).saturating_sub(limit);
        self.records = Bytes::from(records).slice(excess * RECORD..);
    }
}

impl fmt::Debug for RemovedPacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
