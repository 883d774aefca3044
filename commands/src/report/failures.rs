//! Paths that a deed could not bring to their version, and what can be done about it.

use pond_objects::escape;
use pond_workspace::failures::Failures;

use crate::error::{advice, hint_after_publishing};
use crate::text::size::counted;
use crate::ui::Ui;

/// Paths that are named, each in a line; the others are counted. A full disk fails for thousands.
const NAMED: usize = 50;

/// Shows them, of a command that would do it if it ran again.
pub(super) fn show(ui: &Ui, failures: &Failures) {
    show_paths(ui, failures);
    failures.causes().iter().for_each(|cause| ui.hint(advice(*cause)));
}

/// The same of a command that is not to run again: they are due, and the next one writes them. `command` takes it back.
pub(super) fn show_due(ui: &Ui, failures: &Failures, command: &str) {
    show_paths(ui, failures);
    failures.causes().iter().for_each(|cause| ui.hint(hint_after_publishing(advice(*cause))));
    if !failures.is_empty() {
        ui.hint(format_args!(
            "the next command that changes the mirror does the rest; 'pond {command}' takes this one back"
        ));
    }
}

fn show_paths(ui: &Ui, failures: &Failures) {
    let mut named = failures.named();
    for (path, error) in named.by_ref().take(NAMED) {
        ui.error(format_args!("{}: {error}", escape::quoted(path)));
    }
    match named.count() {
        0 => {}
        more => ui.error(format_args!("and {} more", counted(more as u64, "path"))),
    }
    match failures.interrupted() {
        0 => {}
        1 => ui.error("interrupted: 1 file was not written"),
        many => ui.error(format_args!("interrupted: {} were not written", counted(many as u64, "file"))),
    }
}
