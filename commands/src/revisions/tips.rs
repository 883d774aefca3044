//! Whole groups of refs as revisions: `--all`, `--branches`, `--tags`, `--remotes`.

use pond_history::CommitSet;
use pond_history::resolve::Tips;
use pond_workspace::Workspace;

use super::resolve_ranges;
use crate::error::CommandError;

/// Options that stand for many revisions; the same in every command that walks a history.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Options for where to begin")]
pub(crate) struct TipArgs {
    /// Begin at every branch and tag, and at HEAD
    #[arg(long)]
    all: bool,

    /// Begin at every branch, or at those that match the pattern
    #[arg(long, value_name = "PATTERN", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    branches: Vec<String>,

    /// Begin at every tag, or at those that match the pattern
    #[arg(long, value_name = "PATTERN", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    tags: Vec<String>,

    /// Begin at every branch of other ponds, or at those that match the pattern
    #[arg(long, value_name = "PATTERN", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    remotes: Vec<String>,
}

impl TipArgs {
    /// Whether any was given: then HEAD is not meant where no revision is named.
    pub(crate) fn any(&self) -> bool {
        self.tips().any()
    }

    /// As [`resolve_ranges`], with the refs that the options name.
    pub(crate) fn commits<T: AsRef<std::ffi::OsStr>>(
        &self,
        workspace: &Workspace<'_>,
        revisions: &[T],
    ) -> Result<CommitSet, CommandError> {
        if !self.any() {
            return resolve_ranges(workspace, revisions);
        }
        let mut set =
            if revisions.is_empty() { CommitSet::default() } else { resolve_ranges(workspace, revisions)? };
        self.tips().add_to(workspace.history(), &mut set)?;
        Ok(set)
    }

    fn tips(&self) -> Tips {
        let Self { all, branches, tags, remotes } = self.clone();
        Tips { all, branches, tags, remotes }
    }
}
