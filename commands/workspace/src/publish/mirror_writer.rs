//! Writing to the mirror for an operation: every file that it replaces or removes is kept, since a program may still write to it.

use std::io;
use std::path::PathBuf;

use pond_mirror::write::materialize::{Flush, Options};
use pond_mirror::write::replaced::Replaced;
use pond_mirror::write::secure_dir::MirrorDir;

use crate::error::WorkspaceError;
use crate::publish::save::rescue;
use crate::workspace::Workspace;

/// The mirror's directory, and the files that were replaced in it.
pub(crate) struct MirrorWriter {
    root: PathBuf,
    replaced: Replaced,
}

impl MirrorWriter {
    /// Opens the mirror for an operation. The caller holds the mirror's lock.
    ///
    /// # Errors
    /// The directory cannot be written to. Nothing was changed.
    pub(crate) fn open(workspace: &Workspace<'_>) -> Result<Self, WorkspaceError> {
        let root = workspace.pond.mirror_root().to_owned();
        match Replaced::open(&workspace.pond.replaced_dir(), &root) {
            Ok(replaced) => Ok(Self { root, replaced }),
            Err(source) => Err(WorkspaceError::WriteMirror { root, source }),
        }
    }

    /// The mirror's root.
    pub(crate) fn directory(&self) -> Result<MirrorDir, WorkspaceError> {
        let failed = |source: io::Error| WorkspaceError::WriteMirror { root: self.root.clone(), source };
        MirrorDir::open(&self.root).map_err(failed)
    }

    /// How files are written: durable before they have their names. `interrupted` is asked whether to stop.
    pub(crate) fn options<'w>(&'w self, interrupted: &'w (dyn Fn() -> bool + Sync)) -> Options<'w> {
        Options { flush: Flush::BeforeNaming, replaced: Some(&self.replaced), interrupted }
    }

    /// Stores what programs wrote to files after they were replaced, in an operation of its own. The HEAD file is written only if
    /// `is_settled`: an operation whose files or index are not written yet is one that it must not follow.
    ///
    /// # Errors
    /// Something could not be stored. It stays kept, and the next command tries again.
    pub(crate) fn finish(
        self,
        workspace: &mut Workspace<'_>,
        is_settled: bool,
    ) -> Result<(), WorkspaceError> {
        let has_published = rescue(workspace, &self.replaced)?;
        if has_published && is_settled { workspace.save_head() } else { Ok(()) }
    }
}

/// Writes to the mirror with `work`, which ends with the HEAD file; then stores what programs wrote to replaced files meanwhile.
///
/// # Errors
/// Those of `work`, and of [`MirrorWriter::finish`].
pub(crate) fn write_to_mirror<T>(
    workspace: &mut Workspace<'_>,
    writer: MirrorWriter,
    work: impl FnOnce(&mut Workspace<'_>, &MirrorWriter) -> Result<T, WorkspaceError>,
) -> Result<T, WorkspaceError> {
    let done = work(workspace, &writer);
    let rescued = writer.finish(workspace, done.is_ok());
    let done = done?;
    rescued.map(|()| done)
}
