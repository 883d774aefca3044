//! Sizes in bytes, for people and from people.

/// A size with a binary unit and three digits at most: `17 B`, `1.5 KiB`, `212 MiB`.
pub(crate) fn human(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    // Above 1023.5 the rounded number would have four digits.
    while value >= 1023.5 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if value < 9.995 {
        format!("{value:.2} {}", UNITS[unit])
    } else if value < 99.95 {
        format!("{value:.1} {}", UNITS[unit])
    } else {
        format!("{value:.0} {}", UNITS[unit])
    }
}

/// The bytes that people mean by `512`, `64k`, `256MB`, `1.5 GiB`: a letter alone, or with `iB`, counts by 1024, with `B` by 1000.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = (&text[..end], text[end..].trim().to_ascii_lowercase());
    let (letter, base) = match unit.strip_suffix("ib") {
        Some(letter) => (letter, 1024_u64),
        None => match unit.strip_suffix('b') {
            Some(letter) => (letter, 1000),
            None => (unit.as_str(), 1024),
        },
    };
    let power = ["", "k", "m", "g", "t"].iter().position(|known| *known == letter)?;
    let bytes = number.parse::<f64>().ok()? * base.pow(u32::try_from(power).ok()?) as f64;
    // A part of a byte is none.
    (bytes.is_finite() && bytes < u64::MAX as f64).then_some(bytes as u64)
}

/// A whole number with a comma between thousands: `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 file`, `1,234 files`: a number with its noun, whose plural takes an `s`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A time in its two largest units: `3 days 4 hours`, `1 minute`, `0.25 seconds`.
pub(crate) fn span_words(seconds: f64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    if seconds < 1.0 && seconds != 0.0 {
        return format!("{seconds} seconds");
    }
    let mut rest = seconds.round() as u64;
    let mut parts = Vec::new();
    for (length, unit) in UNITS {
        let whole = rest / length;
        rest %= length;
        if whole > 0 {
            parts.push(counted(whole, unit));
        }
        if parts.len() == 2 || !parts.is_empty() && whole == 0 {
            break;
        }
    }
    if parts.is_empty() { "0 seconds".to_owned() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_at_most() {
        let cases = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.00 KiB"),
            (1536, "1.50 KiB"),
            (10_230, "9.99 KiB"),
            (10_240, "10.0 KiB"),
            (1_048_575, "1.00 MiB"),
            (222_298_112, "212 MiB"),
            (u64::MAX, "16.0 EiB"),
        ];
        for (bytes, text) in cases {
            assert_eq!(human(bytes), text);
        }
    }

    #[test]
    fn sizes_are_read_as_people_write_them() {
        let cases = [
            ("512", 512),
            ("64k", 65_536),
            ("256MB", 256_000_000),
            ("1.5 GiB", 1_610_612_736),
            ("2g", 2 << 30),
        ];
        for (text, bytes) in cases {
            assert_eq!(parse(text), Some(bytes), "{text}");
        }
        for text in ["", "x", "-1", "1x", "1.2.3", "MB", "nan", "99999999999999T"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn counts_have_commas() {
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(counted(1, "file"), "1 file");
        assert_eq!(counted(123, "file"), "123 files");
    }

    #[test]
    fn spans_have_two_units() {
        let expected = [
            (0.0, "0 seconds"),
            (0.25, "0.25 seconds"),
            (1.0, "1 second"),
            (60.0, "1 minute"),
            (3_661.0, "1 hour 1 minute"),
            (86_400.0 * 3.0 + 4.0 * 3_600.0 + 59.0, "3 days 4 hours"),
            (86_400.0 + 60.0, "1 day"),
        ];
        for (seconds, words) in expected {
            assert_eq!(span_words(seconds), words);
        }
    }
}
