//! Which files a name in a query means.
//!
//! `REVISION:PATH` is a file of a version, `:PATH` one of the index, `:1:PATH` to `:3:PATH` a side of a conflict, anything else one of the mirror as it is now. A path with a
//! wildcard means all files that fit, unless a file has just that name. What begins with `./` is always of the mirror.

use bstr::{BString, ByteSlice as _};
use pond_objects::wildmatch::{SPECIAL, Stars, Wildmatch};
use pond_objects::{Kind, ObjectId, PathEntry, path_order, tree};
use pond_refs::{PathRoot, RevisionPath};

use crate::error::QueryError;
use crate::files::host;
use crate::history::OwnedHistory;
use crate::objects::{Content, Found, Located, walk_below};
use std::ops::ControlFlow;

/// The files that a name means: at least one.
pub(super) struct Named {
    pub(super) files: Vec<Located>,
    /// Whether they were found by wildcards.
    pub(super) is_pattern: bool,
}

/// Finds what a name means.
pub(super) fn find(history: &OwnedHistory, name: &str) -> Result<Named, QueryError> {
    let in_version = match name.starts_with("./") || name.starts_with("../") {
        true => None,
        false => RevisionPath::parse_optional(name)?,
    };
    let found = match &in_version {
        None => host::find(history, name)?,
        Some(path) => {
            let at = path.from_root(&history.directory)?;
            match &path.root {
                PathRoot::Revision(revision) => in_tree(history, &history.tree_of(revision)?, name, &at)?,
                PathRoot::Index => in_index(history, name, &at, 0)?,
                PathRoot::Stage(stage) => in_index(history, name, &at, *stage)?,
            }
        }
    };
    if found.files.is_empty() { Err(QueryError::NoFile(name.to_owned())) } else { Ok(found) }
}

/// A path that may be a pattern.
pub(super) struct Pattern {
    matcher: Wildmatch,
    /// What it begins with before the first wildcard.
    pub(super) literal: BString,
}

impl Pattern {
    /// `None` for a path without wildcards.
    pub(super) fn new(path: &[u8]) -> Result<Option<Self>, QueryError> {
        let Some(wild) = path.find_byteset(SPECIAL) else { return Ok(None) };
        let malformed = |source| QueryError::Pattern { pattern: path.to_str_lossy().into_owned(), source };
        let matcher = Wildmatch::new(b"", path, Stars::WithinNames, false).map_err(malformed)?;
        Ok(Some(Self { matcher, literal: path[..wild].into() }))
    }

    pub(super) fn fits(&self, path: &[u8]) -> bool {
        self.matcher.is_match(path)
    }
}

fn in_tree(history: &OwnedHistory, root: &ObjectId, name: &str, path: &[u8]) -> Result<Named, QueryError> {
    let store = history.store();
    if let Some(entry) = tree::find(store, root, path)? {
        return Ok(Named { files: vec![file(name, entry)?], is_pattern: false });
    }
    let mut files = Vec::new();
    let Some(pattern) = Pattern::new(path)? else { return Ok(Named { files, is_pattern: false }) };
    walk_below(store, root, &pattern.literal, &mut |found| {
        if let Found::Entry(entry) = found
            && entry.kind.is_file()
            && pattern.fits(&entry.path)
        {
            files.push(located(entry));
        }
        ControlFlow::Continue(())
    })?;
    Ok(Named { files, is_pattern: true })
}

fn in_index(history: &OwnedHistory, name: &str, path: &[u8], stage: u8) -> Result<Named, QueryError> {
    let staged = history.staged.as_ref().ok_or_else(|| QueryError::NoIndex(name.to_owned()))?;
    let mut entries = staged(stage).map_err(QueryError::Index)?;
    if let Ok(at) = entries.binary_search_by(|entry| path_order(&entry.path, path)) {
        return Ok(Named { files: vec![file(name, entries.swap_remove(at))?], is_pattern: false });
    }
    let Some(pattern) = Pattern::new(path)? else {
        return Ok(Named { files: Vec::new(), is_pattern: false });
    };
    entries.retain(|entry| entry.kind.is_file() && pattern.fits(&entry.path));
    Ok(Named { files: entries.into_iter().map(located).collect(), is_pattern: true })
}

/// The one file that a name means.
fn file(name: &str, entry: PathEntry) -> Result<Located, QueryError> {
    let what = match entry.kind {
        Kind::File | Kind::Executable => return Ok(located(entry)),
        Kind::Symlink => "a symbolic link",
        Kind::Directory => "a directory",
        Kind::Ref => "a ref",
    };
    Err(QueryError::NotAFile { name: name.to_owned(), what })
}

pub(super) fn located(entry: PathEntry) -> Located {
    Located { path: entry.path, content: Content::Blob(entry.id), size: entry.size, modified: 0 }
}
