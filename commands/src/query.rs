//! Asking queries of a pond: what `sql`, `summarize`, `head`, `tail` and `plot` share.

mod asker;
pub(crate) mod cells;
mod failure;
mod memory;
mod print;
mod state;
pub(crate) mod tables;

pub(crate) use asker::{Asker, Means, Query, Rows};
pub(crate) use failure::Failure;
pub(crate) use print::print_table;
