//! From an entry's bytes to what they say, with every rule checked.

use std::collections::BTreeMap;

use pond_objects::ObjectId;
use serde_json::{Map, Value};

use super::encode::partition;
use super::wire::{self, Line};
use super::{
    AddFile, Damage, ENTRY_LIMIT, EntryInfo, LogEntry, LogError, PackKind, PondInfo, READER_VERSION,
    RemoveFile, TableMetadata, WRITER_VERSION, parse_pack_path,
};
use crate::operation::canonical_id;
use crate::schema::PARTITION_COLUMN;

/// The entry of a version from its bytes.
pub fn decode(version: u64, bytes: &[u8]) -> Result<LogEntry, LogError> {
    let damaged = |why| LogError::Damaged { version, why };
    if bytes.iter().all(|byte| *byte == 0) {
        return Err(damaged(Damage::Empty));
    }
    if bytes.len() as u64 > ENTRY_LIMIT {
        return Err(damaged(Damage::Size(bytes.len() as u64)));
    }
    let Some(body) = bytes.strip_suffix(b"\n") else {
        // Other writers leave out the last line feed.
        return Err(foreign(version, bytes).unwrap_or(damaged(Damage::Truncated)));
    };
    let mut lines = body.split(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    let stated = match stated_digest(first) {
        Some(stated) => stated,
        None => return Err(foreign(version, bytes).unwrap_or_else(|error| error)),
    };
    let found = own_digest(bytes, first.len());
    if stated != found {
        return Err(damaged(Damage::Digest { stated, found }));
    }
    let mut entry = match serde_json::from_slice(first) {
        Ok(Line::CommitInfo(info)) => begin(version, info).map_err(|why| damaged(Damage::Content(why)))?,
        Ok(_) => return Err(damaged(Damage::Content("its first line is not commitInfo".to_owned()))),
        Err(error) => return Err(unreadable(version, 1, first, &error)),
    };
    for (at, line) in lines.enumerate() {
        let line = serde_json::from_slice(line).map_err(|error| unreadable(version, at + 2, line, &error))?;
        take(&mut entry, line)?;
    }
    if version == 0 && !(entry.protocol && entry.metadata.is_some()) {
        return Err(damaged(Damage::Content("it lacks the protocol or the metaData".to_owned())));
    }
    Ok(entry)
}

/// The digits at the end of the first line.
fn stated_digest(first: &[u8]) -> Option<ObjectId> {
    let rest = first.strip_suffix(wire::AFTER_DIGEST)?;
    let (rest, digits) = rest.split_at_checked(rest.len().checked_sub(wire::DIGEST_DIGITS)?)?;
    rest.strip_suffix(wire::BEFORE_DIGEST)?;
    canonical_id(std::str::from_utf8(digits).ok()?)
}

fn own_digest(bytes: &[u8], first: usize) -> ObjectId {
    let end = first - wire::AFTER_DIGEST.len();
    let mut hasher = blake3::Hasher::new();
    hasher.update(&bytes[..end - wire::DIGEST_DIGITS]);
    hasher.update(&[b'0'; wire::DIGEST_DIGITS]);
    hasher.update(&bytes[end..]);
    ObjectId::from_bytes(*hasher.finalize().as_bytes())
}

/// The error for an entry that does not begin as ours do: another program's, or `Err` for damage.
fn foreign(version: u64, bytes: &[u8]) -> Result<LogError, LogError> {
    let mut operation = None;
    for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let object = serde_json::from_slice::<Map<String, Value>>(line)
            .map_err(|_| LogError::Damaged { version, why: Damage::Json(at + 1) })?;
        if let Some(info) = object.get("commitInfo") {
            if info.get("pond").is_some() {
                return Err(LogError::Damaged { version, why: Damage::Truncated });
            }
            operation = info.get("operation").and_then(Value::as_str).map(str::to_owned);
        }
    }
    Ok(LogError::Foreign { version, operation })
}

/// The error for a line whose bytes are those that were written and that are not of this format.
fn unreadable(version: u64, number: usize, line: &[u8], error: &serde_json::Error) -> LogError {
    match serde_json::from_slice::<Map<String, Value>>(line) {
        Err(_) => LogError::Damaged { version, why: Damage::Json(number) },
        Ok(object) => match object.keys().next() {
            Some(action)
                if !["commitInfo", "protocol", "metaData", "add", "remove"].contains(&action.as_str()) =>
            {
                let what = format!("the action '{}'", pond_durable::line::escape(action));
                LogError::Newer { version, what }
            }
            _ => LogError::Damaged { version, why: Damage::Content(format!("in line {number}: {error}")) },
        },
    }
}

fn begin(version: u64, info: wire::CommitInfo<'_>) -> Result<LogEntry, String> {
    let pond = info.pond;
    let mut refs = BTreeMap::new();
    for (name, target) in pond.refs {
        let (wire::Target::New(target) | wire::Target::Moved([_, target])) = target;
        refs.insert(name, optional_id(target)?);
    }
    let pond = PondInfo {
        operation: id(&pond.operation)?,
        seq: pond.seq,
        view: id(&pond.view)?,
        refs,
        previous: optional_id(pond.previous)?,
        digest: id(&pond.digest)?,
    };
    if pond.seq < 0 {
        return Err(format!("the operation's number {} is negative", pond.seq));
    }
    if pond.previous.is_none() != (version == 0) {
        return Err("it says of the entry before what this version cannot say".to_owned());
    }
    let info = EntryInfo {
        operation: info.operation.into_owned(),
        parameters: info.operation_parameters,
        user: info.user_name.into_owned(),
        timestamp: info.timestamp,
    };
    let (adds, removes) = (Vec::new(), Vec::new());
    Ok(LogEntry { version, info, pond, adds, removes, protocol: false, metadata: None })
}

fn take(entry: &mut LogEntry, line: Line<'_>) -> Result<(), LogError> {
    let version = entry.version;
    let content = |why: &str| LogError::Damaged { version, why: Damage::Content(why.to_owned()) };
    match line {
        Line::CommitInfo(_) => return Err(content("it has a second commitInfo")),
        Line::Protocol(protocol) => {
            check_protocol(version, &protocol)?;
            if std::mem::replace(&mut entry.protocol, true) {
                return Err(content("it has a second protocol"));
            }
        }
        Line::MetaData(metadata) => {
            let metadata = check_metadata(metadata).map_err(content)?;
            if entry.metadata.replace(metadata).is_some() {
                return Err(content("it has a second metaData"));
            }
        }
        Line::Add(add) => {
            no_deletion_vector(version, add.deletion_vector.as_ref())?;
            let (kind, digest) = pack(&add.path, Some(&add.partition_values)).map_err(|why| content(&why))?;
            let stats: wire::Stats = serde_json::from_str(&add.stats)
                .map_err(|_| content("a pack's statistics lack the number of rows"))?;
            entry.adds.push(AddFile {
                kind,
                digest,
                size: add.size,
                modification_time: add.modification_time,
                data_change: add.data_change,
                rows: stats.num_records,
            });
        }
        Line::Remove(remove) => {
            no_deletion_vector(version, remove.deletion_vector.as_ref())?;
            let (kind, digest) = pack(&remove.path, None).map_err(|why| content(&why))?;
            entry.removes.push(RemoveFile {
                kind,
                digest,
                deletion_timestamp: remove.deletion_timestamp,
                data_change: remove.data_change,
            });
        }
    }
    Ok(())
}

fn check_protocol(version: u64, protocol: &wire::Protocol<'_>) -> Result<(), LogError> {
    let (reader, writer) = (protocol.min_reader_version, protocol.min_writer_version);
    if (reader, writer) != (READER_VERSION, WRITER_VERSION) {
        let what = format!("Delta protocol {reader}/{writer} (reader/writer)");
        return Err(LogError::Newer { version, what });
    }
    match protocol.reader_features.iter().chain(&protocol.writer_features).next() {
        Some(feature) => {
            let what = format!("the table feature '{}'", pond_durable::line::escape(feature));
            Err(LogError::Newer { version, what })
        }
        None => Ok(()),
    }
}

fn check_metadata(metadata: wire::MetaData<'_>) -> Result<TableMetadata, &'static str> {
    if metadata.format.provider != "parquet" || !metadata.format.options.is_empty() {
        return Err("its files are not plain Parquet");
    }
    if metadata.partition_columns != [PARTITION_COLUMN] {
        return Err("its partition column is not 'kind'");
    }
    // A stranger's tool that keeps to the properties would delete or rewrite what pond needs.
    let property = |name: &str| metadata.configuration.get(name).map(String::as_str);
    if property("delta.enableExpiredLogCleanup") != Some("false")
        || property("delta.appendOnly") == Some("true")
    {
        return Err("its table properties are not a pond's");
    }
    Ok(TableMetadata {
        id: metadata.id.into_owned(),
        schema_string: metadata.schema_string.into_owned(),
        created: metadata.created_time,
    })
}

fn no_deletion_vector(version: u64, found: Option<&Value>) -> Result<(), LogError> {
    match found {
        Some(_) => Err(LogError::Newer { version, what: "deletion vectors".to_owned() }),
        None => Ok(()),
    }
}

fn pack(path: &str, values: Option<&BTreeMap<String, String>>) -> Result<(PackKind, ObjectId), String> {
    match parse_pack_path(path) {
        Some((kind, digest)) if values.is_none_or(|values| *values == partition(kind)) => Ok((kind, digest)),
        _ => Err(format!("it names '{}', which is no pack of this table", pond_durable::line::escape(path))),
    }
}

fn id(text: &str) -> Result<ObjectId, String> {
    canonical_id(text).ok_or_else(|| format!("'{}' is no id", pond_durable::line::escape(text)))
}

fn optional_id(text: Option<String>) -> Result<Option<ObjectId>, String> {
    text.map(|text| id(&text)).transpose()
}
