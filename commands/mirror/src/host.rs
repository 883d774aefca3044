//! The host directory: a walk through it, and what of it is ignored.

pub mod ignore;
pub mod walk;
