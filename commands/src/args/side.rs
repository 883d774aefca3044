//! Which side's version of a conflict is wanted: the options of `checkout` and `restore`.

use pond_mirror::index::pending::Stage;

/// Which side's version is wanted.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(crate) struct SideArgs {
    /// While a merge or the like waits: write our version of files in conflict
    #[arg(long, conflicts_with_all = ["theirs", "merge", "conflict"])]
    ours: bool,

    /// While a merge or the like waits: write their version of files in conflict
    #[arg(long, conflicts_with_all = ["merge", "conflict"])]
    theirs: bool,
}

impl SideArgs {
    /// The side, where one was asked for.
    pub(crate) fn which(self) -> Option<Stage> {
        match (self.ours, self.theirs) {
            (true, _) => Some(Stage::Ours),
            (_, true) => Some(Stage::Theirs),
            _ => None,
        }
    }
}
