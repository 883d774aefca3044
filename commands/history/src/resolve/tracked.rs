//! Earlier values of refs.

use pond_objects::{ObjectId, ReadError};
use pond_oplog::operation::Operation;
use pond_refs::{RefName, Revision, Tracked};

use crate::history::History;
use crate::resolve::lookup::PondLookup;
use crate::resolve::range::Ambiguity;
use crate::resolve::revision;

/// A ref, or HEAD, whose earlier values are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackedName {
    /// What is tracked.
    pub tracked: Tracked,
    /// Another ref that the name could have meant.
    pub ambiguous: Option<Ambiguity>,
}

/// The ref, or HEAD, whose earlier values a text asks for. A branch that was deleted has some, too. `None` if the text names
/// no ref.
pub fn tracked(history: History<'_>, text: &[u8]) -> Option<TrackedName> {
    if text == b"HEAD" || text == b"@" {
        return Some(TrackedName { tracked: Tracked::Head, ambiguous: None });
    }
    let found = Revision::parse(text).ok().and_then(|parsed| revision::object(history, &parsed).ok());
    let deleted = || std::str::from_utf8(text).ok().and_then(|name| RefName::branch(name).ok());
    let ambiguous = found.as_ref().and_then(Ambiguity::of);
    let name = found.and_then(|found| found.reference).or_else(deleted)?;
    Some(TrackedName { tracked: Tracked::Ref(name), ambiguous })
}

/// The values that a ref had, the present one first, each with the operation that gave it.
pub fn values<'a>(
    history: History<'a>,
    of: &'a Tracked,
) -> impl Iterator<Item = Result<(ObjectId, Operation), ReadError>> + use<'a> {
    PondLookup::new(history).values(of)
}
