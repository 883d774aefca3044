//! Why nothing was put aside or brought back, in words.

use pond_workspace::stash::StashError;

use crate::error::{CommandError, conflict, fatal, nothing};
use crate::text::list::paths_below;

impl From<StashError> for CommandError {
    fn from(error: StashError) -> Self {
        use StashError as E;
        match error {
            E::Workspace(error) => error.into(),
            E::Switch(error) => error.into(),
            E::NoStash(_) => fatal(&error).hint("'pond stash list' lists the stashes"),
            E::NotOnStack(_) => nothing(&error)
                .hint("'pond stash list' lists the stashes; 'apply' takes any commit that is like one"),
            E::NoCommit => {
                nothing(&error).hint("a stash is based on a commit; 'pond commit' makes the first")
            }
            E::NoMatch(_) => conflict(&error).hint("nothing was changed; -u takes untracked files too"),
            E::Special(ref paths) => conflict(format_args!("{error}:{}", paths_below(paths))).hint(
                "nothing was changed; move them away, or name the other paths after 'pond stash push --'",
            ),
            E::InTheWay(ref paths) => conflict(format_args!("{error}:{}", paths_below(paths)))
                .hint("nothing was changed; -u puts untracked files aside too, -a ignored ones"),
            E::IndexConflicts(ref paths) => conflict(format_args!("{error}:{}", paths_below(paths)))
                .hint("nothing was changed; without --index, it is not staged"),
        }
    }
}
