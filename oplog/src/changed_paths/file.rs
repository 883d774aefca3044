//! A file of commits with the paths that they changed. Derived, memory-mapped, safe to delete; never changed under its name.
//!
//! ```text
//! head    "PONDPATH", version u32, zero u32, numbers of commits, comparisons, comparisons with many changes, blocks and
//!         parents outside u64 each, bytes of names u64, sum of the file below (32 bytes, zeros: none),
//!         ends of the 256 buckets u32 each, sum of every other byte (32 bytes)
//! ids     32 bytes each, sorted
//! outside 32 bytes each: parents that are no commits of this file
//! times   commit times i64 each, in seconds since 1970, by place
//! order   the place of each sorted id u32 each
//! ranks   where the id of each place is u32 each
//! ends    where the comparisons of each place end u32 each
//! parents of each comparison u32: a place; with the highest bit, a number of those outside; all bits: none
//! many    comparisons with too many changes u32 each
//! blocks  where each block of names begins u32 each
//! names   see below
//! ```
//!
//! The names are paths with what stands there, in order: number of bytes shared with the path before (0 for each sixteenth,
//! where a block begins), number and bytes of the rest, a byte (1: a directory before or after, 2: anything else), number of bytes of the list that follows,
//! and in that the comparisons in which it changed, each as the difference from the one before. These numbers have seven bits a
//! byte, the lowest first, the highest bit set in all bytes but the last.
//!
//! Other numbers are those of [`crate::cache_bytes`]; sums are whole BLAKE3 hashes.

use std::ops::Range;
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use pond_objects::{Link, ObjectId};

use super::contents::comparisons;
use super::names::Names;
use crate::cache_bytes::{open_mapped, u32_at, u64_at};
use crate::sorted_ids::{ENDS_SIZE, ID_SIZE, SortedIds};

/// What the names of these files end with.
pub(super) const EXTENSION: &str = "paths";
/// A parent that is no commit of the file.
pub(super) const OUTSIDE: u32 = 1 << 31;
/// In the place of a parent where there is none.
pub(super) const NONE: u32 = u32::MAX;

const MAGIC: &[u8; 8] = b"PONDPATH";
const VERSION: u32 = 1;
const COUNTS: usize = 16;
const BELOW: usize = COUNTS + 8 * 6;
const BUCKETS: usize = BELOW + ID_SIZE;
const SUM: usize = BUCKETS + ENDS_SIZE;
const HEAD: usize = SUM + ID_SIZE;

/// What a file is made of.
pub(super) struct Parts<'a> {
    pub(super) below: ObjectId,
    pub(super) commits: &'a [(ObjectId, Link)],
    pub(super) order: &'a [u32],
    pub(super) parents: &'a [u32],
    pub(super) many: &'a [u32],
    pub(super) blocks: &'a [u32],
    pub(super) outside: &'a [ObjectId],
    pub(super) names: &'a [u8],
}

/// An open file.
pub(super) struct PathFile {
    path: PathBuf,
    map: Mmap,
    layout: Layout,
}

impl PathFile {
    /// Opens a file; `None` if it is gone, damaged or of another version.
    pub(super) fn open(path: &Path) -> Option<Self> {
        let map = open_mapped(path, MAGIC, VERSION, HEAD)?;
        let count = |number: usize| usize::try_from(u64_at(&map, COUNTS + 8 * number)).ok();
        let layout = Layout::new([count(0)?, count(1)?, count(2)?, count(3)?, count(4)?, count(5)?])?;
        if layout.end != map.len() || own_sum(&map).as_bytes()[..] != map[SUM..HEAD] {
            return None;
        }
        let this = Self { path: path.to_owned(), map, layout };
        this.is_whole().then_some(this)
    }

    /// Whether all numbers are of something that is there.
    fn is_whole(&self) -> bool {
        let Layout { commits, comparisons, blocks_len, outside_len, .. } = self.layout;
        let all_below = |from: usize, count: usize, end: usize| {
            (0..count).all(|at| (u32_at(&self.map, from + 4 * at) as usize) < end)
        };
        let is_parent = |number: u32| match number & OUTSIDE {
            0 => (number as usize) < commits,
            _ => number == NONE || ((number & !OUTSIDE) as usize) < outside_len,
        };
        let ends = (0..commits).map(|at| self.end(at));
        self.ids().is_whole()
            && ends.clone().is_sorted_by(|one, other| one < other)
            && ends.clone().next() != Some(0)
            && ends.clone().next_back().unwrap_or(0) == comparisons
            && all_below(self.layout.order, commits, commits)
            && all_below(self.layout.ranks, commits, commits)
            && all_below(self.layout.many, self.layout.many_len, comparisons)
            && all_below(self.layout.blocks, blocks_len, self.names().len())
            && (0..comparisons).all(|number| is_parent(self.parent(number)))
    }

    pub(super) fn path(&self) -> &PathBuf {
        &self.path
    }

    /// Its checksum, which the file above it names.
    pub(super) fn sum(&self) -> ObjectId {
        self.id_at(SUM)
    }

    /// The checksum of the file that it stands on; zeros if there is none.
    pub(super) fn below(&self) -> ObjectId {
        self.id_at(BELOW)
    }

    fn id_at(&self, at: usize) -> ObjectId {
        ObjectId::from_slice(&self.map[at..at + ID_SIZE]).expect("BUG: an id has 32 bytes")
    }

    /// Commits in it.
    pub(super) fn len(&self) -> usize {
        self.layout.commits
    }

    /// Comparisons of all of them.
    pub(super) fn comparisons_len(&self) -> usize {
        self.layout.comparisons
    }

    fn ids(&self) -> SortedIds<'_> {
        SortedIds::new(&self.map[BUCKETS..SUM], &self.map[HEAD..self.layout.outside])
    }

    /// The place of a commit.
    pub(super) fn position(&self, id: &ObjectId) -> Option<usize> {
        self.ids().position(id).map(|rank| u32_at(&self.map, self.layout.order + 4 * rank) as usize)
    }

    /// The commit at a place.
    pub(super) fn id(&self, place: usize) -> ObjectId {
        self.ids().get(u32_at(&self.map, self.layout.ranks + 4 * place) as usize)
    }

    /// When the commit at a place was made.
    pub(super) fn seconds(&self, place: usize) -> i64 {
        u64_at(&self.map, self.layout.times + 8 * place) as i64
    }

    fn end(&self, place: usize) -> usize {
        u32_at(&self.map, self.layout.ends + 4 * place) as usize
    }

    /// The comparisons of the commit at a place.
    pub(super) fn comparisons_of(&self, place: usize) -> Range<usize> {
        let start = if place == 0 { 0 } else { self.end(place - 1) };
        start..self.end(place)
    }

    /// What a comparison is with: a place, [`OUTSIDE`] with a number, or [`NONE`].
    pub(super) fn parent(&self, comparison: usize) -> u32 {
        u32_at(&self.map, self.layout.parents + 4 * comparison)
    }

    /// A commit outside by its number.
    pub(super) fn outside(&self, number: u32) -> ObjectId {
        self.id_at(self.layout.outside + ID_SIZE * number as usize)
    }

    /// The place in history of the commit at a place.
    pub(super) fn link(&self, place: usize) -> Link {
        let parents = self.comparisons_of(place).filter_map(|number| match self.parent(number) {
            NONE => None,
            parent if parent & OUTSIDE != 0 => Some(self.outside(parent & !OUTSIDE)),
            parent => Some(self.id(parent as usize)),
        });
        Link { seconds: self.seconds(place), parents: parents.collect() }
    }

    /// Comparisons with too many changes.
    pub(super) fn many(&self) -> impl Iterator<Item = u32> {
        (0..self.layout.many_len).map(|at| u32_at(&self.map, self.layout.many + 4 * at))
    }

    /// All names.
    pub(super) fn names(&self) -> &[u8] {
        &self.map[self.layout.names..]
    }

    /// The names from the last block that begins before `prefix`; `None` if the bytes are no names.
    pub(super) fn names_from(&self, prefix: &[u8]) -> Option<&[u8]> {
        let block = |at: usize| &self.names()[u32_at(&self.map, self.layout.blocks + 4 * at) as usize..];
        let (mut low, mut high) = (0, self.layout.blocks_len);
        while low < high {
            let middle = low + (high - low) / 2;
            let mut names = Names::new(block(middle));
            if !names.advance()? {
                return None;
            }
            if names.path.as_slice() < prefix { low = middle + 1 } else { high = middle }
        }
        Some(if self.layout.blocks_len == 0 { &[] } else { block(low.saturating_sub(1)) })
    }
}

/// Where the parts of a file are.
#[derive(Clone, Copy)]
struct Layout {
    commits: usize,
    comparisons: usize,
    many_len: usize,
    blocks_len: usize,
    outside_len: usize,
    outside: usize,
    times: usize,
    order: usize,
    ranks: usize,
    ends: usize,
    parents: usize,
    many: usize,
    blocks: usize,
    names: usize,
    end: usize,
}

impl Layout {
    /// Of the numbers in the head; `None` for numbers that no file can have.
    fn new(counts: [usize; 6]) -> Option<Self> {
        let [commits, comparisons, many_len, blocks_len, outside_len, names_len] = counts;
        if counts.iter().any(|count| *count >= OUTSIDE as usize) {
            return None;
        }
        let outside = HEAD.checked_add(ID_SIZE.checked_mul(commits)?)?;
        let times = outside.checked_add(ID_SIZE.checked_mul(outside_len)?)?;
        let order = times.checked_add(commits.checked_mul(8)?)?;
        let numbers = |from: usize, count: usize| from.checked_add(count.checked_mul(4)?);
        let ranks = numbers(order, commits)?;
        let ends = numbers(ranks, commits)?;
        let parents = numbers(ends, commits)?;
        let many = numbers(parents, comparisons)?;
        let blocks = numbers(many, many_len)?;
        let names = numbers(blocks, blocks_len)?;
        let end = names.checked_add(names_len)?;
        Some(Self {
            commits,
            comparisons,
            many_len,
            blocks_len,
            outside_len,
            outside,
            times,
            order,
            ranks,
            ends,
            parents,
            many,
            blocks,
            names,
            end,
        })
    }
}

/// The bytes of a file; `None` if it would be too large.
pub(super) fn encode(parts: &Parts<'_>) -> Option<Vec<u8>> {
    let Parts { below, commits, order, parents, many, blocks, outside, names } = parts;
    let counts = [commits.len(), parents.len(), many.len(), blocks.len(), outside.len(), names.len()];
    let layout = Layout::new(counts)?;
    let mut bytes = Vec::with_capacity(layout.end);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    counts.iter().for_each(|count| bytes.extend_from_slice(&(*count as u64).to_le_bytes()));
    bytes.extend_from_slice(below.as_bytes());
    let sorted = || order.iter().map(|place| &commits[*place as usize].0);
    bytes.extend_from_slice(&SortedIds::ends_of(sorted()));
    bytes.resize(HEAD, 0);
    sorted().chain(outside.iter()).for_each(|id| bytes.extend_from_slice(id.as_bytes()));
    commits.iter().for_each(|(_, link)| bytes.extend_from_slice(&link.seconds.to_le_bytes()));
    let mut ranks = vec![0; commits.len()];
    order.iter().zip(0..).for_each(|(place, rank)| ranks[*place as usize] = rank);
    let mut end = 0;
    let ends: Vec<u32> = commits
        .iter()
        .map(|(_, link)| {
            end += comparisons(link) as u32;
            end
        })
        .collect();
    for numbers in [order, &ranks[..], &ends[..], parents, many, blocks] {
        numbers.iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()));
    }
    bytes.extend_from_slice(names);
    let sum = own_sum(&bytes);
    bytes[SUM..HEAD].copy_from_slice(sum.as_bytes());
    Some(bytes)
}

/// The checksum of a file: of all but its own place.
fn own_sum(bytes: &[u8]) -> ObjectId {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&bytes[..SUM]);
    hasher.update(&bytes[HEAD..]);
    ObjectId::from_bytes(*hasher.finalize().as_bytes())
}
