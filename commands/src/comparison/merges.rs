//! How commits that join histories are compared with their parents: what is asked for, and the changes that come of it.

use pond_objects::{Change, Commit, ObjectId, ObjectSource as _};
use pond_oplog::Store;

use super::{DiffArgs, merge, trees};
use crate::error::{CommandError, usage};
use crate::revisions::Differing;
use crate::ui::diff::{Combined, Forms, MOST_PARENTS};
use pond_objects::escape;
use pond_objects::pathspec::Pathspecs;

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

/// What a merge is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Against {
    Nothing,
    First,
    /// Each parent in turn.
    Each,
    /// All at once, without choices between two versions if `dense`.
    All {
        dense: bool,
    },
}

/// What is shown of merges, and of other commits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Merges {
    pub(crate) against: Against,
    /// The forms in which changes are written where the [`DiffArgs`] name none.
    pub(crate) default: Forms,
    /// Other commits are shown without changes.
    only_merges: bool,
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
    ) -> Result<Merges, CommandError> {
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
        Ok(Merges { against, default, only_merges })
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

/// The changes of a commit.
#[derive(Debug)]
pub(crate) enum CommitChanges {
    /// Against one parent, or none.
    Plain(Vec<Change>),
    /// Of a merge, against each parent that it differs from.
    Each(Vec<(ObjectId, Vec<Change>)>),
    /// Of a merge, against its first parent and against all at once.
    All { against_first: Vec<Change>, combined: Vec<Combined> },
}

impl CommitChanges {
    /// None.
    pub(crate) const NONE: Self = Self::Plain(Vec::new());

    /// Those against the first parent that it is compared with.
    pub(crate) fn of_first_parent(&self) -> &[Change] {
        match self {
            Self::Plain(changes) | Self::All { against_first: changes, .. } => changes,
            Self::Each(parents) => parents.first().map_or(&[], |(_, changes)| changes),
        }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Plain(changes) => changes.is_empty(),
            Self::Each(parents) => parents.is_empty(),
            Self::All { against_first, combined } => against_first.is_empty() && combined.is_empty(),
        }
    }
}

impl Merges {
    /// Whether nothing is shown of a commit, whatever it changed.
    pub(crate) fn hides(&self, commit: &Commit) -> bool {
        match commit.parents.len() {
            0 | 1 => self.only_merges,
            _ => self.against == Against::Nothing,
        }
    }

    /// From which parents a merge has to differ to be shown. `first_parent`: histories are followed along first parents.
    pub(crate) fn differing(&self, first_parent: bool) -> Differing {
        match self.against {
            _ if first_parent => Differing::First,
            Against::First => Differing::First,
            Against::Each => Differing::Any,
            Against::Nothing | Against::All { .. } => Differing::All,
        }
    }

    /// What a commit changed.
    ///
    /// # Errors
    /// Those of reading the objects.
    pub(crate) fn changes(
        &self,
        store: &Store,
        commit: &Commit,
        pathspecs: &Pathspecs,
        args: &DiffArgs,
    ) -> Result<CommitChanges, CommandError> {
        if self.hides(commit) {
            return Ok(CommitChanges::NONE);
        }
        let tree = |id: &ObjectId| Ok::<_, CommandError>(store.commit(id)?.tree);
        let parents = commit.parents.iter().map(tree).collect::<Result<Vec<_>, _>>()?;
        let against = |old: Option<&ObjectId>| trees(store, old, Some(&commit.tree), pathspecs, args);
        match self.against {
            Against::Each if parents.len() > 1 => {
                let mut all = Vec::with_capacity(parents.len());
                for (id, tree) in commit.parents.iter().zip(&parents) {
                    all.push((*id, against(Some(tree))?));
                }
                all.retain(|(_, changes)| !changes.is_empty());
                Ok(CommitChanges::Each(all))
            }
            Against::All { .. } if (2..=MOST_PARENTS).contains(&parents.len()) => Ok(CommitChanges::All {
                against_first: against(parents.first())?,
                combined: merge(store, &parents, &commit.tree, pathspecs, args)?,
            }),
            _ => Ok(CommitChanges::Plain(against(parents.first())?)),
        }
    }
}
