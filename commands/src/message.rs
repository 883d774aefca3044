//! Messages that are read from a file or from standard input.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use bstr::ByteSlice as _;
use pond_objects::escape;

use crate::error::{CommandError, fatal};

/// Refuses a message that no program could print whole.
///
/// # Errors
/// It has a NUL in it.
pub(crate) fn refuse_nul(message: &[u8]) -> Result<(), CommandError> {
    match message.find_byte(0) {
        Some(at) => Err(fatal(format_args!("the message has a NUL in it, at byte {at}"))
            .hint("nothing was made of it; a message is text, as UTF-8")),
        None => Ok(()),
    }
}

/// The text of a file, as it is; `-` is standard input.
pub(crate) fn read(file: &Path) -> Result<Vec<u8>, CommandError> {
    let mut bytes = Vec::new();
    let read = if file.as_os_str() == "-" {
        std::io::stdin().lock().read_to_end(&mut bytes).map(drop)
    } else {
        fs::read(file).map(|content| bytes = content)
    };
    read.map_err(|error| {
        fatal(format_args!("cannot read the message from '{}'", escape::path(file))).because(&error)
    })?;
    refuse_nul(&bytes)?;
    Ok(bytes)
}
