//! Staged content that is gone, because somebody or something deleted or damaged the pack that held it.
//!
//! The index goes on naming such a pack until no row needs it: until then nothing is committed, and every `add` looks
//! whether it can store the content again from the mirror's files.

use bstr::BString;
use pond_mirror::index::{Base, Index, Row, Seen, Update};
use pond_mirror::stat::now_ns;
use pond_oplog::{ReadonlyPond, StagedPack};

use crate::error::WorkspaceError;
use crate::observer::{Event, Recovery};
use crate::staging::staged_packs::{self, Flawed};
use crate::workspace::Workspace;

/// Packs that the index names in vain, and what that means.
pub(crate) struct Lost {
    flawed: Vec<Flawed>,
    /// The rows whose staged content no other pack has.
    rows: Vec<usize>,
}

/// Looks for packs that are not what was written; `None` if all are. The workspace's objects are those of the others
/// from then on.
pub(crate) fn find(workspace: &mut Workspace<'_>) -> Result<Option<Lost>, WorkspaceError> {
    let named = workspace.staged()?;
    let flawed = staged_packs::flawed(&workspace.pond, &named);
    if flawed.is_empty() {
        return Ok(None);
    }
    let is_whole = |pack: &StagedPack| flawed.iter().all(|flawed| flawed.pack != *pack);
    let whole: Vec<StagedPack> = named.into_iter().filter(is_whole).collect();
    workspace.snapshot = ReadonlyPond::at(&workspace.pond, workspace.snapshot.state().clone(), &whole);
    let rows = (0..workspace.index.len()).filter(|number| is_lost(workspace, *number)).collect();
    Ok(Some(Lost { flawed, rows }))
}

/// Whether the content of a row can't be read. What the base commit has is in the table.
fn is_lost(workspace: &Workspace<'_>, number: usize) -> bool {
    let row = workspace.index.entry(number).row;
    let blob = row.staged.filter(|side| side.kind.is_blob() && row.base != Base::Same && !row.intent);
    blob.is_some_and(|side| !workspace.store().has_whole_blob(&side.id))
}

impl Lost {
    /// The index with nothing known of the mirror's files whose content is lost, so that they are read again.
    pub(crate) fn doubt(&self, index: &Index) -> Index {
        let doubted = self.rows.iter().map(|number| {
            let entry = index.entry(*number);
            (entry.path.to_owned(), Update::Set(Row { seen: Seen::NEVER, ..entry.row }))
        });
        index.edit(doubted.collect(), index.header().clone(), now_ns()).finish()
    }

    /// Takes damaged packs out of the way of new ones, which may get the same names.
    pub(crate) fn set_aside(&self, workspace: &Workspace<'_>) -> Result<(), WorkspaceError> {
        for flawed in &self.flawed {
            let name = flawed.pack.name();
            let staged = workspace.pond.staging_dir().join(&name);
            if flawed.file.as_ref() == Some(&staged) {
                let what = format!("the damaged pack '{name}'");
                let kept = pond_durable::set_aside(&staged)
                    .map_err(|source| WorkspaceError::SetAside { what, source })?;
                workspace
                    .session
                    .tell(Event::Recovery(Recovery::DamagedPackKept { name: &name, kept: &kept }));
            } else {
                workspace
                    .session
                    .tell(Event::Recovery(Recovery::PackFlawed { name: &name, reason: flawed.reason() }));
            }
        }
        Ok(())
    }

    /// After new packs were staged: has the index forget the flawed ones if no row needs them any more, else says
    /// which do.
    pub(crate) fn settle(&self, workspace: &mut Workspace<'_>) -> Result<(), WorkspaceError> {
        let left = find(workspace)?;
        let rows = left.as_ref().map_or(0, |left| left.rows.len());
        if self.rows.len() > rows {
            workspace.session.tell(Event::Recovery(Recovery::LostContentStored {
                files: (self.rows.len() - rows) as u64,
            }));
        }
        match left {
            Some(left) if left.rows.is_empty() => left.forget(workspace),
            Some(left) => {
                workspace
                    .session
                    .tell(Event::Recovery(Recovery::ContentStillLost { paths: &left.paths(workspace) }));
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn paths(&self, workspace: &Workspace<'_>) -> Vec<BString> {
        self.rows.iter().map(|number| workspace.index.path(*number).to_owned()).collect()
    }

    /// Has the index name only what is there.
    fn forget(&self, workspace: &mut Workspace<'_>) -> Result<(), WorkspaceError> {
        let mut header = workspace.index.header().clone();
        header.packs.retain(|name| self.flawed.iter().all(|flawed| flawed.pack.name() != *name));
        workspace.save_header(header)
    }
}

/// Refuses to go on where a row's content is lost, and names the paths.
pub(crate) fn require_none(workspace: &mut Workspace<'_>) -> Result<(), WorkspaceError> {
    let Some(lost) = find(workspace)? else { return Ok(()) };
    if lost.rows.is_empty() {
        return lost.forget(workspace);
    }
    let packs = lost.flawed.iter().map(|flawed| format!("'{}' {}", flawed.pack.name(), flawed.reason()));
    let packs = packs.collect::<Vec<_>>().join(", ");
    Err(WorkspaceError::ContentLost { packs, paths: lost.paths(workspace) })
}
