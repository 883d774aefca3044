//! The least and the greatest value of a column: for Parquet's statistics, and for Delta's.

use parquet::data_type::ByteArray;
use parquet::file::statistics::{Statistics, ValueStatistics};

/// Characters that a bound keeps of a text, as Delta writers keep.
const TEXT_LIMIT: usize = 32;

/// The bounds of the values seen so far, none before the first.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Bounds {
    #[default]
    Empty,
    Long(i64, i64),
    Text(Vec<u8>, Vec<u8>),
}

impl Bounds {
    pub(super) fn add_long(&mut self, value: i64) {
        match self {
            Self::Long(low, high) => {
                *low = value.min(*low);
                *high = value.max(*high);
            }
            _ => *self = Self::Long(value, value),
        }
    }

    pub(super) fn add_text(&mut self, value: &[u8]) {
        match self {
            Self::Text(low, high) => {
                if value < low.as_slice() {
                    value.clone_into(low);
                }
                if value > high.as_slice() {
                    value.clone_into(high);
                }
            }
            _ => *self = Self::Text(value.to_vec(), value.to_vec()),
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        match other {
            Self::Empty => {}
            Self::Long(low, high) => {
                self.add_long(*low);
                self.add_long(*high);
            }
            Self::Text(low, high) => {
                self.add_text(low);
                self.add_text(high);
            }
        }
    }

    /// The statistics of a Parquet column chunk; `None` if a text has no short upper bound.
    pub(super) fn statistics(&self, nulls: u64) -> Statistics {
        let nulls = Some(nulls);
        match self {
            Self::Long(low, high) => Statistics::int64(Some(*low), Some(*high), None, nulls, false),
            Self::Text(low, high) => {
                let (least, greatest) = (below(low), above(high));
                let exact = (least.len() == low.len(), greatest.as_ref() == Some(high));
                let value = |bytes: Vec<u8>| ByteArray::from(bytes);
                Statistics::ByteArray(
                    ValueStatistics::new(Some(value(least)), greatest.map(value), None, nulls, false)
                        .with_min_is_exact(exact.0)
                        .with_max_is_exact(exact.1),
                )
            }
            Self::Empty => Statistics::ByteArray(ValueStatistics::new(None, None, None, nulls, false)),
        }
    }

    /// The bounds of a page for Parquet's column index; `None` where a text has no short upper bound.
    pub(super) fn page_bounds(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        match self {
            Self::Empty => Some((Vec::new(), Vec::new())),
            Self::Long(low, high) => Some((low.to_le_bytes().to_vec(), high.to_le_bytes().to_vec())),
            Self::Text(low, high) => Some((below(low), above(high)?)),
        }
    }
}

/// Where the first [`TEXT_LIMIT`] characters of a text end.
fn cut(text: &[u8]) -> usize {
    let starts = text.iter().enumerate().filter(|(_, byte)| **byte & 0xc0 != 0x80);
    starts.map(|(at, _)| at).nth(TEXT_LIMIT).unwrap_or(text.len())
}

/// A short text that is not above `text`.
pub(super) fn below(text: &[u8]) -> Vec<u8> {
    text[..cut(text)].to_vec()
}

/// A short text that is not below `text`: itself, or its beginning with the last character that has a next
/// one raised to that. `None` where no character has.
pub(super) fn above(text: &[u8]) -> Option<Vec<u8>> {
    let end = cut(text);
    if end == text.len() {
        return Some(text.to_vec());
    }
    let mut kept = std::str::from_utf8(&text[..end]).ok()?.to_owned();
    while let Some(last) = kept.pop() {
        let next = match last {
            '\u{d7ff}' => Some('\u{e000}'),
            last => char::from_u32(u32::from(last) + 1),
        };
        if let Some(next) = next {
            kept.push(next);
            return Some(kept.into_bytes());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_bounds_enclose_long_texts() {
        let long = "ä".repeat(40);
        assert_eq!(below(long.as_bytes()), "ä".repeat(32).into_bytes());
        let high = above(long.as_bytes()).expect("a bound");
        assert_eq!(high, format!("{}å", "ä".repeat(31)).into_bytes());
        assert!(high.as_slice() > long.as_bytes());
        assert_eq!(above("\u{10ffff}".repeat(33).as_bytes()), None);
        assert_eq!(above(b"short"), Some(b"short".to_vec()));
    }
}
