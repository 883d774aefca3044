//! The paths of a command: pathspecs on the command line, or read from a file.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::PathBuf;

use pond_objects::escape;
use pond_objects::pathspec::{Pathspecs, read_list};
use pond_workspace::Workspace;

use crate::error::{CommandError, fatal, usage};

/// Which paths a command works on
#[derive(Debug, Default, clap::Args)]
pub(crate) struct PathArgs {
    /// Paths and patterns, relative to the current directory; ':/' starts at the mirror's root, ':!' excludes
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<OsString>,

    /// Read the paths from FILE, one a line; '-' is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) pathspec_from_file: Option<PathBuf>,

    /// With --pathspec-from-file: paths end with NUL and are taken as they are
    #[arg(long, requires = "pathspec_from_file")]
    pub(crate) pathspec_file_nul: bool,
}

impl PathArgs {
    /// Whether no path was named in any way.
    pub(crate) fn is_empty(&self) -> bool {
        self.paths.is_empty() && self.pathspec_from_file.is_none()
    }

    /// The paths as they were given.
    pub(crate) fn words(&self) -> Result<Vec<OsString>, CommandError> {
        let Some(file) = &self.pathspec_from_file else { return Ok(self.paths.clone()) };
        if !self.paths.is_empty() {
            return Err(usage("--pathspec-from-file and paths exclude each other"));
        }
        let list = if file.as_os_str() == "-" {
            read_list(&mut io::stdin().lock(), self.pathspec_file_nul)
        } else {
            File::open(file).and_then(|file| read_list(&mut BufReader::new(file), self.pathspec_file_nul))
        };
        list.map_err(|error| {
            fatal(format_args!("cannot read paths from '{}'", escape::path(file))).because(&error)
        })
    }

    /// The paths as patterns on paths of the mirror; everything where none was named.
    pub(crate) fn pathspecs(&self, workspace: &Workspace<'_>) -> Result<Pathspecs, CommandError> {
        parse(workspace, &self.words()?)
    }

    /// The same; what is here and below where no path was named.
    pub(crate) fn pathspecs_from_here(&self, workspace: &Workspace<'_>) -> Result<Pathspecs, CommandError> {
        if self.is_empty() { parse(workspace, &[".".into()]) } else { self.pathspecs(workspace) }
    }
}

/// Patterns from words that are relative to the current directory.
pub(crate) fn parse(workspace: &Workspace<'_>, words: &[OsString]) -> Result<Pathspecs, CommandError> {
    Ok(workspace.pathspecs(words, &workspace.cwd()?)?)
}
