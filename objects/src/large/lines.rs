//! Where lines begin and end in a text that is not in memory.

use std::ops::Range;

use bstr::ByteSlice;

use super::text::{LargeError, Text, read};

/// Bytes that are looked at first, then twice as many each time.
const STEP: u64 = 16 << 10;
/// Most bytes that are looked at together.
const MOST: u64 = 1 << 20;

/// Where the line begins that is `count` lines before the one that `range.end` stands in or begins; `range.start` where
/// that is later. The range begins where a line does.
///
/// # Errors
/// [`LargeError`] of reading.
pub fn lines_back(text: &dyn Text, range: Range<u64>, count: u64) -> Result<u64, LargeError> {
    let mut left = count + 1;
    let (mut end, mut step) = (range.end, STEP);
    while end > range.start {
        let start = end.saturating_sub(step).max(range.start);
        let bytes = read(text, start..end)?;
        let mut rest = &bytes[..];
        while let Some(at) = rest.rfind_byte(b'\n') {
            left -= 1;
            if left == 0 {
                return Ok(start + at as u64 + 1);
            }
            rest = &rest[..at];
        }
        (end, step) = (start, (step * 2).min(MOST));
    }
    Ok(range.start)
}

/// Where the line ends that is the `count`th of those that end in a range, from 1; `None` where fewer do.
///
/// # Errors
/// [`LargeError`] of reading.
pub fn lines_forward(text: &dyn Text, range: Range<u64>, count: u64) -> Result<Option<u64>, LargeError> {
    let mut left = count;
    let (mut start, mut step) = (range.start, STEP);
    if left == 0 {
        return Ok(Some(start));
    }
    while start < range.end {
        let end = (start + step).min(range.end);
        let bytes = read(text, start..end)?;
        let mut at = 0;
        while let Some(found) = bytes[at..].find_byte(b'\n') {
            at += found + 1;
            left -= 1;
            if left == 0 {
                return Ok(Some(start + at as u64));
            }
        }
        (start, step) = (end, (step * 2).min(MOST));
    }
    Ok(None)
}
