//! Names and messages made safe to print.
//!
//! A name in a pond is any sequence of bytes but NUL and `/`; a terminal obeys some of those bytes. Nothing that
//! came from a pond or a host directory is printed but through this module (or as JSON, which escapes itself).
//! Printable UTF-8 stays as it is.

use std::borrow::Cow;
use std::fmt::Write as _;

use bstr::ByteSlice;

/// A name as git prints it in `status` and `diff`: as it is when every character is printable, else in double
/// quotes with C escapes (`"a\tb\377"`).
pub fn quoted(name: &[u8]) -> Cow<'_, str> {
    quote(name, false)
}

/// As [`quoted`], and quoted when it holds a space too: for formats that separate columns by spaces.
pub fn quoted_with_space(name: &[u8]) -> Cow<'_, str> {
    quote(name, true)
}

/// A name or other text within a message: no quotes around it, what is not printable escaped.
pub fn plain(text: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = text.to_str()
        && !text.chars().any(is_unprintable)
    {
        return Cow::Borrowed(text);
    }
    Cow::Owned(escape_into(String::new(), text, false, is_unprintable))
}

/// Text that somebody wrote, such as a commit's message or a line of a file: as [`plain`], but what joins and shapes
/// letters and emoji without being seen itself stays.
pub fn prose(text: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = text.to_str()
        && !text.chars().any(is_harmful)
    {
        return Cow::Borrowed(text);
    }
    Cow::Owned(escape_into(String::new(), text, false, is_harmful))
}

/// A path within a message, as [`plain`].
pub fn path(path: &std::path::Path) -> Cow<'_, str> {
    match <[u8]>::from_path(path) {
        Some(bytes) => plain(bytes),
        None => Cow::Owned(plain(path.to_string_lossy().as_bytes()).into_owned()),
    }
}

/// A whole message, perhaps of several lines: newlines and tabs stay, other control characters are escaped.
pub fn message(text: &str) -> Cow<'_, str> {
    let harmful = |c: char| is_unprintable(c) && c != '\n' && c != '\t';
    if !text.contains(harmful) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if harmful(c) {
            safe = escape_into(safe, c.encode_utf8(&mut [0; 4]).as_bytes(), false, is_unprintable);
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// Reads a quoted name back; text that does not start with a double quote is taken as it is.
/// None if the quoting is broken.
pub fn unquote(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    let Some(inner) = text.strip_prefix(b"\"") else { return Some(Cow::Borrowed(text)) };
    let inner = inner.strip_suffix(b"\"")?;
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner.iter().copied();
    while let Some(byte) = rest.next() {
        match byte {
            b'"' => return None,
            b'\\' => bytes.push(unescape(&mut rest)?),
            other => bytes.push(other),
        }
    }
    Some(Cow::Owned(bytes))
}

fn unescape(rest: &mut impl Iterator<Item = u8>) -> Option<u8> {
    Some(match rest.next()? {
        b'a' => 7,
        b'b' => 8,
        b't' => b'\t',
        b'n' => b'\n',
        b'v' => 11,
        b'f' => 12,
        b'r' => b'\r',
        byte @ (b'"' | b'\\') => byte,
        first @ b'0'..=b'3' => {
            let mut value = first - b'0';
            for _ in 0..2 {
                let digit = rest.next().filter(|digit| (b'0'..=b'7').contains(digit))?;
                value = value * 8 + (digit - b'0');
            }
            value
        }
        _ => return None,
    })
}

fn quote(name: &[u8], with_space: bool) -> Cow<'_, str> {
    if let Ok(text) = name.to_str()
        && !text.contains(|c| is_unprintable(c) || c == '"' || c == '\\' || (with_space && c == ' '))
    {
        return Cow::Borrowed(text);
    }
    let mut text = escape_into(String::from("\""), name, true, is_unprintable);
    text.push('"');
    Cow::Owned(text)
}

fn escape_into(mut out: String, bytes: &[u8], quotes: bool, escaped: fn(char) -> bool) -> String {
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\x07' => out.push_str("\\a"),
                '\x08' => out.push_str("\\b"),
                '\t' => out.push_str("\\t"),
                '\n' => out.push_str("\\n"),
                '\x0b' => out.push_str("\\v"),
                '\x0c' => out.push_str("\\f"),
                '\r' => out.push_str("\\r"),
                '"' | '\\' if quotes => {
                    out.push('\\');
                    out.push(c);
                }
                c if escaped(c) => octal(&mut out, c.encode_utf8(&mut [0; 4]).as_bytes()),
                c => out.push(c),
            }
        }
        octal(&mut out, chunk.invalid());
    }
    out
}

fn octal(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        write!(out, "\\{byte:03o}").expect("BUG: writing to a String cannot fail");
    }
}

/// What nobody sees in a name, so that two names could look the same or one other than it is.
fn is_unprintable(c: char) -> bool {
    is_harmful(c) || is_invisible(c)
}

/// Control characters (ESC and the C1 set among them), line separators, and the marks that reorder or hide text.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The rest of what Unicode calls default-ignorable or of category Cf, and the blank Braille pattern: joiners, soft
/// hyphens, fillers, variation selectors, and marks of scripts and notations.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{034f}' | '\u{0600}'..='\u{0605}' | '\u{06dd}' | '\u{070f}' | '\u{0890}' | '\u{0891}'
        | '\u{08e2}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200c}' | '\u{200d}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fff8}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0080}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_names_are_untouched() {
        assert!(matches!(quoted("größe 1.csv".as_bytes()), Cow::Borrowed("größe 1.csv")));
        assert!(matches!(plain("日本".as_bytes()), Cow::Borrowed("日本")));
        assert_eq!(quoted_with_space(b"a b"), "\"a b\"");
    }

    #[test]
    fn odd_names_are_quoted_and_read_back() {
        let names: [&[u8]; 7] = [
            b"a\tb\xff",
            b"\x1b[31m",
            b"say \"hi\"",
            b"back\\slash",
            "x\u{202e}y".as_bytes(),
            b"\n",
            b"\xc3",
        ];
        for name in names {
            let text = quoted(name);
            assert!(text.starts_with('"') && !text.contains(char::is_control), "{text}");
            assert_eq!(unquote(text.as_bytes()).expect("our own quoting").as_ref(), name);
        }
        assert_eq!(quoted(b"a\tb\xff"), "\"a\\tb\\377\"");
        assert_eq!(plain(b"a\tb\xff\""), "a\\tb\\377\"");
    }

    #[test]
    fn what_nobody_sees_is_shown_in_names_and_stays_in_prose() {
        let names =
            ["z\u{200c}w", "z\u{200d}w", "soft\u{ad}", "heart\u{fe0f}", "hangul\u{3164}", "cgj\u{34f}"];
        for name in names {
            let text = quoted(name.as_bytes());
            assert!(text.starts_with('"') && text.is_ascii(), "{text}");
            assert_eq!(unquote(text.as_bytes()).expect("our own quoting").as_ref(), name.as_bytes());
            assert!(plain(name.as_bytes()).is_ascii() && message(name).is_ascii(), "{name}");
            assert_eq!(prose(name.as_bytes()), name);
        }
        assert_eq!(prose("x\u{202e}y\u{1b}".as_bytes()), "x\\342\\200\\256y\\033");
    }

    #[test]
    fn broken_quoting_is_refused() {
        for text in ["\"a", "\"\\q\"", "\"\\40\"", "\"a\"b\"", "\"\\\""] {
            assert!(unquote(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn messages_keep_their_lines() {
        assert_eq!(message("a\nb\x1b]0;x\x07"), "a\nb\\033]0;x\\a");
    }
}
