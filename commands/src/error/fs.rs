//! What errors of the filesystem in the pond mean to a user.

use pond_tinyfs::{FsError, LayerError};
use pond_workspace::fs::{CopyOutError, FsChangeError};

use super::{Class, CommandError, fatal};

impl From<FsError> for CommandError {
    fn from(error: FsError) -> Self {
        let this = || Self::from_error(Class::Fatal, &error);
        match error {
            FsError::Layer(error) => error.into(),
            FsError::NotFound(_) => {
                this().hint("'pond fs ls' lists the root, 'pond fs find -name NAME' looks everywhere")
            }
            FsError::NotADirectory(_) => {
                this().hint("'pond fs mkdir -p' makes a directory and those above it")
            }
            FsError::OutOfRoot(_) => this()
                .hint("neither '..' nor a symlink leads out of the pond; 'host:PATH' is a file of the host"),
            FsError::Loop(_) => this().hint("'pond fs ls -l' shows where symlinks lead"),
            FsError::ReadOnly(_) => {
                this().hint("versions do not change: PATH without '@/' is the newest one")
            }
            FsError::NotEmpty(_)
            | FsError::IsADirectory(_)
            | FsError::Exists(_)
            | FsError::Name { .. }
            | FsError::Target(_)
            | FsError::Computed(_)
            | FsError::IntoItself { .. }
            | FsError::Root
            | FsError::Pattern { .. } => this(),
        }
    }
}

impl From<LayerError> for CommandError {
    fn from(error: LayerError) -> Self {
        match error {
            LayerError::Read(error) => error.into(),
            // A closed pipe must be seen as what it is.
            LayerError::Taken(error) => error.into(),
            LayerError::Changed => Self::from_error(Class::Fatal, &error)
                .hint("nothing was changed; run the command again when nobody writes to it"),
            LayerError::Content(_) | LayerError::Store(_) => {
                Self::from_error(Class::Fatal, &error).hint("nothing was changed")
            }
        }
    }
}

impl From<FsChangeError> for CommandError {
    fn from(error: FsChangeError) -> Self {
        match error {
            FsChangeError::NoBranch(_) => fatal(&error)
                .hint("nothing was changed; 'pond branch NAME' makes one, 'pond branch' lists them"),
            FsChangeError::Fs(error) => error.into(),
            FsChangeError::Workspace(error) => error.into(),
        }
    }
}

impl From<CopyOutError> for CommandError {
    fn from(error: CopyOutError) -> Self {
        let this = || Self::from_error(Class::Fatal, &error);
        match error {
            CopyOutError::Workspace(error) => error.into(),
            CopyOutError::Exists(_) => this().hint("nothing was written; -f replaces it"),
            CopyOutError::Directory(_) => this().hint("nothing was written; a directory is not replaced"),
            CopyOutError::InsidePond(_) => this().hint("name a path outside of it"),
            CopyOutError::Host { .. } | CopyOutError::NotDurable(_) => this(),
        }
    }
}
