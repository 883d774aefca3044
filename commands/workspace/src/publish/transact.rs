//! The one place where operations are published, and where hooks will run around writing and publishing.

use pond_oplog::durable_local::DurableLocal;
use pond_oplog::transaction::{Published, Transaction};

use crate::error::WorkspaceError;
use crate::session::taken_back_by;
use crate::workspace::Workspace;

/// The header with the mirror in which a command was typed.
pub const MIRROR: &str = "mirror";

/// The header in which an operation names the one with which the same command began.
pub const CONTINUES: &str = "continues";

/// An operation of a command that was typed in this mirror, on what the workspace sees: one that `undo` can take back,
/// together with those that the command has published before.
pub fn begin<'w>(
    workspace: &'w Workspace<'_>,
    kind: &str,
    parameters: &[(&str, String)],
) -> Result<Transaction<'w>, WorkspaceError> {
    let doing = workspace.session.doing(kind, parameters)?;
    let mut transaction = Transaction::new(&workspace.pond, &workspace.snapshot, doing);
    transaction.note(MIRROR, &*workspace.session.mirror);
    if let Some((first, _)) = workspace.session.first_operation() {
        transaction.note(CONTINUES, first.to_string());
    }
    Ok(transaction)
}

/// Publishes a transaction that was built on the workspace's snapshot.
pub fn publish(workspace: &Workspace<'_>, transaction: Transaction<'_>) -> Result<Published, WorkspaceError> {
    workspace.pond.need_ours()?;
    let table = DurableLocal::new(&workspace.pond.table_dir())
        .map_err(|error| WorkspaceError::Table(error.into()))?;
    let was_typed = transaction.has_note(MIRROR);
    let taken_back_by = taken_back_by(transaction.kind());
    let published = run_here(transaction.publish(&table))?;
    workspace.session.note_published(&published.state);
    if was_typed {
        workspace.session.note_operation(published.state.seq, taken_back_by);
    }
    Ok(published)
}

/// Runs what publishes to its end, on this thread: a store on the host's disk waits for the disk alone, and the threads of
/// a runtime would cost a small command more than its work.
pub fn run_here<T>(future: impl Future<Output = T>) -> T {
    futures_executor::block_on(future)
}
