//! What commands do to the mirror and publish: staging, moving HEAD, laying versions out, and finishing what interrupted
//! commands left. The means are those of `pond_mirror`.

pub(crate) mod carried;
pub(crate) mod catch_up;
pub(crate) mod due;
pub(crate) mod failures;
pub(crate) mod footprint;
pub(crate) mod gave_way;
pub(crate) mod lay_out;
pub(crate) mod leftovers;
pub(crate) mod lost_content;
pub(crate) mod merge_over;
pub(crate) mod move_head;
pub(crate) mod moves;
pub(crate) mod next_commit;
pub(crate) mod obstacles;
pub(crate) mod rearrange;
pub(crate) mod rebase;
pub(crate) mod record;
pub(crate) mod remove;
pub(crate) mod rows;
pub(crate) mod save;
pub(crate) mod stage;
pub(crate) mod staged_packs;
pub(crate) mod staged_tree;
pub(crate) mod unwritten;
