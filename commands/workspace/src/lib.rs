//! Every deed on a pond and its mirror: add, commit, switch, merge, restore, undo and the others.
//!
//! A caller makes a [`session::Session`], opens a [`workspace::Workspace`] for a [`open::Purpose`], and calls a deed. Deeds neither
//! print nor ask: what comes of one is returned, and an [`observer::Observer`] hears of the rest.

#![deny(missing_docs)]

pub mod add;
pub mod branch;
pub mod cause;
pub mod clean;
pub mod collected;
pub mod commit;
pub mod commit_tree;
pub mod error;
pub mod failures;
pub mod fs;
mod half_done;
mod head;
pub mod init;
pub mod merge;
mod merged_trees;
pub mod mv;
pub mod observer;
pub mod open;
mod publish;
mod recovery;
pub mod refs;
pub mod reset;
pub mod restore;
pub mod rm;
pub mod sequence;
pub mod session;
mod staging;
pub mod stash;
pub mod status;
pub mod switch;
pub mod tag;
pub mod take_back;
pub mod undo;
pub mod update_ref;
pub mod workspace;

pub use error::{CallerError, WorkspaceError};
pub use half_done::HalfWay;
pub use head::{carried::Carried, move_head::MovedHead};
pub use merged_trees::Applied;
pub use observer::{Counter, Event, Observer, Recovery, Work};
pub use open::{Purpose, open};
pub use publish::{footprint::Recorded, lay_out::LaidOut, moves::Move, remove::Removed, transact::run_here};
pub use session::{Actor, Caller, Session, Settings};
pub use staging::{
    next_commit::{StagedChanges, next_nodes},
    stage::host_path,
    staged_packs,
};
pub use workspace::Workspace;
