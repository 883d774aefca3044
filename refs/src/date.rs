//! Dates as people write them, `2 days ago` and RFC 3339 alike.
//!
//! | form | means |
//! |---|---|
//! | `2026-05-01T12:30:00Z`, `2026-05-01 12:30 +0200` | that moment; without a zone, the zone of `now` |
//! | `Fri May 1 12:30:00 2026 +0200`, `Fri, 01 May 2026 12:30:00 +0200` | as git and mail print it |
//! | `2026-05-01`, `2026/05/01`, `May 1`, `1 May 2026` | that day, at the time that [`DayTime`] says |
//! | `today`, `yesterday`, `friday`, `last friday` | likewise; `friday` may be today, `last friday` is not |
//! | `yesterday 14:00`, `noon`, `3pm`, `midnight` | that time; alone, the last time that it was that late |
//! | `now`, `2 days ago`, `2.days.3.hours.ago`, `last month` | so long before now; days and longer by the calendar |
//! | `@1700000000`, `1700000000 +0200` | seconds since 1970-01-01 UTC; nine digits or more without the `@` |
//!
//! Every word of a text must be understood: where git skips what it does not know, this refuses, since a
//! typing error would otherwise name some other moment. Case does not matter; dots and commas may stand for
//! spaces.

mod parts;
mod token;
mod words;

use jiff::{Timestamp, Zoned};

use crate::quote::Quoted;

/// The time of day that is meant where only a day is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayTime {
    /// The day's first moment: for `--since`.
    Start,
    /// The same time of day as now: for the date of a commit.
    Same,
    /// The day's last moment: for `--until` and `@{...}`.
    End,
}

/// Why a text is not a date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a date: {}{problem}", Quoted(.text), Piece(.piece))]
pub struct DateError {
    /// The whole text.
    pub text: String,
    /// The piece of it that is wrong; empty where it is the whole.
    pub piece: String,
    /// What is wrong with it.
    pub problem: DateProblem,
}

/// What is wrong with a piece of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DateProblem {
    /// No words at all.
    #[error("it is empty")]
    Empty,
    /// A word that means nothing here.
    #[error("is not understood here")]
    Unknown,
    /// A number without a unit, a month or a date around it.
    #[error("lacks its unit, as in '2 days ago'")]
    LoneNumber,
    /// A second date, time or zone.
    #[error("says again, or otherwise, what was said before")]
    Twice,
    /// A month without a day, or a year without a month.
    #[error("it lacks a day")]
    NoDay,
    /// A day that the month does not have, or an hour that the day does not have.
    #[error("there is no such day or time")]
    NoSuchDay,
    /// Too far from now.
    #[error("it is out of range")]
    Range,
}

struct Piece<'a>(&'a str);

impl std::fmt::Display for Piece<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, "{} ", Quoted(self.0)) }
    }
}

/// The moment that `text` means at the moment `now`, whose zone holds where the text names none.
pub fn parse_date(text: &str, now: &Zoned, day_time: DayTime) -> Result<Timestamp, DateError> {
    parse_date_zoned(text, now, day_time).map(|zoned| zoned.timestamp())
}

/// As [`parse_date`], with the zone: the one that the text names, or else that of `now`.
pub fn parse_date_zoned(text: &str, now: &Zoned, day_time: DayTime) -> Result<Zoned, DateError> {
    let error = |(piece, problem): (String, DateProblem)| DateError { text: text.to_owned(), piece, problem };
    let mut parts = parts::Parts::default();
    let tokens = token::tokens(text).map_err(error)?;
    parts.read(&tokens).map_err(error)?;
    parts.moment(now, day_time).map_err(|problem| error((String::new(), problem)))
}

#[cfg(test)]
mod tests;
