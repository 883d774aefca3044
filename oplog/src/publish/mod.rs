//! Publishing a version: the one step that makes an operation true.
//!
//! The entry is put under the next version's name if that name is free. After `Ok` the version is durable and is
//! ours. After [`PublishError::Behind`] it is somebody else's and nothing of ours is in the log. After any other error it is
//! unknown whether others see it ([`PublishError::Unknown`], [`PublishError::NotDurable`]) or certain that they do not
//! ([`PublishError::Put`]); publishing the same draft again is safe in each case, because the entry is recognised.

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutOptions};
use pond_objects::ObjectId;

use crate::log::{self, EntryDraft, LOG_DIR, LogEntry, LogError};
use crate::state::{StateError, TableState};

/// A version that was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The Delta version.
    pub version: u64,
    /// The digest of its entry.
    pub digest: ObjectId,
}

/// Why a version was not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// Others published first. What they wrote follows the state, and none of it is ours.
    #[error("the pond has moved on by {} versions", entries.len())]
    Behind {
        /// The entries that are newer than the state, oldest first; at least one.
        entries: Vec<LogEntry>,
    },
    /// The store failed, and our entry is not there.
    #[error("cannot publish version {version}: {source}")]
    Put {
        /// The version.
        version: u64,
        /// What the store said.
        source: object_store::Error,
    },
    /// The store failed, and whether our entry is there could not be seen.
    #[error("cannot tell whether version {version} was published: {source}")]
    Unknown {
        /// The version.
        version: u64,
        /// What the store said.
        source: object_store::Error,
    },
    /// Our entry is there, and the store failed to make it durable.
    #[error("version {version} was published, but it may be lost in a power cut: {source}")]
    NotDurable {
        /// The version.
        version: u64,
        /// What the store said.
        source: object_store::Error,
    },
    /// An entry that is newer than the state is damaged or foreign.
    #[error(transparent)]
    Entry(#[from] LogError),
    /// The entries that are newer than the state do not follow it.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Publishes `draft` as the version after `state`. `store` has the table's directory as its root and puts durably.
///
/// Where the version is taken, the entries since `state` are read: an entry of ours among them (the same operation, or
/// the same bytes) means that an earlier answer was lost.
pub async fn publish(
    store: &dyn ObjectStore,
    state: &TableState,
    draft: &EntryDraft,
) -> Result<Published, PublishError> {
    let version = state.version + 1;
    let encoded = log::encode(draft, Some(state.digest));
    let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
    let failed = match store.put_opts(&location(version), encoded.bytes.clone().into(), options).await {
        Ok(_) => return Ok(Published { version, digest: encoded.digest }),
        Err(error) => error,
    };
    let taken = matches!(failed, object_store::Error::AlreadyExists { .. });
    let mut entries = Vec::new();
    let mut newest = state.clone();
    loop {
        let at = newest.version + 1;
        let bytes = match read(store, at).await {
            Ok(Some(bytes)) => bytes,
            Ok(None) => break,
            Err(source) => return Err(PublishError::Unknown { version, source }),
        };
        let entry = log::decode(at, &bytes)?;
        newest.advance(&entry, state.stat)?;
        let same_operation = draft.operation != state.operation && entry.pond.operation == draft.operation;
        if same_operation || entry.pond.digest == encoded.digest {
            return confirm(store, &entry, bytes).await;
        }
        entries.push(entry);
    }
    match entries.is_empty() {
        // Taken and then gone: the log was cut meanwhile.
        true if taken => Err(PublishError::Unknown { version, source: failed }),
        true => Err(PublishError::Put { version, source: failed }),
        false => Err(PublishError::Behind { entries }),
    }
}

/// Puts the bytes that are there once more: the put that failed may have made them visible without syncing them.
async fn confirm(store: &dyn ObjectStore, entry: &LogEntry, bytes: Bytes) -> Result<Published, PublishError> {
    let version = entry.version;
    match store.put(&location(version), bytes.into()).await {
        Ok(_) => Ok(Published { version, digest: entry.pond.digest }),
        Err(source) => Err(PublishError::NotDurable { version, source }),
    }
}

async fn read(store: &dyn ObjectStore, version: u64) -> Result<Option<Bytes>, object_store::Error> {
    match store.get(&location(version)).await {
        Ok(found) => found.bytes().await.map(Some),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn location(version: u64) -> Path {
    Path::from_iter([LOG_DIR, &log::entry_name(version)])
}

#[cfg(test)]
mod tests;
