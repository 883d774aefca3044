//! Why a revision stands for nothing.

use pond_objects::ObjectId;

use super::{Candidate, ObjectKind};
use crate::date::DateError;
use crate::quote::Quoted;
use crate::ref_name::RefName;

/// Why a revision was not resolved. `E` is the error of the look-up.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError<E: std::error::Error + 'static> {
    /// Neither a ref nor the beginning of an id.
    #[error("{} is no branch, tag or remote branch, and no object's id begins with it", Quoted(.name))]
    Unknown {
        /// The text.
        name: String,
    },
    /// The beginning of several ids.
    #[error("{} is the beginning of {} ids", Quoted(.prefix), .candidates.len())]
    Ambiguous {
        /// The text.
        prefix: String,
        /// The objects that it may mean, in the order of their ids.
        candidates: Vec<Candidate>,
    },
    /// HEAD, before the first commit.
    #[error("HEAD is at no commit yet")]
    Unborn,
    /// `^n` or `~n` beyond the beginning of the history.
    #[error("{} ({}) has no parent {wanted}: it has {parents}", Quoted(.revision), .commit.short())]
    NoParent {
        /// What leads to the commit.
        revision: String,
        /// The commit.
        commit: ObjectId,
        /// The number of the parent that was asked for, from 1.
        wanted: u32,
        /// How many it has.
        parents: usize,
    },
    /// An object of another kind than a step, or the caller, needs.
    #[error("{} ({}) is a {kind}, where a {wanted} is needed", Quoted(.revision), .id.short())]
    Kind {
        /// What leads to the object.
        revision: String,
        /// The object.
        id: ObjectId,
        /// What it is.
        kind: ObjectKind,
        /// What it would have to be.
        wanted: ObjectKind,
    },
    /// `@{...}` before the first value, or beyond the last.
    #[error("there was no commit at {}", Quoted(.revision))]
    NoValue {
        /// The text.
        revision: String,
    },
    /// `-` or `@{-n}` without that many switches.
    #[error("HEAD has not been {}", times_switched(*.0))]
    NoPrevious(u32),
    /// The branch that `-` or `@{-n}` means was deleted.
    #[error("{}, on which HEAD was {n} switches ago, does not exist any more", Quoted(.name.short()))]
    PreviousGone {
        /// How many switches ago.
        n: u32,
        /// The branch.
        name: RefName,
    },
    /// `^{/text}` without a match.
    #[error("no commit reachable from {} has {} in its message", Quoted(.revision), Quoted(.text))]
    NoMessage {
        /// Where the search began.
        revision: String,
        /// What was looked for.
        text: String,
    },
    /// What stands in `@{...}` is no date.
    #[error(transparent)]
    Date(DateError),
    /// The pond could not be read.
    #[error(transparent)]
    Lookup(#[from] E),
}

fn times_switched(n: u32) -> String {
    match n {
        1 => "on another branch yet".to_owned(),
        n => format!("switched {n} times yet"),
    }
}
