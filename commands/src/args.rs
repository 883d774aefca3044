//! Options that several commands share, and what they stand for.

pub(crate) mod again;
pub(crate) mod globals;
pub(crate) mod side;
pub(crate) mod strategy;
pub(crate) mod walk;
