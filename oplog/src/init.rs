//! The first operation of a pond.

use pond_objects::memory::MemoryObjects;

use crate::log::{EntryDraft, TableMetadata};
use crate::pack::write_meta_pack;
use crate::pond::{InitError, Pond, Unborn};
use crate::row::MetaRow;
use crate::schema::{PackKind, delta_schema_string};
use crate::transaction::{Doing, TransactionError, push_operation};
use crate::view::{Head, MAIN_MIRROR, View};

/// What the first operation records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstOperation {
    /// Who makes the pond, when.
    pub doing: Doing,
    /// Where the main mirror stands: on a branch without commits.
    pub head: Head,
}

/// Why a pond was not made.
#[derive(Debug, thiserror::Error)]
pub enum FirstError {
    /// Its first rows could not be written.
    #[error(transparent)]
    Write(#[from] TransactionError),
    /// It could not be put in its place.
    #[error(transparent)]
    Init(#[from] InitError),
}

/// Writes the first operation of a prepared pond and puts the pond in its place.
///
/// # Errors
/// Nothing is left then; see [`InitError`].
pub fn publish(unborn: Unborn, first: &FirstOperation) -> Result<Pond, FirstError> {
    let doing = &first.doing;
    let nothing = MemoryObjects::new();
    let mut view = View::empty(&nothing);
    view.set_head(MAIN_MIRROR, &first.head).map_err(TransactionError::from)?;
    let (root, pages) = view.store().map_err(TransactionError::from)?;
    let mut rows: Vec<MetaRow> = pages.iter().map(|(id, page)| MetaRow::page(*id, page)).collect();
    let operation = doing.operation(0, None, root.id);
    let id = push_operation(&mut rows, &operation).map_err(TransactionError::from)?;
    let mut sealed = write_meta_pack(&unborn.staging_dir(), rows).map_err(TransactionError::from)?;
    let add = sealed.describe(doing.time / 1000);
    let path = unborn.table_dir().join(PackKind::Meta.pack_path(&sealed.digest));
    sealed.persist(&path).map_err(TransactionError::from)?;
    let draft = EntryDraft {
        info: doing.entry_info(),
        operation: id,
        seq: 0,
        view: root.id,
        refs: Default::default(),
        adds: vec![add],
        removes: Vec::new(),
        metadata: Some(TableMetadata::new(&id, delta_schema_string(), doing.time / 1000)),
    };
    Ok(unborn.publish(&draft)?)
}
