//! The host directory: the stats of its files, a walk through it, and what of it is ignored.

pub mod ignore;
pub use crate::stat;
pub mod walk;
