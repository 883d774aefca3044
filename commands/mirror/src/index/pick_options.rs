//! What the command line that began to pick commits said about all of them. It waits with those that are left, so that
//! whoever goes on need not say it again.

use serde::{Deserialize, Serialize};

/// The options of `cherry-pick` and `revert`, as they were typed. What was not said is not written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct PickOptions {
    /// Stage only.
    #[serde(skip_serializing_if = "is_unset")]
    pub no_commit: bool,
    /// Say in the message where it came from.
    #[serde(skip_serializing_if = "is_unset")]
    pub mention: bool,
    /// Sign off.
    #[serde(skip_serializing_if = "is_unset")]
    pub signoff: bool,
    /// Commit where nothing changes.
    #[serde(skip_serializing_if = "is_unset")]
    pub allow_empty: bool,
    /// Of a merge: the parent, from 1, whose side counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mainline: Option<usize>,
    /// The words of `-X`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub strategy: Vec<String>,
    /// The word of `--conflict`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflict: Option<String>,
}

impl PickOptions {
    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether a flag is left out of the text.
pub fn is_unset(flag: &bool) -> bool {
    !*flag
}
