//! Contents for DataFusion: files of versions, files of the mirror and packs, as objects of a store that knows no others.

mod blob;
mod located;
mod store;
mod walk;

pub(crate) use located::{Content, Located};
pub(crate) use store::{PondFiles, STORE_URL};
pub(crate) use walk::{Found, walk_below};
