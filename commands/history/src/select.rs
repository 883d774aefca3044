//! Which commits of a history are wanted: by what they say of themselves, or as the history of one file.

mod filter;
mod follow;

pub use filter::{Filter, PatternError, Patterns};
pub use follow::Follow;
