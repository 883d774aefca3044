//! Trailers: `Key: value` lines that end a message, found by the rules of `git interpret-trailers`.

use bstr::{BString, ByteSlice as _};

/// What begins a comment line of a message in an editor.
pub const COMMENT: &str = "#";

/// One trailer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trailer {
    /// What stands before the colon.
    pub key: String,
    /// Lines that it was folded over are joined by spaces.
    pub value: BString,
}

/// A line of the block of trailers, with the lines that continue it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// As it stands in the message, line end included.
    pub raw: &'a [u8],
    /// None for other text in the block, such as `(cherry picked from commit ...)`.
    pub trailer: Option<Trailer>,
}

/// Lines that git itself writes: a block with one of them may hold some other text too.
const GENERATED: [&[u8]; 2] = [b"Signed-off-by: ", b"(cherry picked from commit "];

/// The trailers of a message.
pub fn parse(message: &[u8]) -> Vec<Trailer> {
    items(message).into_iter().filter_map(|item| item.trailer).collect()
}

/// All of the block that ends a message, if it is one of trailers.
pub fn items(message: &[u8]) -> Vec<Item<'_>> {
    let message = &message[..message.trim_ascii_end().len().saturating_add(1).min(message.len())];
    let Some(start) = block_start(message) else { return Vec::new() };
    let mut items: Vec<Item<'_>> = Vec::new();
    let mut at = start;
    for line in message[start..].split_inclusive(|byte| *byte == b'\n') {
        let end = at + line.len();
        match items.last_mut() {
            Some(last) if line[0].is_ascii_whitespace() && last.trailer.is_some() => {
                last.raw = &message[at - last.raw.len()..end];
                last.trailer = read(last.raw);
            }
            _ if is_comment(line) => {}
            _ => items.push(Item { raw: line, trailer: read(line) }),
        }
        at = end;
    }
    items
}

/// Reads what `--trailer` takes: `Key: value` or `Key=value`.
pub fn parse_argument(text: &str) -> Option<Trailer> {
    let end = text.find([':', '='])?;
    let key = text[..end].trim();
    let is_key = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_key.then(|| Trailer { key: key.to_owned(), value: text[end + 1..].trim().into() })
}

/// The message with one more trailer at its end; unchanged where its last trailer is the same.
pub fn add_trailer(message: &[u8], key: &str, value: &[u8]) -> Vec<u8> {
    let items = items(message);
    let last = items.iter().rev().find_map(|item| item.trailer.as_ref());
    if last.is_some_and(|last| last.key.eq_ignore_ascii_case(key) && last.value == value) {
        return message.to_vec();
    }
    let mut with = message.trim_ascii_end().to_vec();
    with.extend_from_slice(if items.is_empty() { b"\n\n" } else { b"\n" });
    with.extend_from_slice(key.as_bytes());
    with.extend_from_slice(b": ");
    with.extend_from_slice(value);
    with.push(b'\n');
    with
}

fn is_comment(line: &[u8]) -> bool {
    line.starts_with(COMMENT.as_bytes())
}

/// Where a line's key ends: at a colon behind letters, digits and dashes, perhaps with spaces before it.
fn separator(line: &[u8]) -> Option<usize> {
    let key = line.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-').count();
    let spaces = line[key..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    (key > 0 && line.get(key + spaces) == Some(&b':')).then_some(key + spaces)
}

/// Reads a trailer from its lines.
fn read(raw: &[u8]) -> Option<Trailer> {
    let end = separator(raw)?;
    let key = raw[..end].trim_ascii().to_str().ok()?.to_owned();
    let lines: Vec<&[u8]> = raw[end + 1..].lines().map(|line| line.trim_ascii()).collect();
    Some(Trailer { key, value: lines.join(&b' ').trim_ascii().into() })
}

/// The start of the last paragraph, if it is one of trailers; the first paragraph, the subject, never is.
fn block_start(message: &[u8]) -> Option<usize> {
    let mut lines = Vec::new();
    let mut at = 0;
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        lines.push((at, line));
        at += line.len();
    }
    let is_blank = |line: &[u8]| line.trim_ascii().is_empty();
    let title_end = lines.iter().position(|(_, line)| !is_comment(line) && is_blank(line))?;
    let (mut trailers, mut others, mut continued, mut generated) = (0usize, 0usize, 0usize, false);
    let mut start = None;
    for (at, line) in lines[title_end..].iter().rev() {
        if is_comment(line) {
            others += std::mem::take(&mut continued);
        } else if is_blank(line) {
            if start.is_some() {
                others += continued;
                let some = generated && trailers * 3 >= others;
                return start.filter(|_| some || (trailers > 0 && others == 0));
            }
            continue;
        } else if GENERATED.iter().any(|prefix| line.starts_with(prefix)) {
            generated = true;
            trailers += 1;
            continued = 0;
        } else if separator(line).is_some() {
            trailers += 1;
            continued = 0;
        } else if line[0].is_ascii_whitespace() {
            continued += 1;
        } else {
            others += 1 + std::mem::take(&mut continued);
        }
        start = Some(*at);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(message: &str) -> Vec<(String, String)> {
        parse(message.as_bytes()).into_iter().map(|t| (t.key, t.value.to_string())).collect()
    }

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.into(), value.into())
    }

    #[test]
    fn the_last_paragraph_when_it_is_one_of_trailers() {
        assert_eq!(pairs("S\n\nA-b: 1\nC : 2\n  more\n"), [pair("A-b", "1"), pair("C", "2 more")]);
        assert_eq!(pairs("Fix: this\n"), []);
        assert_eq!(pairs("S\n\nA: 1\n\ntext\n"), []);
        assert_eq!(pairs("S\n\ntext\nA: 1\n"), []);
        assert_eq!(pairs("S\n\ntext\nSigned-off-by: x\n"), [pair("Signed-off-by", "x")]);
        assert_eq!(pairs("S\n\nsee http://x: y\n"), []);
        assert_eq!(pairs("S\n\nA: 1\n\n\n"), [pair("A", "1")]);
        assert_eq!(pairs(""), []);
    }

    #[test]
    fn adding_makes_or_extends_the_block() {
        assert_eq!(add_trailer(b"S\n", "A", b"1").as_bstr(), "S\n\nA: 1\n");
        assert_eq!(add_trailer(b"S\n\nA: 1\n", "B", b"2").as_bstr(), "S\n\nA: 1\nB: 2\n");
        assert_eq!(add_trailer(b"S\n\nA: 1\n", "a", b"1").as_bstr(), "S\n\nA: 1\n");
        assert_eq!(add_trailer(b"", "A", b"1").as_bstr(), "\n\nA: 1\n");
        assert_eq!(pairs("x\n\nA: 1\nB: 2"), [pair("A", "1"), pair("B", "2")]);
    }

    #[test]
    fn arguments() {
        assert_eq!(parse_argument("A=b c"), Some(Trailer { key: "A".into(), value: "b c".into() }));
        assert_eq!(parse_argument("A: b=c"), Some(Trailer { key: "A".into(), value: "b=c".into() }));
        assert_eq!(parse_argument("no key: x"), None);
        assert_eq!(parse_argument("nothing"), None);
    }
}
