//! What is asked of a comparison.

use bstr::BStr;
use pond_objects::rename::{RenameOptions, find_renames};
use pond_objects::{Change, Side};

use crate::diff::letter::status_letter;

/// What is made of the paths that differ.
#[derive(Clone, Debug, Default)]
pub struct DiffRequest {
    /// How renames are looked for; `None` for not at all.
    pub renames: Option<RenameOptions>,
    /// Which changes are wanted.
    pub kinds: KindFilter,
}

impl DiffRequest {
    /// Finds the renames among changes. `content` reads a side.
    pub fn with_renames(
        &self,
        changes: Vec<Change>,
        content: &mut dyn FnMut(&BStr, &Side) -> Option<Vec<u8>>,
    ) -> Vec<Change> {
        match self.renames {
            Some(options) => find_renames(changes, options, content),
            None => changes,
        }
    }
}

/// Kinds of changes that are wanted, as letters.
#[derive(Clone, Debug, Default)]
pub struct KindFilter {
    /// `None` takes every change.
    letters: Option<String>,
}

/// A letter that stands for no kind of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind of change '{0}'")]
pub struct UnknownKind(pub char);

impl KindFilter {
    /// Takes the kinds whose [letters](status_letter) are named, or all but those whose letters are named in lower case.
    ///
    /// # Errors
    /// A letter that stands for no kind.
    pub fn new(letters: &str) -> Result<Self, UnknownKind> {
        match letters.chars().find(|c| !"ADMRTU".contains(c.to_ascii_uppercase())) {
            Some(unknown) => Err(UnknownKind(unknown)),
            None => Ok(Self { letters: Some(letters.to_owned()) }),
        }
    }

    /// Takes out the changes that are not wanted.
    pub fn apply(&self, changes: &mut Vec<Change>) {
        let Some(letters) = &self.letters else { return };
        let wants_some = letters.chars().any(|c| c.is_ascii_uppercase());
        changes.retain(|change| {
            let letter = status_letter(change);
            !letters.contains(letter.to_ascii_lowercase()) && (!wants_some || letters.contains(letter))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pond_objects::{Kind, ObjectId};

    #[test]
    fn a_filter_takes_and_leaves_out() {
        let side = |byte| Some(Side { kind: Kind::File, id: ObjectId::from_bytes([byte; 32]), size: 1 });
        let all = || {
            vec![
                Change::at("a".into(), None, side(1)),
                Change::at("d".into(), side(1), None),
                Change::at("m".into(), side(1), side(2)),
            ]
        };
        let left = |letters: &str| {
            let mut changes = all();
            KindFilter::new(letters).map(|filter| {
                filter.apply(&mut changes);
                changes.iter().map(|change| change.path.to_string()).collect::<String>()
            })
        };
        assert_eq!(left("A").as_deref(), Ok("a"));
        assert_eq!(left("AM").as_deref(), Ok("am"));
        assert_eq!(left("d").as_deref(), Ok("am"));
        assert_eq!(left("Q").as_deref(), Err(&UnknownKind('Q')));
    }
}
