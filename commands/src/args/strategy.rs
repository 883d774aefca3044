//! How trees are merged: the options of `merge`, `cherry-pick`, `revert` and of what writes conflicts anew.

use pond_objects::escape;
use pond_objects::merge::{ConflictStyle, DirectoryRenames, Favour, MergeOptions};
use pond_workspace::{Workspace, WorkspaceError};

use crate::error::{CommandError, usage};

/// How trees are merged, as the command line has it.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct StrategyArgs {
    /// Where both sides changed the same lines: take 'ours' or 'theirs' (repeatable: also no-renames, find-renames=N)
    #[arg(short = 'X', long, value_name = "OPTION", conflicts_with = "going_on")]
    pub(crate) strategy_option: Vec<String>,

    /// How conflicts are shown in files: merge, diff3 or zdiff3
    #[arg(long, value_name = "STYLE", conflicts_with = "going_on")]
    pub(crate) conflict: Option<String>,
}

impl StrategyArgs {
    /// The options that they stand for.
    pub(crate) fn options(&self, workspace: &Workspace<'_>) -> Result<MergeOptions, CommandError> {
        let configured = workspace.session().settings().conflict_style().map_err(WorkspaceError::Caller)?;
        let style = match self.conflict.clone().or(configured).as_deref() {
            None | Some("merge") => ConflictStyle::Merge,
            Some("diff3") => ConflictStyle::Diff3,
            Some("zdiff3") => ConflictStyle::Zdiff3,
            Some(other) => {
                return Err(usage(format_args!(
                    "'{}' is no conflict style",
                    escape::plain(other.as_bytes())
                ))
                .hint("merge, diff3 and zdiff3 are known"));
            }
        };
        let mut options = MergeOptions { style, ..MergeOptions::default() };
        for word in &self.strategy_option {
            let similarity =
                word.strip_prefix("find-renames=").or_else(|| word.strip_prefix("rename-threshold="));
            match (word.as_str(), similarity) {
                ("ours", _) => options.favour = Some(Favour::Ours),
                ("theirs", _) => options.favour = Some(Favour::Theirs),
                ("no-renames", _) => {
                    options.renames = None;
                    options.directory_renames = DirectoryRenames::Ignore;
                }
                (_, Some(percent)) => {
                    let number = percent.trim_end_matches('%').parse().ok().filter(|number| *number <= 100);
                    let wrong =
                        || usage(format_args!("'{}' is no percentage", escape::plain(percent.as_bytes())));
                    options.renames.get_or_insert_default().min_similarity = number.ok_or_else(wrong)?;
                }
                _ => {
                    return Err(usage(format_args!("-X '{}' is not known", escape::plain(word.as_bytes())))
                        .hint("ours, theirs, no-renames and find-renames=N are"));
                }
            }
        }
        Ok(options)
    }
}
