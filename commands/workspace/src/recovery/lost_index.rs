//! An index that is missing or cannot be read, and the one that is made in its place.

use pond_mirror::index::{Index, head_file};
use pond_oplog::{Pond, StagedPack};

use crate::error::WorkspaceError;
use crate::observer::{Event, Recovery};
use crate::recovery::finish::Unfinished;
use crate::staging::staged_packs;
use crate::workspace::Workspace;

impl Workspace<'_> {
    /// In the place of an index that cannot be read, makes one from HEAD. What is there is kept under another name, and
    /// the new one names every staged pack, since the old one may have. Gives whether that was done.
    pub fn rebuild_index(&mut self) -> Result<bool, WorkspaceError> {
        if self.index_error.is_none() {
            return Ok(false);
        }
        let kept = pond_durable::set_aside(&self.session.index_path()).map_err(|source| {
            WorkspaceError::SetAside { what: "the index that cannot be read".to_owned(), source }
        })?;
        self.index = anew(&self.pond)?;
        self.index_error = None;
        self.refresh(self.snapshot.state().clone())?;
        let file = head_file::read(&self.session.head_path())?;
        self.catch_up(file.map(|file| file.seq))?;
        self.finish_half_done(Unfinished::GoOn)?;
        self.session.tell(Event::Recovery(Recovery::IndexWasBad { kept: &kept }));
        Ok(true)
    }
}

/// An index without rows that names these packs.
pub(crate) fn naming(packs: &[StagedPack]) -> Index {
    Index::naming(packs.iter().map(StagedPack::name).collect())
}

/// An index without rows in the place of one that is lost. It names every whole pack of the staging area, so that no
/// content is taken for garbage that only the lost one named; damaged ones get another name, for the same reason.
pub(crate) fn anew(pond: &Pond) -> Result<Index, WorkspaceError> {
    let mut packs = staged_packs::present(pond);
    for flawed in staged_packs::flawed(pond, &packs) {
        packs.retain(|pack| *pack != flawed.pack);
        if let Some(file) = flawed.file {
            let what = "a damaged pack of the staging area".to_owned();
            pond_durable::set_aside(&file).map_err(|source| WorkspaceError::SetAside { what, source })?;
        }
    }
    Ok(naming(&packs))
}
