//! SQL over a pond: its history as tables, and files of any version as tables.
//!
//! [`QueryContext`] takes one state of a pond and answers SQL, which only reads: whatever would write is refused, and nothing
//! outside the pond and its mirror is read. `TABLES.md` beside this crate's sources describes every table and column. No other crate
//! names `datafusion`: of its types this one shows only the table that [`ByteStreamTable`] is, and the source of an error.
#![deny(missing_docs)]

mod again;
mod answer;
mod byte_stream;
mod catalog;
mod context;
mod error;
mod files;
mod filter;
mod history;
mod names;
mod objects;
pub mod output;
mod profile;
mod readable;
mod rows;
mod statement;
mod summary;
mod table_names;
mod tables;

pub use answer::Answer;
pub use byte_stream::{ByteStreamTable, ByteStreams, NamedStream};
pub use context::{Copy, Options, QueryContext, Reply};
pub use error::{QueryError, TooLarge};
pub use history::{Now, OwnedHistory, Staged};
pub use names::{Column, Table};
pub use profile::{Profile, Reads};
