//! A chain of files as one: commits have places, and comparisons numbers, in all of them together.

use std::ops::Range;

use pond_objects::{Link, ObjectId};

use super::Sides;
use super::file::{NONE, OUTSIDE, PathFile};
use super::names::Names;

/// Commits whose changes are known.
pub struct KnownHistory {
    tiers: Vec<Tier>,
    commits: usize,
    comparisons: usize,
}

struct Tier {
    file: PathFile,
    /// The place of its first commit, and the number of its first comparison.
    place: usize,
    comparison: usize,
}

/// What a commit follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parent {
    /// A commit that is known, by its place.
    At(usize),
    /// Another one.
    Other(ObjectId),
}

impl KnownHistory {
    pub(super) fn new(files: Vec<PathFile>) -> Self {
        let (mut commits, mut comparisons) = (0, 0);
        let mut tiers = Vec::with_capacity(files.len());
        for file in files {
            let (place, comparison) = (commits, comparisons);
            commits += file.len();
            comparisons += file.comparisons_len();
            tiers.push(Tier { file, place, comparison });
        }
        Self { tiers, commits, comparisons }
    }

    /// How many commits are known: their places are the numbers below.
    pub fn len(&self) -> usize {
        self.commits
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.commits == 0
    }

    /// Comparisons of all of them, one with each parent, and one of a commit without parents.
    pub fn comparisons_len(&self) -> usize {
        self.comparisons
    }

    fn tier(&self, place: usize) -> &Tier {
        let after = self.tiers.partition_point(|tier| tier.place <= place);
        &self.tiers[after - 1]
    }

    /// The place of a commit; `None` if it is not known.
    pub fn place(&self, id: &ObjectId) -> Option<usize> {
        self.tiers.iter().find_map(|tier| Some(tier.place + tier.file.position(id)?))
    }

    /// The commit at a place.
    pub fn id(&self, place: usize) -> ObjectId {
        let tier = self.tier(place);
        tier.file.id(place - tier.place)
    }

    /// Its time, in seconds since 1970.
    pub fn seconds(&self, place: usize) -> i64 {
        let tier = self.tier(place);
        tier.file.seconds(place - tier.place)
    }

    /// Its place in history.
    pub fn link(&self, place: usize) -> Link {
        let tier = self.tier(place);
        tier.file.link(place - tier.place)
    }

    /// The numbers of its comparisons, in the order of its parents.
    pub fn comparisons(&self, place: usize) -> Range<usize> {
        let tier = self.tier(place);
        let Range { start, end } = tier.file.comparisons_of(place - tier.place);
        tier.comparison + start..tier.comparison + end
    }

    /// What it follows.
    pub fn parents(&self, place: usize) -> impl Iterator<Item = Parent> + '_ {
        let tier = self.tier(place);
        let comparisons = tier.file.comparisons_of(place - tier.place);
        comparisons.filter_map(|number| match tier.file.parent(number) {
            NONE => None,
            parent if parent & OUTSIDE == 0 => Some(Parent::At(tier.place + parent as usize)),
            parent => {
                let id = tier.file.outside(parent & !OUTSIDE);
                Some(self.place(&id).map_or(Parent::Other(id), Parent::At))
            }
        })
    }

    /// The comparisons that found too many changes to keep.
    pub fn many(&self) -> impl Iterator<Item = usize> + '_ {
        self.tiers.iter().flat_map(|tier| tier.file.many().map(|number| tier.comparison + number as usize))
    }

    /// Gives the comparisons in which a path changed that begins with `prefix` and for which `wanted` holds. A comparison
    /// may come several times. Whether all could be read: if not, nothing is known.
    pub fn each_change(
        &self,
        prefix: &[u8],
        wanted: &dyn Fn(&[u8], Sides) -> bool,
        visit: &mut dyn FnMut(usize),
    ) -> bool {
        let in_tier = |tier: &Tier, visit: &mut dyn FnMut(usize)| {
            let mut names = Names::new(tier.file.names_from(prefix)?);
            while names.advance()? {
                if !names.path.starts_with(prefix) {
                    if names.path.as_slice() > prefix {
                        break;
                    }
                    continue;
                }
                if wanted(&names.path, names.sides) {
                    names.each(&mut |number| visit(tier.comparison + number as usize))?;
                }
            }
            Some(())
        };
        self.tiers.iter().all(|tier| in_tier(tier, visit).is_some())
    }
}
