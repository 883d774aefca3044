//! Paths as keys, in path order.

use bstr::BString;
use pond_objects::path_order;

/// A path, ordered as the index orders its paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ordered(pub BString);

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        path_order(&self.0, &other.0)
    }
}
