//! The names by which commits are described.

use std::collections::HashMap;

use pond_objects::wildmatch::Wildmatch;
use pond_objects::{ObjectId, ReadError};
use pond_oplog::RowType;
use pond_refs::{Namespace, RefName};

use crate::history::History;
use crate::resolve::peel;

/// A name of a commit.
#[derive(Debug, Clone)]
pub struct Name {
    /// The ref.
    pub reference: RefName,
    /// As it is printed.
    pub shown: String,
    /// When it was made, of a tag with a message: it goes before those without, and the newest before others.
    made: Option<i64>,
}

/// Which names count.
#[derive(Debug, Clone, Default)]
pub struct NameOptions {
    /// Every branch and tag does, and names have their kind in front.
    pub all: bool,
    /// Tags without a message do, too.
    pub light: bool,
    /// Only those do that one of the patterns matches; without a pattern, all.
    pub matching: Vec<Wildmatch>,
    /// Those that one of the patterns matches do not.
    pub exclude: Vec<Wildmatch>,
}

/// Of each commit the name that goes before its others.
#[derive(Debug, Default)]
pub struct Names {
    by_commit: HashMap<ObjectId, Name>,
    /// Tags without a message were left out.
    pub has_others: bool,
}

impl Names {
    /// Those that the options let count.
    ///
    /// # Errors
    /// Those of reading refs and tags.
    pub fn read(history: History<'_>, options: &NameOptions) -> Result<Self, ReadError> {
        let NameOptions { matching, exclude, .. } = options;
        let (store, view) = (history.store(), history.snapshot.view());
        let mut names = Self::default();
        for (reference, target) in if options.all { view.refs()? } else { view.refs_of(Namespace::Tag)? } {
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
            let commit = peel(store, target)?;
            if store.type_of(&commit) != Some(RowType::Commit) {
                continue;
            }
            if tag.is_none() && !options.light && !options.all {
                names.has_others = true;
                continue;
            }
            // As in git, a tag is called as it calls itself.
            let own = tag.as_ref().filter(|_| is_tag).map(|tag| tag.name.clone());
            let shown = match options.all {
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
    pub fn of(&self, commit: &ObjectId) -> Option<&Name> {
        self.by_commit.get(commit)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_commit.is_empty()
    }
}
