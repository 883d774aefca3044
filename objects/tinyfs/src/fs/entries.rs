//! What is in a directory.

use std::collections::VecDeque;

use bstr::{BString, ByteSlice as _};
use pond_objects::{Kind, ObjectId, Side};

use crate::error::FsError;
use crate::fs::FS;
use crate::fs::resolve::{At, Last, joined};
use crate::state::Child;

/// Entries that are read at once.
const AT_ONCE: usize = 512;

/// An entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirEntry {
    /// The name.
    pub name: BString,
    /// What it is.
    pub kind: Kind,
    /// Bytes: of a file's content, of a symlink's target, of all that is below a directory.
    pub size: u64,
    /// The id of its content; `None` where that is not stored as it is.
    pub id: Option<ObjectId>,
}

/// The entries of a directory, in order of their names. A few hundred are in memory at a time: changes that are made while it
/// is read may or may not be seen.
pub struct List<'f, 'a> {
    fs: &'f FS<'a>,
    names: Vec<BString>,
    /// From where to go on; `None` at the end.
    next: Option<BString>,
    read: VecDeque<DirEntry>,
}

impl<'f, 'a> List<'f, 'a> {
    /// Of the directory with these names.
    pub(crate) fn new(fs: &'f FS<'a>, names: Vec<BString>) -> Self {
        Self { fs, names, next: Some(BString::default()), read: VecDeque::new() }
    }

    fn fill(&mut self, from: BString) -> Result<(), FsError> {
        let fs = self.fs;
        let path = joined(&self.names);
        let (read, next) = fs.with(&[], &path, Last::Keep, |found| match found.at {
            None => Err(FsError::NotFound(path.clone())),
            Some(At::Stored(Side { kind: Kind::Directory, id, .. })) => {
                let entries = fs.layer().entries(&id, from.as_bstr(), AT_ONCE)?;
                let last = entries.last().filter(|_| entries.len() == AT_ONCE);
                let next = last.map(|entry| [entry.name.as_slice(), b"\0"].concat().into());
                let entries = entries.into_iter().map(|entry| DirEntry {
                    name: entry.name,
                    kind: entry.kind,
                    size: entry.size,
                    id: Some(entry.id),
                });
                Ok((entries.collect(), next))
            }
            Some(At::Changed(directory)) => {
                let (entries, next) = directory.page(fs.layer(), from.as_bstr(), AT_ONCE)?;
                let entries = entries.into_iter().map(|(name, child)| of_child(fs, name, child));
                Ok((entries.collect::<Result<_, _>>()?, next))
            }
            Some(At::Dynamic(directory)) => {
                let mut entries = VecDeque::new();
                for name in directory.names()? {
                    // One that goes between the two looks is none.
                    let child = [path.as_slice(), name.as_slice()].join(&b"/"[..]);
                    let found = fs.with(&[], &child, Last::Keep, |found| {
                        found.at.map(|at| crate::NodePath::new(fs, found.names, &at)).transpose()
                    })?;
                    entries.extend(found.map(|found| DirEntry {
                        name,
                        kind: found.node().kind(),
                        size: found.node().size(),
                        id: found.node().id(),
                    }));
                }
                Ok((entries, None))
            }
            Some(_) => Err(FsError::NotADirectory(path.clone())),
        })?;
        (self.read, self.next) = (read, next);
        Ok(())
    }
}

fn of_child(fs: &FS<'_>, name: BString, child: Child<'_>) -> Result<DirEntry, FsError> {
    Ok(match child {
        Child::Stored(Side { kind, id, size }) => DirEntry { name, kind, size, id: Some(id) },
        Child::Changed(directory) => DirEntry {
            name,
            kind: Kind::Directory,
            size: directory.size(fs.layer())?,
            id: directory.stored().map(|side| side.id),
        },
    })
}

impl Iterator for List<'_, '_> {
    type Item = Result<DirEntry, FsError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(entry) = self.read.pop_front() {
                return Some(Ok(entry));
            }
            let from = self.next.take()?;
            if let Err(error) = self.fill(from) {
                return Some(Err(error));
            }
        }
    }
}
