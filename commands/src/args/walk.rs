//! The options of a walk through history, which `log` and `rev-list` share.

use crate::revisions::{OrderArgs, TipArgs};

/// Which commits of a history, and in which order.
#[derive(Debug, clap::Args)]
pub(crate) struct WalkArgs {
    /// Show N commits at most; -N does the same
    #[arg(short = 'n', long, value_name = "N")]
    pub(crate) max_count: Option<usize>,

    /// Leave out the first N commits
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(crate) skip: usize,

    /// Show commits that are newer
    #[arg(long, visible_alias = "after", value_name = "DATE")]
    pub(crate) since: Option<String>,

    /// Show commits that are older
    #[arg(long, visible_alias = "before", value_name = "DATE")]
    pub(crate) until: Option<String>,

    /// Show the oldest of the chosen commits first
    #[arg(long)]
    pub(crate) reverse: bool,

    /// Follow only the first parent of merges; where changes are shown, show what merges brought
    #[arg(long)]
    pub(crate) first_parent: bool,

    /// Show merges only
    #[arg(long, conflicts_with = "no_merges")]
    pub(crate) merges: bool,

    /// Leave merges out
    #[arg(long)]
    pub(crate) no_merges: bool,

    #[command(flatten)]
    pub(crate) order: OrderArgs,

    #[command(flatten)]
    pub(crate) tips: TipArgs,
}
