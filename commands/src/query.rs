//! Asking queries of a pond: what `sql`, `summarize`, `head`, `tail` and `plot` share.

mod asker;
pub(crate) mod cells;
mod failure;
mod memory;

pub(crate) use asker::{Asker, Means};
pub(crate) use failure::Failure;
