//! Combined diffs of contents that are not in memory: only where the result differs from a parent, it is read.

use std::io::Write;
use std::ops::Range;

use pond_objects::large::{self, LineChange, Text, lines_back, lines_forward, tally};

use super::super::large::LargeDiff;
use super::super::lines::{self, Block, Whitespace};
use super::super::source::Contents;
use super::super::text::TextDiff;
use super::{Combined, DiffOptions, Lines, write_header, write_not_text};
use crate::error::CommandError;

/// Most bytes of all versions at one place that are compared with each other.
const MOST: u64 = 64 << 20;

/// A stretch of the result in which it differs from a parent, with lines around it.
struct Window {
    result: Range<u64>,
    /// Lines before it in the result.
    lines: u64,
    /// The same stretch of each parent.
    parents: Vec<Part>,
}

/// A parent's side of a window.
struct Part {
    bytes: Range<u64>,
    /// Lines before it.
    lines: u64,
    /// The changes in it.
    changes: Range<usize>,
    /// Where the equal bytes before the first of them begin, in the parent and in the result.
    start: (u64, u64),
}

/// Writes one path with its hunks; writes nothing if there is nothing of interest.
pub(super) fn write_patch(
    out: &mut dyn Write,
    one: &Combined,
    contents: &dyn Contents,
    options: &DiffOptions,
) -> Result<(), CommandError> {
    // Places of a parent are found by their bytes: lines that differ in whitespace are shown whatever was asked for.
    let exact = DiffOptions { whitespace: Whitespace::Exact, ..options.clone() };
    let mut diffs = Vec::with_capacity(one.parents.len());
    for parent in 0..one.parents.len() {
        match LargeDiff::of(&one.change(parent), contents, &exact)? {
            Some(diff) => diffs.push(diff),
            None => return Ok(write_not_text(out, one, contents, options)?),
        }
    }
    let Some(first) = diffs.first() else { return Ok(()) };
    let result = &*first.texts.new;
    let windows = windows(result, &diffs, options.context as u64)?;
    let size = |window: &Window| {
        let parents = window.parents.iter().map(|part| part.bytes.end - part.bytes.start);
        parents.sum::<u64>() + (window.result.end - window.result.start)
    };
    if windows.iter().any(|window| size(window) > MOST) {
        write_header(out, one, false, contents, options)?;
        writeln!(out, "Files differ")?;
        return Ok(());
    }
    let mut is_shown = one.is_named();
    for window in &windows {
        is_shown = is_shown || with_lines(window, result, &diffs, options, &mut |_| Ok(()))?;
    }
    if !is_shown {
        return Ok(());
    }
    write_header(out, one, true, contents, options)?;
    if !one.has_lines() {
        return Ok(());
    }
    let mut searched = 0;
    for window in &windows {
        with_lines(window, result, &diffs, options, &mut |lines| {
            let before = searched..window.result.start;
            let section = tally(result, before.clone())?.last_section(before.start);
            let section = section.filter(|_| !before.is_empty());
            let section =
                section.map(|at| large::read(result, at..result.size().min(at + 80))).transpose()?;
            lines.write(out, section.as_deref(), options)?;
            let shown = lines.lines.iter().rposition(|line| line.is_shown).map_or(0, |last| last + 1);
            let bytes =
                lines.lines[..shown].iter().filter_map(|line| line.text).map(<[u8]>::len).sum::<usize>();
            searched = window.result.start + bytes as u64;
            Ok(())
        })?;
    }
    Ok(())
}

/// Compares the lines of a window, and gives them to `use_lines` if some are shown. Whether they are.
fn with_lines(
    window: &Window,
    result: &dyn Text,
    diffs: &[LargeDiff<'_>],
    options: &DiffOptions,
    use_lines: &mut dyn FnMut(&Lines<'_>) -> Result<(), CommandError>,
) -> Result<bool, CommandError> {
    let new = large::read(result, window.result.clone())?;
    let mut olds = Vec::with_capacity(diffs.len());
    for (diff, part) in diffs.iter().zip(&window.parents) {
        olds.push(large::read(&*diff.texts.old, part.bytes.clone())?);
    }
    let mut lines = Lines::new(&lines::split(&new), window.lines as usize);
    for ((diff, part), old) in diffs.iter().zip(&window.parents).zip(&olds) {
        let blocks = blocks(&diff.changes, part, window, old, &new);
        let diff = TextDiff { old: lines::split(old), new: lines::split(&new), blocks };
        lines.add(&diff, part.lines as usize, options.whitespace);
    }
    let is_shown = lines.choose(options.context, options.dense);
    if is_shown {
        use_lines(&lines)?;
    }
    Ok(is_shown)
}

/// The changes of a parent as lines of a window.
fn blocks(changes: &[LineChange], part: &Part, window: &Window, old: &[u8], new: &[u8]) -> Vec<Block> {
    let starts = |text: &[u8]| -> Vec<u64> {
        let mut at = 0;
        let start = |line: &[u8]| {
            at += line.len() as u64;
            at - line.len() as u64
        };
        text.split_inclusive(|byte| *byte == b'\n').map(start).collect()
    };
    let (old_starts, new_starts) = (starts(old), starts(new));
    let line = |starts: &[u64], at: u64| starts.partition_point(|start| *start < at);
    let mut at = part.start;
    let mut blocks = Vec::with_capacity(part.changes.len());
    for change in &changes[part.changes.clone()] {
        let (old_start, new_start) = (at.0 + change.equal, at.1 + change.equal);
        at = (old_start + change.old.bytes, new_start + change.new.bytes);
        let old = |place: u64| line(&old_starts, place - part.bytes.start);
        let new = |place: u64| line(&new_starts, place - window.result.start);
        blocks.push(Block { old: old(old_start)..old(at.0), new: new(new_start)..new(at.1) });
    }
    blocks
}

/// Where the equal bytes before each change begin, in the old and in the new text.
fn places(changes: &[LineChange]) -> impl Iterator<Item = (u64, u64)> + '_ {
    changes.iter().scan((0, 0), |at, change| {
        let start = *at;
        let equal = change.equal;
        *at = (at.0 + equal + change.old.bytes, at.1 + equal + change.new.bytes);
        Some(start)
    })
}

/// The stretches of the result in which it differs from a parent, so far from each other that hunks do not meet.
fn windows(result: &dyn Text, diffs: &[LargeDiff<'_>], context: u64) -> Result<Vec<Window>, CommandError> {
    let around = context.saturating_add(2);
    let mut changed: Vec<Range<u64>> = Vec::new();
    for diff in diffs {
        let new = |((_, at), change): ((u64, u64), &LineChange)| {
            at + change.equal..at + change.equal + change.new.bytes
        };
        changed.extend(places(&diff.changes).zip(&diff.changes).map(new));
    }
    changed.sort_by_key(|range| (range.start, range.end));
    let size = result.size();
    let mut stretches: Vec<Range<u64>> = Vec::new();
    for range in changed {
        let end = lines_forward(result, range.end..size, around)?.unwrap_or(size);
        let floor = stretches.last().map_or(0, |last| last.end);
        let start = if range.start > floor { lines_back(result, floor..range.start, around)? } else { floor };
        match stretches.last_mut() {
            Some(last) if start <= last.end => last.end = last.end.max(end),
            _ => stretches.push(start..end),
        }
    }
    let mut windows = Vec::with_capacity(stretches.len());
    let (mut counted, mut lines) = (0, 0);
    let mut next = vec![Next::default(); diffs.len()];
    for stretch in stretches {
        let before = counted..stretch.start;
        lines += tally(result, before.clone())?.lines(&before);
        counted = stretch.start;
        let parents =
            diffs.iter().zip(&mut next).map(|(diff, next)| next.part(&diff.changes, &stretch, lines));
        windows.push(Window { parents: parents.collect(), result: stretch, lines });
    }
    Ok(windows)
}

/// How far the changes of a parent were looked at.
#[derive(Clone, Copy, Default)]
struct Next {
    change: usize,
    /// Where the equal bytes before it begin in the result.
    at: u64,
    /// By how much the parent is longer before that.
    bytes: i64,
    lines: i64,
}

impl Next {
    /// The parent's side of a stretch of the result, before which the result has `lines` lines.
    fn part(&mut self, changes: &[LineChange], stretch: &Range<u64>, lines: u64) -> Part {
        let first = *self;
        while let Some(change) = changes.get(self.change)
            && self.at + change.equal <= stretch.end
        {
            self.at += change.equal + change.new.bytes;
            self.bytes += change.old.bytes as i64 - change.new.bytes as i64;
            self.lines += change.old.lines as i64 - change.new.lines as i64;
            self.change += 1;
        }
        let place = |at: u64, by: i64| {
            at.checked_add_signed(by).expect("BUG: a place of the result is one of the parent")
        };
        Part {
            bytes: place(stretch.start, first.bytes)..place(stretch.end, self.bytes),
            lines: place(lines, first.lines),
            changes: first.change..self.change,
            start: (place(first.at, first.bytes), first.at),
        }
    }
}
