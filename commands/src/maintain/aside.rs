//! What would keep others waiting: large merges, checkpoints, the deletion of very much. A process of its own does it, so that no
//! command waits for it, and holds the lock of those who publish only to swap packs that it has written.
//!
//! One process at a time does it, by a lock in `cache/upkeep`; it writes in `staging/upkeep`. It may end at any moment: until it publishes there is nothing
//! of it but temporaries, which the next one deletes.

use std::env;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use pond_durable::lock::{Lock, LockError};
use pond_oplog::Pond;
use pond_oplog::compact::{Compacted, Merged};
use pond_oplog::state::PackFile;
use pond_workspace::{Purpose, Workspace, open};

use super::MOST_DELETED_ASIDE;
use super::Size;
use super::delete;
use super::groups_of;
use super::prepare;
use super::swap;
use super::write_checkpoint_if_due;
use crate::context::Context;
use crate::error::{CommandError, fatal};
use crate::external;
use crate::interrupt;

/// How long a swap waits for those who publish.
const PATIENCE: Duration = Duration::from_secs(10);
/// By so much a process in the background stands behind others.
const NICENESS: i32 = 10;
/// So often it looks for what gathered while it merged.
const MOST_ROUNDS: usize = 8;

/// The directory of the lock.
pub(crate) fn directory(pond: &Pond) -> PathBuf {
    pond.cache_dir().join("upkeep")
}

/// Whether a process does what takes long at this moment, as far as the system tells.
pub(crate) fn is_running(pond: &Pond) -> bool {
    Lock::is_held(&directory(pond).join("lock")).is_ok_and(|is_held| is_held)
}

/// The turn to do what takes long.
pub(crate) struct Aside {
    dir: PathBuf,
    _turn: Option<Lock>,
}

impl Aside {
    /// Takes the turn, and waits as long for the process that has it; `None` where that takes longer.
    pub(crate) fn begin(workspace: &Workspace<'_>, wait: Duration) -> Result<Option<Self>, CommandError> {
        // On the file system of the table, which the cache need not be on.
        let dir = workspace.pond().staging_dir().join("upkeep");
        for dir in [&directory(workspace.pond()), &dir] {
            pond_durable::create_derived_dir(dir)
                .map_err(|error| fatal(format_args!("cannot make '{}'", dir.display())).because(&error))?;
        }
        let turn = match Lock::acquire(
            &directory(workspace.pond()).join("lock"),
            wait,
            &workspace.session().holder()?,
        ) {
            Err(LockError::Busy { .. }) => return Ok(None),
            // Where locks do not work, several may do the same work, and one gets it published.
            Err(LockError::ReadOnly { .. } | LockError::Io { .. }) => None,
            Ok(turn) => {
                // Left of one that was killed. What cannot be deleted takes space and nothing else.
                let _ = pond_durable::sweep_temporaries(&dir);
                Some(turn)
            }
        };
        Ok(Some(Self { dir, _turn: turn }))
    }

    /// Merges the groups; `None` where other operations left nothing of it to be done.
    pub(crate) fn merge(
        &self,
        workspace: &mut Workspace<'_>,
        groups: &[Vec<PackFile>],
    ) -> Result<Option<Compacted>, CommandError> {
        let merged: Vec<Merged> = prepare(workspace, groups, &self.dir)?;
        let turn = match Lock::acquire_often(
            &workspace.pond().lock_path(),
            PATIENCE,
            &workspace.session().holder()?,
        ) {
            // It may be deleting what this one would name.
            Err(LockError::Busy { .. }) => return Ok(None),
            // Where locks do not work, whoever publishes first wins.
            Err(LockError::ReadOnly { .. } | LockError::Io { .. }) => None,
            Ok(turn) => Some(turn),
        };
        workspace.look_again()?;
        let done = swap(workspace, merged);
        drop(turn);
        done
    }
}

/// Does what takes long, unless another process does it already.
pub(super) fn run(workspace: &mut Workspace<'_>, deletes: bool) -> Result<(), CommandError> {
    let Some(aside) = Aside::begin(workspace, Duration::ZERO)? else { return Ok(()) };
    // Whoever had the turn before may have done some of it.
    workspace.look_again()?;
    for _ in 0..MOST_ROUNDS {
        if interrupt::interrupted() {
            return Ok(());
        }
        let Some(group) = groups_of(workspace, Size::Large).next() else { break };
        if aside.merge(workspace, &[group])?.is_none() {
            break;
        }
    }
    write_checkpoint_if_due(workspace)?;
    if deletes { delete(workspace, MOST_DELETED_ASIDE) } else { Ok(()) }
}

/// What [`detach`] starts.
pub(crate) fn in_background(ctx: &Context) -> Result<(), CommandError> {
    // A terminal that is closed ends nothing; where the system refuses, the process is one as any other.
    let _ = rustix::process::setsid();
    let _ = rustix::process::nice(NICENESS);
    let workspace = &mut open(ctx.session()?, Purpose::LookAtTable)?;
    workspace.pond().need_ours()?;
    run(workspace, true)
}

/// Starts a process that does what is due, and waits for none of it. It holds no directory, and nothing that this process
/// reads or writes.
#[allow(clippy::zombie_processes, reason = "this process ends first")]
pub(super) fn detach(ctx: &Context, workspace: &Workspace<'_>) -> io::Result<()> {
    let mut command = Command::new(env::current_exe()?);
    command.arg("--pond").arg(workspace.pond().mirror_root()).args([
        "maintenance",
        "--auto",
        "--in-background",
    ]);
    command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    external::pass_settings(ctx, &mut command);
    // Locks and pipes that a caller handed down are let go when this process ends, not when that one does.
    close_fds::set_fds_cloexec(3, &[]);
    command.spawn().map(drop)
}
