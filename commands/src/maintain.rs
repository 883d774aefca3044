//! Upkeep that commands do when they have ended: compaction, checkpoints and the deletion of what was replaced, when enough has
//! gathered. What takes long is left to a process of its own: see [`aside`].

pub(crate) mod aside;

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use pond_durable::lock::{Lock, LockError};
use pond_objects::{ObjectId, escape};
use pond_oplog::compact::{self, Compacted, Merged};
use pond_oplog::dead::{self, Deleted};
use pond_oplog::durable_local::DurableLocal;
use pond_oplog::state::PackFile;
use pond_oplog::{Pond, TableState};
use pond_workspace::run_here;
use pond_workspace::{Purpose, Workspace, open};

use crate::context::Context;
use crate::error::{CommandError, fatal};
use crate::interrupt;

/// Whether there is something to merge or to delete, or a checkpoint to write.
fn is_due(pond: &Pond, state: &TableState, now_millis: i64) -> bool {
    !compact::plan(state, compact::FAN_IN).is_empty()
        || dead::is_any_due(state, now_millis)
        || pond_checkpoint::is_due(&pond.table_dir(), state.version)
}

/// Merges small packs and writes a checkpoint where what the command published made that due. Its own work is done, durable
/// and told: what goes wrong here is only said, and who wants the program to end is not kept waiting.
pub(crate) fn after(ctx: &Context) {
    let Some(session) = ctx.opened_session() else { return };
    let Some(state) = session.take_published() else { return };
    let is_wanted = ctx.config().is_ok_and(|config| config.bool("maintenance.auto").unwrap_or(true));
    if !is_wanted || interrupt::interrupted() {
        return;
    }
    if !session.now().is_ok_and(|now| is_due(&session.pond, &state, now / 1000)) {
        return;
    }
    if let Err(error) = run_if_due(ctx) {
        ctx.ui.warn(format_args!("upkeep was put off: {error}"));
    }
}

/// Groups of packs with at most so many bytes are merged before the command ends, with those who publish waiting: so they do
/// not all do the same work, and none of them gets it published. Larger ones are merged aside.
const MERGED_AT_ONCE: u64 = 2 << 20;
/// How long a command waits to be the one that merges. Who waits in vain leaves it to the next.
const PATIENCE: Duration = Duration::from_millis(200);

/// So many packs are deleted before a command ends, in some tens of milliseconds.
const MOST_DELETED: usize = 512;
/// In the background, or where that never came to it.
const MOST_DELETED_ASIDE: usize = 64 << 10;
/// So long what was replaced waits for a process in the background, if there is much of it.
const DELETED_WITHIN: Duration = Duration::from_secs(24 * 3600);

fn run_if_due(ctx: &Context) -> Result<(), CommandError> {
    let workspace = &mut open(ctx.session()?, Purpose::LookAtTable)?;
    let has_groups = !compact::plan(workspace.snapshot().state(), compact::FAN_IN).is_empty();
    // One group behind each command: what else is due stays so, and the next does it.
    if groups_of(workspace, Size::Small).next().is_some() {
        merge_in_turn(workspace)?;
    }
    let (state, now) = (workspace.snapshot().state(), workspace.session().now()? / 1000);
    let is_deletion_due = dead::is_any_due(state, now) || has_groups && dead::is_look_due(state);
    let is_deletion_long = is_deletion_due && dead::may_be_many(state);
    if is_deletion_due && !is_deletion_long {
        delete(workspace, MOST_DELETED)?;
    }
    let state = workspace.snapshot().state();
    let groups: Vec<_> = groups_of(workspace, Size::Large).collect();
    let versions = pond_checkpoint::versions_without(&workspace.pond().table_dir(), state.version);
    let is_long = !groups.is_empty() || is_deletion_long || versions >= pond_checkpoint::INTERVAL;
    if !is_long || aside::is_running(workspace.pond()) {
        return Ok(());
    }
    // What is killed each time, with the unit or container that a command ran in, has to be done before a command ends.
    let is_overdue = groups.iter().any(|group| group.len() >= 2 * compact::FAN_IN)
        || versions >= 2 * pond_checkpoint::INTERVAL
        || dead::is_any_older(state, now, DELETED_WITHIN);
    if !is_overdue && ctx.config()?.bool("maintenance.autoDetach")? && aside::detach(ctx, workspace).is_ok() {
        return Ok(());
    }
    aside::run(workspace, is_deletion_long)
}

/// What a merge takes: see [`MERGED_AT_ONCE`].
#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    Small,
    Large,
}

/// The groups of this size that are worth merging.
fn groups_of(workspace: &Workspace<'_>, wanted: Size) -> impl Iterator<Item = Vec<PackFile>> + use<> {
    let size = |group: &[PackFile]| match group.iter().map(|pack| pack.size).sum::<u64>() {
        0..=MERGED_AT_ONCE => Size::Small,
        _ => Size::Large,
    };
    let groups = compact::plan(workspace.snapshot().state(), compact::FAN_IN).into_iter();
    groups.filter(move |group| size(group) == wanted)
}

/// Merges a small group, unless another process does it already.
fn merge_in_turn(workspace: &mut Workspace<'_>) -> Result<(), CommandError> {
    let turn =
        match Lock::acquire_often(&workspace.pond().lock_path(), PATIENCE, &workspace.session().holder()?) {
            Ok(lock) => Some(lock),
            Err(LockError::Busy { .. }) => return Ok(()),
            // Where locks do not work, whoever publishes first wins.
            Err(LockError::ReadOnly { .. } | LockError::Io { .. }) => None,
        };
    workspace.look_again()?;
    let groups: Vec<_> = groups_of(workspace, Size::Small).take(1).collect();
    // Whoever sweeps temporaries from there holds the lock.
    let merged = prepare(workspace, &groups, &workspace.pond().staging_dir())?;
    swap(workspace, merged)?;
    drop(turn);
    Ok(())
}

/// Writes what the groups become, in temporary files in `dir`.
fn prepare(
    workspace: &Workspace<'_>,
    groups: &[Vec<PackFile>],
    dir: &Path,
) -> Result<Vec<Merged>, CommandError> {
    // Staged packs are of no concern here, and the store must not take them for the table's.
    let base = workspace.snapshot().moved_to(workspace.pond(), workspace.snapshot().state().clone(), &[]);
    Ok(compact::merge(workspace.pond(), &base, groups, dir)?)
}

/// Publishes what was merged; `None` where other operations left nothing of it to be done.
fn swap(workspace: &mut Workspace<'_>, merged: Vec<Merged>) -> Result<Option<Compacted>, CommandError> {
    let doing = workspace.session().doing("MAINTENANCE", &[])?;
    let table = DurableLocal::new(&workspace.pond().table_dir())
        .map_err(|error| fatal("cannot open the pond's table").because(&error))?;
    let state = workspace.snapshot().state().clone();
    let swapped = run_here(compact::swap(workspace.pond(), &state, merged, &doing, &table));
    match swapped {
        Err(error) if compact::is_behind(&error) => Ok(None),
        Err(error) => Err(error.into()),
        Ok(done) => {
            if let Some(done) = &done {
                workspace.refresh(done.state.clone())?;
            }
            Ok(done)
        }
    }
}

/// Deletes dead packs, at most so many.
fn delete(workspace: &mut Workspace<'_>, most: usize) -> Result<(), CommandError> {
    match delete_dead(workspace, dead::GRACE, None, most)?.failed {
        Some((path, error)) => {
            Err(fatal(format_args!("cannot delete '{}'", escape::path(&path))).because(&error))
        }
        None => Ok(()),
    }
}

/// Deletes packs that were replaced long enough ago, and, where it is known which the indexes of mirrors need, those that no
/// version ever named; at most so many.
pub(crate) fn delete_dead(
    workspace: &mut Workspace<'_>,
    grace: Duration,
    needed: Option<&HashSet<ObjectId>>,
    most: usize,
) -> Result<Deleted, CommandError> {
    let now = workspace.session().now()? / 1000;
    let mut due = dead::find(workspace.pond(), workspace.snapshot().state())?;
    due.retain(|pack| {
        let is_free = || needed.is_some_and(|needed| !needed.contains(&pack.digest));
        pack.is_due(now, grace) && (pack.removed_at.is_some() || is_free())
    });
    due.truncate(most);
    let deleted = dead::delete(workspace.pond(), &due, &workspace.session().holder()?)?;
    workspace.refresh(deleted.state.clone())?;
    Ok(deleted)
}

fn write_checkpoint_if_due(workspace: &Workspace<'_>) -> Result<(), CommandError> {
    let state = workspace.snapshot().state();
    if pond_checkpoint::is_due(&workspace.pond().table_dir(), state.version) {
        run_in_runtime(pond_checkpoint::write_checkpoint(&workspace.pond().table_dir(), state))??;
    }
    Ok(())
}

/// Runs what the table's library does by tasks of its own to its end, in the runtime that it needs.
pub(crate) fn run_in_runtime<T>(future: impl Future<Output = T>) -> Result<T, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| fatal("cannot start the asynchronous runtime").because(&error))?;
    Ok(runtime.block_on(future))
}
