//! Merges three versions of a text that do not fit into memory.
//!
//! What each side changed in the base is found without reading what is equal. Where only one side changed something, its
//! bytes are taken as they are. Where changes of both meet, the lines there and a few around them are merged as
//! [`merge_text`](super::text::merge_text) does it. The result names stretches of the versions, and holds the merged lines only.
//!
//! Memory is bounded: what [`crate::large::changes`] takes for each side, and [`LargeOptions::in_memory`] for a place where changes
//! meet. A larger one is a conflict of the lines in which ours and theirs differ, whatever the base has.

use std::ops::Range;

use imara_diff::Interner;

use super::histogram;
use super::region::JOIN_LINES;
use super::text::{ConflictStyle, Favour, Labels, TextOptions, marker, merge_lines};
use crate::large::{
    LargeError, Limits, LineChange, Splicer, Text, changes, changes_within, lines_back, lines_forward, read,
};

/// How large texts are merged.
#[derive(Debug, Clone, Copy)]
pub struct LargeOptions {
    /// Bytes of the three versions that are merged in memory at one place.
    pub in_memory: u64,
    /// How much is compared at once.
    pub limits: Limits,
}

impl Default for LargeOptions {
    fn default() -> Self {
        Self { in_memory: 32 << 20, limits: Limits::default() }
    }
}

/// A merged text, not read yet.
#[derive(Debug)]
pub struct MergedLarge {
    /// What it is made of.
    pub content: Splicer,
    /// Number of conflicts that are left.
    pub conflicts: usize,
}

/// Lines around a place where changes meet that are merged along with it.
const AROUND: u64 = 3;

/// A stretch of the base, and what a side has for it.
#[derive(Debug, Clone)]
struct Hunk {
    base: Range<u64>,
    after: Range<u64>,
}

/// Changes that meet, or one alone, in bytes of the base.
#[derive(Debug, Clone)]
struct Group {
    base: Range<u64>,
    /// By how much ours and theirs are longer there. `None` of a side without changes.
    grown: [Option<i64>; 2],
    /// Where the last change of each side ends in the base.
    ends: [u64; 2],
}

impl Group {
    fn is_mixed(&self) -> bool {
        self.grown.iter().all(Option::is_some)
    }

    fn join(&mut self, other: &Self) {
        self.base.end = self.base.end.max(other.base.end);
        for side in 0..2 {
            self.grown[side] = match (self.grown[side], other.grown[side]) {
                (None, None) => None,
                (one, another) => Some(one.unwrap_or(0) + another.unwrap_or(0)),
            };
            self.ends[side] = self.ends[side].max(other.ends[side]);
        }
    }
}

/// Merges what `ours` and `theirs` changed in `base`. All of them are stored, or made of what is.
///
/// # Errors
/// [`LargeError`] of reading.
pub fn merge_large(
    [base, ours, theirs]: [&dyn Text; 3],
    labels: Labels<'_>,
    options: TextOptions,
    large: &LargeOptions,
) -> Result<MergedLarge, LargeError> {
    let our_hunks = hunks(&changes(base, ours, &large.limits, &mut compare)?);
    let their_hunks = hunks(&changes(base, theirs, &large.limits, &mut compare)?);
    let groups = joined(base, ours, &grouped(base, &our_hunks, &their_hunks)?)?;
    let mut writer = Writer {
        texts: [base, ours, theirs],
        labels,
        options,
        large,
        is_crlf: first_line_is_crlf(base)?,
        out: Splicer::new(),
        conflicts: 0,
    };
    let mut at = 0;
    let mut shift = [0_i64; 2];
    for (number, group) in groups.iter().enumerate() {
        let next = groups.get(number + 1).map_or(base.size(), |next| next.base.start);
        let window = match group.is_mixed() {
            // Equal in all three.
            true => widened(base, at..next, &group.base)?,
            false => group.base.clone(),
        };
        writer.copy(at, window.start, shift[0]);
        let before = shift;
        shift.iter_mut().zip(group.grown).for_each(|(shift, grown)| *shift += grown.unwrap_or(0));
        let range = |side: usize| shifted(window.start, before[side])..shifted(window.end, shift[side]);
        match group.grown {
            [Some(_), None] => writer.out.add_range(ours, range(0)),
            [None, Some(_)] => writer.out.add_range(theirs, range(1)),
            _ => writer.merge([window.clone(), range(0), range(1)])?,
        }
        at = window.end;
    }
    writer.copy(at, base.size(), shift[0]);
    Ok(MergedLarge { content: writer.out, conflicts: writer.conflicts })
}

/// The differences of lines, as merges choose them.
fn compare(old: &[&[u8]], new: &[&[u8]]) -> Vec<(Range<usize>, Range<usize>)> {
    let mut interner: Interner<&[u8]> = Interner::new(old.len() + new.len());
    let [old, new] =
        [old, new].map(|lines| lines.iter().map(|line| interner.intern(*line)).collect::<Vec<_>>());
    let range = |range: Range<u32>| range.start as usize..range.end as usize;
    let hunks = histogram::diff(&old, &new, interner.num_tokens());
    hunks.into_iter().map(|hunk| (range(hunk.before), range(hunk.after))).collect()
}

fn hunks(changes: &[LineChange]) -> Vec<Hunk> {
    let (mut base, mut after) = (0, 0);
    let hunk = |change: &LineChange| {
        let start = (base + change.equal, after + change.equal);
        (base, after) = (start.0 + change.old.bytes, start.1 + change.new.bytes);
        Hunk { base: start.0..base, after: start.1..after }
    };
    changes.iter().map(hunk).collect()
}

/// Whether fewer than `lines` line ends are in a range.
fn is_near(text: &dyn Text, range: Range<u64>, lines: u64) -> Result<bool, LargeError> {
    Ok(range.is_empty() || lines_forward(text, range, lines)?.is_none())
}

/// The changes in order, those of both sides that are near each other as one group.
fn grouped(base: &dyn Text, ours: &[Hunk], theirs: &[Hunk]) -> Result<Vec<Group>, LargeError> {
    let mut all: Vec<(usize, &Hunk)> =
        ours.iter().map(|hunk| (0, hunk)).chain(theirs.iter().map(|hunk| (1, hunk))).collect();
    all.sort_by_key(|(side, hunk)| (hunk.base.start, hunk.base.end, *side));
    let mut groups: Vec<Group> = Vec::new();
    for (side, hunk) in all {
        let length = |range: &Range<u64>| (range.end - range.start) as i64;
        let mut group = Group { base: hunk.base.clone(), grown: [None; 2], ends: [0; 2] };
        group.grown[side] = Some(length(&hunk.after) - length(&hunk.base));
        group.ends[side] = hunk.base.end;
        if let Some(last) = groups.last_mut() {
            let overlaps = hunk.base.start < last.base.end;
            let meets = last.grown[1 - side].is_some()
                && is_near(base, last.ends[1 - side]..hunk.base.start, JOIN_LINES as u64 + 1)?;
            if overlaps || meets {
                last.join(&group);
                continue;
            }
        }
        groups.push(group);
    }
    Ok(groups)
}

/// Joins groups in which changes meet, and that have so few lines between them that their conflicts would be one.
fn joined(base: &dyn Text, ours: &dyn Text, groups: &[Group]) -> Result<Vec<Group>, LargeError> {
    let mut joined: Vec<Group> = Vec::with_capacity(groups.len());
    // Where the last group of that kind stands among the joined ones, and where it ends in ours.
    let mut mixed: Option<(usize, u64)> = None;
    let mut shift = 0;
    for group in groups {
        let start = shifted(group.base.start, shift);
        shift += group.grown[0].unwrap_or(0);
        joined.push(group.clone());
        if !group.is_mixed() {
            continue;
        }
        if let Some((at, end)) = mixed
            && (is_near(ours, end..start.max(end), JOIN_LINES as u64 + 1)?
                || is_near(base, joined[at].base.end..group.base.start, 1)?)
        {
            let rest = joined.split_off(at + 1);
            rest.iter().for_each(|one| joined[at].join(one));
        }
        mixed = Some((joined.len() - 1, shifted(group.base.end, shift)));
    }
    Ok(joined)
}

fn shifted(at: u64, by: i64) -> u64 {
    at.checked_add_signed(by).expect("BUG: a place in the base is one in each side")
}

/// A range with some lines of its surroundings.
fn widened(base: &dyn Text, free: Range<u64>, range: &Range<u64>) -> Result<Range<u64>, LargeError> {
    let start = lines_back(base, free.start..range.start, AROUND)?;
    let end = lines_forward(base, range.end..free.end, AROUND)?.unwrap_or(free.end);
    Ok(start..end)
}

/// Whether the first line ends in CRLF; `None` where it has no end.
fn first_line_is_crlf(text: &dyn Text) -> Result<Option<bool>, LargeError> {
    let end = lines_forward(text, 0..text.size(), 1)?;
    end.map(|end| ends_in_crlf(text, end)).transpose()
}

fn ends_in_crlf(text: &dyn Text, end: u64) -> Result<bool, LargeError> {
    Ok(read(text, end.saturating_sub(2)..end)? == b"\r\n")
}

struct Writer<'a> {
    texts: [&'a dyn Text; 3],
    labels: Labels<'a>,
    options: TextOptions,
    large: &'a LargeOptions,
    is_crlf: Option<bool>,
    out: Splicer,
    conflicts: usize,
}

impl Writer<'_> {
    /// Copies what all three have, given as a range of the base.
    fn copy(&mut self, start: u64, end: u64, shift: i64) {
        self.out.add_range(self.texts[1], shifted(start, shift)..shifted(end, shift));
    }

    /// Merges a place where changes meet, given as ranges of base, ours and theirs.
    fn merge(&mut self, ranges: [Range<u64>; 3]) -> Result<(), LargeError> {
        if ranges.iter().map(|range| range.end - range.start).sum::<u64>() > self.large.in_memory {
            return self.merge_sides(&ranges);
        }
        let [base, ours, theirs] = [0, 1, 2].map(|side| read(self.texts[side], ranges[side].clone()));
        let merged = merge_lines(&base?, &ours?, &theirs?, self.labels, self.options, Some(self.is_crlf));
        self.conflicts += merged.conflicts;
        self.out.add_bytes(merged.content);
        Ok(())
    }

    /// Makes conflicts of what ours and theirs do not share; or one of it all, where the base is shown too.
    fn merge_sides(&mut self, ranges: &[Range<u64>; 3]) -> Result<(), LargeError> {
        let [base, ours, theirs] = ranges;
        if self.options.style != ConflictStyle::Merge {
            return self.conflict(Some(base.clone()), ours.clone(), theirs.clone());
        }
        let (our_text, their_text) = (self.texts[1], self.texts[2]);
        let found = changes_within(
            (our_text, ours.clone()),
            (their_text, theirs.clone()),
            &self.large.limits,
            &mut compare,
        )?;
        let mut hunks = hunks(&found);
        for hunk in &mut hunks {
            for (range, start) in [(&mut hunk.base, ours.start), (&mut hunk.after, theirs.start)] {
                *range = range.start + start..range.end + start;
            }
        }
        let mut near: Vec<Hunk> = Vec::new();
        for hunk in hunks {
            match near.last_mut() {
                Some(last) if is_near(our_text, last.base.end..hunk.base.start, JOIN_LINES as u64 + 1)? => {
                    (last.base.end, last.after.end) = (hunk.base.end, hunk.after.end);
                }
                _ => near.push(hunk),
            }
        }
        let mut at = ours.start;
        for hunk in near {
            self.out.add_range(our_text, at..hunk.base.start);
            at = hunk.base.end;
            self.conflict(None, hunk.base, hunk.after)?;
        }
        self.out.add_range(our_text, at..ours.end);
        Ok(())
    }

    fn conflict(
        &mut self,
        base: Option<Range<u64>>,
        ours: Range<u64>,
        theirs: Range<u64>,
    ) -> Result<(), LargeError> {
        let mut is_crlf = self.is_crlf == Some(true);
        for (text, start) in [(self.texts[1], ours.start), (self.texts[2], theirs.start)] {
            is_crlf &= start == 0 || ends_in_crlf(text, start)?;
        }
        match self.options.favour {
            Some(Favour::Ours) => self.out.add_range(self.texts[1], ours),
            Some(Favour::Theirs) => self.out.add_range(self.texts[2], theirs),
            Some(Favour::Union) => {
                self.add_ended(1, ours, is_crlf)?;
                self.out.add_range(self.texts[2], theirs);
            }
            None => {
                let size = self.options.marker_size;
                self.conflicts += 1;
                self.out.add_bytes(marker(b'<', size, self.labels.ours, is_crlf));
                self.add_ended(1, ours, is_crlf)?;
                if let Some(base) = base {
                    self.out.add_bytes(marker(b'|', size, self.labels.base, is_crlf));
                    self.add_ended(0, base, is_crlf)?;
                }
                self.out.add_bytes(marker(b'=', size, b"", is_crlf));
                self.add_ended(2, theirs, is_crlf)?;
                self.out.add_bytes(marker(b'>', size, self.labels.theirs, is_crlf));
            }
        }
        Ok(())
    }

    /// Adds lines that something follows.
    fn add_ended(&mut self, version: usize, range: Range<u64>, is_crlf: bool) -> Result<(), LargeError> {
        let is_ended = range.is_empty() || read(self.texts[version], range.end - 1..range.end)? == b"\n";
        self.out.add_range(self.texts[version], range);
        if !is_ended {
            self.out.add_bytes(if is_crlf { b"\r\n".to_vec() } else { b"\n".to_vec() });
        }
        Ok(())
    }
}
