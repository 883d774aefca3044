//! Refs in lists: what they name, and which of them have to do with given commits.
//!
//! A ref costs nothing but its name and id until an object is asked for; that one is read once.

mod listed;
mod objects;
mod selection;

pub use listed::Listed;
pub use objects::{Object, Objects};
pub use selection::Selection;
