//! One writer: an operation that is published, and the host, the index and HEAD that follow it.

pub(crate) mod due;
pub mod footprint;
pub(crate) mod gave_way;
pub mod lay_out;
pub mod leftovers;
pub mod moves;
pub(crate) mod obstacles;
pub(crate) mod rearrange;
pub(crate) mod record;
pub mod remove;
pub(crate) mod rows;
pub(crate) mod save;
pub mod transact;
