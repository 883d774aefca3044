//! Unified diffs: the hunks of two texts, byte for byte as git writes them, so that `patch` and `git apply` take them.

use std::io::{self, Write};
use std::ops::Range;

use pond_objects::large::opens_section;

use super::DiffOptions;
use super::lines::{self, Block};
use super::words::{self, Marks, WordDiff};
use crate::ui::color::Role;

/// Two texts and where they differ.
pub(super) struct TextDiff<'a> {
    pub(super) old: Vec<&'a [u8]>,
    pub(super) new: Vec<&'a [u8]>,
    pub(super) blocks: Vec<Block>,
}

/// Changed blocks that are shown together, with the lines around them.
struct Hunk<'b> {
    old: Range<usize>,
    new: Range<usize>,
    blocks: &'b [Block],
}

impl<'a> TextDiff<'a> {
    pub(super) fn of(old: &'a [u8], new: &'a [u8], options: &DiffOptions) -> Self {
        let (old, new) = (lines::split(old), lines::split(new));
        let blocks = lines::changed_blocks(&old, &new, options.algorithm, options.whitespace, options.time);
        Self { old, new, blocks }
    }

    /// Lines added and lines deleted.
    pub(super) fn counts(&self) -> (u64, u64) {
        let add = |(added, deleted), block: &Block| {
            (added + block.new.len() as u64, deleted + block.old.len() as u64)
        };
        self.blocks.iter().fold((0, 0), add)
    }

    fn hunks(&self, context: usize) -> impl Iterator<Item = Hunk<'_>> {
        let groups = self.blocks.chunk_by(move |a, b| b.old.start - a.old.end <= context.saturating_mul(2));
        groups.map(move |blocks| {
            let (first, last) = (&blocks[0], &blocks[blocks.len() - 1]);
            let before = context.min(first.old.start).min(first.new.start);
            let after = context.min(self.old.len() - last.old.end).min(self.new.len() - last.new.end);
            Hunk {
                old: first.old.start - before..last.old.end + after,
                new: first.new.start - before..last.new.end + after,
                blocks,
            }
        })
    }

    /// Writes all hunks.
    pub(super) fn write(&self, out: &mut dyn Write, options: &DiffOptions) -> io::Result<()> {
        let mut searched = 0;
        let mut section: &[u8] = b"";
        for hunk in self.hunks(options.context) {
            if let Some(found) = self.section(searched..hunk.old.start) {
                section = found;
            }
            searched = hunk.old.start;
            let lines = |range: &Range<usize>| range.start as u64..range.end as u64;
            write_hunk_header(out, (&lines(&hunk.old), &lines(&hunk.new)), section, options)?;
            if options.word_diff == WordDiff::None {
                self.write_hunk(out, &hunk, options)?;
            } else {
                self.write_word_hunk(out, &hunk, options)?;
            }
        }
        Ok(())
    }

    /// The last line of the range that looks like the beginning of a section: git's rule where it knows no language.
    fn section(&self, range: Range<usize>) -> Option<&'a [u8]> {
        let line = self.old[range].iter().rev().find(|line| starts_section(line))?;
        Some(line[..line.len().min(LONGEST_SECTION)].trim_ascii_end())
    }

    fn write_hunk(&self, out: &mut dyn Write, hunk: &Hunk<'_>, options: &DiffOptions) -> io::Result<()> {
        let mut shown = hunk.new.start;
        for block in hunk.blocks {
            self.write_context(out, shown..block.new.start, options)?;
            let (old, new) = (&self.old[block.old.clone()], &self.new[block.new.clone()]);
            write_block(out, old, new, options)?;
            shown = block.new.end;
        }
        self.write_context(out, shown..hunk.new.end, options)
    }

    fn write_word_hunk(&self, out: &mut dyn Write, hunk: &Hunk<'_>, options: &DiffOptions) -> io::Result<()> {
        let mut shown = hunk.new.start;
        for block in hunk.blocks {
            words::write_unchanged(out, &self.new[shown..block.new.start], options)?;
            let (old, new) = (&self.old[block.old.clone()], &self.new[block.new.clone()]);
            words::write_changed(out, &old.concat(), &new.concat(), options)?;
            shown = block.new.end;
        }
        words::write_unchanged(out, &self.new[shown..hunk.new.end], options)
    }

    fn write_context(
        &self,
        out: &mut dyn Write,
        range: Range<usize>,
        options: &DiffOptions,
    ) -> io::Result<()> {
        for line in &self.new[range] {
            let (text, ended) = without_end(line);
            write_part(out, text, None, true, options)?;
            end_line(out, ended)?;
        }
        Ok(())
    }
}

/// How the lines of one side are shown.
#[derive(Clone, Copy)]
pub(super) struct Shown {
    pub(super) sign: u8,
    pub(super) role: Role,
    /// Of changed words.
    word_role: Role,
}

impl Shown {
    pub(super) const REMOVED: Self = Self { sign: b'-', role: Role::Removed, word_role: Role::RemovedWord };
    pub(super) const ADDED: Self = Self { sign: b'+', role: Role::Added, word_role: Role::AddedWord };
}

/// Most bytes of a section's line.
pub(super) const LONGEST_SECTION: usize = 80;

/// Whether a line looks like the beginning of a section.
pub(super) fn starts_section(line: &[u8]) -> bool {
    line.first().is_some_and(|first| opens_section(*first))
}

/// Writes the lines of a changed block, what changed within them marked.
pub(super) fn write_block(
    out: &mut dyn Write,
    old: &[&[u8]],
    new: &[&[u8]],
    options: &DiffOptions,
) -> io::Result<()> {
    let marks = if options.paint.color { words::highlight(old, new) } else { Marks::default() };
    for (lines, marks, shown) in [(old, &marks.old, Shown::REMOVED), (new, &marks.new, Shown::ADDED)] {
        for (at, line) in lines.iter().enumerate() {
            let marks = marks.get(at).map_or(&[][..], Vec::as_slice);
            write_line(out, shown, line, marks, options)?;
        }
    }
    Ok(())
}

/// Writes a hunk's line numbers, which count from 0, and its section.
pub(super) fn write_hunk_header(
    out: &mut dyn Write,
    (old, new): (&Range<u64>, &Range<u64>),
    section: &[u8],
    options: &DiffOptions,
) -> io::Result<()> {
    let range = |range: &Range<u64>| match range.end - range.start {
        0 => format!("{},0", range.start),
        1 => format!("{}", range.start + 1),
        length => format!("{},{length}", range.start + 1),
    };
    let text = format!("@@ -{} +{} @@", range(old), range(new));
    options.paint.write(out, Role::DiffHunk, text.as_bytes())?;
    if !section.is_empty() {
        out.write_all(b" ")?;
        out.write_all(&options.paint.safe(section))?;
    }
    out.write_all(b"\n")
}

/// Splits a line from its newline, and says whether there is one.
pub(super) fn without_end(line: &[u8]) -> (&[u8], bool) {
    line.strip_suffix(b"\n").map_or((line, false), |text| (text, true))
}

/// Ends a line; one without an end is marked as git does.
pub(super) fn end_line(out: &mut dyn Write, ended: bool) -> io::Result<()> {
    out.write_all(if ended { b"\n" } else { b"\n\\ No newline at end of file\n" })
}

/// Writes a line, or a part of one, without its end; without `shown`, as one that both sides have.
pub(super) fn write_part(
    out: &mut dyn Write,
    text: &[u8],
    shown: Option<Shown>,
    is_start: bool,
    options: &DiffOptions,
) -> io::Result<()> {
    let mut whole = Vec::with_capacity(text.len() + 1);
    if is_start {
        whole.push(shown.map_or(b' ', |shown| shown.sign));
    }
    whole.extend_from_slice(&options.paint.safe(text));
    match shown {
        Some(shown) => options.paint.write(out, shown.role, &whole),
        None => out.write_all(&whole),
    }
}

fn write_line(
    out: &mut dyn Write,
    shown: Shown,
    line: &[u8],
    marks: &[Range<usize>],
    options: &DiffOptions,
) -> io::Result<()> {
    let paint = options.paint;
    let (text, ended) = without_end(line);
    if marks.is_empty() {
        write_part(out, text, Some(shown), true, options)?;
        return end_line(out, ended);
    }
    let Shown { sign, role, word_role } = shown;
    paint.write(out, role, &[sign])?;
    let mut at = 0;
    for mark in marks {
        let end = mark.end.min(text.len());
        let start = mark.start.min(end);
        paint.write(out, role, &paint.safe(&text[at..start]))?;
        paint.write(out, word_role, &paint.safe(&text[start..end]))?;
        at = end;
    }
    paint.write(out, role, &paint.safe(&text[at..]))?;
    end_line(out, ended)
}
