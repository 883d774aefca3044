//! Comparing a stretch of two texts that begins and ends with a line.

use std::ops::Range;

use bstr::ByteSlice;

use super::changes::{Extent, Limits, LineChange, LineDiff};
use super::lines::lines_forward;
use super::tally::tally;
use super::text::{LargeError, Text, read};

/// A stretch of each text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) old: Range<u64>,
    pub(super) new: Range<u64>,
}

/// Lines that a window has to have beyond the places in which a change could stand, for what lies outside not to matter:
/// the rules that choose one look at no more blank lines than that.
const SEEN: usize = 24;
/// Lines that are equal in a window of which the next one may begin in the middle.
const ENOUGH: usize = 8;

/// A comparison at work.
pub(super) struct Comparison<'a, 'd> {
    old: &'a dyn Text,
    new: &'a dyn Text,
    limits: &'a Limits,
    diff: &'a mut LineDiff<'d>,
    changes: Vec<LineChange>,
    /// Where the last change ends in both.
    ends: (u64, u64),
}

impl<'a, 'd> Comparison<'a, 'd> {
    /// A comparison whose changes count from where a region begins.
    pub(super) fn starting_at(
        region: &Region,
        old: &'a dyn Text,
        new: &'a dyn Text,
        limits: &'a Limits,
        diff: &'a mut LineDiff<'d>,
    ) -> Self {
        Self { old, new, limits, diff, changes: Vec::new(), ends: (region.old.start, region.new.start) }
    }

    pub(super) fn changes(self) -> Vec<LineChange> {
        self.changes
    }

    /// Compares a region. Where it could grow, down to `floor`, and what lies outside may matter, nothing is done; returns
    /// whether it was.
    pub(super) fn compare(&mut self, region: &Region, floor: Option<u64>) -> Result<bool, LargeError> {
        let window = self.limits.window;
        let length = |range: &Range<u64>| range.end - range.start;
        if region.old.is_empty() || region.new.is_empty() {
            self.replace(region)?;
            return Ok(true);
        }
        if length(&region.old) > window || length(&region.new) > window {
            self.compare_in_windows(region)?;
            return Ok(true);
        }
        let (old_text, new_text) = (read(self.old, region.old.clone())?, read(self.new, region.new.clone())?);
        let (old, new) = (Lines::of(&old_text), Lines::of(&new_text));
        if old.len() > self.limits.lines || new.len() > self.limits.lines {
            drop((old, new));
            drop((old_text, new_text));
            self.compare_in_windows(region)?;
            return Ok(true);
        }
        let blocks = (self.diff)(&old.lines, &new.lines);
        if let Some(floor) = floor {
            let (is_at_top, is_at_bottom) = reach_edges(&old.lines, &new.lines, &blocks);
            let may_matter =
                is_at_top && region.old.start > floor || is_at_bottom && region.old.end < self.old.size();
            if may_matter {
                return Ok(false);
            }
        }
        self.add(region, &old, &new, &blocks);
        Ok(true)
    }

    /// Takes a window of both texts, keeps what it shows up to a run of equal lines, and goes on from the middle of that run.
    fn compare_in_windows(&mut self, region: &Region) -> Result<(), LargeError> {
        let mut rest = region.clone();
        while !rest.old.is_empty() && !rest.new.is_empty() {
            let old_end = self.window_end(self.old, &rest.old)?;
            let new_end = self.window_end(self.new, &rest.new)?;
            let (Some(old_end), Some(new_end)) = (old_end, new_end) else {
                self.compare_long_line(&mut rest)?;
                continue;
            };
            let window = Region { old: rest.old.start..old_end, new: rest.new.start..new_end };
            let (old_text, new_text) =
                (read(self.old, window.old.clone())?, read(self.new, window.new.clone())?);
            let (old, new) = (Lines::of(&old_text), Lines::of(&new_text));
            let mut blocks = (self.diff)(&old.lines, &new.lines);
            let is_last = window == rest;
            let (old_cut, new_cut) = match is_last {
                true => (old.len(), new.len()),
                false => cut(&mut blocks, old.len(), new.len()),
            };
            self.add(&window, &old, &new, &blocks);
            rest.old.start += old.offset(old_cut);
            rest.new.start += new.offset(new_cut);
            if is_last {
                return Ok(());
            }
        }
        self.replace(&rest)
    }

    /// Where a window ends, after a line; `None` if its first line is longer.
    fn window_end(&self, text: &dyn Text, rest: &Range<u64>) -> Result<Option<u64>, LargeError> {
        let end = rest.end.min(rest.start + self.limits.window);
        let bytes = read(text, rest.start..end)?;
        let mut ends = bytes.find_iter(b"\n").map(|at| rest.start + at as u64 + 1);
        if let Some(by_lines) = ends.nth(self.limits.lines - 1) {
            return Ok(Some(by_lines));
        }
        if end == rest.end {
            return Ok(Some(end));
        }
        Ok(bytes.rfind_byte(b'\n').map(|at| rest.start + at as u64 + 1))
    }

    /// Compares two lines of which one at least does not fit into a window.
    fn compare_long_line(&mut self, rest: &mut Region) -> Result<(), LargeError> {
        let end = |text: &dyn Text, range: &Range<u64>| -> Result<u64, LargeError> {
            Ok(lines_forward(text, range.clone(), 1)?.unwrap_or(range.end))
        };
        let lines = Region {
            old: rest.old.start..end(self.old, &rest.old)?,
            new: rest.new.start..end(self.new, &rest.new)?,
        };
        if !self.are_equal(&lines)? {
            self.push(&lines, (1, 1), None);
        }
        (rest.old.start, rest.new.start) = (lines.old.end, lines.new.end);
        Ok(())
    }

    fn are_equal(&self, region: &Region) -> Result<bool, LargeError> {
        const STEP: u64 = 1 << 20;
        let length = region.old.end - region.old.start;
        if length != region.new.end - region.new.start {
            return Ok(false);
        }
        for at in (0..length).step_by(STEP as usize) {
            let part = |range: &Range<u64>| range.start + at..(range.start + at + STEP).min(range.end);
            if read(self.old, part(&region.old))? != read(self.new, part(&region.new))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// One change from all of a region to all of it.
    fn replace(&mut self, region: &Region) -> Result<(), LargeError> {
        if region.old.is_empty() && region.new.is_empty() {
            return Ok(());
        }
        let old = tally(self.old, region.old.clone())?.lines(&region.old);
        let new = tally(self.new, region.new.clone())?.lines(&region.new);
        self.push(region, (old, new), None);
        Ok(())
    }

    fn add(
        &mut self,
        window: &Region,
        old: &Lines<'_>,
        new: &Lines<'_>,
        blocks: &[(Range<usize>, Range<usize>)],
    ) {
        // Equal lines before a block are known if they all stand in this window.
        let mut line = (self.ends.0 == window.old.start).then_some(0);
        for (old_block, new_block) in blocks {
            let bytes = Region {
                old: window.old.start + old.offset(old_block.start)
                    ..window.old.start + old.offset(old_block.end),
                new: window.new.start + new.offset(new_block.start)
                    ..window.new.start + new.offset(new_block.end),
            };
            let equal_lines = line.map(|line| (old_block.start - line) as u64);
            self.push(&bytes, (old_block.len() as u64, new_block.len() as u64), equal_lines);
            line = Some(old_block.end);
        }
    }

    fn push(&mut self, region: &Region, (old_lines, new_lines): (u64, u64), equal_lines: Option<u64>) {
        let equal = region.old.start - self.ends.0;
        let equal_in_new = region.new.start - self.ends.1;
        self.ends = (region.old.end, region.new.end);
        let old = Extent { bytes: region.old.end - region.old.start, lines: old_lines };
        let new = Extent { bytes: region.new.end - region.new.start, lines: new_lines };
        let is_full = self.changes.len() >= self.limits.changes;
        let joined = if equal == 0 { Some(0) } else { equal_lines.filter(|_| is_full) };
        match (self.changes.last_mut(), joined) {
            (Some(last), Some(lines)) => {
                for (side, equal, extent) in [(&mut last.old, equal, old), (&mut last.new, equal_in_new, new)]
                {
                    side.bytes += equal + extent.bytes;
                    side.lines += lines + extent.lines;
                }
            }
            _ => {
                let equal_lines = if equal == 0 { Some(0) } else { equal_lines };
                self.changes.push(LineChange { equal, equal_in_new, equal_lines, old, new });
            }
        }
    }
}

/// Lines in memory.
struct Lines<'a> {
    text: &'a [u8],
    lines: Vec<&'a [u8]>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a [u8]) -> Self {
        Self { text, lines: text.split_inclusive(|byte| *byte == b'\n').collect() }
    }

    fn len(&self) -> usize {
        self.lines.len()
    }

    /// Where a line begins, or the text ends.
    fn offset(&self, line: usize) -> u64 {
        let begins = |line: &&[u8]| line.as_ptr().addr() - self.text.as_ptr().addr();
        self.lines.get(line).map_or(self.text.len(), begins) as u64
    }
}

/// Whether the first change could as well stand at the top of its window, the last one at its bottom, or nearly.
fn reach_edges(old: &[&[u8]], new: &[&[u8]], blocks: &[(Range<usize>, Range<usize>)]) -> (bool, bool) {
    let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else { return (false, false) };
    let up = |lines: &[&[u8]], run: &Range<usize>| {
        let moves = (0..run.start).take_while(|by| lines[run.start - 1 - by] == lines[run.end - 1 - by]);
        run.is_empty() && run.start < SEEN || !run.is_empty() && run.start - moves.count() < SEEN
    };
    let down = |lines: &[&[u8]], run: &Range<usize>| {
        let moves = (run.end..lines.len()).take_while(|at| lines[*at] == lines[at - run.len()]);
        let behind = lines.len() - run.end;
        run.is_empty() && behind < SEEN || !run.is_empty() && behind - moves.count() < SEEN
    };
    (up(old, &first.0) || up(new, &first.1), down(old, &last.0) || down(new, &last.1))
}

/// Where the next window begins, in lines of both sides; the blocks behind that are taken away. A window without a
/// place for that is one change from its last equal lines on.
fn cut(blocks: &mut Vec<(Range<usize>, Range<usize>)>, old_len: usize, new_len: usize) -> (usize, usize) {
    let starts = [(0, 0)].into_iter().chain(blocks.iter().map(|(old, new)| (old.end, new.end)));
    let ends = blocks.iter().map(|(old, new)| (old.start, new.start)).chain([(old_len, new_len)]);
    // The number of blocks before a run of equal lines, where it begins, and its length.
    let runs: Vec<(usize, (usize, usize), usize)> = starts
        .zip(ends)
        .enumerate()
        .map(|(at, (start, end))| (at, start, (end.0 - start.0).min(end.1 - start.1)))
        .collect();
    let longest = runs.iter().map(|(_, _, length)| *length).max().unwrap_or(0);
    let enough = longest.min(ENOUGH);
    let found = runs.iter().rev().find(|(_, _, length)| *length >= enough && *length > 0);
    if let Some((before, (old, new), length)) = found {
        let middle = length.div_ceil(2);
        if old + middle >= old_len / 4 || new + middle >= new_len / 4 {
            blocks.truncate(*before);
            return (old + middle, new + middle);
        }
        blocks.truncate(*before);
        blocks.push((old + length..old_len, new + length..new_len));
    }
    (old_len, new_len)
}
