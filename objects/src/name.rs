//! Which names a tree may hold, and the order of paths.

use std::cmp::Ordering;

/// Longest name of a tree's entry, in bytes: what the file systems of the hosts allow.
pub const MAX_NAME: usize = 255;
/// Longest path, in bytes.
pub const MAX_PATH: usize = 4096;

/// Why a name can't stand in a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// No name at all.
    #[error("the name is empty")]
    Empty,
    /// `.` or `..`.
    #[error("the name is `.` or `..`")]
    Dots,
    /// A `/` or a NUL byte.
    #[error("the name holds a `/` or a NUL byte")]
    Separator,
    /// More than [`MAX_NAME`] bytes, or a path of more than [`MAX_PATH`].
    #[error("the name is too long")]
    Long,
    /// `.pond`, or what some file system would take for it.
    #[error("the name is, or on some file systems would be, `.pond`")]
    Reserved,
}

/// Checks one name of a tree's entry.
pub fn check_name(name: &[u8]) -> Result<(), NameError> {
    match name {
        b"" => return Err(NameError::Empty),
        b"." | b".." => return Err(NameError::Dots),
        _ => {}
    }
    if name.len() > MAX_NAME {
        return Err(NameError::Long);
    }
    if name.iter().any(|&byte| byte == b'/' || byte == 0) {
        return Err(NameError::Separator);
    }
    if is_reserved(name) {
        return Err(NameError::Reserved);
    }
    Ok(())
}

/// Checks a path from the tree's root: names joined by `/`.
pub fn check_path(path: &[u8]) -> Result<(), NameError> {
    if path.len() > MAX_PATH {
        return Err(NameError::Long);
    }
    if is_plain(path) {
        return Ok(());
    }
    path.split(|&byte| byte == b'/').try_for_each(check_name)
}

/// Whether a look at each byte shows that all names of a path may stand in a tree: it is ASCII, and no name is empty, too
/// long or begins with a dot.
fn is_plain(path: &[u8]) -> bool {
    let mut length = 0;
    for &byte in path {
        match byte {
            b'/' | b'.' if length == 0 => return false,
            b'/' => length = 0,
            0 | 0x80.. => return false,
            _ => length += 1,
        }
        if length > MAX_NAME {
            return false;
        }
    }
    length > 0
}

/// Whether a name is `.pond`, or becomes it on a file system that folds case, drops trailing
/// dots and spaces, or ignores zero-width characters.
pub fn is_reserved(name: &[u8]) -> bool {
    if name.is_ascii() && !name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case(b".p")) {
        return false;
    }
    let text = String::from_utf8_lossy(name);
    let mut folded: String =
        text.chars().filter(|c| !is_zero_width(*c)).flat_map(char::to_lowercase).collect();
    folded.truncate(folded.trim_end_matches(['.', ' ']).len());
    folded == ".pond" || folded.starts_with(".pond:")
}

fn is_zero_width(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{ad}')
}

/// The order of paths in an index and of a depth-first walk: `/` comes before every other byte,
/// so that what is below a directory stands right behind it.
pub fn path_order(a: &[u8], b: &[u8]) -> Ordering {
    let common = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let rank = |path: &[u8]| path.get(common).map(|&byte| if byte == b'/' { 0 } else { u16::from(byte) + 1 });
    rank(a).cmp(&rank(b))
}

/// The directory part and the name of a path; the directory part of a name at the root is empty.
pub fn split_path(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|&byte| byte == b'/') {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (b"", path),
    }
}

/// `dir` and `name` joined; an empty `dir` is the root.
pub fn join_path(dir: &[u8], name: &[u8]) -> bstr::BString {
    let mut path = Vec::with_capacity(dir.len() + 1 + name.len());
    if !dir.is_empty() {
        path.extend_from_slice(dir);
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_are_refused() {
        for name in [
            "",
            ".",
            "..",
            "a/b",
            "a\0b",
            ".pond",
            ".POND",
            ".pond.",
            ".pond ",
            ".po\u{200d}nd",
            "\u{feff}.pond",
        ] {
            assert!(check_name(name.as_bytes()).is_err(), "{name:?}");
        }
        for name in ["a", "...", ".pondignore", "pond", ".ponds", "a b", "-n", "\u{1f}"] {
            assert_eq!(check_name(name.as_bytes()), Ok(()), "{name:?}");
        }
        assert_eq!(check_name(b"\xff\xfe"), Ok(()));
        assert_eq!(check_path(b"a//b"), Err(NameError::Empty));
        assert_eq!(check_path(b"a/../b"), Err(NameError::Dots));
    }

    #[test]
    fn order_is_a_depth_first_walk() {
        let mut paths = ["a.txt", "a", "a/b", "a/b.c", "a/b/c", "ab", "a\u{1}"];
        paths.sort_by(|x, y| path_order(x.as_bytes(), y.as_bytes()));
        assert_eq!(paths, ["a", "a/b", "a/b/c", "a/b.c", "a\u{1}", "a.txt", "ab"]);
    }
}
