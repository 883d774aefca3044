//! Who did something, and when, as commits and tags have it.

/// A person and a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// A name without `<`, `>` and line ends.
    pub name: String,
    /// An address, likewise.
    pub email: String,
    /// The time.
    pub when: Timestamp,
}

/// A time with the zone of the clock that it was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timestamp {
    /// Seconds since 1970 in UTC.
    pub seconds: i64,
    /// The zone's offset from UTC in minutes, east positive.
    pub offset_minutes: i16,
}

impl Signature {
    /// Parses `Name <address> seconds +zone`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (name, rest) = text.split_once(" <")?;
        let (email, when) = rest.split_once("> ")?;
        let (seconds, zone) = when.split_once(' ')?;
        let sign = match zone.get(..1)? {
            "+" => 1,
            "-" => -1,
            _ => return None,
        };
        let digits = zone.get(1..)?;
        if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (hours, minutes): (i16, i16) = (digits[..2].parse().ok()?, digits[2..].parse().ok()?);
        let when =
            Timestamp { seconds: seconds.parse().ok()?, offset_minutes: sign * (hours * 60 + minutes) };
        let valid = |text: &str| !text.contains(['<', '>', '\n', '\0']);
        (valid(name) && valid(email)).then(|| Self { name: name.into(), email: email.into(), when })
    }
}

impl std::fmt::Display for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} <{}> {}", self.name, self.email, self.when)
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.offset_minutes < 0 { '-' } else { '+' };
        let minutes = self.offset_minutes.unsigned_abs();
        write!(f, "{} {sign}{:02}{:02}", self.seconds, minutes / 60, minutes % 60)
    }
}
