//! Options that several commands share, and what they stand for.

pub(crate) mod globals;
pub(crate) mod strategy;
