//! Sets of commits: `A..B`, `A...B`, `^A`, `A`.

use std::fmt;
use std::str::FromStr;

use super::parse::{error, find_outside_braces, revision, utf8};
use super::{Revision, RevisionError, RevisionProblem};

/// A set of commits, as one argument of `log` or `diff` writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Range {
    /// `A`: the commits reachable from it.
    Reachable(Revision),
    /// `^A`: without the commits reachable from it.
    Exclude(Revision),
    /// `A..B`: reachable from `to`, without those reachable from `from`.
    Between {
        /// What is left out; HEAD where nothing was written.
        from: Revision,
        /// What is wanted; HEAD where nothing was written.
        to: Revision,
    },
    /// `A...B`: reachable from one of the two, but not from both.
    Symmetric {
        /// One end; HEAD where nothing was written.
        left: Revision,
        /// The other end; HEAD where nothing was written.
        right: Revision,
    },
}

impl Range {
    /// Parses a text, or the bytes of a command-line argument.
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self, RevisionError> {
        let text = utf8(text.as_ref())?;
        // In `REV:../path` the dots are the path's.
        let dots = find_outside_braces(text.as_bytes(), |rest| rest[0] == b':' || rest.starts_with(b".."))
            .filter(|at| text[*at..].starts_with(".."));
        let whole = |failed: RevisionError| RevisionError { text: text.to_owned(), ..failed };
        let Some(at) = dots else {
            return match text.strip_prefix('^') {
                Some(excluded) => revision(excluded).map(Self::Exclude).map_err(whole),
                None => revision(text).map(Self::Reachable),
            };
        };
        if text == ".." {
            return Err(error(text, text, RevisionProblem::BareRange));
        }
        let symmetric = text[at..].starts_with("...");
        let side =
            |side: &str| if side.is_empty() { Ok(Revision::head()) } else { revision(side).map_err(whole) };
        let first = side(&text[..at])?;
        let second = side(&text[at + if symmetric { 3 } else { 2 }..])?;
        Ok(if symmetric {
            Self::Symmetric { left: first, right: second }
        } else {
            Self::Between { from: first, to: second }
        })
    }
}

impl FromStr for Range {
    type Err = RevisionError;

    fn from_str(text: &str) -> Result<Self, RevisionError> {
        Self::parse(text)
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reachable(revision) => write!(f, "{revision}"),
            Self::Exclude(revision) => write!(f, "^{revision}"),
            Self::Between { from, to } => write!(f, "{from}..{to}"),
            Self::Symmetric { left, right } => write!(f, "{left}...{right}"),
        }
    }
}
