//! Everything below a directory.

use bstr::BString;
use pond_objects::Kind;

use crate::error::FsError;
use crate::fs::FS;
use crate::fs::entries::{DirEntry, List};
use crate::fs::resolve::joined;

/// An entry that a walk came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walked {
    /// Its path, in normal form.
    pub path: BString,
    /// The entry.
    pub entry: DirEntry,
}

/// A walk through all that is below a directory. In memory are a few hundred entries of each directory on the way.
pub struct Walk<'f, 'a> {
    fs: &'f FS<'a>,
    names: Vec<BString>,
    open: Vec<List<'f, 'a>>,
    /// The directory that was given last, which comes next.
    pending: Option<BString>,
}

impl<'f, 'a> Walk<'f, 'a> {
    pub(crate) fn new(fs: &'f FS<'a>, names: Vec<BString>) -> Self {
        Self { fs, open: vec![List::new(fs, names.clone())], names, pending: None }
    }

    /// Passes over what is in the directory that was given last.
    pub fn pass_over(&mut self) {
        self.pending = None;
    }
}

impl Iterator for Walk<'_, '_> {
    type Item = Result<Walked, FsError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(name) = self.pending.take() {
            self.names.push(name);
            self.open.push(List::new(self.fs, self.names.clone()));
        }
        loop {
            match self.open.last_mut()?.next() {
                Some(Ok(entry)) => {
                    self.pending = (entry.kind == Kind::Directory).then(|| entry.name.clone());
                    let path = pond_objects::name::join_path(&joined(&self.names), &entry.name);
                    return Some(Ok(Walked { path, entry }));
                }
                Some(Err(error)) => {
                    self.open.clear();
                    return Some(Err(error));
                }
                None => {
                    self.open.pop();
                    self.names.pop();
                }
            }
        }
    }
}
