//! HEAD on its way to another commit.

pub(crate) mod carried;
pub(crate) mod merge_over;
pub(crate) mod move_head;
