//! Patches of texts that are not in memory: the same bytes as [`super::text`] writes, from the changes that
//! [`pond_objects::large`] finds.
//!
//! What is equal is read only to count its lines, and to find the line that opens the section of a hunk. What is shown
//! streams from the texts.

use std::io::Write;
use std::ops::Range;
use std::time::{Duration, Instant};

use pond_objects::large::{self, Buffered, LargeError, LineChange, Text, lines_back, lines_forward, tally};
use pond_objects::{Change, Side};

use super::binary::{PROBED, is_binary};
use super::lines::Whitespace;
use super::source::{Contents, Texts};
use super::text::{self, LONGEST_SECTION, Shown};
use super::words::{self, WordDiff};
use super::{DiffOptions, lines};
use crate::error::CommandError;
use crate::ui::color::Role;

/// Bytes of a change that are held in memory at once.
const HELD: u64 = 8 << 20;
/// A line longer than this is written piece by piece.
const LONGEST_LINE: usize = 1 << 20;
/// How often [`DiffOptions::time`] all windows of one file may take together.
const WINDOWS: u32 = 4;
/// Time that each window gets in any case.
const LEAST_TIME: Duration = Duration::from_millis(50);

/// Whether a change is of contents that are not compared in memory.
pub(super) fn is_large(change: &Change, options: &DiffOptions) -> bool {
    let is_large = |side: &Side| side.kind.is_blob() && side.size > options.limit;
    [change.old, change.new].iter().flatten().any(is_large)
}

/// Two texts and where they differ.
pub(super) struct LargeDiff<'a> {
    pub(super) texts: Texts<'a>,
    pub(super) changes: Vec<LineChange>,
    /// Whether lines that are taken for equal are the same bytes.
    is_exact: bool,
}

/// A place in both texts.
#[derive(Clone, Copy, Default)]
struct Place {
    old: u64,
    new: u64,
}

/// Changes that are shown together.
struct Hunk {
    /// Numbers of the changes.
    changes: Range<usize>,
    /// Where the first of them begins, in bytes.
    start: Place,
    /// Where the lines before it begin in the new text.
    before: u64,
    /// Lines that are shown.
    old: Range<u64>,
    new: Range<u64>,
    section: Vec<u8>,
}

impl<'a> LargeDiff<'a> {
    /// Compares the contents of a change; `None` where they are not text.
    ///
    /// # Errors
    /// Those of `contents`, and of reading.
    pub(super) fn of(
        change: &Change,
        contents: &'a dyn Contents,
        options: &DiffOptions,
    ) -> Result<Option<Self>, CommandError> {
        Self::between(contents.texts(change)?, options)
    }

    fn between(texts: Texts<'a>, options: &DiffOptions) -> Result<Option<Self>, CommandError> {
        for text in [&texts.old, &texts.new] {
            let probe = 0..text.size().min(PROBED as u64);
            if !options.text && is_binary(&large::read(&**text, probe)?) {
                return Ok(None);
            }
        }
        let end = Instant::now().checked_add(options.time * WINDOWS);
        let mut compare = |old: &[&[u8]], new: &[&[u8]]| {
            let left = end.map_or(options.time, |end| end.saturating_duration_since(Instant::now()));
            let time = left.min(options.time).max(LEAST_TIME);
            let blocks = lines::changed_blocks(old, new, options.algorithm, options.whitespace, time);
            blocks.into_iter().map(|block| (block.old, block.new)).collect()
        };
        let changes = large::changes(&*texts.old, &*texts.new, &options.windows, &mut compare)?;
        let buffered = |text| Box::new(Buffered::new(text)) as Box<dyn Text + 'a>;
        let texts = Texts { old: buffered(texts.old), new: buffered(texts.new) };
        Ok(Some(Self { texts, changes, is_exact: options.whitespace == Whitespace::Exact }))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Lines added and lines deleted.
    pub(super) fn counts(&self) -> (u64, u64) {
        let add =
            |(added, deleted), change: &LineChange| (added + change.new.lines, deleted + change.old.lines);
        self.changes.iter().fold((0, 0), add)
    }

    /// Writes all hunks.
    pub(super) fn write(&self, out: &mut dyn Write, options: &DiffOptions) -> Result<(), CommandError> {
        let context = options.context as u64;
        let mut walk = Walk {
            diff: self,
            at: Place::default(),
            line: Place::default(),
            searched: 0,
            section: Vec::new(),
        };
        let mut hunk: Option<Hunk> = None;
        for (number, change) in self.changes.iter().enumerate() {
            let gap = walk.gap(equal(change));
            let is_far =
                hunk.is_some() && gap.has_more_lines(context.saturating_mul(2), change.equal_lines)?;
            if let Some(done) = hunk.take_if(|_| is_far) {
                self.finish_hunk(out, done, &walk, equal(change), options)?;
            }
            match &mut hunk {
                Some(hunk) => {
                    walk.pass(gap.lines(change.equal_lines)?, change);
                    hunk.changes.end = number + 1;
                }
                None => hunk = Some(walk.open_hunk(number, change, context)?),
            }
        }
        if let Some(last) = hunk {
            let rest =
                Place { old: self.texts.old.size() - walk.at.old, new: self.texts.new.size() - walk.at.new };
            self.finish_hunk(out, last, &walk, rest, options)?;
        }
        Ok(())
    }

    /// Writes a hunk that ends with lines of the next equal bytes, so many of each text.
    fn finish_hunk(
        &self,
        out: &mut dyn Write,
        mut hunk: Hunk,
        walk: &Walk<'_, '_>,
        length: Place,
        options: &DiffOptions,
    ) -> Result<(), CommandError> {
        let gap = walk.gap(length);
        let end = gap.head(options.context as u64)?.unwrap_or(length.new);
        let shown = gap.lines_until(end)?;
        (hunk.old.end, hunk.new.end) = (walk.line.old + shown, walk.line.new + shown);
        self.write_hunk(out, &hunk, walk.at.new + end, options)
    }

    fn write_hunk(
        &self,
        out: &mut dyn Write,
        hunk: &Hunk,
        end: u64,
        options: &DiffOptions,
    ) -> Result<(), CommandError> {
        text::write_hunk_header(out, (&hunk.old, &hunk.new), &hunk.section, options)?;
        let mut at = hunk.start;
        let mut shown = hunk.before;
        for (number, change) in self.changes[hunk.changes.clone()].iter().enumerate() {
            if number > 0 {
                at = Place { old: at.old + change.equal, new: at.new + change.equal_in_new };
            }
            self.write_unchanged(out, shown..at.new, options)?;
            let old = at.old..at.old + change.old.bytes;
            let new = at.new..at.new + change.new.bytes;
            self.write_change(out, old.clone(), new.clone(), options)?;
            at = Place { old: old.end, new: new.end };
            shown = new.end;
        }
        self.write_unchanged(out, shown..end, options)
    }

    fn write_change(
        &self,
        out: &mut dyn Write,
        old: Range<u64>,
        new: Range<u64>,
        options: &DiffOptions,
    ) -> Result<(), CommandError> {
        let is_held = old.end - old.start + (new.end - new.start) <= HELD;
        let has_words = options.word_diff != WordDiff::None;
        if is_held {
            let (old, new) = (large::read(&*self.texts.old, old)?, large::read(&*self.texts.new, new)?);
            if has_words {
                words::write_changed(out, &old, &new, options)?;
            } else {
                text::write_block(out, &lines::split(&old), &lines::split(&new), options)?;
            }
            return Ok(());
        }
        for (text, range, shown) in
            [(&*self.texts.old, old, Shown::REMOVED), (&*self.texts.new, new, Shown::ADDED)]
        {
            if has_words {
                for_each_part(text, range, HELD as usize, &mut |part, _| {
                    let (old, new) =
                        if shown.role == Role::Removed { (part, &b""[..]) } else { (&b""[..], part) };
                    words::write_changed(out, old, new, options)
                })?;
            } else {
                self.write_lines(out, text, range, Some(shown), options)?;
            }
        }
        Ok(())
    }

    fn write_unchanged(
        &self,
        out: &mut dyn Write,
        range: Range<u64>,
        options: &DiffOptions,
    ) -> Result<(), CommandError> {
        let text = &*self.texts.new;
        if options.word_diff == WordDiff::None {
            return self.write_lines(out, text, range, None, options);
        }
        for_each_part(text, range, LONGEST_LINE, &mut |part, _| {
            words::write_unchanged(out, &lines::split(part), options)
        })
    }

    /// Writes lines of a text one after another.
    fn write_lines(
        &self,
        out: &mut dyn Write,
        text: &dyn Text,
        range: Range<u64>,
        shown: Option<Shown>,
        options: &DiffOptions,
    ) -> Result<(), CommandError> {
        let mut is_open = false;
        for_each_part(text, range, LONGEST_LINE, &mut |part, is_start| {
            let mut starts = is_start;
            for line in part.split_inclusive(|byte| *byte == b'\n') {
                let (text, ended) = text::without_end(line);
                text::write_part(out, text, shown, starts, options)?;
                if ended {
                    out.write_all(b"\n")?;
                }
                (starts, is_open) = (true, !ended);
            }
            Ok(())
        })?;
        if is_open {
            text::end_line(out, false)?;
        }
        Ok(())
    }

    /// The last line in a range of the old text that opens a section.
    fn section_in(&self, range: Range<u64>) -> Result<Option<Vec<u8>>, LargeError> {
        let found = tally(&*self.texts.old, range.clone())?.last_section(range.start);
        let found = found.filter(|_| !range.is_empty());
        found.map(|start| section_at(&*self.texts.old, start)).transpose()
    }
}

/// The equal bytes before a change.
fn equal(change: &LineChange) -> Place {
    Place { old: change.equal, new: change.equal_in_new }
}

/// How far the changes were gone through.
struct Walk<'d, 'a> {
    diff: &'d LargeDiff<'a>,
    /// Where the last change ends, in bytes.
    at: Place,
    /// The same in lines.
    line: Place,
    /// Where the last hunk begins in the old text: a section before that was found.
    searched: u64,
    section: Vec<u8>,
}

impl<'d, 'a> Walk<'d, 'a> {
    /// The next equal bytes.
    fn gap(&self, length: Place) -> Gap<'d, 'a> {
        Gap { start: self.at, length, diff: self.diff }
    }

    /// Goes on to the end of a change that `lines` equal lines come before.
    fn pass(&mut self, lines: u64, change: &LineChange) {
        self.line.old += lines + change.old.lines;
        self.line.new += lines + change.new.lines;
        self.at.old += change.equal + change.old.bytes;
        self.at.new += change.equal_in_new + change.new.bytes;
    }

    /// A hunk that begins before a change. Where it ends is not clear yet.
    fn open_hunk(&mut self, number: usize, change: &LineChange, context: u64) -> Result<Hunk, CommandError> {
        let gap = self.gap(equal(change));
        let tail = gap.tail(context)?;
        let Counted { lines, section } = gap.lines_and_section(tail, change.equal_lines)?;
        let section = match section {
            None => self.diff.section_in(self.searched..self.at.old)?,
            found => found,
        };
        if let Some(found) = section {
            self.section = found;
        }
        self.searched = self.at.old + tail.old;
        let shown = context.min(lines);
        let hunk = Hunk {
            changes: number..number + 1,
            start: Place { old: self.at.old + change.equal, new: self.at.new + change.equal_in_new },
            before: self.at.new + tail.new,
            old: self.line.old + lines - shown..0,
            new: self.line.new + lines - shown..0,
            section: self.section.clone(),
        };
        self.pass(lines, change);
        Ok(hunk)
    }
}

/// Equal bytes between two changes.
struct Gap<'d, 'a> {
    start: Place,
    length: Place,
    diff: &'d LargeDiff<'a>,
}

/// What counting a gap's lines came to.
struct Counted {
    lines: u64,
    /// The line that opens a section, if one does.
    section: Option<Vec<u8>>,
}

impl Gap<'_, '_> {
    fn in_old(&self) -> (&dyn Text, Range<u64>) {
        (&*self.diff.texts.old, self.start.old..self.start.old + self.length.old)
    }

    fn in_new(&self) -> (&dyn Text, Range<u64>) {
        (&*self.diff.texts.new, self.start.new..self.start.new + self.length.new)
    }

    /// The text that is cheaper to read, and the gap in it; the new one where they are not the same bytes.
    fn text(&self) -> (&dyn Text, Range<u64>) {
        match self.diff.is_exact && self.diff.texts.old.is_tallied() {
            true => self.in_old(),
            false => self.in_new(),
        }
    }

    /// Whether it has more lines than `most`.
    fn has_more_lines(&self, most: u64, known: Option<u64>) -> Result<bool, LargeError> {
        if let Some(known) = known {
            return Ok(known > most);
        }
        let (text, range) = self.text();
        Ok(lines_forward(text, range, most.saturating_add(1))?.is_some())
    }

    /// Where the first `context` lines end in the new text; `None` where there are fewer.
    fn head(&self, context: u64) -> Result<Option<u64>, LargeError> {
        let (text, range) = self.text();
        Ok(lines_forward(text, range.clone(), context)?.map(|end| end - range.start))
    }

    /// Where the last `context` lines begin.
    fn tail(&self, context: u64) -> Result<Place, LargeError> {
        if self.diff.is_exact {
            let (text, range) = self.text();
            let same = lines_back(text, range.clone(), context)? - range.start;
            return Ok(Place { old: same, new: same });
        }
        let tail = |(text, range): (&dyn Text, Range<u64>)| {
            let last = large::read(text, range.end.saturating_sub(1).max(range.start)..range.end)?;
            // A text's last line may be without an end, and equal to one that has one.
            let start = match (context, last.first().is_none_or(|byte| *byte == b'\n')) {
                (_, true) => lines_back(text, range.clone(), context)?,
                (0, false) => range.end,
                (_, false) => lines_back(text, range.clone(), context - 1)?,
            };
            Ok::<_, LargeError>(start - range.start)
        };
        Ok(Place { old: tail(self.in_old())?, new: tail(self.in_new())? })
    }

    fn lines(&self, known: Option<u64>) -> Result<u64, LargeError> {
        known.map_or_else(|| self.lines_until(self.length.new), Ok)
    }

    /// Lines up to a place in the new text.
    fn lines_until(&self, end: u64) -> Result<u64, LargeError> {
        let (text, range) = self.text();
        let range = range.start..range.start + end;
        Ok(tally(text, range.clone())?.lines(&range))
    }

    /// Counts the lines, and looks for a section before `tail`.
    fn lines_and_section(&self, tail: Place, known: Option<u64>) -> Result<Counted, LargeError> {
        if !self.diff.is_exact {
            let (text, range) = self.in_old();
            let section = self.diff.section_in(range.start..range.start + tail.old)?;
            let lines =
                known.map_or_else(|| Ok(tally(text, range.clone())?.lines(&range)), Ok::<_, LargeError>)?;
            return Ok(Counted { lines, section });
        }
        let (text, range) = self.text();
        let front = range.start..range.start + tail.new;
        let counted = tally(text, front.clone())?;
        let lines = match known {
            Some(known) => known,
            None => {
                let back = front.end..range.end;
                counted.lines(&front) + tally(text, back.clone())?.lines(&back)
            }
        };
        let section = counted.last_section(front.start).filter(|_| !front.is_empty());
        let section = section.map(|start| section_at(text, start)).transpose()?;
        Ok(Counted { lines, section })
    }
}

/// As much of a line as is shown behind a hunk's numbers.
fn section_at(text: &dyn Text, start: u64) -> Result<Vec<u8>, LargeError> {
    let end = text.size().min(start + LONGEST_SECTION as u64);
    let line = large::read(text, start..end)?;
    let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok(line.trim_ascii_end().to_vec())
}

/// Gives a range in parts that end with lines, or, where a line is longer than `most`, within it. Tells whether a part
/// begins with a line.
fn for_each_part(
    text: &dyn Text,
    range: Range<u64>,
    most: usize,
    each: &mut dyn FnMut(&[u8], bool) -> std::io::Result<()>,
) -> Result<(), CommandError> {
    let mut pending = Vec::new();
    let mut is_start = true;
    text.visit(range, &mut |bytes| {
        pending.extend_from_slice(bytes);
        let end = pending.iter().rposition(|byte| *byte == b'\n').map(|at| at + 1);
        let end = end.or((pending.len() > most).then_some(pending.len()));
        if let Some(end) = end {
            each(&pending[..end], is_start)?;
            is_start = pending[end - 1] == b'\n';
            pending.drain(..end);
        }
        Ok(())
    })?;
    if !pending.is_empty() {
        each(&pending, is_start)?;
    }
    Ok(())
}
