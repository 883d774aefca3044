//! The options for the order of commits.

use pond_history::Order;

/// The options for the order; the same in every command that walks a history.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(crate) struct OrderArgs {
    /// Show no commit before its children, and one line of history after the other
    #[arg(long, overrides_with = "date_order")]
    topo_order: bool,

    /// Show no commit before its children, otherwise by commit time
    #[arg(long, overrides_with = "topo_order")]
    date_order: bool,
}

impl OrderArgs {
    /// The order that was asked for; `None` if none was.
    pub(crate) fn order(self) -> Option<Order> {
        match self {
            Self { topo_order: true, .. } => Some(Order::Topological),
            Self { date_order: true, .. } => Some(Order::Dated),
            _ => None,
        }
    }
}
