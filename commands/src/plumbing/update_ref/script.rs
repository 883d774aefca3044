//! The lines that `update-ref --stdin` reads.

use std::ffi::OsString;

use bstr::ByteSlice as _;
use pond_objects::escape;

use super::{Named, Wish, is_none};
use crate::error::{CommandError, fatal};

/// The wishes in a text, one line each.
pub(super) fn parse(text: &[u8], no_deref: bool) -> Result<Vec<Wish>, CommandError> {
    let mut wishes = Vec::new();
    let mut option = no_deref;
    for (number, line) in text.lines().enumerate() {
        if line == b"option no-deref" {
            option = true;
            continue;
        }
        let wish = wish(line, option).map_err(|error| error.context(format_args!("line {}", number + 1)))?;
        wishes.push(wish);
        option = no_deref;
    }
    Ok(wishes)
}

fn wish(line: &[u8], no_deref: bool) -> Result<Wish, CommandError> {
    let words: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    let text = |word: &[u8]| OsString::from(String::from_utf8_lossy(word).into_owned());
    // An empty last word is an empty value; git writes it with quotes, too.
    let value = |word: &[u8]| if word == b"\"\"" { OsString::new() } else { text(word) };
    let (name, new, old) = match words.as_slice() {
        [b"update", name, new] => (name, Some(Some(value(new))), None),
        [b"update", name, new, old] => (name, Some(Some(value(new))), Some(value(old))),
        [b"create", name, new] => {
            if is_none(&value(new)) {
                return Err(fatal("create: the new value is missing"));
            }
            (name, Some(Some(value(new))), Some(OsString::new()))
        }
        [b"delete", name] => (name, Some(None), None),
        [b"delete", name, old] => {
            if is_none(&value(old)) {
                return Err(fatal("delete: a ref that does not exist cannot be deleted"));
            }
            (name, Some(None), Some(value(old)))
        }
        [b"verify", name] => (name, None, Some(OsString::new())),
        [b"verify", name, old] => (name, None, Some(value(old))),
        _ => {
            return Err(fatal(format_args!("'{}' is not understood", escape::plain(line)))
                .hint("update REF NEW [OLD], create REF NEW, delete REF [OLD] and verify REF [OLD] are"));
        }
    };
    let new = new.map(|new| new.filter(|text| !is_none(text)));
    Ok(Wish { name: Named::parse(&text(name))?, new, old, no_deref })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_wishes() {
        let zeros = "0".repeat(64);
        let script = format!(
            "create refs/heads/a HEAD\noption no-deref\nupdate HEAD main~1 \nupdate refs/tags/t {zeros} v1\nverify HEAD {zeros}\ndelete refs/heads/b\n"
        );
        let wishes = parse(script.as_bytes(), false).expect("a script");
        let new: Vec<Option<Option<&str>>> =
            wishes.iter().map(|wish| wish.new.as_ref().map(|new| new.as_ref()?.to_str())).collect();
        assert_eq!(new, [Some(Some("HEAD")), Some(Some("main~1")), Some(None), None, Some(None)]);
        let old: Vec<Option<&str>> =
            wishes.iter().map(|wish| wish.old.as_ref().and_then(|old| old.to_str())).collect();
        assert_eq!(old, [Some(""), Some(""), Some("v1"), Some(zeros.as_str()), None]);
        assert_eq!(
            wishes.iter().map(|wish| wish.no_deref).collect::<Vec<_>>(),
            [false, true, false, false, false]
        );
        assert_eq!(wishes[1].name, Named::Head);
        for bad in ["create refs/heads/a", "delete refs/heads/a \"\"", "move a b", "", "create main HEAD"] {
            assert!(parse(format!("{bad}\n").as_bytes(), false).is_err(), "{bad}");
        }
    }
}
