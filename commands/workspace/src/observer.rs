//! What a deed tells its caller while it runs.
//!
//! A deed neither prints nor asks: it returns what came of it, and gives an [`Event`] where somebody should hear of something
//! before that. The terminal words events; a test or a server keeps them.

use std::path::Path;

use bstr::BString;
use pond_mirror::host::ignore::Problem;
use pond_mirror::index::pending::Sequence;
use pond_objects::ObjectId;
use pond_objects::merge::Merged;
use pond_refs::RefName;

use crate::error::{LeftUndone, WorkspaceError};
use crate::failures::Failures;

/// Hears what a deed does, follows its progress, and may stop it.
pub trait Observer: Send + Sync {
    /// Something happened that the deed's result does not say.
    fn event(&self, event: Event<'_>);

    /// Work begins that may take long.
    fn work(&self, work: Work) -> Box<dyn Counter>;

    /// Whether the deed shall stop. Cheap enough for inner loops.
    fn is_interrupted(&self) -> bool;
}

/// Work that may take long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Files are looked at; counted in files.
    Look,
    /// Files are read and staged; counted in bytes.
    Add,
    /// Files are read and stored before they are overwritten; counted in bytes.
    Save,
    /// Files are written; counted in bytes.
    Write,
    /// Files are removed; counted in files.
    Remove,
}

/// Counts work that is under way. The work has ended when this is dropped.
pub trait Counter: Send + Sync {
    /// Says how much there is to do; adds up over calls.
    fn add_total(&self, amount: u64);

    /// Counts what was done.
    fn add(&self, amount: u64);

    /// Counts a file that was done.
    fn add_file(&self);
}

/// Something that happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// Files in no version, ignored ones among them, gave way to others, and are stored in the pond.
    GaveWay {
        /// The paths.
        paths: &'a [BString],
        /// The command that takes the deed back.
        taken_back_by: &'a str,
    },
    /// A fifo, socket or device, of which nothing is stored, gave way to a file.
    SpecialGone {
        /// The path.
        path: &'a BString,
        /// What it is.
        word: &'a str,
    },
    /// Paths could not be brought to their version. Running the deed again would do it.
    Failed(&'a Failures),
    /// The same of a deed that is published: the next deed does the rest.
    Due {
        /// The paths, with the reasons.
        failures: &'a Failures,
        /// The command that takes the deed back.
        taken_back_by: &'a str,
    },
    /// The times of so many files were out of the range that the index keeps.
    TimesClamped {
        /// How many files.
        files: u64,
    },
    /// A path was left out for what it is: a fifo, a socket, a device.
    SkippedSpecial {
        /// The path.
        path: &'a BString,
        /// What it is.
        word: &'a str,
    },
    /// A directory was left out because it is a pond.
    SkippedPond {
        /// The path.
        path: &'a BString,
    },
    /// A file of patterns, or a line of one, could not be used.
    BadPattern(&'a Problem),
    /// Of an earlier command that was interrupted, or of files of the pond that are lost or damaged.
    Recovery(Recovery<'a>),
    /// Trees were merged.
    Merged(&'a Merged),
    /// A name is that of several refs: one was taken.
    Ambiguous {
        /// The one that was taken.
        taken: &'a RefName,
        /// One that was not.
        other: &'a RefName,
    },
}

/// What is told of earlier commands that were interrupted, and of files of the pond that are lost or damaged.
#[derive(Debug)]
pub enum Recovery<'a> {
    /// What a killed command left in the mirror could not be taken away.
    LeftoversStay {
        /// Why.
        error: &'a WorkspaceError,
    },
    /// Such files had content that no version has: it was stored as this tree.
    LeftoversStored {
        /// How many files.
        files: u64,
        /// The tree.
        tree: &'a ObjectId,
    },
    /// A staged pack is damaged. It was renamed.
    DamagedPackKept {
        /// Its name.
        name: &'a str,
        /// The name that it has now.
        kept: &'a Path,
    },
    /// A staged pack cannot be used.
    PackFlawed {
        /// Its name.
        name: &'a str,
        /// What is the matter with it.
        reason: &'a str,
    },
    /// Lost content of so many files was found in the mirror, and stored again.
    LostContentStored {
        /// How many files.
        files: u64,
    },
    /// The content that was staged for these paths is lost.
    ContentStillLost {
        /// The paths.
        paths: &'a [BString],
    },
    /// Programs wrote to files after they had been replaced; what they wrote was stored as this tree.
    LateWrites {
        /// The paths.
        paths: &'a [BString],
        /// The tree.
        tree: &'a ObjectId,
    },
    /// The index was missing and was made anew from HEAD.
    IndexWasMissing,
    /// The index could not be read, was renamed, and was made anew from HEAD.
    IndexWasBad {
        /// The name that it has now.
        kept: &'a Path,
    },
    /// An earlier command was interrupted before it had written so many files.
    HalfDone {
        /// How many files.
        files: u64,
        /// Whether the next command that changes the mirror writes them.
        is_due: bool,
        /// The command that takes the interrupted one back.
        taken_back_by: &'a str,
        /// The command that goes on with it, where nothing has to be decided first.
        going_on: Option<Sequence>,
    },
    /// What such a command left was done now.
    HalfDoneFinished {
        /// How many files.
        files: u64,
        /// The command that takes the interrupted one back; `None` where that is being done.
        taken_back_by: Option<&'a str>,
    },
    /// What such a command left cannot be finished; this one goes on without it.
    HalfDoneStays {
        /// What is left.
        what: &'a LeftUndone,
    },
}
