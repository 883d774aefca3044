//! Where a run of changed lines stands, when it could stand in several places.
//!
//! A run whose first line equals the line after its last may move down by one without changing what the diff says,
//! and likewise up. Git joins runs that meet, prefers a place across from a run of the other side, and else the
//! place where the indentation makes the best seam (its "indent heuristic", by M. Haggerty, with weights that
//! were fitted to diffs judged by people). The rules here are the same, so that diffs look as in git.

use std::ops::Range;

/// Moves the runs of `changed`, each line of which has a number in `lines` and its bytes in `text`; `other` are the
/// changed lines of the other side, and stay.
pub(super) fn settle(lines: &[u32], text: &[&[u8]], changed: &mut [bool], other: &mut [bool]) {
    let mut run = Run::first(changed);
    let mut across = Run::first(other);
    loop {
        if !run.at.is_empty() {
            place(lines, text, &mut run, &mut across);
        }
        if !run.next() {
            return;
        }
        across.next();
    }
}

/// Finds the place of one run, and keeps `across` on the other side's run (perhaps empty) that is opposite of it.
fn place(lines: &[u32], text: &[&[u8]], run: &mut Run<'_>, across: &mut Run<'_>) {
    let (mut length, mut highest_end, mut opposite);
    loop {
        length = run.at.len();
        opposite = None;
        while run.up(lines) {
            across.previous();
        }
        highest_end = run.at.end;
        if !across.at.is_empty() {
            opposite = Some(run.at.end);
        }
        while run.down(lines) {
            across.next();
            if !across.at.is_empty() {
                opposite = Some(run.at.end);
            }
        }
        // A run that met another one is longer now, and may move further.
        if length == run.at.len() {
            break;
        }
    }
    if run.at.end == highest_end {
        return;
    }
    let wanted = opposite.unwrap_or_else(|| best_end(text, run.at.end, length, highest_end));
    while run.at.end > wanted && run.up(lines) {
        across.previous();
    }
}

/// A run of changed lines, perhaps empty, in its side's flags.
struct Run<'a> {
    changed: &'a mut [bool],
    at: Range<usize>,
}

impl<'a> Run<'a> {
    fn first(changed: &'a mut [bool]) -> Self {
        let mut run = Self { changed, at: 0..0 };
        run.extend_down();
        run
    }

    fn extend_down(&mut self) {
        while self.changed.get(self.at.end) == Some(&true) {
            self.at.end += 1;
        }
    }

    fn extend_up(&mut self) {
        while self.at.start > 0 && self.changed[self.at.start - 1] {
            self.at.start -= 1;
        }
    }

    /// Steps over one equal line to the run behind it; false at the end.
    fn next(&mut self) -> bool {
        if self.at.end >= self.changed.len() {
            return false;
        }
        self.at = self.at.end + 1..self.at.end + 1;
        self.extend_down();
        true
    }

    fn previous(&mut self) {
        if self.at.start > 0 {
            self.at = self.at.start - 1..self.at.start - 1;
            self.extend_up();
        }
    }

    fn down(&mut self, lines: &[u32]) -> bool {
        let can = self.at.end < lines.len() && lines[self.at.start] == lines[self.at.end];
        if can {
            self.changed[self.at.start] = false;
            self.changed[self.at.end] = true;
            self.at = self.at.start + 1..self.at.end + 1;
            self.extend_down();
        }
        can
    }

    fn up(&mut self, lines: &[u32]) -> bool {
        let can = self.at.start > 0 && lines[self.at.start - 1] == lines[self.at.end - 1];
        if can {
            self.changed[self.at.start - 1] = true;
            self.changed[self.at.end - 1] = false;
            self.at = self.at.start - 1..self.at.end - 1;
            self.extend_up();
        }
        can
    }
}

/// Places looked at, counted from the lowest.
const MAX_PLACES: usize = 100;
const MAX_INDENT: i64 = 200;
const MAX_BLANKS: i64 = 20;

fn best_end(text: &[&[u8]], end: usize, length: usize, highest_end: usize) -> usize {
    let first = highest_end.max((end - length).saturating_sub(1)).max(end.saturating_sub(MAX_PLACES));
    let mut best: Option<(Badness, usize)> = None;
    for candidate in first..=end {
        let mut badness = Badness::default();
        badness.add(&Seam::at(text, candidate));
        badness.add(&Seam::at(text, candidate - length));
        if best.as_ref().is_none_or(|(least, _)| badness.compare(least) <= 0) {
            best = Some((badness, candidate));
        }
    }
    best.map_or(end, |(_, place)| place)
}

/// How far a line is indented, tabs to multiples of eight; none for a blank line.
fn indent(line: &[u8]) -> Option<i64> {
    let mut indent = 0;
    for byte in line {
        match byte {
            b' ' => indent += 1,
            b'\t' => indent += 8 - indent % 8,
            b'\n' | b'\r' | 11 | 12 => {}
            _ => return Some(indent),
        }
        if indent >= MAX_INDENT {
            return Some(MAX_INDENT);
        }
    }
    None
}

/// What surrounds the seam in front of a line.
struct Seam {
    at_end: bool,
    indent: Option<i64>,
    blank_before: i64,
    indent_before: Option<i64>,
    blank_after: i64,
    indent_after: Option<i64>,
}

impl Seam {
    fn at(text: &[&[u8]], line: usize) -> Self {
        let (blank_before, indent_before) = beside(text[..line].iter().rev());
        let (blank_after, indent_after) = beside(text.get(line + 1..).unwrap_or_default().iter());
        let own = text.get(line);
        Self {
            at_end: own.is_none(),
            indent: own.and_then(|line| indent(line)),
            blank_before,
            indent_before,
            blank_after,
            indent_after,
        }
    }
}

/// Blank lines, and the indentation of the first line that is not.
fn beside<'a>(lines: impl Iterator<Item = &'a &'a [u8]>) -> (i64, Option<i64>) {
    let mut blank = 0;
    for line in lines {
        if let Some(indent) = indent(line) {
            return (blank, Some(indent));
        }
        blank += 1;
        if blank == MAX_BLANKS {
            return (blank, Some(0));
        }
    }
    (blank, None)
}

/// How bad the seams of a place are.
#[derive(Default)]
struct Badness {
    indent: i64,
    penalty: i64,
}

impl Badness {
    fn add(&mut self, seam: &Seam) {
        if seam.indent_before.is_none() && seam.blank_before == 0 {
            self.penalty += 1;
        }
        if seam.at_end {
            self.penalty += 21;
        }
        let blank_after = if seam.indent.is_none() { 1 + seam.blank_after } else { 0 };
        let blank = seam.blank_before + blank_after;
        self.penalty += -30 * blank + 6 * blank_after;
        let indent = seam.indent.or(seam.indent_after);
        self.indent += indent.unwrap_or(-1);
        let (Some(indent), Some(before)) = (indent, seam.indent_before) else { return };
        let by_blank = |with: i64, without: i64| if blank > 0 { with } else { without };
        self.penalty += match indent.cmp(&before) {
            std::cmp::Ordering::Greater => by_blank(10, -4),
            std::cmp::Ordering::Equal => 0,
            // The line opens something less deep and is followed by something deeper, as `else` does.
            std::cmp::Ordering::Less if seam.indent_after.is_some_and(|after| after > indent) => {
                by_blank(17, 24)
            }
            std::cmp::Ordering::Less => by_blank(17, 23),
        };
    }

    fn compare(&self, other: &Self) -> i64 {
        60 * (self.indent - other.indent).signum() + (self.penalty - other.penalty)
    }
}
