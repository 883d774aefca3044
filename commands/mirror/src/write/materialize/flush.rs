//! Making much durable at once.
//!
//! Flushing a file costs a wait for the disk, whatever its size. Where there are many, `syncfs` has the whole file system
//! written at once, in one wait, and reports it if any of that failed (Linux 5.8 and later). Files and directories on
//! other file systems below the root, and all where the call is not to be had, are flushed one by one.

use std::collections::BTreeSet;
use std::io;
use std::sync::PoisonError;

use bstr::{BString, ByteSlice};

use super::{Flush, MaterializeError, Materializer};
use crate::stat::Stat;
use crate::write::secure_dir::{Dir, DirError, MirrorDir};

/// Up to so many are flushed one by one: a flush of everything waits for what other programs wrote, too.
pub(super) const FEW: usize = 16;

/// The file system of a directory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Disk {
    /// Its device number, if one call can flush it.
    device: Option<u64>,
}

impl Disk {
    /// That of the root.
    pub(super) fn of(mirror: &MirrorDir) -> Self {
        Self { device: mirror.device().ok().filter(|_| reports_failures()) }
    }

    /// Whether a file on this device is flushed with the root.
    pub(super) fn holds(self, device: u64) -> bool {
        self.device == Some(device)
    }
}

impl Materializer<'_> {
    /// Whether so many files are flushed together.
    pub(super) fn is_flushed_at_once(&self, files: usize) -> bool {
        match self.options.flush {
            Flush::BeforeNaming => files > FEW && self.disk.device.is_some(),
            Flush::AtEnd | Flush::Never => false,
        }
    }

    /// Whether a file with this stat that is written by itself is flushed by itself.
    pub(super) fn is_flushed_alone(&self, stat: &Stat) -> bool {
        match self.options.flush {
            Flush::BeforeNaming => true,
            Flush::AtEnd => !self.disk.holds(stat.device),
            Flush::Never => false,
        }
    }

    /// Makes everything durable that was written on the root's file system.
    pub(super) fn flush(&self) -> io::Result<()> {
        self.mirror.flush()
    }

    /// Makes durable, unless with [`Flush::Never`], which names were written and removed until now; with [`Flush::AtEnd`] the
    /// files too.
    pub fn sync(&self) -> Result<(), MaterializeError> {
        let touched = std::mem::take(&mut *self.touched.lock().unwrap_or_else(PoisonError::into_inner));
        let at_once = self.options.flush == Flush::AtEnd || touched.len() > FEW;
        let is_flushed = match self.disk.device {
            Some(_) if at_once && !touched.is_empty() => {
                self.flush().map_err(|error| MaterializeError::host("sync", b"".as_bstr(), error))?;
                true
            }
            _ => false,
        };
        self.sync_directories(&touched, is_flushed)?;
        match self.options.replaced.filter(|_| self.options.flush != Flush::Never) {
            Some(replaced) => replaced
                .sync()
                .map_err(|error| MaterializeError::host("sync", ".pond/replaced".into(), error)),
            None => Ok(()),
        }
    }

    /// Flushes directories one by one, but those that a flush of the root's file system has done.
    fn sync_directories(
        &self,
        touched: &BTreeSet<BString>,
        is_flushed: bool,
    ) -> Result<(), MaterializeError> {
        for path in touched {
            let host = |error| MaterializeError::host("sync the directory", path.as_bstr(), error);
            let is_done = |dir: &Dir| Ok(is_flushed && self.disk.holds(dir.device()?));
            match self.mirror.directory(path) {
                Ok(dir) if is_done(&dir).map_err(host)? => {}
                Ok(dir) => dir.sync().map_err(host)?,
                // Removed since, or not the user's any more.
                Err(DirError::Missing { .. } | DirError::InTheWay { .. }) => {}
                Err(DirError::Host { error, .. }) => return Err(host(error)),
            }
        }
        Ok(())
    }
}

/// Whether the system's flush of a whole file system says that it failed: before Linux 5.8 it did not.
#[cfg(target_os = "linux")]
fn reports_failures() -> bool {
    let system = rustix::system::uname();
    let mut numbers = system.release().to_bytes().split(|byte| !byte.is_ascii_digit());
    let mut number = || numbers.next().and_then(|digits| str::from_utf8(digits).ok()?.parse::<u32>().ok());
    number().zip(number()).is_some_and(|version| version >= (5, 8))
}

#[cfg(not(target_os = "linux"))]
fn reports_failures() -> bool {
    false
}
