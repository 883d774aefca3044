//! The changes from one text to another.

use std::ops::Range;

use super::align::equal_runs;
use super::lines::{lines_back, lines_forward};
use super::region::{Comparison, Region};
use super::text::{LargeError, Text};

/// Bytes and lines of one side of a change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    /// Bytes.
    pub bytes: u64,
    /// Lines; the last of a text may have no end.
    pub lines: u64,
}

/// Lines that differ: what was there, and what is there now; one of the two may be empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineChange {
    /// Bytes of the old text between the change before, or the beginning, and this one. Not 0 but for the first.
    pub equal: u64,
    /// The same of the new text. They are the same bytes, unless [`LineDiff`] takes lines for equal that are not.
    pub equal_in_new: u64,
    /// Lines of these; `None` where they were not read.
    pub equal_lines: Option<u64>,
    /// What was there.
    pub old: Extent,
    /// What is there now.
    pub new: Extent,
}

/// Compares lines, each with its end: gives the runs that differ, in order, an equal line at least between each two.
pub type LineDiff<'a> = dyn FnMut(&[&[u8]], &[&[u8]]) -> Vec<(Range<usize>, Range<usize>)> + 'a;

/// What bounds the memory of a comparison.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most bytes of each text that are compared at once.
    pub window: u64,
    /// Most lines of each text that are compared at once.
    pub lines: usize,
    /// Lines around what differs that are compared along with it. More are where a change could as well stand at the edge.
    pub margin: u64,
    /// Changes above which those with little between them are joined.
    pub changes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { window: 16 << 20, lines: 1 << 19, margin: 64, changes: 1 << 20 }
    }
}

/// What a line of the margin may have at most, for the margin not to be cut to one line.
const MARGIN_LINE: u64 = 16 << 10;

/// The changes from `old` to `new`, in order; empty if they are equal. See the module's description.
///
/// # Errors
/// [`LargeError`] of reading.
pub fn changes(
    old: &dyn Text,
    new: &dyn Text,
    limits: &Limits,
    diff: &mut LineDiff<'_>,
) -> Result<Vec<LineChange>, LargeError> {
    let regions = differing(old, new);
    let whole = Region { old: 0..old.size(), new: 0..new.size() };
    let mut comparison = Comparison::starting_at(&whole, old, new, limits, diff);
    let mut at = 0;
    // The end of what was compared before.
    let mut floor = 0;
    while at < regions.len() {
        let mut margin = limits.margin;
        loop {
            let (window, last) = widen(old, &regions, at, floor, margin)?;
            let can_grow = window.old.start > floor || window.old.end < old.size();
            if comparison.compare(&window, can_grow.then_some(floor))? {
                floor = window.old.end;
                at = last + 1;
                break;
            }
            margin = (margin * 4).max(4);
        }
    }
    Ok(comparison.changes())
}

/// The changes from a range of one text to one of another, both of whole lines, in order; places count from where these begin.
/// Equal pieces are not looked for.
///
/// # Errors
/// [`LargeError`] of reading.
pub fn changes_within(
    (old, old_range): (&dyn Text, Range<u64>),
    (new, new_range): (&dyn Text, Range<u64>),
    limits: &Limits,
    diff: &mut LineDiff<'_>,
) -> Result<Vec<LineChange>, LargeError> {
    let region = Region { old: old_range, new: new_range };
    let mut comparison = Comparison::starting_at(&region, old, new, limits, diff);
    comparison.compare(&region, None)?;
    Ok(comparison.changes())
}

/// What lies between equal pieces.
fn differing(old: &dyn Text, new: &dyn Text) -> Vec<Region> {
    let mut regions = Vec::new();
    let (mut old_at, mut new_at) = (0, 0);
    let runs = equal_runs(old.pieces(), new.pieces());
    let ends = runs.iter().map(|run| (run.old, run.new, run.length)).chain([(old.size(), new.size(), 0)]);
    for (old_end, new_end, length) in ends {
        if old_at < old_end || new_at < new_end {
            regions.push(Region { old: old_at..old_end, new: new_at..new_end });
        }
        (old_at, new_at) = (old_end + length, new_end + length);
    }
    regions
}

/// The region `at` with whole lines and a margin around it, joined with the following ones whose margins it meets. Also
/// the last of these.
fn widen(
    old: &dyn Text,
    regions: &[Region],
    at: usize,
    floor: u64,
    margin: u64,
) -> Result<(Region, usize), LargeError> {
    let first = &regions[at];
    let start = start_before(old, floor..first.old.start, margin)?;
    let mut last = at;
    let end = loop {
        let region = &regions[last];
        let Some(next) = regions.get(last + 1) else {
            break end_after(old, region.old.end..old.size(), margin)?.unwrap_or(old.size());
        };
        let between = region.old.end..next.old.start;
        if let Some(end) = end_after(old, between.clone(), margin)?
            && end < start_before(old, between, margin)?
        {
            break end;
        }
        last += 1;
    };
    let region = &regions[last];
    let new = first.new.start - (first.old.start - start)..region.new.end + (end - region.old.end);
    Ok((Region { old: start..end, new }, last))
}

fn reach(margin: u64) -> u64 {
    margin.saturating_mul(MARGIN_LINE)
}

/// Where the line begins that is `margin` lines before the range's end; the range's start where that is later.
fn start_before(text: &dyn Text, range: Range<u64>, margin: u64) -> Result<u64, LargeError> {
    let near = range.end.saturating_sub(reach(margin)).max(range.start);
    let start = lines_back(text, near..range.end, margin)?;
    if start > near || near == range.start {
        return Ok(start);
    }
    lines_back(text, range, 0)
}

/// Where the line ends that is `margin` lines behind the one that the range begins in; `None` where that is not in it.
fn end_after(text: &dyn Text, range: Range<u64>, margin: u64) -> Result<Option<u64>, LargeError> {
    let near = range.start..range.end.min(range.start.saturating_add(reach(margin)));
    let end = lines_forward(text, near.clone(), margin + 1)?;
    if end.is_some() || near == range {
        return Ok(end);
    }
    lines_forward(text, range, 1)
}
