//! Parts of a message: subject and body, and the subject as a file name.

use bstr::ByteSlice as _;

/// Where the first paragraph ends, and where the text behind it starts.
pub(crate) fn body_start(message: &[u8]) -> (usize, usize) {
    let (mut at, mut subject_end) = (0, None);
    let mut any = false;
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        let is_blank = line.trim_ascii().is_empty();
        match subject_end {
            None if is_blank && any => subject_end = Some(at),
            Some(end) if !is_blank => return (end, at),
            _ => any |= !is_blank,
        }
        at += line.len();
    }
    (subject_end.unwrap_or(message.len()), message.len())
}

/// The first paragraph on one line.
pub(crate) fn subject(message: &[u8]) -> Vec<u8> {
    let lines = message[..body_start(message).0].lines();
    let lines: Vec<&[u8]> = lines.map(|line| line.trim_ascii_end()).filter(|line| !line.is_empty()).collect();
    lines.join(&b' ')
}

/// The first line that is not blank.
pub(super) fn first_line(message: &[u8]) -> &[u8] {
    message.lines().find(|line| !line.trim_ascii().is_empty()).unwrap_or_default()
}

/// What follows the first paragraph.
pub(crate) fn body(message: &[u8]) -> &[u8] {
    &message[body_start(message).1..]
}

/// A line made fit for a file name: letters, digits, dots and underscores, dashes between words.
pub(super) fn file_name(line: &[u8]) -> Vec<u8> {
    let mut name: Vec<u8> = Vec::with_capacity(line.len());
    let mut gap = false;
    for &byte in line {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_') {
            if gap && !name.is_empty() {
                name.push(b'-');
            }
            gap = false;
            if byte != b'.' || name.last() != Some(&b'.') {
                name.push(byte);
            }
        } else {
            gap = true;
        }
    }
    let end = name.iter().rposition(|byte| !matches!(byte, b'.' | b'-')).map_or(0, |last| last + 1);
    name.truncate(end);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_falls_into_subject_and_body() {
        assert_eq!(subject(b"\none\ntwo\n\nbody\n"), b"one two");
        assert_eq!(body(b"one\ntwo\n\n\nbody\n\nmore\n"), b"body\n\nmore\n");
        assert_eq!((subject(b""), body(b"only\n")), (Vec::new(), &b""[..]));
    }

    #[test]
    fn subjects_make_file_names() {
        assert_eq!(file_name(b"  Fix: the (old)... bug."), b"Fix-the-old-.-bug");
        assert_eq!(file_name("größe".as_bytes()), b"gr-e");
    }
}
