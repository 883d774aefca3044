//! What a version has below a prefix.

use std::ops::ControlFlow;

use bstr::BString;
use pond_objects::cursor::{self, Leaves};
use pond_objects::name::{MAX_PATH, join_path};
use pond_objects::page::Body;
use pond_objects::{Entry, Kind, ObjectId, ObjectSource, PathEntry, ReadError, tree};

use crate::error::QueryError;

/// One thing in a version.
pub(crate) enum Found {
    /// A file, a link or an empty directory.
    Entry(PathEntry),
    /// A directory with something in it; that comes next.
    Directory(PathEntry),
}

/// Gives what a tree has at paths that begin with `prefix`, in path order, until `give` breaks off. Directories in which no such path
/// can be are not read.
pub(crate) fn walk_below(
    source: &dyn ObjectSource,
    root: &ObjectId,
    prefix: &[u8],
    give: &mut dyn FnMut(Found) -> ControlFlow<()>,
) -> Result<(), QueryError> {
    Ok(walk(source, root, b"", prefix, give).map(|_| ())?)
}

fn walk(
    source: &dyn ObjectSource,
    tree: &ObjectId,
    at: &[u8],
    prefix: &[u8],
    give: &mut dyn FnMut(Found) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, ReadError> {
    if let Some(slash) = prefix.iter().position(|byte| *byte == b'/') {
        let Some(item) = cursor::find(source, Body::Tree, tree, &prefix[..slash])? else {
            return Ok(ControlFlow::Continue(()));
        };
        let entry = Entry::from_item(item);
        return match entry.kind {
            Kind::Directory => walk(source, &entry.id, &path_of(at, &entry)?, &prefix[slash + 1..], give),
            _ => Ok(ControlFlow::Continue(())),
        };
    }
    for item in Leaves::starting_at(source, Body::Tree, tree, prefix)? {
        let entry = Entry::from_item(item?);
        if !entry.name.starts_with(prefix) {
            break;
        }
        let path = path_of(at, &entry)?;
        let (id, is_tree) = (entry.id, entry.kind == Kind::Directory && entry.id != tree::empty_tree());
        let found = PathEntry { path: path.clone(), kind: entry.kind, id, size: entry.size };
        let flow = match is_tree {
            false => give(Found::Entry(found)),
            true if give(Found::Directory(found)).is_break() => ControlFlow::Break(()),
            true => walk(source, &id, &path, b"", give)?,
        };
        if flow.is_break() {
            return Ok(flow);
        }
    }
    Ok(ControlFlow::Continue(()))
}

fn path_of(at: &[u8], entry: &Entry) -> Result<BString, ReadError> {
    let path = join_path(at, &entry.name);
    if path.len() > MAX_PATH {
        return Err(ReadError::Damaged { what: "tree", id: entry.id });
    }
    Ok(path)
}
