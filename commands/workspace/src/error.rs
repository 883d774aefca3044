//! Why work on a pond and its mirror did not succeed: what all deeds share.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bstr::BString;
use pond_durable::DurableError;
use pond_durable::lock::LockError;
use pond_mirror::index::IndexError;
use pond_mirror::index::head_file::HeadFileError;
use pond_mirror::index::pending::Sequence;
use pond_mirror::scan::ScanError;
use pond_mirror::write::materialize::MaterializeError;
use pond_objects::large::LargeError;
use pond_objects::pathspec::PathspecError;
use pond_objects::{ObjectId, ReadError, escape};
use pond_oplog::ingest::IngestError;
use pond_oplog::log::LogError;
use pond_oplog::pack::PackError;
use pond_oplog::pond::OpenError;
use pond_oplog::state::StateError;
use pond_oplog::transaction::TransactionError;
use pond_refs::{EditError, RefName};

use crate::cause::Cause;

/// An error of the caller: of its clock, or of a setting.
pub type CallerError = Box<dyn Error + Send + Sync>;

/// Why work on a pond and its mirror did not succeed. Unless a variant says otherwise, nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// An object could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A large text could not be read or written.
    #[error(transparent)]
    Large(#[from] LargeError),
    /// A pack could not be read.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// The log of the table could not be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The state of the table could not be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// The pond could not be opened, or is not ours.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A file could not be written durably.
    #[error(transparent)]
    Durable(#[from] DurableError),
    /// A lock could not be taken.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Contents could not be stored.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// A ref is not what was expected, or cannot be moved.
    #[error(transparent)]
    Edit(#[from] EditError<ReadError>),
    /// The operation could not be published.
    #[error(transparent)]
    Transaction(#[from] TransactionError),
    /// The index could not be read or written.
    #[error(transparent)]
    Index(#[from] Arc<IndexError>),
    /// The file HEAD could not be read or written.
    #[error(transparent)]
    HeadFile(#[from] HeadFileError),
    /// The mirror could not be looked at.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// A pathspec could not be used.
    #[error(transparent)]
    Pathspec(#[from] PathspecError),
    /// The system refused something that needs no further words.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The caller's clock, or one of its settings, could not be used.
    #[error("{0}")]
    Caller(#[source] CallerError),
    /// The caller asked to stop.
    #[error("interrupted; {state}")]
    Interrupted {
        /// What was done, and what was not.
        state: &'static str,
    },
    /// The current directory is inside `.pond`.
    #[error("this command works on the mirror, and the current directory is inside .pond")]
    InsidePond {
        /// The mirror's root.
        root: PathBuf,
    },
    /// A directory of the pond could not be made.
    #[error("cannot make the directory '{}'", escape::path(path))]
    MakeDirectory {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: DurableError,
    },
    /// The index names something as a staged pack that is none.
    #[error("the index names no staged pack: '{0}'")]
    NoStagedPack(String),
    /// A damaged file could not be renamed.
    #[error("cannot rename {what}")]
    SetAside {
        /// The file.
        what: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The files that were replaced could not be looked at.
    #[error("cannot look at the files that were replaced")]
    Replaced(#[source] io::Error),
    /// The same after the operation was published and files were written.
    #[error("cannot look at the files that were replaced")]
    LateWrites(#[source] io::Error),
    /// The table could not be opened for writing.
    #[error("cannot open the pond's table")]
    Table(#[source] Box<dyn Error + Send + Sync>),
    /// The mirror's root could not be opened.
    #[error("cannot open the mirror")]
    OpenMirror(#[source] io::Error),
    /// The mirror's root could not be read.
    #[error("cannot read the mirror")]
    ReadMirror(#[source] io::Error),
    /// The mirror could not be written to.
    #[error("cannot write to '{}'", escape::path(root))]
    WriteMirror {
        /// Its root.
        root: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file in the mirror could not be given another name.
    #[error("cannot rename {} to {}", escape::quoted(from), escape::quoted(to))]
    Rename {
        /// Its name.
        from: BString,
        /// The new one.
        to: BString,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Files were written, but the system did not say that they are on the disk.
    #[error("the files were written, but may not survive a power cut")]
    NotDurable(#[source] MaterializeError),
    /// Files were renamed, but the system did not say that this is on the disk.
    #[error("the files were renamed, but may not survive a power cut")]
    RenamesNotDurable(#[source] MaterializeError),
    /// Files were removed, but the system did not say that this is on the disk.
    #[error("the files were removed, but may be back after a power cut")]
    RemovalNotDurable(#[source] MaterializeError),
    /// A file that would be overwritten could not be stored.
    #[error("cannot store '{}' before it is overwritten", escape::plain(path))]
    Store {
        /// The file.
        path: BString,
        /// Why.
        #[source]
        source: StageError,
    },
    /// What an earlier command left unfinished in the mirror cannot be done.
    #[error("{what}")]
    Unfinished {
        /// What is left.
        what: LeftUndone,
        /// The command that takes the earlier one back.
        taken_back_by: &'static str,
    },
    /// What is not committed would be overwritten.
    #[error("changes that are not committed would be overwritten by {doing}")]
    Obstacles {
        /// Tracked files with changes.
        changed: Vec<BString>,
        /// Files in no version.
        untracked: Vec<BString>,
        /// What would overwrite it.
        doing: Overwriter,
    },
    /// The same of a command that merges.
    #[error("changes that are not committed would be overwritten by {doing}")]
    Uncommitted {
        /// The files.
        paths: Vec<BString>,
        /// The command.
        doing: String,
        /// Whether earlier commits of the same command were made.
        partway: bool,
    },
    /// Files are staged that a merge would mix with its own.
    #[error("what is staged would be mixed with the {doing}")]
    StagedInTheWay {
        /// The files.
        paths: Vec<BString>,
        /// The command.
        doing: String,
        /// Whether earlier commits of the same command were made.
        partway: bool,
    },
    /// Files are staged, and nobody could tell afterwards that they were.
    #[error("cannot continue with staged changes")]
    StagedChanges {
        /// The files.
        paths: Vec<BString>,
    },
    /// The system does not let us look at what would be changed.
    #[error("cannot look at what would be changed")]
    OutOfReach {
        /// The paths, each with what the system said.
        paths: Vec<(BString, String)>,
        /// What stands behind the first.
        cause: Option<Cause>,
    },
    /// Files that pond never removes are in a directory that has to give way to a file.
    #[error("these are in a directory that has to give way to a file, and are never removed")]
    Immovable {
        /// The files.
        paths: Vec<BString>,
    },
    /// Something waits that has to end first.
    #[error("{}: {}", .sequence.matter(), .before.words())]
    Waiting {
        /// What waits.
        sequence: Sequence,
        /// Before what.
        before: Before,
    },
    /// Paths are in conflict.
    #[error("some paths are still in conflict")]
    Unmerged {
        /// What waits for them to be decided.
        sequence: Sequence,
        /// The paths.
        paths: Vec<BString>,
    },
    /// Staged content is lost.
    #[error("the staged pack {packs} is not what it was")]
    ContentLost {
        /// The packs, each with what is the matter with it.
        packs: String,
        /// The paths whose content they had.
        paths: Vec<BString>,
    },
    /// Operations can't be taken back: something moved since.
    #[error("{name} can't be taken back: {what} since")]
    Moved {
        /// The operations.
        name: String,
        /// What moved.
        what: String,
        /// What became of others in the same list.
        others: OtherCommands,
    },
    /// Taking operations back would lose what was changed since.
    #[error("{name} can't be taken back without losing what was changed since")]
    Newer {
        /// The operations.
        name: String,
        /// The paths.
        paths: Vec<BString>,
        /// What became of others in the same list.
        others: OtherCommands,
    },
    /// A ref names an object that is not there.
    #[error("there is no object {id} for refs/{name}")]
    NoTarget {
        /// The ref.
        name: RefName,
        /// The object.
        id: ObjectId,
    },
    /// A branch names what is no commit.
    #[error("refs/{name} cannot be at {}: a branch is at a commit, and that is {word}", .id.short())]
    NotACommit {
        /// The branch.
        name: RefName,
        /// The object.
        id: ObjectId,
        /// What the object is.
        word: &'static str,
    },
}

/// Why a path of the host was not stored; the others are.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The system refused to read it.
    #[error("cannot read it: {0}")]
    Read(std::io::Error),
    /// It is gone.
    #[error("it vanished while it was being added")]
    Gone,
    /// It was never the same before and after it was read.
    #[error("it changes while it is being read")]
    Unstable,
    /// It is neither a file, a symlink nor a directory.
    #[error("it is a {0}")]
    Special(&'static str),
    /// The command was told to stop.
    #[error("interrupted")]
    Interrupted,
}

/// What would overwrite files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Overwriter {
    /// The command with this name.
    Command(String),
    /// One with this name that merges changes of tracked files, and so is never held up by them.
    Merging(String),
    /// The stash that is to be brought back.
    Stash,
}

impl fmt::Display for Overwriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(name) | Self::Merging(name) => f.write_str(name),
            Self::Stash => f.write_str("this stash"),
        }
    }
}

/// What became of other commands of a list, when one of them could not be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherCommands {
    /// Nothing: it was the first.
    Unchanged,
    /// Those that came after it are taken back.
    TakenBack,
    /// Those that came before it are done again.
    DoneAgain,
}

impl OtherCommands {
    /// The same in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Unchanged => "nothing was changed",
            Self::TakenBack => "what was done after it is taken back",
            Self::DoneAgain => "what was done again before it stays so",
        }
    }
}

/// What has to wait for something that is not over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Before {
    /// Another command of a kind begins.
    Another(String),
    /// HEAD moves.
    HeadMoves,
}

impl Before {
    fn words(&self) -> String {
        match self {
            Self::Another(command) => format!("that has to end before another {command} begins"),
            Self::HeadMoves => "HEAD can't move before that has ended".to_owned(),
        }
    }
}

/// Lets `?` take every error that is a [`WorkspaceError`] into an enum of a deed, as its variant `Workspace`.
macro_rules! deed_error {
    ($name:ident) => {
        impl<E> From<E> for $name
        where
            WorkspaceError: From<E>,
        {
            fn from(error: E) -> Self {
                Self::Workspace(error.into())
            }
        }
    };
}

pub(crate) use deed_error;

impl From<IndexError> for WorkspaceError {
    fn from(error: IndexError) -> Self {
        Self::Index(Arc::new(error))
    }
}

/// What an interrupted command left in the mirror, and the next one could not do.
#[derive(Debug, thiserror::Error)]
pub enum LeftUndone {
    /// Files could not be written.
    #[error("{0} files that an interrupted command left unfinished cannot be written")]
    Files(usize),
    /// It could not be looked at, or renamed.
    #[error("what an interrupted command left unfinished cannot be written")]
    Failed(#[source] Box<WorkspaceError>),
}

/// An error and its causes in one line. What a message ends with already is not said again.
pub fn in_one_line(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}
