//! Files that a program appends to while they are read.
//!
//! What such a file had when it was opened is a version that its writer had made, as long as nothing in it was
//! overwritten since. That cannot be seen from outside, so the beginning is read once more and its hash compared: this
//! costs a fraction of storing it, and only for files that were written to meanwhile.

use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::os::unix::fs::FileExt as _;

use pond_mirror::scan::content::hash_all;
use pond_oplog::ingest::Stored;

use super::Stoppable;
use crate::error::StageError;

/// Bytes at a file's start that are looked at for NUL, as git does.
const LOOK: u64 = 8000;
/// A text whose last line is longer than this, in bytes, is not cut at a line.
const LONGEST_LINE: u64 = 1 << 20;
/// Bytes that are searched for the end of a line at a time.
const BLOCK: u64 = 4096;

/// Where the last complete line within the first `length` bytes ends; `length` itself in binary files, in those without
/// lines, and behind a very long last line.
///
/// # Errors
/// The file cannot be read, or is shorter by now.
pub(crate) fn end_of_lines(file: &File, length: u64) -> Result<u64, StageError> {
    let read_at = |from: u64, to: u64| {
        let mut bytes = vec![0; usize::try_from(to - from).expect("BUG: a block is small")];
        file.read_exact_at(&mut bytes, from).map(|()| bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => StageError::Unstable,
            _ => StageError::Read(error),
        })
    };
    let start = read_at(0, length.min(LOOK))?;
    if start.contains(&0) {
        return Ok(length);
    }
    let lowest = length.saturating_sub(LONGEST_LINE);
    let mut end = length;
    while end > lowest {
        let from = end.saturating_sub(BLOCK).max(lowest);
        let block = read_at(from, end)?;
        if let Some(at) = block.iter().rposition(|byte| *byte == b'\n') {
            return Ok(from + at as u64 + 1);
        }
        end = from;
    }
    Ok(length)
}

/// Whether the file begins with this content.
///
/// # Errors
/// The file cannot be read, or the command was told to stop.
pub(crate) fn begins_with(
    file: &mut File,
    content: Stored,
    buffer: &mut Vec<u8>,
    is_stopped: &(dyn Fn() -> bool + Sync),
) -> Result<bool, StageError> {
    file.rewind().map_err(StageError::Read)?;
    let mut beginning = Stoppable { file, is_stopped }.take(content.size);
    match hash_all(&mut beginning, content.size, buffer) {
        Ok(found) => Ok(found == (content.id, content.size)),
        Err(_) if is_stopped() => Err(StageError::Interrupted),
        Err(error) => Err(StageError::Read(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use pond_objects::ObjectId;

    use super::*;

    /// More than is hashed at a time.
    const LONG: usize = 4 << 20;

    fn file(content: &[u8]) -> File {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(content).expect("written");
        file
    }

    #[test]
    fn texts_are_cut_behind_their_last_complete_line() {
        let long = [b"head\n".as_slice(), &[b'x'; 10_000]].concat();
        let too_long = [b"head\n".as_slice(), &vec![b'x'; (1 << 20) + 1]].concat();
        let binary = [b"\0head\n".as_slice(), b"tail"].concat();
        let cases: [(&[u8], u64, u64); 8] = [
            (b"", 0, 0),
            (b"a\nb\n", 4, 4),
            (b"a\nb", 3, 2),
            (b"a\nb\nc\n", 5, 4),
            (b"no line", 7, 7),
            (&long, long.len() as u64, 5),
            (&too_long, too_long.len() as u64, too_long.len() as u64),
            (&binary, binary.len() as u64, binary.len() as u64),
        ];
        for (content, length, expected) in cases {
            assert_eq!(end_of_lines(&file(content), length).expect("read"), expected);
        }
        assert!(matches!(end_of_lines(&file(b"short"), 6), Err(StageError::Unstable)));
    }

    #[test]
    fn a_beginning_is_known_by_its_bytes() {
        let content: Vec<u8> = (0..(LONG as u32 + 77)).map(|n| (n / 7) as u8).collect();
        let stored = |size: usize| Stored { id: ObjectId::of_content(&content[..size]), size: size as u64 };
        let begins = |file: &mut File, size| {
            begins_with(file, stored(size), &mut Vec::new(), &|| false).expect("read")
        };
        for size in [0, 1, LONG, content.len()] {
            assert!(begins(&mut file(&content), size));
        }
        assert!(!begins(&mut file(&content[..LONG]), LONG + 1), "cut short");
        let mut other = content.clone();
        other[3] ^= 1;
        assert!(!begins(&mut file(&other), LONG));
        assert!(begins(&mut file(&other), 3));
    }
}
