//! Which commits are wanted, by what they say of themselves.

use pond_objects::Commit;
use regex::bytes::{RegexSet, RegexSetBuilder};

/// The conditions; all must hold.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The newest commit time, in seconds since 1970.
    pub until: Option<i64>,
    /// What the author has to match, as `name <address>`.
    pub authors: Option<Patterns>,
    /// What the message has to match.
    pub messages: Option<Patterns>,
    /// Whether it must not match [`Self::messages`].
    pub invert: bool,
    /// `Some(true)` for merges only, `Some(false)` for none.
    pub merges: Option<bool>,
}

/// Regular expressions of which one has to match. Lines are matched each for itself.
#[derive(Debug, Clone)]
pub struct Patterns(RegexSet);

/// A text is no regular expression.
#[derive(Debug, Clone, thiserror::Error)]
#[error(transparent)]
pub struct PatternError(#[from] regex::Error);

impl Patterns {
    /// Reads regular expressions; `None` if there are none.
    ///
    /// # Errors
    /// A text that is none.
    pub fn new(texts: &[String], ignore_case: bool) -> Result<Option<Self>, PatternError> {
        if texts.is_empty() {
            return Ok(None);
        }
        let set = RegexSetBuilder::new(texts)
            .case_insensitive(ignore_case)
            .multi_line(true)
            .unicode(true)
            .build()?;
        Ok(Some(Self(set)))
    }

    fn match_any(&self, text: &[u8]) -> bool {
        self.0.is_match(text)
    }
}

impl Filter {
    /// Whether there is no condition.
    pub fn takes_all(&self) -> bool {
        self.until.is_none() && self.authors.is_none() && self.messages.is_none() && self.merges.is_none()
    }

    /// Whether a commit's place in history is all that it asks about.
    pub fn needs_only_link(&self) -> bool {
        self.authors.is_none() && self.messages.is_none()
    }

    /// Whether a commit is wanted.
    pub fn takes(&self, commit: &Commit) -> bool {
        let author = || format!("{} <{}>", commit.author.name, commit.author.email);
        self.merges.is_none_or(|wanted| wanted == (commit.parents.len() > 1))
            && self.until.is_none_or(|until| commit.committer.when.seconds <= until)
            && self.authors.as_ref().is_none_or(|patterns| patterns.match_any(author().as_bytes()))
            && self
                .messages
                .as_ref()
                .is_none_or(|patterns| patterns.match_any(&commit.message) != self.invert)
    }
}
