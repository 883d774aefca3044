//! Whether conflicts are merged again: the options of `checkout`, `restore` and `switch`.

use pond_objects::merge::MergeOptions;
use pond_workspace::Workspace;

use crate::args::strategy::StrategyArgs;
use crate::error::CommandError;

/// Options that merge again, or merge what is not committed.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct AgainArgs {
    /// With paths: write conflicts anew, with markers; with a branch: merge changes that are in the way into its files
    #[arg(short, long)]
    merge: bool,

    /// The same, with conflicts shown in the style merge, diff3 or zdiff3
    #[arg(long, value_name = "STYLE")]
    conflict: Option<String>,
}

impl AgainArgs {
    /// How to merge, if that is asked for.
    pub(crate) fn options(&self, workspace: &Workspace<'_>) -> Result<Option<MergeOptions>, CommandError> {
        let strategy = StrategyArgs { conflict: self.conflict.clone(), ..StrategyArgs::default() };
        (self.merge || self.conflict.is_some()).then(|| strategy.options(workspace)).transpose()
    }
}
