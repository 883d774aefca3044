//! The name that is nearest to a commit.

use pond_objects::{ObjectId, ObjectSource, ReadError};

use crate::describe::names::{Name, Names};
use crate::walk::{Walk, WalkOptions};

/// The name that describes a commit.
#[derive(Debug, Clone, Copy)]
pub struct Described<'n> {
    /// The name.
    pub name: &'n Name,
    /// How many commits the described one has more.
    pub distance: usize,
}

/// The nearest of the first `candidates` names that one meets on the way back; `None` if none is met. The commit's own name
/// comes before all others, even if there are no candidates.
///
/// # Errors
/// Those of reading the commits.
pub fn nearest<'n>(
    source: &dyn ObjectSource,
    names: &'n Names,
    commit: ObjectId,
    candidates: usize,
    options: WalkOptions,
) -> Result<Option<Described<'n>>, ReadError> {
    if let Some(name) = names.of(&commit) {
        return Ok(Some(Described { name, distance: 0 }));
    }
    if candidates == 0 {
        return Ok(None);
    }
    let mut best: Option<Described<'n>> = None;
    let mut met = 0;
    for found in Walk::new(source, &[commit], &[], options)? {
        let tagged = found?.0;
        let Some(name) = names.of(&tagged) else { continue };
        let mut distance = 0;
        for more in Walk::new(source, &[commit], &[tagged], options)? {
            more?;
            distance += 1;
        }
        if best.as_ref().is_none_or(|best| distance < best.distance) {
            best = Some(Described { name, distance });
        }
        met += 1;
        if met == candidates {
            break;
        }
    }
    Ok(best)
}
