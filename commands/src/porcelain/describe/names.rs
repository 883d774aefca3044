//! The names by which commits are described.

use std::collections::HashMap;

use pond_objects::ObjectId;
use pond_oplog::RowType;
use pond_refs::{Namespace, RefName};

use super::DescribeArgs;
use crate::error::{CommandError, usage};
use crate::revisions;
use crate::workspace::Workspace;
use pond_objects::escape;
use pond_objects::wildmatch::{Stars, Wildmatch};

/// A name of a commit.
#[derive(Debug, Clone)]
pub(super) struct Name {
    pub(super) reference: RefName,
    /// As it is printed.
    pub(super) shown: String,
    /// When it was made, of a tag with a message: it goes before those without, and the newest before others.
    made: Option<i64>,
}

/// Of each commit the name that goes before its others.
#[derive(Debug, Default)]
pub(super) struct Names {
    by_commit: HashMap<ObjectId, Name>,
    /// Tags without a message were left out.
    pub(super) has_others: bool,
}

impl Names {
    /// Those that the options let count.
    ///
    /// # Errors
    /// Those of reading refs and tags; and of a pattern that is none.
    pub(super) fn read(workspace: &Workspace<'_>, args: &DescribeArgs) -> Result<Self, CommandError> {
        let (matching, exclude) = (patterns(&args.matching)?, patterns(&args.exclude)?);
        let (store, view) = (workspace.store(), workspace.snapshot.view());
        let mut names = Self::default();
        for (reference, target) in if args.all { view.refs()? } else { view.refs_of(Namespace::Tag)? } {
            let is_tag = reference.namespace() == Namespace::Tag;
            let short = reference.short().to_owned();
            let is_meant = matching.is_empty() || matching.iter().any(|one| one.is_match(short.as_bytes()));
            if !is_meant || exclude.iter().any(|one| one.is_match(short.as_bytes())) {
                continue;
            }
            let tag = match store.type_of(&target) {
                Some(RowType::Tag) => Some(store.tag(&target)?),
                _ => None,
            };
            let commit = revisions::peel(store, target)?;
            if store.type_of(&commit) != Some(RowType::Commit) {
                continue;
            }
            if tag.is_none() && !args.tags && !args.all {
                names.has_others = true;
                continue;
            }
            // As in git, a tag is called as it calls itself.
            let own = tag.as_ref().filter(|_| is_tag).map(|tag| tag.name.clone());
            let shown = match args.all {
                true => reference.to_string(),
                false => own.unwrap_or(short),
            };
            let made = tag.map(|tag| tag.tagger.when.seconds);
            let known = names.by_commit.get(&commit);
            let is_known_tag = |known: &Name| known.reference.namespace() == Namespace::Tag;
            if known.is_none_or(|known| (made, is_tag) > (known.made, is_known_tag(known))) {
                names.by_commit.insert(commit, Name { reference, shown, made });
            }
        }
        Ok(names)
    }

    /// The name of a commit.
    pub(super) fn of(&self, commit: &ObjectId) -> Option<&Name> {
        self.by_commit.get(commit)
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.by_commit.is_empty()
    }
}

fn patterns(texts: &[String]) -> Result<Vec<Wildmatch>, CommandError> {
    let compile = |text: &String| {
        Wildmatch::new(b"", text.as_bytes(), Stars::Anything, false).map_err(|error| {
            usage(format_args!("'{}' is no pattern", escape::plain(text.as_bytes()))).because(&error)
        })
    };
    texts.iter().map(compile).collect()
}
