//! Files that survive power cuts, and the locks of those who write them.
//!
//! The functions of the crate's root put whole files in place. [`in_place`] exchanges the bytes of small files that are derived
//! from others. [`lock`] has locks that end with the process that holds them; [`line`](mod@line) is the text of a lock file.
//! [`outside`] reads files that other programs write, [`place`] says what makes a directory a pond's.
#![deny(missing_docs)]

mod files;
pub mod in_place;
pub mod line;
pub mod lock;
pub mod outside;
pub mod place;

pub use files::*;
