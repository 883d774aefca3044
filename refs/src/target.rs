//! What a ref points at, and what a caller relies on it pointing at.

use std::fmt;

use pond_objects::ObjectId;

/// The value that a ref must have for an edit of it to be made. A precondition is a value, so that
/// "create", "move" and "overwrite" are one operation with no flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Any value, or none.
    Any,
    /// The ref does not exist.
    MustNotExist,
    /// The ref points at this commit.
    MustBe(ObjectId),
}

impl Expected {
    /// Whether a ref with this value (none: it does not exist) is as expected.
    pub fn is_met_by(&self, found: Option<ObjectId>) -> bool {
        match self {
            Self::Any => true,
            Self::MustNotExist => found.is_none(),
            Self::MustBe(id) => found == Some(*id),
        }
    }
}

/// The value that the caller saw earlier becomes the value that it relies on.
impl From<Option<ObjectId>> for Expected {
    fn from(seen: Option<ObjectId>) -> Self {
        seen.map_or(Self::MustNotExist, Self::MustBe)
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("anything"),
            Self::MustNotExist => f.write_str("no such ref"),
            Self::MustBe(id) => f.write_str(&id.short()),
        }
    }
}

/// Shows a value that was found where another was expected.
pub(crate) struct Value(pub(crate) Option<ObjectId>);

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(id) => f.write_str(&id.short()),
            None => f.write_str("no such ref"),
        }
    }
}
