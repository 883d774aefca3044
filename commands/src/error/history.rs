//! What errors about histories mean to a user. Those about revisions are worded where the refs are known that may have been
//! meant: in [`crate::revisions`].

use pond_history::diff::UnknownKind;
use pond_history::resolve::TipsError;

use super::{Class, CommandError, usage};

impl From<TipsError> for CommandError {
    fn from(error: TipsError) -> Self {
        match error {
            TipsError::Pattern { .. } => Self::from_error(Class::Usage, &error),
            TipsError::Read(error) => error.into(),
        }
    }
}

impl From<UnknownKind> for CommandError {
    fn from(UnknownKind(letter): UnknownKind) -> Self {
        usage(format_args!("unknown kind '{letter}' in --diff-filter")).hint(
            "A added, D deleted, M modified, R renamed, T another type, U in conflict; small letters leave a kind out",
        )
    }
}
