//! The place of a commit among the values that a ref had.

use bstr::BString;
use pond_objects::Timestamp;

use super::LogStyle;

/// A value of a ref.
#[derive(Clone, Debug)]
pub(crate) struct Reflog {
    /// The ref, as it was called.
    pub(crate) name: String,
    /// Its name in short, for templates.
    pub(crate) short: String,
    /// Counted from 0, the newest.
    pub(crate) number: usize,
    /// When it became that.
    pub(crate) when: Timestamp,
    /// What was done.
    pub(crate) message: BString,
    /// Who did it: a name and an address.
    pub(crate) who: (String, String),
    /// It is called by its time, not by its number.
    pub(crate) is_dated: bool,
}

impl Reflog {
    /// `HEAD@{0}`
    pub(super) fn selector(&self, name: &str, style: &LogStyle<'_>) -> String {
        match self.is_dated {
            true => format!("{name}@{{{}}}", style.date(self.when)),
            false => format!("{name}@{{{}}}", self.number),
        }
    }
}
