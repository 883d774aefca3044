//! From the text of a pathspec to the path that it means.

use std::ffi::OsStr;
use std::sync::atomic::AtomicBool;

use bstr::{BString, ByteSlice};

use super::{Item, Mirror, PathspecError};
use crate::wildmatch::{SPECIAL, Stars, Wildmatch};

#[derive(Debug, Default, Clone, Copy)]
struct Magic {
    top: bool,
    literal: bool,
    glob: bool,
    icase: bool,
    exclude: bool,
}

/// One pathspec, and whether it excludes; nothing for a lone `:`, which says that there is none.
pub(super) fn item(
    arg: &OsStr,
    mirror: &Mirror<'_>,
    cwd: &[u8],
) -> Result<Option<(Item, bool)>, PathspecError> {
    let given = BString::from(arg.as_encoded_bytes());
    if given.is_empty() {
        return Err(PathspecError::Empty);
    }
    if given == ":" {
        return Ok(None);
    }
    let (magic, text) = magic(&given)?;
    if magic.literal && magic.glob {
        return Err(PathspecError::Contradiction { given });
    }
    // The path alone: what stands before it may be a command's own addition.
    let outside = || PathspecError::Outside { given: text.into(), mirror: mirror.root.into() };
    let from = if magic.top { b"" } else { cwd };
    let Resolved { path, own } = resolve(text, mirror, from).ok_or_else(outside)?;

    let wildcard = path[own..].find_byteset(SPECIAL).filter(|_| !magic.literal).map(|at| own + at);
    let only_dir = text.ends_with(b"/") && !path.is_empty();
    let (pattern, fixed) = match wildcard {
        None => (None, BString::default()),
        Some(at) => {
            let stars = if magic.glob { Stars::WithinNames } else { Stars::Anything };
            let mut text = path.clone();
            if only_dir {
                text.push(b'/');
            }
            // One that is malformed still names the path that is called so.
            let pattern = Wildmatch::new(&text[..own], &text[own..], stars, magic.icase)
                .unwrap_or_else(|_| Wildmatch::nothing());
            (Some(pattern), BString::from(crate::path::parent(&path[..at])))
        }
    };
    let item =
        Item { given, path, only_dir, icase: magic.icase, fixed, pattern, seen: AtomicBool::new(false) };
    Ok(Some((item, magic.exclude)))
}

/// Splits a pathspec into its magic and the rest.
fn magic(given: &BString) -> Result<(Magic, &[u8]), PathspecError> {
    let mut magic = Magic::default();
    if let Some(words) = given.strip_prefix(b":(") {
        let end = words.find_byte(b')').ok_or_else(|| PathspecError::Unclosed { given: given.clone() })?;
        for word in words[..end].split(|byte| *byte == b',').filter(|word| !word.is_empty()) {
            match word {
                b"top" => magic.top = true,
                b"literal" => magic.literal = true,
                b"glob" => magic.glob = true,
                b"icase" => magic.icase = true,
                b"exclude" => magic.exclude = true,
                _ => return Err(PathspecError::Magic { given: given.clone(), magic: word.into() }),
            }
        }
        return Ok((magic, &words[end + 1..]));
    }
    let Some(mut rest) = given.strip_prefix(b":") else { return Ok((magic, given)) };
    while let Some(first) = rest.first() {
        match first {
            b'/' => magic.top = true,
            b'!' | b'^' => magic.exclude = true,
            b':' => return Ok((magic, &rest[1..])),
            byte if is_reserved(*byte) => {
                return Err(PathspecError::Magic { given: given.clone(), magic: rest[..1].into() });
            }
            _ => break,
        }
        rest = &rest[1..];
    }
    Ok((magic, rest))
}

/// Punctuation that git keeps for magic to come: what begins no ordinary name and no wildcard.
fn is_reserved(byte: u8) -> bool {
    b"\"#%&',-;<=>@_`~".contains(&byte)
}

struct Resolved {
    path: BString,
    /// The bytes of `path` that come from the current directory: wildcards mean nothing in them.
    own: usize,
}

/// The path from the mirror's root, without `.`, `..` and doubled slashes; `None` if it leads out.
fn resolve(text: &[u8], mirror: &Mirror<'_>, cwd: &[u8]) -> Option<Resolved> {
    let absolute = text.starts_with(b"/").then(|| below_mirror(text, mirror));
    let (text, cwd) = match &absolute {
        Some(below) => (&below.as_ref()?[..], &b""[..]),
        None => (text, cwd),
    };
    let mut path = BString::from(cwd);
    let mut own = path.len();
    for name in text.split(|byte| *byte == b'/') {
        match name {
            b"" | b"." => {}
            b".." => {
                if path.is_empty() {
                    return None;
                }
                let shorter = crate::path::parent(&path).len();
                path.truncate(shorter);
                own = own.min(shorter);
            }
            name => {
                if !path.is_empty() {
                    path.push(b'/');
                }
                path.extend_from_slice(name);
            }
        }
    }
    Some(Resolved { path, own })
}

/// What is left of an absolute path behind the mirror's, which may be written in another way there: through a symlink.
pub(super) fn below_mirror(text: &[u8], mirror: &Mirror<'_>) -> Option<BString> {
    let mut names: Vec<&[u8]> = Vec::new();
    for name in text.split(|byte| *byte == b'/') {
        match name {
            b"" | b"." => {}
            b".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    let is_mirror = |count: &usize| {
        let path = [b"/", &names[..*count].join(&b'/')[..]].concat();
        let Ok(path) = path.to_path() else { return false };
        path == mirror.root || (mirror.real_path)(path).is_some_and(|real| real == mirror.root)
    };
    // The first that is it, as in git: a link to the mirror within the mirror is an ordinary name.
    let own = (0..=names.len()).find(is_mirror)?;
    Some(names[own..].join(&b'/').into())
}
