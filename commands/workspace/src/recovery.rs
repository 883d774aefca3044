//! What interrupted commands left, and what the next one does about it.

pub(crate) mod catch_up;
pub(crate) mod finish;
pub(crate) mod lost_content;
pub(crate) mod lost_index;
pub(crate) mod unwritten;
