//! What every question about a history is asked of.

use jiff::Zoned;
use pond_oplog::{Pond, ReadonlyPond, Store};
use pond_refs::Head;

/// One state of a pond, seen from one of its mirrors.
#[derive(Clone, Copy)]
pub struct History<'a> {
    /// The pond: older entries of its log are read from there.
    pub pond: &'a Pond,
    /// The state.
    pub snapshot: &'a ReadonlyPond,
    /// The mirror's id.
    pub mirror: &'a str,
    /// Where the mirror stands.
    pub head: &'a Head,
    /// The clock with its zone. It is asked only for what names a date, such as `main@{yesterday}`.
    pub now: &'a dyn Fn() -> Zoned,
}

impl<'a> History<'a> {
    /// The objects.
    pub fn store(&self) -> &'a Store {
        self.snapshot.store()
    }
}
