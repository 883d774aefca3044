//! From what people write to objects: revisions and ranges, and the short form in which ids are shown.
//!
//! The grammar and its rules are [`pond_refs`]'; here they meet a pond.

mod error;
mod lookup;
mod peel;
mod range;
mod reflog;
mod revision;
mod short_id;
mod tips;
mod tracked;

pub use error::{LookupError, ResolveRevisionError};
pub use peel::peel;
pub use range::{Ambiguity, CommitSet};
pub use revision::{commit, object, tree};
pub use short_id::{short_id, short_id_from};
pub use tips::{Tips, TipsError};
pub use tracked::{TrackedName, tracked, values};
