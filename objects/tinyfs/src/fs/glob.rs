//! What matches a pattern.

use bstr::{BString, ByteSlice as _};
use pond_objects::Kind;
use pond_objects::wildmatch::{Stars, Wildmatch};

use crate::error::FsError;
use crate::fs::FS;
use crate::fs::walk::{Walk, Walked};

/// One name of a pattern.
enum Part {
    /// Any number of directories.
    Directories,
    Name(Wildmatch),
}

/// The entries that match a pattern.
pub struct Glob<'f, 'a> {
    walk: Walk<'f, 'a>,
    parts: Vec<Part>,
    /// Names above those of the walk.
    depth: usize,
    /// For each directory that the walk is in: which parts of the pattern may match what is in it.
    open: Vec<Vec<usize>>,
}

impl<'f, 'a> Glob<'f, 'a> {
    pub(crate) fn new(fs: &'f FS<'a>, names: Vec<BString>, pattern: &[u8]) -> Result<Self, FsError> {
        let mut parts = Vec::new();
        for name in pattern.split_str("/").filter(|name| !name.is_empty() && *name != b".") {
            parts.push(match name {
                b"**" => Part::Directories,
                name => Part::Name(
                    Wildmatch::new(b"", name, Stars::WithinNames, false)
                        .map_err(|error| FsError::Pattern { pattern: pattern.into(), error })?,
                ),
            });
        }
        // At the end it is for all that is below, not for the directory itself.
        if let Some(Part::Directories) = parts.last() {
            let any = Wildmatch::new(b"", b"*", Stars::WithinNames, false);
            parts.push(Part::Name(any.expect("BUG: a star is a pattern")));
        }
        let depth = names.len();
        let mut this = Self { walk: Walk::new(fs, names), parts, depth, open: Vec::new() };
        let first = this.with_empty(vec![0]);
        this.open.push(first);
        Ok(this)
    }

    /// The parts that come next, those behind a `**` of no directories among them.
    fn with_empty(&self, mut parts: Vec<usize>) -> Vec<usize> {
        let mut at = 0;
        while at < parts.len() {
            let part = parts[at];
            if matches!(self.parts.get(part), Some(Part::Directories)) && !parts.contains(&(part + 1)) {
                parts.push(part + 1);
            }
            at += 1;
        }
        parts
    }

    /// What may match below an entry with this name.
    fn behind(&self, parts: &[usize], name: &[u8]) -> Vec<usize> {
        let behind = parts.iter().filter_map(|part| match self.parts.get(*part)? {
            Part::Directories => Some(*part),
            Part::Name(pattern) => pattern.is_match(name).then_some(part + 1),
        });
        let mut behind: Vec<usize> = behind.collect();
        behind.sort_unstable();
        behind.dedup();
        self.with_empty(behind)
    }

    /// Whether it matches; and passes over what is in it, if nothing of that can.
    fn visit(&mut self, walked: &Walked) -> bool {
        let level = walked.path.split_str("/").count() - self.depth - 1;
        self.open.truncate(level + 1);
        let behind = self.behind(&self.open[level], &walked.entry.name);
        let is_match = behind.contains(&self.parts.len());
        match behind.iter().any(|part| *part < self.parts.len()) {
            true if walked.entry.kind == Kind::Directory => self.open.push(behind),
            _ => self.walk.pass_over(),
        }
        is_match
    }
}

impl Iterator for Glob<'_, '_> {
    type Item = Result<Walked, FsError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.walk.next()? {
                Ok(walked) if !self.visit(&walked) => {}
                found => return Some(found),
            }
        }
    }
}
