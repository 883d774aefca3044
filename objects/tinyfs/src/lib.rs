//! A virtual filesystem over directory versions.
//!
//! [`FS`] is a working state over a tree: it is read and changed as a file system is, and [`FS::finish`] makes of it the next
//! tree. [`WD`] is a directory to work from, [`NodePath`] a node with its path, [`Node`] what it is: a file, a directory or a symlink.
//! Below is a [`PersistenceLayer`], which keeps contents and directories by their ids: [`MemoryLayer`], or the oplog.
//!
//! A change is copy-on-write. A directory that is not touched is neither read nor written again, whatever is in it; copying
//! or renaming one costs an entry. Contents go to the layer when they are written, in bounded memory; directories stay
//! in memory, as far as they are changed, until [`FS::finish`].
//!
//! # Paths
//!
//! - A path is bytes: names joined by `/`. It counts from the working directory, with a leading `/` from the root.
//! - A name is 1 to 255 bytes without `/` and NUL, and a path from the root has at most 4096. Neither `.pond` nor what some file
//!   system takes for it can be a name ([`pond_objects::name`]).
//! - `.` and empty names (`a//b`) mean nothing. `..` is the directory above, after symlinks on the way were followed; from the
//!   root it leads nowhere: [`FsError::OutOfRoot`].
//! - A `/` at the end asks for a directory.
//! - The empty path is the working directory.
//! - The normal form, in which paths are given back, counts from the root and has none of these: no leading or trailing `/`, no
//!   `.`, no `..`, no symlink on the way. The root's is empty.
//!
//! # Symlinks
//!
//! Those on the way are always followed. The last name is followed by what reads or writes a file's content, and by what lists; not by
//! what concerns the entry: `remove`, `rename`, `copy`, [`WD::entry`]. A target counts from the directory of its link. One
//! that is absolute or leads above the root is never followed: [`FsError::OutOfRoot`]. Nor are more than 40 in one path:
//! [`FsError::Loop`].
//!
//! # Dynamic directories
//!
//! A name of the root can be a [`DynamicDirectory`], whose entries are computed when somebody looks: [`FS::mount`]. It can
//! only be read, is no part of the tree, and is not listed by its parent.
#![deny(missing_docs)]

#[cfg(feature = "conformance")]
pub mod conformance;
mod dynamic;
mod error;
mod fs;
mod layer;
mod memory;
pub mod objects;
mod state;

pub use dynamic::{Dynamic, DynamicDirectory, DynamicNode};
pub use error::FsError;
pub use fs::{DirEntry, FS, Glob, List, Node, NodePath, Reader, WD, Walk, Walked};
pub use layer::{LayerError, PersistenceLayer};
pub use memory::MemoryLayer;
