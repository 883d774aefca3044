//! `--json`: one document, or one line for each row of a stream.
//!
//! Ids in full, times in RFC 3339, sizes in bytes; field names once printed stay.

use std::io::Write as _;

use serde::Serialize;

use super::Ui;
use crate::error::CommandError;

impl Ui {
    /// Prints one JSON document, indented.
    pub(crate) fn json(&self, document: &impl Serialize) -> Result<(), CommandError> {
        let text = serde_json::to_string_pretty(document).map_err(std::io::Error::from)?;
        writeln!(self.out(), "{text}")?;
        Ok(())
    }

    /// Prints one row of a stream: a JSON document on one line.
    pub(crate) fn json_row(&self, row: &impl Serialize) -> Result<(), CommandError> {
        let text = serde_json::to_string(row).map_err(std::io::Error::from)?;
        writeln!(self.out(), "{text}")?;
        Ok(())
    }
}
