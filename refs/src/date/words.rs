//! The words of dates, each with its meaning.

use jiff::civil::Weekday;

/// What a word means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// This moment.
    Now,
    /// The day that many days before today.
    Day(i32),
    /// A time of day, by its hour.
    Hour(i8),
    /// A day of the week.
    Weekday(Weekday),
    /// A month, from 1.
    Month(i8),
    /// A length of time.
    Unit(Unit),
    /// A small number.
    Count(i64),
    /// The one before this: of a unit, or of a day of the week.
    Last,
    /// Follows a length of time.
    Ago,
    /// Before noon, or after it.
    Half(Half),
}

/// A length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// Half of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    Morning,
    Afternoon,
}

const WORDS: &[(&[&str], Word)] = &[
    (&["now"], Word::Now),
    (&["today"], Word::Day(0)),
    (&["yesterday"], Word::Day(1)),
    (&["noon"], Word::Hour(12)),
    (&["midnight"], Word::Hour(0)),
    (&["am"], Word::Half(Half::Morning)),
    (&["pm"], Word::Half(Half::Afternoon)),
    (&["last"], Word::Last),
    (&["ago"], Word::Ago),
    (&["second", "seconds", "sec", "secs"], Word::Unit(Unit::Second)),
    (&["minute", "minutes", "min", "mins"], Word::Unit(Unit::Minute)),
    (&["hour", "hours", "hr", "hrs"], Word::Unit(Unit::Hour)),
    (&["day", "days"], Word::Unit(Unit::Day)),
    (&["week", "weeks"], Word::Unit(Unit::Week)),
    (&["month", "months"], Word::Unit(Unit::Month)),
    (&["year", "years"], Word::Unit(Unit::Year)),
    (&["a", "an", "one"], Word::Count(1)),
    (&["two"], Word::Count(2)),
    (&["three"], Word::Count(3)),
    (&["four"], Word::Count(4)),
    (&["five"], Word::Count(5)),
    (&["six"], Word::Count(6)),
    (&["seven"], Word::Count(7)),
    (&["eight"], Word::Count(8)),
    (&["nine"], Word::Count(9)),
    (&["ten"], Word::Count(10)),
    (&["monday", "mon"], Word::Weekday(Weekday::Monday)),
    (&["tuesday", "tue", "tues"], Word::Weekday(Weekday::Tuesday)),
    (&["wednesday", "wed"], Word::Weekday(Weekday::Wednesday)),
    (&["thursday", "thu", "thurs"], Word::Weekday(Weekday::Thursday)),
    (&["friday", "fri"], Word::Weekday(Weekday::Friday)),
    (&["saturday", "sat"], Word::Weekday(Weekday::Saturday)),
    (&["sunday", "sun"], Word::Weekday(Weekday::Sunday)),
    (&["january", "jan"], Word::Month(1)),
    (&["february", "feb"], Word::Month(2)),
    (&["march", "mar"], Word::Month(3)),
    (&["april", "apr"], Word::Month(4)),
    (&["may"], Word::Month(5)),
    (&["june", "jun"], Word::Month(6)),
    (&["july", "jul"], Word::Month(7)),
    (&["august", "aug"], Word::Month(8)),
    (&["september", "sep", "sept"], Word::Month(9)),
    (&["october", "oct"], Word::Month(10)),
    (&["november", "nov"], Word::Month(11)),
    (&["december", "dec"], Word::Month(12)),
];

/// The meaning of a word, in whatever case.
pub(super) fn meaning(text: &str) -> Option<Word> {
    let same = |spelling: &&str| spelling.eq_ignore_ascii_case(text);
    WORDS.iter().find(|(spellings, _)| spellings.iter().any(same)).map(|(_, word)| *word)
}
