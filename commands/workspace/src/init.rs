//! Making a pond, and the first session on it.

use std::path::{Path, PathBuf};

use pond_mirror::index::Index;
use pond_mirror::index::head_file::{self, HeadFile, HeadFileError};
use pond_objects::escape;
use pond_oplog::Pond;
use pond_oplog::init::{self, FirstError, FirstOperation};
use pond_oplog::pond::{self, OpenError, Trust};
use pond_refs::{Head, RefName};

use crate::error::CallerError;
use crate::session::{self, Caller, Session};

/// The pond that is to be made.
pub struct InitRequest {
    /// The mirror's directory, absolute. It is made if it is missing.
    pub directory: PathBuf,
    /// The first branch.
    pub branch: RefName,
    /// The user whom it belongs to, where that is not who makes it.
    pub for_user: Option<u32>,
}

/// The pond that there is now.
pub enum Made {
    /// It was made. The session is on its only mirror.
    New(Box<Session>),
    /// There was one already: its directory.
    There(PathBuf),
}

/// Why no pond was made.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// What stands at the directory's path is none.
    #[error("'{}' is a file: a pond is made in a directory", escape::path(.0))]
    NotADirectory(PathBuf),
    /// What is there is no pond.
    #[error(
        "there is something called .pond in '{}' that is no pond of this version",
        escape::path(directory)
    )]
    NoPond {
        /// The directory.
        directory: PathBuf,
        /// Why it is none.
        #[source]
        source: OpenError,
    },
    /// It could not be prepared.
    #[error(transparent)]
    Prepare(#[from] pond::InitError),
    /// It could not be put in its place.
    #[error(transparent)]
    First(#[from] FirstError),
    /// Where its mirror stands could not be written.
    #[error(transparent)]
    HeadFile(#[from] HeadFileError),
    /// The caller's clock failed.
    #[error("{0}")]
    Caller(#[source] CallerError),
}

/// Makes a pond, and begins to work on it from its mirror's directory.
///
/// # Errors
/// No pond was made.
pub fn init(request: InitRequest, caller: Caller) -> Result<Made, InitError> {
    let InitRequest { directory, branch, for_user } = request;
    if directory.metadata().is_ok_and(|found| !found.is_dir()) {
        return Err(InitError::NotADirectory(directory));
    }
    let parameters = [("branch", branch.short().to_owned())];
    let head = Head { branch: Some(branch), commit: None };
    let now = (caller.clock)().map_err(InitError::Caller)?;
    let doing = session::doing(&caller.actor, now, "INIT", &parameters);
    let unborn = match Pond::prepare(&directory, for_user) {
        Err(pond::InitError::Exists(path)) => {
            // What is there must be a pond that works, or this would send people in a circle.
            Pond::open(&directory, &Trust::Anybody)
                .map_err(|source| InitError::NoPond { directory, source })?;
            return Ok(Made::There(path));
        }
        other => other?,
    };
    let first = FirstOperation { doing, head: head.clone() };
    head_file::write(&unborn.mirror_dir().join("HEAD"), &HeadFile { head, seq: 0 })?;
    let pond = init::publish(unborn, &first)?;
    let root = pond.mirror_root().to_owned();
    Ok(Made::New(Box::new(Session::new(pond, root, caller))))
}

/// Whether the pond in `outer` tracks files below `root`; `None` if that cannot be told.
pub fn is_tracked_by(outer: &Path, root: &Path) -> Option<bool> {
    let pond = Pond::open_to_read(outer, &Trust::Ours).ok()?;
    let index = Index::open(&pond.mirror_dir(pond.mirror_id()).join("index")).ok()??;
    let below = root.strip_prefix(pond.mirror_root()).ok()?;
    Some(index.any_live(index.range_of_dir(below.as_os_str().as_encoded_bytes())))
}
