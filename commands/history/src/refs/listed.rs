//! One line of a list.

use pond_objects::ObjectId;
use pond_refs::RefName;

/// A ref, or HEAD if it is on no branch.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The ref; `None` for HEAD.
    pub name: Option<RefName>,
    /// What it names.
    pub id: ObjectId,
}

impl Listed {
    /// `refs/heads/main`, or `HEAD`.
    pub fn full_name(&self) -> String {
        self.name.as_ref().map_or_else(|| "HEAD".to_owned(), |name| format!("refs/{name}"))
    }

    /// `main`, `HEAD`.
    pub fn short_name(&self) -> &str {
        self.name.as_ref().map_or("HEAD", RefName::short)
    }
}
