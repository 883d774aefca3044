//! What a path of the mirror shall have.

use bstr::BString;
use pond_objects::Side;

/// What a path of the mirror shall have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The path from the mirror's root.
    pub path: BString,
    /// What it shall have; `None`: it shall not be there.
    pub side: Option<Side>,
}
