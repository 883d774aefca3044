//! The working copy: a host directory against its index.
//!
//! [`host`] lists what is there and reads the rules of what is ignored, [`index`] holds what is staged, [`scan`] compares the
//! two, and [`write`] brings files to a version. Nothing here knows a table or publishes, and nothing prints: progress and the
//! wish to stop come in as functions.

#![deny(missing_docs)]

pub mod host;
pub mod index;
pub mod path_list;
pub mod scan;
pub mod stat;
mod target;
mod temporary;
pub mod write;

pub use target::Target;
