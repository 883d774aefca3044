//! HEAD on its way to another commit, with changes that are not committed merged into what stands there: `switch -m`.
//!
//! Only changes of tracked files that stand in the way are merged, each from HEAD's version to that of the commit; none may
//! be staged. What they were is stored in the pond first, as with whatever a command overwrites. Nothing is staged then
//! but conflicts, which are to be decided about.

use std::collections::{BTreeMap, HashMap, HashSet};

use bstr::BString;
use pond_mirror::Target;
use pond_mirror::index::pending::{Pending, Sequence};
use pond_mirror::index::{Index, Row, Seen, Update};
use pond_mirror::scan::differences::Differences;
use pond_mirror::scan::{Scan, State};
use pond_mirror::stat::now_ns;
use pond_objects::merge::{Labels, MergeOptions, Merged, NewContent, Trees, merge_trees};
use pond_objects::path::above;
use pond_objects::tree::empty_tree;
use pond_objects::{Kind, ObjectId, ObjectSource as _, ReadError, Side};
use pond_oplog::ReadonlyPond;

use crate::error::{Overwriter, WorkspaceError};
use crate::head::carried;
use crate::head::move_head::{MoveHead, MovedHead, plan};
use crate::merged_trees::{refuse_while_pending, store_contents};
use crate::publish::lay_out::{self, target_of};
use crate::publish::obstacles::{self, Obstacles};
use crate::publish::rearrange::{Rearrange, Rearranged, carry_out};
use crate::publish::save::{self, Saved, Victim};
use crate::staging::staged_tree::NewPages;
use crate::workspace::Workspace;

/// Whether changes stand in the way of a move that would carry them along.
///
/// # Errors
/// Those of reading the trees and of looking at the mirror.
pub(crate) fn is_needed(workspace: &Workspace<'_>, commit: Option<ObjectId>) -> Result<bool, WorkspaceError> {
    let tree = commit.map(|id| workspace.store().commit(&id)).transpose()?.map(|commit| commit.tree);
    Ok(plan(workspace, &lay_out::look(workspace)?, tree.as_ref(), false, "").is_err())
}

/// A change in the way: the path, its row, and what the host has there.
type Changed = (BString, Row, Option<Side>);

/// Contents that came about by merging.
type Contents = Vec<NewContent>;

/// Brings HEAD and the index to a commit, and the mirror to that commit with the changes in it. `labels` are those of the
/// commit, of HEAD and of the changes. The caller holds the mirror's lock.
///
/// # Errors
/// Nothing was changed, unless the error says otherwise.
pub(crate) fn merge_over(
    workspace: &mut Workspace<'_>,
    request: MoveHead<'_>,
    labels: Labels<'_>,
    options: &MergeOptions,
) -> Result<(MovedHead, Merged), WorkspaceError> {
    refuse_while_pending(workspace, request.kind.to_lowercase().as_str())?;
    refuse_staged(workspace)?;
    let MoveHead { kind, parameters, head, edits, uncommitted: _ } = request;
    let tree = head.commit.map(|id| workspace.store().commit(&id)).transpose()?.map(|commit| commit.tree);
    let mut wanted: BTreeMap<BString, Option<Side>> =
        workspace.index.iter().map(|entry| (entry.path.to_owned(), None)).collect();
    for entry in workspace.list(tree.as_ref())? {
        let Target { path, side } = target_of(&entry);
        wanted.insert(path, side);
    }
    let scan = lay_out::look(workspace)?;
    let (rows, kept) = in_the_way(workspace, &scan, &wanted);
    let saved = save::store(workspace, &victims(&scan, &rows))?;
    let changed = with_sides(&scan, &saved, rows);
    let (merged, contents) = merge(workspace, tree, &saved, &changed, labels, options)?;
    let packs = store_contents(workspace, contents)?;
    let staged = staged(workspace, &wanted, &merged);
    let mut obstacles = Obstacles::default();
    for (path, side) in &merged.updates {
        if kept.contains(path) {
            obstacles.add_changed(path);
        }
        wanted.insert(path.clone(), *side);
    }
    wanted.retain(|path, _| !kept.contains(path));
    let targets: Vec<Target> = wanted.into_iter().map(|(path, side)| Target { path, side }).collect();
    let files = lay_out::changed_on_host(workspace, &scan, &targets);
    obstacles::refuse_out_of_reach(&scan, &files)?;
    refuse_untracked(&scan, &files, obstacles, &kind.to_lowercase())?;
    workspace.session.check_interrupt("nothing was changed")?;
    let before = workspace.head.clone();
    let pending = Pending::new(Sequence::Conflicts, b"", &merged.unmerged).unless_over();
    let request =
        Rearrange { head, edits, files, staged, pending, ..Rearrange::nothing(workspace, kind, parameters) };
    let Rearranged { laid_out, .. } =
        carry_out(workspace, request, &scan, &saved, |transaction| transaction.adopt(&packs))?;
    let carried = carried::unstaged(&workspace.index, &lay_out::look_at_tracked(workspace)?);
    Ok((MovedHead { before, laid_out, carried }, merged))
}

/// What is staged and in no commit would be taken for a change that is not.
fn refuse_staged(workspace: &Workspace<'_>) -> Result<(), WorkspaceError> {
    let is_staged = |row: &Row| row.intent || row.staged != row.base_side();
    let staged = workspace.index.iter().filter(|entry| is_staged(&entry.row));
    let paths: Vec<BString> = staged.map(|entry| entry.path.to_owned()).collect();
    match paths.is_empty() {
        true => Ok(()),
        false => Err(WorkspaceError::StagedChanges { paths }),
    }
}

/// Tracked files that are changed on the host: those where the two commits differ, and the paths of the others, which are left
/// alone.
fn in_the_way(
    workspace: &Workspace<'_>,
    scan: &Scan,
    wanted: &BTreeMap<BString, Option<Side>>,
) -> (Vec<(BString, Row)>, HashSet<BString>) {
    let (mut rows, mut kept) = (Vec::new(), HashSet::new());
    for change in &scan.changes {
        let Some(row) = change.row.map(|row| workspace.index.entry(row).row) else { continue };
        // What has no content cannot be merged.
        let is_left_alone = matches!(change.state, State::Held | State::Special(_));
        if is_left_alone || row.base_side() == wanted.get(&change.path).copied().flatten() {
            kept.insert(change.path.clone());
        } else {
            rows.push((change.path.clone(), row));
        }
    }
    (rows, kept)
}

fn victims(scan: &Scan, rows: &[(BString, Row)]) -> Vec<Victim> {
    let host = Differences::of(scan);
    let is_file = |path: &BString| {
        let change = host.at(path.as_ref());
        change.is_some_and(|change| change.state != State::Missing && change.kind.is_some_and(Kind::is_blob))
    };
    let files = rows.iter().filter(|(path, _)| is_file(path));
    files.map(|(path, _)| Victim { path: path.clone(), content: None }).collect()
}

fn with_sides(scan: &Scan, saved: &Saved, rows: Vec<(BString, Row)>) -> Vec<Changed> {
    let host = Differences::of(scan);
    let stored: HashMap<&BString, Side> = saved.entries.iter().map(|(path, side)| (path, *side)).collect();
    let side = |path: &BString| match host.at(path.as_ref()).map(|change| (change.state, change.kind)) {
        Some((State::Missing, _)) => None,
        Some((_, Some(Kind::Directory))) => Some(Side { kind: Kind::Directory, id: empty_tree(), size: 0 }),
        // It may have vanished while it was read.
        _ => stored.get(path).copied(),
    };
    rows.into_iter()
        .map(|(path, row)| {
            let side = side(&path);
            (path, row, side)
        })
        .collect()
}

/// Merges the changes into the commit's tree; gives the contents that came about, too.
fn merge(
    workspace: &mut Workspace<'_>,
    tree: Option<ObjectId>,
    saved: &Saved,
    changed: &[Changed],
    labels: Labels<'_>,
    options: &MergeOptions,
) -> Result<(Merged, Contents), WorkspaceError> {
    let all: Vec<_> = workspace.staged()?.into_iter().chain(saved.packs.iter().copied()).collect();
    workspace.snapshot = ReadonlyPond::at(&workspace.pond, workspace.snapshot.state().clone(), &all);
    let base = workspace.head_tree()?;
    let mut pages = NewPages::new(workspace.store());
    let theirs = pages.add_tree_of(&with_changes(&workspace.index, changed), base.as_ref())?;
    let mut contents = Vec::new();
    let mut keep = |_: ObjectId, content: NewContent| -> Result<(), ReadError> {
        contents.push(content);
        Ok(())
    };
    let trees = Trees { base, ours: tree, theirs: Some(theirs), nodes: None };
    let merged = merge_trees(&pages, &trees, labels, options, &mut keep)?;
    Ok((merged, contents))
}

fn with_changes(index: &Index, changed: &[Changed]) -> Index {
    let update = |(path, row, side): &Changed| {
        let update = match side {
            None => Update::Delete,
            Some(side) => Update::Set(row.restaged(*side, Seen::NEVER)),
        };
        (path.clone(), update)
    };
    index.edit(changed.iter().map(update).collect(), index.header().clone(), now_ns()).finish()
}

/// What the index has afterwards: the commit's version of everything, and what stands in the mirror of paths in conflict.
fn staged(
    workspace: &Workspace<'_>,
    wanted: &BTreeMap<BString, Option<Side>>,
    merged: &Merged,
) -> Vec<Target> {
    let mut sides = wanted.clone();
    for unmerged in &merged.unmerged {
        sides.insert(unmerged.path.clone(), unmerged.result);
    }
    give_way(&mut sides, merged);
    let staged = |path: &BString| workspace.index.row(path)?.staged;
    let other = sides.into_iter().filter(|(path, side)| staged(path) != *side);
    other.map(|(path, side)| Target { path, side }).collect()
}

/// What the commit has in the place of a directory that a conflict needs, or below a file of one, is where the merge put it.
fn give_way(sides: &mut BTreeMap<BString, Option<Side>>, merged: &Merged) {
    let files =
        merged.unmerged.iter().filter(|unmerged| unmerged.result.is_some_and(|side| side.kind.is_blob()));
    let files: HashSet<&[u8]> = files.map(|unmerged| unmerged.path.as_slice()).collect();
    let needed: HashSet<&[u8]> = files.iter().flat_map(|path| above(path)).collect();
    for (path, side) in sides {
        let path = path.as_slice();
        let is_in_the_way = needed.contains(path) || above(path).any(|dir| files.contains(dir));
        if is_in_the_way && !files.contains(path) {
            *side = None;
        }
    }
}

/// Refuses where files that are not tracked are in the way.
fn refuse_untracked(
    scan: &Scan,
    files: &[Target],
    mut obstacles: Obstacles,
    doing: &str,
) -> Result<(), WorkspaceError> {
    let host = Differences::of(scan);
    for target in files {
        let change = host.at(target.path.as_ref()).filter(|change| change.kind != Some(Kind::Directory));
        if change.is_some_and(|change| change.state == State::Untracked) {
            obstacles.add_untracked(&target.path);
        }
        obstacles.add_around(&host, target);
    }
    obstacles.refuse(Overwriter::Merging(doing.to_owned()))
}
