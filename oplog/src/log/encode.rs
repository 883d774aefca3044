//! From a draft to an entry's bytes.

use std::collections::BTreeMap;

use bytes::Bytes;
use pond_objects::ObjectId;

use super::wire::{self, Line};
use super::{
    AddFile, EntryDraft, PackKind, READER_VERSION, RemoveFile, TABLE_PROPERTIES, TableMetadata,
    WRITER_VERSION,
};
use crate::schema::PARTITION_COLUMN;

/// An entry's bytes and their digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// What the file holds.
    pub bytes: Bytes,
    /// The digest that the bytes state.
    pub digest: ObjectId,
}

/// The bytes of the entry that follows the one with the digest `previous`; of version 0, where there is none.
///
/// Version 0 states the protocol, and its draft has the metadata.
pub fn encode(draft: &EntryDraft, previous: Option<ObjectId>) -> Encoded {
    let mut bytes = Vec::with_capacity(1024 + 1024 * draft.adds.len());
    push(&mut bytes, &commit_info(draft, previous));
    let end = bytes.len() - 1 - wire::AFTER_DIGEST.len();
    let digits = end - wire::DIGEST_DIGITS..end;
    debug_assert!(bytes[..digits.start].ends_with(wire::BEFORE_DIGEST));

    if previous.is_none() {
        let (min_reader_version, min_writer_version) = (READER_VERSION, WRITER_VERSION);
        let (reader_features, writer_features) = (Vec::new(), Vec::new());
        let protocol =
            wire::Protocol { min_reader_version, min_writer_version, reader_features, writer_features };
        push(&mut bytes, &Line::Protocol(protocol));
    }
    if let Some(metadata) = &draft.metadata {
        push(&mut bytes, &metadata_line(metadata));
    }
    for add in &draft.adds {
        push(&mut bytes, &add_line(add));
    }
    for remove in &draft.removes {
        push(&mut bytes, &remove_line(remove));
    }
    let digest = ObjectId::of_content(&bytes);
    bytes[digits].copy_from_slice(digest.to_hex().as_bytes());
    Encoded { bytes: bytes.into(), digest }
}

fn push(bytes: &mut Vec<u8>, line: &Line<'_>) {
    serde_json::to_writer(&mut *bytes, line)
        .expect("BUG: strings and numbers are JSON, and memory takes them");
    bytes.push(b'\n');
}

fn commit_info<'a>(draft: &'a EntryDraft, previous: Option<ObjectId>) -> Line<'a> {
    let hex = |id: Option<ObjectId>| id.map(|id| id.to_hex());
    let refs = draft.refs.iter().map(|(name, target)| (name.clone(), wire::Target::New(hex(*target))));
    Line::CommitInfo(wire::CommitInfo {
        timestamp: draft.info.timestamp,
        user_name: (&draft.info.user).into(),
        operation: (&draft.info.operation).into(),
        operation_parameters: draft.info.parameters.clone(),
        pond: wire::Pond {
            operation: draft.operation.to_hex().into(),
            seq: draft.seq,
            view: draft.view.to_hex().into(),
            refs: refs.collect(),
            previous: hex(previous),
            digest: ObjectId::ZERO.to_hex().into(),
        },
    })
}

fn metadata_line(metadata: &TableMetadata) -> Line<'_> {
    let properties = TABLE_PROPERTIES.into_iter();
    Line::MetaData(wire::MetaData {
        id: (&metadata.id).into(),
        name: "pond".into(),
        format: wire::Format { provider: "parquet".to_owned(), options: BTreeMap::new() },
        schema_string: (&metadata.schema_string).into(),
        partition_columns: vec![PARTITION_COLUMN.to_owned()],
        configuration: properties.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        created_time: metadata.created,
    })
}

fn add_line(add: &AddFile) -> Line<'_> {
    Line::Add(wire::Add {
        path: add.path().into(),
        partition_values: partition(add.kind),
        size: add.size,
        modification_time: add.modification_time,
        data_change: add.data_change,
        stats: stats(add.rows).into(),
        deletion_vector: None,
    })
}

fn remove_line(remove: &RemoveFile) -> Line<'_> {
    Line::Remove(wire::Remove {
        path: remove.kind.pack_path(&remove.digest).into(),
        deletion_timestamp: remove.deletion_timestamp,
        data_change: remove.data_change,
        deletion_vector: None,
    })
}

/// The number of rows. Bounds of columns stand in the pack's own footer, and would be half of an entry.
fn stats(rows: u64) -> String {
    serde_json::to_string(&wire::Stats { num_records: rows }).expect("BUG: a number is JSON")
}

pub(super) fn partition(kind: PackKind) -> BTreeMap<String, String> {
    BTreeMap::from([(PARTITION_COLUMN.to_owned(), kind.name().to_owned())])
}
