//! The short form in which ids are shown.

use pond_objects::{IdPrefix, ObjectId};
use pond_oplog::Store;

/// The digits that tell an id from the pond's others: ten, or more if ten are not enough.
pub fn short_id(store: &Store, id: &ObjectId) -> String {
    short_id_from(store, id, ObjectId::SHORT_DIGITS)
}

/// As [`short_id`], of `least` digits or more.
pub fn short_id_from(store: &Store, id: &ObjectId, least: usize) -> String {
    let hex = id.to_hex();
    for digits in least.max(IdPrefix::MIN_DIGITS)..hex.len() {
        let prefix: IdPrefix = hex[..digits].parse().expect("BUG: digits of an id are a prefix");
        if store.matching(&prefix).iter().all(|(other, _)| other == id) {
            return hex[..digits].to_owned();
        }
    }
    hex
}
