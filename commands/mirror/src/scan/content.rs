//! Reading a file of the mirror to learn its id.

use std::io::{self, Read};

use pond_objects::{Kind, ObjectId};

use crate::host::walk::host::HostDir;
use crate::index::Seen;
use crate::stat::{Stat, now_ns};

/// Bytes read at a time: enough for hashing one buffer to be work for all cores.
const BUFFER: usize = 1 << 20;

/// What reading a file came to.
#[derive(Debug)]
pub enum Content {
    /// It was read whole, and it did not change meanwhile.
    Read {
        /// The blob's id.
        id: ObjectId,
        /// The stat before and after.
        stat: Stat,
        /// The same for the index.
        seen: Seen,
    },
    /// It changed while it was read, or is no longer what the walk saw.
    Unstable,
    /// The system did not let us read it.
    Failed(io::Error),
}

/// Reads and hashes a file or symlink below `root`: stat, read, stat.
pub fn hash(root: &HostDir, path: &[u8], kind: Kind, buffer: &mut Vec<u8>) -> Content {
    read(root, path, kind, Growth::Refused, buffer)
}

/// The same for display: of a file that only grew meanwhile, what it had at first.
pub fn hash_beginning(root: &HostDir, path: &[u8], kind: Kind, buffer: &mut Vec<u8>) -> Content {
    read(root, path, kind, Growth::Ignored, buffer)
}

/// What becomes of a file that grows while it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Growth {
    Refused,
    Ignored,
}

fn read(root: &HostDir, path: &[u8], kind: Kind, growth: Growth, buffer: &mut Vec<u8>) -> Content {
    let read_ns = now_ns();
    let read =
        if kind == Kind::Symlink { hash_link(root, path) } else { hash_file(root, path, growth, buffer) };
    match read {
        Ok(Some((id, stat))) => Content::Read { id, stat, seen: Seen::new(&stat, read_ns) },
        Ok(None) => Content::Unstable,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Content::Unstable,
        Err(error) => Content::Failed(error),
    }
}

fn hash_link(root: &HostDir, path: &[u8]) -> io::Result<Option<(ObjectId, Stat)>> {
    let before = root.stat_below(path)?;
    let target = root.read_link_below(path)?;
    let after = root.stat_below(path)?;
    Ok((before == after && before.kind() == Some(Kind::Symlink))
        .then(|| (ObjectId::of_content(&target), after)))
}

fn hash_file(
    root: &HostDir,
    path: &[u8],
    growth: Growth,
    buffer: &mut Vec<u8>,
) -> io::Result<Option<(ObjectId, Stat)>> {
    let file = root.open_below(path)?;
    let before = Stat::from_metadata(&file.metadata()?);
    if !before.kind().is_some_and(Kind::is_file) {
        return Ok(None);
    }
    // A file that somebody appends to faster than it is read would never end: a byte more shows it. With that byte, the end
    // shows in the same read.
    let mut beginning = (&file).take(match growth {
        Growth::Refused => before.size.saturating_add(1),
        Growth::Ignored => before.size,
    });
    let (id, length) = hash_all(&mut beginning, before.size, buffer)?;
    let after = Stat::from_metadata(&file.metadata()?);
    let is_same = before == after || growth == Growth::Ignored && after.size > before.size;
    Ok((is_same && length == before.size).then_some((id, before)))
}

/// The id of all that a source gives, about `size` bytes, and how many they were.
pub fn hash_all(source: &mut impl Read, size: u64, buffer: &mut Vec<u8>) -> io::Result<(ObjectId, u64)> {
    let wanted = usize::try_from(size).map_or(BUFFER, |size| size.saturating_add(1).min(BUFFER));
    if buffer.len() < wanted {
        *buffer = vec![0; wanted];
    }
    let mut hasher = blake3::Hasher::new();
    let mut length = 0;
    loop {
        let filled = fill(source, buffer)?;
        length += filled as u64;
        if filled == buffer.len() {
            hasher.update_rayon(buffer);
        } else {
            hasher.update(&buffer[..filled]);
            return Ok((ObjectId::from_bytes(*hasher.finalize().as_bytes()), length));
        }
    }
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
