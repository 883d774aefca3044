//! What the next commit will have: contents, trees and index rows.

pub(crate) mod next_commit;
pub(crate) mod rebase;
pub(crate) mod stage;
pub mod staged_packs;
pub(crate) mod staged_tree;
