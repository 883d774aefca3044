//! What is on the host: every file, symlink and empty directory of the mirror, in the order of the index.
//!
//! The walk is parallel over directories. It follows no symlink, also not one that takes a directory's place while it
//! runs, and it enters another pond only for what the index has below it, as git enters a repository that came where it had
//! tracked files before. What it cannot say anything about (a directory that cannot be read, a pond in the mirror) is in the
//! list as [`Host::Held`]: whoever compares must not
//! take what was there for deleted. Errors on single paths are collected; only the root's is one of the walk.

pub mod host;
pub mod nested;
#[cfg(test)]
mod tests;
mod visit;

use pond_objects::path_order;
use std::io;
use std::path::Path;

use bstr::{BStr, BString, ByteSlice};

use crate::host::ignore::Ignore;
use crate::index::Index;
use crate::stat::Stat;
use pond_objects::pathspec::Pathspecs;

/// How much of what is not tracked is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Untracked {
    /// Nothing (`-uno`); directories without tracked files are not looked into.
    No,
    /// A directory without tracked files stands for all that is in it (`-unormal`).
    #[default]
    Normal,
    /// Every file (`-uall`).
    All,
    /// Every file, those in ponds of their own too: for commands that write, and want to know what is in their way.
    Everything,
}

/// What a walk looks for.
#[derive(Debug, Clone, Copy)]
pub struct WalkOptions<'a> {
    /// The mirror's rules.
    pub ignore: &'a Ignore,
    /// What is tracked, and so never ignored; without an index nothing is, and nothing is collapsed either.
    pub index: Option<&'a Index>,
    /// The paths that matter.
    pub pathspecs: Option<&'a Pathspecs>,
    /// How much of the rest.
    pub untracked: Untracked,
    /// Whether the names of what is ignored are collected.
    pub ignored: bool,
}

/// What the walk found at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// A file or a symlink.
    File(Stat),
    /// A directory with nothing in it.
    EmptyDir,
    /// A directory with only ignored things in it, or such as the pathspecs leave out.
    HollowDir,
    /// An untracked directory that was not listed, but has something to version in it.
    CollapsedDir,
    /// A fifo, a socket or a device: it has no content to version.
    Special(Stat),
    /// Something that nothing can be said of, nor of what is tracked below it.
    Held,
}

/// What a walk found.
#[derive(Debug, Default)]
pub struct Walk {
    listings: Vec<Listing>,
    /// Ignored paths, directories with a `/` at their end and as one; empty unless asked for.
    pub ignored: Vec<BString>,
    /// Directories below collapsed ones that have something to version directly in them; where ignored paths are asked for.
    pub holding: Vec<BString>,
    /// Temporaries of commands that held the mirror's lock, where it was looked for all that is in a directory.
    pub temporaries: Vec<BString>,
    /// Directories that are ponds of their own, and were not looked into.
    pub nested: Vec<BString>,
    /// What pond never removes, below the root: `.git` and `.pond`.
    pub immovable: Vec<BString>,
    /// Fifos, sockets and devices, with the word for each.
    pub special: Vec<(BString, &'static str)>,
    /// What the system did not let us look at.
    pub unreadable: Vec<(BString, io::Error)>,
}

/// One directory.
#[derive(Debug, Default)]
struct Listing {
    names: Vec<u8>,
    children: Vec<Child>,
    state: DirState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum DirState {
    /// It was there when its parent was read, and then no longer.
    #[default]
    Gone,
    Full,
    Is(Host),
}

#[derive(Debug)]
struct Child {
    name_at: u32,
    name_len: u32,
    what: ChildKind,
}

#[derive(Debug)]
enum ChildKind {
    Is(Host),
    /// The number of a directory's listing.
    Dir(usize),
}

/// Walks the mirror at `mirror`. An error is the root's own: it is missing, or cannot be read.
pub fn walk(mirror: &Path, options: WalkOptions<'_>) -> io::Result<Walk> {
    let mut walk = visit::run(mirror, options)?;
    walk.ignored.sort_unstable_by(|left, right| path_order(left, right));
    walk.holding.sort_unstable_by(|left, right| path_order(left, right));
    walk.nested.sort_unstable_by(|left, right| path_order(left, right));
    walk.special.sort_unstable_by(|left, right| path_order(&left.0, &right.0));
    walk.unreadable.sort_by(|left, right| path_order(&left.0, &right.0));
    Ok(walk)
}

impl Listing {
    fn push(&mut self, name: &[u8], what: ChildKind) {
        let name_at = u32::try_from(self.names.len()).expect("BUG: the names of one directory take 4 GB");
        self.names.extend_from_slice(name);
        self.children.push(Child { name_at, name_len: name.len() as u32, what });
    }

    fn name(&self, child: &Child) -> &[u8] {
        &self.names[child.name_at as usize..][..child.name_len as usize]
    }

    fn sort(&mut self) {
        let names = &self.names;
        let name = |child: &Child| &names[child.name_at as usize..][..child.name_len as usize];
        self.children.sort_unstable_by(|left, right| name(left).cmp(name(right)));
    }
}

impl Walk {
    /// Goes through what was found in order, without a copy of every path. What it has passed is given up: a million files
    /// may be there, and the caller makes something of each.
    pub fn cursor(&mut self) -> Cursor<'_> {
        Cursor { walk: self, stack: vec![(0, 0)], path: BString::default(), lengths: vec![0] }
    }

    /// All that was found in order.
    #[cfg(test)]
    pub fn entries(&mut self) -> Vec<(BString, Host)> {
        let mut entries = Vec::new();
        let mut cursor = self.cursor();
        while let Some((path, host)) = cursor.advance() {
            entries.push((path.into(), host));
        }
        entries
    }
}

/// See [`Walk::cursor`].
#[derive(Debug)]
pub struct Cursor<'a> {
    walk: &'a mut Walk,
    /// The directories that it is in: the listing of each, and the next child.
    stack: Vec<(usize, usize)>,
    path: BString,
    /// The bytes of the path of each of them.
    lengths: Vec<usize>,
}

impl Cursor<'_> {
    /// The next path, in the order of the index.
    pub fn advance(&mut self) -> Option<(&BStr, Host)> {
        loop {
            let (number, next) = self.stack.last_mut()?;
            let listing = self.walk.listings.get(*number)?;
            let Some(child) = listing.children.get(*next) else {
                self.walk.listings[*number] = Listing::default();
                self.stack.pop();
                self.lengths.pop();
                continue;
            };
            *next += 1;
            let length = self.lengths.last().copied().unwrap_or(0);
            self.path.truncate(length);
            if length > 0 {
                self.path.push(b'/');
            }
            self.path.extend_from_slice(listing.name(child));
            match child.what {
                ChildKind::Is(host) => return Some((self.path.as_bstr(), host)),
                ChildKind::Dir(number) => match self.walk.listings[number].state {
                    DirState::Gone => {}
                    DirState::Is(host) => return Some((self.path.as_bstr(), host)),
                    DirState::Full => {
                        self.stack.push((number, 0));
                        self.lengths.push(self.path.len());
                    }
                },
            }
        }
    }
}
