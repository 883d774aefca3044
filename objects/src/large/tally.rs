//! Counting lines of long ranges, with several threads.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use bstr::ByteSlice;

use super::text::{LargeError, Text};

/// What one thread counts at a time.
const STRETCH: u64 = 8 << 20;

/// Threads beyond which a disk or the memory's bandwidth would be what is waited for.
const MOST_THREADS: usize = 8;

/// What is known of the lines in a range.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Line ends.
    pub ends: u64,
    /// Where the last line begins that begins in the range, not with its first byte, and [opens a section](opens_section).
    pub section: Option<u64>,
    /// Whether the first byte would open a section if a line began with it.
    pub may_open: bool,
    /// Whether the last byte is a line end.
    pub is_ended: bool,
}

/// Whether a line looks like the beginning of a section, by its first byte: git's rule where it knows no language.
pub fn opens_section(first: u8) -> bool {
    first.is_ascii_alphabetic() || matches!(first, b'_' | b'$')
}

impl Tally {
    /// The tally of bytes that begin at `start` of their text.
    pub fn of(start: u64, bytes: &[u8]) -> Self {
        let mut tally = Self {
            may_open: bytes.first().is_some_and(|first| opens_section(*first)),
            is_ended: bytes.ends_with(b"\n"),
            ..Self::default()
        };
        let mut at = 0;
        while let Some(found) = bytes[at..].find_byte(b'\n') {
            at += found + 1;
            tally.ends += 1;
            if bytes.get(at).is_some_and(|first| opens_section(*first)) {
                tally.section = Some(start + at as u64);
            }
        }
        tally
    }

    /// The tally of this range, which is not empty, and of the `next` one, which begins at `start`.
    #[must_use]
    pub fn and(self, start: u64, next: Self) -> Self {
        let at_seam = (self.is_ended && next.may_open).then_some(start);
        Self {
            ends: self.ends + next.ends,
            section: next.section.or(at_seam).or(self.section),
            may_open: self.may_open,
            is_ended: next.is_ended,
        }
    }

    /// Lines of a range that begins where a line does; the last may have no end.
    pub fn lines(&self, range: &Range<u64>) -> u64 {
        self.ends + u64::from(!range.is_empty() && !self.is_ended)
    }

    /// The last line that opens a section in a range that begins at `start`, where a line does.
    pub fn last_section(&self, start: u64) -> Option<u64> {
        self.section.or(self.may_open.then_some(start))
    }
}

/// Counts the lines of a range; long ones with as many threads as there are cores.
///
/// # Errors
/// [`LargeError`] of reading.
pub fn tally(text: &dyn Text, range: Range<u64>) -> Result<Tally, LargeError> {
    if text.is_tallied() || range.end - range.start <= STRETCH {
        return text.tally(range);
    }
    let count = (range.end - range.start).div_ceil(STRETCH) as usize;
    let stretch = |at: usize| {
        let start = range.start + at as u64 * STRETCH;
        start..(start + STRETCH).min(range.end)
    };
    let next = AtomicUsize::new(0);
    let found: Mutex<Vec<Option<Result<Tally, LargeError>>>> = Mutex::new((0..count).map(|_| None).collect());
    let work = || loop {
        let at = next.fetch_add(1, Ordering::Relaxed);
        if at >= count {
            return;
        }
        let tally = text.tally(stretch(at));
        if tally.is_err() {
            next.store(count, Ordering::Relaxed);
        }
        found.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some(tally);
    };
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
        for _ in 1..threads.min(count) {
            // Without another thread this one does it all.
            let _ = std::thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut whole: Option<Tally> = None;
    for (at, tally) in found.into_iter().enumerate() {
        // What comes after an error may not have been counted.
        let Some(tally) = tally else { continue };
        let tally = tally?;
        whole = Some(whole.map_or(tally, |whole| whole.and(stretch(at).start, tally)));
    }
    Ok(whole.unwrap_or_default())
}

/// Counts by reading, in this thread.
pub(super) fn read_tally(text: &(impl Text + ?Sized), range: Range<u64>) -> Result<Tally, LargeError> {
    let mut at = range.start;
    let mut whole: Option<Tally> = None;
    text.visit(range, &mut |bytes| {
        if !bytes.is_empty() {
            let tally = Tally::of(at, bytes);
            whole = Some(whole.map_or(tally, |whole| whole.and(at, tally)));
            at += bytes.len() as u64;
        }
        Ok(())
    })?;
    Ok(whole.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::lines::{lines_back, lines_forward};
    use super::super::text::Piece;
    use super::*;
    use crate::id::ObjectId;

    /// A text in pieces of three bytes.
    struct Threes(Vec<u8>, Vec<Piece>);

    impl Threes {
        fn of(text: &[u8]) -> Self {
            let mut end = 0;
            let piece = |bytes: &[u8]| {
                end += bytes.len() as u64;
                Piece { id: ObjectId::of_content(bytes), end }
            };
            Self(text.to_vec(), text.chunks(3).map(piece).collect())
        }
    }

    impl Text for Threes {
        fn pieces(&self) -> &[Piece] {
            &self.1
        }

        fn visit(
            &self,
            range: Range<u64>,
            each: &mut dyn FnMut(&[u8]) -> Result<(), LargeError>,
        ) -> Result<(), LargeError> {
            let mut pieces = self.touched(range).into_iter();
            pieces.try_for_each(|(at, within)| each(&self.0[at * 3 + within.start..at * 3 + within.end]))
        }
    }

    proptest! {
        #[test]
        fn lines_are_counted_and_found(text in "[ax1\n]{0,40}", start in 0..40_usize, count in 0..5_u64) {
            let text = text.as_bytes();
            let pieces = Threes::of(text);
            let start = start.min(text.len());
            let lines = &text[..start].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let range = *lines as u64..text.len() as u64;
            let rest: Vec<&[u8]> = text[*lines..].split_inclusive(|byte| *byte == b'\n').collect();
            let tally = tally(&pieces, range.clone()).expect("memory");
            prop_assert_eq!(tally.lines(&range), rest.len() as u64);
            let section = rest.iter().rev().find(|line| opens_section(line[0]));
            let section = section.map(|line| (line.as_ptr().addr() - text.as_ptr().addr()) as u64);
            prop_assert_eq!(tally.last_section(range.start).filter(|_| !range.is_empty()), section);

            let ended: Vec<u64> = (range.clone()).filter(|at| text[*at as usize] == b'\n').map(|at| at + 1).collect();
            let end = match count {
                0 => Some(range.start),
                _ => ended.get(count as usize - 1).copied(),
            };
            prop_assert_eq!(lines_forward(&pieces, range.clone(), count).expect("memory"), end);
            let back = ended.iter().rev().nth(count as usize).copied().unwrap_or(range.start);
            prop_assert_eq!(lines_back(&pieces, range, count).expect("memory"), back);
        }
    }
}
