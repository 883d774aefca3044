//! The moment at which a name changes hands: the last look, and the exchange.

use bstr::BStr;
use pond_objects::Kind;

use super::{Expected, MaterializeError};
use crate::stat::Stat;
use crate::write::replaced::{Keeping, Replaced};
use crate::write::secure_dir::{Dir, Temporary};

/// One name of the mirror, and what may be done to it.
pub(super) struct Place<'a> {
    pub(super) dir: Dir,
    pub(super) name: &'a [u8],
    pub(super) path: &'a BStr,
    pub(super) replaced: Option<&'a Replaced>,
    pub(super) expected: &'a Expected,
}

/// What was moved to a temporary name.
#[must_use]
struct Aside<'a> {
    place: &'a Place<'a>,
    name: String,
    keeping: Option<Keeping>,
}

impl Aside<'_> {
    /// Removes it; where that fails, it gets its name back.
    fn remove(self) -> Result<(), MaterializeError> {
        match self.place.dir.unlink(self.name.as_bytes()) {
            Ok(()) => Ok(()),
            Err(error) => {
                let error = self.place.host("remove", error);
                self.put_back()?;
                Err(error)
            }
        }
    }

    /// Gives it its name back; where another file has that now, one beside it that is no temporary's.
    fn put_back(self) -> Result<(), MaterializeError> {
        let Self { place, mut name, keeping } = self;
        place.forget(keeping);
        if place.dir.rename_new(name.as_bytes(), place.name).is_ok() {
            return Ok(());
        }
        let visible = [place.name, b".put-aside"].concat();
        if place.dir.rename_new(name.as_bytes(), &visible).is_ok() {
            name = String::from_utf8_lossy(&visible).into_owned();
        }
        Err(MaterializeError::PutAside { path: place.path.to_owned(), aside: name })
    }
}

impl Place<'_> {
    /// What is there, if that is what is expected; an empty directory may always be.
    pub(super) fn look(&self) -> Result<Option<rustix::fs::Stat>, MaterializeError> {
        let there = self.dir.stat(self.name).map_err(|error| self.host("stat", error))?;
        let stat = there.as_ref().map(Stat::from_rustix);
        match stat.map(|stat| (stat, stat.kind())) {
            Some((_, Some(Kind::Directory))) if matches!(self.expected, Expected::Absent | Expected::Any) => {
            }
            Some((stat, None))
                if !self.is_expected(Some(&stat)) || matches!(self.expected, Expected::Any) =>
            {
                return Err(self.in_the_way());
            }
            _ if self.is_expected(stat.as_ref()) => {}
            _ => return Err(self.changed()),
        }
        Ok(there)
    }

    /// Puts a finished temporary there.
    pub(super) fn put(&self, temporary: Temporary<'_>) -> Result<(), MaterializeError> {
        let there = self.look()?.map(|stat| Stat::from_rustix(&stat));
        let Some(there) = there.filter(|stat| stat.kind() != Some(Kind::Directory)) else {
            if there.is_some() {
                self.remove_empty()?;
            }
            return temporary.into_new(self.name).map_err(|error| match error.kind() {
                std::io::ErrorKind::AlreadyExists => self.changed(),
                _ => self.host("write", error),
            });
        };
        let keeping = self.keep(&there)?;
        let outcome = match temporary.replace(self.name, there.inode) {
            Ok(true) => return Ok(()),
            Ok(false) => self.changed(),
            Err(error) => self.host("replace", error),
        };
        self.forget(keeping);
        Err(outcome)
    }

    /// Removes what is there; gives false if nothing is.
    pub(super) fn clear(&self) -> Result<bool, MaterializeError> {
        let there = self.dir.stat(self.name).map_err(|error| self.host("stat", error))?;
        if there.is_none() {
            return Ok(false);
        }
        let Some(there) = self.look()?.map(|stat| Stat::from_rustix(&stat)) else { return Ok(false) };
        if there.kind() == Some(Kind::Directory) {
            self.remove_empty()?;
            return Ok(true);
        }
        let Some(aside) = self.set_aside(&there)? else { return Ok(true) };
        aside.remove()?;
        Ok(true)
    }

    /// Lets `put` give the name to another file, in place of the file or symlink that is there. That is removed once
    /// this is done; where it fails, it gets its name back.
    pub(super) fn supplant(&self, put: impl FnOnce() -> std::io::Result<()>) -> Result<(), MaterializeError> {
        let there = self.look()?.map(|stat| Stat::from_rustix(&stat));
        let aside = match there.filter(|there| there.kind() != Some(Kind::Directory)) {
            Some(there) => self.set_aside(&there)?,
            None => None,
        };
        match (put(), aside) {
            (Ok(()), aside) => {
                // Nothing is lost that was not kept before. What stays behind now is taken away by a later command.
                let _ = aside.map(|aside| self.dir.unlink(aside.name.as_bytes()));
                Ok(())
            }
            (Err(error), aside) => {
                aside.map_or(Ok(()), Aside::put_back)?;
                Err(self.host("replace", error))
            }
        }
    }

    /// Keeps what is there, and moves it to a temporary name, which shows which file it is; `None` if it is gone.
    fn set_aside(&self, there: &Stat) -> Result<Option<Aside<'_>>, MaterializeError> {
        let keeping = self.keep(there)?;
        let name = match self.dir.move_aside(self.name) {
            Ok(name) => name,
            Err(error) => {
                self.forget(keeping);
                return match error.kind() {
                    std::io::ErrorKind::NotFound => Ok(None),
                    _ => Err(self.host("remove", error)),
                };
            }
        };
        let moved = self.dir.stat(name.as_bytes());
        let aside = Aside { place: self, name, keeping };
        let refused = match moved {
            Ok(moved) if moved.is_some_and(|moved| moved.st_ino == there.inode) => return Ok(Some(aside)),
            Ok(_) => self.changed(),
            Err(error) => self.host("stat", error),
        };
        aside.put_back()?;
        Err(refused)
    }

    fn keep(&self, there: &Stat) -> Result<Option<Keeping>, MaterializeError> {
        let Some(replaced) = self.replaced.filter(|_| there.kind().is_some_and(|kind| kind.is_file())) else {
            return Ok(None);
        };
        let seen = match self.expected {
            Expected::Stat(stat) | Expected::SameFile(stat) => stat,
            Expected::Absent | Expected::Any => there,
        };
        let keeping = replaced.keep(&self.dir, self.name, self.path, seen, there.inode);
        let keeping =
            keeping.map_err(|error| MaterializeError::Keep { path: self.path.to_owned(), error })?;
        keeping.map(Some).ok_or_else(|| self.changed())
    }

    fn forget(&self, keeping: Option<Keeping>) {
        if let (Some(replaced), Some(keeping)) = (self.replaced, keeping) {
            replaced.forget(keeping);
        }
    }

    fn remove_empty(&self) -> Result<(), MaterializeError> {
        match self.dir.remove_empty(self.name) {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.in_the_way()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(self.host("remove the directory", error)),
        }
    }

    fn changed(&self) -> MaterializeError {
        MaterializeError::ChangedMeanwhile { path: self.path.to_owned() }
    }

    fn in_the_way(&self) -> MaterializeError {
        MaterializeError::InTheWay { path: self.path.to_owned() }
    }

    fn host(&self, doing: &'static str, error: std::io::Error) -> MaterializeError {
        MaterializeError::host(doing, self.path, error)
    }

    fn is_expected(&self, there: Option<&Stat>) -> bool {
        // The device is left out: it is not the same after every mount.
        let evidence = |stat: &Stat| (stat.size, stat.mtime_ns, stat.inode, stat.kind());
        // Of a file with two names in the mirror, replacing the first one changed it.
        let is_same_status = |seen: &Stat, there: &Stat| {
            seen.ctime_ns == there.ctime_ns
                || self.replaced.is_some_and(|replaced| replaced.keeps(there.inode))
        };
        match (self.expected, there) {
            (Expected::Any, _) | (Expected::Absent, None) => true,
            // A symlink's content does not change under its inode number: it is compared like any other.
            (Expected::SameFile(seen), Some(there))
                if self.replaced.is_some() && there.kind().is_some_and(|kind| kind.is_file()) =>
            {
                seen.inode == there.inode
            }
            (Expected::Stat(seen) | Expected::SameFile(seen), Some(there)) => {
                evidence(seen) == evidence(there) && is_same_status(seen, there)
            }
            _ => false,
        }
    }
}
