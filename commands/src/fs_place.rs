//! Where something is that a user named for `pond fs`: in the pond, in a version of it, or on the host.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use bstr::{BString, ByteSlice as _};
use pond_objects::name::join_path;
use pond_objects::{ObjectId, ObjectSource as _, escape};
use pond_oplog::OplogLayer;
use pond_refs::{PathRoot, RefName, RevisionPath};
use pond_tinyfs::{FS, NodePath};
use pond_workspace::fs::{self, REVISIONS};
use pond_workspace::{Workspace, WorkspaceError};

use crate::error::{CommandError, usage};
use crate::revisions;

/// A place, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FsPlace {
    /// A path in the newest version, or below `@`.
    Here(BString),
    /// A path in another version.
    Version(RevisionPath),
    /// A path of the host.
    Host(PathBuf),
}

impl FsPlace {
    /// Reads `host:PATH`, `REV:PATH`, `./PATH`, `PATH`.
    pub(crate) fn parse(workspace: &Workspace<'_>, text: &OsStr) -> Result<Self, CommandError> {
        let bytes = text.as_encoded_bytes();
        let shown = escape::plain(bytes);
        if let Some(path) = bytes.strip_prefix(b"host:") {
            return match path {
                b"" => {
                    Err(usage("'host:' names no file of the host").hint("'host:.' is the current directory"))
                }
                path => Ok(Self::Host(OsStr::from_bytes(path).into())),
            };
        }
        if bytes.starts_with(b"/") {
            return Err(usage(format_args!("'{shown}' is absolute: paths count from the root of the pond"))
                .hint(format_args!("'host:{shown}' is a file of the host")));
        }
        if bytes.contains(&0) {
            return Err(usage(format_args!("'{shown}' has a NUL byte")));
        }
        let is_revision = bytes == REVISIONS.as_bytes() || bytes.starts_with(b"@/");
        if bytes.starts_with(b"./") || bytes.starts_with(b"../") || matches!(bytes, b"." | b"..") {
            let path = RevisionPath { root: PathRoot::Index, path: bytes.to_vec() };
            let path: BString = path.from_root(&workspace.cwd()?)?.into();
            // What is in the pond by the name of the revisions' directory is reached by `REV:PATH` only.
            return Ok(Self::Here(path));
        }
        if is_revision {
            return Ok(Self::Here(bytes.into()));
        }
        match RevisionPath::parse_optional(bytes)? {
            None => Ok(Self::Here(bytes.into())),
            Some(path) if matches!(path.root, PathRoot::Revision(_)) => Ok(Self::Version(path)),
            Some(_) => Err(usage(format_args!("'{shown}' is in the index, which is no version"))
                .hint("'pond ls' and 'pond cat' take it; 'pond fs' takes PATH, REV:PATH and host:PATH")),
        }
    }

    /// A place in the newest version, to be changed.
    pub(crate) fn to_change(workspace: &Workspace<'_>, text: &OsStr) -> Result<BString, CommandError> {
        let shown = escape::plain(text.as_encoded_bytes());
        match Self::parse(workspace, text)? {
            Self::Here(path) => Ok(path),
            Self::Version(_) => Err(usage(format_args!("'{shown}' is in a version, which does not change"))
                .hint("only the newest version of a branch is changed: PATH, with --branch that of another")),
            Self::Host(_) => Err(usage(format_args!("'{shown}' is a file of the host"))
                .hint("this command takes paths of the pond; 'pond fs cp' copies to the host and from it")),
        }
    }
}

/// The filesystem of a branch's newest version.
pub(crate) fn of_branch<'a>(
    workspace: &'a Workspace<'_>,
    layer: &'a OplogLayer<'a>,
    branch: Option<&RefName>,
) -> Result<FS<'a>, CommandError> {
    let commit = fs::newest(workspace, branch)?;
    let commit = commit.map(|id| workspace.store().commit(&id)).transpose()?;
    Ok(fs::system(workspace, layer, commit.map(|commit| commit.tree)))
}

/// The root of the version that `REV:PATH` is in, and its path there.
pub(crate) fn version(
    workspace: &Workspace<'_>,
    path: &RevisionPath,
) -> Result<(ObjectId, BString), CommandError> {
    let root = RevisionPath { path: Vec::new(), ..path.clone() };
    let root = OsStr::from_bytes(&root.to_bytes()).to_owned();
    let relative = path.path.starts_with(b".");
    let directory = if relative { workspace.cwd()? } else { BString::default() };
    Ok((revisions::resolve_tree(workspace, root)?, path.from_root(&directory)?.into()))
}

/// A layer for reading.
pub(crate) fn layer<'w>(workspace: &'w Workspace<'_>) -> Result<OplogLayer<'w>, WorkspaceError> {
    fs::layer(workspace)
}

/// The path of something put into a directory, or under a new name.
pub(crate) fn into_directory(target: &BString, name: Option<&[u8]>, is_directory: bool) -> Option<BString> {
    match (is_directory, name) {
        (false, _) => Some(target.trim_end_with(|byte| byte == '/').into()),
        (true, Some(name)) => Some(join_path(target.trim_end_with(|byte| byte == '/'), name)),
        (true, None) => None,
    }
}

/// An entry as it is listed: a path, and what has it.
pub(crate) fn entry_of(found: &NodePath<'_, '_>) -> pond_objects::PathEntry {
    let node = found.node();
    pond_objects::PathEntry {
        path: found.path(),
        kind: node.kind(),
        id: node.id().unwrap_or(ObjectId::ZERO),
        size: node.size(),
    }
}
