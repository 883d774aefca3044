//! Templates of git's placeholders: `%h %an: %s`. What is no placeholder stays as typed.

use std::convert::Infallible;

use super::pad::{Align, Cut, Padding, Wrap};
use super::style::{self, ColorCode};
use crate::text::template::{Part, Percent, parts};

/// A template, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    pub(super) pieces: Vec<Piece>,
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(Vec<u8>),
    Field(Field, Joint),
    Color(ColorCode),
    /// For the next field.
    Pad(Padding),
    /// From here on.
    Wrap(Wrap),
}

/// What a modifier puts between a field and what is before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joint {
    None,
    /// `%+s`: a newline, if the field is not empty.
    Newline,
    /// `% s`: a space, likewise.
    Space,
    /// `%-s`: no newlines, if the field is empty.
    Close,
}

/// A fact of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Id,
    ShortId,
    Tree,
    ShortTree,
    Parents,
    ShortParents,
    Author(PersonPart),
    Committer(PersonPart),
    Subject,
    FileName,
    Body,
    Message,
    /// ` (HEAD -> main)`
    Decorations,
    /// The same without brackets.
    BareDecorations,
    Mark,
    /// Pond's messages are UTF-8; git prints nothing then.
    Encoding,
    Trailers(TrailerOptions),
    Reflog(ReflogPart),
}

impl Field {
    /// Whether the commit's id, parents and time are enough for it.
    fn is_of_link(&self) -> bool {
        match self {
            Self::Id
            | Self::ShortId
            | Self::Parents
            | Self::ShortParents
            | Self::Committer(PersonPart::Unix)
            | Self::Decorations
            | Self::BareDecorations
            | Self::Mark
            | Self::Encoding
            | Self::Reflog(_) => true,
            Self::Tree
            | Self::ShortTree
            | Self::Author(_)
            | Self::Committer(_)
            | Self::Subject
            | Self::FileName
            | Self::Body
            | Self::Message
            | Self::Trailers(_) => false,
        }
    }
}

/// A fact of the value of a ref that a commit is shown for; `None` if it is shown for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReflogPart {
    Selector,
    ShortSelector,
    Message,
    Name,
    Email,
}

/// A fact of an author or committer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PersonPart {
    Name,
    Email,
    /// The address up to its `@`.
    Local,
    /// As `--date` says.
    Date,
    Rfc2822,
    Relative,
    Unix,
    Iso,
    IsoStrict,
    Short,
}

/// `%(trailers:key=...,separator=...)`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TrailerOptions {
    /// Lower-case; empty for all.
    pub(super) keys: Vec<String>,
    pub(super) only: bool,
    pub(super) unfold: bool,
    pub(super) key_only: bool,
    pub(super) value_only: bool,
    pub(super) separator: Option<Vec<u8>>,
    pub(super) key_value_separator: Option<Vec<u8>>,
}

impl Template {
    /// Reads a template; every text is one.
    pub(super) fn parse(text: &str) -> Self {
        let read = |rest| -> Result<_, Infallible> {
            let byte = character(rest).map(|(byte, after)| Percent::Byte(byte, after));
            Ok(byte.or_else(|| placeholder(rest).map(|(piece, after)| Percent::Piece(piece, after))))
        };
        let Ok(parts) = parts(text, read);
        let pieces = parts.into_iter().map(|part| match part {
            Part::Text(text) => Piece::Text(text),
            Part::Piece(piece) => piece,
        });
        Self { pieces: pieces.collect() }
    }

    /// Whether a commit's place in history is all that it takes from the commit.
    pub(super) fn needs_only_link(&self) -> bool {
        self.pieces.iter().all(|piece| match piece {
            Piece::Field(field, _) => field.is_of_link(),
            Piece::Text(_) | Piece::Color(_) | Piece::Pad(_) | Piece::Wrap(_) => true,
        })
    }

    /// Whether it has no pieces.
    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }
}

/// `n`, `%`, `x41`: a byte, whatever the commit.
fn character(rest: &str) -> Option<(u8, &str)> {
    match rest.as_bytes().first()? {
        b'n' => Some((b'\n', &rest[1..])),
        b'%' => Some((b'%', &rest[1..])),
        b'x' => {
            let digits =
                rest.get(1..3).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
            Some((u8::from_str_radix(digits, 16).ok()?, &rest[3..]))
        }
        _ => None,
    }
}

fn placeholder(rest: &str) -> Option<(Piece, &str)> {
    let joint = match rest.as_bytes().first()? {
        b'C' => return style::parse(&rest[1..]).map(|(code, rest)| (Piece::Color(code), rest)),
        b'<' | b'>' => return padding(rest).map(|(padding, rest)| (Piece::Pad(padding), rest)),
        b'w' => return wrap(&rest[1..]).map(|(wrap, rest)| (Piece::Wrap(wrap), rest)),
        b'+' => Joint::Newline,
        b'-' => Joint::Close,
        b' ' => Joint::Space,
        _ => Joint::None,
    };
    let name = if joint == Joint::None { rest } else { &rest[1..] };
    field(name).map(|(field, rest)| (Piece::Field(field, joint), rest))
}

fn field(rest: &str) -> Option<(Field, &str)> {
    if let Some(rest) = rest.strip_prefix("(trailers") {
        return trailers(rest).map(|(options, rest)| (Field::Trailers(options), rest));
    }
    let (first, second) = (rest.as_bytes().first()?, rest.as_bytes().get(1));
    let field = match first {
        b'H' => Field::Id,
        b'h' => Field::ShortId,
        b'T' => Field::Tree,
        b't' => Field::ShortTree,
        b'P' => Field::Parents,
        b'p' => Field::ShortParents,
        b's' => Field::Subject,
        b'f' => Field::FileName,
        b'b' => Field::Body,
        b'B' => Field::Message,
        b'd' => Field::Decorations,
        b'D' => Field::BareDecorations,
        b'm' => Field::Mark,
        b'e' => Field::Encoding,
        b'a' => return Some((Field::Author(person(*second?)?), &rest[2..])),
        b'c' => return Some((Field::Committer(person(*second?)?), &rest[2..])),
        b'g' => return Some((Field::Reflog(reflog(*second?)?), &rest[2..])),
        _ => return None,
    };
    Some((field, &rest[1..]))
}

fn reflog(letter: u8) -> Option<ReflogPart> {
    Some(match letter {
        b'D' => ReflogPart::Selector,
        b'd' => ReflogPart::ShortSelector,
        b's' => ReflogPart::Message,
        b'n' | b'N' => ReflogPart::Name,
        b'e' | b'E' => ReflogPart::Email,
        _ => return None,
    })
}

fn person(letter: u8) -> Option<PersonPart> {
    Some(match letter {
        b'n' | b'N' => PersonPart::Name,
        b'e' | b'E' => PersonPart::Email,
        b'l' | b'L' => PersonPart::Local,
        b'd' => PersonPart::Date,
        b'D' => PersonPart::Rfc2822,
        b'r' => PersonPart::Relative,
        b't' => PersonPart::Unix,
        b'i' => PersonPart::Iso,
        b'I' => PersonPart::IsoStrict,
        b's' => PersonPart::Short,
        _ => return None,
    })
}

/// `(a,b)` and what follows it.
fn arguments(rest: &str) -> Option<(&str, &str)> {
    rest.strip_prefix('(')?.split_once(')')
}

fn padding(rest: &str) -> Option<(Padding, &str)> {
    let (align, rest) =
        [(">>", Align::RightStealing), ("><", Align::Center), (">", Align::Right), ("<", Align::Left)]
            .into_iter()
            .find_map(|(sign, align)| rest.strip_prefix(sign).map(|rest| (align, rest)))?;
    let (to_column, rest) = rest.strip_prefix('|').map_or((false, rest), |rest| (true, rest));
    let (inside, rest) = arguments(rest)?;
    let (width, cut) = inside.split_once(',').map_or((inside, ""), |(width, cut)| (width, cut.trim()));
    let cut = match cut {
        "" => Cut::Never,
        "trunc" => Cut::End,
        "ltrunc" => Cut::Start,
        "mtrunc" => Cut::Middle,
        _ => return None,
    };
    Some((Padding { align, width: width.trim().parse().ok()?, to_column, cut }, rest))
}

fn wrap(rest: &str) -> Option<(Wrap, &str)> {
    let (inside, rest) = arguments(rest)?;
    let mut numbers = [0; 3];
    if !inside.trim().is_empty() {
        let mut parts = inside.split(',');
        for (number, part) in numbers.iter_mut().zip(parts.by_ref()) {
            *number = part.trim().parse().ok()?;
        }
        if parts.next().is_some() {
            return None;
        }
    }
    let [width, first, others] = numbers;
    Some((Wrap { width, first, others }, rest))
}

fn trailers(rest: &str) -> Option<(TrailerOptions, &str)> {
    let (inside, after) = rest.split_once(')')?;
    let mut options = TrailerOptions::default();
    let inside = match inside.strip_prefix(':') {
        Some(inside) => inside,
        None if inside.is_empty() => return Some((options, after)),
        None => return None,
    };
    for option in inside.split(',').filter(|option| !option.is_empty()) {
        let (name, value) =
            option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
        let flag = || match value {
            None | Some("true" | "yes" | "on" | "1") => Some(true),
            Some("false" | "no" | "off" | "0") => Some(false),
            Some(_) => None,
        };
        match (name, value) {
            ("key", Some(key)) => {
                options.keys.push(key.trim_end_matches(':').to_ascii_lowercase());
                options.only = true;
            }
            ("separator", Some(text)) => options.separator = Some(literal(text)),
            ("key_value_separator", Some(text)) => options.key_value_separator = Some(literal(text)),
            ("only", _) => options.only = flag()?,
            ("unfold", _) => options.unfold = flag()?,
            ("keyonly", _) => options.key_only = flag()?,
            ("valueonly", _) => options.value_only = flag()?,
            _ => return None,
        }
    }
    Some((options, after))
}

/// A text in which `%n` and `%x2c` stand for bytes.
fn literal(text: &str) -> Vec<u8> {
    let read = |rest| -> Result<Option<Percent<'_, Infallible>>, Infallible> {
        Ok(character(rest).map(|(byte, after)| Percent::Byte(byte, after)))
    };
    let Ok(parts) = parts(text, read);
    let texts = parts.into_iter().map(|part| match part {
        Part::Text(text) => text,
        Part::Piece(piece) => match piece {},
    });
    texts.collect::<Vec<_>>().concat()
}
