//! Upkeep that commands do when they have ended: compaction and checkpoints, when enough has gathered.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pond_durable::lock::{Lock, LockError};
use pond_objects::ObjectId;
use pond_oplog::compact::{self, Compacted};
use pond_oplog::dead::{self, Deleted};
use pond_oplog::durable_local::DurableLocal;
use pond_oplog::state::{self, PackFile};
use pond_oplog::{Pond, TableState};

use crate::context::Context;
use crate::error::{CommandError, fatal};
use crate::transact;
use crate::workspace::Workspace;
use pond_objects::escape;

/// Whether there is something to merge or to delete, or a checkpoint to write.
pub(crate) fn is_due(pond: &Pond, state: &TableState, now_millis: i64) -> bool {
    !compact::plan(state, compact::FAN_IN).is_empty()
        || dead::is_any_due(state, now_millis)
        || pond_checkpoint::is_due(&pond.table_dir(), state.version)
}

/// Merges small packs and writes a checkpoint where what the command published made that due. Its own work is done, durable
/// and told: what goes wrong here is only said, and who wants the program to end is not kept waiting.
pub(crate) fn after(ctx: &Context) {
    let Some(session) = ctx.opened_session() else { return };
    if !session.upkeep_due.load(Ordering::Relaxed) || session.is_interrupted() {
        return;
    }
    if let Err(error) = run_if_due(ctx) {
        ctx.ui.warn(format_args!("upkeep was put off: {error}"));
    }
}

/// Merging so many bytes takes so short that others can wait for it: it holds the lock of those who publish, so that
/// they do not all do the same work and none of them gets it published.
const MERGED_ALONE: u64 = 8 << 20;
/// How long a command waits to be the one that merges. Who waits in vain leaves it to the next.
const PATIENCE: Duration = Duration::from_millis(200);

/// So many packs are deleted behind one command at most, within half a second.
const MOST_DELETED: usize = 16 << 10;

fn run_if_due(ctx: &Context) -> Result<(), CommandError> {
    let workspace = &mut Workspace::history(ctx.session()?)?;
    let groups = compact::plan(workspace.snapshot.state(), compact::FAN_IN);
    let has_groups = !groups.is_empty();
    if has_groups {
        merge_in_turn(workspace, groups)?;
    }
    write_checkpoint_if_due(workspace)?;
    let (state, now) = (workspace.snapshot.state(), workspace.session.now()? / 1000);
    if dead::is_any_due(state, now) || has_groups && dead::is_look_due(state) {
        let deleted = delete_dead(workspace, dead::GRACE, None, MOST_DELETED)?;
        if let Some((path, error)) = deleted.failed {
            return Err(fatal(format_args!("cannot delete '{}'", escape::path(&path))).because(&error));
        }
    }
    Ok(())
}

/// Merges the groups, with the others waiting where that is short, unless another process does it already.
fn merge_in_turn(workspace: &mut Workspace<'_>, mut groups: Vec<Vec<PackFile>>) -> Result<(), CommandError> {
    let bytes: u64 = groups.iter().flatten().map(|pack| pack.size).sum();
    let mut turn = None;
    if bytes <= MERGED_ALONE {
        turn = match Lock::acquire_often(&workspace.pond.lock_path(), PATIENCE, &workspace.session.holder()?)
        {
            Ok(lock) => Some(lock),
            Err(LockError::Busy { .. }) => return Ok(()),
            // Where locks do not work, whoever publishes first wins.
            Err(LockError::ReadOnly { .. } | LockError::Io { .. }) => None,
        };
        let newest = state::load(&workspace.pond.table_dir(), &workspace.pond.cache_dir())?.state;
        workspace.refresh(newest)?;
        groups = compact::plan(workspace.snapshot.state(), compact::FAN_IN);
    }
    if !groups.is_empty() {
        merge(workspace, &groups)?;
    }
    drop(turn);
    Ok(())
}

/// Merges the groups of packs; `None` where another operation came first.
pub(crate) fn merge(
    workspace: &mut Workspace<'_>,
    groups: &[Vec<PackFile>],
) -> Result<Option<Compacted>, CommandError> {
    let doing = workspace.session.doing("MAINTENANCE", &[])?;
    let table = DurableLocal::new(&workspace.pond.table_dir())
        .map_err(|error| fatal("cannot open the pond's table").because(&error))?;
    // Staged packs are of no concern here, and the store must not take them for the table's.
    let base = workspace.snapshot.moved_to(&workspace.pond, workspace.snapshot.state().clone(), &[]);
    let compacted = transact::run_here(compact::compact(&workspace.pond, &base, groups, &doing, &table));
    match compacted {
        Err(error) if compact::is_behind(&error) => Ok(None),
        Err(error) => Err(error.into()),
        Ok(done) => {
            workspace.refresh(done.state.clone())?;
            Ok(Some(done))
        }
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
    let now = workspace.session.now()? / 1000;
    let mut due = dead::find(&workspace.pond, workspace.snapshot.state())?;
    due.retain(|pack| {
        let is_free = || needed.is_some_and(|needed| !needed.contains(&pack.digest));
        pack.is_due(now, grace) && (pack.removed_at.is_some() || is_free())
    });
    due.truncate(most);
    let deleted = dead::delete(&workspace.pond, &due, &workspace.session.holder()?)?;
    workspace.refresh(deleted.state.clone())?;
    Ok(deleted)
}

fn write_checkpoint_if_due(workspace: &Workspace<'_>) -> Result<(), CommandError> {
    let state = workspace.snapshot.state();
    if pond_checkpoint::is_due(&workspace.pond.table_dir(), state.version) {
        transact::run_in_runtime(pond_checkpoint::write_checkpoint(&workspace.pond.table_dir(), state))??;
    }
    Ok(())
}
