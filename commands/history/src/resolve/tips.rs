//! Whole groups of refs as revisions: `--all`, `--branches`, `--tags`, `--remotes`.

use pond_objects::escape::plain;
use pond_objects::wildmatch::{Malformed, Stars, Wildmatch};
use pond_objects::{ObjectId, ReadError};
use pond_oplog::RowType;
use pond_refs::{Namespace, RefName};

use crate::history::History;
use crate::resolve::peel::peel;
use crate::resolve::range::CommitSet;

/// The groups that are asked for.
#[derive(Clone, Debug, Default)]
pub struct Tips {
    /// Every ref, and HEAD.
    pub all: bool,
    /// Branches: patterns of short names.
    pub branches: Vec<String>,
    /// Tags, likewise.
    pub tags: Vec<String>,
    /// Branches of other ponds, likewise.
    pub remotes: Vec<String>,
}

/// Why the refs of a group could not be told.
#[derive(Debug, thiserror::Error)]
pub enum TipsError {
    /// A pattern is none.
    #[error("'{}' is no pattern", plain(.pattern.as_bytes()))]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        source: Malformed,
    },
    /// Refs or tags could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl Tips {
    /// Whether any group is asked for.
    pub fn any(&self) -> bool {
        self.all || !(self.branches.is_empty() && self.tags.is_empty() && self.remotes.is_empty())
    }

    /// Adds the commits of the groups to a set.
    ///
    /// # Errors
    /// If a pattern is none, or refs cannot be read.
    pub fn add_to(&self, history: History<'_>, set: &mut CommitSet) -> Result<(), TipsError> {
        let store = history.store();
        for (name, id) in self.refs(history)? {
            let id = peel(store, id)?;
            // A tag may name what is no commit, and has no history then.
            if name.is_branch() || store.type_of(&id) == Some(RowType::Commit) {
                set.include.push(id);
            }
        }
        if self.all {
            set.include.extend(history.head.commit);
        }
        Ok(())
    }

    /// The refs of the groups.
    fn refs(&self, history: History<'_>) -> Result<Vec<(RefName, ObjectId)>, TipsError> {
        let view = history.snapshot.view();
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
fn compile(pattern: &str) -> Result<Wildmatch, TipsError> {
    let pattern = match pattern {
        "" => "*".to_owned(),
        text if text.contains(['*', '?', '[']) => text.to_owned(),
        text => format!("{}/*", text.trim_end_matches('/')),
    };
    Wildmatch::new(b"", pattern.as_bytes(), Stars::Anything, false)
        .map_err(|source| TipsError::Pattern { pattern, source })
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
