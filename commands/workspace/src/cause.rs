//! What stands behind an error, where somebody can do something about it.

use std::error::Error;
use std::io;

use pond_objects::ReadError;
use pond_oplog::pack::PackError;

/// What stands behind an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A pack is missing, its bytes are not what was written, or an object is not there.
    Damage,
    /// The disk is full, or the user's part of it.
    DiskFull,
    /// The file system is mounted read-only.
    ReadOnly,
    /// The user may not do that.
    Forbidden,
}

impl Cause {
    /// What stands behind an error; `None` where nothing of it is known.
    pub fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        if is_damage(error) { Some(Self::Damage) } else { Self::of_the_system(error) }
    }

    /// What the system said, somewhere behind an error.
    pub fn of_the_system(error: &(dyn Error + 'static)) -> Option<Self> {
        let system = chain(error).find_map(|error| error.downcast_ref::<io::Error>())?;
        match system.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Some(Self::DiskFull),
            io::ErrorKind::ReadOnlyFilesystem => Some(Self::ReadOnly),
            io::ErrorKind::PermissionDenied => Some(Self::Forbidden),
            _ => None,
        }
    }
}

fn is_damage(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(|error| {
        let is_damaged_pack = match error.downcast_ref() {
            Some(PackError::Damaged { .. } | PackError::NoContent { .. }) => true,
            Some(PackError::Io { source, .. }) => source.kind() == io::ErrorKind::NotFound,
            _ => false,
        };
        let is_damaged_object =
            error.downcast_ref().is_some_and(|error| !matches!(error, ReadError::Storage { .. }));
        is_damaged_pack || is_damaged_object
    })
}

fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}
