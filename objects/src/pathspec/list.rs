//! Lists of paths in files: `--pathspec-from-file`.

use std::ffi::OsString;
use std::io::{self, BufRead};

use bstr::{ByteSlice, ByteVec};

use crate::escape;

/// Reads a list with one element a line, or, with `nul`, each ended by a NUL byte.
///
/// A line may be quoted as a C string, in double quotes. Empty lines count for nothing.
pub fn read_list(from: &mut dyn BufRead, nul: bool) -> io::Result<Vec<OsString>> {
    let end = if nul { 0 } else { b'\n' };
    let mut list = Vec::new();
    loop {
        let mut element = Vec::new();
        if from.read_until(end, &mut element)? == 0 {
            return Ok(list);
        }
        if element.last() == Some(&end) {
            element.pop();
        }
        if !nul {
            if element.last() == Some(&b'\r') {
                element.pop();
            }
            if element.first() == Some(&b'"') {
                let broken = || {
                    io::Error::new(io::ErrorKind::InvalidData, format!("badly quoted: {}", element.as_bstr()))
                };
                element = escape::unquote(&element).ok_or_else(broken)?.into_owned();
            }
        }
        if !element.is_empty() {
            let broken = |_| io::Error::new(io::ErrorKind::InvalidData, "a path is not Unicode");
            list.push(element.into_os_string().map_err(broken)?);
        }
    }
}

#[cfg(test)]
mod tests {
    use bstr::BString;

    use super::*;

    #[test]
    fn lines_quotes_and_nuls() {
        let read = |text: &[u8], nul| {
            read_list(&mut &text[..], nul).map(|list| {
                list.into_iter().map(|path| BString::from(path.as_encoded_bytes())).collect::<Vec<_>>()
            })
        };
        assert_eq!(
            read(b"a b\n\nc\r\n\"d\\te\\\"\\342\\202\\254\"\nlast", false).expect("a list"),
            ["a b", "c", "d\te\"\u{20ac}", "last"]
        );
        assert_eq!(read(b"a\nb\0\"c\"\0", true).expect("a list"), ["a\nb", "\"c\""]);
        assert!(read(b"\"open\n", false).is_err() && read(b"\"\\x\"\n", false).is_err());
        assert!(read(b"\"", false).is_err() && read(b"\"\\\"\n", false).is_err());
    }
}
