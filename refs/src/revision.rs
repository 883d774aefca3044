//! Revisions: how people write which version they mean.
//!
//! | text | means |
//! |---|---|
//! | `HEAD`, `@` | the commit that the mirror is at |
//! | `main`, `tags/v1`, `refs/heads/x`, `deadbeef` | a ref, or else an object by the beginning of its id |
//! | 64 hex digits | always the object with this id |
//! | `-`, `@{-2}` | the branch that HEAD was on before, and the one before that |
//! | `@{3}`, `main@{3}` | the value three moves ago, of the current branch or of a named ref |
//! | `@{2 days ago}`, `@{2026-05-01}` | the newest commit that was made by then; a bare date means that day's end |
//! | `@{op 12}` | HEAD (or the named ref) as operation 12 left it |
//! | `@{delta 5}` | the newest commit (or the named ref) at Delta version 5 |
//! | `stash`, `stash@{1}` | the newest stash, and the one before |
//! | `R^`, `R^2`, `R~3` | a parent, the second parent, the third ancestor along first parents |
//! | `R^{tree}`, `R^{commit}`, `R^{}` | the tree of a commit, a commit, whatever a tag stands for |
//! | `R^{/text}` | the newest commit reachable from `R` with this text in its message |
//! | `R:path`, `:path` | a path in a revision, or in the index |
//! | `A..B`, `A...B`, `^A` | commits of B that A lacks; commits of either but not both; without those of A |
//!
//! A text such as `deadbeef` stays a name here: only the resolver can tell whether there is such a ref.
//! The types print in the same grammar, and what they print parses to an equal value.

mod parse;
mod path;
mod range;

use std::fmt;
use std::str::FromStr;

use pond_objects::ObjectId;

use crate::quote::Quoted;
use crate::ref_name::NameRule;

pub use path::{PathRoot, RevisionPath};
pub use range::Range;

/// One object of a pond, as it was asked for: where to begin, and the steps from there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Where to begin.
    pub base: Base,
    /// What to do from there, in order.
    pub steps: Vec<Step>,
}

/// Where a revision begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// The commit that the mirror is at.
    Head,
    /// A ref's name, full or short, or the beginning of an id.
    Name(String),
    /// A whole id.
    Id(ObjectId),
    /// An earlier value of a ref.
    Reflog {
        /// The ref, by a full or short name or `HEAD`; none: the one that the mirror is on.
        reference: Option<String>,
        /// Which value.
        at: At,
    },
    /// The n-th branch that HEAD was on before, from 1.
    Previous(u32),
}

/// Which earlier value of a ref.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At {
    /// The value that many moves ago; 0 is the present one.
    Entry(u64),
    /// The value at a time, in words that [`crate::parse_date`] reads.
    Date(String),
    /// The value that the operation with this number left.
    Operation(u64),
    /// The value at this version of the Delta table.
    Delta(u64),
}

/// One step from an object to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// `^n`: the n-th parent, from 1; 0 is the commit itself.
    Parent(u32),
    /// `~n`: n times the first parent; 0 is the commit itself.
    Ancestor(u32),
    /// `^{...}`.
    Peel(Peel),
}

/// What stands between the braces of `^{...}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peel {
    /// `^{commit}`: the object, if it is a commit.
    Commit,
    /// `^{tree}`: a commit's tree, or the tree itself.
    Tree,
    /// `^{}`: what a tag stands for; any other object itself.
    Any,
    /// `^{/text}`: the newest commit reachable with this text in its message. The text holds no `}`.
    Message(String),
}

/// Why a text is not a revision, a range or a path in one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}", Where { text, piece })]
pub struct RevisionError {
    /// The whole text.
    pub text: String,
    /// The piece of it that is wrong.
    pub piece: String,
    /// What is wrong with it.
    pub problem: RevisionProblem,
}

/// What is wrong with a piece of a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RevisionProblem {
    /// Nothing that could name a commit.
    #[error("it names no revision")]
    Empty,
    /// Bytes that are not UTF-8 outside of a path.
    #[error("a revision is UTF-8 text")]
    NotUtf8,
    /// Not a name that a ref could have.
    #[error("no ref can be called this: {0}")]
    Name(NameRule),
    /// A brace without its partner.
    #[error("the closing '}}' is missing")]
    Unclosed,
    /// `@{}`.
    #[error("between the braces stands a number, a date, 'op N' or 'delta N'")]
    EmptyAt,
    /// `@{...}` where something stands before that has no earlier values.
    #[error("'@{{...}}' follows a ref's name or stands first")]
    MisplacedAt,
    /// `name@{-1}`.
    #[error("'@{{-N}}' stands first, with N from 1")]
    Previous,
    /// A number that is missing, negative or too large.
    #[error("it is not a number that can stand here")]
    Number,
    /// Something else than `tree`, `commit`, nothing or `/text` in `^{...}`.
    #[error("'^{{...}}' takes tree, commit, nothing, or a slash and a text to look for")]
    Peel,
    /// A character where a step or the end was expected.
    #[error("'^', '~' or the end was expected here")]
    Trailing,
    /// `REV:path` where only a revision can stand.
    #[error("a path in a revision cannot stand here, only a revision")]
    PathNotWanted,
    /// No colon where `REV:path` is wanted.
    #[error("'REVISION:PATH' was expected, or ':PATH' for the index")]
    PathWanted,
    /// A path that begins with a slash.
    #[error("a path in a revision begins at its root, without '/'")]
    AbsolutePath,
    /// `../` above the root.
    #[error("the path leads out of the revision's root")]
    OutsideRoot,
    /// A path with an empty part or a NUL byte.
    #[error("it cannot be a path")]
    Path,
    /// Just `..`, which is a directory.
    #[error("'..' alone is a directory; a range has a revision on one side at least")]
    BareRange,
}

impl Revision {
    /// `HEAD`.
    pub fn head() -> Self {
        Self::from(Base::Head)
    }

    /// Parses a text, or the bytes of a command-line argument.
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self, RevisionError> {
        parse::revision(parse::utf8(text.as_ref())?)
    }

    /// The same with one more step.
    #[must_use]
    pub fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}

impl From<Base> for Revision {
    fn from(base: Base) -> Self {
        Self { base, steps: Vec::new() }
    }
}

impl From<ObjectId> for Revision {
    fn from(id: ObjectId) -> Self {
        Self::from(Base::Id(id))
    }
}

impl FromStr for Revision {
    type Err = RevisionError;

    fn from_str(text: &str) -> Result<Self, RevisionError> {
        Self::parse(text)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.base)?;
        self.steps.iter().try_for_each(|step| write!(f, "{step}"))
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head => f.write_str("HEAD"),
            Self::Name(name) => f.write_str(name),
            Self::Id(id) => write!(f, "{id}"),
            Self::Reflog { reference, at } => {
                write!(f, "{}@{{{at}}}", reference.as_deref().unwrap_or_default())
            }
            Self::Previous(n) => write!(f, "@{{-{n}}}"),
        }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry(n) => write!(f, "{n}"),
            Self::Date(text) => f.write_str(text),
            Self::Operation(n) => write!(f, "op {n}"),
            Self::Delta(n) => write!(f, "delta {n}"),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parent(1) => f.write_str("^"),
            Self::Parent(n) => write!(f, "^{n}"),
            Self::Ancestor(1) => f.write_str("~"),
            Self::Ancestor(n) => write!(f, "~{n}"),
            Self::Peel(Peel::Commit) => f.write_str("^{commit}"),
            Self::Peel(Peel::Tree) => f.write_str("^{tree}"),
            Self::Peel(Peel::Any) => f.write_str("^{}"),
            Self::Peel(Peel::Message(text)) => write!(f, "^{{/{text}}}"),
        }
    }
}

/// The beginning of a message about a piece of a text.
struct Where<'a> {
    text: &'a str,
    piece: &'a str,
}

impl fmt::Display for Where<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.text == self.piece {
            write!(f, "{}: ", Quoted(self.text))
        } else {
            write!(f, "{} in {}: ", Quoted(self.piece), Quoted(self.text))
        }
    }
}

#[cfg(test)]
mod tests;
