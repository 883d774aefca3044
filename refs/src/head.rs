//! HEAD.

use pond_objects::ObjectId;

use crate::RefName;

/// Where a mirror stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Head {
    /// The branch that commits move; `None` when detached.
    pub branch: Option<RefName>,
    /// The commit; `None` before the first.
    pub commit: Option<ObjectId>,
}
