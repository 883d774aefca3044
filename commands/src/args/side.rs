//! Which side's version of a conflict is wanted: the options of `checkout` and `restore`.

use pond_mirror::index::pending::StageNumber;

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
    pub(crate) fn which(self) -> Option<StageNumber> {
        match (self.ours, self.theirs) {
            (true, _) => Some(StageNumber::Ours),
            (_, true) => Some(StageNumber::Theirs),
            _ => None,
        }
    }
}
