//! A directory to work from: changing.

use std::io::{self, Read};

use bstr::{BString, ByteSlice as _};
use pond_objects::name::{MAX_PATH, NameError};
use pond_objects::path::is_below;
use pond_objects::{Kind, Side};

use crate::error::FsError;
use crate::fs::entries::List;
use crate::fs::node::{Node, NodePath};
use crate::fs::resolve::{At, Last, MAX_TARGET, Resolved, joined};
use crate::fs::walk::Walk;
use crate::fs::wd::WD;
use crate::state::{Directory, Slot};

/// A place for an entry: its names from the root, and what is there, if anything is.
struct Place {
    names: Vec<BString>,
    there: Option<Kind>,
}

impl Place {
    fn path(&self) -> BString {
        joined(&self.names)
    }

    /// The names of its directory, and its own; the root has none.
    fn split(&self) -> Result<(&[BString], &BString), FsError> {
        let (name, directory) = self.names.split_last().ok_or(FsError::Root)?;
        Ok((directory, name))
    }
}

impl WD<'_, '_> {
    /// Makes a file of `size` bytes.
    ///
    /// # Errors
    /// [`FsError::Exists`] where something is there, and those of [`WD::write`].
    pub fn create(&self, path: impl AsRef<[u8]>, size: u64, content: &mut dyn Read) -> Result<(), FsError> {
        let place = self.place(path.as_ref(), Last::Keep)?;
        if place.there.is_some() {
            return Err(FsError::Exists(place.path()));
        }
        self.write(path, size, content)
    }

    /// Writes a file of `size` bytes: a new one, or another content of one that is there and stays executable or not.
    ///
    /// # Errors
    /// [`FsError::IsADirectory`], those of paths, and those of the layer.
    pub fn write(&self, path: impl AsRef<[u8]>, size: u64, content: &mut dyn Read) -> Result<(), FsError> {
        let place = self.file_place(path.as_ref())?;
        let id = self.fs.layer().store(size, content)?;
        let kind = place.there.unwrap_or(Kind::File);
        self.set(&place, Some(Slot::Stored(Side { kind, id, size })))
    }

    /// Adds `size` bytes at the end of a file, which is made if there is none.
    ///
    /// # Errors
    /// Those of [`WD::write`].
    pub fn append(&self, path: impl AsRef<[u8]>, size: u64, content: &mut dyn Read) -> Result<(), FsError> {
        let place = self.file_place(path.as_ref())?;
        if place.there.is_none() {
            return self.write(path, size, content);
        }
        let reader = self.get(&path)?.reader()?;
        let whole = reader
            .size()
            .checked_add(size)
            .ok_or_else(|| FsError::from(crate::LayerError::Content(io::ErrorKind::FileTooLarge.into())))?;
        self.write(path, whole, &mut reader.chain(content))
    }

    /// Makes a file executable for its owner, or not.
    ///
    /// # Errors
    /// [`FsError::NotFound`], [`FsError::IsADirectory`], and those of paths.
    pub fn set_executable(&self, path: impl AsRef<[u8]>, executable: bool) -> Result<(), FsError> {
        let file = self.get(path)?;
        let Node::File { size, id, .. } = file.node() else { return Err(FsError::IsADirectory(file.path())) };
        let Some(id) = *id else { return Err(FsError::ReadOnly(file.path())) };
        let kind = if executable { Kind::Executable } else { Kind::File };
        let place = Place { names: file.names().to_vec(), there: Some(kind) };
        self.set(&place, Some(Slot::Stored(Side { kind, id, size: *size })))
    }

    /// Makes a symlink with this target, wherever that leads.
    ///
    /// # Errors
    /// [`FsError::Exists`], [`FsError::Target`], those of paths, and those of the layer.
    pub fn symlink(&self, path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Result<(), FsError> {
        let (place, target) = (self.free_place(path.as_ref())?, target.as_ref());
        let size = target.len() as u64;
        if target.is_empty() || size > MAX_TARGET || target.contains(&0) {
            return Err(FsError::Target(place.path()));
        }
        if path.as_ref().ends_with(b"/") {
            return Err(FsError::NotADirectory(place.path()));
        }
        let id = self.fs.layer().store(size, &mut &*target)?;
        self.set(&place, Some(Slot::Stored(Side { kind: Kind::Symlink, id, size })))
    }

    /// Makes a directory, in one that is there.
    ///
    /// # Errors
    /// [`FsError::Exists`], and those of paths.
    pub fn make_directory(&self, path: impl AsRef<[u8]>) -> Result<(), FsError> {
        let place = self.free_place(path.as_ref())?;
        self.set(&place, Some(Slot::Changed(Directory::default())))
    }

    /// Makes a directory and those above it, as far as they are missing.
    ///
    /// # Errors
    /// [`FsError::NotADirectory`] where a file is in the way, and those of paths.
    pub fn make_directories(&self, path: impl AsRef<[u8]>) -> Result<(), FsError> {
        let path = path.as_ref();
        let ends = path.find_iter("/").filter(|at| *at > 0).chain([path.len()]);
        for end in ends {
            let place = self.place(&path[..end], Last::Follow)?;
            match place.there {
                Some(Kind::Directory) => {}
                Some(_) => return Err(FsError::NotADirectory(place.path())),
                None => self.set(&place, Some(Slot::Changed(Directory::default())))?,
            }
        }
        Ok(())
    }

    /// Removes a file, a symlink or an empty directory. The directory that it was in stays, though it be empty.
    ///
    /// # Errors
    /// [`FsError::NotFound`], [`FsError::NotEmpty`], [`FsError::Root`], and those of paths.
    pub fn remove(&self, path: impl AsRef<[u8]>) -> Result<(), FsError> {
        let path = path.as_ref();
        let place = self.place(path, Last::Keep)?;
        place.split()?;
        let is_filled =
            || List::new(self.fs, place.names.clone()).next().transpose().map(|first| first.is_some());
        if place.there == Some(Kind::Directory) && is_filled()? {
            return Err(FsError::NotEmpty(place.path()));
        }
        self.remove_all(path)
    }

    /// Removes a file, a symlink, or a directory with all that is in it.
    ///
    /// # Errors
    /// [`FsError::NotFound`], [`FsError::Root`], and those of paths.
    pub fn remove_all(&self, path: impl AsRef<[u8]>) -> Result<(), FsError> {
        let place = self.place(path.as_ref(), Last::Keep)?;
        if place.there.is_none() {
            return Err(FsError::NotFound(place.path()));
        }
        self.set(&place, None)
    }

    /// Gives an entry another path, where nothing is. A directory goes with all that is in it.
    ///
    /// # Errors
    /// [`FsError::NotFound`], [`FsError::Exists`], [`FsError::IntoItself`], [`FsError::Root`], and those of paths.
    pub fn rename(&self, from: impl AsRef<[u8]>, to: impl AsRef<[u8]>) -> Result<(), FsError> {
        let old = self.place(from.as_ref(), Last::Keep)?;
        let Some(kind) = old.there else { return Err(FsError::NotFound(old.path())) };
        let (directory, name) = old.split()?;
        self.check_writable(&old)?;
        let new = self.new_place(Some(&old.names), kind, to.as_ref())?;
        self.check_lengths(&old, &new)?;
        let slot = self.fs.change(directory, |directory, layer| Ok(directory.take(layer, name.as_ref())?))?;
        self.set(&new, slot)
    }

    /// Copies an entry to a path where nothing is, a directory with all that is in it. It may be of another filesystem over the
    /// same layer. Contents are not read.
    ///
    /// # Errors
    /// [`FsError::Exists`], [`FsError::IntoItself`], [`FsError::Computed`], those of paths, and those of the layer.
    pub fn copy(&self, from: &NodePath<'_, '_>, to: impl AsRef<[u8]>) -> Result<(), FsError> {
        let is_here = std::ptr::addr_eq(from.fs(), self.fs);
        let old = Place { names: from.names().to_vec(), there: Some(from.node().kind()) };
        let own = is_here.then_some(old.names.as_slice());
        let new = self.new_place(own, from.node().kind(), to.as_ref())?;
        if old.path().len() < new.path().len() && from.node().kind() == Kind::Directory {
            check_lengths_below(Walk::new(from.fs(), old.names.clone()), &old, &new)?;
        }
        let slot = match (from.node(), from.computed()) {
            (Node::File { executable, .. }, Some(bytes)) => {
                let size = bytes.len() as u64;
                let id = self.fs.layer().store(size, &mut &bytes[..])?;
                let kind = if *executable { Kind::Executable } else { Kind::File };
                Slot::Stored(Side { kind, id, size })
            }
            _ => from.fs().with(&[], &old.path(), Last::Keep, |found| slot(&found))?,
        };
        self.set(&new, Some(slot))
    }

    /// Where a path leads, for an entry that is made, changed or removed.
    fn place(&self, path: &[u8], last: Last) -> Result<Place, FsError> {
        self.fs.with(&self.names, path, last, |found| {
            Ok(Place { there: found.at.as_ref().map(At::kind), names: found.names })
        })
    }

    /// The place of a file, which is there or can be made.
    fn file_place(&self, path: &[u8]) -> Result<Place, FsError> {
        let place = self.place(path, Last::Follow)?;
        self.check_writable(&place)?;
        match place.there {
            Some(Kind::Directory) => Err(FsError::IsADirectory(place.path())),
            None if path.ends_with(b"/") => Err(FsError::NotADirectory(place.path())),
            _ => Ok(place),
        }
    }

    /// A place where nothing is.
    fn free_place(&self, path: &[u8]) -> Result<Place, FsError> {
        let place = self.place(path, Last::Keep)?;
        self.check_writable(&place)?;
        match place.there {
            Some(_) => Err(FsError::Exists(place.path())),
            None => Ok(place),
        }
    }

    /// A place for what has the names `old` here, not below those.
    fn new_place(&self, old: Option<&[BString]>, kind: Kind, path: &[u8]) -> Result<Place, FsError> {
        let new = self.place(path, Last::Keep)?;
        self.check_writable(&new)?;
        let to = new.path();
        if let Some(from) = old.map(joined).filter(|from| kind == Kind::Directory && is_below(&to, from)) {
            return Err(FsError::IntoItself { from, to });
        }
        match new.there {
            Some(_) => Err(FsError::Exists(to)),
            None if path.ends_with(b"/") && kind != Kind::Directory => Err(FsError::NotADirectory(to)),
            None => Ok(new),
        }
    }

    fn check_writable(&self, place: &Place) -> Result<(), FsError> {
        match self.fs.is_dynamic(&place.names) {
            true => Err(FsError::ReadOnly(place.path())),
            false => Ok(()),
        }
    }

    /// Whether all paths below stay short enough where a directory gets a longer one.
    fn check_lengths(&self, old: &Place, new: &Place) -> Result<(), FsError> {
        if old.there != Some(Kind::Directory) || old.path().len() >= new.path().len() {
            return Ok(());
        }
        check_lengths_below(Walk::new(self.fs, old.names.clone()), old, new)
    }

    fn set(&self, place: &Place, slot: Option<Slot>) -> Result<(), FsError> {
        self.check_writable(place)?;
        let (directory, name) = place.split()?;
        self.fs.change(directory, |directory, _| {
            directory.set(name.clone(), slot);
            Ok(())
        })
    }
}

fn check_lengths_below(walk: Walk<'_, '_>, old: &Place, new: &Place) -> Result<(), FsError> {
    let (old, new) = (old.path(), new.path());
    for walked in walk {
        let path = walked?.path;
        let moved = path.len() - old.len() + new.len();
        if moved > MAX_PATH {
            return Err(FsError::Name { path, error: NameError::Long });
        }
    }
    Ok(())
}

/// A node, to be put elsewhere.
fn slot(found: &Resolved<'_, '_>) -> Result<Slot, FsError> {
    match &found.at {
        Some(At::Stored(side)) => Ok(Slot::Stored(*side)),
        Some(At::Changed(directory)) => Ok(match directory.stored() {
            Some(side) => Slot::Stored(side),
            None => Slot::Changed((*directory).clone()),
        }),
        Some(At::Dynamic(_) | At::Content(..)) => Err(FsError::Computed(found.path())),
        None => Err(FsError::NotFound(found.path())),
    }
}
