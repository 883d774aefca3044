//! The mirror: the host directory that a pond versions, seen from the pond's side.
//!
//! [`walk`] lists what is on the host, [`index`] holds what is staged, [`scan`] compares the two.
//! [`materialize`] writes to the host, through [`secure_dir`] and with [`replaced`] behind it.
//! Nothing in these modules prints. Besides those three only [`index`] writes, its own file, and [`staged_packs`], a cache.

pub(crate) mod add;
pub(crate) mod carried;
pub(crate) mod catch_up;
pub(crate) mod differences;
pub(crate) mod displaced;
pub(crate) mod failures;
pub(crate) mod footprint;
pub(crate) mod gave_way;
pub(crate) mod head_file;
pub(crate) mod ignore;
pub(crate) mod ignored;
pub(crate) mod index;
pub(crate) mod lay_out;
pub(crate) mod leftovers;
pub(crate) mod lost_content;
#[cfg(unix)]
pub(crate) mod materialize;
pub(crate) mod merge_over;
pub(crate) mod move_head;
pub(crate) mod next_commit;
pub(crate) mod obstacles;
pub(crate) mod path_list;
pub(crate) mod pending;
pub(crate) mod pick_options;
pub(crate) mod rearrange;
pub(crate) mod rebase;
pub(crate) mod record;
pub(crate) mod refused;
pub(crate) mod remove;
#[cfg(unix)]
pub(crate) mod rename;
#[cfg(unix)]
pub(crate) mod replaced;
pub(crate) mod save;
pub(crate) mod scan;
#[cfg(unix)]
pub(crate) mod secure_dir;
pub(crate) mod stage;
pub(crate) mod staged_packs;
pub(crate) mod staged_tree;
pub(crate) mod stat;
pub(crate) mod unwritten;
pub(crate) mod walk;
