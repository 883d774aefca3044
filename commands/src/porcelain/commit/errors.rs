//! Why nothing was committed, in words.

use pond_workspace::commit::CommitError;

use crate::error::{Class, CommandError, fatal, nothing, partial};

impl From<CommitError> for CommandError {
    fn from(error: CommitError) -> Self {
        use CommitError as E;
        match error {
            E::Workspace(error) => error.into(),
            E::Add(error) => error.into(),
            E::AmendsWhatWaits(_) => fatal(&error).hint("commit it without --amend first"),
            E::NoCommit => fatal(&error).hint("commit without --amend"),
            E::InPart(_) => fatal(&error).hint(
                "nothing was committed; 'pond commit' without paths commits all of it, -i stages the paths first",
            ),
            E::NoMatch(_) => fatal(&error).hint("nothing was committed; 'pond add' tracks a new file"),
            E::NotLookedAt(_) => partial(format_args!("{error}, and would stop 'commit -a'")),
            E::NotStaged(_) => {
                partial(&error).hint("'pond commit' without -a or paths commits what is staged")
            }
            E::NothingElse => CommandError::from_error(Class::Partial, &error),
            E::NothingLeft(sequence) => {
                let command = sequence.command();
                nothing(&error).hint(format_args!(
                    "'pond {command} --skip' leaves it out, 'pond commit --allow-empty' records it"
                ))
            }
            E::Nothing { ref scan, tracks } => super::nothing::words(&error, scan, tracks),
            E::IndexBehind { id, source } => Self::from(*source)
                .context(format_args!("commit {} is recorded, but the index could not be written", id.short()))
                .hint("nothing is lost: the next command brings the index up to date"),
        }
    }
}
