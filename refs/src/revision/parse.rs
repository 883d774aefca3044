//! The parser of revisions: left to right, one character of look-ahead, nothing guessed.

use super::{At, Base, Peel, Revision, RevisionError, RevisionProblem, Step};
use crate::ref_name::{NameRule, check_format};

/// The text of an argument; ids, names and operators are all UTF-8.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str, RevisionError> {
    std::str::from_utf8(bytes).map_err(|_| {
        let text = String::from_utf8_lossy(bytes);
        error(&text, &text, RevisionProblem::NotUtf8)
    })
}

pub(super) fn error(text: &str, piece: &str, problem: RevisionProblem) -> RevisionError {
    RevisionError { text: text.to_owned(), piece: piece.to_owned(), problem }
}

/// The first place outside of braces where `found` holds for the rest of the text. Braces hold dates and
/// messages, in which every character may stand.
pub(super) fn find_outside_braces(text: &[u8], found: impl Fn(&[u8]) -> bool) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth > 0 => depth -= 1,
            _ if depth == 0 && found(&text[at..]) => return Some(at),
            _ => {}
        }
    }
    None
}

pub(super) fn revision(text: &str) -> Result<Revision, RevisionError> {
    let (base, mut rest) = base(text)?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let (step, after) = step(text, rest)?;
        steps.push(step);
        rest = after;
    }
    Ok(Revision { base, steps })
}

/// The base, and what follows it.
fn base(text: &str) -> Result<(Base, &str), RevisionError> {
    let end = [text.find(['^', '~']), text.find("@{")].into_iter().flatten().min().unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if name.contains(':') {
        return Err(error(text, text, RevisionProblem::PathNotWanted));
    }
    if rest.starts_with("@{") {
        return earlier(text, name, rest);
    }
    let base = match name {
        "" => return Err(error(text, text, RevisionProblem::Empty)),
        "HEAD" | "@" => Base::Head,
        "-" => Base::Previous(1),
        _ => match name.parse() {
            Ok(id) => Base::Id(id),
            Err(_) => Base::Name(checked_name(text, name)?),
        },
    };
    Ok((base, rest))
}

/// `name@{...}`, where `rest` begins at the `@`.
fn earlier<'a>(text: &str, name: &str, rest: &'a str) -> Result<(Base, &'a str), RevisionError> {
    let (inner, after) = braced(text, rest, "@{")?;
    let piece = &rest[..rest.len() - after.len()];
    if let Some(count) = inner.strip_prefix('-') {
        let misplaced = || error(text, piece, RevisionProblem::Previous);
        let number = number(count).filter(|number| *number > 0 && name.is_empty()).ok_or_else(misplaced)?;
        return Ok((Base::Previous(number), after));
    }
    let reference = match name {
        "" => None,
        "@" => Some("HEAD".to_owned()),
        "-" => return Err(error(text, piece, RevisionProblem::MisplacedAt)),
        _ => Some(checked_name(text, name)?),
    };
    Ok((Base::Reflog { reference, at: at(text, inner)? }, after))
}

fn at(text: &str, inner: &str) -> Result<At, RevisionError> {
    let inner = inner.trim();
    let wrong = || error(text, inner, RevisionProblem::Number);
    if inner.is_empty() {
        Err(error(text, "@{}", RevisionProblem::EmptyAt))
    } else if inner.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(At::Entry(number(inner).ok_or_else(wrong)?))
    } else if let Some(count) = keyword(inner, "op") {
        Ok(At::Operation(number(count).ok_or_else(wrong)?))
    } else if let Some(count) = keyword(inner, "delta") {
        Ok(At::Delta(number(count).ok_or_else(wrong)?))
    } else {
        Ok(At::Date(inner.to_owned()))
    }
}

/// What follows a word that stands alone, or before white space.
fn keyword<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(word)?;
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then(|| rest.trim_start())
}

/// The step that `rest` begins with, and what follows it.
fn step<'a>(text: &str, rest: &'a str) -> Result<(Step, &'a str), RevisionError> {
    if rest.starts_with("^{") {
        let (inner, after) = braced(text, rest, "^{")?;
        let peel = match inner {
            "" => Peel::Any,
            "tree" => Peel::Tree,
            "commit" => Peel::Commit,
            _ => match inner.strip_prefix('/') {
                Some(message) if !message.is_empty() => Peel::Message(message.to_owned()),
                _ => {
                    let piece = &rest[..rest.len() - after.len()];
                    return Err(error(text, piece, RevisionProblem::Peel));
                }
            },
        };
        return Ok((Step::Peel(peel), after));
    }
    let of: fn(u32) -> Step = match rest.as_bytes().first() {
        Some(b'^') => Step::Parent,
        Some(b'~') => Step::Ancestor,
        _ if rest.starts_with("@{") => return Err(error(text, rest, RevisionProblem::MisplacedAt)),
        _ if rest.starts_with(':') => return Err(error(text, text, RevisionProblem::PathNotWanted)),
        _ => return Err(error(text, rest, RevisionProblem::Trailing)),
    };
    let digits = rest[1..].find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len() - 1);
    let (count, after) = rest[1..].split_at(digits);
    if count.is_empty() {
        return Ok((of(1), after));
    }
    let count = number(count).ok_or_else(|| error(text, &rest[..=digits], RevisionProblem::Number))?;
    Ok((of(count), after))
}

/// What stands between `open`, with which `rest` begins, and the next `}`, and what follows that.
fn braced<'a>(text: &str, rest: &'a str, open: &str) -> Result<(&'a str, &'a str), RevisionError> {
    rest[open.len()..].split_once('}').ok_or_else(|| error(text, rest, RevisionProblem::Unclosed))
}

/// A decimal number of digits only, where it fits.
fn number<T: std::str::FromStr>(digits: &str) -> Option<T> {
    // The standard parser would also take a sign.
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

fn checked_name(text: &str, name: &str) -> Result<String, RevisionError> {
    let rule = if name.starts_with('-') { Err(NameRule::LeadingDash) } else { check_format(name) };
    match rule {
        Ok(()) => Ok(name.to_owned()),
        Err(rule) => Err(error(text, name, RevisionProblem::Name(rule))),
    }
}
