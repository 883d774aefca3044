//! The clock, and times as people read them. (Times as people write them: `pond_refs::date`.)

pub(crate) mod zone;

use std::env;

use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp as Moment, Zoned};
use pond_objects::Timestamp;
use pond_refs::DayTime;

use crate::error::{Class, CommandError, fatal, usage};

const DATES: &str = "'2 days ago', '2026-05-01 14:30', RFC 3339 and '@1700000000' are dates";

/// The time now, with the zone of this machine. `POND_NOW`, a date in any form that pond takes, stands in its place,
/// so that tests and reproducible builds get the same operations each time.
pub(crate) fn now() -> Result<Zoned, CommandError> {
    let clock = Moment::now().to_zoned(zone::local());
    match env::var_os("POND_NOW").filter(|text| !text.is_empty()) {
        Some(text) => pond_refs::parse_date_zoned(&text.to_string_lossy(), &clock, DayTime::Start)
            .map_err(|error| fatal("cannot use POND_NOW").because(&error).hint(DATES)),
        None => Ok(clock),
    }
}

/// As [`now`], for commands that work on a pond: [`check`] ends them if there is no time.
pub(crate) fn checked_now() -> Zoned {
    now().expect("BUG: the clock is checked before a pond is opened")
}

/// Fails where `POND_NOW` is no date, whether or not the command would ask for the time.
pub(crate) fn check() -> Result<(), CommandError> {
    moment().map(drop)
}

/// The moment now, without its zone: looking the zone up costs a walk through the system's database.
pub(crate) fn moment() -> Result<Moment, CommandError> {
    match env::var_os("POND_NOW") {
        Some(text) if !text.is_empty() => now().map(|now| now.timestamp()),
        _ => Ok(Moment::now()),
    }
}

/// What a user's date means now.
pub(crate) fn parse(text: &str, day_time: DayTime) -> Result<Timestamp, CommandError> {
    pond_refs::parse_date_zoned(text, &now()?, day_time)
        .map(|zoned| from_zoned(&zoned))
        .map_err(|error| CommandError::from_error(Class::Usage, &error).hint(DATES))
}

/// Whole seconds and minutes of zone, as commits keep them.
pub(crate) fn from_zoned(zoned: &Zoned) -> Timestamp {
    let minutes = zoned.offset().seconds() / 60;
    Timestamp {
        seconds: zoned.timestamp().as_second(),
        offset_minutes: i16::try_from(minutes).expect("BUG: an offset is less than 26 hours"),
    }
}

/// How a time is printed: the words of `--date` and `log.date`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum DateStyle {
    /// `Fri May 1 12:00:00 2026 +0200`
    #[default]
    Default,
    /// `2026-05-01 12:00:00 +0200`
    Iso,
    /// `2026-05-01T12:00:00+02:00`: RFC 3339, and what `--json` prints.
    IsoStrict,
    /// `3 days ago`
    Relative,
    /// `2026-05-01`
    Short,
    /// `1777629600`
    Unix,
    /// `1777629600 +0200`
    Raw,
    /// `Fri, 1 May 2026 12:00:00 +0200`
    Rfc2822,
    /// `format:%Y%m%d`: strftime.
    Custom(String),
}

impl DateStyle {
    /// Reads a style's name. Git's other names for them are taken too.
    pub(crate) fn parse(name: &str) -> Result<Self, CommandError> {
        Ok(match name {
            "default" | "normal" => Self::Default,
            "iso" | "iso8601" => Self::Iso,
            "iso-strict" | "iso8601-strict" => Self::IsoStrict,
            "relative" => Self::Relative,
            "short" => Self::Short,
            "unix" => Self::Unix,
            "raw" => Self::Raw,
            "rfc" | "rfc2822" => Self::Rfc2822,
            other => match other.strip_prefix("format:") {
                Some(format) if is_strftime(format) => Self::Custom(format.to_owned()),
                _ => {
                    return Err(usage(format_args!("unknown date format '{other}'")).hint(
                        "default, iso, iso-strict, relative, short, unix, raw, rfc, and format:%Y-%m-%d are known",
                    ));
                }
            },
        })
    }

    /// The text of a time in its own zone. `now` counts for relative dates only.
    pub(crate) fn format(&self, time: Timestamp, now: i64) -> String {
        let pattern = match self {
            Self::Relative => return relative(time.seconds, now),
            Self::Unix => return time.seconds.to_string(),
            Self::Raw => return raw(time),
            Self::Default => "%a %b %-d %H:%M:%S %Y %z",
            Self::Iso => "%Y-%m-%d %H:%M:%S %z",
            Self::IsoStrict if time.offset_minutes == 0 => "%Y-%m-%dT%H:%M:%SZ",
            Self::IsoStrict => "%Y-%m-%dT%H:%M:%S%:z",
            Self::Short => "%Y-%m-%d",
            Self::Rfc2822 => "%a, %-d %b %Y %H:%M:%S %z",
            Self::Custom(pattern) => pattern,
        };
        // Commits may name times that no calendar has.
        match to_zoned(time) {
            Some(zoned) => zoned.strftime(pattern).to_string(),
            None => raw(time),
        }
    }
}

/// RFC 3339, for `--json`.
pub(crate) fn rfc3339(time: Timestamp) -> String {
    DateStyle::IsoStrict.format(time, 0)
}

fn to_zoned(time: Timestamp) -> Option<Zoned> {
    let offset = Offset::from_seconds(i32::from(time.offset_minutes) * 60).ok()?;
    Some(Moment::from_second(time.seconds).ok()?.to_zoned(TimeZone::fixed(offset)))
}

fn raw(time: Timestamp) -> String {
    let minutes = time.offset_minutes.unsigned_abs();
    let sign = if time.offset_minutes < 0 { '-' } else { '+' };
    format!("{} {sign}{:02}{:02}", time.seconds, minutes / 60, minutes % 60)
}

fn is_strftime(pattern: &str) -> bool {
    let mut text = String::new();
    let formatter = jiff::fmt::StdFmtWrite(&mut text);
    jiff::fmt::strtime::BrokenDownTime::from(&Zoned::default()).format(pattern, formatter).is_ok()
}

/// A distance in the largest unit that still says something, rounded as git rounds.
fn relative(seconds: i64, now: i64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let distance = now.abs_diff(seconds);
    let say = |number: u64, unit: &str| format!("{number} {unit}{}", if number == 1 { "" } else { "s" });
    let minutes = (distance + MINUTE / 2) / MINUTE;
    let hours = (distance + HOUR / 2) / HOUR;
    let days = (distance + DAY / 2) / DAY;
    let text = if distance < 90 {
        say(distance, "second")
    } else if minutes < 90 {
        say(minutes, "minute")
    } else if hours < 36 {
        say(hours, "hour")
    } else if days < 14 {
        say(days, "day")
    } else if days < 70 {
        say((days + 3) / 7, "week")
    } else if days < 365 {
        say((days + 15) / 30, "month")
    } else {
        let months = (days * 12 * 2 + 365) / (365 * 2);
        match (months / 12, months % 12) {
            (years, 1..) if years < 5 => format!("{}, {}", say(years, "year"), say(months % 12, "month")),
            (years, _) if years < 5 => say(years, "year"),
            _ => say((days + 183) / 365, "year"),
        }
    };
    if seconds > now { format!("in {text}") } else { format!("{text} ago") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAY: Timestamp = Timestamp { seconds: 1_777_629_600, offset_minutes: 120 };

    #[test]
    fn every_style() {
        let cases = [
            ("default", "Fri May 1 12:00:00 2026 +0200"),
            ("iso", "2026-05-01 12:00:00 +0200"),
            ("iso-strict", "2026-05-01T12:00:00+02:00"),
            ("short", "2026-05-01"),
            ("unix", "1777629600"),
            ("raw", "1777629600 +0200"),
            ("rfc", "Fri, 1 May 2026 12:00:00 +0200"),
            ("format:%d.%m.%y", "01.05.26"),
        ];
        for (name, text) in cases {
            assert_eq!(DateStyle::parse(name).expect("a style").format(MAY, 0), text);
        }
        assert_eq!(rfc3339(Timestamp { seconds: 0, offset_minutes: 0 }), "1970-01-01T00:00:00Z");
        assert_eq!(raw(Timestamp { seconds: -1, offset_minutes: -90 }), "-1 -0130");
        assert!(DateStyle::parse("soon").is_err() && DateStyle::parse("format:%").is_err());
    }

    #[test]
    fn times_without_a_calendar_are_printed_raw() {
        let far = Timestamp { seconds: i64::MAX, offset_minutes: 0 };
        assert_eq!(DateStyle::Default.format(far, 0), format!("{} +0000", i64::MAX));
        assert!(
            DateStyle::Relative
                .format(Timestamp { seconds: i64::MIN, offset_minutes: 0 }, 0)
                .ends_with("ago")
        );
    }

    #[test]
    fn distances_as_git_says_them() {
        let cases = [
            (0, "0 seconds ago"),
            (89, "89 seconds ago"),
            (90, "2 minutes ago"),
            (3600, "60 minutes ago"),
            (7200, "2 hours ago"),
            (3 * 86_400, "3 days ago"),
            (20 * 86_400, "3 weeks ago"),
            (100 * 86_400, "3 months ago"),
            (365 * 86_400, "1 year ago"),
            (400 * 86_400, "1 year, 1 month ago"),
            (3650 * 86_400, "10 years ago"),
            (-600, "in 10 minutes"),
        ];
        for (distance, text) in cases {
            assert_eq!(relative(1_000_000_000 - distance, 1_000_000_000), text);
        }
    }
}
