//! Files outside of a pond that a command reads on its way: settings of the user, of the system, of git, time zones.
//!
//! No command is about them, so nothing that is in their place keeps one from its work: not a home that may not be entered, and
//! not a pipe that nobody writes to.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// Bytes that such a file has at most.
const LONGEST: u64 = 16 << 20;

/// The bytes of a file. `None` if it does not exist.
///
/// # Errors
/// Why it cannot be read, in words: the system's, or what is in its place.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, String> {
    let file = match open(path) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        opened => opened.map_err(|error| error.to_string())?,
    };
    let kind = file.metadata().map_err(|error| error.to_string())?.file_type();
    if kind.is_dir() {
        return Err("it is a directory".to_owned());
    }
    if !kind.is_file() && !is_character_device(&kind) {
        return Err("it is not a file".to_owned());
    }
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > LONGEST { Err("it is too large".to_owned()) } else { Ok(Some(bytes)) }
}

/// Opens for reading, without waiting for the other end of a pipe.
fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32);
    }
    options.read(true).open(path)
}

/// `/dev/null` stands for a file with nothing in it.
#[cfg(unix)]
fn is_character_device(kind: &std::fs::FileType) -> bool {
    std::os::unix::fs::FileTypeExt::is_char_device(kind)
}

#[cfg(not(unix))]
fn is_character_device(_kind: &std::fs::FileType) -> bool {
    false
}
