//! The one place where operations are published, and where hooks will run around writing and publishing.

use pond_oplog::durable_local::DurableLocal;
use pond_oplog::transaction::{Published, Transaction};
use pond_refs::Head;

use crate::error::WorkspaceError;
use crate::session::taken_back_by;
use crate::workspace::Workspace;

/// The header with the mirror in which a command was typed.
pub(crate) const MIRROR: &str = "mirror";

/// The header in which an operation names the one with which the same command began.
pub(crate) const CONTINUES: &str = "continues";

/// Publishes an operation of a command that was typed in this mirror. `fill` adds to it, and gives where HEAD stands afterwards.
/// The caller goes on from there: see [`Workspace::go_on`].
///
/// # Errors
/// Those of `fill`, and of the table: an expectation that is not met, a full disk. Nothing was changed.
pub(crate) fn operation<'w>(
    workspace: &'w Workspace<'_>,
    kind: &str,
    parameters: &[(&str, String)],
    fill: impl FnOnce(&mut Transaction<'w>) -> Result<Head, WorkspaceError>,
) -> Result<(Head, Published), WorkspaceError> {
    let mut transaction = begin(workspace, kind, parameters)?;
    let head = fill(&mut transaction)?;
    if head != workspace.head {
        transaction.set_head(&workspace.session.mirror, head.clone());
    }
    Ok((head, publish(workspace, transaction)?))
}

/// An operation of a command that was typed in this mirror, on what the workspace sees: one that `undo` can take back,
/// together with those that the command has published before.
fn begin<'w>(
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
pub(crate) fn publish(
    workspace: &Workspace<'_>,
    transaction: Transaction<'_>,
) -> Result<Published, WorkspaceError> {
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
