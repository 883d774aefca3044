//! The cached state, in a file that is written over in place: a line of JSON, then a record of fixed length for each pack of
//! the table, then one for each removed pack.
//!
//! Packs that were removed lately may be a thousand, and every command reads this: records are read ten times as fast as
//! JSON. Anything that is not exactly what [`write`] wrote reads as no cache: a file that a power cut left half written, or
//! one of another version of this program.

use std::fs;
use std::io;
use std::path::Path;

use pond_objects::ObjectId;
use serde::{Deserialize, Serialize};

use super::{PackFile, RemovedPack, TableState};
use crate::cache_bytes::u64_at;
use crate::in_place;
use crate::log::{EntryStat, PackKind};
use crate::operation::canonical_id;

const FILE: &str = "state";
const FORMAT: u32 = 2;

/// A kind, a digest and three numbers, little-endian.
const RECORD: usize = 1 + ObjectId::LEN + 3 * 8;

#[derive(Serialize, Deserialize)]
struct Head {
    format: u32,
    version: u64,
    digest: String,
    stat: EntryStat,
    table_id: String,
    operation: String,
    seq: i64,
    parent: Option<String>,
    view: String,
    timestamp: i64,
    /// Records of packs: size, rows, version added.
    packs: usize,
    /// Records of removed packs: size, version of the removal, time of it. The kind has [`GONE`] where rows went with them.
    removed: usize,
}

/// Added to the kind of a removed pack whose rows left the table.
const GONE: u8 = 0x80;

pub(super) fn read(cache_dir: &Path) -> Option<TableState> {
    let content = in_place::read(&cache_dir.join(FILE)).ok()??;
    let end = content.iter().position(|byte| *byte == b'\n')?;
    let (head, records) = (&content[..end], &content[end + 1..]);
    let head: Head = serde_json::from_slice(head).ok().filter(|head: &Head| head.format == FORMAT)?;
    let packs_len = head.packs.checked_mul(RECORD)?;
    let (packs, removed) = records.split_at_checked(packs_len)?;
    if removed.len() != head.removed.checked_mul(RECORD)? {
        return None;
    }
    let packs = packs.chunks_exact(RECORD).map(|record| {
        let Record { kind, digest, numbers: [size, rows, version_added] } = Record::read(record)?;
        Some(PackFile { kind: kind_of(kind)?, digest, size, rows, version_added })
    });
    let removed = removed.chunks_exact(RECORD).map(|record| {
        let Record { kind, digest, numbers: [size, version_removed, time] } = Record::read(record)?;
        Some(RemovedPack {
            kind: kind_of(kind & !GONE)?,
            digest,
            size,
            version_removed,
            removed_at: time as i64,
            data_change: kind & GONE != 0,
        })
    });
    let parent = match head.parent {
        Some(text) => Some(canonical_id(&text)?),
        None => None,
    };
    Some(TableState {
        version: head.version,
        digest: canonical_id(&head.digest)?,
        stat: head.stat,
        table_id: head.table_id,
        operation: canonical_id(&head.operation)?,
        seq: head.seq,
        parent,
        view: canonical_id(&head.view)?,
        timestamp: head.timestamp,
        packs: packs.collect::<Option<_>>()?,
        removed: removed.collect::<Option<_>>()?,
    })
}

pub(super) fn write(cache_dir: &Path, state: &TableState) -> io::Result<()> {
    let head = Head {
        format: FORMAT,
        version: state.version,
        digest: state.digest.to_hex(),
        stat: state.stat,
        table_id: state.table_id.clone(),
        operation: state.operation.to_hex(),
        seq: state.seq,
        parent: state.parent.map(|id| id.to_hex()),
        view: state.view.to_hex(),
        timestamp: state.timestamp,
        packs: state.packs.len(),
        removed: state.removed.len(),
    };
    let mut content = serde_json::to_vec(&head)?;
    content.push(b'\n');
    content.reserve((state.packs.len() + state.removed.len()) * RECORD);
    for pack in &state.packs {
        let numbers = [pack.size, pack.rows, pack.version_added];
        Record { kind: number_of(pack.kind), digest: pack.digest, numbers }.write(&mut content);
    }
    for pack in &state.removed {
        let kind = number_of(pack.kind) | if pack.data_change { GONE } else { 0 };
        let numbers = [pack.size, pack.version_removed, pack.removed_at as u64];
        Record { kind, digest: pack.digest, numbers }.write(&mut content);
    }
    if !cache_dir.is_dir() {
        fs::create_dir_all(cache_dir)?;
    }
    in_place::write(&cache_dir.join(FILE), &content)
}

struct Record {
    kind: u8,
    digest: ObjectId,
    numbers: [u64; 3],
}

impl Record {
    fn read(bytes: &[u8]) -> Option<Self> {
        let at = 1 + ObjectId::LEN;
        Some(Self {
            kind: bytes[0],
            digest: ObjectId::from_slice(&bytes[1..at])?,
            numbers: [u64_at(bytes, at), u64_at(bytes, at + 8), u64_at(bytes, at + 16)],
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.kind);
        out.extend_from_slice(self.digest.as_bytes());
        self.numbers.iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
    }
}

fn number_of(kind: PackKind) -> u8 {
    match kind {
        PackKind::Data => 0,
        PackKind::Meta => 1,
    }
}

fn kind_of(number: u8) -> Option<PackKind> {
    [PackKind::Data, PackKind::Meta].into_iter().find(|kind| number_of(*kind) == number)
}
