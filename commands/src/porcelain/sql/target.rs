//! The file of the host that an answer is written to: all of it or nothing.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use pond_objects::escape;
use tempfile::NamedTempFile;

use crate::context::Context;
use crate::error::{CommandError, fatal};

/// A file under way, beside its place under another name.
pub(super) struct Target {
    path: PathBuf,
    file: NamedTempFile,
    force: bool,
}

impl Target {
    /// Begins a file that is not there yet, or that may be replaced.
    pub(super) fn new(ctx: &Context, path: &Path, force: bool) -> Result<Self, CommandError> {
        let path = ctx.cwd.join(path);
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => {
                return Err(
                    fatal(format_args!("'{}' is a directory", escape::path(&path))).hint("name a file in it")
                );
            }
            Ok(_) if !force => return Err(is_there(&path)),
            Ok(_) | Err(_) => {}
        }
        let directory = path.parent().unwrap_or(&path);
        let inside = |dot_pond: &Path| {
            let of = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
            of(directory).starts_with(of(dot_pond))
        };
        if ctx.place().is_some_and(|place| inside(&place.dot_pond)) {
            return Err(fatal(format_args!("'{}' is inside the pond", escape::path(&path)))
                .hint("name a file outside of .pond"));
        }
        let mut builder = tempfile::Builder::new();
        // What other programs make: the mask of the process takes its bits away.
        builder.prefix(".pond-sql-").permissions(fs::Permissions::from_mode(0o666));
        let file = builder.tempfile_in(directory).map_err(|error| failed(&path, &error))?;
        Ok(Self { path, file, force })
    }

    /// What writes to it.
    pub(super) fn sink(&self) -> Result<io::BufWriter<File>, CommandError> {
        let file = self.file.as_file().try_clone().map_err(|error| failed(&self.path, &error))?;
        Ok(io::BufWriter::new(file))
    }

    /// Puts the whole file in its place.
    pub(super) fn finish(self) -> Result<(), CommandError> {
        let Self { path, file, force } = self;
        file.as_file().sync_all().map_err(|error| failed(&path, &error))?;
        let persisted = if force { file.persist(&path) } else { file.persist_noclobber(&path) };
        match persisted {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(is_there(&path)),
            Err(error) => Err(failed(&path, &error.error)),
        }
    }
}

fn is_there(path: &Path) -> CommandError {
    fatal(format_args!("'{}' is there already", escape::path(path)))
        .hint("nothing was written; --force replaces it, or name another file")
}

fn failed(path: &Path, error: &io::Error) -> CommandError {
    fatal(format_args!("cannot write '{}'", escape::path(path))).because(error)
}
