//! Names of things: object ids, id prefixes and node ids.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

/// The BLAKE3-256 name of an immutable object: 32 bytes, printed as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectId([u8; 32]);

impl Hash for ObjectId {
    /// Some of an id's bytes are as good as all.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        state.write_u64(u64::from_ne_bytes([a, b, c, d, e, f, g, h]));
    }
}

/// Why a text or a byte string is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text has another length than the id's.
    #[error("an id has {expected} hex digits, not {found}")]
    Length {
        /// Digits of a whole id.
        expected: usize,
        /// Digits found.
        found: usize,
    },
    /// The text holds something else than hex digits.
    #[error("an id holds hex digits only")]
    Digit,
    /// A prefix is shorter than [`IdPrefix::MIN_DIGITS`] or longer than an id.
    #[error("an id's prefix has 4 to 64 hex digits, not {0}")]
    PrefixLength(usize),
}

impl ObjectId {
    /// Bytes of an id.
    pub const LEN: usize = 32;
    /// Digits that people are shown where more are not needed to tell ids apart.
    pub const SHORT_DIGITS: usize = 10;
    /// The id of no object: it stands where a format has a place for an id and there is none.
    pub const ZERO: Self = Self([0; 32]);

    /// The id with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The id in a slice of exactly 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The plain BLAKE3 of a content: the id of a blob or a chunk, as `b3sum` prints it.
    pub fn of_content(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The id of canonical bytes of another kind, kept apart by a BLAKE3 `derive_key` context.
    pub fn derived(context: &str, canonical: &[u8]) -> Self {
        Self(blake3::derive_key(context, canonical))
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// All 64 hex digits.
    pub fn to_hex(&self) -> String {
        let mut text = [0; 64];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        std::str::from_utf8(&text).expect("BUG: digits are text").to_owned()
    }

    /// The first ten digits.
    pub fn short(&self) -> String {
        let mut text = self.to_hex();
        text.truncate(Self::SHORT_DIGITS);
        text
    }

    /// Whether this is [`ObjectId::ZERO`].
    pub fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// What each byte counts as a hex digit; [`NO_DIGIT`] for all others.
const VALUES: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut digit = 0;
    while digit < 16 {
        values[DIGITS[digit] as usize] = digit as u8;
        values[DIGITS[digit].to_ascii_uppercase() as usize] = digit as u8;
        digit += 1;
    }
    values
};
const NO_DIGIT: u8 = 0xff;

fn digit(byte: u8) -> Result<u8, IdError> {
    match VALUES[usize::from(byte)] {
        NO_DIGIT => Err(IdError::Digit),
        value => Ok(value),
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectId({})", self.short())
    }
}

impl FromStr for ObjectId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.len() != 64 {
            return Err(IdError::Length { expected: 64, found: text.len() });
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

/// The beginning of an id, as a person types it: 4 to 64 hex digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdPrefix {
    low: ObjectId,
    high: ObjectId,
    digits: usize,
}

impl IdPrefix {
    /// The shortest prefix that is taken for one.
    pub const MIN_DIGITS: usize = 4;

    /// The smallest id that begins with the prefix: where a search in a sorted list starts.
    pub fn lowest(&self) -> &ObjectId {
        &self.low
    }

    /// Whether `id` begins with the prefix.
    pub fn matches(&self, id: &ObjectId) -> bool {
        self.low <= *id && *id <= self.high
    }

    /// The whole id, where the prefix is one.
    pub fn whole(&self) -> Option<ObjectId> {
        (self.digits == 64).then_some(self.low)
    }
}

impl fmt::Display for IdPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.low.to_hex()[..self.digits])
    }
}

impl FromStr for IdPrefix {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if !(Self::MIN_DIGITS..=64).contains(&text.len()) {
            return Err(IdError::PrefixLength(text.len()));
        }
        let (mut low, mut high) = ([0u8; 32], [0xffu8; 32]);
        for (at, byte) in text.bytes().enumerate() {
            let value = digit(byte)?;
            let (shift, mask) = if at % 2 == 0 { (4, 0x0f) } else { (0, 0xf0) };
            low[at / 2] |= value << shift;
            high[at / 2] = high[at / 2] & mask | value << shift;
        }
        Ok(Self { low: ObjectId(low), high: ObjectId(high), digits: text.len() })
    }
}

/// A file, directory or symlink as a thing that lives through versions and renames.
///
/// Printed as 16 hex digits. Derived from the parent's node id and the name, so that equal
/// histories have equal node ids everywhere (see [`crate::node`]).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u64);

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeId({self})")
    }
}

impl FromStr for NodeId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.len() != 16 {
            return Err(IdError::Length { expected: 16, found: text.len() });
        }
        u64::from_str_radix(text, 16).map(Self).map_err(|_| IdError::Digit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ids_are_what_b3sum_prints() {
        assert_eq!(
            ObjectId::of_content(b"").to_hex(),
            "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
        );
        let id = ObjectId::of_content(b"hello\n");
        assert_eq!(id.to_hex().parse::<ObjectId>(), Ok(id));
        assert!("zz".repeat(32).parse::<ObjectId>().is_err());
    }

    #[test]
    fn prefixes_match_at_any_digit() {
        let id = ObjectId::of_content(b"");
        for digits in 4..=64 {
            let prefix: IdPrefix = id.to_hex()[..digits].parse().expect("a prefix");
            assert!(prefix.matches(&id));
            assert_eq!(prefix.to_string(), id.to_hex()[..digits]);
        }
        let other: IdPrefix = "af1348".parse().expect("a prefix");
        assert!(!other.matches(&id));
        assert!("af1".parse::<IdPrefix>().is_err());
    }
}
