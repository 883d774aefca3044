//! A file of parents and times of commits. Derived, memory-mapped, safe to delete; never changed under its name.
//!
//! ```text
//! head    "PONDLINK", version u32, zero u32, commits u64, parents of all u64,
//!         ends of the 256 buckets u32 each, sum of every other byte u64
//! ids     32 bytes each, sorted
//! times   commit times i64 each, in seconds since 1970
//! ends    where the parents of each end u32 each, counted in ids; zeros up to a multiple of 8
//! parents 32 bytes each
//! ```
//!
//! Numbers and the sum are those of [`crate::cache_bytes`].

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use pond_objects::{Link, ObjectId};

use crate::cache_bytes::{open_mapped, sum, u32_at, u64_at};
use crate::sorted_ids::{ENDS_SIZE, ID_SIZE, SortedIds};

/// What the names of these files end with.
pub(super) const EXTENSION: &str = "links";

const MAGIC: &[u8; 8] = b"PONDLINK";
const VERSION: u32 = 1;
const BUCKETS: usize = 32;
const SUM: usize = BUCKETS + ENDS_SIZE;
const HEAD: usize = SUM + 8;

/// An open file.
pub(super) struct LinkFile {
    path: PathBuf,
    map: Mmap,
    layout: Layout,
}

impl LinkFile {
    /// Opens a file; `None` if it is gone, damaged or of another version.
    pub(super) fn open(path: &Path) -> Option<Self> {
        let map = open_mapped(path, MAGIC, VERSION, HEAD)?;
        let count = |at| usize::try_from(u64_at(&map, at)).ok();
        let layout = Layout::new(count(16)?, count(24)?)?;
        if layout.end != map.len() || own_sum(&map) != u64_at(&map, SUM) {
            return None;
        }
        let this = Self { path: path.to_owned(), map, layout };
        let mut ends = (0..layout.commits).map(|at| this.parents_end(at));
        let has_all = ends.clone().is_sorted() && ends.next_back().unwrap_or(0) == layout.parents_len;
        (this.ids().is_whole() && has_all).then_some(this)
    }

    pub(super) fn path(&self) -> &PathBuf {
        &self.path
    }

    /// Commits in it.
    pub(super) fn len(&self) -> usize {
        self.layout.commits
    }

    /// What it knows of a commit.
    pub(super) fn link(&self, id: &ObjectId) -> Option<Link> {
        self.ids().position(id).map(|at| self.link_at(at))
    }

    /// Everything in it, in the order of ids.
    pub(super) fn links(&self) -> impl Iterator<Item = (ObjectId, Link)> {
        (0..self.layout.commits).map(|at| (self.ids().get(at), self.link_at(at)))
    }

    fn ids(&self) -> SortedIds<'_> {
        SortedIds::new(&self.map[BUCKETS..SUM], &self.map[HEAD..self.layout.times])
    }

    fn parents_end(&self, at: usize) -> usize {
        u32_at(&self.map, self.layout.ends + 4 * at) as usize
    }

    fn link_at(&self, at: usize) -> Link {
        let first = if at == 0 { 0 } else { self.parents_end(at - 1) };
        let at_parents = |number: usize| self.layout.parents + ID_SIZE * number;
        let parents = &self.map[at_parents(first)..at_parents(self.parents_end(at))];
        Link {
            seconds: u64_at(&self.map, self.layout.times + 8 * at) as i64,
            parents: parents.chunks_exact(ID_SIZE).filter_map(ObjectId::from_slice).collect(),
        }
    }
}

/// Where the parts of a file are.
#[derive(Clone, Copy)]
struct Layout {
    commits: usize,
    parents_len: usize,
    times: usize,
    ends: usize,
    parents: usize,
    end: usize,
}

impl Layout {
    /// None for numbers that no file can have.
    fn new(commits: usize, parents_len: usize) -> Option<Self> {
        if u32::try_from(commits).is_err() || u32::try_from(parents_len).is_err() {
            return None;
        }
        let times = HEAD.checked_add(ID_SIZE.checked_mul(commits)?)?;
        let ends = times.checked_add(commits.checked_mul(8)?)?;
        let parents = ends.checked_add(commits.checked_mul(4)?)?.checked_next_multiple_of(8)?;
        let end = parents.checked_add(ID_SIZE.checked_mul(parents_len)?)?;
        Some(Self { commits, parents_len, times, ends, parents, end })
    }
}

/// Writes a file of these commits, each once, into the directory, under a name of its content, and gives its path. It is
/// not made durable: it can be learnt anew, and damage is noticed. A failed call leaves no file.
pub(super) fn write(dir: &Path, mut links: Vec<(ObjectId, Link)>) -> io::Result<PathBuf> {
    links.sort_unstable_by_key(|(id, _)| *id);
    links.dedup_by_key(|(id, _)| *id);
    let parents_len = links.iter().map(|(_, link)| link.parents.len()).sum();
    let too_many = || io::Error::other("too many commits for one file");
    let layout = Layout::new(links.len(), parents_len).ok_or_else(too_many)?;
    let mut bytes = Vec::with_capacity(layout.end);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    for count in [layout.commits, parents_len] {
        bytes.extend_from_slice(&(count as u64).to_le_bytes());
    }
    bytes.extend_from_slice(&SortedIds::ends_of(links.iter().map(|(id, _)| id)));
    bytes.extend_from_slice(&[0; 8]);
    links.iter().for_each(|(id, _)| bytes.extend_from_slice(id.as_bytes()));
    links.iter().for_each(|(_, link)| bytes.extend_from_slice(&link.seconds.to_le_bytes()));
    let mut end = 0_u32;
    for (_, link) in &links {
        end += link.parents.len() as u32;
        bytes.extend_from_slice(&end.to_le_bytes());
    }
    bytes.resize(layout.parents, 0);
    let parents = links.iter().flat_map(|(_, link)| &link.parents);
    parents.for_each(|parent| bytes.extend_from_slice(parent.as_bytes()));
    let sum = own_sum(&bytes);
    bytes[SUM..HEAD].copy_from_slice(&sum.to_le_bytes());
    let path = dir.join(format!("{}.{EXTENSION}", ObjectId::of_content(&bytes)));
    pond_durable::create_derived_dir(dir)?;
    let mut temp = pond_durable::temporary_in(dir)?;
    temp.write_all(&bytes)?;
    temp.persist(&path)?;
    Ok(path)
}

/// The checksum of a file: of all but its own place.
fn own_sum(bytes: &[u8]) -> u64 {
    sum(&[&bytes[..SUM], &bytes[HEAD..]])
}
