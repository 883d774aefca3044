//! The tables of a pond's history. `TABLES.md` describes their columns.

mod changes;
mod commits;
mod files;
mod nodes;
mod operations;
mod records;
mod refs;

use std::sync::Arc;

use datafusion::catalog::TableProvider;

use crate::error::QueryError;
use crate::history::{OwnedHistory, Version};
use crate::objects::PondFiles;
use crate::profile::Profile;
use crate::rows::RowTable;

use changes::Changes;
use commits::Commits;
use files::Files;
use nodes::Nodes;
use operations::Operations;
use records::Records;
use refs::Refs;

/// The table with one of these names.
pub(crate) fn table(
    name: &str,
    history: &Arc<OwnedHistory>,
    files: &Arc<PondFiles>,
    profile: &Arc<Profile>,
) -> Result<Option<Arc<dyn TableProvider>>, QueryError> {
    let (history, profile) = (history.clone(), profile.clone());
    Ok(Some(match name {
        "changes" => Arc::new(Changes::new(history, files.clone())),
        "commits" => Arc::new(RowTable::new(Commits::new(history), profile)),
        "files" => {
            let version = history.head_version()?;
            Arc::new(RowTable::new(Files::new(history, version), profile))
        }
        "nodes" => Arc::new(RowTable::new(Nodes::new(history), profile)),
        "operations" => Arc::new(RowTable::new(Operations::new(history), profile)),
        "records" => Arc::new(Records::new(&history, files.clone())),
        "refs" => Arc::new(RowTable::new(Refs::new(history), profile)),
        _ => return Ok(None),
    }))
}

/// The files of a version as a table.
pub(crate) fn files_of(
    history: &Arc<OwnedHistory>,
    version: Version,
    profile: &Arc<Profile>,
) -> Arc<dyn TableProvider> {
    Arc::new(RowTable::new(Files::new(history.clone(), Some(version)), profile.clone()))
}
