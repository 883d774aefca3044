//! Git's wildcards as regular expressions over bytes.
//!
//! The regex engine takes time linear in the path whatever the pattern is, and its patterns can hold bytes that
//! are not UTF-8 (globset's cannot, and it has braces, which git has not).

use regex::bytes::{Regex, RegexBuilder};

/// Bytes that make a path a pattern.
pub(super) const SPECIAL: &[u8] = b"*?[\\";

/// What `*` matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stars {
    /// Anything, `/` included.
    Anything,
    /// Anything within a name; `**` for whole directories.
    WithinNames,
}

/// A regular expression for a literal beginning and a pattern behind it, of whole paths.
pub(super) fn compile(
    prefix: &[u8],
    pattern: &[u8],
    stars: Stars,
    icase: bool,
) -> Result<Regex, regex::Error> {
    let mut text = String::from("\\A");
    prefix.iter().for_each(|byte| push_byte(&mut text, *byte));
    let any = if stars == Stars::Anything { "." } else { "[^/]" };
    let mut at = 0;
    while at < pattern.len() {
        let rest = &pattern[at..];
        at += match rest[0] {
            b'*' => {
                let count = rest.iter().take_while(|byte| **byte == b'*').count();
                let begins = at == 0 && prefix.is_empty() || at > 0 && pattern[at - 1] == b'/';
                match (stars, rest.get(count)) {
                    (Stars::WithinNames, Some(b'/')) if count == 2 && begins => {
                        text.push_str("(?:.*/)?");
                        count + 1
                    }
                    (Stars::WithinNames, None) if count == 2 && begins => {
                        text.push_str(".*");
                        count
                    }
                    _ => {
                        text.push_str(any);
                        text.push('*');
                        count
                    }
                }
            }
            b'?' => {
                text.push_str(any);
                1
            }
            b'[' => push_class(&mut text, rest, stars).unwrap_or_else(|| {
                // Without its end it matches nothing but itself.
                push_byte(&mut text, b'[');
                1
            }),
            b'\\' if rest.len() > 1 => {
                push_byte(&mut text, rest[1]);
                2
            }
            byte => {
                push_byte(&mut text, byte);
                1
            }
        };
    }
    text.push_str("\\z");
    RegexBuilder::new(&text).unicode(false).dot_matches_new_line(true).case_insensitive(icase).build()
}

/// Appends a byte that stands for itself.
fn push_byte(text: &mut String, byte: u8) {
    if byte.is_ascii_alphanumeric() || byte == b'/' {
        text.push(byte as char);
    } else {
        text.push_str(&format!("\\x{byte:02x}"));
    }
}

/// Appends the bracket expression that `rest` begins with, and says how long it is; none where it has no end.
fn push_class(text: &mut String, rest: &[u8], stars: Stars) -> Option<usize> {
    let negated = matches!(rest.get(1), Some(b'!' | b'^'));
    let first = if negated { 2 } else { 1 };
    let mut class = String::new();
    let mut at = first;
    loop {
        match *rest.get(at)? {
            b']' if at > first => break,
            b'[' if rest.get(at + 1) == Some(&b':') => {
                let length = rest[at + 2..].windows(2).position(|pair| pair == b":]")?;
                let name = std::str::from_utf8(&rest[at + 2..at + 2 + length]).ok()?;
                if !CLASSES.contains(&name) {
                    return None;
                }
                class.push_str(&format!("[:{name}:]"));
                at += length + 4;
            }
            _ => {
                let (low, next) = class_byte(rest, at)?;
                at = next;
                let mut high = low;
                if rest.get(at) == Some(&b'-') && rest.get(at + 1).is_some_and(|byte| *byte != b']') {
                    (high, at) = class_byte(rest, at + 1)?;
                }
                // A range the wrong way round holds nothing.
                if low <= high {
                    class.push_str(&format!("\\x{low:02x}-\\x{high:02x}"));
                }
            }
        }
    }
    let slash = if stars == Stars::WithinNames { "--/" } else { "" };
    match (class.is_empty(), negated) {
        (true, false) => text.push_str("[^\\x00-\\xff]"),
        (true, true) => text.push_str(if slash.is_empty() { "." } else { "[^/]" }),
        (false, false) => text.push_str(&format!("[[{class}]{slash}]")),
        (false, true) => text.push_str(&format!("[[^{class}]{slash}]")),
    }
    Some(at + 1)
}

/// A byte in a bracket expression, which a backslash may come before, and where the next is.
fn class_byte(rest: &[u8], at: usize) -> Option<(u8, usize)> {
    match *rest.get(at)? {
        b'\\' => rest.get(at + 1).map(|byte| (*byte, at + 2)),
        byte => Some((byte, at + 1)),
    }
}

const CLASSES: [&str; 12] = [
    "alnum", "alpha", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper",
    "xdigit",
];
