//! What stands for a pond in a directory: `.pond`, the pond itself or a file that names one elsewhere.

use toml_edit::{DocumentMut, Item};

/// The name of the pond's directory, and of the file that names another one.
pub const POND_NAME: &str = ".pond";
/// How the names of ponds begin that `init` has not finished.
pub const UNBORN_PREFIX: &str = ".pond.tmp-";

/// A file `.pond` is two short lines; a larger one is no such file. In bytes.
pub const POINTER_LIMIT: u64 = 64 * 1024;

/// Whether a file `.pond` with these bytes makes its directory a mirror of a pond: it names a pond and a mirror. Any other file
/// of that name is an ordinary one.
pub fn is_pointer(bytes: &[u8]) -> bool {
    parse_pointer(bytes).is_some()
}

/// The pond's directory and the mirror's id that a file `.pond` names.
pub fn parse_pointer(bytes: &[u8]) -> Option<(String, String)> {
    let document: DocumentMut = std::str::from_utf8(bytes).ok()?.parse().ok()?;
    let string = |name| document.get(name).and_then(Item::as_str).map(str::to_owned);
    Some((string("pond")?, string("mirror")?))
}
