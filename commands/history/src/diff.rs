//! What differs between two trees, and what commits changed.
//!
//! Changes come in path order, restricted to pathspecs. Unchanged pages are not read.

mod combined;
mod differing;
mod letter;
mod merge;
mod merges;
mod ordered;
mod request;
mod trees;

pub use combined::{Combined, MOST_PARENTS};
pub use differing::{Differing, touches};
pub use letter::{is_type_change, is_unmerged, status_letter};
pub use merge::merge;
pub use merges::{Against, CommitChanges, Merges};
pub use ordered::Ordered;
pub use request::{DiffRequest, KindFilter, UnknownKind};
pub use trees::{raw_trees, takes, trees};
