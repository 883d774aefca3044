//! One writer: an operation that is published, and the host, the index and HEAD that follow it.

pub(crate) mod due;
pub(crate) mod footprint;
pub(crate) mod gave_way;
pub(crate) mod lay_out;
pub(crate) mod leftovers;
pub(crate) mod mirror_writer;
pub(crate) mod moves;
pub(crate) mod obstacles;
pub(crate) mod rearrange;
pub(crate) mod record;
pub(crate) mod remove;
pub(crate) mod rows;
pub(crate) mod save;
pub(crate) mod transact;
