//! Small files of what is known from elsewhere too, written over in place.
//!
//! To name another file over one that exists costs a hundred times as much as its bytes: ext4 writes the new one out at once.
//! A file here stays, and its bytes are exchanged with one write. Nothing waits for the disk. Who reads while it is written,
//! or after a power cut, may find a mixture, so that the file begins with a line: the BLAKE3 of the content, a space, and the
//! content's length. What does not fit it is no content. Behind the content may still stand what is left of a longer one.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;

use crate::files;

/// Read attempts while a writer is overwriting the file. The writer needs much less.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(1);
/// No file is longer.
const LIMIT: u64 = 256 << 20;
/// Digits of a hash, a space, up to 20 digits, the end of the line.
const LONGEST_HEAD: usize = 86;

/// The file's content; `None` if there is no file, it is not whole, or a link is in its place.
///
/// # Errors
/// The system's, but for a file that is not there.
pub fn read(path: &Path) -> io::Result<Option<Bytes>> {
    for attempt in 1..=TRIES {
        let file = match open_no_link(OpenOptions::new().read(true), path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound || is_link(&error) => return Ok(None),
            file => file?,
        };
        let mut bytes =
            Vec::with_capacity(usize::try_from(file.metadata()?.len().min(LIMIT)).unwrap_or(0) + 1);
        file.take(LIMIT).read_to_end(&mut bytes)?;
        if let Some(content) = content_of(&bytes) {
            return Ok(Some(Bytes::from(bytes).slice(content)));
        }
        if attempt < TRIES && !bytes.is_empty() {
            std::thread::sleep(PAUSE);
        }
    }
    Ok(None)
}

/// Gives the file this content. Whoever reads it later gets this, the content before, or none.
///
/// # Errors
/// The system's; the file may have no content then.
pub fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut bytes = format!("{} {}\n", blake3::hash(content), content.len()).into_bytes();
    bytes.extend_from_slice(content);
    match open_no_link(OpenOptions::new().write(true), path) {
        // A file with another name is somebody's copy of the pond.
        Ok(mut file) if is_only_here(&file)? => {
            file.write_all(&bytes)?;
            let length = bytes.len() as u64;
            if file.metadata()?.len() > length { file.set_len(length) } else { Ok(()) }
        }
        // Or there is none, or something else is in its place.
        Ok(_) | Err(_) => Ok(files::replace_derived(path, &bytes)?),
    }
}

/// Where the content is, if it is whole.
fn content_of(bytes: &[u8]) -> Option<Range<usize>> {
    let end = bytes.iter().take(LONGEST_HEAD).position(|byte| *byte == b'\n')?;
    let (sum, length) = std::str::from_utf8(&bytes[..end]).ok()?.split_once(' ')?;
    let content = end + 1..(end + 1).checked_add(length.parse().ok()?)?;
    (blake3::hash(bytes.get(content.clone())?).to_hex().as_str() == sum).then_some(content)
}

/// Opens a file where it is, and no other that a link in its place names: nothing in a pond leads out of it.
///
/// # Errors
/// The system's.
pub fn open_no_link(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.custom_flags((rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK).bits() as i32);
    }
    options.open(path)
}

/// Whether a link was in the place of a file that was to be opened.
fn is_link(error: &io::Error) -> bool {
    #[cfg(unix)]
    return error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
    #[cfg(not(unix))]
    return false;
}

/// Whether it is a file and has no other name: a copy of the pond may share it, and is not to change with it.
///
/// # Errors
/// The system's.
pub fn is_only_here(file: &File) -> io::Result<bool> {
    let metadata = file.metadata()?;
    #[cfg(unix)]
    let names = std::os::unix::fs::MetadataExt::nlink(&metadata);
    #[cfg(not(unix))]
    let names = 1;
    Ok(metadata.is_file() && names == 1)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_is_written_over_is_read_as_it_was_written_last() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("state");
        assert_eq!(read(&path).expect("no error"), None);
        for content in [&b"a long content"[..], b"short", b"", b"longer than before, by some bytes"] {
            write(&path, content).expect("written");
            assert_eq!(read(&path).expect("read").as_deref(), Some(content));
        }
        let good = fs::read(&path).expect("bytes");
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs::write(&path, &bad).expect("written");
            assert_eq!(read(&path).expect("read"), None, "byte {at}");
            fs::write(&path, &good[..at]).expect("written");
            assert_eq!(read(&path).expect("read"), None, "cut at {at}");
        }
    }

    #[test]
    fn a_file_with_another_name_keeps_its_content_there() {
        let dir = tempfile::tempdir().expect("a directory");
        let (path, copy) = (dir.path().join("state"), dir.path().join("copy"));
        write(&path, b"one").expect("written");
        fs::hard_link(&path, &copy).expect("linked");
        write(&path, b"two").expect("written");
        assert_eq!(read(&copy).expect("read").as_deref(), Some(&b"one"[..]));
        assert_eq!(read(&path).expect("read").as_deref(), Some(&b"two"[..]));
    }

    #[test]
    #[cfg(unix)]
    fn a_link_is_not_followed() {
        let dir = tempfile::tempdir().expect("a directory");
        let (path, other) = (dir.path().join("state"), dir.path().join("other"));
        fs::write(&other, "mine").expect("written");
        std::os::unix::fs::symlink(&other, &path).expect("linked");
        assert_eq!(read(&path).expect("nothing"), None);
        write(&path, b"content").expect("the link is replaced");
        assert_eq!(read(&path).expect("read").as_deref(), Some(&b"content"[..]));
        assert_eq!(fs::read(&other).expect("read"), b"mine");
    }
}
