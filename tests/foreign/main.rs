//! Scenarios of the program whose outcome is read by others: the `deltalake` crate and DataFusion, and no line of pond's code.
//!
//! They are a package of their own, so that nothing else waits for those crates.

mod append_while_restoring;
mod foreign_reader;
mod grown;
#[path = "../cli/harness.rs"]
#[allow(dead_code, reason = "the scenarios of the program use the rest")]
mod harness;
mod many_commits;
mod nodes;
#[path = "../cli/same_tree.rs"]
#[allow(dead_code, reason = "the scenarios of the program use the rest")]
mod same_tree;
mod table;
