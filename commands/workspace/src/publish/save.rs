//! What a command would overwrite or delete on the host, and that is in no commit, is stored in the pond first.
//!
//! It becomes a tree that the operation's view names (`saved/SEQ`), from which it can be restored. So is what a
//! program wrote to a file after that file had been replaced under it.

use std::path::Path;

use bstr::{BString, ByteSlice};
use pond_mirror::path_list::PathList;
use pond_mirror::stat::Stat;
use pond_mirror::write::replaced::{Ages, Replaced};
use pond_objects::page::Page;
use pond_objects::tree::TreeBuilder;
use pond_objects::{ObjectId, Side, path_order};
use pond_oplog::StagedPack;
use pond_oplog::transaction::Transaction;

use crate::error::{StageError, WorkspaceError};
use crate::observer::{Event, Recovery, Work};
use crate::publish::transact;
use crate::staging::stage::{Growing, Staged, Wanted, stage};
use crate::staging::staged_packs::names;
use crate::workspace::Workspace;

/// Something on the host that is about to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Victim {
    /// Where it is.
    pub(crate) path: BString,
    /// Its content, where that is staged and the host has nothing else; otherwise the host is read.
    pub(crate) content: Option<Side>,
}

/// What was stored.
#[derive(Debug, Default)]
pub(crate) struct Saved {
    /// The tree of all of it; `None` where nothing had to be stored.
    pub(crate) tree: Option<ObjectId>,
    /// The packs that hold it.
    pub(crate) packs: Vec<StagedPack>,
    pages: Vec<(ObjectId, Page)>,
    /// The host's stat of each victim that was read.
    pub(crate) stats: Vec<(BString, Stat)>,
    /// What was stored for each victim, in the order of paths.
    pub(crate) entries: Vec<(BString, Side)>,
}

impl Saved {
    /// Makes it part of an operation.
    pub(crate) fn join(&self, transaction: &mut Transaction<'_>) {
        if let Some(tree) = self.tree {
            self.pages.iter().for_each(|(id, page)| transaction.add_page(*id, page));
            transaction.adopt(&self.packs);
            transaction.set_saved(tree);
        }
    }
}

/// Stores victims for an operation that the caller publishes before it touches the host.
pub(crate) fn store(workspace: &Workspace<'_>, victims: &[Victim]) -> Result<Saved, WorkspaceError> {
    let mut entries: Vec<(BString, Side)> =
        victims.iter().filter_map(|victim| Some((victim.path.clone(), victim.content?))).collect();
    let unknown: Vec<BString> =
        victims.iter().filter(|victim| victim.content.is_none()).map(|victim| victim.path.clone()).collect();
    let mut saved = Saved::default();
    if !entries.is_empty() {
        saved.packs.extend(workspace.staged()?);
    }
    if !unknown.is_empty() {
        let outcomes = read(workspace, workspace.pond.mirror_root(), &unknown, &mut saved.packs)?;
        for (path, outcome) in unknown.into_iter().zip(outcomes) {
            match outcome {
                Ok(staged) => {
                    saved.stats.push((path.clone(), staged.stat));
                    entries.push((path, staged.side()));
                }
                Err(StageError::Gone) => {}
                Err(error) => {
                    return Err(WorkspaceError::Store { path, source: error });
                }
            }
        }
    }
    build(entries, &mut saved);
    Ok(saved)
}

/// Stores paths below a directory.
pub(crate) fn read(
    workspace: &Workspace<'_>,
    root: &Path,
    paths: &[BString],
    packs: &mut Vec<StagedPack>,
) -> Result<Vec<Result<Staged, StageError>>, WorkspaceError> {
    let session = workspace.session;
    let progress = session.work(Work::Save);
    let staging = workspace.pond.staging_dir();
    let list: PathList = paths.iter().collect();
    let wanted = Wanted { paths: &list, known: &|_| None, growing: Growing::AsOpened };
    let staged =
        stage(root, &staging, workspace.store(), &wanted, workspace.threads()?, &*progress, &|| {
            session.is_interrupted()
        })?;
    drop(progress);
    packs.extend(names(&staged.packs));
    Ok(staged.outcomes().collect())
}

/// Makes a tree of what was stored.
pub(crate) fn build(mut entries: Vec<(BString, Side)>, saved: &mut Saved) {
    if entries.is_empty() {
        return;
    }
    entries.sort_by(|a, b| path_order(&a.0, &b.0));
    entries.dedup_by(|a, b| a.0 == b.0);
    let pages = &mut saved.pages;
    let mut builder = TreeBuilder::new(|id, page: &Page| -> Result<(), std::convert::Infallible> {
        pages.push((id, page.clone()));
        Ok(())
    });
    for (path, side) in &entries {
        let Ok(()) = builder.push(path.as_bstr(), side.kind, side.id, side.size);
    }
    let Ok(root) = builder.finish();
    saved.tree = Some(root.id);
    saved.entries = entries;
}

/// Looks at the files that commands replaced: what programs wrote to them since is stored and named, and files that
/// nobody has open any more are let go. Gives whether an operation was published; the HEAD file does not follow it yet.
pub(crate) fn rescue(workspace: &mut Workspace<'_>, replaced: &Replaced) -> Result<bool, WorkspaceError> {
    let failed = WorkspaceError::LateWrites;
    let mut has_published = false;
    let late = replaced.check().map_err(failed)?;
    if !late.is_empty() {
        let kept = |late: &pond_mirror::write::replaced::LateWrite| {
            late.kept.file_name().map(|name| name.to_owned())
        };
        let names: Vec<_> = late.iter().map(kept).collect();
        let root = workspace.pond.replaced_dir();
        let paths: Vec<BString> =
            names.iter().flatten().map(|name| name.to_string_lossy().as_bytes().into()).collect();
        let mut saved = Saved::default();
        let outcomes = read(workspace, &root, &paths, &mut saved.packs)?;
        let mut entries = Vec::new();
        let mut done = Vec::new();
        for (late, outcome) in late.iter().zip(outcomes) {
            // One that is being written to at this moment stays kept, and is looked at again.
            let Ok(staged) = outcome else { continue };
            let path =
                late.path.clone().unwrap_or_else(|| BString::from(format!("unknown/{}", entries.len())));
            done.push((late, path.clone(), staged.stat));
            entries.push((path, staged.side()));
        }
        build_versions(entries, &mut saved);
        if let Some(tree) = saved.tree {
            publish_rescued(workspace, &saved)?;
            has_published = true;
            let paths: Vec<BString> = done.iter().map(|(_, path, _)| path.clone()).collect();
            workspace.session.tell(Event::Recovery(Recovery::LateWrites { paths: &paths, tree: &tree }));
            for (late, _, stat) in done {
                replaced.stored(late, &stat).map_err(failed)?;
            }
        }
    }
    replaced.release(Ages::DEFAULT).map_err(failed)?;
    Ok(has_published)
}

/// Publishes what was stored of files that no version has and no command is about to change. The caller writes the HEAD file, unless
/// an earlier operation is one that it must not follow yet.
pub(crate) fn publish_rescued(workspace: &mut Workspace<'_>, saved: &Saved) -> Result<(), WorkspaceError> {
    let doing = workspace.session.doing("RESCUE", &[])?;
    let mut transaction = Transaction::new(&workspace.pond, &workspace.snapshot, doing);
    saved.join(&mut transaction);
    let published = transact::publish(workspace, transaction)?;
    workspace.refresh(published.state)
}

/// Several kept files may have had one path: later ones get a number.
fn build_versions(entries: Vec<(BString, Side)>, saved: &mut Saved) {
    let mut seen = std::collections::HashMap::<BString, usize>::new();
    let numbered = entries.into_iter().map(|(path, side)| {
        let count = seen.entry(path.clone()).or_default();
        *count += 1;
        let path = if *count == 1 { path } else { format!("{path}.{count}").into() };
        (path, side)
    });
    build(numbered.collect(), saved);
}
