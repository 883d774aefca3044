//! Renames in the mirror, never over something else and never through a symlink.

use std::io;

use pond_objects::Kind;
use pond_objects::name::split_path;
use rustix::fs::{Access, AtFlags, RenameFlags};
use rustix::io::Errno;

use crate::stat::Stat;
use crate::write::secure_dir::{Dir, MirrorDir, lacks_flags};

/// A file or directory that gets another name.
pub struct Rename<'a> {
    /// Where it is, from the mirror's root.
    pub from: &'a [u8],
    /// Where it shall be; the directory is there.
    pub to: &'a [u8],
    /// Whether it is a directory.
    pub is_dir: bool,
    /// Whether the new name is another one of the same file, on a host that knows no case.
    pub same_file: bool,
}

/// Renames on the host, never over something else and never through a symlink, and makes it durable.
///
/// # Errors
/// The file is where it was, unless the host refuses even to put it back.
pub fn rename(mirror: &MirrorDir, moving: &Rename<'_>) -> io::Result<()> {
    let (from_dir, from) = split_path(moving.from);
    let (to_dir, to) = split_path(moving.to);
    let open = |path: &[u8]| mirror.directory(path).map_err(io::Error::other);
    let (from_dir, to_dir) = (open(from_dir)?, open(to_dir)?);
    match rename_new(&from_dir, from, &to_dir, to, moving) {
        Err(error) if moving.same_file && error.kind() == io::ErrorKind::AlreadyExists => {
            rustix::fs::renameat(&from_dir, from, &to_dir, to)?;
        }
        other => other?,
    }
    let synced = to_dir.sync().and_then(|()| from_dir.sync());
    if synced.is_err() && !moving.same_file {
        // Who is told that it failed finds the file where it was; if that is refused, too, `status` shows where it is.
        let _ = rename_new(&to_dir, to, &from_dir, from, moving);
    }
    synced
}

/// Looks whether the host would refuse a rename, as far as that shows before: the file is not touched.
///
/// # Errors
/// The refusal.
pub fn check(mirror: &MirrorDir, moving: &Rename<'_>) -> io::Result<()> {
    let (from_dir, from) = split_path(moving.from);
    let (to_dir, _) = split_path(moving.to);
    let open = |path: &[u8]| mirror.directory(path).map_err(io::Error::other);
    let dirs = [open(from_dir)?, open(to_dir)?];
    for dir in &dirs {
        rustix::fs::accessat(dir, ".", Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS)?;
    }
    let [from_device, to_device] = [rustix::fs::fstat(&dirs[0])?.st_dev, rustix::fs::fstat(&dirs[1])?.st_dev];
    // One that another file system is mounted on.
    let is_mount = moving.is_dir && dirs[0].stat(from)?.is_some_and(|stat| stat.st_dev != from_device);
    if from_device != to_device || is_mount {
        return Err(Errno::XDEV.into());
    }
    // What a directory is in is written in it.
    if moving.is_dir && from_dir != to_dir {
        rustix::fs::accessat(&dirs[0], from, Access::WRITE_OK, AtFlags::EACCESS)?;
    }
    Ok(())
}

/// Renames where nothing has the new name.
fn rename_new(from_dir: &Dir, from: &[u8], to_dir: &Dir, to: &[u8], moving: &Rename<'_>) -> io::Result<()> {
    match rustix::fs::renameat_with(from_dir, from, to_dir, to, RenameFlags::NOREPLACE) {
        Err(error) if lacks_flags(error) => rename_without_flags(from_dir, from, to_dir, to, moving),
        other => Ok(other?),
    }
}

/// A second name is as exclusive; for directories, and without hard links, a look before must do.
fn rename_without_flags(
    from_dir: &Dir,
    from: &[u8],
    to_dir: &Dir,
    to: &[u8],
    moving: &Rename<'_>,
) -> io::Result<()> {
    if !moving.is_dir && !moving.same_file {
        match rustix::fs::linkat(from_dir, from, to_dir, to, AtFlags::empty()) {
            Ok(()) => return from_dir.unlink(from),
            Err(Errno::EXIST) => return Err(Errno::EXIST.into()),
            Err(_) => {}
        }
    }
    if !moving.same_file && to_dir.stat(to)?.is_some() {
        return Err(Errno::EXIST.into());
    }
    Ok(rustix::fs::renameat(from_dir, from, to_dir, to)?)
}

/// Takes a rename back; directories that are missing on the way to the old name are made.
pub fn rename_back(mirror: &MirrorDir, now: &[u8], then: &[u8]) -> io::Result<()> {
    let parent = split_path(then).0;
    mirror.make_directory(parent).map_err(io::Error::other)?;
    let (dir, name) = split_path(now);
    let stat = mirror.directory(dir).map_err(io::Error::other)?.stat(name)?;
    let is_dir = stat.is_some_and(|stat| Stat::from_rustix(&stat).kind() == Some(Kind::Directory));
    rename(mirror, &Rename { from: now, to: then, is_dir, same_file: false })
}
