//! Which commits are shown, by what they say of themselves.

use pond_objects::Commit;
use pond_refs::DayTime;
use regex::bytes::{RegexSet, RegexSetBuilder};

use super::LogArgs;
use crate::error::{CommandError, usage};
use crate::time;

/// The conditions; all must hold.
pub(super) struct Filter {
    /// Seconds since 1970; the walk leaves older ones out.
    pub(super) since: Option<i64>,
    until: Option<i64>,
    authors: Option<RegexSet>,
    messages: Option<RegexSet>,
    invert: bool,
    /// `Some(true)` for merges only.
    merges: Option<bool>,
}

impl Filter {
    pub(super) fn new(args: &LogArgs) -> Result<Self, CommandError> {
        let moment = |text: &Option<String>, day_time| -> Result<Option<i64>, CommandError> {
            text.as_deref().map(|text| Ok(time::parse(text, day_time)?.seconds)).transpose()
        };
        let ignore_case = args.regexp_ignore_case;
        Ok(Self {
            since: moment(&args.since, DayTime::Start)?,
            until: moment(&args.until, DayTime::End)?,
            authors: patterns("--author", &args.author, ignore_case)?,
            messages: patterns("--grep", &args.grep, ignore_case)?,
            invert: args.invert_grep,
            merges: match (args.merges, args.no_merges) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                _ => None,
            },
        })
    }

    /// Whether there is no condition but that of the walk.
    pub(super) fn takes_all(&self) -> bool {
        self.until.is_none() && self.authors.is_none() && self.messages.is_none() && self.merges.is_none()
    }

    /// Whether a commit's place in history is all that it asks about.
    pub(super) fn needs_only_link(&self) -> bool {
        self.authors.is_none() && self.messages.is_none()
    }

    pub(super) fn takes(&self, commit: &Commit) -> bool {
        let author = || format!("{} <{}>", commit.author.name, commit.author.email);
        self.merges.is_none_or(|wanted| wanted == (commit.parents.len() > 1))
            && self.until.is_none_or(|until| commit.committer.when.seconds <= until)
            && self.authors.as_ref().is_none_or(|set| set.is_match(author().as_bytes()))
            && self.messages.as_ref().is_none_or(|set| set.is_match(&commit.message) != self.invert)
    }
}

/// The patterns of an option; lines are matched each for itself.
fn patterns(option: &str, texts: &[String], ignore_case: bool) -> Result<Option<RegexSet>, CommandError> {
    if texts.is_empty() {
        return Ok(None);
    }
    let set =
        RegexSetBuilder::new(texts).case_insensitive(ignore_case).multi_line(true).unicode(true).build();
    set.map(Some).map_err(|error| {
        usage(format_args!("the pattern of {option} is no regular expression"))
            .because(&error)
            .hint("characters such as ( [ * + ? are taken as they are behind a backslash")
    })
}
