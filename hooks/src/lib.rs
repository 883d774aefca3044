//! The moments at which a pond can run a hook.
//!
//! A hook is an executable that pond runs at a named moment. Names are part of the format of `.pond/hooks/`, so they stand
//! here from the first version; `pond init` makes that directory, and nothing runs what is in it yet.
#![deny(missing_docs)]

/// A moment around an operation, and the name of the hook that belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Moment {
    /// Before a commit's message is asked for; may refuse.
    PreCommit,
    /// With the message; may change or refuse it.
    CommitMsg,
    /// After the commit is durable.
    PostCommit,
    /// After the mirror's files were brought to another version.
    PostCheckout,
}

impl Moment {
    /// Every moment.
    pub const ALL: [Self; 4] = [Self::PreCommit, Self::CommitMsg, Self::PostCommit, Self::PostCheckout];

    /// The hook's file name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PreCommit => "pre-commit",
            Self::CommitMsg => "commit-msg",
            Self::PostCommit => "post-commit",
            Self::PostCheckout => "post-checkout",
        }
    }

    /// Whether a hook that fails here stops the operation.
    pub const fn may_refuse(self) -> bool {
        matches!(self, Self::PreCommit | Self::CommitMsg)
    }
}
