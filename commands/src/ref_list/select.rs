//! Which refs are listed: by name, by what they name, by history.

use std::ffi::OsString;

use pond_history::refs::{Listed, Selection};
use pond_objects::wildmatch::{Stars, Wildmatch};
use pond_objects::{ObjectId, escape};
use pond_workspace::Workspace;

use super::ListArgs;
use crate::error::{CommandError, usage};
use crate::revisions;

/// Patterns of names; without one every name is taken.
#[derive(Debug)]
pub(crate) struct Patterns {
    patterns: Vec<Pattern>,
    /// They are of full names, else of short ones.
    full: bool,
}

#[derive(Debug)]
struct Pattern {
    /// Where patterns are of full names: the pattern as a name, or as a directory of names.
    text: String,
    glob: Wildmatch,
}

impl Patterns {
    /// Patterns of full names: a name, a directory of names, or wildcards that do not cross slashes.
    pub(crate) fn full(texts: &[String], ignore_case: bool) -> Result<Self, CommandError> {
        Self::parse(texts, ignore_case, Stars::WithinNames, true)
    }

    /// Patterns of short names, wildcards alone.
    pub(crate) fn short(texts: &[String], ignore_case: bool) -> Result<Self, CommandError> {
        Self::parse(texts, ignore_case, Stars::Anything, false)
    }

    fn parse(texts: &[String], ignore_case: bool, stars: Stars, full: bool) -> Result<Self, CommandError> {
        let mut patterns = Vec::with_capacity(texts.len());
        for text in texts {
            let glob = Wildmatch::new(b"", text.as_bytes(), stars, ignore_case).map_err(|error| {
                usage(format_args!("'{}' is no pattern", escape::plain(text.as_bytes()))).because(&error)
            })?;
            patterns.push(Pattern { text: text.trim_end_matches('/').to_owned(), glob });
        }
        Ok(Self { patterns, full })
    }

    /// Whether a ref's name is one of those that are meant.
    pub(super) fn takes(&self, one: &Listed) -> bool {
        if self.patterns.is_empty() {
            return true;
        }
        if !self.full {
            return self.patterns.iter().any(|pattern| pattern.glob.is_match(one.short_name().as_bytes()));
        }
        let name = one.full_name();
        self.patterns.iter().any(|pattern| {
            let rest = name.strip_prefix(pattern.text.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                || pattern.glob.is_match(name.as_bytes())
        })
    }
}

/// What the options ask of refs.
pub(super) fn selection(workspace: &Workspace<'_>, args: &ListArgs) -> Result<Selection, CommandError> {
    let commits = |texts: &[OsString]| -> Result<Vec<ObjectId>, CommandError> {
        texts.iter().map(|text| Ok(revisions::resolve_found(workspace, text)?.id)).collect()
    };
    let objects = args.points_at.iter().map(|text| Ok(revisions::resolve_object(workspace, text)?.id));
    Ok(Selection {
        contains: commits(&args.contains)?,
        no_contains: commits(&args.no_contains)?,
        merged: commits(&args.merged)?,
        no_merged: commits(&args.no_merged)?,
        points_at: objects.collect::<Result<_, CommandError>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pond_refs::RefName;

    fn names(patterns: &Patterns) -> Vec<&'static str> {
        let all = ["heads/main", "heads/site/a", "heads/site/b", "tags/v1.0", "tags/site"];
        let listed = |name: &str| Listed { name: RefName::new(name).ok(), id: ObjectId::ZERO };
        all.into_iter().filter(|name| patterns.takes(&listed(name))).collect()
    }

    #[test]
    fn full_patterns_are_names_directories_or_wildcards_within_them() {
        for (pattern, taken) in [
            ("refs/heads/main", &["heads/main"][..]),
            ("refs/heads/site", &["heads/site/a", "heads/site/b"]),
            ("refs/heads/", &["heads/main", "heads/site/a", "heads/site/b"]),
            ("refs/heads/*", &["heads/main"]),
            ("refs/heads/**", &["heads/main", "heads/site/a", "heads/site/b"]),
            ("refs/*/site", &["tags/site"]),
            ("refs/heads/ma", &[]),
            ("main", &[]),
        ] {
            let patterns = Patterns::full(&[pattern.to_owned()], false).expect("a pattern");
            assert_eq!(names(&patterns), taken, "{pattern}");
        }
    }

    #[test]
    fn short_patterns_cross_slashes() {
        for (pattern, taken) in [
            ("site*", &["heads/site/a", "heads/site/b", "tags/site"][..]),
            ("main", &["heads/main"]),
            ("V1*", &["tags/v1.0"]),
            ("site", &["tags/site"]),
        ] {
            let patterns = Patterns::short(&[pattern.to_owned()], true).expect("a pattern");
            assert_eq!(names(&patterns), taken, "{pattern}");
        }
    }
}
