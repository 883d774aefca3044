//! HEAD on its way to another commit.

pub mod carried;
pub(crate) mod merge_over;
pub mod move_head;
