//! From a path to what it names.

use bstr::{BStr, BString, ByteSlice as _};
use bytes::Bytes;
use pond_objects::name::{self, NameError};
use pond_objects::{Kind, Side};

use crate::dynamic::{Dynamic, DynamicNode};
use crate::error::FsError;
use crate::fs::FS;
use crate::state::{Child, Directory};

/// So many symlinks are followed in one path.
const MOST_LINKS: usize = 40;

/// Longest target of a symlink, in bytes.
pub(crate) const MAX_TARGET: u64 = 4095;

/// What becomes of a symlink that is the last name of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Last {
    /// It is followed.
    Follow,
    /// It is what is asked for.
    Keep,
}

/// A node, as it is found.
#[derive(Clone)]
pub(crate) enum At<'s, 'a> {
    Stored(Side),
    Changed(&'s Directory),
    Dynamic(Dynamic<'a>),
    Content(Kind, Bytes),
}

impl At<'_, '_> {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Stored(side) => side.kind,
            Self::Changed(_) | Self::Dynamic(_) => Kind::Directory,
            Self::Content(kind, _) => *kind,
        }
    }
}

impl<'s> From<Child<'s>> for At<'s, '_> {
    fn from(child: Child<'s>) -> Self {
        match child {
            Child::Stored(side) => Self::Stored(side),
            Child::Changed(directory) => Self::Changed(directory),
        }
    }
}

/// What a path leads to.
pub(crate) struct Resolved<'s, 'a> {
    /// The names from the root.
    pub(crate) names: Vec<BString>,
    /// What is there; `None` if nothing is, in a directory that is.
    pub(crate) at: Option<At<'s, 'a>>,
}

impl Resolved<'_, '_> {
    /// The path in normal form.
    pub(crate) fn path(&self) -> BString {
        joined(&self.names)
    }
}

/// Names as a path.
pub(crate) fn joined(names: &[BString]) -> BString {
    bstr::join("/", names).into()
}

/// The way down from the root.
struct Way<'s, 'a> {
    root: At<'s, 'a>,
    stack: Vec<(BString, At<'s, 'a>)>,
}

impl<'s, 'a> Way<'s, 'a> {
    fn here(&self) -> &At<'s, 'a> {
        self.stack.last().map_or(&self.root, |(_, at)| at)
    }

    fn path(&self) -> BString {
        joined(&self.names())
    }

    fn path_to(&self, name: &[u8]) -> BString {
        name::join_path(&self.path(), name)
    }

    fn names(&self) -> Vec<BString> {
        self.stack.iter().map(|(name, _)| name.clone()).collect()
    }
}

impl<'a> FS<'a> {
    /// What `path` leads to, from the directory with the names `start`. `root` is the state.
    pub(crate) fn resolve<'s>(
        &'s self,
        root: &'s Directory,
        start: &[BString],
        path: &[u8],
        last: Last,
    ) -> Result<Resolved<'s, 'a>, FsError> {
        let mut way = Way { root: At::Changed(root), stack: Vec::new() };
        if !path.starts_with(b"/") {
            for name in start {
                let at = self.child(way.here(), way.stack.is_empty(), name.as_ref())?;
                let at = at.ok_or_else(|| FsError::NotFound(way.path_to(name)))?;
                way.stack.push((name.clone(), at));
            }
            if way.here().kind() != Kind::Directory {
                return Err(FsError::NotADirectory(way.path()));
            }
        }
        let mut todo: Vec<BString> = reversed(path).collect();
        let mut links = 0;
        while let Some(name) = todo.pop() {
            match name.as_slice() {
                b"" | b"." => continue,
                b".." => match way.stack.pop() {
                    Some(_) => continue,
                    None => return Err(FsError::OutOfRoot(path.into())),
                },
                _ => {}
            }
            check(&way.path(), &name)?;
            let is_last = todo.iter().all(|name| name.is_empty() || *name == ".");
            let wants_directory = !todo.is_empty();
            let Some(at) = self.child(way.here(), way.stack.is_empty(), name.as_ref())? else {
                if !is_last {
                    return Err(FsError::NotFound(way.path_to(&name)));
                }
                let mut names = way.names();
                names.push(name);
                return Ok(Resolved { names, at: None });
            };
            match at.kind() {
                Kind::Symlink if wants_directory || last == Last::Follow => {
                    links += 1;
                    if links > MOST_LINKS {
                        return Err(FsError::Loop(path.into()));
                    }
                    let target = self.target(&at, way.path_to(&name))?;
                    if target.starts_with(b"/") {
                        return Err(FsError::OutOfRoot(way.path_to(&name)));
                    }
                    todo.extend(reversed(&target));
                }
                Kind::Directory => way.stack.push((name, at)),
                _ if wants_directory => return Err(FsError::NotADirectory(way.path_to(&name))),
                _ => way.stack.push((name, at)),
            }
        }
        let names = way.names();
        Ok(Resolved { names, at: Some(way.here().clone()) })
    }

    /// What has a name in a directory. Names that are mounted are those of the root.
    fn child<'s>(
        &'s self,
        directory: &At<'s, 'a>,
        is_root: bool,
        name: &BStr,
    ) -> Result<Option<At<'s, 'a>>, FsError> {
        if is_root && let Some(mounted) = self.mounted(name) {
            return Ok(Some(At::Dynamic(mounted)));
        }
        match directory {
            At::Changed(directory) => Ok(directory.get(self.layer(), name)?.map(At::from)),
            At::Stored(side) if side.kind == Kind::Directory => {
                let found = self.layer().find(&side.id, name)?;
                Ok(found.map(|entry| At::Stored(Side::from(&entry))))
            }
            At::Dynamic(directory) => Ok(directory.find(name)?.map(|node| match node {
                DynamicNode::Stored(side) => At::Stored(side),
                DynamicNode::Content(kind, bytes) => At::Content(kind, bytes),
                DynamicNode::Directory(directory) => At::Dynamic(directory),
            })),
            At::Stored(_) | At::Content(..) => Ok(None),
        }
    }

    /// The target of a symlink.
    pub(crate) fn target(&self, at: &At<'_, '_>, path: BString) -> Result<BString, FsError> {
        match at {
            At::Content(_, bytes) => Ok(bytes.to_vec().into()),
            At::Stored(side) if side.size <= MAX_TARGET => {
                let mut target = Vec::new();
                self.layer().read(&side.id, 0..side.size, &mut target)?;
                Ok(target.into())
            }
            _ => Err(FsError::Target(path)),
        }
    }
}

/// The names of a path, the last one first.
fn reversed(path: &[u8]) -> impl Iterator<Item = BString> {
    path.rsplit_str("/").map(BString::from)
}

fn check(directory: &[u8], name: &BString) -> Result<(), FsError> {
    let wrong = |error| FsError::Name { path: name::join_path(directory, name), error };
    name::check_name(name).map_err(wrong)?;
    match directory.len() + 1 + name.len() > name::MAX_PATH {
        true => Err(wrong(NameError::Long)),
        false => Ok(()),
    }
}
