//! Moves HEAD to another commit, and the mirror with it: what `checkout`, `switch`, `reset`, `merge` and `stash` do.
//!
//! What is not committed is carried over where the two commits agree about a file, and otherwise stands in the way:
//! nothing is changed then, unless it is forced, and then it is stored in the pond first. The operation is
//! published before the first file is written; a command that is killed after that leaves HEAD moved, and files that
//! `status` shows as modified.

use std::collections::HashSet;

use bstr::BString;
use pond_mirror::Target;
use pond_mirror::index::{Base, Row};
use pond_mirror::scan::differences::Differences;
use pond_mirror::scan::displaced::{displaced, filled};
use pond_mirror::scan::{Scan, State};
use pond_objects::diff::diff_trees;
use pond_objects::{ObjectId, ObjectSource as _, Side, path_order};
use pond_oplog::transaction::Transaction;
use pond_refs::Head;
use pond_refs::RefEdit;

use crate::error::{Before, Overwriter, WorkspaceError};
use crate::head::carried::{Carried, carried};
use crate::publish::footprint::Touched;
use crate::publish::lay_out::{self, LaidOut};
use crate::publish::obstacles::{Obstacles, refuse_out_of_reach};
use crate::publish::rearrange::{Rearrange, Rearranged, carry_out};
use crate::publish::save;
use crate::staging::rebase::base_tree;
use crate::workspace::Workspace;

/// A move of HEAD.
pub(crate) struct MoveHead<'a> {
    /// The kind of the operation.
    pub kind: &'a str,
    /// Facts for readers of the table's history.
    pub parameters: &'a [(&'a str, String)],
    /// Where HEAD shall stand; without a commit, nothing is tracked there.
    pub head: Head,
    /// Refs that move in the same operation.
    pub edits: Vec<RefEdit>,
    /// What becomes of what is not committed.
    pub uncommitted: Uncommitted,
}

/// What becomes of changes that are not committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Uncommitted {
    /// They are carried over; where they are in the way nothing is done at all.
    Carry,
    /// They are given up, after they were stored in the pond: tracked files and the index become those of the commit.
    GiveUp,
}

/// What became of it.
pub struct MovedHead {
    /// Where HEAD stood.
    pub before: Head,
    /// The files.
    pub laid_out: LaidOut,
    /// Changes that were carried over.
    pub carried: Carried,
}

/// Brings HEAD, the index and the mirror to a commit. The caller holds the mirror's lock.
///
/// # Errors
/// Nothing was changed, unless the error says otherwise. Files that could not be written are no error: they are in
/// [`LaidOut::failed`].
pub(crate) fn move_head(
    workspace: &mut Workspace<'_>,
    request: MoveHead<'_>,
) -> Result<MovedHead, WorkspaceError> {
    let commit = request.head.commit.map(|id| workspace.store().commit(&id)).transpose()?;
    move_head_to(workspace, request, commit.map(|commit| commit.tree), |_| ())
}

/// The same to a commit with this tree, which is stored; the commit may be one that `extend` adds to the operation.
pub(crate) fn move_head_to(
    workspace: &mut Workspace<'_>,
    request: MoveHead<'_>,
    tree: Option<ObjectId>,
    extend: impl FnOnce(&mut Transaction<'_>),
) -> Result<MovedHead, WorkspaceError> {
    let MoveHead { kind, parameters, head, edits, uncommitted } = request;
    let old_tree = workspace.head_tree()?;
    let scan = lay_out::look(workspace)?;
    let force = uncommitted == Uncommitted::GiveUp;
    let pending = workspace.index.header().pending.as_ref();
    if let Some(pending) = pending.filter(|pending| pending.waits() && !force) {
        return Err(WorkspaceError::Waiting { sequence: pending.doing, before: Before::HeadMoves });
    }
    let doing = kind.to_lowercase();
    let plan = plan(workspace, &scan, tree.as_ref(), force, &doing)?;
    let victims = lay_out::victims(workspace, &scan, &plan.targets)?;
    if !force {
        let mut obstacles = Obstacles::default();
        victims.iter().for_each(|victim| obstacles.add_changed(&victim.path));
        obstacles.refuse(Overwriter::Command(doing))?;
    }
    workspace.session.check_interrupt("nothing was changed")?;
    let saved = save::store(workspace, &victims)?;
    let is_whole =
        plan.is_whole && saved.entries.is_empty() && !lay_out::takes_empty_directories(&scan, &plan.targets);
    let before = workspace.head.clone();
    let request = Rearrange {
        head,
        edits,
        files: plan.targets.clone(),
        staged: plan.targets,
        whole: is_whole.then(|| Touched::between(old_tree, tree)),
        pending: None,
        ..Rearrange::nothing(workspace, kind, parameters)
    };
    let Rearranged { laid_out, .. } = carry_out(workspace, request, &scan, &saved, extend)?;
    let carried = carried(&workspace.index, &scan, &laid_out);
    Ok(MovedHead { before, laid_out, carried })
}

/// The paths that have to change.
pub(crate) struct Plan {
    /// What they become, on the host and in the index.
    pub targets: Vec<Target>,
    /// Whether they are all that differs between the two commits, and nothing else.
    is_whole: bool,
}

/// Looks whether anything uncommitted would be lost, and says what has to change to reach the commit with this tree.
/// `doing` is the command's name.
pub(crate) fn plan(
    workspace: &Workspace<'_>,
    scan: &Scan,
    tree: Option<&ObjectId>,
    force: bool,
    doing: &str,
) -> Result<Plan, WorkspaceError> {
    let host = Differences::of(scan);
    let candidates = candidates(workspace, scan, tree, force)?;
    let mut plan = Plan { targets: Vec::new(), is_whole: true };
    let mut obstacles = Obstacles::default();
    for Candidate { path, row, side } in candidates.iter().filter(|candidate| candidate.side.is_some()) {
        let target = Target { path: path.clone(), side: *side };
        let (staged, base) = row.map_or((None, None), |row| (row.staged, row.base_side()));
        let on_host = host.at(path.as_ref());
        let is_same = staged == target.side && (on_host.is_none() || !force);
        // What HEAD and the new commit both have is left alone, whatever was made of it meanwhile.
        let is_carried = !force && base == target.side;
        if is_same || is_carried {
            plan.is_whole &= base == target.side;
            continue;
        }
        plan.is_whole &= base != target.side && staged == base && on_host.is_none();
        if !force && staged != base {
            obstacles.add_changed(path);
        } else if !force {
            obstacles.add_of(&host, &target);
        }
        plan.targets.push(target);
    }
    // What is staged and in no commit.
    let mut kept = HashSet::new();
    for candidate in candidates.into_iter().filter(|candidate| candidate.side.is_none()) {
        let Candidate { path, row: Some(row), .. } = candidate else { continue };
        let base = row.base_side();
        if row.staged.is_none() || !force && base.is_none() {
            plan.is_whole &= base.is_none();
            if row.staged.is_some() {
                kept.insert(path);
            }
            continue;
        }
        let on_host = host.at(path.as_ref()).map(|change| change.state);
        plan.is_whole &= row.staged == base && on_host.is_none();
        // A directory in its place, with files in it that no version has, is a change too.
        let changed = match on_host {
            Some(State::Missing) => host.untracked_files_below(&path).next().is_some(),
            state => state.is_some(),
        };
        if !force && (row.staged != base || changed) {
            obstacles.add_changed(&path);
        }
        plan.targets.push(Target { path, side: None });
    }
    refuse_out_of_reach(scan, &plan.targets)?;
    if !kept.is_empty() {
        // It stays, unless the version needs its place. An empty directory in which files come is no loss.
        let filled: HashSet<BString> =
            filled(&workspace.index, &plan.targets).into_iter().map(|(path, _)| path).collect();
        let displaced = displaced(&workspace.index, &plan.targets).into_iter().map(|(path, _)| path);
        for path in displaced.filter(|path| kept.contains(path)) {
            plan.is_whole = false;
            if !filled.contains(&path) {
                obstacles.add_changed(&path);
            }
        }
    }
    obstacles.refuse(Overwriter::Command(doing.to_owned()))?;
    Ok(plan)
}

/// A path that may have to change.
struct Candidate {
    path: BString,
    row: Option<Row>,
    /// What the new commit has.
    side: Option<Side>,
}

/// In order, the paths in which the two commits differ, those with something staged that is in no commit, and with `force` all
/// in which host, index and HEAD are not alike.
fn candidates(
    workspace: &Workspace<'_>,
    scan: &Scan,
    tree: Option<&ObjectId>,
    force: bool,
) -> Result<Vec<Candidate>, WorkspaceError> {
    let (store, index) = (workspace.store(), &workspace.index);
    let base = base_tree(index, store)?;
    let changes = diff_trees(store, base.as_ref(), tree, &|_, _| true)?;
    let differ: HashSet<BString> = changes.iter().map(|change| change.path.clone()).collect();
    let differs = changes.into_iter().map(|change| {
        let (row, side) = (index.row(&change.path), change.new);
        Candidate { path: change.path, row, side }
    });
    let is_uncommitted = |row: &Row| match force {
        true => row.base != Base::Same,
        false => row.base == Base::Nothing,
    };
    let uncommitted = index.iter().filter(|entry| is_uncommitted(&entry.row));
    let uncommitted = uncommitted.map(|entry| (entry.path.to_owned(), entry.row));
    let on_host = scan.changes.iter().filter(|_| force).filter_map(|change| {
        let row = index.entry(change.row?).row;
        (row.base == Base::Same).then(|| (change.path.clone(), row))
    });
    let others = uncommitted.chain(on_host).filter(|(path, _)| !differ.contains(path));
    let others = others.map(|(path, row)| Candidate { path, side: row.base_side(), row: Some(row) });
    let mut candidates: Vec<Candidate> = differs.chain(others).collect();
    candidates.sort_by(|a, b| path_order(&a.path, &b.path));
    candidates.dedup_by(|a, b| a.path == b.path);
    Ok(candidates)
}
