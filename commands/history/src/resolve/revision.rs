//! Revisions.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use pond_objects::ObjectId;
use pond_refs::{At, Base, Found, ResolveError, Resolver, Revision};

use crate::history::History;
use crate::resolve::error::{LookupError, ResolveRevisionError};
use crate::resolve::lookup::PondLookup;

/// The object that a revision names, with its kind, and with the ref that it was.
///
/// # Errors
/// If it names nothing, or objects cannot be read.
pub fn object(history: History<'_>, revision: &Revision) -> Result<Found, ResolveRevisionError> {
    ask(history, revision, |resolver| resolver.object(revision))
}

/// The commit that a revision names, with the ref that it was.
///
/// # Errors
/// If it names no commit, or objects cannot be read.
pub fn commit(history: History<'_>, revision: &Revision) -> Result<Found, ResolveRevisionError> {
    ask(history, revision, |resolver| resolver.commit(revision))
}

/// The tree that a revision names: a commit's, or one by its id.
///
/// # Errors
/// If it names no tree, or objects cannot be read.
pub fn tree(history: History<'_>, revision: &Revision) -> Result<ObjectId, ResolveRevisionError> {
    ask(history, revision, |resolver| resolver.tree(revision))
}

fn ask<T>(
    history: History<'_>,
    revision: &Revision,
    ask: impl FnOnce(&Resolver<'_, PondLookup<'_>>) -> Result<T, ResolveError<LookupError>>,
) -> Result<T, ResolveRevisionError> {
    // To look the zone up costs a walk through the system's database.
    let now =
        if is_dated(revision) { (history.now)() } else { Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC) };
    let lookup = PondLookup::new(history);
    let found = ask(&Resolver::new(&lookup, &now));
    found.map_err(|source| ResolveRevisionError::Revision { revision: revision.to_string(), source })
}

/// Whether the meaning depends on the clock and its zone.
fn is_dated(revision: &Revision) -> bool {
    matches!(&revision.base, Base::Reflog { at: At::Date(_), .. })
}
