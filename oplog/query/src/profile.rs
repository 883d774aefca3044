//! What a query read.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts what the queries of a context read, while they run. Shared by all threads; what is at hand in a cache counts as well.
#[derive(Debug, Default)]
pub struct Profile {
    chunks: AtomicU64,
    chunk_bytes: AtomicU64,
    host_bytes: AtomicU64,
    pack_bytes: AtomicU64,
    packs: Mutex<BTreeSet<String>>,
    rows: AtomicU64,
}

/// A state of a [`Profile`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reads {
    /// Chunks of files of the pond that were read.
    pub chunks: u64,
    /// Bytes in these.
    pub chunk_bytes: u64,
    /// Bytes that were read of files of the mirror.
    pub host_bytes: u64,
    /// Bytes that were read of packs for the tables `records` and `changes`.
    pub pack_bytes: u64,
    /// Packs that were opened for these.
    pub packs: u64,
    /// Rows that were made for the other tables of history.
    pub rows: u64,
}

impl Profile {
    /// What was read so far.
    pub fn reads(&self) -> Reads {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Reads {
            chunks: load(&self.chunks),
            chunk_bytes: load(&self.chunk_bytes),
            host_bytes: load(&self.host_bytes),
            pack_bytes: load(&self.pack_bytes),
            packs: self.packs.lock().unwrap_or_else(PoisonError::into_inner).len() as u64,
            rows: load(&self.rows),
        }
    }

    pub(crate) fn chunk(&self, bytes: usize) {
        self.chunks.fetch_add(1, Ordering::Relaxed);
        self.chunk_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn host(&self, bytes: usize) {
        self.host_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn pack(&self, name: &str, bytes: usize) {
        self.pack_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        let mut packs = self.packs.lock().unwrap_or_else(PoisonError::into_inner);
        if !packs.contains(name) {
            packs.insert(name.to_owned());
        }
    }

    pub(crate) fn rows(&self, rows: usize) {
        self.rows.fetch_add(rows as u64, Ordering::Relaxed);
    }
}
