//! Moves HEAD to another commit, and the mirror with it: what `checkout`, `switch`, `reset`, `merge` and `stash` do.
//!
//! What is not committed is carried over where the two commits agree about a file, and otherwise stands in the way:
//! nothing is changed then, unless it is forced, and then it is stored in the pond first. The operation is
//! published before the first file is written; a command that is killed after that leaves HEAD moved, and files that
//! `status` shows as modified.

use std::collections::HashSet;

use bstr::{BStr, BString};
use pond_objects::{ObjectSource as _, PathEntry};
use pond_oplog::view::{Head, MAIN_MIRROR};
use pond_refs::RefEdit;

use super::differences::Differences;
use super::footprint::{Footprint, Touched};
use super::index::{Header, Row, Seen, Side, Update};
use super::lay_out::{self, LaidOut, Target, target_of};
use super::scan::{Scan, State};
use super::stat::now_ns;
use super::{rebase, save};
use crate::error::{Class, CommandError, fatal};
use crate::transact;
use crate::ui::escape;
use crate::workspace::Workspace;

/// A move of HEAD.
pub(crate) struct MoveHead<'a> {
    /// The kind of the operation.
    pub(crate) kind: &'a str,
    /// Facts for readers of the table's history.
    pub(crate) parameters: &'a [(&'a str, String)],
    /// Where HEAD shall stand. It has a commit.
    pub(crate) head: Head,
    /// Refs that move in the same operation.
    pub(crate) edits: Vec<RefEdit>,
    /// What becomes of what is not committed.
    pub(crate) uncommitted: Uncommitted,
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
pub(crate) struct MovedHead {
    /// Where HEAD stood.
    pub(crate) before: Head,
    /// The files.
    pub(crate) laid_out: LaidOut,
}

/// Brings HEAD, the index and the mirror to a commit. The caller holds the mirror's lock.
///
/// # Errors
/// Nothing was changed, unless the error says otherwise. Files that could not be written are no error: they are in
/// [`LaidOut::failed`].
pub(crate) fn move_head(
    workspace: &mut Workspace<'_>,
    request: MoveHead<'_>,
) -> Result<MovedHead, CommandError> {
    let commit = request.head.commit.expect("BUG: HEAD moves to a commit");
    let tree = workspace.store().commit(&commit)?.tree;
    let old_tree = workspace.head_tree()?;
    let entries = workspace.list(Some(&tree))?;
    let scan = lay_out::look(workspace)?;
    let force = request.uncommitted == Uncommitted::GiveUp;
    let waiting = workspace.index.header().pending.clone();
    if let Some(pending) = waiting.as_ref().filter(|_| !force) {
        let doing = pending.doing.command();
        return Err(fatal(format_args!("a {doing} is under way: HEAD can't move before it has ended"))
            .hint(format_args!("'pond {doing} --continue' ends it, 'pond {doing} --abort' goes back")));
    }
    let plan = plan(workspace, &scan, &entries, force)?;
    let victims = lay_out::victims(workspace, &scan, &plan.targets);
    if !force && !victims.is_empty() {
        let paths: Vec<&BString> = victims.iter().map(|victim| &victim.path).collect();
        return Err(in_the_way(&paths));
    }
    workspace.ctx.check_interrupt("nothing was changed")?;
    let saved = save::store(workspace, &victims)?;
    let mut footprint = if plan.is_whole && saved.entries.is_empty() {
        let touched = Touched::between(old_tree, Some(tree));
        Footprint { host: touched.clone(), index: touched, ..Footprint::default() }
    } else {
        let host = lay_out::touched(workspace, &plan.targets, &saved, &scan);
        Footprint { host, index: touched_index(workspace, &plan.targets), ..Footprint::default() }
    };
    footprint.pending = waiting.map(|waiting| [Some(waiting), None]);
    let before = workspace.head.clone();
    if request.head != before || !footprint.is_empty() || !request.edits.is_empty() {
        let mut transaction = transact::begin(workspace, request.kind, request.parameters)?;
        saved.join(&mut transaction);
        footprint.join(workspace, &mut transaction)?;
        request.edits.into_iter().for_each(|edit| transaction.edit_ref(edit));
        transaction.set_head(MAIN_MIRROR, request.head.clone());
        let published = transact::publish(workspace, transaction)?;
        workspace.head = request.head;
        workspace.refresh(published.state)?;
    }
    let laid_out = lay_out::lay_out(workspace, &plan.targets, &saved, &scan)?;
    laid_out.show_failures(workspace);
    let updates = lay_out::updates_of_all(workspace, &plan.targets, &laid_out);
    let header = workspace.index.header().clone();
    let edited = workspace.index.edit(updates, header.clone(), now_ns()).finish();
    let header = Header {
        base: Some(commit),
        delta_version: Some(workspace.snapshot.state().version),
        pending: None,
        ..header
    };
    let builder = rebase::onto(&edited, workspace.store(), Some(&tree), header)?;
    workspace.save_index(builder)?;
    workspace.save_head()?;
    Ok(MovedHead { before, laid_out })
}

/// The paths that have to change.
struct Plan {
    targets: Vec<Target>,
    /// Whether they are all that differs between the two commits, and nothing else.
    is_whole: bool,
}

/// Looks whether anything uncommitted would be lost, and says what has to change.
fn plan(
    workspace: &Workspace<'_>,
    scan: &Scan,
    entries: &[PathEntry],
    force: bool,
) -> Result<Plan, CommandError> {
    let host = Differences::of(scan);
    let state = |path: &BStr| host.at(path).map(|change| change.state);
    let mut plan = Plan { targets: Vec::new(), is_whole: true };
    let mut collisions = Vec::new();
    for entry in entries {
        let target = target_of(entry);
        let row = workspace.index.find(&entry.path).ok().map(|at| workspace.index.entry(at).row);
        let (staged, base) = row.map_or((None, None), |row| (row.staged, row.base_side()));
        let on_host = state(entry.path.as_ref());
        let is_same = staged == target.side && (on_host.is_none() || !force);
        // What HEAD and the new commit both have is left alone, whatever was made of it meanwhile.
        let is_carried = !force && base == target.side;
        if is_same || is_carried {
            plan.is_whole &= base == target.side;
            continue;
        }
        plan.is_whole &= base != target.side && staged == base && on_host.is_none();
        let missing = on_host == Some(State::Missing);
        if !force && (staged != base && staged != target.side || on_host.is_some() && !missing) {
            collisions.push(entry.path.clone());
        }
        if !force && let Some(blocking) = host.file_above(&entry.path) {
            collisions.push(blocking.clone());
        }
        plan.targets.push(target);
    }
    let wanted: HashSet<&BString> = entries.iter().map(|entry| &entry.path).collect();
    for entry in workspace.index.iter() {
        let path = entry.path.to_owned();
        if wanted.contains(&path) {
            continue;
        }
        let base = entry.row.base_side();
        if entry.row.staged.is_none() || !force && base.is_none() {
            plan.is_whole &= base.is_none();
            continue;
        }
        let on_host = state(entry.path);
        plan.is_whole &= entry.row.staged == base && on_host.is_none();
        let changed = on_host.is_some_and(|state| state != State::Missing);
        if !force && (entry.row.staged != base || changed) {
            collisions.push(path.clone());
        }
        plan.targets.push(Target { path, side: None });
    }
    collisions.sort();
    collisions.dedup();
    match collisions.is_empty() {
        true => Ok(plan),
        false => Err(in_the_way(&collisions.iter().collect::<Vec<_>>())),
    }
}

/// What of the index changes when the targets are reached.
pub(crate) fn touched_index(workspace: &Workspace<'_>, targets: &[Target]) -> Touched {
    let mut touched = Touched::default();
    for target in targets {
        let row = workspace.index.find(&target.path).ok().map(|at| workspace.index.entry(at).row);
        touched.add(target.path.clone(), row.and_then(|row| row.staged), target.side);
    }
    for (path, side) in lay_out::filled(workspace, targets) {
        touched.add(path, Some(side), None);
    }
    touched
}

fn in_the_way(paths: &[&BString]) -> CommandError {
    let list: String = paths.iter().take(20).map(|path| format!("\n  {}", escape::quoted(path))).collect();
    let more = paths.len().saturating_sub(20);
    let rest = if more > 0 { format!("\n  and {more} more") } else { String::new() };
    CommandError::new(
        Class::Conflict,
        format_args!("changes that are not committed would be overwritten:{list}{rest}"),
    )
    .hint("nothing was changed; commit them, or use -f, which stores them in the pond and takes the new version")
}

/// The index row for a path whose staged content becomes `side`, with the host's stat where it is known.
pub(crate) fn restaged(workspace: &Workspace<'_>, path: &BString, side: Option<Side>, seen: Seen) -> Update {
    let old = workspace.index.find(path).ok().map(|at| workspace.index.entry(at).row);
    match (side, old) {
        (None, _) => Update::Delete,
        (Some(side), Some(old)) => Update::Set(old.restaged(side, seen)),
        (Some(side), None) => Update::Set(Row::added(side, seen)),
    }
}
