//! Packs: the Parquet files of the oplog table, written once, named by the BLAKE3 of their bytes.
//!
//! A *data* pack holds chunks in row groups of about 8 MiB that several threads encode at once; a *meta* pack
//! holds everything else of one operation. Both use a small part of Parquet, which any reader knows: flat
//! columns, PLAIN values, data pages of version 1, no dictionaries, zstd or no compression. So one row is read
//! by decoding one page.
//!
//! Writing leaves nothing behind unless it is finished and persisted. Reading trusts nothing: bytes that do
//! not make sense are an error, and no declared size is believed beyond [`MAX_PAGE`].

mod bounds;
mod cache;
mod column;
mod decode;
mod footer;
pub mod index;
pub mod meta;
pub mod reader;
mod rows;
mod sealed;
mod thrift;
pub mod writer;

use std::io;
use std::path::{Path, PathBuf};

pub use cache::PageCache;
pub use index::{ChangeEntry, DamagedPart, IndexEntries, IndexEntry, IndexError, OperationEntry, PackIndex};
pub(crate) use meta::{CommitChanges, write_operation};
pub use meta::{write_compact_meta_pack, write_meta_pack};
pub use reader::PackReader;
pub use rows::{Columns, DataRow, DataRows, MetaRows};
pub use sealed::SealedPack;
pub use writer::{Compression, DataPack, EncodedRowGroup, EncoderFactory, RowGroupEncoder};

pub use crate::row::Location;
pub use crate::schema::PackKind;

/// The largest page, in bytes before compression, that is read or written. Larger ones are refused, so that
/// damage cannot make a reader allocate the size of a lie.
pub const MAX_PAGE: usize = 64 << 20;

/// The largest content of one row, in bytes.
pub const MAX_CONTENT: usize = 32 << 20;

/// The most rows of a row group.
pub const MAX_GROUP_ROWS: usize = 1 << 24;

/// What temporary files of unfinished packs are called; those that a killed process left can be deleted.
pub const TEMPORARY_PREFIX: &str = ".tmp-pack-";

/// Why a pack could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The system refused.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The file's bytes are not a pack that pond wrote.
    #[error("the pack {path} is damaged: {damage}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        damage: Damage,
    },
    /// A row's content is longer than [`MAX_CONTENT`].
    #[error("a row's content of {0} bytes is longer than a pack may hold")]
    TooLong(usize),
    /// The pack has as many row groups, or a row group as many rows, as Parquet can hold.
    #[error("the pack is full")]
    Full,
    /// The row has no content.
    #[error("row {row} of row group {row_group} of the pack {path} has no content")]
    NoContent {
        /// The file.
        path: PathBuf,
        /// The row group, from 0.
        row_group: u32,
        /// The row within it, from 0.
        row: u32,
    },
    /// A pack that was just written does not read back as what was put in. It was not used.
    #[error(
        "the pack {path} does not read back as what was written; check the disk and the memory of this machine"
    )]
    Verify {
        /// The file.
        path: PathBuf,
    },
    /// The pack's index can't be read or written.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The Parquet library refused.
    #[error("cannot write a pack: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
}

impl PackError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }

    pub(crate) fn damaged(path: &Path) -> impl FnOnce(Damage) -> Self {
        move |damage| Self::Damaged { path: path.to_owned(), damage }
    }
}

/// What is wrong with the bytes of a pack or of its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Damage(pub(crate) &'static str);

#[cfg(test)]
mod tests;
