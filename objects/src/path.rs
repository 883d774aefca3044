//! The order of paths in the index and in a walk.
//!
//! Paths compare as bytes with `/` below every other byte (a name never holds a NUL). So the content
//! of a directory is contiguous, and the order is a depth-first walk of directories sorted by name.

pub use crate::name::path_order;

/// Whether `path` lies below the directory `dir`; everything but itself lies below the root, ``.
pub fn is_below(path: &[u8], dir: &[u8]) -> bool {
    if dir.is_empty() {
        return !path.is_empty();
    }
    path.len() > dir.len() && path[dir.len()] == b'/' && path.starts_with(dir)
}

/// The directory that holds `path`: everything before its last `/`, and `` for a name in the root.
pub fn parent(path: &[u8]) -> &[u8] {
    path.iter().rposition(|byte| *byte == b'/').map_or(&[], |at| &path[..at])
}

/// The directories that a path lies in, the nearest first; the root is left out.
pub fn above(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let dirs = std::iter::successors(Some(parent(path)), |dir| Some(parent(dir)));
    dirs.take_while(|dir| !dir.is_empty())
}

/// A path as it is written in the directory `cwd`, both from the root: with `..` for each directory to leave.
pub fn relative(path: &[u8], cwd: &[u8]) -> bstr::BString {
    let mut up = Vec::new();
    let mut base = cwd;
    while !base.is_empty() && !is_below(path, base) {
        up.extend_from_slice(b"../");
        base = parent(base);
    }
    let skipped = if base.is_empty() { 0 } else { base.len() + 1 };
    up.extend_from_slice(&path[skipped..]);
    // The directory itself, whose path ends with a slash.
    if up.is_empty() && !path.is_empty() {
        up.extend_from_slice(b"./");
    }
    up.into()
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::*;

    #[test]
    fn a_directory_is_contiguous() {
        assert_eq!(path_order(b"12345678/x", b"12345678 x"), Ordering::Less);
        assert_eq!(path_order(b"12345678", b"12345678/x"), Ordering::Less);
        let sorted = ["a", "a/b", "a/b/c", "a/z", "a\u{1}", "a b", "a-b", "a.b", "ab", "b"];
        for (at, left) in sorted.iter().enumerate() {
            for (other, right) in sorted.iter().enumerate() {
                assert_eq!(path_order(left.as_bytes(), right.as_bytes()), at.cmp(&other), "{left} {right}");
            }
        }
        assert!(is_below(b"a/b", b"a") && is_below(b"a", b"") && !is_below(b"ab", b"a"));
        assert!(!is_below(b"a", b"a") && !is_below(b"", b""));
        assert_eq!((parent(b"a/b/c"), parent(b"a")), (&b"a/b"[..], &b""[..]));
    }

    #[test]
    fn paths_count_from_a_directory() {
        for (path, cwd, written) in [
            ("a/b", "", "a/b"),
            ("a/b", "a", "b"),
            ("a/b", "a/c", "../b"),
            ("ab", "a", "../ab"),
            ("a/", "a", "./"),
            ("a/", "a/b", "../"),
        ] {
            assert_eq!(relative(path.as_bytes(), cwd.as_bytes()), written);
        }
    }
}
