//! What the libraries' typed errors mean to a user: a class each, and a hint where something can be done.
//!
//! Damage and missing objects are fatal, and nothing is changed then; a full disk and a held lock are named as such.

use std::error::Error;

use pond_checkpoint::CheckpointError;
use pond_durable::DurableError;
use pond_durable::lock::LockError;
use pond_mirror::index::IndexError;
use pond_mirror::index::head_file::HeadFileError;
use pond_mirror::scan::ScanError;
use pond_mirror::write::secure_dir::LayOutError;
use pond_objects::large::LargeError;
use pond_objects::pathspec::PathspecError;
use pond_objects::{CopyError, ReadError, escape};
use pond_oplog::config::ConfigError as FormatError;
use pond_oplog::dead::DeadError;
use pond_oplog::ingest::IngestError;
use pond_oplog::init::FirstError;
use pond_oplog::log::LogError;
use pond_oplog::pack::PackError;
use pond_oplog::pond::{InitError, OpenError};
use pond_oplog::publish::PublishError;
use pond_oplog::state::StateError;
use pond_oplog::transaction::TransactionError;
use pond_refs::{DateError, EditError, RefNameError, RevisionError};
use pond_workspace::cause::Cause;

use super::Class;
use super::CommandError;

const SECOND_COPY: &str = "keep this pond as it is: a second copy of it, or a backup of .pond, may still have what is damaged here, \
     and a pack of the same name is the same file everywhere";
/// What to do about a pond's own settings.
pub(super) const POND_SETTINGS: &str = "the file is TOML and holds settings, which begin with the lines '[pond]' and 'format = 1'; \
     correct it, or write those two lines anew: commits and staged files are not in it";
const UPDATE: &str = "a newer pond made it: update this program";
const AGAIN: &str = "nothing was changed; run the command again";

/// A fatal error with what can be said of the system's part in it.
fn explained(error: &(dyn Error + 'static)) -> CommandError {
    let this = CommandError::from_error(Class::Fatal, error);
    match Cause::of_the_system(error) {
        Some(cause) => this.hint(advice(cause)),
        None => this,
    }
}

/// What can be done about what stands behind an error.
pub(crate) fn advice(cause: Cause) -> &'static str {
    match cause {
        Cause::Damage => SECOND_COPY,
        Cause::DiskFull => {
            "the disk is full; nothing that was stored is lost: free some space, then run the command again"
        }
        Cause::ReadOnly => "the file system is mounted read-only",
        Cause::Forbidden => "this user may not do that; look at the owner and the mode",
    }
}

fn is_damage(error: &(dyn Error + 'static)) -> bool {
    Cause::of(error) == Some(Cause::Damage)
}

impl From<ReadError> for CommandError {
    fn from(error: ReadError) -> Self {
        match &error {
            ReadError::Storage { .. } if !is_damage(&error) => explained(&error),
            _ => Self::from_error(Class::Fatal, &error).hint(SECOND_COPY),
        }
    }
}

impl From<LargeError> for CommandError {
    fn from(error: LargeError) -> Self {
        match error {
            LargeError::Stored(error) => error.into(),
            LargeError::Write(error) => error.into(),
            LargeError::File(_) | LargeError::Changed => Self::from_error(Class::Fatal, &error),
        }
    }
}

impl From<CopyError> for CommandError {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::Read(error) => error.into(),
            // A closed pipe must be seen as what it is.
            CopyError::Write(error) => explained(&error),
        }
    }
}

impl From<PackError> for CommandError {
    fn from(error: PackError) -> Self {
        match is_damage(&error) {
            true => Self::from_error(Class::Fatal, &error).hint(SECOND_COPY),
            false => explained(&error),
        }
    }
}

impl From<LogError> for CommandError {
    fn from(error: LogError) -> Self {
        let this = explained(&error);
        match error {
            LogError::Newer { .. } => this.hint(UPDATE),
            LogError::Foreign { .. } => this.hint(
                "the table belongs to pond; other programs may read it but not write it. Nothing was changed by this command",
            ),
            LogError::Damaged { .. } | LogError::Missing { .. } => this.hint(SECOND_COPY),
            LogError::Read { .. } => this,
        }
    }
}

impl From<StateError> for CommandError {
    fn from(error: StateError) -> Self {
        let this = explained(&error);
        match error {
            StateError::Log(error) => error.into(),
            StateError::Chain { .. } => this.hint(SECOND_COPY),
            StateError::HistoryRewound { .. } => this
                .hint("the newest commits are not in this copy: it was restored from an older backup, or its log was cut")
                .hint("bring back the missing files of .pond/oplog; to go on from the older state, delete .pond/cache"),
            StateError::Read { .. } => this,
        }
    }
}

impl From<FormatError> for CommandError {
    fn from(error: FormatError) -> Self {
        let this = explained(&error);
        match error {
            FormatError::Newer { .. } => this.hint(UPDATE),
            FormatError::Damaged { .. } | FormatError::Missing(_) => this.hint(POND_SETTINGS),
            FormatError::Read { .. } => this,
        }
    }
}

impl From<OpenError> for CommandError {
    fn from(error: OpenError) -> Self {
        let this = explained(&error);
        match error {
            OpenError::NotFound(_) => {
                this.hint("'pond init' makes one here; -C DIR or --pond DIR names another place")
            }
            OpenError::Config(error) => error.into(),
            OpenError::ForeignOwner { path, .. } => {
                let mirror = path.parent().unwrap_or(&path);
                this.hint("work as its owner: another user's settings and hooks could do anything in your name").hint(
                    format_args!(
                        "if you trust them: pond config --global --add safe.directory '{}'",
                        escape::path(mirror)
                    ),
                )
            }
            OpenError::NotAPond { path, .. } => this.hint(format_args!(
                "if nothing in it is needed, move '{}' away: 'pond init' makes a pond then; --pond DIR names another",
                escape::path(&path)
            )),
            OpenError::Io { .. } => this,
        }
    }
}

impl From<InitError> for CommandError {
    fn from(error: InitError) -> Self {
        let this = explained(&error);
        match error {
            InitError::Open(error) => error.into(),
            InitError::Durable(error) => error.into(),
            InitError::Busy(_) => this.hint(AGAIN),
            InitError::Exists(_) | InitError::Io { .. } => this,
        }
    }
}

impl From<FirstError> for CommandError {
    fn from(error: FirstError) -> Self {
        match error {
            FirstError::Write(error) => error.into(),
            FirstError::Init(error) => error.into(),
        }
    }
}

impl From<DurableError> for CommandError {
    fn from(error: DurableError) -> Self {
        let this = explained(&error);
        match error {
            DurableError::Sync { .. } => {
                this.hint("the file is in place, but a power cut could take it back: look after the disk, then run the command again")
            }
            _ => this,
        }
    }
}

impl From<LockError> for CommandError {
    fn from(error: LockError) -> Self {
        let this = explained(&error);
        match error {
            LockError::Busy { waited, .. } => this.hint(format_args!(
                "waited {} seconds; nothing was changed. The lock ends with its process",
                waited.as_secs()
            )),
            LockError::ReadOnly { .. } => this.hint("reading commands (log, diff, cat) need no lock"),
            LockError::Io { .. } => this,
        }
    }
}

impl From<IngestError> for CommandError {
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::Pack(error) => CommandError::from(error).context("cannot write to the staging area"),
            IngestError::Durable(error) => {
                CommandError::from(error).context("cannot write to the staging area")
            }
            other => explained(&other),
        }
    }
}

impl From<CheckpointError> for CommandError {
    fn from(error: CheckpointError) -> Self {
        explained(&error)
    }
}

impl From<DeadError> for CommandError {
    fn from(error: DeadError) -> Self {
        match error {
            DeadError::State(error) => error.into(),
            DeadError::Log(error) => error.into(),
            error @ DeadError::Read { .. } => explained(&error),
        }
    }
}

impl From<PublishError> for CommandError {
    fn from(error: PublishError) -> Self {
        let this = explained(&error);
        match error {
            PublishError::Behind { .. } => this.hint(AGAIN),
            PublishError::Put { .. } => this.hint("nothing was published; what was staged is still staged"),
            PublishError::Unknown { .. } => {
                this.hint("'pond log' says whether it is there; what was staged is still staged")
            }
            PublishError::NotDurable { .. } => {
                this.hint("the version is there; look after the disk before you rely on it")
            }
            PublishError::Entry(error) => error.into(),
            PublishError::State(error) => error.into(),
        }
    }
}

impl<E: Error + 'static> From<EditError<E>> for CommandError {
    fn from(error: EditError<E>) -> Self {
        let this = explained(&error);
        match error {
            EditError::Conflict { .. } => {
                this.hint("another command moved it meanwhile; nothing was changed, nothing is lost")
            }
            _ => this,
        }
    }
}

impl From<TransactionError> for CommandError {
    fn from(error: TransactionError) -> Self {
        let this = explained(&error);
        match error {
            TransactionError::Ref(error) => error.into(),
            TransactionError::Publish(error) => error.into(),
            TransactionError::State(error) => error.into(),
            TransactionError::Entry(error) => error.into(),
            TransactionError::Read(error) => error.into(),
            TransactionError::Pack(error) => error.into(),
            TransactionError::Busy(_) => this.hint(AGAIN),
            TransactionError::Staged { .. } => this.hint(
                "nothing was changed; 'pond add' of what is staged stores its content again, as the mirror has it now",
            ),
            TransactionError::Collision { .. } => this
                .hint("names are paths, as in git: where one ends, no other can go on; rename or delete one of them"),
            TransactionError::ContentGone => {
                this.hint("nothing was changed, and the mirror has the content: 'pond add' stages it again")
            }
            _ => this,
        }
    }
}

impl From<RevisionError> for CommandError {
    fn from(error: RevisionError) -> Self {
        Self::from_error(Class::Fatal, &error)
            .hint("revisions are written as HEAD~2, main, an id's beginning, @{yesterday}, v1^{tree}; 'A..B' is a range")
    }
}

impl From<DateError> for CommandError {
    fn from(error: DateError) -> Self {
        Self::from_error(Class::Fatal, &error)
            .hint("'2 days ago', '2026-05-01 14:30', RFC 3339 and '@1700000000' are dates")
    }
}

impl From<RefNameError> for CommandError {
    fn from(error: RefNameError) -> Self {
        Self::from_error(Class::Fatal, &error)
    }
}

impl From<&IndexError> for CommandError {
    fn from(error: &IndexError) -> Self {
        let this = explained(error);
        match error {
            IndexError::Newer { .. } => this.hint(UPDATE),
            IndexError::Damaged { .. } | IndexError::Io { action: "read", .. } => this.hint(
                "'pond restore --staged :/' makes it anew from HEAD and keeps this one beside it; commits and the mirror's files are not touched",
            ),
            _ => this,
        }
    }
}

impl From<IndexError> for CommandError {
    fn from(error: IndexError) -> Self {
        (&error).into()
    }
}

impl From<HeadFileError> for CommandError {
    fn from(error: HeadFileError) -> Self {
        explained(&error)
    }
}

impl From<ScanError> for CommandError {
    fn from(error: ScanError) -> Self {
        explained(&error)
    }
}

impl From<LayOutError> for CommandError {
    fn from(error: LayOutError) -> Self {
        let this = explained(&error);
        match error {
            LayOutError::NotEmpty(_) => {
                this.hint("a version is laid out in a directory that is new or empty")
            }
            LayOutError::Host { .. } => this,
        }
    }
}

impl From<PathspecError> for CommandError {
    fn from(error: PathspecError) -> Self {
        let this = Self::from_error(Class::Fatal, &error);
        match error {
            PathspecError::Outside { .. } => {
                this.hint("paths count from the current directory; ':/PATH' counts from the mirror's root")
            }
            PathspecError::Magic { .. } => {
                this.hint("':(literal)NAME' takes a name as it is, colons included")
            }
            _ => this,
        }
    }
}

impl From<arrow::error::ArrowError> for CommandError {
    fn from(error: arrow::error::ArrowError) -> Self {
        Self::from_error(Class::Fatal, &error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pond_objects::ObjectId;
    use std::io;

    #[test]
    fn damage_points_to_a_second_copy() {
        let damaged = ReadError::Damaged { what: "chunk", id: ObjectId::ZERO };
        let text = CommandError::from(damaged).render_human(|label| format!("{label}:"));
        assert!(text.contains("does not match its id") && text.contains("second copy"), "{text}");
    }

    #[test]
    fn a_full_disk_is_said_through_the_chain() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let error = DurableError::Write { path: "x".into(), source: full };
        let text = CommandError::from(error).render_human(|label| format!("{label}:"));
        assert!(text.contains("the disk is full; nothing that was stored is lost"), "{text}");
    }

    #[test]
    fn a_closed_pipe_stays_one() {
        let closed = CopyError::Write(io::Error::from(io::ErrorKind::BrokenPipe));
        assert!(CommandError::from(closed).is_broken_pipe());
    }
}
