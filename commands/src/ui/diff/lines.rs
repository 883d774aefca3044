//! Which lines of two texts differ.
//!
//! Lines become numbers, equal where the rules for whitespace call them equal; `similar` finds an edit script within
//! a deadline (a worse one when time is up, never none); [`super::slide`] moves its runs to where git puts them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use similar::algorithms::Capture;
use similar::{Algorithm, DiffOp};

use super::slide;

/// What of a line's whitespace counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Whitespace {
    /// All of it.
    #[default]
    Exact,
    /// `--ignore-space-at-eol`: what stands at the line's end does not.
    IgnoreAtEnd,
    /// `-b`: neither that nor how much there is.
    IgnoreAmount,
    /// `-w`: nothing of it.
    IgnoreAll,
}

/// `--diff-algorithm`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum DiffAlgorithm {
    /// The default.
    #[default]
    Myers,
    /// As Myers, and the smallest edit script whatever it costs (until the deadline).
    Minimal,
    Patience,
    Histogram,
}

impl DiffAlgorithm {
    /// The algorithm with git's name.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        match word {
            "myers" | "default" => Some(Self::Myers),
            "minimal" => Some(Self::Minimal),
            "patience" => Some(Self::Patience),
            "histogram" => Some(Self::Histogram),
            _ => None,
        }
    }

    /// `similar`'s name for it.
    pub(super) fn similar(self) -> Algorithm {
        match self {
            Self::Myers => Algorithm::Myers,
            Self::Minimal => Algorithm::RawMyers,
            Self::Patience => Algorithm::Patience,
            Self::Histogram => Algorithm::Histogram,
        }
    }
}

/// A run of lines that differs: what was there, and what is there now; one of the two may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) old: Range<usize>,
    pub(super) new: Range<usize>,
}

/// The lines of a text, each with its line end.
pub(super) fn split(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

/// The runs of lines that differ, in order, an equal line between each two.
pub(super) fn changed_blocks(
    old: &[&[u8]],
    new: &[&[u8]],
    algorithm: DiffAlgorithm,
    whitespace: Whitespace,
    time: Duration,
) -> Vec<Block> {
    let mut numbers = HashMap::new();
    let old_numbers = number(&mut numbers, old, whitespace);
    let new_numbers = number(&mut numbers, new, whitespace);
    drop(numbers);
    let mut old_changed = vec![false; old.len()];
    let mut new_changed = vec![false; new.len()];
    for op in edit_script(&old_numbers, &new_numbers, algorithm.similar(), time) {
        if !matches!(op, DiffOp::Equal { .. }) {
            old_changed[op.old_range()].fill(true);
            new_changed[op.new_range()].fill(true);
        }
    }
    slide::settle(&old_numbers, old, &mut old_changed, &mut new_changed);
    slide::settle(&new_numbers, new, &mut new_changed, &mut old_changed);
    blocks(&old_changed, &new_changed)
}

/// An edit script between two sequences, found within `time`.
pub(super) fn edit_script<T: Eq + std::hash::Hash>(
    old: &[T],
    new: &[T],
    algorithm: Algorithm,
    time: Duration,
) -> Vec<DiffOp> {
    let mut capture = Capture::new();
    let deadline = Instant::now().checked_add(time);
    let Ok(()) = similar::algorithms::diff_slices_deadline(algorithm, &mut capture, old, new, deadline);
    capture.into_ops()
}

fn number<'a>(
    numbers: &mut HashMap<Cow<'a, [u8]>, u32>,
    lines: &[&'a [u8]],
    whitespace: Whitespace,
) -> Vec<u32> {
    let mut numbered = Vec::with_capacity(lines.len());
    for line in lines {
        let next = numbers.len() as u32;
        numbered.push(*numbers.entry(key(line, whitespace)).or_insert(next));
    }
    numbered
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// What of the line is compared.
fn key(line: &[u8], whitespace: Whitespace) -> Cow<'_, [u8]> {
    let end = line.iter().rposition(|byte| !is_space(*byte)).map_or(0, |last| last + 1);
    let trimmed = &line[..end];
    match whitespace {
        Whitespace::Exact => Cow::Borrowed(line),
        Whitespace::IgnoreAtEnd => Cow::Borrowed(trimmed),
        Whitespace::IgnoreAll => trimmed.iter().copied().filter(|byte| !is_space(*byte)).collect(),
        Whitespace::IgnoreAmount => {
            let mut key = Vec::with_capacity(trimmed.len());
            for (at, byte) in trimmed.iter().enumerate() {
                if !is_space(*byte) {
                    key.push(*byte);
                } else if at == 0 || !is_space(trimmed[at - 1]) {
                    key.push(b' ');
                }
            }
            Cow::Owned(key)
        }
    }
}

/// Whether two lines are the same, but for how they end.
pub(super) fn are_equal(a: &[u8], b: &[u8], whitespace: Whitespace) -> bool {
    let text = |line: &'_ [u8]| line.strip_suffix(b"\n").unwrap_or(line).to_owned();
    let (a, b) = (text(a), text(b));
    key(&a, whitespace) == key(&b, whitespace)
}

fn blocks(old: &[bool], new: &[bool]) -> Vec<Block> {
    let run = |changed: &[bool], start: usize| {
        let length = changed[start..].iter().take_while(|changed| **changed).count();
        start..start + length
    };
    let mut blocks = Vec::new();
    let (mut old_at, mut new_at) = (0, 0);
    while old_at < old.len() || new_at < new.len() {
        let block = Block { old: run(old, old_at), new: run(new, new_at) };
        // The two equal lines that follow the runs are a pair.
        (old_at, new_at) = (block.old.end + 1, block.new.end + 1);
        if !block.old.is_empty() || !block.new.is_empty() {
            blocks.push(block);
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(old: &str, new: &str, whitespace: Whitespace) -> Vec<(Range<usize>, Range<usize>)> {
        let (old, new) = (split(old.as_bytes()), split(new.as_bytes()));
        let blocks = changed_blocks(&old, &new, DiffAlgorithm::Myers, whitespace, Duration::from_secs(5));
        blocks.into_iter().map(|block| (block.old, block.new)).collect()
    }

    #[test]
    fn runs_at_both_ends_and_between() {
        assert_eq!(
            found("a\nb\nc\n", "b\nX\nc\nd\n", Whitespace::Exact),
            [(0..1, 0..0), (2..2, 1..2), (3..3, 3..4)]
        );
        assert_eq!(found("", "a\n", Whitespace::Exact), [(0..0, 0..1)]);
        assert_eq!(found("a\n", "", Whitespace::Exact), [(0..1, 0..0)]);
        assert_eq!(found("a\n", "a", Whitespace::Exact), [(0..1, 0..1)]);
        assert_eq!(found("a\n", "a\n", Whitespace::Exact), []);
    }

    #[test]
    fn whitespace_counts_as_asked() {
        assert_eq!(found("a  b\n", "a b \n", Whitespace::IgnoreAmount), []);
        assert_eq!(found("ab\n", "a b\n", Whitespace::IgnoreAmount), [(0..1, 0..1)]);
        assert_eq!(found("ab\n", " a b", Whitespace::IgnoreAll), []);
        assert_eq!(found(" a\n", "  a\n", Whitespace::IgnoreAmount), []);
        assert_eq!(found("a\n", " a\n", Whitespace::IgnoreAmount), [(0..1, 0..1)]);
        assert_eq!(found("a\r\n", "a\n", Whitespace::IgnoreAtEnd), []);
    }
}
