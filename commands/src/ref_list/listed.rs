//! One line of a list.

use pond_objects::ObjectId;
use pond_refs::RefName;

/// A ref, or HEAD where it is on no branch.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    /// The ref; none for HEAD.
    pub(crate) name: Option<RefName>,
    /// What it names.
    pub(crate) id: ObjectId,
}

impl Listed {
    /// `refs/heads/main`, or `HEAD`.
    pub(crate) fn full_name(&self) -> String {
        self.name.as_ref().map_or_else(|| "HEAD".to_owned(), |name| format!("refs/{name}"))
    }

    /// `main`, `HEAD`.
    pub(crate) fn short_name(&self) -> &str {
        self.name.as_ref().map_or("HEAD", RefName::short)
    }
}
