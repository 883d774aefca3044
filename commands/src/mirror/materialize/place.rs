//! The moment at which a name changes hands: the last look, and the exchange.

use bstr::BStr;
use pond_objects::Kind;

use super::{Expected, MaterializeError};
use crate::mirror::replaced::{Keeping, Replaced};
use crate::mirror::secure_dir::{Dir, Temporary};
use crate::mirror::stat::Stat;

/// One name of the mirror, and what may be done to it.
pub(super) struct Place<'a> {
    pub(super) dir: Dir,
    pub(super) name: &'a [u8],
    pub(super) path: &'a BStr,
    pub(super) replaced: Option<&'a Replaced>,
    pub(super) expected: &'a Expected,
}

impl Place<'_> {
    /// What is there, if that is what is expected; an empty directory may always be.
    pub(super) fn look(&self) -> Result<Option<rustix::fs::Stat>, MaterializeError> {
        let there = self.dir.stat(self.name).map_err(|error| self.host("stat", error))?;
        let stat = there.as_ref().map(Stat::from_rustix);
        match stat.map(|stat| (stat, stat.kind())) {
            Some((_, Some(Kind::Directory))) if matches!(self.expected, Expected::Absent | Expected::Any) => {
            }
            Some((_, None)) => return Err(self.in_the_way()),
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
        let keeping = self.keep(&there)?;
        match self.unlink(there.inode) {
            Ok(()) => Ok(true),
            Err(error) => {
                self.forget(keeping);
                Err(error)
            }
        }
    }

    /// Moving it aside first shows which file it is that goes.
    fn unlink(&self, inode: u64) -> Result<(), MaterializeError> {
        let host = |error| self.host("remove", error);
        let aside = match self.dir.move_aside(self.name) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            other => other.map_err(host)?,
        };
        let moved = self.dir.stat(aside.as_bytes()).map_err(host)?;
        if moved.is_some_and(|moved| moved.st_ino == inode) {
            return self.dir.unlink(aside.as_bytes()).map_err(host);
        }
        match self.dir.rename_new(aside.as_bytes(), self.name) {
            Ok(()) => Err(self.changed()),
            Err(_) => Err(MaterializeError::PutAside { path: self.path.to_owned(), aside }),
        }
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
