//! Names for the commits of a pond: ref names, edits of refs, revisions and dates as people write them.
//!
//! Nothing here reads a file, a clock or the environment. What a text means is decided in two steps that
//! can be tested apart: parsing gives a value ([`Revision`], [`Range`], [`RevisionPath`]), and a [`Resolver`]
//! finds what that value stands for through a [`Lookup`] that the caller provides.
#![deny(missing_docs)]

pub mod date;
pub mod edit;
mod head;
mod quote;
pub mod ref_name;
pub mod resolve;
pub mod revision;
pub mod target;

pub use date::{DateError, DateProblem, DayTime, parse_date, parse_date_zoned};
pub use edit::{EditError, RefChange, RefEdit, apply_edits};
pub use head::Head;
pub use ref_name::{NameRule, Namespace, RefName, RefNameError};
pub use resolve::{
    Candidate, Found, Lookup, ObjectKind, Previous, ResolveError, Resolver, Tracked, full_names,
};
pub use revision::{
    At, Base, PathRoot, Peel, Range, Revision, RevisionError, RevisionPath, RevisionProblem, Step,
};
pub use target::Expected;
