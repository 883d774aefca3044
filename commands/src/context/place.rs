//! Where a pond is on the host, and why there is none.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use pond_objects::escape;
use pond_oplog::pond::{POND_NAME, names_a_pond};

use crate::error::{CommandError, fatal};

/// Where a pond is on the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The directory with `.pond` in it: the root of the main mirror.
    pub(crate) root: PathBuf,
    /// The `.pond` directory.
    pub(crate) dot_pond: PathBuf,
}

/// Why no pond was found.
#[derive(Debug)]
pub(super) enum NoPlace {
    /// There is none.
    Nothing,
    /// This directory is a mirror of a pond elsewhere.
    Mirror(PathBuf),
    /// What is here may not be looked at.
    Unseen(PathBuf),
}

impl Place {
    /// The pond of `directory` or of the nearest one above it that has one.
    pub(super) fn above(directory: &Path) -> Result<Self, NoPlace> {
        let mut nothing = NoPlace::Nothing;
        for directory in directory.ancestors() {
            match (Self::at(directory), &nothing) {
                // Further up there may be one all the same.
                (Err(unseen @ NoPlace::Unseen(_)), NoPlace::Nothing) => nothing = unseen,
                (Err(NoPlace::Nothing | NoPlace::Unseen(_)), _) => {}
                (found, _) => return found,
            }
        }
        Err(nothing)
    }

    /// The pond at exactly this directory: one with `.pond` in it, or a `.pond` directory itself.
    pub(super) fn at(path: &Path) -> Result<Self, NoPlace> {
        let dot_pond = path.join(POND_NAME);
        match fs::metadata(&dot_pond) {
            Ok(found) if found.is_dir() => return Ok(Self { root: path.to_owned(), dot_pond }),
            Ok(_) if names_a_pond(&dot_pond).unwrap_or(true) => return Err(NoPlace::Mirror(path.to_owned())),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                return Err(NoPlace::Unseen(path.to_owned()));
            }
            _ => {}
        }
        let is_dot_pond =
            path.file_name().is_some_and(|name| name == POND_NAME) && path.join("oplog").is_dir();
        match is_dot_pond {
            true => Ok(Self { root: path.parent().unwrap_or(path).to_owned(), dot_pond: path.to_owned() }),
            false => Err(NoPlace::Nothing),
        }
    }
}

impl NoPlace {
    /// What a command says that needs a pond, and was not told which.
    pub(super) fn error(&self, cwd: &Path) -> CommandError {
        self.known().unwrap_or_else(|| {
            fatal(format_args!(
                "not in a pond: neither '{}' nor a directory above it has a .pond directory",
                escape::path(cwd)
            ))
            .hint("'pond init' makes one here; -C DIR or --pond DIR names another place")
        })
    }

    /// The same of one that was told, by `named_by`: `--pond` or `POND`.
    pub(super) fn error_of(&self, path: &Path, named_by: &str) -> CommandError {
        const EXPECTED: &str =
            "--pond and POND name a directory with .pond in it, or that .pond; 'pond init DIR' makes one";
        let shown = escape::path(path);
        if let Some(error) = self.known() {
            return error;
        }
        let error = match fs::metadata(path) {
            Ok(found) if !found.is_dir() => {
                fatal(format_args!("'{shown}', which {named_by} names, is a file: a pond is a directory"))
            }
            Ok(_) => fatal(format_args!("there is no pond at '{shown}', which {named_by} names")),
            Err(error) => {
                fatal(format_args!("there is no pond at '{shown}', which {named_by} names")).because(&error)
            }
        };
        error.hint(EXPECTED)
    }

    fn known(&self) -> Option<CommandError> {
        match self {
            Self::Nothing => None,
            Self::Mirror(directory) => Some(
                fatal(format_args!(
                    "'{}' is another mirror of a pond, by the file .pond in it; this version of pond works in main mirrors only",
                    escape::path(directory)
                ))
                .hint("the file names the pond: go there, or move the file away"),
            ),
            Self::Unseen(directory) => Some(
                fatal(format_args!("cannot look for a pond in '{}': permission denied", escape::path(directory)))
                    .hint("look at the owner and the mode; -C DIR or --pond DIR names another place"),
            ),
        }
    }
}
