//! A pond as one operation left it.

use pond_objects::{ObjectId, ReadError};

use crate::operation::Operation;
use crate::pond::Pond;
use crate::state::{self, StateError, TableState};
use crate::store::{StagedPack, Store};
use crate::view::View;

/// One state of a pond, which does not change while it is held: readers never wait for writers.
#[derive(Debug)]
pub struct ReadonlyPond {
    state: TableState,
    store: Store,
}

impl ReadonlyPond {
    /// The newest state. The objects of `staged` packs can be read as well.
    ///
    /// # Errors
    /// Those of reading the log; see [`state::load`].
    pub fn open(pond: &Pond, staged: &[StagedPack]) -> Result<Self, StateError> {
        // Nothing is written into a pond that is not ours: whose it is could have put a link anywhere.
        let load = if pond.is_ours() { state::load } else { state::look };
        let state = load(&pond.table_dir(), &pond.cache_dir())?.state;
        Ok(Self::at(pond, state, staged))
    }

    /// The pond at a state that is known.
    pub fn at(pond: &Pond, state: TableState, staged: &[StagedPack]) -> Self {
        let store = Store::new(pond, &state, staged);
        Self { state, store }
    }

    /// The same pond at another state. What is open and was read serves on.
    pub fn moved_to(&self, pond: &Pond, state: TableState, staged: &[StagedPack]) -> Self {
        let store = self.store.with(pond, &state, staged);
        Self { state, store }
    }

    /// The table's state.
    pub fn state(&self) -> &TableState {
        &self.state
    }

    /// The objects.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Every ref and every mirror's HEAD.
    pub fn view(&self) -> View<'_> {
        View::at(&self.store, self.state.view)
    }

    /// The operations, newest first, with their ids.
    pub fn operations(&self) -> impl Iterator<Item = Result<(ObjectId, Operation), ReadError>> + '_ {
        let mut next = Some(self.state.operation);
        std::iter::from_fn(move || {
            let id = next.take()?;
            let operation = self.store.operation(&id);
            if let Ok(operation) = &operation {
                next = operation.parent;
            }
            Some(operation.map(|operation| (id, operation)))
        })
    }
}
