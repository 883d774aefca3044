//! What a resolver asks of the pond that it works on.

use std::fmt;

use jiff::Timestamp;
use pond_objects::{IdPrefix, ObjectId};

use crate::ref_name::RefName;

/// What an object is, as far as revisions tell objects apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// A commit.
    Commit,
    /// A tree.
    Tree,
    /// A blob.
    Blob,
    /// An annotated tag.
    Tag,
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Commit => "commit",
            Self::Tree => "tree",
            Self::Blob => "blob",
            Self::Tag => "tag",
        })
    }
}

/// An object whose id begins as was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// The whole id.
    pub id: ObjectId,
    /// What it is.
    pub kind: ObjectKind,
}

/// Whose earlier value is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tracked {
    /// The branch that HEAD is on; HEAD itself where it is on none.
    Current,
    /// HEAD, across all the branches that it was on.
    Head,
    /// A ref, which may have been deleted since.
    Ref(RefName),
}

/// What HEAD was on before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Previous {
    /// A branch, which may have been deleted since.
    Branch(RefName),
    /// A commit, without a branch.
    Commit(ObjectId),
}

/// What exists, and what existed. Every answer is of one state of the pond: nothing changes between two
/// calls.
///
/// No function changes anything. "None" always means that there is no such thing; what could not be read is
/// an error.
pub trait Lookup {
    /// Why something could not be read.
    type Error: std::error::Error + 'static;

    /// The object that a ref points at: a commit, or what a tag names.
    fn reference(&self, name: &RefName) -> Result<Option<ObjectId>, Self::Error>;

    /// What an object that a ref points at is.
    fn kind(&self, id: &ObjectId) -> Result<ObjectKind, Self::Error>;

    /// What an annotated tag names.
    fn tagged(&self, tag: &ObjectId) -> Result<Candidate, Self::Error>;

    /// The commit that HEAD is at; none before the first commit.
    fn head(&self) -> Result<Option<ObjectId>, Self::Error>;

    /// The commits, trees, blobs and tags whose ids begin with a prefix, each once, in the order of their ids. A
    /// list may end early once it holds more than a person would want to read, but not before it holds two of
    /// each kind that has two.
    fn objects(&self, prefix: &IdPrefix) -> Result<Vec<Candidate>, Self::Error>;

    /// The parents of a commit, in their order.
    fn parents(&self, commit: &ObjectId) -> Result<Vec<ObjectId>, Self::Error>;

    /// The tree of a commit.
    fn tree(&self, commit: &ObjectId) -> Result<ObjectId, Self::Error>;

    /// The value `n` moves ago; 0 is the present one.
    fn entry(&self, of: &Tracked, n: u64) -> Result<Option<ObjectId>, Self::Error>;

    /// The newest commit in the history of the present value whose commit time is not after `moment`.
    fn at_date(&self, of: &Tracked, moment: Timestamp) -> Result<Option<ObjectId>, Self::Error>;

    /// The value that the operation with this number left.
    fn at_operation(&self, of: &Tracked, number: u64) -> Result<Option<ObjectId>, Self::Error>;

    /// The value at a version of the Delta table; without a ref, the newest commit that the table then held.
    fn at_delta(&self, of: Option<&Tracked>, version: u64) -> Result<Option<ObjectId>, Self::Error>;

    /// What HEAD was on `n` switches ago, from 1.
    fn previous(&self, n: u32) -> Result<Option<Previous>, Self::Error>;

    /// The commit of a stash: the newest is 0.
    fn stash(&self, n: u64) -> Result<Option<ObjectId>, Self::Error>;

    /// The newest commit, by commit time, among `from` and its ancestors whose message matches `text` as in
    /// `log --grep`.
    fn search(&self, from: &ObjectId, text: &str) -> Result<Option<ObjectId>, Self::Error>;
}
