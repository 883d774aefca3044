//! Directories of the mirror that are ponds of their own.

use std::io::Read as _;

use pond_durable::place::{POINTER_LIMIT, POND_NAME, is_pointer};

use super::host::{HostDir, NameKind, Names};

/// Whether a directory with these names is a pond or a mirror of one: `.pond` in it is a directory, or a file that names a pond
/// and a mirror. An ordinary file of that name makes nothing of its directory.
pub fn is_pond(dir: &HostDir, names: &Names) -> bool {
    match names.find(POND_NAME) {
        None | Some(NameKind::Special) => false,
        Some(NameKind::Directory) => true,
        // A symlink counts as what it leads to, as it does when the pond is opened.
        Some(NameKind::Plain | NameKind::Unknown) => leads_to_pond(dir),
    }
}

fn leads_to_pond(dir: &HostDir) -> bool {
    let file = match dir.open_target(POND_NAME.as_bytes()) {
        Ok(file) => file,
        // A link that leads nowhere, or a socket.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return false,
        // Nothing can be said of it: what may be a pond is left alone.
        Err(error) => return error.kind() == std::io::ErrorKind::PermissionDenied,
    };
    let Ok(metadata) = file.metadata() else { return true };
    if metadata.is_dir() {
        return true;
    }
    if !metadata.is_file() || metadata.len() > POINTER_LIMIT {
        return false;
    }
    let mut bytes = Vec::new();
    match file.take(POINTER_LIMIT).read_to_end(&mut bytes) {
        Ok(_) => is_pointer(&bytes),
        Err(_) => true,
    }
}
