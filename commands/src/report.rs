//! What a deed tells, in words on the terminal.

mod failures;

use std::sync::Arc;

use pond_objects::escape;
use pond_workspace::LaidOut;
use pond_workspace::error::in_one_line;
use pond_workspace::observer::{Counter, Event, Observer, Recovery, Work};

use crate::error::{self, Outcome, left_undone_in_one_line};
use crate::interrupt;
use crate::text::list::paths_below;
use crate::text::size::counted;
use crate::ui::Ui;
use crate::ui::progress::{Progress, Unit};

/// The observer of the program: the terminal.
pub(crate) struct Terminal {
    ui: Arc<Ui>,
}

impl Terminal {
    /// One that writes to this terminal.
    pub(crate) fn new(ui: &Arc<Ui>) -> Self {
        Self { ui: Arc::clone(ui) }
    }
}

impl Observer for Terminal {
    fn event(&self, event: Event<'_>) {
        show(&self.ui, event);
    }

    fn work(&self, work: Work) -> Box<dyn Counter> {
        Box::new(match work {
            Work::Look => self.ui.progress("Looking at files", Unit::Items("file")),
            Work::Add => self.ui.progress("Adding", Unit::Bytes),
            Work::Save => self.ui.progress("Saving", Unit::Bytes),
            Work::Write => self.ui.progress("Writing", Unit::Bytes),
            Work::Remove => self.ui.progress("Removing", Unit::Items("file")),
        })
    }

    fn is_interrupted(&self) -> bool {
        interrupt::install();
        interrupt::interrupted()
    }
}

impl Counter for Progress {
    fn add_total(&self, amount: u64) {
        self.add_total(amount);
    }

    fn add(&self, amount: u64) {
        self.add(amount);
    }

    fn add_file(&self) {
        self.add_file();
    }
}

fn show(ui: &Ui, event: Event<'_>) {
    match event {
        Event::GaveWay { paths, taken_back_by } => {
            ui.warn(format_args!(
                "these files were in no version and in the way; they are stored in the pond:{}",
                paths_below(paths)
            ));
            ui.hint(format_args!("'pond {taken_back_by}' brings them back"));
        }
        Event::SpecialGone { path, word } => ui.warn(format_args!(
            "{} was a {word}, which has no content to store; it is gone",
            escape::quoted(path)
        )),
        Event::Failed(failures) => failures::show(ui, failures),
        Event::Due { failures, taken_back_by } => failures::show_due(ui, failures, taken_back_by),
        Event::TimesClamped { files } => ui.warn(format_args!(
            "the times of {} are before 1677 or after 2262: the nearest time in between is kept",
            counted(files, "file")
        )),
        Event::SkippedSpecial { path, word } => {
            ui.warn(format_args!("skipped {}: it is a {word}", escape::quoted(path)));
        }
        Event::SkippedPond { path } => {
            ui.warn(format_args!("skipped {}: it is a pond of its own", escape::quoted(path)));
        }
        Event::BadPattern(problem) => {
            ui.warn(format_args!("{}:{}: {}", escape::quoted(&problem.file), problem.line, problem.reason));
        }
        Event::Merged(merged) => {
            merged.messages.iter().for_each(|message| ui.status(escape::message(&message.text)));
        }
        Event::Ambiguous { taken, other } => {
            ui.warn(format_args!("'{}' is ambiguous: {taken} was taken, not {other}", taken.short()));
        }
        Event::Recovery(event) => show_recovery(ui, event),
    }
}

/// How a command ends that leaves conflicts. A file that could not be written does not show its own, and would be taken for
/// decided as it is.
pub(crate) fn outcome_of_conflicts(ui: &Ui, laid_out: &LaidOut) -> Outcome {
    if laid_out.failed.is_empty() {
        return Outcome::Differences;
    }
    ui.error("files that could not be written have what they had before, and show no conflict: do not add them as they are");
    ui.hint("'pond undo' takes all of it back");
    Outcome::Partial
}

/// What is told of earlier commands that were interrupted, and of files of the pond that are lost or damaged.
fn show_recovery(ui: &Ui, event: Recovery<'_>) {
    match event {
        Recovery::LeftoversStay { error } => ui.warn(format_args!(
            "what a killed command left in the mirror stays there: {}",
            in_one_line(error)
        )),
        Recovery::LeftoversStored { files, tree } => {
            ui.warn(format_args!(
                "a command that was killed left {} in the mirror that no version has, perhaps half written: stored, and removed",
                counted(files, "file")
            ));
            ui.hint(format_args!("'pond restore -s {} --to DIR' lays that out", tree.short()));
        }
        Recovery::DamagedPackKept { name, kept } => ui.warn(format_args!(
            "the staged pack '{name}' is damaged; it is kept as '{}'",
            escape::path(kept)
        )),
        Recovery::PackFlawed { name, reason } => ui.warn(format_args!("the staged pack '{name}' {reason}")),
        Recovery::LostContentStored { files } => {
            ui.status(format_args!("stored the lost content of {} again", counted(files, "file")));
        }
        Recovery::ContentStillLost { paths } => {
            ui.warn(format_args!(
                "the content that was staged for these paths is still lost:{}",
                paths_below(paths)
            ));
            ui.hint(error::ADD_AGAIN);
            ui.hint(error::UNSTAGE);
        }
        Recovery::LateWrites { paths, tree } => {
            for path in paths {
                ui.warn(format_args!(
                    "{} was written to by a program that still had its old file open; that content is kept",
                    escape::quoted(path)
                ));
            }
            ui.hint(format_args!("'pond restore -s {} --to DIR' lays it out", tree.short()));
        }
        Recovery::IndexWasMissing => index_made_anew(ui, "the index was missing"),
        Recovery::IndexWasBad { kept } => index_made_anew(
            ui,
            &format!("the index could not be read; it is kept as '{}'", escape::path(kept)),
        ),
        Recovery::HalfDone { files, is_due, taken_back_by, going_on } => {
            let files = counted(files, "file");
            ui.warn(format_args!(
                "an earlier command was interrupted; {files} may still be at the previous version"
            ));
            match is_due {
                false => ui.hint("'pond diff' shows them; 'pond restore :/' writes them all"),
                true => ui.hint(format_args!(
                    "the next command that changes the mirror writes them; 'pond {taken_back_by}' takes the command back"
                )),
            }
            if let Some(doing) = going_on {
                ui.hint(format_args!("'pond {} --continue' goes on", doing.command()));
            }
        }
        Recovery::HalfDoneFinished { files, taken_back_by } => {
            ui.warn(format_args!(
                "an earlier command was interrupted; what it left unfinished was done now: {}",
                counted(files, "file")
            ));
            if let Some(command) = taken_back_by {
                ui.hint(format_args!("'pond {command}' takes that command back"));
            }
        }
        Recovery::HalfDoneStays { what } => {
            ui.warn(left_undone_in_one_line(what));
            ui.hint("this command goes on without them");
        }
    }
}

fn index_made_anew(ui: &Ui, what: &str) {
    ui.warn(format_args!("{what}, and was made anew from HEAD"));
    ui.hint(
        "what was staged is not any more, but its content is still in the pond; 'pond add -A' stages what the mirror has",
    );
}
