//! Three-way merges.

mod histogram;
mod region;
pub mod text;
