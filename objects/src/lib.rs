//! Content-addressed objects of a pond: ids, blobs, chunks, trees, commits, tags and their encodings.
//!
//! Everything here is pure: no I/O, no clock, no environment. What is decoded is validated whole, so that a
//! value of these types never holds what its encoding forbids. `oplog/FORMAT.md` describes the bytes.
#![deny(missing_docs)]

pub mod blob;
mod change;
pub mod chunker;
pub mod commit;
pub mod cursor;
pub mod diff;
pub mod escape;
pub mod grown;
mod headers;
pub mod id;
pub mod kind;
pub mod large;
pub mod list;
pub mod memory;
pub mod merge;
pub mod message;
pub mod name;
pub mod node;
pub mod page;
pub mod paginate;
pub mod path;
pub mod pathspec;
pub mod rename;
mod signature;
pub mod source;
pub mod tag;
pub mod trailers;
pub mod tree;
pub mod wildmatch;

pub use blob::{CopyError, copy_blob, copy_range, read_blob};
pub use change::{Change, Side};
pub use commit::{Commit, Link};
pub use headers::TextError;
pub use id::{IdError, IdPrefix, NodeId, ObjectId};
pub use kind::Kind;
pub use name::path_order;
pub use page::{Body, Item, Page};
pub use signature::{Signature, Timestamp};
pub use source::{Manifest, ObjectSource, ReadError};
pub use tag::{Tag, Tagged};
pub use tree::{Entry, PathEntry};
