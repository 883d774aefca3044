//! Tiered compaction: many small packs become one larger one, and nothing that any version reads as changes.
//!
//! Packs fall into size classes, each 32 times the one below. When 32 packs of one kind and class have gathered, they are
//! merged, so that every row is rewritten once per class and not once per merge. Chunks are laid out by path, then age,
//! then offset: versions of one file stand beside each other and compress together. The merged pack is read back and verified
//! before the version that names it is published. The packs that it replaces stay on disk for readers, until
//! [`crate::dead`] finds them old enough.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::Path;

use object_store::ObjectStore;
use pond_objects::cursor::Leaves;
use pond_objects::page::Body;
use pond_objects::{ObjectId, ObjectSource, ReadError};

use crate::log::{self, AddFile, EntryDraft, RemoveFile};
use crate::pack::index::id_prefix;
use crate::pack::{
    Columns, Compression, DataPack, PackError, PackReader, SealedPack, write_compact_meta_pack,
};
use crate::pond::Pond;
use crate::publish::{self, PublishError};
use crate::row::RowType;
use crate::schema::PackKind;
use crate::snapshot::ReadonlyPond;
use crate::state::{PackFile, TableState};
use crate::transaction::{Doing, TransactionError, advance, check_files, place_in_table};

/// Packs of one class that are merged without being asked for.
pub const FAN_IN: usize = 32;
/// Upper bounds of the classes, in bytes; larger packs are left alone.
const CLASSES: [u64; 3] = [256 << 10, 8 << 20, 256 << 20];
/// Most bytes of metadata packs that are merged at once, and most rows: they are sorted in memory, where each takes about a
/// kilobyte, however small it became in a pack.
const MOST_META: u64 = 32 << 20;
const MOST_META_ROWS: u64 = 200_000;
/// Raw bytes of a row group.
const GROUP_BYTES: u64 = 8 << 20;

/// What a compaction did.
#[derive(Debug)]
pub struct Compacted {
    /// The state that it left.
    pub state: TableState,
    /// Packs that were merged.
    pub merged: usize,
    /// Bytes of those.
    pub before: u64,
    /// Bytes of the packs that they became.
    pub after: u64,
}

/// Groups of packs that are worth merging: at least `fan_in` of one kind and class.
pub fn plan(state: &TableState, fan_in: usize) -> Vec<Vec<PackFile>> {
    let mut groups = Vec::new();
    for kind in [PackKind::Data, PackKind::Meta] {
        let mut from = 0;
        for to in CLASSES {
            let group = group(state, kind, std::mem::replace(&mut from, to)..to);
            if group.len() >= fan_in.max(2) {
                groups.push(group);
            }
        }
    }
    groups
}

/// Groups for a compaction that was asked for: all packs of a kind below the largest class.
pub fn plan_everything(state: &TableState) -> Vec<Vec<PackFile>> {
    let limit = |kind| if kind == PackKind::Data { CLASSES[2] } else { MOST_META };
    let groups = [PackKind::Data, PackKind::Meta].map(|kind| group(state, kind, 0..limit(kind)));
    groups.into_iter().filter(|group| group.len() > 1).collect()
}

/// The packs of a kind and of these sizes; of metadata as many as are merged at once, the smallest first.
fn group(state: &TableState, kind: PackKind, sizes: Range<u64>) -> Vec<PackFile> {
    let mut packs: Vec<PackFile> = state.packs.iter().filter(|pack| pack.kind == kind).cloned().collect();
    packs.retain(|pack| sizes.contains(&pack.size));
    if kind == PackKind::Meta {
        packs.sort_by_key(|pack| pack.rows);
        let (mut bytes, mut rows) = (0, 0);
        packs.retain(|pack| {
            bytes += pack.size;
            rows += pack.rows;
            bytes <= MOST_META && rows <= MOST_META_ROWS
        });
    }
    packs
}

/// Packs and the one that they became, which has no name yet. Dropped, it is gone, and nothing has changed.
#[must_use = "packs that are not swapped stay as they are"]
pub struct Merged {
    group: Vec<PackFile>,
    sealed: SealedPack,
}

/// Merges the groups, each into one pack, in temporary files in `dir`. Others can publish meanwhile.
///
/// # Errors
/// Those of reading and writing packs.
pub fn merge(
    pond: &Pond,
    base: &ReadonlyPond,
    groups: &[Vec<PackFile>],
    dir: &Path,
) -> Result<Vec<Merged>, TransactionError> {
    let merge_one = |group: &Vec<PackFile>| {
        let mut sealed = match group[0].kind {
            PackKind::Data => merge_data(pond, base, group, dir)?,
            PackKind::Meta => merge_meta(pond, group, dir)?,
        };
        // Derived: where it can't be written, it is made again from the pack; that of a pack that is never named is swept. Written
        // now, nobody who meets the pack has to make it.
        let index = sealed.take_index();
        let _ = index.write(&pond.pack_index_path(&sealed.digest));
        Ok(Merged { group: group.clone(), sealed })
    };
    groups.iter().map(merge_one).collect()
}

/// Publishes one version after `state` that swaps packs for what they became. Where one of a group has left the table since,
/// that group stays as it is; `None` where nothing is left to be done.
///
/// # Errors
/// [`PublishError::Behind`] where another operation came first: nothing has changed.
pub async fn swap(
    pond: &Pond,
    state: &TableState,
    mut merged: Vec<Merged>,
    doing: &Doing,
    table: &dyn ObjectStore,
) -> Result<Option<Compacted>, TransactionError> {
    let live: HashSet<ObjectId> = state.packs.iter().map(|pack| pack.digest).collect();
    merged.retain(|merged| merged.group.iter().all(|pack| live.contains(&pack.digest)));
    if merged.is_empty() {
        return Ok(None);
    }
    let time = doing.time / 1000;
    let (mut adds, mut removes, mut before) = (Vec::new(), Vec::new(), 0);
    for Merged { group, sealed } in merged {
        let (kind, digest) = (sealed.kind, sealed.digest);
        adds.push(AddFile { data_change: false, ..sealed.describe(time) });
        place_in_table(pond, kind, sealed)?;
        for pack in group.iter().filter(|pack| pack.digest != digest) {
            before += pack.size;
            let digest = pack.digest;
            removes.push(RemoveFile { kind, digest, deletion_timestamp: time, data_change: false });
        }
    }
    let merged = removes.len();
    let after = adds.iter().map(|file| file.size).sum();
    let draft = EntryDraft {
        info: doing.entry_info(),
        operation: state.operation,
        seq: state.seq,
        view: state.view,
        refs: Default::default(),
        adds,
        removes,
        metadata: None,
    };
    check_files(pond, &draft)?;
    let published = publish::publish(table, state, &draft).await?;
    Ok(Some(Compacted { state: advance(pond, state, published.version)?, merged, before, after }))
}

/// Whether an error of [`swap`] only means that others were first.
pub fn is_behind(error: &TransactionError) -> bool {
    matches!(error, TransactionError::Publish(PublishError::Behind { .. }))
}

fn merge_meta(pond: &Pond, group: &[PackFile], dir: &Path) -> Result<SealedPack, TransactionError> {
    let mut rows = Vec::new();
    let mut seen = HashSet::new();
    for pack in group {
        for row in PackReader::open(&pond.table_dir().join(pack.path()))?.rows() {
            let row = row?;
            // A change row's id is that of its content, not its own.
            let is_new =
                row.row_type == RowType::Change || row.id.is_none_or(|id| seen.insert((row.row_type, id)));
            if is_new {
                rows.push(row);
            }
        }
    }
    let expected = rows.len();
    let sealed = write_compact_meta_pack(dir, rows)?;
    let written = PackReader::open(sealed.path())?;
    let mut found = 0;
    for row in written.select(Columns::ID, None) {
        let (_, row) = row?;
        let whole =
            row.row_type == RowType::Change || row.id.is_none_or(|id| seen.contains(&(row.row_type, id)));
        found += usize::from(whole);
    }
    match found == expected {
        true => Ok(sealed),
        false => Err(PackError::Verify { path: sealed.path().to_owned() }.into()),
    }
}

fn merge_data(
    pond: &Pond,
    base: &ReadonlyPond,
    group: &[PackFile],
    dir: &Path,
) -> Result<SealedPack, TransactionError> {
    let mut wanted = HashSet::new();
    for pack in group {
        base.store().pack_ids(&pack.digest, &mut |id, _| {
            wanted.insert(*id);
        })?;
    }
    let order = laid_out(pond, base, group, &wanted)?;
    let mut pack = DataPack::create_with(dir, Compression::COMPACT)?;
    let mut encoder = pack.encoder_factory().encoder();
    for id in &order {
        let content = base.store().chunk(id)?;
        encoder.push(RowType::Chunk, *id, &content)?;
        if encoder.raw_len() >= GROUP_BYTES {
            pack.append(encoder.finish()?)?;
        }
    }
    if encoder.rows() > 0 {
        pack.append(encoder.finish()?)?;
    }
    let sealed = pack.finish()?;
    verify_data(&sealed, &wanted)?;
    Ok(sealed)
}

/// Decodes and rehashes what was written: a merge must not be the place where content is lost.
fn verify_data(sealed: &SealedPack, wanted: &HashSet<ObjectId>) -> Result<(), PackError> {
    let written = PackReader::open(sealed.path())?;
    let mut found = HashSet::with_capacity(wanted.len());
    for row in written.data_rows() {
        let row = row?;
        if ObjectId::of_content(&row.content) == row.id {
            found.insert(row.id);
        }
    }
    match found == *wanted {
        true => Ok(()),
        false => Err(PackError::Verify { path: sealed.path().to_owned() }),
    }
}

/// The operations that stored what a group of data packs holds: after the first number, up to the last.
struct Span {
    packs: Vec<ObjectId>,
    after: i64,
    last: i64,
}

impl Span {
    /// The span between the pack that came before the group and the group's newest. Were it wrong, contents would stand in
    /// another order and take more bytes: a merge costs what it merges, however long the history is.
    fn of(pond: &Pond, state: &TableState, group: &[PackFile]) -> Result<Self, TransactionError> {
        let versions = || group.iter().map(|pack| pack.version_added);
        let (first, last) = (versions().min().unwrap_or(0), versions().max().unwrap_or(0));
        let older =
            state.packs.iter().filter(|pack| pack.kind == PackKind::Data && pack.version_added < first);
        let before = older.map(|pack| pack.version_added).max();
        let seq = |version| log::read_entry(&pond.table_dir(), version).map(|(entry, _)| entry.pond.seq);
        let newer = |pack: &&PackFile| before.is_none_or(|before| pack.version_added > before);
        let metas = state.packs.iter().filter(|pack| pack.kind == PackKind::Meta).filter(newer);
        Ok(Self {
            packs: metas.map(|pack| pack.digest).collect(),
            after: before.map(seq).transpose()?.unwrap_or(i64::MIN),
            last: seq(last)?,
        })
    }
}

/// The chunks by path, age and offset; what no change names comes last.
fn laid_out(
    pond: &Pond,
    base: &ReadonlyPond,
    group: &[PackFile],
    wanted: &HashSet<ObjectId>,
) -> Result<Vec<ObjectId>, TransactionError> {
    let store = base.store();
    let span = Span::of(pond, base.state(), group)?;
    let by_prefix: HashMap<u64, ObjectId> = wanted.iter().map(|id| (id_prefix(id), *id)).collect();
    let mut blobs: HashMap<u64, ObjectId> = HashMap::new();
    let mut changes = Vec::new();
    for pack in &span.packs {
        store.pack_ids(pack, &mut |id, row_type| {
            if row_type == RowType::Blob {
                blobs.insert(id_prefix(id), *id);
            }
        })?;
        store.pack_changes(pack, &mut |change| {
            if change.seq > span.after && change.seq <= span.last {
                changes.push((change.path_hash, change.seq, change.id_prefix));
            }
        })?;
    }
    changes.sort_unstable();
    let mut order = Vec::with_capacity(wanted.len());
    let mut placed = HashSet::with_capacity(wanted.len());
    let mut place = |id: ObjectId| {
        if wanted.contains(&id) && placed.insert(id) {
            order.push(id);
        }
    };
    for (_, _, prefix) in changes {
        if let Some(id) = by_prefix.get(&prefix) {
            place(*id);
        } else if let Some(blob) = blobs.get(&prefix) {
            chunks_of(store, blob, &mut place)?;
        }
    }
    let mut rest: Vec<ObjectId> = wanted.iter().filter(|id| !placed.contains(*id)).copied().collect();
    rest.sort_unstable();
    order.extend(rest);
    Ok(order)
}

fn chunks_of(
    source: &dyn ObjectSource,
    blob: &ObjectId,
    visit: &mut dyn FnMut(ObjectId),
) -> Result<(), ReadError> {
    let Some(manifest) = source.manifest(blob)? else { return Ok(()) };
    for item in Leaves::new(source, Body::Manifest, &manifest.root)? {
        visit(item?.id);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::tests::id;
    use crate::state::tests::Table;

    #[test]
    fn a_group_of_metadata_is_bounded_and_leaves_out_what_is_too_large() {
        let mut state = Table::new().load().state;
        let pack = |number: u64, size, rows| PackFile {
            kind: PackKind::Meta,
            digest: id(&format!("pack {number}")),
            size,
            rows,
            version_added: number,
        };
        state.packs = (0..40).map(|number| pack(number, 1000, 38)).collect();
        state.packs.insert(0, pack(100, 5 << 20, MOST_META_ROWS));
        state.packs.insert(9, pack(101, 9 << 20, 70_000));
        let sizes = |groups: Vec<Vec<PackFile>>| groups.iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes(plan(&state, FAN_IN)), [40]);
        assert_eq!(sizes(plan_everything(&state)), [41]);
        state.packs[0].rows = MOST_META_ROWS - 80_000;
        assert_eq!(sizes(plan_everything(&state)), [42]);
        state.packs[0].size = MOST_META - 1;
        assert_eq!(sizes(plan_everything(&state)), [41]);
    }
}
