//! Bringing the changes of other commits into HEAD and the mirror: what `merge`, `cherry-pick` and `revert` share.
//!
//! Trees are merged first, in memory; then, if nothing that is not committed stands in the way, one operation is published:
//! with the new commit where everything went together, else with what waits for a person. The files follow, then the
//! index. A command that is killed in between leaves HEAD moved or not moved, and what `undo` needs.

use std::collections::HashSet;

use bstr::{BStr, BString, ByteSlice};
use pond_mirror::Target;
use pond_mirror::index::pending::{Conflict, Pending};
use pond_mirror::scan::differences::Differences;
use pond_mirror::scan::displaced::with_emptied;
use pond_mirror::scan::{Scan, State};
use pond_objects::large::Stream;
use pond_objects::merge::{
    Labels, MergeOptions, Merged, NewContent, Trees, Unmerged, merge_commits, merge_trees,
};
use pond_objects::node::NodeTable;
use pond_objects::{Commit, ObjectId, ObjectSource as _, ReadError, escape};
use pond_oplog::StagedPack;
use pond_oplog::ingest::Ingest;
use pond_oplog::transaction::Transaction;

use crate::error::{Before, WorkspaceError};
use crate::observer::Event;
use crate::publish::lay_out::{self, LaidOut};
use crate::publish::obstacles::refuse_out_of_reach;
use crate::publish::rearrange::{Rearrange, Rearranged, Record, carry_out};
use crate::publish::save::Saved;
use crate::staging::next_commit::{StagedChanges, next_nodes};
use crate::staging::staged_packs::names;
use crate::staging::staged_tree::NewPages;
use crate::workspace::Workspace;

/// Trees that were merged, their new contents stored.
pub(crate) struct MergedTrees {
    /// What they come to.
    pub merged: Merged,
    packs: Vec<StagedPack>,
}

/// Merges a commit into another.
pub(crate) fn combine_commits(
    workspace: &mut Workspace<'_>,
    commits: [ObjectId; 2],
    labels: [&BStr; 2],
    options: &MergeOptions,
) -> Result<MergedTrees, WorkspaceError> {
    let mut contents = Vec::new();
    let store = workspace.store();
    let mut bases = |tips: &[ObjectId], other: ObjectId| -> Result<Vec<ObjectId>, ReadError> {
        pond_history::bases_with_any(store, other, tips)
    };
    let mut keep = |_: ObjectId, content: NewContent| -> Result<(), ReadError> {
        contents.push(content);
        Ok(())
    };
    let merged = merge_commits(store, &mut bases, commits, labels, options, &mut keep)?.merged;
    Ok(MergedTrees { merged, packs: store_contents(workspace, contents)? })
}

/// Brings into what is staged what changed from one commit's tree to another's; none is a tree without entries.
pub(crate) fn combine_change(
    workspace: &mut Workspace<'_>,
    [base, theirs]: [Option<&Commit>; 2],
    labels: Labels<'_>,
    options: &MergeOptions,
) -> Result<MergedTrees, WorkspaceError> {
    let store = workspace.store();
    let table =
        |commit: Option<&Commit>| NodeTable::load(store, commit.and_then(|commit| commit.nodes.as_ref()));
    let head = workspace.head.commit.map(|id| store.commit(&id)).transpose()?;
    let head_nodes = table(head.as_ref())?;
    let staged = StagedChanges::find(&workspace.index, &head_nodes, store);
    let tables = [table(base)?, next_nodes(&head_nodes, &staged), table(theirs)?];
    let tree = |commit: Option<&Commit>| commit.map(|commit| commit.tree);
    let mut pages = NewPages::new(store);
    let ours = pages.add_tree_of(&workspace.index, tree(head.as_ref()).as_ref())?;
    let trees =
        Trees { base: tree(base), ours: Some(ours), theirs: tree(theirs), nodes: Some(tables.each_ref()) };
    let mut contents = Vec::new();
    let mut keep = |_: ObjectId, content: NewContent| -> Result<(), ReadError> {
        contents.push(content);
        Ok(())
    };
    let merged = merge_trees(&pages, &trees, labels, options, &mut keep)?;
    Ok(MergedTrees { merged, packs: store_contents(workspace, contents)? })
}

/// Stores merged contents in the staging area; the workspace reads them from then on.
pub(crate) fn store_contents(
    workspace: &mut Workspace<'_>,
    contents: Vec<NewContent>,
) -> Result<Vec<StagedPack>, WorkspaceError> {
    let packs = pack_contents(workspace, &contents)?;
    if !packs.is_empty() {
        let state = workspace.snapshot.state().clone();
        let all: Vec<StagedPack> = workspace.staged()?.into_iter().chain(packs.iter().copied()).collect();
        workspace.snapshot = workspace.snapshot.moved_to(&workspace.pond, state, &all);
    }
    Ok(packs)
}

/// Stores merged contents in the staging area. Large ones stream from what they are made of.
pub(crate) fn pack_contents(
    workspace: &Workspace<'_>,
    contents: &[NewContent],
) -> Result<Vec<StagedPack>, WorkspaceError> {
    if contents.is_empty() {
        return Ok(Vec::new());
    }
    let store = workspace.store();
    let staging = workspace.pond.staging_dir();
    let ingest = Ingest::new(store, &staging)?;
    let stored = ingest.run(vec![()], 1, |reader, ()| {
        contents.iter().try_for_each(|content| -> Result<(), WorkspaceError> {
            match content {
                NewContent::Bytes(bytes) => reader.store(bytes)?,
                NewContent::Spliced(spliced) => {
                    let text = spliced.open(store)?;
                    reader.store_stream(spliced.size(), &mut Stream::new(&text), &|_| {})?
                }
            };
            Ok(())
        })
    })?;
    stored.into_iter().collect::<Result<(), _>>()?;
    Ok(names(&ingest.finish()?))
}

/// Refuses to begin something while something else waits that has changed files or the index, and has no commit yet.
pub(crate) fn refuse_while_due(workspace: &Workspace<'_>, command: &str) -> Result<(), WorkspaceError> {
    match &workspace.index.header().pending {
        Some(pending) if pending.is_between() => Ok(()),
        _ => refuse_while_pending(workspace, command),
    }
}

/// Refuses to begin something while something else waits.
pub(crate) fn refuse_while_pending(workspace: &Workspace<'_>, command: &str) -> Result<(), WorkspaceError> {
    let pending = workspace.index.header().pending.as_ref();
    let Some(pending) = pending.filter(|pending| pending.waits()) else { return Ok(()) };
    Err(WorkspaceError::Waiting { sequence: pending.doing, before: Before::Another(command.to_owned()) })
}

/// Refuses to commit while paths are in conflict.
pub(crate) fn refuse_unmerged(workspace: &Workspace<'_>) -> Result<(), WorkspaceError> {
    let Some(pending) = &workspace.index.header().pending else { return Ok(()) };
    let paths: Vec<BString> = pending.conflicts.iter().map(Conflict::path).collect();
    match paths.is_empty() {
        true => Ok(()),
        false => Err(WorkspaceError::Unmerged { sequence: pending.doing, paths }),
    }
}

/// Refuses to begin while something waits, or while something is staged that a merge would mix with its own.
pub(crate) fn check_ready(workspace: &Workspace<'_>, command: &str) -> Result<(), WorkspaceError> {
    refuse_while_due(workspace, command)?;
    let staged = workspace.index.iter().filter(|entry| entry.row.staged != entry.row.base_side());
    let paths: Vec<BString> = staged.map(|entry| entry.path.to_owned()).collect();
    match paths.is_empty() {
        true => Ok(()),
        false => Err(WorkspaceError::StagedInTheWay {
            paths,
            doing: command.to_owned(),
            partway: is_partway(workspace),
        }),
    }
}

/// What becomes of merged trees.
pub(crate) enum Then {
    /// They are committed, and something comes after them, or nothing does.
    Commit(Record, Option<Pending>),
    /// They are staged, and something waits, or nothing does.
    Stage(Option<Pending>),
}

/// What was done.
pub struct Applied {
    /// The new commit, where there is one.
    pub commit: Option<(ObjectId, Commit)>,
    /// The files.
    pub laid_out: LaidOut,
    /// How many paths changed.
    pub changed: usize,
}

/// Brings merged trees into the mirror and the index, and commits them if that is wanted. The caller holds the mirror's lock.
///
/// # Errors
/// Where something that is not committed stands in the way, and whatever keeps the operation from being published: nothing
/// was changed.
pub(crate) fn apply(
    workspace: &mut Workspace<'_>,
    kind: &str,
    parameters: &[(&str, String)],
    combined: &MergedTrees,
    then: Then,
) -> Result<Applied, WorkspaceError> {
    let targets = lay_out::targets_of(&combined.merged.updates);
    let targets = with_emptied(&workspace.index, targets);
    let scan = lay_out::look(workspace)?;
    refuse_out_of_reach(&scan, &targets)?;
    refuse_uncommitted(workspace, &scan, &targets, &combined.merged.unmerged, kind)?;
    workspace.session.check_interrupt(unchanged(workspace))?;
    let (commit, pending) = match then {
        Then::Commit(record, pending) => (Some(record), pending),
        Then::Stage(pending) => (None, pending),
    };
    let request = Rearrange {
        files: targets.clone(),
        staged: targets,
        commit,
        pending,
        always: true,
        ..Rearrange::nothing(workspace, kind, parameters)
    };
    let changed = request.files.len();
    let adopt = |transaction: &mut Transaction<'_>| transaction.adopt(&combined.packs);
    let Rearranged { commit, laid_out, .. } = carry_out(workspace, request, &scan, &Saved::default(), adopt)?;
    Ok(Applied { commit, laid_out, changed })
}

/// What an interruption leaves undone.
fn unchanged(workspace: &Workspace<'_>) -> &'static str {
    if is_partway(workspace) { "nothing more was changed" } else { "nothing was changed" }
}

/// Whether earlier commits of the same command were picked.
fn is_partway(workspace: &Workspace<'_>) -> bool {
    workspace.index.header().pending.as_ref().is_some_and(Pending::is_between)
}

/// Refuses where a target, or a path in conflict, has something on the host that no commit has.
fn refuse_uncommitted(
    workspace: &Workspace<'_>,
    scan: &Scan,
    targets: &[Target],
    unmerged: &[Unmerged],
    kind: &str,
) -> Result<(), WorkspaceError> {
    let host = Differences::of(scan);
    let meant: HashSet<&BString> = targets.iter().map(|target| &target.path).collect();
    // Of a path in conflict that is not written, whoever decides looks at the file.
    let only_decided = unmerged.iter().map(|one| &one.path).filter(|path| !meant.contains(path));
    let mut paths: Vec<BString> =
        only_decided.filter(|path| host.at(path.as_bstr()).is_some()).cloned().collect();
    for target in targets {
        let change = host.at(target.path.as_ref());
        // An empty directory is no loss.
        let is_dir = change.is_some_and(|change| change.kind == Some(pond_objects::Kind::Directory));
        if change.is_some_and(|change| change.state != State::Missing) && !is_dir {
            paths.push(target.path.clone());
        }
        if target.side.is_some() {
            paths.extend(host.file_above(&target.path).cloned());
        }
        if target.side.is_some_and(|side| side.kind.is_blob()) {
            paths.extend(host.untracked_files_below(&target.path).cloned());
        }
    }
    paths.sort();
    paths.dedup();
    let word = kind.to_lowercase().replace('_', "-");
    match paths.is_empty() {
        true => Ok(()),
        false => Err(WorkspaceError::Uncommitted { paths, doing: word, partway: is_partway(workspace) }),
    }
}

/// Tells of what was merged by line and of conflicts, in git's words.
pub(crate) fn tell(workspace: &Workspace<'_>, merged: &Merged) {
    workspace.session.tell(Event::Merged(merged));
}

/// The lines that a message gets about paths in conflict.
pub(crate) fn conflict_lines(unmerged: &[Unmerged]) -> Vec<u8> {
    if unmerged.is_empty() {
        return Vec::new();
    }
    let mut lines = b"\n# Conflicts:\n".to_vec();
    for one in unmerged {
        lines.extend_from_slice(format!("#\t{}\n", escape::quoted(one.path.as_bstr())).as_bytes());
    }
    lines
}
