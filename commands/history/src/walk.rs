//! Walking histories, and which commits lead to which.

mod commits;
mod frontier;
mod lineage;
mod merge_base;
mod order;
mod reach;
mod shown;
mod touched;
mod touched_walk;

pub use commits::{Walk, WalkOptions};
pub use lineage::{Choose, Chosen, Lineage, Looking};
pub use merge_base::merge_bases;
pub use order::Order;
pub use reach::{Leads, bases_with_any, independent, is_ancestor, not_reachable, octopus_bases};
pub use shown::ShownCommits;
pub use touched::Touched;
