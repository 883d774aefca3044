//! Whole groups of refs as revisions: `--all`, `--branches`, `--tags`, `--remotes`.

use pond_objects::ObjectId;
use pond_oplog::RowType;
use pond_refs::{Namespace, RefName};

use super::{CommitSet, peel, resolve_ranges};
use crate::error::{CommandError, usage};
use crate::workspace::Workspace;
use pond_objects::escape;
use pond_objects::wildmatch::{Stars, Wildmatch};

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
        self.all || !(self.branches.is_empty() && self.tags.is_empty() && self.remotes.is_empty())
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
        for (name, id) in self.refs(workspace)? {
            let id = peel(workspace.store(), id)?;
            // A tag may name what is no commit, and has no history then.
            if name.is_branch() || workspace.store().type_of(&id) == Some(RowType::Commit) {
                set.include.push(id);
            }
        }
        if self.all {
            set.include.extend(workspace.head.commit);
        }
        Ok(set)
    }

    /// The refs that the options name.
    fn refs(&self, workspace: &Workspace<'_>) -> Result<Vec<(RefName, ObjectId)>, CommandError> {
        let view = workspace.snapshot.view();
        if self.all {
            return Ok(view.refs()?);
        }
        let mut found = Vec::new();
        let groups = [
            (Namespace::Branch, &self.branches),
            (Namespace::Tag, &self.tags),
            (Namespace::Remote, &self.remotes),
        ];
        for (namespace, patterns) in groups {
            for pattern in patterns {
                let pattern = compile(pattern)?;
                let members = view.refs_of(namespace)?.into_iter();
                found.extend(members.filter(|(name, _)| pattern.is_match(name.short().as_bytes())));
            }
        }
        Ok(found)
    }
}

/// A pattern of short names; without wildcards it is a directory of them, and an empty one is all of them.
fn compile(pattern: &str) -> Result<Wildmatch, CommandError> {
    let pattern = match pattern {
        "" => "*".to_owned(),
        text if text.contains(['*', '?', '[']) => text.to_owned(),
        text => format!("{}/*", text.trim_end_matches('/')),
    };
    Wildmatch::new(b"", pattern.as_bytes(), Stars::Anything, false).map_err(|error| {
        usage(format_args!("'{}' is no pattern", escape::plain(pattern.as_bytes()))).because(&error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_without_wildcards_is_a_directory() {
        let takes =
            |pattern: &str, name: &str| compile(pattern).expect("a pattern").is_match(name.as_bytes());
        assert!(
            takes("", "a/b") && takes("v1*", "v1.0") && takes("site", "site/a/b") && takes("*/b", "a/x/b")
        );
        assert!(!takes("site", "site") && !takes("v1", "v1.0") && !takes("v[2-3]", "v1"));
    }
}
