//! Edits of refs, each with the value that it expects to replace.
//!
//! [`apply_edits`] decides; it changes nothing itself. Either every edit is possible and all changes are
//! returned, or none is: a caller that writes only what was returned is atomic.

use pond_objects::ObjectId;

use crate::ref_name::RefName;
use crate::target::{Expected, Value};

/// A wish to change one ref.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefEdit {
    /// The ref.
    pub name: RefName,
    /// What it must be before.
    pub expected: Expected,
    /// What it shall be after; none deletes it.
    pub new: Option<ObjectId>,
}

/// A change that follows from an edit: the ref had one value and gets another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefChange {
    /// The ref.
    pub name: RefName,
    /// Its value before; none: it is created.
    pub old: Option<ObjectId>,
    /// Its value after; none: it is deleted.
    pub new: Option<ObjectId>,
}

/// Why edits were not applied. `E` is the error of the look-up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError<E> {
    /// A ref is not what the edit expects: someone else moved it.
    #[error("{name} is {}, where {expected} was expected", Value(*.found))]
    Conflict {
        /// The ref.
        name: RefName,
        /// What the edit relies on.
        expected: Expected,
        /// What the ref is.
        found: Option<ObjectId>,
    },
    /// Two edits name the same ref; which would be last is not defined.
    #[error("{0} is edited twice at once")]
    Twice(RefName),
    /// The present value of a ref could not be read.
    #[error("the value of {name} cannot be read")]
    Lookup {
        /// The ref.
        name: RefName,
        /// Why.
        source: E,
    },
}

/// The changes that `edits` make to the refs whose present values `current` gives (none: no such ref), in the
/// order of the edits. An edit that leaves its ref as it is gives no change, but its expectation is checked.
///
/// # Errors
///
/// The first edit that is not possible, in their order.
pub fn apply_edits<E>(
    edits: &[RefEdit],
    mut current: impl FnMut(&RefName) -> Result<Option<ObjectId>, E>,
) -> Result<Vec<RefChange>, EditError<E>> {
    let mut changes = Vec::with_capacity(edits.len());
    let mut seen = std::collections::HashSet::with_capacity(edits.len());
    for RefEdit { name, expected, new } in edits {
        if !seen.insert(name) {
            return Err(EditError::Twice(name.clone()));
        }
        let old = current(name).map_err(|source| EditError::Lookup { name: name.clone(), source })?;
        if !expected.is_met_by(old) {
            return Err(EditError::Conflict { name: name.clone(), expected: *expected, found: old });
        }
        if old != *new {
            changes.push(RefChange { name: name.clone(), old, new: *new });
        }
    }
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    const ONE: ObjectId = ObjectId::from_bytes([1; 32]);
    const TWO: ObjectId = ObjectId::from_bytes([2; 32]);

    fn name(short: &str) -> RefName {
        RefName::branch(short).expect("a branch name")
    }

    fn edit(short: &str, expected: Expected, new: Option<ObjectId>) -> RefEdit {
        RefEdit { name: name(short), expected, new }
    }

    /// One branch exists, `main`, at `ONE`.
    fn apply(edits: &[RefEdit]) -> Result<Vec<RefChange>, EditError<Infallible>> {
        apply_edits(edits, |asked| Ok((asked.short() == "main").then_some(ONE)))
    }

    #[test]
    fn met_expectations_give_changes() {
        let changes = apply(&[
            edit("main", Expected::MustBe(ONE), Some(TWO)),
            edit("new", Expected::MustNotExist, Some(ONE)),
            edit("gone", Expected::Any, None),
        ]);
        assert_eq!(
            changes,
            Ok(vec![
                RefChange { name: name("main"), old: Some(ONE), new: Some(TWO) },
                RefChange { name: name("new"), old: None, new: Some(ONE) },
            ])
        );
        let deleted = apply(&[edit("main", Expected::from(Some(ONE)), None)]);
        assert_eq!(deleted, Ok(vec![RefChange { name: name("main"), old: Some(ONE), new: None }]));
    }

    #[test]
    fn a_moved_ref_is_a_conflict_that_says_both_values() {
        for (short, expected, found) in [
            ("main", Expected::MustBe(TWO), Some(ONE)),
            ("main", Expected::MustNotExist, Some(ONE)),
            ("new", Expected::MustBe(ONE), None),
        ] {
            let conflict =
                apply(&[edit("other", Expected::Any, Some(ONE)), edit(short, expected, Some(TWO))]);
            assert_eq!(conflict, Err(EditError::Conflict { name: name(short), expected, found }));
        }
        let error = apply(&[edit("main", Expected::MustBe(TWO), None)]).expect_err("a conflict");
        assert_eq!(error.to_string(), "heads/main is 0101010101, where 0202020202 was expected");
    }

    #[test]
    fn one_ref_is_edited_once() {
        let twice = [edit("main", Expected::Any, None), edit("main", Expected::Any, Some(TWO))];
        assert_eq!(apply(&twice), Err(EditError::Twice(name("main"))));
    }

    #[test]
    fn a_failed_lookup_is_passed_on() {
        let failed = apply_edits(&[edit("main", Expected::Any, None)], |_| Err(std::fmt::Error));
        assert_eq!(failed, Err(EditError::Lookup { name: name("main"), source: std::fmt::Error }));
    }
}
