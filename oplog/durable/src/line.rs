//! Values and times as one line of text, the way operations and locks write them.
//!
//! Both directions are exact: every value has one text, and a text that is not that one is refused.

use std::fmt::Write as _;

use chrono::{DateTime, Datelike as _, Timelike as _};

/// The value with a backslash as `\\` and each control character as `\u{HEX}` (lower case, no leading
/// zeros), so that it fits on a line and does nothing to a terminal.
pub fn escape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '\\' => text.push_str("\\\\"),
            c if c.is_control() => {
                let _ = write!(text, "\\u{{{:x}}}", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text
}

/// The value that [`escape`] made the text from.
pub fn unescape(text: &str) -> Option<String> {
    let mut value = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        value.push_str(&rest[..at]);
        let escape = &rest[at + 1..];
        if let Some(after) = escape.strip_prefix('\\') {
            value.push('\\');
            rest = after;
        } else {
            let (digits, after) = escape.strip_prefix("u{")?.split_once('}')?;
            value.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
            rest = after;
        }
    }
    value.push_str(rest);
    (escape(&value) == text).then_some(value)
}

/// A time in microseconds since 1970 as `2026-05-01T12:00:00.123456Z`; none outside the years 0 to 9999.
pub fn time_text(micros: i64) -> Option<String> {
    let time = DateTime::from_timestamp_micros(micros)?;
    (0..=9999).contains(&time.year()).then(|| {
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
            time.year(),
            time.month(),
            time.day(),
            time.hour(),
            time.minute(),
            time.second(),
            time.nanosecond() / 1000
        )
    })
}

/// The time that [`time_text`] made the text from.
pub fn parse_time(text: &str) -> Option<i64> {
    let micros = DateTime::parse_from_rfc3339(text).ok()?.timestamp_micros();
    (time_text(micros)? == text).then_some(micros)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_canonical_text_is_read() {
        assert_eq!(escape("a\\b\n\u{1b}é"), "a\\\\b\\u{a}\\u{1b}é");
        for text in ["\\", "\\n", "\\u{A}", "\\u{0a}", "\\u{61}", "\n", "\\u{d800}", "\\u{", "\\u{+a}"] {
            assert_eq!(unescape(text), None, "{text:?}");
        }
        assert_eq!(time_text(0).as_deref(), Some("1970-01-01T00:00:00.000000Z"));
        assert_eq!(parse_time("2026-05-01T12:00:00.123456Z"), Some(1_777_636_800_123_456));
        for text in
            ["2026-05-01T12:00:00Z", "2026-05-01T12:00:00.123456+00:00", "2026-05-01T12:00:60.000000Z"]
        {
            assert_eq!(parse_time(text), None, "{text:?}");
        }
        assert_eq!(time_text(i64::MAX), None);
    }

    proptest! {
        #[test]
        fn values_come_back(value in any::<String>(), micros in -62_167_219_200_000_000i64..253_402_300_800_000_000) {
            let text = escape(&value);
            prop_assert!(!text.chars().any(char::is_control));
            prop_assert_eq!(unescape(&text), Some(value));
            let time = time_text(micros).expect("in range");
            prop_assert_eq!(parse_time(&time), Some(micros));
        }
    }
}
