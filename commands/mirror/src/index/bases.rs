//! What another commit has at some paths: the base of the rows there from now on.

use std::collections::BTreeMap;

use bstr::{BStr, BString};
use pond_objects::{Side, path_order};

use super::{Base, Row, Seen};

/// Those paths in order, with what the commit has; `None` where it has nothing.
#[derive(Debug, Default)]
pub struct Bases {
    sides: Vec<(BString, Option<Side>)>,
    /// How many have been passed.
    passed: usize,
}

impl From<BTreeMap<BString, Option<Side>>> for Bases {
    fn from(sides: BTreeMap<BString, Option<Side>>) -> Self {
        let mut sides: Vec<_> = sides.into_iter().collect();
        sides.sort_unstable_by(|(left, _), (right, _)| path_order(left, right));
        Self { sides, passed: 0 }
    }
}

impl Bases {
    /// The first path that has not been passed.
    pub(super) fn next(&self) -> Option<&BStr> {
        self.sides.get(self.passed).map(|(path, _)| path.as_ref())
    }

    /// Passes the paths before `path`, or all of them, and gives the first to which the commit has something.
    pub(super) fn gone_before(&mut self, path: Option<&[u8]>) -> Option<(BString, Row)> {
        loop {
            let (next, side) = self.sides.get(self.passed)?;
            if path.is_some_and(|path| path_order(next, path).is_ge()) {
                return None;
            }
            self.passed += 1;
            let row = side.and_then(|side| Row::unchanged(side, Seen::NEVER).deleted());
            if let Some(row) = row {
                return Some((next.clone(), row));
            }
        }
    }

    /// The row at `path` on the commit, if something is known of it there: inside, `None` where neither has anything.
    pub(super) fn at(&mut self, path: &[u8], row: &Row) -> Option<Option<Row>> {
        let (_, side) = self.sides.get(self.passed).filter(|(next, _)| next == path)?;
        self.passed += 1;
        Some(row.on(*side))
    }
}

impl Row {
    /// The row on a commit that has `side` at its path; `None` where neither has anything.
    pub fn on(&self, side: Option<Side>) -> Option<Self> {
        Some(match (self.staged, side) {
            (None, None) => return None,
            (None, Some(side)) => Self { base: Base::Other(side), ..*self },
            (Some(_), None) => Self { base: Base::Nothing, ..*self },
            (Some(staged), Some(side)) if staged == side => Self { base: Base::Same, node: None, ..*self },
            (Some(_), Some(side)) => Self { base: Base::Other(side), ..*self },
        })
    }
}
