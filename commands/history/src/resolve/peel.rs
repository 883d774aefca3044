//! What annotated tags name.

use pond_objects::{ObjectId, ReadError};
use pond_oplog::{RowType, Store};

/// What an annotated tag names in the end; any other object itself.
///
/// # Errors
/// Those of reading the tags.
pub fn peel(store: &Store, mut id: ObjectId) -> Result<ObjectId, ReadError> {
    while store.type_of(&id) == Some(RowType::Tag) {
        id = store.tag(&id)?.object;
    }
    Ok(id)
}
