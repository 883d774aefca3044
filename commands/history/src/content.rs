//! What is known of a file's content without reading all of it.

use pond_objects::{ObjectId, ObjectSource as _, ReadError};
use pond_oplog::Store;

/// The bytes of a stored blob.
///
/// # Errors
/// Those of reading its manifest or its only chunk.
pub fn blob_size(store: &Store, id: &ObjectId) -> Result<u64, ReadError> {
    match store.manifest(id)? {
        Some(manifest) => Ok(manifest.size),
        None => Ok(store.chunk(id)?.len() as u64),
    }
}
