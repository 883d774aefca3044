//! The options that say what is shown of commits that join histories.

use pond_history::diff::{Against, Merges};
use pond_objects::escape;

use super::DiffArgs;
use crate::error::{CommandError, usage};
use crate::ui::diff::Forms;

/// Options about merges; the same in every command that shows commits. The last one counts.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Options for merges")]
pub(crate) struct MergeArgs {
    /// Compare a merge with each of its parents in turn, where changes are shown
    #[arg(short = 'm', overrides_with_all = ["combined", "cc", "dd", "diff_merges", "no_diff_merges"])]
    each: bool,

    /// Show patches, and of a merge what is in it as in none of its parents, beside all of them
    #[arg(short = 'c', overrides_with_all = ["each", "cc", "dd", "diff_merges", "no_diff_merges"])]
    combined: bool,

    /// The same, without what is only a choice between two versions
    #[arg(long, overrides_with_all = ["each", "combined", "dd", "diff_merges", "no_diff_merges"])]
    cc: bool,

    /// Show patches, and of a merge the one against its first parent
    #[arg(long, overrides_with_all = ["each", "combined", "cc", "diff_merges", "no_diff_merges"])]
    dd: bool,

    /// Show of merges: off, on or separate (as -m), first-parent, combined (as -c), dense-combined (as --cc)
    #[arg(
        long,
        value_name = "FORM",
        overrides_with_all = ["each", "combined", "cc", "dd", "no_diff_merges"]
    )]
    diff_merges: Option<String>,

    /// Show no changes of merges
    #[arg(long, overrides_with_all = ["each", "combined", "cc", "dd", "diff_merges"])]
    no_diff_merges: bool,
}

/// What is shown of merges, and of other commits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShownChanges {
    /// What is compared.
    pub(crate) merges: Merges,
    /// The forms in which changes are written where the [`DiffArgs`] name none.
    pub(crate) default: Forms,
}

impl MergeArgs {
    /// What they mean in a command that shows `default`, and compares merges as `against` says, without any of them.
    /// `first_parent`: merges are looked at from their first parent.
    pub(crate) fn read(
        &self,
        diff: &DiffArgs,
        first_parent: bool,
        default: Forms,
        against: Against,
    ) -> Result<ShownChanges, CommandError> {
        let named = self.diff_merges.as_deref().map(named).transpose()?;
        let asked = match self {
            Self { each: true, .. } => Some(Against::Each),
            Self { combined: true, .. } => Some(Against::All { dense: false }),
            Self { cc: true, .. } => Some(Against::All { dense: true }),
            Self { dd: true, .. } => Some(Against::First),
            Self { no_diff_merges: true, .. } => Some(Against::Nothing),
            _ => named,
        };
        let against = match (asked, first_parent) {
            (None | Some(Against::Each), true) => Against::First,
            (asked, _) => asked.unwrap_or(against),
        };
        let implies_patches = self.combined || self.cc || self.dd;
        let wants_merges = named.is_some_and(|named| named != Against::Nothing);
        let only_merges = wants_merges && !diff.forms(default).any();
        let default = if implies_patches || wants_merges { Forms::PATCH } else { default };
        Ok(ShownChanges { merges: Merges { against, only_merges }, default })
    }
}

fn named(form: &str) -> Result<Against, CommandError> {
    Ok(match form {
        "off" | "none" => Against::Nothing,
        "on" | "m" | "separate" => Against::Each,
        "1" | "first-parent" => Against::First,
        "c" | "combined" => Against::All { dense: false },
        "cc" | "dense-combined" => Against::All { dense: true },
        _ => {
            let form = escape::plain(form.as_bytes());
            return Err(usage(format_args!("unknown form '{form}' of --diff-merges"))
                .hint("off, on, separate, first-parent, combined and dense-combined are known"));
        }
    })
}
