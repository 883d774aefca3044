//! What is renamed to what, and why a path cannot be.

use std::ffi::{OsStr, OsString};

use bstr::{BString, ByteSlice as _};
use pond_mirror::index::pending::Conflict;
use pond_mirror::stat::Stat;
use pond_objects::name::{NameError, check_path, join_path, split_path};
use pond_objects::path::{is_below, relative};
use pond_objects::{Kind, escape};

use super::MvError;
use super::MvRequest;
use crate::error::{WorkspaceError, deed_error};
use crate::publish::moves::Move;
use crate::staging::stage::host_path;
use crate::workspace::Workspace;

/// Why a path cannot be renamed.
#[derive(Debug, thiserror::Error)]
pub enum Unmovable {
    /// It is an empty string.
    #[error("an empty string is no path")]
    Empty,
    /// It is the mirror's root.
    #[error("the mirror's root cannot be renamed")]
    Root,
    /// It is not there.
    #[error("'{}' is not in the mirror", escape::plain(path))]
    Gone {
        /// The path.
        path: BString,
        /// What is known of it, if it is tracked.
        tracked: Option<Tracked>,
    },
    /// It is in conflict: a rename would leave the conflict behind.
    #[error("'{}' is in conflict", escape::plain(path))]
    InConflict {
        /// The path.
        path: BString,
    },
    /// It is of another type than what is staged.
    #[error("'{}' is of another type in the mirror than it was when it was staged", escape::plain(.0))]
    OtherType(BString),
    /// It is not tracked.
    #[error("'{}' is not tracked", escape::plain(.0))]
    Untracked(BString),
    /// It has the name already.
    #[error("'{}' has that name already", escape::plain(.0))]
    Same(BString),
    /// A directory would get into itself.
    #[error("'{}' cannot be moved into itself, to '{}'", escape::plain(from), escape::plain(to))]
    IntoItself {
        /// The directory.
        from: BString,
        /// Its new name.
        to: BString,
    },
    /// The new name is none.
    #[error("'{}' cannot be a path", escape::plain(path))]
    NoPath {
        /// The new name.
        path: BString,
        /// Why.
        #[source]
        source: NameError,
    },
    /// Two files would get one name.
    #[error("two files would get the name '{}'", escape::plain(.0))]
    SameTarget(BString),
    /// It is named twice, by itself or with a directory above it.
    #[error("'{}' is named twice", escape::plain(.0))]
    NamedTwice(BString),
    /// The directory that it is to be moved to is not there.
    #[error("there is no directory '{}'", escape::plain(.0))]
    NoDirectory(BString),
    /// Something has the new name.
    #[error("'{}' exists already", escape::plain(path))]
    Exists {
        /// The new name.
        path: BString,
        /// What can be done about it.
        what: There,
    },
    /// What every deed can end with.
    #[error(transparent)]
    Workspace(WorkspaceError),
}

deed_error!(Unmovable);

/// What is known of a tracked path that is not in the mirror. The paths are as they are written in the current directory.
#[derive(Debug)]
pub struct Tracked {
    /// The path.
    pub from: BString,
    /// The new name, if it seems to have been renamed already.
    pub to: Option<BString>,
}

/// What has the new name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum There {
    /// A file that a forced rename replaces.
    File,
    /// Another name of the same file, which a forced rename replaces.
    SameFile,
    /// Something that stays.
    Other,
}

/// What is renamed, and what is left out.
pub struct Plan {
    /// The renames, in order.
    pub moves: Vec<Move>,
    /// Why others are left out, if the request skips them.
    pub left_out: Vec<Unmovable>,
}

/// Finds the renames; nothing is changed.
///
/// # Errors
/// That of the first path which cannot be renamed, unless the request skips such.
pub fn plan(workspace: &Workspace<'_>, request: &MvRequest<'_>) -> Result<Plan, MvError> {
    let destination = request.destination;
    let to = literal(workspace, destination).map_err(MvError::Destination)?;
    let there = stat(workspace, &to);
    let is_dir = to.is_empty() || there.is_some_and(|stat| stat.kind() == Some(Kind::Directory));
    if !is_dir && request.sources.len() > 1 {
        return Err(MvError::NoDirectory(to));
    }
    let named_as_dir = destination.as_encoded_bytes().ends_with(b"/");
    let planner = Planner { workspace, force: request.force, to, there, is_dir, named_as_dir };
    let (mut moves, mut left_out): (Vec<Move>, Vec<Unmovable>) = (Vec::new(), Vec::new());
    for source in request.sources {
        match planner.one(source, &moves) {
            Ok(moving) => moves.push(moving),
            Err(error) if request.skip_errors => left_out.push(error),
            Err(error) => return Err(MvError::Source(error)),
        }
    }
    Ok(Plan { moves, left_out })
}

/// A path as it is written in the current directory, from the mirror's root; wildcards mean nothing in it.
fn literal(workspace: &Workspace<'_>, given: &OsStr) -> Result<BString, Unmovable> {
    if given.is_empty() {
        return Err(Unmovable::Empty);
    }
    let mut word = OsString::from(":(literal)");
    word.push(given);
    let specs = workspace.pathspecs(&[word], &workspace.cwd()?)?;
    Ok(specs.literal_paths().next().unwrap_or_default().to_owned())
}

fn stat(workspace: &Workspace<'_>, path: &[u8]) -> Option<Stat> {
    Stat::of(&host_path(workspace.pond.mirror_root(), path)).ok()
}

fn is_same_file(a: &Stat, b: &Stat) -> bool {
    (a.inode, a.device) == (b.inode, b.device) && a.inode != 0
}

struct Planner<'a> {
    workspace: &'a Workspace<'a>,
    force: bool,
    /// The last argument.
    to: BString,
    there: Option<Stat>,
    is_dir: bool,
    named_as_dir: bool,
}

impl Planner<'_> {
    fn one(&self, source: &OsStr, others: &[Move]) -> Result<Move, Unmovable> {
        let from = literal(self.workspace, source)?;
        if from.is_empty() {
            return Err(Unmovable::Root);
        }
        let stat = stat(self.workspace, &from).ok_or_else(|| self.gone(&from))?;
        let is_dir = stat.kind() == Some(Kind::Directory);
        self.check_settled(&from)?;
        self.check_tracked(&from, is_dir)?;
        let to = self.target(&from, &stat, is_dir)?;
        if to == from {
            return Err(Unmovable::Same(from));
        }
        if is_below(&to, &from) {
            return Err(Unmovable::IntoItself { from, to });
        }
        check_path(&to).map_err(|source| Unmovable::NoPath { path: to.clone(), source })?;
        for other in others {
            if other.to == to {
                return Err(Unmovable::SameTarget(to));
            }
            if other.from == from || is_below(&from, &other.from) || is_below(&other.from, &from) {
                return Err(Unmovable::NamedTwice(from));
            }
        }
        let (replaces, same_file) = self.check_target(&to, &stat, is_dir)?;
        Ok(Move { from, to, is_dir, stat, replaces, same_file })
    }

    /// There is nothing to rename: perhaps it was renamed already, by a command that was killed before it staged that.
    fn gone(&self, from: &[u8]) -> Unmovable {
        let path = BString::from(from);
        if !self.workspace.is_tracked(from) {
            return Unmovable::Gone { path, tracked: None };
        }
        let into = join_path(&self.to, split_path(from).1);
        let candidates = if self.is_dir { vec![into, self.to.clone()] } else { vec![self.to.clone()] };
        let is_new = |to: &&BString| {
            !to.is_empty() && stat(self.workspace, to).is_some() && !self.workspace.is_tracked(to)
        };
        let tracked = self.workspace.cwd().ok().map(|cwd| Tracked {
            from: relative(from, &cwd),
            to: candidates.iter().find(is_new).map(|to| relative(to, &cwd)),
        });
        Unmovable::Gone { path, tracked }
    }

    /// A path in conflict stays where it is: its versions would be left behind under the old name, where nobody can decide.
    fn check_settled(&self, from: &[u8]) -> Result<(), Unmovable> {
        let conflicts = self.workspace.index.header().pending.iter().flat_map(|pending| &pending.conflicts);
        let is_meant = |path: &BString| path == from || is_below(path, from);
        match conflicts.map(Conflict::path).find(is_meant) {
            None => Ok(()),
            Some(path) => Err(Unmovable::InConflict { path }),
        }
    }

    fn check_tracked(&self, from: &[u8], is_dir: bool) -> Result<(), Unmovable> {
        let index = &self.workspace.index;
        let own = index.row(from).and_then(|row| row.staged);
        match own {
            Some(side) if (side.kind == Kind::Directory) == is_dir => Ok(()),
            _ if is_dir && index.any_live(index.range_of_dir(from)) => Ok(()),
            Some(_) => Err(Unmovable::OtherType(from.into())),
            None => Err(Unmovable::Untracked(from.into())),
        }
    }

    fn target(&self, from: &[u8], stat: &Stat, is_dir: bool) -> Result<BString, Unmovable> {
        let is_itself = self.there.is_some_and(|there| is_same_file(&there, stat)) && self.to != from;
        if self.is_dir && !is_itself {
            return Ok(join_path(&self.to, split_path(from).1));
        }
        if self.named_as_dir && !is_dir {
            return Err(Unmovable::NoDirectory(self.to.clone()));
        }
        Ok(self.to.clone())
    }

    /// Looks at what has the new name: what has to go, and whether it is the very same file.
    fn check_target(
        &self,
        to: &[u8],
        stat_of_source: &Stat,
        is_dir: bool,
    ) -> Result<(Option<Stat>, bool), Unmovable> {
        let exists = |what| Unmovable::Exists { path: to.into(), what };
        let parent = split_path(to).0;
        let parent_is_dir =
            stat(self.workspace, parent).is_some_and(|stat| stat.kind() == Some(Kind::Directory));
        if !parent.is_empty() && !parent_is_dir {
            return Err(Unmovable::NoDirectory(parent.into()));
        }
        let Some(there) = stat(self.workspace, to) else { return Ok((None, false)) };
        let names_differ_in_case = to.to_lowercase() != to || to.to_uppercase() != to;
        if is_same_file(&there, stat_of_source) && names_differ_in_case {
            return self.same_file(to, there);
        }
        let is_file = there.kind().is_some_and(Kind::is_blob);
        match self.force && is_file && !is_dir {
            true => Ok((Some(there), false)),
            false if is_file && !is_dir => Err(exists(There::File)),
            false => Err(exists(There::Other)),
        }
    }

    /// One file with two names that differ, perhaps, in case only; or two hard links.
    fn same_file(&self, to: &[u8], there: Stat) -> Result<(Option<Stat>, bool), Unmovable> {
        let (dir, name) = split_path(to);
        let listed = std::fs::read_dir(host_path(self.workspace.pond.mirror_root(), dir));
        let is_listed = listed.is_ok_and(|mut entries| {
            entries.any(|entry| entry.is_ok_and(|entry| entry.file_name().as_encoded_bytes() == name))
        });
        match (is_listed, self.force) {
            (false, _) => Ok((None, true)),
            (true, true) => Ok((Some(there), false)),
            (true, false) => Err(Unmovable::Exists { path: to.into(), what: There::SameFile }),
        }
    }
}
