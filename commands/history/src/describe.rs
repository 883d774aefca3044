//! Names of commits: the nearest tag in their history.

mod names;
mod nearest;

pub use names::{Name, NameOptions, Names};
pub use nearest::{Described, nearest};
