//! The options that choose commits by what they say of themselves.

use pond_history::select::{Filter, Patterns};
use pond_refs::DayTime;

use super::LogArgs;
use crate::error::{CommandError, usage};
use crate::time;

/// The oldest commit time, in seconds since 1970: the walk leaves older commits out.
pub(super) fn since(args: &LogArgs) -> Result<Option<i64>, CommandError> {
    moment(&args.walk.since, DayTime::Start)
}

/// What else the options ask of a commit.
pub(super) fn read(args: &LogArgs) -> Result<Filter, CommandError> {
    let ignore_case = args.regexp_ignore_case;
    Ok(Filter {
        until: moment(&args.walk.until, DayTime::End)?,
        authors: patterns("--author", &args.author, ignore_case)?,
        messages: patterns("--grep", &args.grep, ignore_case)?,
        invert: args.invert_grep,
        merges: match (args.walk.merges, args.walk.no_merges) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        },
    })
}

fn moment(text: &Option<String>, day_time: DayTime) -> Result<Option<i64>, CommandError> {
    text.as_deref().map(|text| Ok(time::parse(text, day_time)?.seconds)).transpose()
}

fn patterns(option: &str, texts: &[String], ignore_case: bool) -> Result<Option<Patterns>, CommandError> {
    Patterns::new(texts, ignore_case).map_err(|error| {
        usage(format_args!("the pattern of {option} is no regular expression"))
            .because(&error)
            .hint("characters such as ( [ * + ? are taken as they are behind a backslash")
    })
}
