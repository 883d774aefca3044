//! The cached state, in a file that is written over in place: a line of JSON, then a record of fixed length for each pack of
//! the table, then one for each removed pack.
//!
//! Packs that were removed lately may be a thousand, and every command reads this: records are read ten times as fast as
//! JSON. Anything that is not exactly what [`write`] wrote reads as no cache: a file that a power cut left half written, or
//! one of another version of this program.

use pond_durable::in_place;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::record::{RECORD, Record, kind_of, number_of};
use super::{PackFile, RemovedPacks, TableState};
use crate::log::EntryStat;
use crate::operation::canonical_id;

const FILE: &str = "state";
const FORMAT: u32 = 3;

#[derive(Serialize, Deserialize)]
struct Head {
    format: u32,
    version: u64,
    digest: String,
    stat: EntryStat,
    table_id: String,
    operation: String,
    seq: i64,
    view: String,
    timestamp: i64,
    /// Records of packs: size, rows, version added.
    packs: usize,
    /// Records of removed packs: version of the removal, time of it, and 0.
    removed: usize,
}

pub(super) fn read(cache_dir: &Path) -> Option<TableState> {
    let content = in_place::read(&cache_dir.join(FILE)).ok()??;
    let end = content.iter().position(|byte| *byte == b'\n')?;
    let head: Head =
        serde_json::from_slice(&content[..end]).ok().filter(|head: &Head| head.format == FORMAT)?;
    let (packs, removed) = (head.packs.checked_mul(RECORD)?, head.removed.checked_mul(RECORD)?);
    let packs_end = packs.checked_add(end + 1)?;
    if packs_end.checked_add(removed)? != content.len() {
        return None;
    }
    let packs = content[end + 1..packs_end].chunks_exact(RECORD).map(|record| {
        let Record { kind, digest, numbers: [size, rows, version_added] } = Record::read(record);
        Some(PackFile { kind: kind_of(kind)?, digest, size, rows, version_added })
    });
    let removed = RemovedPacks::from_records(content.slice(packs_end..))?;
    Some(TableState {
        version: head.version,
        digest: canonical_id(&head.digest)?,
        stat: head.stat,
        table_id: head.table_id,
        operation: canonical_id(&head.operation)?,
        seq: head.seq,
        view: canonical_id(&head.view)?,
        timestamp: head.timestamp,
        packs: packs.collect::<Option<_>>()?,
        removed,
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
        view: state.view.to_hex(),
        timestamp: state.timestamp,
        packs: state.packs.len(),
        removed: state.removed.len(),
    };
    let mut content = serde_json::to_vec(&head)?;
    content.push(b'\n');
    for pack in &state.packs {
        let numbers = [pack.size, pack.rows, pack.version_added];
        Record { kind: number_of(pack.kind), digest: pack.digest, numbers }.write(&mut content);
    }
    content.extend_from_slice(state.removed.records());
    pond_durable::create_derived_dir(cache_dir)?;
    in_place::write(&cache_dir.join(FILE), &content)
}
