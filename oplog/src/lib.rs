//! The oplog: the Delta Lake table that holds a pond's history.
//!
//! [`pond`] finds and makes ponds, [`snapshot`] reads one operation's state, [`ingest`] stages contents, [`transaction`] writes
//! and publishes, [`OplogLayer`] is a filesystem's storage. Below them are the table's log ([`log`], [`state`], [`publish`]), its files ([`pack`], [`store`]) and its
//! upkeep ([`compact`], [`dead`]). `FORMAT.md` beside this crate's sources describes the bytes.
#![deny(missing_docs)]

mod cache_bytes;
pub mod changed_paths;
mod commit_links;
pub mod compact;
pub mod config;
pub mod dead;
pub mod durable_local;
mod fs_layer;
pub mod ingest;
pub mod init;
pub mod log;
pub mod operation;
pub mod pack;
pub mod pond;
pub mod publish;
pub mod row;
pub mod schema;
pub mod snapshot;
mod sorted_ids;
pub mod state;
pub mod store;
pub mod transaction;
pub mod view;
mod view_pages;

pub use fs_layer::OplogLayer;
pub use operation::Operation;
pub use pond::Pond;
pub use row::{ChangeKind, ChangeRows, Location, MetaRow, RowType};
pub use schema::PackKind;
pub use snapshot::ReadonlyPond;
pub use state::TableState;
pub use store::{StagedPack, Store};
