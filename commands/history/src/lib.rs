//! What a pond's history says: what a revision names, which commits lead to which, and what changed between two of them.
//!
//! Everything here reads one state of a pond and changes nothing: neither the table nor a host file. Nothing is printed, no
//! environment is read, and the clock is the caller's. An error says what is wrong; what to do about it is the caller's to say.

#![deny(missing_docs)]

mod content;
pub mod describe;
pub mod diff;
mod history;
pub mod refs;
pub mod resolve;
pub mod select;
mod stored;
mod walk;

pub use content::blob_size;
pub use history::History;
pub use resolve::{CommitSet, peel, short_id, short_id_from};
pub use stored::{Packs, Stored, StoredError, StoredVersion, stored};
pub use walk::{
    Choose, Chosen, Leads, Lineage, Looking, Order, ShownCommits, Touched, Walk, WalkOptions, bases_with_any,
    independent, is_ancestor, merge_bases, not_reachable, octopus_bases,
};
