//! The message that a squashed merge offers to the next commit.

use bstr::BString;
use pond_history::{Walk, WalkOptions, short_id};
use pond_objects::{ObjectId, ObjectSource as _};
use pond_workspace::Workspace;

use crate::error::CommandError;
use crate::text::size::counted;
use crate::time;
use crate::ui::log_format::{LogEntry, LogFormat, LogPrinter, LogStyle};
use crate::ui::paint::Paint;

/// Most commits that are listed: the message is kept with what is staged, and in the operation.
const MOST_LISTED: usize = 500;

/// The commits that `theirs` has and `ours` has not, as `log` shows them.
pub(super) fn message(
    workspace: &Workspace<'_>,
    ours: ObjectId,
    theirs: ObjectId,
) -> Result<BString, CommandError> {
    let store = workspace.store();
    let short = |id: &ObjectId| short_id(store, id);
    let paint = Paint { color: false, escape: false };
    let now = time::moment()?.as_second();
    let mut printer = LogPrinter::new(LogStyle::new(LogFormat::Medium, now, paint, &short));
    let mut text = b"Squashed commit of the following:\n\n".to_vec();
    let mut left_out = 0;
    for (number, found) in Walk::new(store, &[theirs], &[ours], WalkOptions::default())?.enumerate() {
        if number >= MOST_LISTED {
            left_out += 1;
            continue;
        }
        let id = found?.0;
        let commit = store.commit(&id)?;
        printer.entry(&mut text, &LogEntry::new(&id, &commit))?;
    }
    if left_out > 0 {
        text.extend_from_slice(format!("\nand {} more\n", counted(left_out, "commit")).as_bytes());
    }
    Ok(text.into())
}
