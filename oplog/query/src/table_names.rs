//! The names of the tables of history.

/// In their order.
pub(crate) const TABLE_NAMES: [&str; 7] =
    ["changes", "commits", "files", "nodes", "operations", "records", "refs"];
