//! The cached state: JSON in a file that is written over in place.
//!
//! Anything that is not exactly what [`write`] wrote reads as no cache: a file that a power cut left half written, or
//! one of another version of this program.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{PackFile, RemovedPack, TableState};
use crate::in_place;
use crate::log::{EntryStat, PackKind};
use crate::operation::canonical_id;

const FILE: &str = "state.json";
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Cached {
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
    /// Kind, digest, size, rows, version added.
    packs: Vec<(String, String, u64, u64, u64)>,
    /// Kind, digest, size, version and time of the removal, whether the rows left the table.
    removed: Vec<(String, String, u64, u64, i64, bool)>,
}

pub(super) fn read(cache_dir: &Path) -> Option<TableState> {
    let json = in_place::read(&cache_dir.join(FILE)).ok()??;
    let cached: Cached =
        serde_json::from_slice(&json).ok().filter(|cached: &Cached| cached.format == FORMAT)?;
    let parent = match cached.parent {
        Some(text) => Some(canonical_id(&text)?),
        None => None,
    };
    let packs = cached.packs.into_iter().map(|(kind, digest, size, rows, version_added)| {
        let (kind, digest) = (PackKind::from_name(&kind)?, canonical_id(&digest)?);
        Some(PackFile { kind, digest, size, rows, version_added })
    });
    let removed =
        cached.removed.into_iter().map(|(kind, digest, size, version_removed, removed_at, data_change)| {
            let (kind, digest) = (PackKind::from_name(&kind)?, canonical_id(&digest)?);
            Some(RemovedPack { kind, digest, size, version_removed, removed_at, data_change })
        });
    Some(TableState {
        version: cached.version,
        digest: canonical_id(&cached.digest)?,
        stat: cached.stat,
        table_id: cached.table_id,
        operation: canonical_id(&cached.operation)?,
        seq: cached.seq,
        parent,
        view: canonical_id(&cached.view)?,
        timestamp: cached.timestamp,
        packs: packs.collect::<Option<_>>()?,
        removed: removed.collect::<Option<_>>()?,
    })
}

pub(super) fn write(cache_dir: &Path, state: &TableState) -> io::Result<()> {
    let packs = state.packs.iter();
    let removed = state.removed.iter();
    let cached = Cached {
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
        packs: packs
            .map(|p| (p.kind.name().to_owned(), p.digest.to_hex(), p.size, p.rows, p.version_added))
            .collect(),
        removed: removed
            .map(|p| {
                let (kind, digest) = (p.kind.name().to_owned(), p.digest.to_hex());
                (kind, digest, p.size, p.version_removed, p.removed_at, p.data_change)
            })
            .collect(),
    };
    let json = serde_json::to_vec(&cached)?;
    if !cache_dir.is_dir() {
        fs::create_dir_all(cache_dir)?;
    }
    in_place::write(&cache_dir.join(FILE), &json)
}
