//! Writing to the host: directories that no symlink leads out of, files laid out and renamed, and what is kept of those that
//! were replaced.

#[cfg(unix)]
pub mod materialize;
#[cfg(unix)]
pub mod rename;
#[cfg(unix)]
pub mod replaced;
#[cfg(unix)]
pub mod secure_dir;
